//! Lanes without any vectors, so that the arithmetic is tested on every processor and with as many
//! lanes as those have that are not at hand.

use core::array::from_fn;

use super::lanes::{Lanes, Step};
use crate::Fe;

#[derive(Clone, Copy)]
pub(super) struct Plain<const N: usize>([f64; N]);

/// Applies a function to the lanes of two arrays.
fn zip<T: Copy, const N: usize>(a: [T; N], b: [T; N], function: impl Fn(T, T) -> T) -> [T; N] {
    from_fn(|i| function(a[i], b[i]))
}

impl<const N: usize> Lanes for Plain<N> {
    const COUNT: usize = N;
    type Bits = [u64; N];

    fn add(self, other: Self) -> Self {
        Self(zip(self.0, other.0, |a, b| a + b))
    }

    fn sub(self, other: Self) -> Self {
        Self(zip(self.0, other.0, |a, b| a - b))
    }

    fn mul(self, other: Self) -> Self {
        Self(zip(self.0, other.0, |a, b| a * b))
    }

    fn mul_add(self, factor: Self, addend: Self) -> Self {
        Self(from_fn(|i| self.0[i].mul_add(factor.0[i], addend.0[i])))
    }

    fn mul_sub(self, factor: Self, subtrahend: Self) -> Self {
        Self(from_fn(|i| self.0[i].mul_add(factor.0[i], -subtrahend.0[i])))
    }

    fn mul_sub_from(self, factor: Self, minuend: Self) -> Self {
        Self(from_fn(|i| (-self.0[i]).mul_add(factor.0[i], minuend.0[i])))
    }

    fn bits(self) -> [u64; N] {
        self.0.map(f64::to_bits)
    }

    fn from_bits(bits: [u64; N]) -> Self {
        Self(bits.map(f64::from_bits))
    }

    fn add_bits(a: [u64; N], b: [u64; N]) -> [u64; N] {
        zip(a, b, u64::wrapping_add)
    }

    fn sub_bits(a: [u64; N], b: [u64; N]) -> [u64; N] {
        zip(a, b, u64::wrapping_sub)
    }

    fn and(a: [u64; N], b: [u64; N]) -> [u64; N] {
        zip(a, b, |a, b| a & b)
    }

    fn or(a: [u64; N], b: [u64; N]) -> [u64; N] {
        zip(a, b, |a, b| a | b)
    }

    fn sign_mask(a: [u64; N]) -> [u64; N] {
        a.map(|a| (a.cast_signed() >> 63).cast_unsigned())
    }

    fn splat(value: f64) -> Self {
        Self([value; N])
    }

    fn splat_bits(value: i64) -> [u64; N] {
        [value.cast_unsigned(); N]
    }

    fn shift_left<const BITS: i32>(a: [u64; N]) -> [u64; N] {
        a.map(|a| a << BITS)
    }

    fn shift_right<const BITS: i32>(a: [u64; N]) -> [u64; N] {
        a.map(|a| a >> BITS)
    }

    fn load_words(values: &[Fe], stride: usize) -> [[u64; N]; 4] {
        from_fn(|word| from_fn(|lane| values[lane * stride].0[word]))
    }

    fn store_words(words: [[u64; N]; 4], values: &mut [Fe], stride: usize) {
        for lane in 0..N {
            values[lane * stride] = Fe(words.map(|word| word[lane]));
        }
    }

    fn transpose(rows: &mut [Self]) {
        let before: Vec<Self> = rows[..N].to_vec();
        for (i, row) in rows[..N].iter_mut().enumerate() {
            row.0 = from_fn(|j| before[j].0[i]);
        }
    }

    fn outlined<S: Step>(step: S) {
        step.take();
    }

    fn fence() {}
}
