//! Constraints 82 to 122.

use novation_air::{Expr, ExprBuilder, Zerofier};
use novation_crypto::curve::{BETA, SHIFT_POINT};

use super::columns::EcdsaColumns;
use crate::builtins::ec_subset_sum::{double_point, CurvePoint, SubsetSum};
use crate::cells::Cells;
use crate::constraint_set::{ConstraintSet, Rows};
use crate::layout::VirtualColumn;
use crate::statement::Param;

/// The cells of one instance.
pub(crate) struct EcdsaConstraints<'b> {
    key: CurvePoint<'b>,
    next_key: CurvePoint<'b>,
    doubling_slope: Expr<'b>,
    generator_sum: SubsetSum<'b>,
    key_sum: SubsetSum<'b>,
    zg: CurvePoint<'b>,
    rq: CurvePoint<'b>,
    base: CurvePoint<'b>,
    add_slope: Expr<'b>,
    add_inv: Expr<'b>,
    wb: CurvePoint<'b>,
    extract_slope: Expr<'b>,
    extract_inv: Expr<'b>,
    z_inv: Expr<'b>,
    r_w_inv: Expr<'b>,
    q_x_squared: Expr<'b>,
    key_addr: Expr<'b>,
    message_addr: Expr<'b>,
    next_key_addr: Expr<'b>,
    message_value: Expr<'b>,
    key_value: Expr<'b>,
    period: u64,
}

impl<'b> EcdsaConstraints<'b> {
    /// Asks for the cells in the order of the mask.
    pub(crate) fn new(cells: &Cells<'b>, c: &EcdsaColumns) -> Self {
        let point = |x: &VirtualColumn, y: &VirtualColumn, index| CurvePoint {
            x: cells.at(x, index),
            y: cells.at(y, index),
        };
        let (generator, key) = (&c.generator_sum, &c.key_sum);
        Self {
            key: point(&c.key_x, &c.key_y, 0),
            next_key: point(&c.key_x, &c.key_y, 1),
            doubling_slope: cells.at(&c.doubling_slope, 0),
            generator_sum: SubsetSum::new(cells, generator),
            key_sum: SubsetSum::new(cells, key),
            zg: point(&generator.sum_x, &generator.sum_y, 255),
            rq: point(&key.sum_x, &key.sum_y, 255),
            base: point(&c.key_x, &c.key_y, 256),
            add_slope: cells.at(&c.add_slope, 0),
            add_inv: cells.at(&c.add_inv, 0),
            wb: point(&key.sum_x, &key.sum_y, 511),
            extract_slope: cells.at(&c.extract_slope, 0),
            extract_inv: cells.at(&c.extract_inv, 0),
            z_inv: cells.at(&c.z_inv, 0),
            r_w_inv: cells.at(&c.r_w_inv, 0),
            q_x_squared: cells.at(&c.q_x_squared, 0),
            key_addr: cells.at(&c.key.addr, 0),
            message_addr: cells.at(&c.message.addr, 0),
            next_key_addr: cells.at(&c.key.addr, 1),
            message_value: cells.at(&c.message.value, 0),
            key_value: cells.at(&c.key.value, 0),
            period: c.period,
        }
    }

    pub(crate) fn add_to(
        &self,
        set: &mut ConstraintSet,
        exprs: &'b ExprBuilder,
        generator: CurvePoint<'b>,
    ) {
        set.component(82, "ecdsa/");
        let (instances, keys) = (Rows::every(self.period), Rows::every(self.period / 2));
        let at = |period, num| Rows::at(Zerofier::at_fraction(period, num, 256));
        let (key_end, key_last) = (at(self.period / 2, 251), at(self.period / 2, 255));
        let key_steps = Rows::every(self.period / 512).except(key_last.clone());
        let doubled = [self.key, self.next_key];
        double_point(set, "signature0/doubling_key", doubled, self.doubling_slope, &key_steps);
        let (end, last) = (at(self.period, 251), at(self.period, 255));
        let steps = Rows::every(self.period / 256).except(last.clone());
        let name = "signature0/exponentiate_generator";
        self.generator_sum.add_to(set, name, generator, [&steps, &end, &last]);
        let name = "signature0/exponentiate_key";
        self.key_sum.add_to(set, name, self.key, [&key_steps, &key_end, &key_last]);
        self.starts(set, &instances, &keys);
        self.add_results(set, &instances);
        self.extract_r(set, &instances);
        self.validity(set, &instances, &keys);
        self.memory(set, exprs, &instances);
    }

