//! Sums of a subset of points, selected by the bits of a scalar.
//!
//! The sum starts at a given point and takes 255 steps; step i adds the i-th point if bit i of the
//! scalar is set. The selector column holds the scalar shifted right by i. The sum never meets the
//! abscissa of the next point in an honest run, so the chord formula suffices.

mod columns;
mod constraints;
mod trace;

pub(crate) use columns::{BitUnpackingColumns, SubsetSumColumns};
pub(crate) use constraints::{double_point, BitUnpacking, CurvePoint, SubsetSum};
pub(crate) use trace::{
    doubling_chain, subset_sum, write_bit_unpacking, DoublingChain, SubsetSumTrace, SumError,
};

/// Rows of the subset sum of one scalar.
pub(crate) const HEIGHT: usize = 256;
