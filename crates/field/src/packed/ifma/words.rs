//! What a processor has to offer for arithmetic on 52-bit limbs.

use crate::Fe;

/// Eight integers of 64 bits, one for each element.
pub(in crate::packed) trait Words: Copy {
    /// The element in each lane; the permutation is its own inverse.
    const LANES: [usize; 8];

    fn splat(value: i64) -> Self;
    fn add(a: Self, b: Self) -> Self;
    fn sub(a: Self, b: Self) -> Self;
    fn and(a: Self, b: Self) -> Self;
    fn or(a: Self, b: Self) -> Self;
    /// Adds the low 52 bits of the products of the low 52 bits.
    fn madd_low(sum: Self, a: Self, b: Self) -> Self;
    /// Adds the products of the low 52 bits, divided by 2^52.
    fn madd_high(sum: Self, a: Self, b: Self) -> Self;
    fn shift_left<const BITS: u32>(value: Self) -> Self;
    fn shift_right<const BITS: u32>(value: Self) -> Self;
    fn shift_right_signed<const BITS: u32>(value: Self) -> Self;
    /// `then` where `sign` is negative, else `otherwise`.
    fn where_negative(sign: Self, then: Self, otherwise: Self) -> Self;

    /// Word i of eight elements, which stand in the order of [`Words::LANES`].
    ///
    /// # Panics
    /// If the slice ends before the last of them.
    fn load_words(values: &[Fe], stride: usize) -> [Self; 4];
    /// Undoes [`Words::load_words`].
    ///
    /// # Panics
    /// If the slice ends before the last of them.
    fn store_words(words: [Self; 4], values: &mut [Fe], stride: usize);
    /// Lane i of vector j becomes lane j of vector i.
    fn transpose(rows: [Self; 8]) -> [Self; 8];
}
