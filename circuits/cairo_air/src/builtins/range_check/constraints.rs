//! Constraints 79 to 81.

use novation_air::{Expr, ExprBuilder};

use super::columns::RangeCheckColumns;
use super::PARTS;
use crate::cells::Cells;
use crate::constraint_set::{ConstraintSet, Rows};
use crate::statement::Param;

const PART_SIZE: u64 = 1 << 16;

/// The cells of one instance.
pub(crate) struct RangeCheckConstraints<'b> {
    value: Expr<'b>,
    parts: Vec<Expr<'b>>,
    next_addr: Expr<'b>,
    addr: Expr<'b>,
    period: u64,
}

impl<'b> RangeCheckConstraints<'b> {
    /// Asks for the cells in the order of the mask.
    pub(crate) fn new(cells: &Cells<'b>, c: &RangeCheckColumns) -> Self {
        Self {
            value: cells.at(&c.value.value, 0),
            parts: (0..PARTS as u64).map(|part| cells.at(&c.parts.cells, part)).collect(),
            next_addr: cells.at(&c.value.addr, 1),
            addr: cells.at(&c.value.addr, 0),
            period: c.period,
        }
    }

    pub(crate) fn add_to(&self, set: &mut ConstraintSet, exprs: &'b ExprBuilder) {
        set.component(79, "range_check_builtin/");
        let instances = Rows::every(self.period);
        let last = Rows::last(self.period);
        let join = |high: Expr<'b>, low: Expr<'b>| high * PART_SIZE + low;
        let joined = self.parts.iter().copied().reduce(join).expect("eight parts");
        set.add("value", joined - self.value, &instances);
        set.add("addr_step", self.next_addr - (self.addr + 1), &instances.except(last));
        let initial = Param::InitialRangeCheck.expr(exprs);
        set.add("init_addr", self.addr - initial, &Rows::first());
    }
}
