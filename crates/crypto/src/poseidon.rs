//! The Poseidon hash of Starknet: the Hades permutation on three elements and its sponge.
//!
//! Eight full rounds around 83 partial ones, S-box x^3, and the matrix
//! ((3, 1, 1), (1, -1, 1), (1, 1, -2)).

use std::sync::LazyLock;

use novation_field::{Fe, LazyFe};
use sha2::{Digest, Sha256};

/// Full rounds before and again after the partial ones.
pub const HALF_FULL_ROUNDS: usize = 4;
/// Rounds in which only the last element passes the S-box.
pub const PARTIAL_ROUNDS: usize = 83;
/// All rounds.
pub const ROUNDS: usize = 2 * HALF_FULL_ROUNDS + PARTIAL_ROUNDS;

/// The round constants: number 3r + i is added to element i before the S-box of round r.
///
/// They are SHA-256 of `Hades0`, `Hades1`, ... modulo p.
pub static ROUND_CONSTANTS: LazyLock<Vec<[Fe; 3]>> = LazyLock::new(|| {
    let constant = |index: usize| {
        let digest: [u8; 32] = Sha256::digest(format!("Hades{index}").as_bytes()).into();
        Fe::from_bytes_be_reduced(&digest)
    };
    (0..ROUNDS).map(|r| [constant(3 * r), constant(3 * r + 1), constant(3 * r + 2)]).collect()
});

/// Equivalent constants in which partial rounds add to the last element only.
struct Compressed {
    first: [[Fe; 3]; HALF_FULL_ROUNDS],
    partial: [Fe; PARTIAL_ROUNDS],
    last: [[Fe; 3]; HALF_FULL_ROUNDS],
}

static COMPRESSED: LazyLock<Compressed> = LazyLock::new(|| {
    let rounds = &*ROUND_CONSTANTS;
    let mut carried = [Fe::ZERO; 3];
    // A constant of the first two elements of a partial round meets no S-box in that round, so it
    // can be added after the matrix instead: multiply it by the matrix, add it to the next round.
    let partial = core::array::from_fn(|i| {
        let constants: [Fe; 3] =
            core::array::from_fn(|j| rounds[HALF_FULL_ROUNDS + i][j] + carried[j]);
        carried = mix_reference([constants[0], constants[1], Fe::ZERO]);
        constants[2]
    });
    let mut last: [[Fe; 3]; HALF_FULL_ROUNDS] =
        core::array::from_fn(|i| rounds[HALF_FULL_ROUNDS + PARTIAL_ROUNDS + i]);
    for (constant, carry) in last[0].iter_mut().zip(carried) {
        *constant += carry;
    }
    Compressed { first: core::array::from_fn(|i| rounds[i]), partial, last }
});

fn mix_reference([a, b, c]: [Fe; 3]) -> [Fe; 3] {
    let sum = a + b + c;
    [sum + a.double(), sum - b.double(), sum - c - c.double()]
}

/// The matrix, from below 3p to below 2p.
#[inline]
fn mix([a, b, c]: [LazyFe; 3]) -> [LazyFe; 3] {
    // sum < 9p; 2a and 2b < 6p, 3c < 9p: every sum below stays under 18p < 31p.
    let sum = a.plus(b).plus(c);
    [
        sum.plus(a.plus(a)).reduce(),
        sum.minus(b.plus(b), 6).reduce(),
        sum.minus(c.plus(c).plus(c), 9).reduce(),
    ]
}

#[inline]
fn full_round(state: [LazyFe; 3], constants: &[Fe; 3]) -> [LazyFe; 3] {
    mix(core::array::from_fn(|i| state[i].plus(constants[i].lazy()).cube()))
}

/// The Hades permutation.
pub fn hades_permutation(state: [Fe; 3]) -> [Fe; 3] {
    let constants = &*COMPRESSED;
    let mut state = state.map(Fe::lazy);
    for round in &constants.first {
        state = full_round(state, round);
    }
    for constant in &constants.partial {
        state = mix([state[0], state[1], state[2].plus(constant.lazy()).cube()]);
    }
    for round in &constants.last {
        state = full_round(state, round);
    }
    state.map(LazyFe::canonical)
}

/// The hash of two elements.
pub fn poseidon_hash(a: Fe, b: Fe) -> Fe {
    hades_permutation([a, b, Fe::from_u64(2)])[0]
}

/// The hash of any number of elements: a sponge of rate two, padded with one and then zeros.
pub fn poseidon_hash_many(elements: &[Fe]) -> Fe {
    let mut state = [Fe::ZERO; 3];
    let mut pairs = elements.chunks_exact(2);
    for pair in &mut pairs {
        state = hades_permutation([state[0] + pair[0], state[1] + pair[1], state[2]]);
    }
    match pairs.remainder() {
        [odd] => state = hades_permutation([state[0] + odd, state[1] + Fe::ONE, state[2]]),
        _ => state = hades_permutation([state[0] + Fe::ONE, state[1], state[2]]),
    }
    state[0]
}

#[cfg(test)]
mod tests {
    use starknet_crypto::{poseidon_hash_many as oracle_many, poseidon_permute_comp};

    use super::*;
    use crate::pedersen::{from_felt, to_felt};

    fn elements(count: usize) -> Vec<Fe> {
        let mut value = Fe::from_u64(7);
        let mut next = || {
            value = value.square() + Fe::GENERATOR;
            value
        };
        let mut values = vec![Fe::ZERO, -Fe::ONE];
        values.extend((0..count).map(|_| next()));
        values
    }

    #[test]
    fn test_permutation_agrees_with_oracle() {
        for window in elements(200).windows(3) {
            let state = [window[0], window[1], window[2]];
            let mut oracle = state.map(to_felt);
            poseidon_permute_comp(&mut oracle);
            assert_eq!(hades_permutation(state), oracle.map(|felt| from_felt(&felt)));
        }
    }

    #[test]
    fn test_hash_many_of_every_small_length_agrees_with_oracle() {
        let values = elements(8);
        for length in 0..=values.len() {
            let felts: Vec<_> = values[..length].iter().map(|value| to_felt(*value)).collect();
            assert_eq!(poseidon_hash_many(&values[..length]), from_felt(&oracle_many(&felts)));
        }
    }
}
