//! Number-theoretic transforms over multiplicative cosets of power-of-two size.
//!
//! [`Twiddles::evaluate`] takes coefficients in natural order and leaves values in bit-reversed
//! order; [`Twiddles::interpolate`] is its exact inverse. Both work in place.
//!
//! The network splits a polynomial modulo x^2m - c^2 into its remainders modulo x^m - c and
//! x^m + c. Each block of a layer has one constant c, blocks are contiguous and never meet again, so
//! a block that fits the cache is finished before the next one is touched.

use rayon::prelude::*;

use crate::limbs::{
    add_raw, mul_lazy, reduce_full, reduce_once, reduce_partial, sub_raw, times_p, Limbs,
};
use crate::{batch_inverse, Fe};

/// Blocks of 2^12 elements (128 KiB) stay in the second-level cache.
const LOG_CACHE_BLOCK: u32 = 12;
/// Elements of one parallel task of a layer that does not fit the cache.
const GRAIN: usize = 1 << 12;
const TWO_P: Limbs = times_p(2);

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
        let log_n = self.checked_log(values.len());
        let log_block = log_n.min(LOG_CACHE_BLOCK);
        if offset != Fe::ONE {
            scale_by_powers(values, offset, Fe::ONE);
        }
        for layer in 0..log_n - log_block {
            for_each_pair(values, layer, &self.forward, split_reduced);
        }
        values.par_chunks_mut(1 << log_block).enumerate().for_each(|(index, block)| {
            self.evaluate_block(block, index);
        });
    }

    /// All layers of one cached block, the `index`-th of its size.
    ///
    /// Values enter below 4p and grow by 2p in each of at most 12 layers: below 31p throughout.
    fn evaluate_block(&self, block: &mut [Fe], index: usize) {
        let mut half = block.len() / 2;
        let mut first = index;
        while half > 0 {
            for (part, c) in block.chunks_exact_mut(2 * half).zip(&self.forward[first..]) {
                let (low, high) = part.split_at_mut(half);
                split(low, high, c);
            }
            half /= 2;
            first *= 2;
        }
        for value in block {
            value.0 = reduce_full(&value.0);
        }
    }

    /// Values at `offset * w^bitrev(i)` become coefficients in natural order.
    ///
    /// # Panics
    /// If the length is not a power of two of a prepared size, or `offset` is zero.
    pub fn interpolate(&self, values: &mut [Fe], offset: Fe) {
        let log_n = self.checked_log(values.len());
        let log_block = log_n.min(LOG_CACHE_BLOCK);
        values.par_chunks_mut(1 << log_block).enumerate().for_each(|(index, block)| {
            self.interpolate_block(block, index);
        });
        for layer in (0..log_n - log_block).rev() {
            for_each_pair(values, layer, &self.inverse, join);
        }
        let size_inverse = Fe::from_u64(1 << log_n).inverse().expect("2^k is not divisible by p");
        let offset_inverse = offset.inverse().expect("a coset offset is not zero");
        scale_by_powers(values, offset_inverse, size_inverse);
    }

    /// The layers of [`Twiddles::evaluate_block`] undone, last first. Values stay below 2p.
    fn interpolate_block(&self, block: &mut [Fe], index: usize) {
        let mut half = 1;
        let mut first = index * block.len() / 2;
        while half < block.len() {
            for (part, c) in block.chunks_exact_mut(2 * half).zip(&self.inverse[first..]) {
                let (low, high) = part.split_at_mut(half);
                join(low, high, c);
            }
            half *= 2;
            first /= 2;
        }
    }

    fn checked_log(&self, length: usize) -> u32 {
        assert!(length.is_power_of_two(), "transform of {length} values: not a power of two");
        let log_n = length.ilog2();
        assert!(log_n <= self.log_size, "transform of 2^{log_n}, prepared for 2^{}", self.log_size);
        log_n
    }
}

/// Applies one butterfly to the two halves of every block of a layer, in parallel.
fn for_each_pair(
    values: &mut [Fe],
    layer: u32,
    constants: &[Fe],
    butterfly: fn(&mut [Fe], &mut [Fe], &Fe),
) {
    let half = values.len() >> (layer + 1);
    values.par_chunks_mut(2 * half).zip(constants).for_each(|(block, c)| {
        let (low, high) = block.split_at_mut(half);
        let pairs = low.par_chunks_mut(GRAIN).zip(high.par_chunks_mut(GRAIN));
        pairs.for_each(|(a, b)| butterfly(a, b, c));
    });
}

/// (a, b) to (a + cb, a - cb), 2p above the input bound.
#[inline(always)]
fn split(low: &mut [Fe], high: &mut [Fe], c: &Fe) {
    for (a, b) in low.iter_mut().zip(high) {
        let t = mul_lazy(&b.0, &c.0);
        b.0 = sub_raw(&add_raw(&a.0, &TWO_P), &t).0;
        a.0 = add_raw(&a.0, &t);
    }
}

/// (a, b) to (a + cb, a - cb), always below 4p.
fn split_reduced(low: &mut [Fe], high: &mut [Fe], c: &Fe) {
    for (a, b) in low.iter_mut().zip(high) {
        let t = mul_lazy(&b.0, &c.0);
        let reduced = reduce_partial(&a.0);
        b.0 = sub_raw(&add_raw(&reduced, &TWO_P), &t).0;
        a.0 = add_raw(&reduced, &t);
    }
}

/// (a, b) to (a + b, c(a - b)), from below 2p to below 2p; the factor 2 is left to the end.
#[inline(always)]
fn join(low: &mut [Fe], high: &mut [Fe], c: &Fe) {
    for (a, b) in low.iter_mut().zip(high) {
        let difference = sub_raw(&add_raw(&a.0, &TWO_P), &b.0).0;
        a.0 = reduce_once(&add_raw(&a.0, &b.0), &TWO_P);
        b.0 = mul_lazy(&difference, &c.0);
    }
}

/// Multiplies the i-th value, below 2p, by `first * base^i` and reduces it fully.
fn scale_by_powers(values: &mut [Fe], base: Fe, first: Fe) {
    values.par_chunks_mut(GRAIN).enumerate().for_each(|(index, chunk)| {
        let mut power = base.pow((index * GRAIN) as u64) * first;
        for value in chunk {
            *value *= power;
            power *= base;
        }
    });
}

/// Swaps every element with the one whose index has the reversed bits.
///
/// # Panics
/// If the length is not a power of two.
pub fn bit_reverse<T>(values: &mut [T]) {
    let n = values.len();
    assert!(n.is_power_of_two(), "bit reversal of {n} values: not a power of two");
    for i in 0..n {
        let j = bit_reverse_index(i, n.ilog2());
        if i < j {
            values.swap(i, j);
        }
    }
}

/// The lowest `bits` bits of `index` in reversed order.
#[inline]
pub const fn bit_reverse_index(index: usize, bits: u32) -> usize {
    if bits == 0 {
        0
    } else {
        index.reverse_bits() >> (usize::BITS - bits)
    }
}

/// The value of the polynomial with these coefficients, lowest first.
pub fn evaluate_at(coefficients: &[Fe], point: Fe) -> Fe {
    coefficients.iter().rev().fold(Fe::ZERO, |acc, c| acc * point + c)
}
