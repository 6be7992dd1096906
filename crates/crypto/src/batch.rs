//! Byte hashes of many messages of equal length at once, one message per vector lane.
//!
//! The lanes are arrays of a fixed size; the functions are compiled again for wider registers, and
//! the compiler turns each array into one. The processor is asked at run time which version it can
//! execute, see [`Lanes`]; the version without vectors gives the same digests.
// Calls of functions compiled for processor features that were checked; what they call must become
// part of them.
#![allow(unsafe_code, clippy::inline_always)]

#[cfg(target_arch = "x86_64")]
mod blake2s;
#[cfg(target_arch = "x86_64")]
mod keccak;
#[cfg(target_arch = "x86_64")]
mod vector;

#[cfg(target_arch = "x86_64")]
use novation_field::Kernel;

use crate::hashes::{blake2s256, keccak256};

/// The registers whose lanes hash.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Lanes {
    #[cfg(target_arch = "x86_64")]
    Avx512,
    #[cfg(target_arch = "x86_64")]
    Avx2,
    None,
}

impl Lanes {
    /// The widest of this processor; where a field kernel was asked for by name, those of a
    /// processor that has no better one.
    #[cfg(target_arch = "x86_64")]
    fn chosen() -> Self {
        let widest = if Kernel::is_forced() {
            match Kernel::current() {
                Kernel::Avx512Ifma => Self::Avx512,
                // A processor with ADX has AVX2, too.
                Kernel::AvxIfma | Kernel::Avx2 | Kernel::Mulx => Self::Avx2,
                Kernel::Neon | Kernel::Scalar => Self::None,
            }
        } else {
            Self::Avx512
        };
        if widest == Self::Avx512 && std::arch::is_x86_feature_detected!("avx512f") {
            Self::Avx512
        } else if widest != Self::None && std::arch::is_x86_feature_detected!("avx2") {
            Self::Avx2
        } else {
            Self::None
        }
    }

    #[cfg(not(target_arch = "x86_64"))]
    fn chosen() -> Self {
        Self::None
    }
}

/// Keccak-256 of each of the messages, which stand one after another.
///
/// # Panics
/// If `messages` is not one message of `length` bytes for each digest, or `length` is zero.
pub fn keccak256_batch(messages: &[u8], length: usize, digests: &mut [[u8; 32]]) {
    check(messages, length, digests);
    match Lanes::chosen() {
        #[cfg(target_arch = "x86_64")]
        Lanes::Avx512 => {
            in_lanes::<8>(messages, length, digests, keccak256, |messages, digests| {
                // SAFETY: the processor has the feature, as checked by `Lanes::chosen`.
                unsafe { keccak::hash_avx512(messages, length, digests) }
            });
        }
        #[cfg(target_arch = "x86_64")]
        Lanes::Avx2 => {
            in_lanes::<4>(messages, length, digests, keccak256, |messages, digests| {
                // SAFETY: the processor has the feature, as checked by `Lanes::chosen`.
                unsafe { keccak::hash_avx2(messages, length, digests) }
            });
        }
        Lanes::None => one_by_one(messages, length, digests, keccak256),
    }
}

/// Blake2s of each of the messages, which stand one after another.
///
/// # Panics
/// If `messages` is not one message of `length` bytes for each digest, or `length` is zero.
pub fn blake2s256_batch(messages: &[u8], length: usize, digests: &mut [[u8; 32]]) {
    check(messages, length, digests);
    match Lanes::chosen() {
        #[cfg(target_arch = "x86_64")]
        Lanes::Avx512 => {
            in_lanes::<16>(messages, length, digests, blake2s256, |messages, digests| {
                // SAFETY: the processor has the feature, as checked by `Lanes::chosen`.
                unsafe { blake2s::hash_avx512(messages, length, digests) }
            });
        }
        #[cfg(target_arch = "x86_64")]
        Lanes::Avx2 => {
            in_lanes::<8>(messages, length, digests, blake2s256, |messages, digests| {
                // SAFETY: the processor has the feature, as checked by `Lanes::chosen`.
                unsafe { blake2s::hash_avx2(messages, length, digests) }
            });
        }
        Lanes::None => one_by_one(messages, length, digests, blake2s256),
    }
}

fn check(messages: &[u8], length: usize, digests: &[[u8; 32]]) {
    assert!(length > 0, "messages of length zero");
    assert_eq!(messages.len(), length * digests.len(), "messages do not match digests");
}

/// Groups of `LANES` messages by the vector version, the rest one by one.
#[cfg(target_arch = "x86_64")]
fn in_lanes<const LANES: usize>(
    messages: &[u8],
    length: usize,
    digests: &mut [[u8; 32]],
    single: fn(&[u8]) -> [u8; 32],
    vector: impl Fn(&[u8], &mut [[u8; 32]; LANES]),
) {
    let (groups, rest) = digests.as_chunks_mut::<LANES>();
    let (head, tail) = messages.split_at(groups.len() * LANES * length);
    for (group, digests) in head.chunks_exact(LANES * length).zip(groups) {
        vector(group, digests);
    }
    one_by_one(tail, length, rest, single);
}

fn one_by_one(
    messages: &[u8],
    length: usize,
    digests: &mut [[u8; 32]],
    single: fn(&[u8]) -> [u8; 32],
) {
    for (message, digest) in messages.chunks_exact(length).zip(digests) {
        *digest = single(message);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LENGTHS: [usize; 17] =
        [1, 7, 8, 31, 32, 63, 64, 65, 127, 128, 135, 136, 137, 192, 256, 272, 300];

    fn messages(length: usize) -> Vec<u8> {
        (0..length).map(|i| (i * i / 7 + i).to_le_bytes()[0]).collect()
    }

    /// The version that the dispatch leaves out on processors with AVX-512.
    #[cfg(target_arch = "x86_64")]
    #[test]
    fn test_avx2_versions_agree_with_single_hashes() {
        if !std::arch::is_x86_feature_detected!("avx2") {
            eprintln!("SKIPPED: the processor has no AVX2");
            return;
        }
        for length in LENGTHS {
            let messages = messages(8 * length);
            let (mut keccak, mut blake2s) = ([[0; 32]; 4], [[0; 32]; 8]);
            // SAFETY: the processor has the feature, as checked above.
            unsafe {
                keccak::hash_avx2(&messages, length, &mut keccak);
                blake2s::hash_avx2(&messages, length, &mut blake2s);
            }
            for (message, digest) in messages.chunks(length).zip(&keccak) {
                assert_eq!(*digest, keccak256(message));
            }
            for (message, digest) in messages.chunks(length).zip(&blake2s) {
                assert_eq!(*digest, blake2s256(message));
            }
        }
    }

    #[test]
    fn test_batch_of_every_length_agrees_with_single_hashes() {
        for length in LENGTHS {
            for count in [1, 3, 8, 21, 33] {
                let messages = messages(length * count);
                let mut digests = vec![[0; 32]; count];
                keccak256_batch(&messages, length, &mut digests);
                for (message, digest) in messages.chunks(length).zip(&digests) {
                    assert_eq!(*digest, keccak256(message), "keccak of {length} bytes");
                }
                blake2s256_batch(&messages, length, &mut digests);
                for (message, digest) in messages.chunks(length).zip(&digests) {
                    assert_eq!(*digest, blake2s256(message), "blake2s of {length} bytes");
                }
            }
        }
    }
}
