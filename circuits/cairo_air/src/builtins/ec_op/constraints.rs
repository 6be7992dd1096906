//! Constraints 134 to 166.

use novation_air::{Expr, ExprBuilder, Zerofier};

use super::columns::EcOpColumns;
use crate::builtins::ec_subset_sum::{double_point, BitUnpacking, CurvePoint, SubsetSum};
use crate::cells::Cells;
use crate::constraint_set::{ConstraintSet, Rows};
use crate::statement::Param;

/// The cells of one instance.
pub(crate) struct EcOpConstraints<'b> {
    p_x_addr: Expr<'b>,
    next_p_x_addr: Expr<'b>,
    /// Addresses of P.y, Q.x, Q.y, m, R.x, R.y.
    further_addrs: Vec<Expr<'b>>,
    doubling_slope: Expr<'b>,
    doubled: CurvePoint<'b>,
    next_doubled: CurvePoint<'b>,
    q: CurvePoint<'b>,
    unpacking: BitUnpacking<'b>,
    sum: SubsetSum<'b>,
    m: Expr<'b>,
    p: CurvePoint<'b>,
    r_x: Expr<'b>,
    result_x: Expr<'b>,
    r_y: Expr<'b>,
    result_y: Expr<'b>,
    period: u64,
}

impl<'b> EcOpConstraints<'b> {
    /// Asks for the cells in the order of the mask.
    pub(crate) fn new(cells: &Cells<'b>, c: &EcOpColumns) -> Self {
        let [p_x, p_y, q_x, q_y, m, r_x, r_y] = &c.memory;
        let addr = |slot: &crate::layout::MemorySlot| cells.at(&slot.addr, 0);
        let value = |slot: &crate::layout::MemorySlot| cells.at(&slot.value, 0);
        let p_x_addr = addr(p_x);
        let next_p_x_addr = cells.at(&p_x.addr, 1);
        let further_addrs = [p_y, q_x, q_y, m, r_x, r_y].map(addr).to_vec();
        let doubling_slope = cells.at(&c.doubling_slope, 0);
        let doubled = |index| CurvePoint {
            x: cells.at(&c.doubled_x, index),
            y: cells.at(&c.doubled_y, index),
        };
        let (current_doubled, next_doubled) = (doubled(0), doubled(1));
        let q = CurvePoint { x: value(q_x), y: value(q_y) };
        let unpacking = BitUnpacking::new(cells, &c.unpacking, &c.sum);
        let sum = SubsetSum::after_selector(cells, &c.sum, unpacking.selector, unpacking.bit0);
        Self {
            p_x_addr,
            next_p_x_addr,
            further_addrs,
            doubling_slope,
            doubled: current_doubled,
            next_doubled,
            q,
            unpacking,
            sum,
            m: value(m),
            p: CurvePoint { x: value(p_x), y: value(p_y) },
            r_x: value(r_x),
            result_x: cells.at(&c.sum.sum_x, 255),
            r_y: value(r_y),
            result_y: cells.at(&c.sum.sum_y, 255),
            period: c.period,
        }
    }

    pub(crate) fn add_to(&self, set: &mut ConstraintSet, exprs: &'b ExprBuilder) {
        set.component(134, "ec_op/");
        let instances = Rows::every(self.period);
        self.addresses(set, exprs, &instances);
        let last = Rows::at(Zerofier::at_fraction(self.period, 255, 256));
        let end = Rows::at(Zerofier::at_fraction(self.period, 63, 64));
        let steps = Rows::every(self.period / 256).except(last.clone());
        let doubled = [self.doubled, self.next_doubled];
        double_point(set, "doubling_q", doubled, self.doubling_slope, &steps);
        set.add("get_q_x", self.q.x - self.doubled.x, &instances);
        set.add("get_q_y", self.q.y - self.doubled.y, &instances);
        self.unpacking.add_to(set, "ec_subset_sum", &instances);
        self.sum.add_to(set, "ec_subset_sum", self.doubled, [&steps, &end, &last]);
        set.add("get_m", self.unpacking.selector - self.m, &instances);
        set.add("get_p_x", self.p.x - self.sum.sum.x, &instances);
        set.add("get_p_y", self.p.y - self.sum.sum.y, &instances);
        set.add("set_r_x", self.r_x - self.result_x, &instances);
        set.add("set_r_y", self.r_y - self.result_y, &instances);
    }

    fn addresses(&self, set: &mut ConstraintSet, exprs: &'b ExprBuilder, instances: &Rows) {
        let last = Rows::last(self.period);
        let initial = Param::InitialEcOp.expr(exprs);
        set.add("init_addr", self.p_x_addr - initial, &Rows::first());
        let next = self.next_p_x_addr - (self.p_x_addr + 7);
        set.add("p_x_addr", next, &instances.clone().except(last));
        let mut previous = self.p_x_addr;
        let names = ["p_y_addr", "q_x_addr", "q_y_addr", "m_addr", "r_x_addr", "r_y_addr"];
        for (name, addr) in names.iter().zip(&self.further_addrs) {
            set.add(name, *addr - (previous + 1), instances);
            previous = *addr;
        }
    }
}
