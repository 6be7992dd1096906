//! What a processor has to offer for arithmetic in double precision.

use crate::Fe;

/// Doubles on which one instruction works, and their bits as integers of 64 bits.
///
/// Rounding is to nearest, and `mul_add` rounds once: everything here rests on it.
pub(in crate::packed) trait Lanes: Copy {
    /// Doubles in one vector.
    const COUNT: usize;
    /// As many integers.
    type Bits: Copy;

    fn splat(value: f64) -> Self;
    fn add(self, other: Self) -> Self;
    fn sub(self, other: Self) -> Self;
    fn mul(self, other: Self) -> Self;
    /// `self * factor + addend`.
    fn mul_add(self, factor: Self, addend: Self) -> Self;
    /// `self * factor - subtrahend`.
    fn mul_sub(self, factor: Self, subtrahend: Self) -> Self;
    /// `minuend - self * factor`.
    fn mul_sub_from(self, factor: Self, minuend: Self) -> Self;

    fn bits(self) -> Self::Bits;
    fn from_bits(bits: Self::Bits) -> Self;
    fn splat_bits(value: i64) -> Self::Bits;
    /// Sums modulo 2^64.
    fn add_bits(a: Self::Bits, b: Self::Bits) -> Self::Bits;
    /// Differences modulo 2^64.
    fn sub_bits(a: Self::Bits, b: Self::Bits) -> Self::Bits;
    fn and(a: Self::Bits, b: Self::Bits) -> Self::Bits;
    fn or(a: Self::Bits, b: Self::Bits) -> Self::Bits;
    fn shift_left<const BITS: i32>(a: Self::Bits) -> Self::Bits;
    /// Zeros come in from above.
    fn shift_right<const BITS: i32>(a: Self::Bits) -> Self::Bits;
    /// All ones where the integer is negative, else zero.
    fn sign_mask(a: Self::Bits) -> Self::Bits;

    /// Word i of `COUNT` elements, each `stride` after the last.
    ///
    /// # Panics
    /// If the slice ends before the last of them.
    fn load_words(values: &[Fe], stride: usize) -> [Self::Bits; 4];
    /// Undoes [`Lanes::load_words`].
    ///
    /// # Panics
    /// If the slice ends before the last of them.
    fn store_words(words: [Self::Bits; 4], values: &mut [Fe], stride: usize);
    /// Lane i of vector j becomes lane j of vector i, for the first `COUNT` vectors.
    fn transpose(rows: &mut [Self]);

    /// Takes a step in a function of its own, compiled for the processor's instructions.
    fn outlined<S: Step>(step: S);
    /// Keeps the compiler from mixing the work of two vectors, for which it has too few registers.
    fn fence();
}

/// Work that is too long to be part of the code that needs it. Implementations are
/// `#[inline(always)]`.
pub(in crate::packed) trait Step {
    fn take(self);
}
