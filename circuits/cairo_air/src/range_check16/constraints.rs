//! Constraints 41 to 46: the values are a permutation of a dense interval.

use novation_air::{Expr, ExprBuilder};

use super::columns::{RangeCheck16Columns, RangeCheck16InteractionColumns};
use crate::cells::Cells;
use crate::constraint_set::{ConstraintSet, Rows};
use crate::statement::Param;

/// The cells of one unit and of the next.
pub(crate) struct RangeCheck16Constraints<'b> {
    sorted: Expr<'b>,
    original: Expr<'b>,
    next_sorted: Expr<'b>,
    next_original: Expr<'b>,
    period: u64,
}

impl<'b> RangeCheck16Constraints<'b> {
    /// Asks for the cells in the order of the mask.
    pub(crate) fn new(cells: &Cells<'b>, c: &RangeCheck16Columns) -> Self {
        Self {
            sorted: cells.at(&c.sorted, 0),
            original: cells.at(&c.pool, 0),
            next_sorted: cells.at(&c.sorted, 1),
            next_original: cells.at(&c.pool, 1),
            period: c.pool.step,
        }
    }

    pub(crate) fn add_to(
        &self,
        set: &mut ConstraintSet,
        exprs: &'b ExprBuilder,
        interaction: &RangeCheck16Interaction<'b>,
    ) {
        set.component(41, "range_check16/");
        let last = Rows::last(self.period);
        let steps = Rows::every(self.period).except(last.clone());
        let z = Param::RangeCheckZ.expr(exprs);
        let RangeCheck16Interaction { product, next_product } = *interaction;
        let init = (z - self.sorted) * product + self.original - z;
        set.add("perm/init0", init, &Rows::first());
        let step = (z - self.next_sorted) * next_product - (z - self.next_original) * product;
        set.add("perm/step0", step, &steps);
        set.add("perm/last", product - 1, &last);
        let rise = self.next_sorted - self.sorted;
        set.add("diff_is_bit", rise.square() - rise, &steps);
        let (min, max) = (Param::RangeCheckMin.expr(exprs), Param::RangeCheckMax.expr(exprs));
        set.add("minimum", self.sorted - min, &Rows::first());
        set.add("maximum", self.sorted - max, &last);
    }
}

/// The cumulative product of one unit and of the next.
#[derive(Clone, Copy)]
pub(crate) struct RangeCheck16Interaction<'b> {
    product: Expr<'b>,
    next_product: Expr<'b>,
}

impl<'b> RangeCheck16Interaction<'b> {
    pub(crate) fn new(cells: &Cells<'b>, c: &RangeCheck16InteractionColumns) -> Self {
        Self { product: cells.at(&c.product, 0), next_product: cells.at(&c.product, 1) }
    }
}
