//! Constraints 33 to 40: continuous read-only memory and its public part.

use novation_air::{Expr, ExprBuilder};

use super::columns::{MemoryColumns, MemoryInteractionColumns};
use crate::cells::Cells;
use crate::constraint_set::{ConstraintSet, Rows};
use crate::statement::Param;

/// The cells of one memory unit and of the next.
pub(crate) struct MemoryConstraints<'b> {
    sorted_addr: Expr<'b>,
    sorted_value: Expr<'b>,
    addr: Expr<'b>,
    value: Expr<'b>,
    next_sorted_addr: Expr<'b>,
    next_sorted_value: Expr<'b>,
    next_addr: Expr<'b>,
    next_value: Expr<'b>,
    public_addr: Expr<'b>,
    public_value: Expr<'b>,
    period: u64,
    public_period: u64,
}

impl<'b> MemoryConstraints<'b> {
    /// Asks for the cells in the order of the mask.
    pub(crate) fn new(cells: &Cells<'b>, c: &MemoryColumns) -> Self {
        Self {
            sorted_addr: cells.at(&c.sorted_addr, 0),
            sorted_value: cells.at(&c.sorted_value, 0),
            addr: cells.at(&c.addr, 0),
            value: cells.at(&c.value, 0),
            next_sorted_addr: cells.at(&c.sorted_addr, 1),
            next_sorted_value: cells.at(&c.sorted_value, 1),
            next_addr: cells.at(&c.addr, 1),
            next_value: cells.at(&c.value, 1),
            public_addr: cells.at(&c.public.addr, 0),
            public_value: cells.at(&c.public.value, 0),
            period: c.addr.step,
            public_period: c.public.addr.step,
        }
    }

    pub(crate) fn add_to(
        &self,
        set: &mut ConstraintSet,
        exprs: &'b ExprBuilder,
        interaction: &MemoryInteraction<'b>,
    ) {
        set.component(33, "memory/");
        let last = Rows::last(self.period);
        let steps = Rows::every(self.period).except(last.clone());
        let (z, alpha) = (Param::MemoryZ.expr(exprs), Param::MemoryAlpha.expr(exprs));
        let MemoryInteraction { product, next_product } = *interaction;
        let hash = |addr: Expr<'b>, value: Expr<'b>| addr + alpha * value;
        let sorted = z - hash(self.sorted_addr, self.sorted_value);
        let init = sorted * product + hash(self.addr, self.value) - z;
        set.add("multi_column_perm/perm/init0", init, &Rows::first());
        let next_sorted = z - hash(self.next_sorted_addr, self.next_sorted_value);
        let next_original = z - hash(self.next_addr, self.next_value);
        let step = next_sorted * next_product - next_original * product;
        set.add("multi_column_perm/perm/step0", step, &steps);
        let end = product - Param::PublicMemoryProduct.expr(exprs);
        set.add("multi_column_perm/perm/last", end, &last);
        let addr_step = self.next_sorted_addr - self.sorted_addr;
        set.add("diff_is_bit", addr_step.square() - addr_step, &steps);
        let is_function = (addr_step - 1) * (self.sorted_value - self.next_sorted_value);
        set.add("is_func", is_function, &steps);
        set.add("initial_addr", self.sorted_addr - 1, &Rows::first());
        set.component(39, "");
        let public = Rows::every(self.public_period);
        set.add("public_memory_addr_zero", self.public_addr, &public);
        set.add("public_memory_value_zero", self.public_value, &public);
    }
}

/// The cumulative product of one memory unit and of the next.
#[derive(Clone, Copy)]
pub(crate) struct MemoryInteraction<'b> {
    product: Expr<'b>,
    next_product: Expr<'b>,
}

impl<'b> MemoryInteraction<'b> {
    pub(crate) fn new(cells: &Cells<'b>, c: &MemoryInteractionColumns) -> Self {
        Self { product: cells.at(&c.product, 0), next_product: cells.at(&c.product, 1) }
    }
}
