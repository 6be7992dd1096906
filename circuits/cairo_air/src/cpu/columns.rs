//! Cells of one Cairo step.

use crate::layout::{Layout, MemorySlot, UnitSlot, VirtualColumn};

/// Columns of the processor.
pub(crate) struct CpuColumns {
    /// Sixteen cells per step: cell i is the flag word shifted right by i bits.
    pub(crate) flags: VirtualColumn,
    /// Allocation pointer.
    pub(crate) ap: VirtualColumn,
    /// Frame pointer.
    pub(crate) fp: VirtualColumn,
    /// `op0 * op1`.
    pub(crate) ops_mul: VirtualColumn,
    /// The result; the inverse of dst in a conditional jump that is taken.
    pub(crate) res: VirtualColumn,
    /// `jnz * dst`.
    pub(crate) tmp0: VirtualColumn,
    /// `tmp0 * res`: whether a conditional jump is taken.
    pub(crate) tmp1: VirtualColumn,
    /// The instruction at pc.
    pub(crate) instruction: MemorySlot,
    /// Destination operand.
    pub(crate) dst: MemorySlot,
    /// First operand.
    pub(crate) op0: MemorySlot,
    /// Second operand.
    pub(crate) op1: MemorySlot,
    /// Offset of the destination, biased by 2^15.
    pub(crate) off_dst: UnitSlot,
    /// Offset of the first operand, biased by 2^15.
    pub(crate) off_op0: UnitSlot,
    /// Offset of the second operand, biased by 2^15.
    pub(crate) off_op1: UnitSlot,
    /// Rows of one step.
    pub(crate) period: u64,
    /// Rows of one cell of the flags column.
    pub(crate) flag_period: u64,
}

impl CpuColumns {
    pub(crate) fn new(layout: &Layout) -> Self {
        Self {
            flags: layout.column("cpu__decode__opcode_range_check__column"),
            ap: layout.column("cpu__registers__ap"),
            fp: layout.column("cpu__registers__fp"),
            ops_mul: layout.column("cpu__operands__ops_mul"),
            res: layout.column("cpu__operands__res"),
            tmp0: layout.column("cpu__update_registers__update_pc__tmp0"),
            tmp1: layout.column("cpu__update_registers__update_pc__tmp1"),
            instruction: layout.memory_slot("cpu__decode__mem_inst"),
            dst: layout.memory_slot("cpu__operands__mem_dst"),
            op0: layout.memory_slot("cpu__operands__mem_op0"),
            op1: layout.memory_slot("cpu__operands__mem_op1"),
            off_dst: layout.range_check_slot("cpu__decode__off0"),
            off_op0: layout.range_check_slot("cpu__decode__off1"),
            off_op1: layout.range_check_slot("cpu__decode__off2"),
            period: layout.params().rows_per_step(),
            flag_period: layout.params().get("cpu_component_step"),
        }
    }
}
