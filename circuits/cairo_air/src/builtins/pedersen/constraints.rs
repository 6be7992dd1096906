//! Constraints 54 to 78.

use novation_air::{Expr, ExprBuilder, Zerofier};
use novation_crypto::curve::SHIFT_POINT;

use super::columns::PedersenColumns;
use crate::builtins::ec_subset_sum::{BitUnpacking, CurvePoint, SubsetSum};
use crate::cells::Cells;
use crate::constraint_set::{ConstraintSet, Rows};
use crate::statement::Param;

/// The cells of one instance.
pub(crate) struct PedersenConstraints<'b> {
    unpacking: BitUnpacking<'b>,
    sum: SubsetSum<'b>,
    first_result: CurvePoint<'b>,
    second_start: CurvePoint<'b>,
    input0: Expr<'b>,
    input1: Expr<'b>,
    output: Expr<'b>,
    next_input0_addr: Expr<'b>,
    input0_addr: Expr<'b>,
    input1_addr: Expr<'b>,
    output_addr: Expr<'b>,
    second_selector: Expr<'b>,
    result_x: Expr<'b>,
    period: u64,
}

impl<'b> PedersenConstraints<'b> {
    /// Asks for the cells in the order of the mask.
    pub(crate) fn new(cells: &Cells<'b>, c: &PedersenColumns) -> Self {
        let unpacking = BitUnpacking::new(cells, &c.unpacking, &c.sum);
        let sum = SubsetSum::after_selector(cells, &c.sum, unpacking.selector, unpacking.bit0);
        let point = |index| CurvePoint {
            x: cells.at(&c.sum.sum_x, index),
            y: cells.at(&c.sum.sum_y, index),
        };
        Self {
            unpacking,
            sum,
            first_result: point(255),
            second_start: point(256),
            input0: cells.at(&c.input0.value, 0),
            next_input0_addr: cells.at(&c.input0.addr, 1),
            output_addr: cells.at(&c.output.addr, 0),
            input0_addr: cells.at(&c.input0.addr, 0),
            second_selector: cells.at(&c.sum.selector, 256),
            input1: cells.at(&c.input1.value, 0),
            input1_addr: cells.at(&c.input1.addr, 0),
            output: cells.at(&c.output.value, 0),
            result_x: cells.at(&c.sum.sum_x, 511),
            period: c.period,
        }
    }

    pub(crate) fn add_to(
        &self,
        set: &mut ConstraintSet,
        exprs: &'b ExprBuilder,
        point: CurvePoint<'b>,
    ) {
        set.component(54, "pedersen/");
        let (instances, inputs) = (Rows::every(self.period), Rows::every(self.period / 2));
        self.unpacking.add_to(set, "hash0/ec_subset_sum", &inputs);
        let last = Rows::at(Zerofier::at_fraction(self.period / 2, 255, 256));
        let end = Rows::at(Zerofier::at_fraction(self.period / 2, 63, 64));
        let steps = Rows::every(self.period / 512).except(last.clone());
        self.sum.add_to(set, "hash0/ec_subset_sum", point, [&steps, &end, &last]);
        // The second sum starts where the first one of the same instance ended.
        let second = Rows::at(Zerofier::at_fraction(self.period, 1, 2));
        let first_inputs = inputs.except(second);
        let copy_x = self.second_start.x - self.first_result.x;
        let copy_y = self.second_start.y - self.first_result.y;
        set.add("hash0/copy_point/x", copy_x, &first_inputs);
        set.add("hash0/copy_point/y", copy_y, &first_inputs);
        set.add("hash0/init/x", self.sum.sum.x - SHIFT_POINT.x, &instances);
        set.add("hash0/init/y", self.sum.sum.y - SHIFT_POINT.y, &instances);
        self.memory(set, exprs, &instances);
    }

    fn memory(&self, set: &mut ConstraintSet, exprs: &'b ExprBuilder, instances: &Rows) {
        let last = Rows::last(self.period);
        let not_last = instances.clone().except(last);
        set.add("input0_value0", self.input0 - self.unpacking.selector, instances);
        set.add("input0_addr", self.next_input0_addr - (self.output_addr + 1), &not_last);
        let initial = Param::InitialPedersen.expr(exprs);
        set.add("init_addr", self.input0_addr - initial, &Rows::first());
        set.add("input1_value0", self.input1 - self.second_selector, instances);
        set.add("input1_addr", self.input1_addr - (self.input0_addr + 1), instances);
        set.add("output_value0", self.output - self.result_x, instances);
        set.add("output_addr", self.output_addr - (self.input1_addr + 1), instances);
    }
}
