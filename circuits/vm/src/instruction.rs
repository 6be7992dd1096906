//! Decoded instructions, in the terms of the Cairo whitepaper (ePrint 2021/1063, section 4).

use crate::value::Value;

const BIAS: i32 = 1 << 15;

/// Where the second operand comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Source {
    /// A cell relative to the first operand.
    First,
    /// The word after the instruction.
    Immediate,
    /// A cell relative to the frame pointer.
    Fp,
    /// A cell relative to the allocation pointer.
    Ap,
}

/// How the result follows from the operands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ResultLogic {
    Second,
    Sum,
    Product,
}

/// How the program counter moves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum PcUpdate {
    Next,
    Jump,
    JumpRelative,
    JumpIfNotZero,
}

/// How the allocation pointer moves, besides the two cells of a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ApUpdate {
    Keep,
    AddResult,
    AddOne,
}

/// What the instruction asserts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Opcode {
    Nop,
    Call,
    Ret,
    AssertEqual,
}

/// One instruction.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Instruction {
    pub(crate) dst: i32,
    pub(crate) op0: i32,
    pub(crate) op1: i32,
    pub(crate) dst_is_fp: bool,
    pub(crate) op0_is_fp: bool,
    pub(crate) source: Source,
    pub(crate) result: ResultLogic,
    pub(crate) pc_update: PcUpdate,
    pub(crate) ap_update: ApUpdate,
    pub(crate) opcode: Opcode,
}

impl Instruction {
    /// Decodes a word, `None` if it is not an instruction.
    pub(crate) fn decode(word: Value) -> Option<Self> {
        let word = word.to_u64().filter(|word| word >> 63 == 0)?;
        let [dst, op0, op1] = biased_offsets(word).map(|offset| i32::from(offset) - BIAS);
        let flags = word >> 48;
        let bits = |first: u32, count: u32| flags >> first & ((1 << count) - 1);
        Some(Self {
            dst,
            op0,
            op1,
            dst_is_fp: bits(0, 1) == 1,
            op0_is_fp: bits(1, 1) == 1,
            source: pick(bits(2, 3), [Source::First, Source::Immediate, Source::Fp, Source::Ap])?,
            result: match bits(5, 2) {
                0 => ResultLogic::Second,
                1 => ResultLogic::Sum,
                2 => ResultLogic::Product,
                _ => return None,
            },
            pc_update: pick(
                bits(7, 3),
                [PcUpdate::Next, PcUpdate::Jump, PcUpdate::JumpRelative, PcUpdate::JumpIfNotZero],
            )?,
            ap_update: match bits(10, 2) {
                0 => ApUpdate::Keep,
                1 => ApUpdate::AddResult,
                2 => ApUpdate::AddOne,
                _ => return None,
            },
            opcode: pick(
                bits(12, 3),
                [Opcode::Nop, Opcode::Call, Opcode::Ret, Opcode::AssertEqual],
            )?,
        })
    }

    /// Number of cells in the bytecode.
    pub(crate) fn size(&self) -> u32 {
        if self.source == Source::Immediate {
            2
        } else {
            1
        }
    }
}

/// The three 16-bit offsets as the range-check component sees them.
pub(crate) fn biased_offsets(word: u64) -> [u16; 3] {
    [0, 16, 32].map(|shift| u16::try_from(word >> shift & 0xffff).expect("sixteen bits"))
}

/// The choice of a group of flags of which at most one is set.
fn pick<T>(bits: u64, [none, first, second, third]: [T; 4]) -> Option<T> {
    match bits {
        0 => Some(none),
        1 => Some(first),
        2 => Some(second),
        4 => Some(third),
        _ => None,
    }
}
