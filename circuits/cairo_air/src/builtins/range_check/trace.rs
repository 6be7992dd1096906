//! Cells of the range-check builtin.

use std::collections::BTreeMap;

use novation_field::Fe;

use super::columns::RangeCheckColumns;
use super::PARTS;
use crate::layout::Builtin;
use crate::memory::MemoryPool;
use crate::public_input::PublicInput;
use crate::trace::FirstPhase;

/// Writes the parts of the values that the run checked.
pub(crate) fn write_range_check_parts(
    phase: &mut FirstPhase,
    c: &RangeCheckColumns,
    values: &BTreeMap<u64, u128>,
) {
    for (&index, &value) in values {
        let first = usize::try_from(index).expect("an instance of the trace") * PARTS;
        for part in 0..PARTS {
            let shift = 16 * (PARTS - 1 - part);
            let value = u16::try_from(value >> shift & 0xffff).expect("sixteen bits");
            phase.range_check16.write(&c.parts, first + part, value);
        }
    }
}

/// Writes the values of all instances, used or not, from the parts that ended up in the pool.
pub(crate) fn write_range_check_memory(
    memory: &mut MemoryPool,
    c: &RangeCheckColumns,
    input: &PublicInput,
    units: &[u16],
) {
    let begin = input.builtin(Builtin::RangeCheck).begin_addr;
    for (index, number) in (0..input.n_instances(Builtin::RangeCheck)).enumerate() {
        let parts = (0..PARTS).map(|part| units[c.parts.unit(index * PARTS + part)]);
        let value = parts.fold(0_u128, |value, part| value << 16 | u128::from(part));
        memory.write(&c.value, index, begin + number, Fe::from_u128(value));
    }
}
