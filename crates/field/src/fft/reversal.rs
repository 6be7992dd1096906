//! The bit-reversal permutation, tile by tile.
//!
//! An index of n bits is split into q high, n - 2q middle and q low bits. All indices with the same
//! middle bits m form a tile of 2^q rows of 2^q neighbours, and the permutation exchanges the tile
//! of m with that of the reversed m, so whole cache lines are read and written (Carter and Gatlin,
//! "Towards an optimal bit-reversal permutation program", 1998).
#![allow(unsafe_code)] // Tiles are disjoint but no slices.

use core::mem::MaybeUninit;

use rayon::prelude::*;

/// Bits of the row and of the place in a row: a tile of field elements is 8 KiB.
const LOG_TILE: u32 = 4;
const TILE: usize = 1 << LOG_TILE;
/// Fewer elements are exchanged one by one.
const MIN_LOG_TILED: u32 = 12;
/// Tiles of one parallel task.
const GRAIN: usize = 16;

/// Swaps every element with the one whose index has the reversed bits.
///
/// # Panics
/// If the length is not a power of two.
pub fn bit_reverse<T: Send>(values: &mut [T]) {
    let n = values.len();
    assert!(n.is_power_of_two(), "bit reversal of {n} values: not a power of two");
    if n.ilog2() < MIN_LOG_TILED {
        return bit_reverse_plain(values);
    }
    let log_middle = n.ilog2() - 2 * LOG_TILE;
    let tiles = Tiles { start: values.as_mut_ptr(), log_middle };
    (0..1usize << log_middle).into_par_iter().with_min_len(GRAIN).for_each(|middle| {
        let partner = bit_reverse_index(middle, log_middle);
        if middle <= partner {
            // SAFETY: a tile is touched only in the iteration of the smaller of `middle` and
            // `partner`, and `values` is borrowed mutably until all iterations are over.
            unsafe { tiles.exchange(middle, partner) };
        }
    });
}

/// The textbook version.
fn bit_reverse_plain<T>(values: &mut [T]) {
    let n = values.len();
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

/// A slice of `2^(log_middle + 2 * LOG_TILE)` elements, as tiles.
struct Tiles<T> {
    start: *mut T,
    log_middle: u32,
}

// SAFETY: threads get access to different elements only, see `bit_reverse`.
unsafe impl<T: Send> Sync for Tiles<T> {}

impl<T> Tiles<T> {
    /// Writes both tiles transposed, with the bits of rows and places reversed, to the other's
    /// place.
    ///
    /// # Safety
    /// No other thread accesses these two tiles.
    unsafe fn exchange(&self, middle: usize, partner: usize) {
        // SAFETY: the caller's promise.
        unsafe {
            let tile = self.read(middle);
            let other = self.read(partner);
            self.write(partner, &tile);
            self.write(middle, &other);
        }
    }

    /// A copy of a tile; `write` puts every element of it back, to another place.
    unsafe fn read(&self, middle: usize) -> [[MaybeUninit<T>; TILE]; TILE] {
        // SAFETY: a row lies within the slice, and the caller may access its tile.
        core::array::from_fn(|row| unsafe { self.row(row, middle).read() })
    }

    unsafe fn write(&self, middle: usize, tile: &[[MaybeUninit<T>; TILE]; TILE]) {
        for row in 0..TILE {
            let place = bit_reverse_index(row, LOG_TILE);
            let value = |i| {
                let value: *const MaybeUninit<T> =
                    &raw const tile[bit_reverse_index(i, LOG_TILE)][place];
                // SAFETY: reads a copy without a destructor.
                unsafe { value.read() }
            };
            // SAFETY: as for `read`.
            unsafe { self.row(row, middle).write(core::array::from_fn(value)) };
        }
    }

    fn row(&self, row: usize, middle: usize) -> *mut [MaybeUninit<T>; TILE] {
        let index = ((row << self.log_middle) | middle) << LOG_TILE;
        self.start.wrapping_add(index).cast()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn test_bit_reverse_when_tiled_then_agrees_with_plain() {
        for log_n in 0..18 {
            let mut values: Vec<usize> = (0..1 << log_n).collect();
            let mut plain = values.clone();
            bit_reverse(&mut values);
            bit_reverse_plain(&mut plain);
            assert!(values == plain, "2^{log_n} values");
        }
    }
}
