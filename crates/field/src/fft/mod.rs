//! Number-theoretic transforms over multiplicative cosets of power-of-two size.
//!
//! [`Twiddles::evaluate`] takes coefficients in natural order and leaves values in bit-reversed
//! order; [`Twiddles::interpolate`] is its exact inverse. Both work in place.
//!
//! The network splits a polynomial modulo x^2m - c^2 into its remainders modulo x^m - c and x^m +
//! c. Each block of a layer has one constant c, blocks are contiguous and never meet again, so a
//! block that fits the cache is finished before the next one is touched.

mod coset;
mod kernels;
mod reversal;
mod tiles;

use rayon::prelude::*;

use crate::packed::{run, run_scalar, Task, MAX_WIDTH};
use crate::{batch_inverse, Fe};
use coset::Coset;
use kernels::{EvaluateBlock, Fold, InterpolateBlock, ScaleByPowers};
pub use reversal::{bit_reverse, bit_reverse_index};
use tiles::{JoinColumns, SplitColumns, MAX_LAYERS};

/// Blocks of 2^12 elements (160 KiB as vectors) stay in the second-level cache.
const LOG_BLOCK: u32 = MAX_LAYERS;
/// Columns of one tile: 1 KiB of every row, which is as much as can be used of a page.
const TILE_COLUMNS: usize = 32;
/// Layers of one tile of columns: 2^8 rows of them are 320 KiB as vectors.
const MAX_COLUMN_LAYERS: u32 = 8;
/// Elements of one parallel task.
const GRAIN: usize = 1 << 12;
/// Smaller blocks are not worth vectors.
const MIN_VECTOR_BLOCK: usize = MAX_WIDTH * MAX_WIDTH;

/// Roots of unity for transforms up to a given size.
pub struct Twiddles {
    log_size: u32,
    /// `w^bitrev(k)` for k below half the size; a prefix serves every smaller size.
    forward: Vec<Fe>,
    /// The inverses of `forward`.
    inverse: Vec<Fe>,
}

impl Twiddles {
    /// Prepares transforms of sizes up to `2^log_size`.
    pub fn new(log_size: u32) -> Self {
        let half = (1usize << log_size).div_ceil(2);
        let mut forward = vec![Fe::ONE; half];
        scale_by_powers(&mut forward, Fe::root_of_unity(log_size), Fe::ONE);
        bit_reverse(&mut forward);
        let mut inverse = forward.clone();
        inverse.par_chunks_mut(GRAIN).for_each(batch_inverse);
        Self { log_size, forward, inverse }
    }

    /// The largest supported size is 2 to this power.
    pub fn log_size(&self) -> u32 {
        self.log_size
    }

    /// Coefficients in natural order become the values at `offset * w^bitrev(i)`.
    ///
    /// # Panics
    /// If the length is not a power of two of a prepared size.
    pub fn evaluate(&self, values: &mut [Fe], offset: Fe) {
        self.checked_log(values.len());
        self.evaluate_from(None, values, offset);
    }

    /// The values, in bit-reversed order, of the polynomial with these coefficients on the coset
    /// `offset * <w>` that has as many points as `out`; the polynomial may be of higher degree.
    ///
    /// # Panics
    /// If the length of `out` is not a power of two of a prepared size, or does not divide the
    /// number of coefficients.
    pub fn evaluate_into(&self, coefficients: &[Fe], offset: Fe, out: &mut [Fe]) {
        let n = out.len();
        self.checked_log(n);
        assert!(
            coefficients.len().is_multiple_of(n),
            "{} coefficients: not a multiple of {n} points",
            coefficients.len()
        );
        if coefficients.len() == n {
            return self.evaluate_from(Some(coefficients), out, offset);
        }
        // Modulo x^n - offset^n.
        let step = offset.pow(n as u64);
        let mut weights = vec![Fe::ONE; coefficients.len() / n];
        scale_by_powers(&mut weights, step, Fe::ONE);
        out.par_chunks_mut(GRAIN).enumerate().for_each(|(index, out)| {
            let (coefficients, weights) = (&coefficients[index * GRAIN..], &weights[..]);
            run_if_large(n, Fold { out, coefficients, stride: n, weights });
        });
        self.evaluate_from(None, out, offset);
    }

    /// Evaluates the coefficients in `source`, or else those in `values`.
    fn evaluate_from(&self, source: Option<&[Fe]>, values: &mut [Fe], offset: Fe) {
        let log_n = values.len().ilog2();
        let coset = Coset::new(&self.forward, offset, log_n, Fe::ONE);
        let passes = column_passes(log_n);
        if let (Some(source), []) = (source, &passes[..]) {
            values.copy_from_slice(source);
        }
        for (layer, count) in passes {
            let source = source.filter(|_| layer == 0);
            for_each_tile(values, layer, count, |tile, rows| {
                run(SplitColumns { rows, source, tile, coset: &coset });
            });
        }
        values.par_chunks_mut(1 << LOG_BLOCK.min(log_n)).enumerate().for_each(|(index, block)| {
            run_if_large(block.len(), EvaluateBlock { block, index, coset: &coset });
        });
    }

