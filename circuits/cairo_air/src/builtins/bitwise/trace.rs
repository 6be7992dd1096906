//! Cells of the bitwise builtin.

use std::collections::BTreeMap;

use novation_field::Fe;

use super::columns::BitwiseColumns;
use super::{part_shift, PARTS, WORD_BITS};
use crate::diluted::{DILUTED_MASK, N_BITS, SPACING};
use crate::layout::Builtin;
use crate::public_input::PublicInput;
use crate::trace::{FirstPhase, TraceError};

type Limbs = [u64; 4];

/// Writes all instances; unused ones have two zero words.
pub(crate) fn write_bitwise(
    phase: &mut FirstPhase,
    c: &BitwiseColumns,
    input: &PublicInput,
    inputs: &BTreeMap<u64, [Fe; 2]>,
) -> Result<(), TraceError> {
    let begin = input.builtin(Builtin::Bitwise).begin_addr;
    for (index, number) in (0..input.n_instances(Builtin::Bitwise)).enumerate() {
        let words = inputs.get(&number).copied().unwrap_or_default().map(Fe::to_limbs);
        if words.iter().any(|word| word[3] >> (WORD_BITS - 192) != 0) {
            return Err(TraceError::BuiltinInput {
                builtin: Builtin::Bitwise.name(),
                index: number,
                reason: format!("a word has more than {WORD_BITS} bits"),
            });
        }
        write_instance(phase, c, index, begin, words);
    }
    Ok(())
}

fn write_instance(
    phase: &mut FirstPhase,
    c: &BitwiseColumns,
    index: usize,
    begin: u64,
    [x, y]: [Limbs; 2],
) {
    let combine = |f: fn(u64, u64) -> u64| -> Limbs { core::array::from_fn(|i| f(x[i], y[i])) };
    let words = [x, y, combine(|a, b| a & b), combine(|a, b| a ^ b)];
    let or = combine(|a, b| a | b);
    let element = |limbs: Limbs| Fe::from_limbs(limbs).expect("251 bits are below the modulus");
    let addr = begin + 5 * index as u64;
    let parts = usize::try_from(PARTS).expect("sixteen");
    for (position, word) in words.into_iter().enumerate() {
        let addr = addr + position as u64;
        phase.memory.write(&c.words, 4 * index + position, addr, element(word));
        for part in 0..parts {
            let first = (4 * index + position) * parts;
            phase.diluted.write(&c.parts, first + part, diluted_part(&word, part));
        }
    }
    phase.memory.write(&c.x_or_y, index, addr + 4, element(or));
    for (part, slot) in (12..).zip(&c.trimmed) {
        phase.diluted.write(slot, index, diluted_part(&or, part) << trim_shift(part));
    }
}

/// Part `index` of a word: every fourth bit from the part's lowest on.
fn diluted_part(word: &Limbs, index: usize) -> u64 {
    // A part lies within one limb, because groups of four parts cover 64 bits.
    word[index / 4] >> (index % 4) & DILUTED_MASK
}

/// How far a trimmed part is moved: beyond the top of the word by whole steps of the spacing.
fn trim_shift(part: usize) -> u32 {
    let part = u32::try_from(part).expect("below sixteen");
    let excess = part_shift(part) + SPACING * (N_BITS - 1) + 1 - WORD_BITS;
    excess.div_ceil(SPACING) * SPACING
}
