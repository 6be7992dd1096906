//! Cells of the Poseidon builtin.

use std::collections::BTreeMap;

use novation_crypto::poseidon::{HALF_FULL_ROUNDS, PARTIAL_ROUNDS, ROUND_CONSTANTS};
use novation_field::Fe;
use rayon::prelude::*;

use super::columns::{PoseidonColumns, SquaredColumn};
use super::{FIRST_PARTIAL, SECOND_PARTIAL, SHARED_PARTIAL};
use crate::layout::Builtin;
use crate::public_input::PublicInput;
use crate::trace::{FirstPhase, TraceColumns};

/// The elements that enter an S-box, round by round.
#[derive(Debug, Clone)]
pub(crate) struct PermutationStates {
    /// All three elements of the eight full rounds.
    pub(crate) full: [[Fe; 3]; 2 * HALF_FULL_ROUNDS],
    /// The third element of every partial round.
    pub(crate) partial: Vec<Fe>,
    /// The result.
    pub(crate) output: [Fe; 3],
}

/// Runs the permutation with the plain round constants and keeps what the trace stores.
pub(crate) fn permutation_states(input: [Fe; 3]) -> PermutationStates {
    let cube = |value: Fe| value.square() * value;
    let keyed = |state: [Fe; 3], round: usize| -> [Fe; 3] {
        core::array::from_fn(|i| state[i] + ROUND_CONSTANTS[round][i])
    };
    let mut states = PermutationStates {
        full: [[Fe::ZERO; 3]; 2 * HALF_FULL_ROUNDS],
        partial: Vec::with_capacity(PARTIAL_ROUNDS),
        output: input,
    };
    let (first_half, second_half) = states.full.split_at_mut(HALF_FULL_ROUNDS);
    let mut state = input;
    for (round, stored) in first_half.iter_mut().enumerate() {
        *stored = keyed(state, round);
        state = mix(stored.map(cube));
    }
    for round in HALF_FULL_ROUNDS..HALF_FULL_ROUNDS + PARTIAL_ROUNDS {
        let [x, y, z] = keyed(state, round);
        states.partial.push(z);
        state = mix([x, y, cube(z)]);
    }
    for (round, stored) in (HALF_FULL_ROUNDS + PARTIAL_ROUNDS..).zip(second_half) {
        *stored = keyed(state, round);
        state = mix(stored.map(cube));
    }
    states.output = state;
    states
}

fn mix([x, y, z]: [Fe; 3]) -> [Fe; 3] {
    let sum = x + y + z;
    [sum + x.double(), sum - y.double(), sum - z.double() - z]
}

/// Writes all instances; unused ones permute three zeros.
pub(crate) fn write_poseidon(
    phase: &mut FirstPhase,
    c: &PoseidonColumns,
    input: &PublicInput,
    inputs: &BTreeMap<u64, [Fe; 3]>,
) {
    let used: Vec<(&u64, &[Fe; 3])> = inputs.iter().collect();
    let states = |(index, input): (&u64, &[Fe; 3])| (*index, permutation_states(*input));
    let used: BTreeMap<u64, PermutationStates> = used.into_par_iter().map(states).collect();
    let unused = permutation_states([Fe::ZERO; 3]);
    let begin = input.builtin(Builtin::Poseidon).begin_addr;
    for (index, number) in (0..input.n_instances(Builtin::Poseidon)).enumerate() {
        let states = used.get(&number).unwrap_or(&unused);
        let io = [inputs.get(&number).copied().unwrap_or_default(), states.output];
        for (half, elements) in io.into_iter().enumerate() {
            let addr = begin + 6 * number + 3 * half as u64;
            for ((addr, slot), value) in (addr..).zip(&c.input_output).zip(elements) {
                phase.memory.write(slot, 2 * index + half, addr, value);
            }
        }
        write_states(&mut phase.columns, c, index, states);
    }
}

fn write_states(
    columns: &mut TraceColumns,
    c: &PoseidonColumns,
    index: usize,
    states: &PermutationStates,
) {
    let mut write = |column: &SquaredColumn, cell: usize, value: Fe| {
        columns.set(&column.value, cell, value);
        columns.set(&column.square, cell, value.square());
    };
    for (round, state) in states.full.iter().enumerate() {
        for (column, value) in c.full.iter().zip(state) {
            write(column, states.full.len() * index + round, *value);
        }
    }
    for (round, value) in states.partial[..FIRST_PARTIAL].iter().enumerate() {
        write(&c.partial0, FIRST_PARTIAL * index + round, *value);
    }
    let second = &states.partial[FIRST_PARTIAL - SHARED_PARTIAL..];
    for (round, value) in second.iter().enumerate() {
        write(&c.partial1, SECOND_PARTIAL.next_power_of_two() * index + round, *value);
    }
}

#[cfg(test)]
mod tests {
    use novation_crypto::hades_permutation;

    use super::*;

    #[test]
    fn test_permutation_states_when_compared_with_hash_then_same_output() {
        let input = [7, 8, 9].map(Fe::from_u64);
        assert_eq!(permutation_states(input).output, hades_permutation(input));
        assert_eq!(permutation_states(input).partial.len(), PARTIAL_ROUNDS);
    }
}
