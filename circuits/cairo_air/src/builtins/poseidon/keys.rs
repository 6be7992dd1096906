//! Round keys as the constraints use them.
//!
//! The constraints of partial rounds speak of the third element only. Between its values in four
//! consecutive rounds there is a linear relation over the cubes and the values, whose constant, the
//! key of the constraint, depends on the round constants alone. It can therefore be read off one run
//! of the permutation on any input; the run on zeros is used here.

use std::sync::LazyLock;

use novation_air::Periodic;
use novation_crypto::poseidon::{HALF_FULL_ROUNDS, ROUND_CONSTANTS};
use novation_field::Fe;

use super::trace::{permutation_states, PermutationStates};
use super::{FIRST_PARTIAL, SECOND_PARTIAL, SHARED_PARTIAL};

/// Constants of the constraints.
pub(crate) struct RoundKeys {
    /// Added to the input before the first full round.
    pub(crate) first: [Fe; 3],
    /// Added after each of the eight full rounds, zero where a half ends.
    full: [[Fe; 3]; 8],
    partial0: Vec<Fe>,
    partial1: Vec<Fe>,
    /// Of the first three partial rounds, computed from the last full round of the first half.
    pub(crate) full_to_partial: [Fe; 3],
    /// Of the three elements of the first full round of the second half.
    pub(crate) partial_to_full: [Fe; 3],
}

/// The keys of the permutation.
pub(crate) static ROUND_KEYS: LazyLock<RoundKeys> = LazyLock::new(|| {
    let constants = &*ROUND_CONSTANTS;
    let last_half = constants.len() - HALF_FULL_ROUNDS;
    let states = permutation_states([Fe::ZERO; 3]);
    let partial = &states.partial;
    let key = |round: usize| {
        let window = core::array::from_fn(|i| partial[round + i]);
        partial[round + 3] - next_partial(&window)
    };
    let full = core::array::from_fn(|round| match round {
        3 | 7 => [Fe::ZERO; 3],
        0..=2 => constants[round + 1],
        _ => constants[last_half + round - HALF_FULL_ROUNDS + 1],
    });
    let first_of_second = FIRST_PARTIAL - SHARED_PARTIAL;
    let padded = |rounds: std::ops::Range<usize>, length: usize| {
        let mut keys: Vec<Fe> = rounds.map(key).collect();
        keys.resize(length, Fe::ZERO);
        keys
    };
    RoundKeys {
        first: constants[0],
        full,
        partial0: padded(0..FIRST_PARTIAL - 3, 64),
        partial1: padded(first_of_second..first_of_second + SECOND_PARTIAL - 3, 32),
        full_to_partial: full_to_partial(&states),
        partial_to_full: partial_to_full(&states),
    }
});

/// The third element of a partial round from those of the three before, without the key.
///
/// With c the cubes and s the values of rounds i, i+1, i+2, oldest first:
/// `8 c0 + 4 s1 + 6 c1 + 2 s2 - 2 c2`.
pub(crate) fn next_partial(states: &[Fe; 3]) -> Fe {
    let [c0, c1, c2] = states.map(cube);
    let [_, s1, s2] = *states;
    scaled(8, c0) + scaled(4, s1) + scaled(6, c1) + scaled(2, s2) - scaled(2, c2)
}

fn full_to_partial(states: &PermutationStates) -> [Fe; 3] {
    let [_, y, z] = states.full[HALF_FULL_ROUNDS - 1].map(cube);
    let [s0, s1, s2, ..] = states.partial[..] else { return [Fe::ZERO; 3] };
    let x = cube(states.full[HALF_FULL_ROUNDS - 1][0]);
    [
        s0 - (x + y - scaled(2, z)),
        s1 - (scaled(10, z) + scaled(4, s0) - scaled(4, y) - scaled(2, cube(s0))),
        s2 - (scaled(8, z) + scaled(4, s0) + scaled(6, cube(s0)) + scaled(2, s1)
            - scaled(2, cube(s1))),
    ]
}

fn partial_to_full(states: &PermutationStates) -> [Fe; 3] {
    let [.., a, b, c] = states.partial[..] else { return [Fe::ZERO; 3] };
    let [x, y, z] = states.full[HALF_FULL_ROUNDS];
    let [a3, b3, c3] = [a, b, c].map(cube);
    [
        x - (scaled(16, a3) + scaled(8, b) + scaled(16, b3) + scaled(6, c) + c3),
        y - (scaled(4, b3) + scaled(2, c) + c3),
        z - (scaled(8, a3) + scaled(4, b) + scaled(6, b3) + scaled(2, c) - scaled(2, c3)),
    ]
}

fn cube(value: Fe) -> Fe {
    value.square() * value
}

fn scaled(factor: u64, value: Fe) -> Fe {
    Fe::from_u64(factor) * value
}

/// The periodic columns of the round keys for instances of `period` rows.
pub(crate) fn periodic_keys(period: u64) -> Vec<Periodic> {
    let keys = &*ROUND_KEYS;
    let column = |name: &str, values: Vec<Fe>| Periodic {
        name: format!("poseidon/poseidon/{name}"),
        period_rows: period,
        step_rows: period / values.len() as u64,
        values,
    };
    let full = |i: usize| {
        column(&format!("full_round_key{i}"), keys.full.iter().map(|key| key[i]).collect())
    };
    vec![
        full(0),
        full(1),
        full(2),
        column("partial_round_key0", keys.partial0.clone()),
        column("partial_round_key1", keys.partial1.clone()),
    ]
}
