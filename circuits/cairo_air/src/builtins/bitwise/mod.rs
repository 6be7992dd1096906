//! Bitwise and, xor and or of two 251-bit words.
//!
//! A word is the sum of sixteen diluted numbers, shifted so that they cover all bit positions. For
//! diluted numbers addition never carries from one bit to the next: x + y = xor + 2 * and.

mod columns;
mod constraints;
mod trace;

pub(crate) use columns::BitwiseColumns;
pub(crate) use constraints::BitwiseConstraints;
pub(crate) use trace::write_bitwise;

/// Bits of a word.
pub(crate) const WORD_BITS: u32 = 251;
/// Diluted parts of a word.
pub(crate) const PARTS: u64 = 16;

/// The position of the lowest bit of part `index`: parts come in groups of four neighbours, each
/// group covering 64 bits.
pub(crate) const fn part_shift(index: u32) -> u32 {
    index / 4 * 64 + index % 4
}