    fn starts(&self, set: &mut ConstraintSet, instances: &Rows, keys: &Rows) {
        let (generator_start, key_start) = (self.generator_sum.sum, self.key_sum.sum);
        set.add("signature0/init_gen/x", generator_start.x - SHIFT_POINT.x, instances);
        set.add("signature0/init_gen/y", generator_start.y + SHIFT_POINT.y, instances);
        set.add("signature0/init_key/x", key_start.x - SHIFT_POINT.x, keys);
        set.add("signature0/init_key/y", key_start.y - SHIFT_POINT.y, keys);
    }

    /// The second base point is z*G + r*Q; the shift points cancel.
    fn add_results(&self, set: &mut ConstraintSet, instances: &Rows) {
        let Self { zg, rq, base, add_slope: slope, .. } = *self;
        let mut add =
            |part: &str, expr| set.add(&format!("signature0/add_results/{part}"), expr, instances);
        add("slope", zg.y - (rq.y + slope * (zg.x - rq.x)));
        add("x", slope.square() - (zg.x + rq.x + base.x));
        add("y", zg.y + base.y - slope * (zg.x - base.x));
        add("x_diff_inv", self.add_inv * (zg.x - rq.x) - 1);
    }

    /// The last sum less the shift point has abscissa r.
    fn extract_r(&self, set: &mut ConstraintSet, instances: &Rows) {
        let Self { wb, extract_slope: slope, .. } = *self;
        let (r, x_diff) = (self.key_sum.selector, wb.x - SHIFT_POINT.x);
        let mut add =
            |part: &str, expr| set.add(&format!("signature0/extract_r/{part}"), expr, instances);
        add("slope", wb.y + SHIFT_POINT.y - slope * x_diff);
        add("x", slope.square() - (wb.x + SHIFT_POINT.x + r));
        add("x_diff_inv", self.extract_inv * x_diff - 1);
    }

    fn validity(&self, set: &mut ConstraintSet, instances: &Rows, keys: &Rows) {
        let CurvePoint { x, y } = self.key;
        let z = self.generator_sum.selector;
        set.add("signature0/z_nonzero", z * self.z_inv - 1, instances);
        set.add("signature0/r_and_w_nonzero", self.key_sum.selector * self.r_w_inv - 1, keys);
        set.add("signature0/q_on_curve/x_squared", self.q_x_squared - x.square(), instances);
        let on_curve = y.square() - (x * self.q_x_squared + x + *BETA);
        set.add("signature0/q_on_curve/on_curve", on_curve, instances);
    }

    fn memory(&self, set: &mut ConstraintSet, exprs: &'b ExprBuilder, instances: &Rows) {
        let last = Rows::last(self.period);
        let initial = Param::InitialEcdsa.expr(exprs);
        set.add("init_addr", self.key_addr - initial, &Rows::first());
        set.add("message_addr", self.message_addr - (self.key_addr + 1), instances);
        let not_last = instances.clone().except(last);
        set.add("pubkey_addr", self.next_key_addr - (self.message_addr + 1), &not_last);
        let z = self.generator_sum.selector;
        set.add("message_value0", self.message_value - z, instances);
        set.add("pubkey_value0", self.key_value - self.key.x, instances);
    }
}
