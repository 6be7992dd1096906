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
        if instruction.is_valid() {
            Ok(instruction)
        } else {
            Err(TraceError::Instruction { pc, value })
        }
    }

    /// Whether the flags and offsets are those of an instruction that the constraints allow.
    fn is_valid(&self) -> bool {
        let exclusive: [&[u32]; 4] = [&[2, 3, 4], &[5, 6, 9], &[7, 8, 9], &[12, 13]];
        let is_exclusive = |group: &[u32]| group.iter().filter(|bit| self.flag(**bit)).count() <= 1;
        let offsets = [self.off_dst, self.off_op0, self.off_op1].map(u64::from);
        let [dst, op0, op1] = offsets;
        let call = dst == HALF_OFFSET && op0 == HALF_OFFSET + 1 && !self.flag(0) && !self.flag(1);
        let ret_offsets = dst + 2 == HALF_OFFSET && op1 + 1 == HALF_OFFSET;
        let res_op1 = ![5, 6, 9].into_iter().any(|bit| self.flag(bit));
        let ret = ret_offsets && self.flag(7) && self.flag(0) && self.flag(3) && res_op1;
        exclusive.into_iter().all(is_exclusive) && (!self.call() || call) && (!self.ret() || ret)
    }

    /// Cells that the instruction takes in the program.
    pub(crate) fn size(&self) -> u64 {
        1 + u64::from(self.flag(2))
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

    pub(crate) fn jump_abs(&self) -> bool {
        self.flag(7)
    }

    pub(crate) fn jump_rel(&self) -> bool {
        self.flag(8)
    }

    pub(crate) fn jnz(&self) -> bool {
        self.flag(9)
    }

    pub(crate) fn ap_add(&self) -> bool {
        self.flag(10)
    }

    pub(crate) fn ap_add1(&self) -> bool {
        self.flag(11)
    }

    pub(crate) fn call(&self) -> bool {
        self.flag(12)
    }

    pub(crate) fn ret(&self) -> bool {
        self.flag(13)
    }

    pub(crate) fn assert_eq(&self) -> bool {
        self.flag(14)
    }
}

fn biased(base: u64, offset: u16) -> u64 {
    base.wrapping_add(u64::from(offset)).wrapping_sub(HALF_OFFSET)
}
