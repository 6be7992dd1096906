//! Cells of a subset sum and of a chain of doublings.

use novation_crypto::curve::{doublings, normalise, Affine, Jacobian};
use novation_field::{batch_inverse, Fe};
use thiserror::Error;

use super::columns::{BitUnpackingColumns, SubsetSumColumns};
use super::HEIGHT;
use crate::trace::TraceColumns;

/// A subset sum that the chord formula cannot compute.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub(crate) enum SumError {
    /// The partial sum has the abscissa of the next point, or the scalar reaches a bit that has no
    /// point.
    #[error("the partial sum before bit {step} has the abscissa of the next point")]
    EqualAbscissas {
        /// The step.
        step: usize,
    },
    /// The scalar has more bits than there are points.
    #[error("the scalar has more than {bits} bits")]
    ScalarBits {
        /// Number of points.
        bits: usize,
    },
}

/// A point and its doublings with the slopes of the tangents.
#[derive(Debug, Clone)]
pub(crate) struct DoublingChain {
    pub(crate) points: Vec<Affine>,
    pub(crate) slopes: Vec<Fe>,
}

/// 256 points, each twice the one before.
pub(crate) fn doubling_chain(base: Affine) -> DoublingChain {
    let points = doublings(base, HEIGHT);
    let doubled = &points[..HEIGHT - 1];
    let mut slopes: Vec<Fe> = doubled.iter().map(|point| point.y.double()).collect();
    batch_inverse(&mut slopes);
    for (slope, point) in slopes.iter_mut().zip(doubled) {
        let square = point.x.square();
        *slope *= square.double() + square + Fe::ONE;
    }
    DoublingChain { points, slopes }
}

/// The cells of one scalar.
#[derive(Debug, Clone)]
pub(crate) struct SubsetSumTrace {
    selectors: Vec<Fe>,
    sums: Vec<Affine>,
    slopes: Vec<Fe>,
    x_diff_inv: Vec<Fe>,
}

impl SubsetSumTrace {
    /// The sum of all selected points and the start.
    pub(crate) fn result(&self) -> Affine {
        self.sums[HEIGHT - 1]
    }

    /// Writes the cells of the `index`-th scalar.
    pub(crate) fn write(&self, columns: &mut TraceColumns, c: &SubsetSumColumns, index: usize) {
        let first = index * HEIGHT;
        columns.write(&c.selector, first, &self.selectors);
        for (index, sum) in (first..).zip(&self.sums) {
            columns.set(&c.sum_x, index, sum.x);
            columns.set(&c.sum_y, index, sum.y);
        }
        columns.write(&c.slope, first, &self.slopes);
        if let Some(column) = &c.x_diff_inv {
            columns.write(column, first, &self.x_diff_inv);
        }
    }
}

/// The sum of `start` and the points selected by the bits of `scalar`.
///
/// After the last point the last one stands for all that follow, as in the periodic columns; none of
/// them is selected, but the sum must not have its abscissa either.
pub(crate) fn subset_sum(
    start: Affine,
    points: &[Affine],
    scalar: Fe,
) -> Result<SubsetSumTrace, SumError> {
    let limbs = scalar.to_limbs();
    let bits = points.len();
    if bits < HEIGHT && shifted_right(limbs, bits) != [0; 4] {
        return Err(SumError::ScalarBits { bits });
    }
    let point = |step: usize| points[step.min(bits - 1)];
    let is_selected = |step: usize| limbs[step / 64] >> (step % 64) & 1 == 1;
    let mut sums = Vec::with_capacity(HEIGHT);
    let mut sum = Jacobian::from(start);
    for step in 0..HEIGHT - 1 {
        sums.push(sum);
        if sum.has_x(point(step).x) {
            return Err(SumError::EqualAbscissas { step });
        }
        if is_selected(step) {
            sum = sum.add_affine(&point(step));
        }
    }
    sums.push(sum);
    let sums = normalise(&sums);
    let steps = || (0..HEIGHT - 1).zip(&sums);
    let mut x_diff_inv: Vec<Fe> = steps().map(|(step, sum)| sum.x - point(step).x).collect();
    batch_inverse(&mut x_diff_inv);
    let slope = |((step, sum), inverse): ((usize, &Affine), &Fe)| {
        if is_selected(step) {
            (sum.y - point(step).y) * *inverse
        } else {
            Fe::ZERO
        }
    };
    let slopes = steps().zip(&x_diff_inv).map(slope).collect();
    let selector = |step| Fe::from_limbs(shifted_right(limbs, step)).expect("not above the scalar");
    let selectors = (0..HEIGHT - 1).map(selector).chain([Fe::ZERO]).collect();
    Ok(SubsetSumTrace { selectors, sums, slopes, x_diff_inv })
}

/// Writes the cells that show the `index`-th scalar to be below the modulus.
pub(crate) fn write_bit_unpacking(
    columns: &mut TraceColumns,
    c: &BitUnpackingColumns,
    index: usize,
    scalar: Fe,
) {
    let limbs = scalar.to_limbs();
    let is_set = |bit: usize| limbs[bit / 64] >> (bit % 64) & 1 == 1;
    let ones_down_to_196 = is_set(251) && is_set(196);
    columns.set(&c.ones_down_to_196, index, Fe::from(ones_down_to_196));
    columns.set(&c.ones_down_to_192, index, Fe::from(ones_down_to_196 && is_set(192)));
}

/// A number in little-endian limbs, shifted right.
fn shifted_right(limbs: [u64; 4], bits: usize) -> [u64; 4] {
    let (words, bits) = (bits / 64, bits % 64);
    let limb = |index: usize| limbs.get(index).copied().unwrap_or(0);
    core::array::from_fn(|index| {
        let both = u128::from(limb(index + words + 1)) << 64 | u128::from(limb(index + words));
        (both >> bits & u128::from(u64::MAX)).try_into().expect("masked to a limb")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn test_shifted_right_when_crossing_limbs_then_moves_bits() {
        let limbs = [1, 2, 0, 1 << 59];
        assert_eq!(shifted_right(limbs, 0), limbs);
        assert_eq!(shifted_right(limbs, 1), [0, 1, 0, 1 << 58]);
        assert_eq!(shifted_right(limbs, 64), [2, 0, 1 << 59, 0]);
        assert_eq!(shifted_right(limbs, 65), [1, 0, 1 << 58, 0]);
        assert_eq!(shifted_right(limbs, 251), [1, 0, 0, 0]);
        assert_eq!(shifted_right(limbs, 255), [0; 4]);
    }
}
