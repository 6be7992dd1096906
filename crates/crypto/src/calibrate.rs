//! How fast this processor hashes: the unit in which the cost of commitments is counted.

use std::hint::black_box;
use std::time::Instant;

use crate::{blake2s256_batch, keccak256_batch};

/// Messages of one measurement, of one block each.
const MESSAGES: usize = 1 << 10;
/// Both hash functions absorb it with one permutation.
const LENGTH: usize = 64;
/// The fastest of several measurements is the one that nothing disturbed.
const REPETITIONS: usize = 64;

/// Nanoseconds of one Keccak permutation on one core, many messages at once, loading and storing
/// them included. Takes a few milliseconds.
pub fn keccak_ns() -> f64 {
    fastest(keccak256_batch)
}

/// Nanoseconds of one Blake2s compression, as [`keccak_ns`].
pub fn blake2s_ns() -> f64 {
    fastest(blake2s256_batch)
}

fn fastest(hash: fn(&[u8], usize, &mut [[u8; 32]])) -> f64 {
    let messages = black_box(vec![0x5a; MESSAGES * LENGTH]);
    let mut digests = vec![[0; 32]; MESSAGES];
    let mut best = f64::INFINITY;
    for _ in 0..REPETITIONS {
        let start = Instant::now();
        hash(&messages, LENGTH, &mut digests);
        black_box(&mut digests);
        best = best.min(start.elapsed().as_secs_f64());
    }
    #[allow(clippy::cast_precision_loss)] // A small count.
    let count = MESSAGES as f64;
    best * 1e9 / count
}
