//! What a proof must at least compute, and how long that takes on this machine.

use core::iter::Sum;
use core::ops::Add;

use novation_crypto::calibrate::keccak_ns;
use novation_field::calibrate::field_mul_ns;

/// Operations whose number the protocol fixes: the floor of any implementation, apart from its
/// additions and its traffic of memory.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Work {
    /// Multiplications of field elements.
    pub field_muls: u64,
    /// Permutations of the tree's hash.
    pub hashes: u64,
    /// Bytes that must be read or written once, for what does not fit a cache.
    pub bytes: u64,
}

const ELEMENT_BYTES: u64 = 32;
const DIGEST_BYTES: u64 = 32;
/// Bytes that one permutation of Keccak-256 absorbs.
const RATE_BYTES: u64 = 136;

impl Work {
    /// Transforms of `count` polynomials with `2^log_n` coefficients, scaling included.
    pub fn transforms(count: usize, log_n: u32) -> Self {
        let (count, n) = (count as u64, 1u64 << log_n);
        Self {
            field_muls: count * (n / 2 * u64::from(log_n) + n),
            hashes: 0,
            bytes: 2 * count * n * ELEMENT_BYTES,
        }
    }

    /// A tree with `2^log_leaves` leaves of so many elements each.
    pub fn tree(log_leaves: u32, elements_per_leaf: usize) -> Self {
        let leaves = 1u64 << log_leaves;
        let elements = elements_per_leaf as u64;
        // The padding of Keccak needs at least one byte. A leaf of one element is not hashed.
        let per_leaf = if elements == 1 { 0 } else { elements * ELEMENT_BYTES / RATE_BYTES + 1 };
        Self {
            field_muls: 0,
            hashes: leaves * per_leaf + leaves - 1,
            bytes: leaves * elements * ELEMENT_BYTES + DIGEST_BYTES * leaves,
        }
    }

    /// Products over `rows` rows with so many elements read or written in each.
    pub fn rows(rows: u64, muls_per_row: u64, elements_per_row: u64) -> Self {
        Self {
            field_muls: rows * muls_per_row,
            hashes: 0,
            bytes: rows * elements_per_row * ELEMENT_BYTES,
        }
    }
}

/// Nanoseconds that one core of this machine needs for a primitive.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Primitives {
    /// A product of field elements, on vectors.
    pub field_mul_ns: f64,
    /// A permutation of Keccak, on vectors.
    pub keccak_ns: f64,
}

impl Primitives {
    /// Measures this machine; takes less than a tenth of a second.
    pub fn measure() -> Self {
        Self { field_mul_ns: field_mul_ns(), keccak_ns: keccak_ns() }
    }
}

impl Work {
    /// Processor seconds below which this work cannot be done with these primitives.
    #[allow(clippy::cast_precision_loss)] // Counts of operations are below 2^52.
    pub fn floor_seconds(&self, primitives: &Primitives) -> f64 {
        let muls = self.field_muls as f64 * primitives.field_mul_ns;
        (muls + self.hashes as f64 * primitives.keccak_ns) * 1e-9
    }
}

impl Add for Work {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self {
            field_muls: self.field_muls + other.field_muls,
            hashes: self.hashes + other.hashes,
            bytes: self.bytes + other.bytes,
        }
    }
}

impl Sum for Work {
    fn sum<I: Iterator<Item = Self>>(items: I) -> Self {
        items.fold(Self::default(), Add::add)
    }
}
