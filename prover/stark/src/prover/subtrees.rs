//! Values of long polynomials on a few small cosets, without extending them.
#![allow(clippy::inline_always)] // A task must be inlined to use vectors.

use novation_field::fft::{evaluate_at, Twiddles};
use novation_field::packed::{Packed, Task, MAX_WIDTH};
use novation_field::Fe;
use rayon::prelude::*;

use super::sums::{add_all, load_block, run_on_rows, strided_dot};

/// Coefficients of one block: the vectors of one column stay in the second-level cache.
const BLOCK: usize = 4096;
/// Remainders of this size or more fill vectors.
const LOG_LANES: u32 = MAX_WIDTH.ilog2();

/// The values of every column on the cosets `offset * <g>` of `2^log_size` points, in bit-reversed
/// order, by coset and column.
///
/// On such a coset x^m is a constant, m being its size, so a polynomial is first reduced to its
/// remainder modulo x^m less that constant. Columns have at least m coefficients.
pub(super) fn coset_values(
    columns: &[&[Fe]],
    offsets: &[Fe],
    log_size: u32,
    twiddles: &Twiddles,
) -> Vec<Vec<Vec<Fe>>> {
    let remainders = remainders(columns, offsets, log_size);
    let size = columns.len() << log_size;
    let by_coset = remainders.par_chunks_exact(size).zip(offsets).map(|(remainders, offset)| {
        let transform = |remainder: &[Fe]| {
            let mut values = remainder.to_vec();
            twiddles.evaluate(&mut values, *offset);
            values
        };
        remainders.chunks_exact(1 << log_size).map(transform).collect()
    });
    by_coset.collect()
}

/// The values of every column at a point.
pub(super) fn values_at(columns: &[&[Fe]], point: Fe) -> Vec<Fe> {
    let log_size = LOG_LANES.min(columns[0].len().ilog2());
    let remainders = remainders(columns, &[point], log_size);
    remainders.chunks_exact(1 << log_size).map(|remainder| evaluate_at(remainder, point)).collect()
}

/// The remainders modulo `x^m - offset^m`, one after another by offset and column.
fn remainders(columns: &[&[Fe]], offsets: &[Fe], log_size: u32) -> Vec<Fe> {
    let m = 1usize << log_size;
    let n = columns[0].len();
    let block = BLOCK.max(m).min(n);
    let constants: Vec<Fe> = offsets.iter().map(|offset| offset.pow(m as u64)).collect();
    let powers: Vec<Vec<Fe>> =
        constants.iter().map(|constant| powers(*constant, block / m)).collect();
    let zero = || vec![Fe::ZERO; (columns.len() * offsets.len()) << log_size];
    let block_remainders = |index: usize| {
        let first = index * block;
        let scales: Vec<Fe> =
            constants.iter().map(|constant| constant.pow((first / m) as u64)).collect();
        let task = BlockRemainders {
            columns,
            powers: &powers,
            scales: &scales,
            rows: first..first + block,
            m,
        };
        run_on_rows(m, task)
    };
    (0..n / block).into_par_iter().map(block_remainders).reduce(zero, add_all)
}

fn powers(base: Fe, count: usize) -> Vec<Fe> {
    core::iter::successors(Some(Fe::ONE), |power| Some(*power * base)).take(count).collect()
}

/// The remainders of one block of coefficients.
struct BlockRemainders<'v> {
    columns: &'v [&'v [Fe]],
    /// By offset, the powers of x^m within a block.
    powers: &'v [Vec<Fe>],
    /// By offset, the power of x^m at the start of the block.
    scales: &'v [Fe],
    rows: core::ops::Range<usize>,
    m: usize,
}

impl Task for BlockRemainders<'_> {
    type Output = Vec<Fe>;

    #[inline(always)]
    fn run<P: Packed>(self) -> Vec<Fe> {
        let (n_columns, lanes) = (self.columns.len(), self.m / P::WIDTH);
        // By offset, then by power.
        let mut factors: Vec<P> = Vec::new();
        for (powers, scale) in self.powers.iter().zip(self.scales) {
            for power in powers {
                factors.push(P::broadcast(*power * *scale));
            }
        }
        let per_offset = self.rows.len() / self.m;
        let mut remainders = vec![Fe::ZERO; n_columns * self.powers.len() * self.m];
        let mut coefficients: Vec<P> = Vec::with_capacity(self.rows.len() / P::WIDTH);
        for (index, column) in self.columns.iter().enumerate() {
            coefficients.clear();
            load_block(&column[self.rows.clone()], &mut coefficients);
            let targets = remainders.chunks_exact_mut(self.m).skip(index).step_by(n_columns);
            for (factors, target) in factors.chunks_exact(per_offset).zip(targets) {
                for (lane, target) in target.chunks_exact_mut(P::WIDTH).enumerate() {
                    strided_dot(&coefficients[lane..], lanes, factors).store(target);
                }
            }
        }
        remainders
    }
}
