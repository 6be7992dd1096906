//! Constraints of a subset sum, shared by Pedersen, ECDSA and the curve operation.

use novation_air::Expr;
use novation_field::Fe;

use super::columns::{BitUnpackingColumns, SubsetSumColumns};
use crate::cells::Cells;
use crate::constraint_set::{ConstraintSet, Rows};

/// A point in expressions.
#[derive(Clone, Copy)]
pub(crate) struct CurvePoint<'b> {
    pub(crate) x: Expr<'b>,
    pub(crate) y: Expr<'b>,
}

/// The cells of one step of a subset sum.
pub(crate) struct SubsetSum<'b> {
    /// The rest of the scalar.
    pub(crate) selector: Expr<'b>,
    bit: Expr<'b>,
    /// Sum before the step.
    pub(crate) sum: CurvePoint<'b>,
    next_sum: CurvePoint<'b>,
    slope: Expr<'b>,
    x_diff_inv: Option<Expr<'b>>,
}

impl<'b> SubsetSum<'b> {
    /// Asks for the cells in the order of the mask.
    pub(crate) fn new(cells: &Cells<'b>, c: &SubsetSumColumns) -> Self {
        let selector = cells.at(&c.selector, 0);
        let bit = selector - 2 * cells.at(&c.selector, 1);
        Self::after_selector(cells, c, selector, bit)
    }

    /// Asks for the cells other than the selector's.
    pub(crate) fn after_selector(
        cells: &Cells<'b>,
        c: &SubsetSumColumns,
        selector: Expr<'b>,
        bit: Expr<'b>,
    ) -> Self {
        let point =
            |index| CurvePoint { x: cells.at(&c.sum_x, index), y: cells.at(&c.sum_y, index) };
        Self {
            selector,
            bit,
            sum: point(0),
            next_sum: point(1),
            slope: cells.at(&c.slope, 0),
            x_diff_inv: c.x_diff_inv.as_ref().map(|column| cells.at(column, 0)),
        }
    }

    /// `steps` are all cells but the last of every scalar, `last` those, and `end` the cells of the
    /// first bit beyond the scalar.
    pub(crate) fn add_to(
        &self,
        set: &mut ConstraintSet,
        name: &str,
        point: CurvePoint<'b>,
        [steps, end, last]: [&Rows; 3],
    ) {
        let Self { selector, bit, sum, next_sum, slope, x_diff_inv } = *self;
        let mut add = |part: &str, expr, rows| set.add(&format!("{name}/{part}"), expr, rows);
        add("booleanity_test", bit * (bit - 1), steps);
        add("bit_extraction_end", selector, end);
        add("zeros_tail", selector, last);
        let chord = bit * (sum.y - point.y) - slope * (sum.x - point.x);
        add("add_points/slope", chord, steps);
        let x = slope.square() - bit * (sum.x + point.x + next_sum.x);
        add("add_points/x", x, steps);
        let y = bit * (sum.y + next_sum.y) - slope * (sum.x - next_sum.x);
        add("add_points/y", y, steps);
        if let Some(inverse) = x_diff_inv {
            add("add_points/x_diff_inv", inverse * (sum.x - point.x) - 1, steps);
        }
        add("copy_point/x", (1 - bit) * (next_sum.x - sum.x), steps);
        add("copy_point/y", (1 - bit) * (next_sum.y - sum.y), steps);
    }
}

/// The cells that show a scalar to be below p = 2^251 + 2^196 + 2^192 + 1.
///
/// If bits 251, 196 and 192 are all set, the bits between and below them must be zero, and the last
/// bit as well; otherwise there is nothing to show.
pub(crate) struct BitUnpacking<'b> {
    /// The scalar.
    pub(crate) selector: Expr<'b>,
    /// Its lowest bit.
    pub(crate) bit0: Expr<'b>,
    from_bit1: Expr<'b>,
    from_bit192: Expr<'b>,
    from_bit193: Expr<'b>,
    from_bit196: Expr<'b>,
    from_bit197: Expr<'b>,
    from_bit251: Expr<'b>,
    bit251: Expr<'b>,
    ones_down_to_192: Expr<'b>,
    ones_down_to_196: Expr<'b>,
}

impl<'b> BitUnpacking<'b> {
    /// Asks for the cells in the order of the mask.
    pub(crate) fn new(
        cells: &Cells<'b>,
        unpacking: &BitUnpackingColumns,
        sum: &SubsetSumColumns,
    ) -> Self {
        let selector = |index| cells.at(&sum.selector, index);
        let ones_down_to_192 = cells.at(&unpacking.ones_down_to_192, 0);
        let (whole, from_bit1, from_bit192) = (selector(0), selector(1), selector(192));
        let ones_down_to_196 = cells.at(&unpacking.ones_down_to_196, 0);
        let (from_bit193, from_bit196, from_bit251) = (selector(193), selector(196), selector(251));
        let bit251 = from_bit251 - 2 * selector(252);
        Self {
            selector: whole,
            bit0: whole - 2 * from_bit1,
            from_bit1,
            from_bit192,
            from_bit193,
            from_bit196,
            from_bit197: selector(197),
            from_bit251,
            bit251,
            ones_down_to_192,
            ones_down_to_196,
        }
    }

    /// `rows` are the first cells of every scalar.
    pub(crate) fn add_to(&self, set: &mut ConstraintSet, name: &str, rows: &Rows) {
        let mut add =
            |part: &str, expr| set.add(&format!("{name}/bit_unpacking/{part}"), expr, rows);
        let power_of_two = |exponent: u64| Fe::from_u64(2).pow(exponent);
        add("last_one_is_zero", self.ones_down_to_192 * self.bit0);
        let between = self.from_bit1 - self.from_bit192 * power_of_two(191);
        add("zeroes_between_ones0", self.ones_down_to_192 * between);
        let bit192 = self.from_bit192 - 2 * self.from_bit193;
        add("cumulative_bit192", self.ones_down_to_192 - self.ones_down_to_196 * bit192);
        let between = self.from_bit193 - self.from_bit196 * power_of_two(3);
        add("zeroes_between_ones192", self.ones_down_to_196 * between);
        let bit196 = self.from_bit196 - 2 * self.from_bit197;
        add("cumulative_bit196", self.ones_down_to_196 - self.bit251 * bit196);
        let between = self.from_bit197 - self.from_bit251 * power_of_two(54);
        add("zeroes_between_ones196", self.bit251 * between);
    }
}

/// `next` is twice `point`, by the tangent of the given slope; the curve's linear coefficient is 1.
pub(crate) fn double_point<'b>(
    set: &mut ConstraintSet,
    name: &str,
    [point, next]: [CurvePoint<'b>; 2],
    slope: Expr<'b>,
    rows: &Rows,
) {
    let mut add = |part: &str, expr| set.add(&format!("{name}/{part}"), expr, rows);
    add("slope", 3 * point.x.square() + 1 - (point.y + point.y) * slope);
    add("x", slope.square() - (point.x + point.x + next.x));
    add("y", point.y + next.y - slope * (point.x - next.x));
}