    /// Values at `offset * w^bitrev(i)` become coefficients in natural order.
    ///
    /// # Panics
    /// If the length is not a power of two of a prepared size, or `offset` is zero.
    pub fn interpolate(&self, values: &mut [Fe], offset: Fe) {
        let log_n = self.checked_log(values.len());
        let size_inverse = Fe::from_u64(1 << log_n).inverse().expect("2^k is not divisible by p");
        let offset_inverse = offset.inverse().expect("a coset offset is not zero");
        let coset = Coset::new(&self.inverse, offset_inverse, log_n, size_inverse);
        let passes = column_passes(log_n);
        let is_last = passes.is_empty();
        values.par_chunks_mut(1 << LOG_BLOCK.min(log_n)).enumerate().for_each(|(index, block)| {
            run_if_large(block.len(), InterpolateBlock { block, index, coset: &coset, is_last });
        });
        for (layer, count) in passes.into_iter().rev() {
            for_each_tile(values, layer, count, |tile, rows| {
                run(JoinColumns { rows, tile, coset: &coset, is_last: layer == 0 });
            });
        }
    }

    fn checked_log(&self, length: usize) -> u32 {
        assert!(length.is_power_of_two(), "transform of {length} values: not a power of two");
        let log_n = length.ilog2();
        assert!(log_n <= self.log_size, "transform of 2^{log_n}, prepared for 2^{}", self.log_size);
        log_n
    }
}

/// The layers above blocks that fit the cache, as passes over memory: the first layer of each, and
/// how many there are.
fn column_passes(log_n: u32) -> Vec<(u32, u32)> {
    let layers = log_n.saturating_sub(LOG_BLOCK);
    let passes = layers.div_ceil(MAX_COLUMN_LAYERS);
    let bounds: Vec<u32> = (0..=passes).map(|pass| layers * pass / passes.max(1)).collect();
    bounds.windows(2).map(|pair| (pair[0], pair[1] - pair[0])).collect()
}

/// A tile of columns of a block.
#[derive(Clone, Copy)]
struct Tile {
    /// The number of the block among those of its size.
    block: usize,
    /// The first column.
    column: usize,
    /// The number of columns of the block.
    n_columns: usize,
}

/// Applies a kernel for some layers to tiles of columns of every block, in parallel; `layer` is the
/// first of them.
fn for_each_tile(
    values: &mut [Fe],
    layer: u32,
    count: u32,
    kernel: impl Fn(Tile, Vec<&mut [Fe]>) + Sync,
) {
    let size = values.len() >> layer;
    let n_columns = size >> count;
    values.par_chunks_mut(size).enumerate().for_each(|(block, values)| {
        let mut tiles: Vec<Vec<&mut [Fe]>> = Vec::new();
        tiles.resize_with(n_columns / TILE_COLUMNS, || Vec::with_capacity(1 << count));
        for row in values.chunks_exact_mut(n_columns) {
            for (tile, part) in tiles.iter_mut().zip(row.chunks_exact_mut(TILE_COLUMNS)) {
                tile.push(part);
            }
        }
        tiles.into_par_iter().enumerate().for_each(|(index, rows)| {
            kernel(Tile { block, column: index * TILE_COLUMNS, n_columns }, rows);
        });
    });
}

fn run_if_large<T: Task>(size: usize, task: T) -> T::Output {
    if size < MIN_VECTOR_BLOCK {
        run_scalar(task)
    } else {
        run(task)
    }
}

/// Multiplies the i-th value, lazy or not, by `first * base^i` and reduces it fully.
fn scale_by_powers(values: &mut [Fe], base: Fe, first: Fe) {
    values.par_chunks_mut(GRAIN).enumerate().for_each(|(index, values)| {
        let first = base.pow((index * GRAIN) as u64) * first;
        run(ScaleByPowers { values, base, first });
    });
}

/// The value of the polynomial with these coefficients, lowest first.
pub fn evaluate_at(coefficients: &[Fe], point: Fe) -> Fe {
    coefficients.iter().rev().fold(Fe::ZERO, |acc, c| acc * point + c)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::packed::run_with;
    use crate::Kernel;

    #[test]
    fn test_blocks_without_vectors_agree_with_those_of_every_kernel() {
        Kernel::available().into_iter().for_each(check_kernel);
    }

    fn check_kernel(kernel: Kernel) {
        for log_size in [6, 7, 8, 11] {
            let twiddles = Twiddles::new(log_size + 2);
            let values: Vec<Fe> = (1..=1u64 << log_size).map(|i| Fe::from_u64(i).pow(99)).collect();
            for index in [0, 3] {
                let (mut single, mut vectors) = (values.clone(), values.clone());
                let coset = &Coset::new(&twiddles.forward, Fe::GENERATOR, log_size + 2, Fe::ONE);
                run_scalar(EvaluateBlock { block: &mut single, index, coset });
                run_with(kernel, EvaluateBlock { block: &mut vectors, index, coset });
                assert!(single == vectors, "forward, size 2^{log_size}, block {index}");
                let (first, is_last) = (Fe::from_u64(7), true);
                let coset = &Coset::new(&twiddles.inverse, Fe::GENERATOR, log_size + 2, first);
                run_scalar(InterpolateBlock { block: &mut single, index, coset, is_last });
                run_with(kernel, InterpolateBlock { block: &mut vectors, index, coset, is_last });
                assert!(single == vectors, "inverse, size 2^{log_size}, block {index}");
            }
        }
    }
}
