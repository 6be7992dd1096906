//! What a proof must at least compute, and how long that takes on this machine.

use core::ops::Add;

use novation_crypto::calibrate::{blake2s_ns, keccak_ns};
use novation_field::calibrate::field_mul_ns;

use crate::digest::CommitmentHash;
use crate::params::ByteHash;

/// Operations whose number the protocol fixes: the floor of any implementation, apart from its
/// additions and its traffic of memory.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Work {
    /// Multiplications of field elements.
    pub field_muls: u64,
    /// Permutations of Keccak.
    pub keccak: u64,
    /// Compressions of Blake2s.
    pub blake2s: u64,
    /// Bytes that must be read or written once, for what does not fit a cache.
    pub bytes: u64,
}

const ELEMENT_BYTES: u64 = 32;
const DIGEST_BYTES: u64 = 32;
/// Bytes that one permutation of Keccak-256 absorbs, its padding included.
const KECCAK_RATE_BYTES: u64 = 136;
/// Bytes that one compression of Blake2s takes.
const BLAKE2S_BLOCK_BYTES: u64 = 64;

impl Work {
    /// Transforms of `count` polynomials with `2^log_n` coefficients, scaling included.
    pub fn transforms(count: usize, log_n: u32) -> Self {
        let (count, n) = (count as u64, 1u64 << log_n);
        Self {
            field_muls: count * (n / 2 * u64::from(log_n) + n),
            bytes: 2 * count * n * ELEMENT_BYTES,
            ..Self::default()
        }
    }

    /// A tree with `2^log_leaves` leaves of so many elements each. The few layers of a friendly hash
    /// near the root are counted as the others; Poseidon is not counted.
    pub fn tree(log_leaves: u32, elements_per_leaf: usize, hash: CommitmentHash) -> Self {
        let leaves = 1u64 << log_leaves;
        let leaf_bytes = elements_per_leaf as u64 * ELEMENT_BYTES;
        // A leaf of one element is not hashed. Keccak's padding needs at least one byte.
        let is_hashed = u64::from(elements_per_leaf > 1);
        let keccak = leaves * is_hashed * (leaf_bytes / KECCAK_RATE_BYTES + 1) + leaves - 1;
        let blake2s = leaves * is_hashed * leaf_bytes.div_ceil(BLAKE2S_BLOCK_BYTES) + leaves - 1;
        let bytes = leaves * (leaf_bytes + DIGEST_BYTES);
        match hash {
            CommitmentHash::Keccak(_) => Self { keccak, bytes, ..Self::default() },
            CommitmentHash::Blake2s(_) => Self { blake2s, bytes, ..Self::default() },
            CommitmentHash::Poseidon => Self { bytes, ..Self::default() },
        }
    }

    /// Hashes of short messages.
    pub fn short_hashes(count: u64, hash: ByteHash) -> Self {
        match hash {
            ByteHash::Keccak => Self { keccak: count, ..Self::default() },
            ByteHash::Blake2s => Self { blake2s: count, ..Self::default() },
        }
    }

    /// Products over `rows` rows with so many elements read or written in each.
    pub fn rows(rows: u64, muls_per_row: u64, elements_per_row: u64) -> Self {
        Self {
            field_muls: rows * muls_per_row,
            bytes: rows * elements_per_row * ELEMENT_BYTES,
            ..Self::default()
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
    /// A compression of Blake2s, on vectors.
    pub blake2s_ns: f64,
}

impl Primitives {
    /// Measures this machine; takes less than a tenth of a second.
    pub fn measure() -> Self {
        Self { field_mul_ns: field_mul_ns(), keccak_ns: keccak_ns(), blake2s_ns: blake2s_ns() }
    }
}

impl Work {
    /// Permutations and compressions.
    pub fn hashes(&self) -> u64 {
        self.keccak + self.blake2s
    }

    /// Processor seconds below which this work cannot be done with these primitives.
    #[allow(clippy::cast_precision_loss)] // Counts of operations are below 2^52.
    pub fn floor_seconds(&self, primitives: &Primitives) -> f64 {
        let muls = self.field_muls as f64 * primitives.field_mul_ns;
        let keccak = self.keccak as f64 * primitives.keccak_ns;
        let blake2s = self.blake2s as f64 * primitives.blake2s_ns;
        (muls + keccak + blake2s) * 1e-9
    }
}

impl Add for Work {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self {
            field_muls: self.field_muls + other.field_muls,
            keccak: self.keccak + other.keccak,
            blake2s: self.blake2s + other.blake2s,
            bytes: self.bytes + other.bytes,
        }
    }
}
