//! Grinding: a nonce whose hash starts with zero bits makes every attempt at lucky queries cost work.

use std::sync::atomic::{AtomicU64, Ordering};

use novation_crypto::{blake2s256, keccak256};
use rayon::prelude::*;

use crate::digest::Digest;
use crate::params::ByteHash;

const MAGIC: [u8; 8] = 0x0123_4567_89ab_cded_u64.to_be_bytes();
/// Nonces tried by one task.
const CHUNK: u64 = 1 << 12;

impl ByteHash {
    fn hash(self, bytes: &[u8]) -> Digest {
        match self {
            Self::Keccak => keccak256(bytes),
            Self::Blake2s => blake2s256(bytes),
        }
    }
}

/// Whether the nonce proves `bits` bits of work on the seed.
pub fn verify_nonce(hash: ByteHash, seed: &Digest, bits: u32, nonce: u64) -> bool {
    check(hash, &initial(hash, seed, bits), bits, nonce)
}

/// The smallest nonce that proves `bits` bits of work on the seed, which makes proofs repeatable.
pub fn find_nonce(hash: ByteHash, seed: &Digest, bits: u32) -> Option<u64> {
    let initial = initial(hash, seed, bits);
    let best = AtomicU64::new(u64::MAX);
    let chunks_per_round = 64 * rayon::current_num_threads() as u64;
    let mut start = 0u64;
    while best.load(Ordering::Relaxed) == u64::MAX {
        (0..chunks_per_round).into_par_iter().for_each(|chunk| {
            let first = start + chunk * CHUNK;
            let mut nonces = first..first + CHUNK;
            if first < best.load(Ordering::Relaxed) {
                if let Some(nonce) = nonces.find(|nonce| check(hash, &initial, bits, *nonce)) {
                    best.fetch_min(nonce, Ordering::Relaxed);
                }
            }
        });
        start = start.checked_add(chunks_per_round * CHUNK)?;
    }
    Some(best.into_inner())
}

fn initial(hash: ByteHash, seed: &Digest, bits: u32) -> Digest {
    let mut input = [0; 41];
    input[..8].copy_from_slice(&MAGIC);
    input[8..40].copy_from_slice(seed);
    input[40] = u8::try_from(bits).unwrap_or(u8::MAX);
    hash.hash(&input)
}

fn check(hash: ByteHash, initial: &Digest, bits: u32, nonce: u64) -> bool {
    let mut input = [0; 40];
    input[..32].copy_from_slice(initial);
    input[32..].copy_from_slice(&nonce.to_be_bytes());
    let digest = hash.hash(&input);
    let leading = digest[..8].iter().fold(0u64, |word, byte| (word << 8) | u64::from(*byte));
    leading.leading_zeros() >= bits
}
