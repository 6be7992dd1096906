//! Grinding: a nonce whose hash starts with zero bits makes every attempt at lucky queries cost
//! work.

use novation_crypto::{blake2s256, blake2s256_batch, keccak256, keccak256_batch};
use rayon::prelude::*;

use crate::digest::Digest;
use crate::params::ByteHash;

const MAGIC: [u8; 8] = 0x0123_4567_89ab_cded_u64.to_be_bytes();
/// Nonces hashed in one call.
const BATCH: usize = 128;
/// Batches tried by one task.
const BATCHES: u64 = 64;
/// Tasks of one round: enough to keep all threads busy, and a round ends within milliseconds.
const TASKS_PER_THREAD: u64 = 16;

impl ByteHash {
    fn hash(self, bytes: &[u8]) -> Digest {
        match self {
            Self::Keccak => keccak256(bytes),
            Self::Blake2s => blake2s256(bytes),
        }
    }

    fn hash_batch(self, messages: &[u8], length: usize, digests: &mut [Digest]) {
        match self {
            Self::Keccak => keccak256_batch(messages, length, digests),
            Self::Blake2s => blake2s256_batch(messages, length, digests),
        }
    }
}

/// Whether the nonce proves `bits` bits of work on the seed.
pub fn verify_nonce(hash: ByteHash, seed: &Digest, bits: u32, nonce: u64) -> bool {
    proves(&hash.hash(&message(&initial(hash, seed, bits), nonce)), bits)
}

/// The smallest nonce that proves `bits` bits of work on the seed, which makes proofs repeatable
/// whatever the number of threads. `on_round` hears of the nonces tried so far, and may stop the
/// search.
///
/// # Errors
/// What `on_round` returns.
pub fn find_nonce<E>(
    hash: ByteHash,
    seed: &Digest,
    bits: u32,
    mut on_round: impl FnMut(u64) -> Result<(), E>,
) -> Result<Option<u64>, E> {
    let initial = initial(hash, seed, bits);
    let per_task = BATCHES * BATCH as u64;
    let tasks = TASKS_PER_THREAD * rayon::current_num_threads() as u64;
    let mut start = 0u64;
    loop {
        let search = |task| search(hash, &initial, bits, start + task * per_task);
        // Tasks are in increasing order and so is the search within each.
        let found = (0..tasks).into_par_iter().map(search).find_first(Option::is_some);
        if let Some(nonce) = found.flatten() {
            return Ok(Some(nonce));
        }
        let Some(next) = start.checked_add(tasks * per_task) else { return Ok(None) };
        start = next;
        on_round(start)?;
    }
}

/// The smallest nonce of one task that proves the work.
fn search(hash: ByteHash, initial: &Digest, bits: u32, first: u64) -> Option<u64> {
    let mut messages = [[0; 40]; BATCH];
    let mut digests = [[0; 32]; BATCH];
    for batch in 0..BATCHES {
        let first = first + batch * BATCH as u64;
        for (slot, nonce) in messages.iter_mut().zip(first..) {
            *slot = message(initial, nonce);
        }
        hash.hash_batch(messages.as_flattened(), 40, &mut digests);
        let mut hits = (first..).zip(&digests).filter(|(_, digest)| proves(digest, bits));
        if let Some((nonce, _)) = hits.next() {
            return Some(nonce);
        }
    }
    None
}

fn initial(hash: ByteHash, seed: &Digest, bits: u32) -> Digest {
    let mut input = [0; 41];
    input[..8].copy_from_slice(&MAGIC);
    input[8..40].copy_from_slice(seed);
    input[40] = u8::try_from(bits).unwrap_or(u8::MAX);
    hash.hash(&input)
}

fn message(initial: &Digest, nonce: u64) -> [u8; 40] {
    let mut message = [0; 40];
    message[..32].copy_from_slice(initial);
    message[32..].copy_from_slice(&nonce.to_be_bytes());
    message
}

fn proves(digest: &Digest, bits: u32) -> bool {
    let leading = digest[..8].iter().fold(0u64, |word, byte| (word << 8) | u64::from(*byte));
    leading.leading_zeros() >= bits
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn test_found_nonce_is_the_smallest_that_verifies() {
        for hash in [ByteHash::Keccak, ByteHash::Blake2s] {
            for bits in [1u32, 9, 13] {
                let seed = [bits.to_le_bytes()[0]; 32];
                let nonce = find_nonce(hash, &seed, bits, |_| Ok::<_, ()>(())).unwrap().unwrap();
                let mut smaller = 0..nonce;
                assert!(verify_nonce(hash, &seed, bits, nonce));
                assert!(!smaller.any(|other| verify_nonce(hash, &seed, bits, other)));
            }
        }
    }

    #[test]
    fn test_search_stops_when_told_to() {
        let mut rounds = 0;
        let stopped = find_nonce(ByteHash::Keccak, &[1; 32], 60, |tried| {
            rounds += 1;
            if rounds < 3 {
                Ok(())
            } else {
                Err(tried)
            }
        });
        assert!(stopped.is_err_and(|tried| tried > 0));
    }
}
