//! Cells of the processor for a run.

use novation_field::Fe;
use rayon::prelude::*;

use super::columns::CpuColumns;
use super::instruction::Instruction;
use crate::trace::{FirstPhase, RegisterState, TraceError, TraceInputs};

/// Steps whose cells are computed before they are written.
const CHUNK: usize = 1 << 14;

/// The cells of one step.
pub(super) struct Step {
    pub(super) registers: RegisterState,
    pub(super) instruction: Instruction,
    pub(super) dst: (u64, Fe),
    pub(super) op0: (u64, Fe),
    pub(super) op1: (u64, Fe),
    ops_mul: Fe,
    pub(super) res: Fe,
    tmp0: Fe,
}

/// Writes the cells of all steps.
pub(crate) fn write_cpu(
    phase: &mut FirstPhase,
    columns: &CpuColumns,
    inputs: &TraceInputs,
) -> Result<(), TraceError> {
    for first in (0..inputs.trace.len()).step_by(CHUNK) {
        let indices = first..inputs.trace.len().min(first + CHUNK);
        // Collected as they are, so that the first wrong step is the one that is named.
        let steps: Vec<Result<Step, _>> =
            indices.into_par_iter().map(|index| Step::new(index, inputs)).collect();
        for (index, step) in (first..).zip(steps) {
            step?.write(phase, columns, index);
        }
    }
    Ok(())
}

impl Step {
    fn new(index: usize, inputs: &TraceInputs) -> Result<Self, TraceError> {
        let registers = inputs.trace[index];
        let pc = registers.pc;
        let read = |address: u64| inputs.read(address, pc).map(|value| (address, value));
        let instruction = Instruction::decode(inputs.read(pc, pc)?, pc)?;
        let dst = read(instruction.dst_addr(&registers))?;
        let op0 = read(instruction.op0_addr(&registers))?;
        let op1_addr = instruction.op1_addr(&registers, op0.1);
        let op1 = read(op1_addr.ok_or(TraceError::NotAnAddress { pc, value: op0.1 })?)?;
        let ops_mul = op0.1 * op1.1;
        let res = if instruction.res_add() {
            op0.1 + op1.1
        } else if instruction.res_mul() {
            ops_mul
        } else if instruction.jnz() {
            dst.1.inverse().unwrap_or(Fe::ZERO)
        } else {
            op1.1
        };
        let tmp0 = if instruction.jnz() { dst.1 } else { Fe::ZERO };
        let step = Self { registers, instruction, dst, op0, op1, ops_mul, res, tmp0 };
        step.check(index, &inputs.trace)?;
        Ok(step)
    }

    fn write(&self, phase: &mut FirstPhase, c: &CpuColumns, index: usize) {
        let Instruction { word, off_dst, off_op0, off_op1, flags } = self.instruction;
        let address = |register: u64| Fe::from_u64(register);
        phase.memory.write(&c.instruction, index, self.registers.pc, Fe::from_u64(word));
        phase.memory.write(&c.dst, index, self.dst.0, self.dst.1);
        phase.memory.write(&c.op0, index, self.op0.0, self.op0.1);
        phase.memory.write(&c.op1, index, self.op1.0, self.op1.1);
        phase.range_check16.write(&c.off_dst, index, off_dst);
        phase.range_check16.write(&c.off_op0, index, off_op0);
        phase.range_check16.write(&c.off_op1, index, off_op1);
        for bit in 0..16 {
            let shifted = Fe::from_u64(u64::from(flags >> bit));
            phase.columns.set(&c.flags, 16 * index + bit, shifted);
        }
        phase.columns.set(&c.ap, index, address(self.registers.ap));
        phase.columns.set(&c.fp, index, address(self.registers.fp));
        phase.columns.set(&c.ops_mul, index, self.ops_mul);
        phase.columns.set(&c.res, index, self.res);
        phase.columns.set(&c.tmp0, index, self.tmp0);
        phase.columns.set(&c.tmp1, index, self.tmp0 * self.res);
    }
}
