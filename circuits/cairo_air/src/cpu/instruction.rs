//! Decoding of instructions and the addresses of their operands.

use novation_field::Fe;

use crate::trace::{RegisterState, TraceError};

const HALF_OFFSET: u64 = 1 << 15;
const N_FLAGS: u32 = 15;

/// An instruction word: three biased offsets and fifteen flags.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Instruction {
    pub(crate) word: u64,
    pub(crate) off_dst: u16,
    pub(crate) off_op0: u16,
    pub(crate) off_op1: u16,
    pub(crate) flags: u16,
}

impl Instruction {
    pub(crate) fn decode(value: Fe, pc: u64) -> Result<Self, TraceError> {
        let word = value.to_u64().filter(|word| word >> (48 + N_FLAGS) == 0);
        let word = word.ok_or(TraceError::Instruction { pc, value })?;
        let part = |shift: u32| u16::try_from(word >> shift & 0xffff).expect("sixteen bits");
        let instruction =
            Self { word, off_dst: part(0), off_op0: part(16), off_op1: part(32), flags: part(48) };
        let exclusive = [[2, 3, 4], [5, 6, 9], [7, 8, 9]];
        let is_exclusive =
            |group: [u32; 3]| group.iter().filter(|bit| instruction.flag(**bit)).count() <= 1;
        if exclusive.into_iter().all(is_exclusive) {
            Ok(instruction)
        } else {
            Err(TraceError::Instruction { pc, value })
        }
    }

    pub(crate) fn flag(&self, bit: u32) -> bool {
        self.flags >> bit & 1 == 1
    }

    pub(crate) fn dst_addr(&self, registers: &RegisterState) -> u64 {
        let base = if self.flag(0) { registers.fp } else { registers.ap };
        biased(base, self.off_dst)
    }

    pub(crate) fn op0_addr(&self, registers: &RegisterState) -> u64 {
        let base = if self.flag(1) { registers.fp } else { registers.ap };
        biased(base, self.off_op0)
    }

    /// The address of the second operand, which may be relative to the first.
    pub(crate) fn op1_addr(&self, registers: &RegisterState, op0: Fe) -> Option<u64> {
        let base = if self.flag(2) {
            registers.pc
        } else if self.flag(3) {
            registers.fp
        } else if self.flag(4) {
            registers.ap
        } else {
            op0.to_u64()?
        };
        Some(biased(base, self.off_op1))
    }

    pub(crate) fn res_add(&self) -> bool {
        self.flag(5)
    }

    pub(crate) fn res_mul(&self) -> bool {
        self.flag(6)
    }

    pub(crate) fn jnz(&self) -> bool {
        self.flag(9)
    }
}

fn biased(base: u64, offset: u16) -> u64 {
    base.wrapping_add(u64::from(offset)).wrapping_sub(HALF_OFFSET)
}
