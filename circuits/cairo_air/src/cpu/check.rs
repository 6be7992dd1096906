//! What the constraints on a step say, in time: a run that breaks one is refused before its trace is
//! committed, with the step and the values.

use novation_field::Fe;

use super::trace::Step;
use crate::public_input::PublicInput;
use crate::trace::{RegisterState, TraceError};

/// Checks the first and the last registers of a run against its statement.
pub(crate) fn check_boundary(
    input: &PublicInput,
    trace: &[RegisterState],
) -> Result<(), TraceError> {
    let (program, execution) = (input.program(), input.execution());
    let first = [program.begin_addr, execution.begin_addr, execution.begin_addr];
    let last = [program.stop_ptr, execution.stop_ptr, execution.begin_addr];
    check_registers(0, trace, first.map(Fe::from_u64))?;
    check_registers(trace.len() - 1, trace, last.map(Fe::from_u64))
}

impl Step {
    /// Checks what the instruction asserts, and the registers after step number `index`.
    pub(super) fn check(&self, index: usize, trace: &[RegisterState]) -> Result<(), TraceError> {
        let pc = self.registers.pc;
        let [following, ap, fp] =
            [pc + self.instruction.size(), self.registers.ap, self.registers.fp].map(Fe::from_u64);
        if self.instruction.assert_eq() && self.dst.1 != self.res {
            return Err(TraceError::AssertEq { pc, left: self.dst.1, right: self.res });
        }
        if self.instruction.call() && (self.dst.1 != fp || self.op0.1 != following) {
            return Err(TraceError::Call { pc });
        }
        if index + 1 == trace.len() {
            return Ok(());
        }
        check_registers(
            index + 1,
            trace,
            [self.next_pc(following), self.next_ap(ap), self.next_fp(fp)],
        )
    }

    fn next_pc(&self, following: Fe) -> Fe {
        let pc = Fe::from_u64(self.registers.pc);
        if self.instruction.jump_abs() {
            self.res
        } else if self.instruction.jump_rel() {
            pc + self.res
        } else if self.instruction.jnz() && self.dst.1 != Fe::ZERO {
            pc + self.op1.1
        } else {
            following
        }
    }

    fn next_ap(&self, ap: Fe) -> Fe {
        let added = if self.instruction.ap_add() { self.res } else { Fe::ZERO };
        let pushed = u64::from(self.instruction.ap_add1()) + 2 * u64::from(self.instruction.call());
        ap + added + Fe::from_u64(pushed)
    }

    fn next_fp(&self, fp: Fe) -> Fe {
        if self.instruction.call() {
            Fe::from_u64(self.registers.ap) + Fe::from_u64(2)
        } else if self.instruction.ret() {
            self.dst.1
        } else {
            fp
        }
    }
}

/// Checks pc, ap and fp before a step.
fn check_registers(
    step: usize,
    trace: &[RegisterState],
    expected: [Fe; 3],
) -> Result<(), TraceError> {
    let RegisterState { ap, fp, pc } = trace[step];
    for ((register, actual), expected) in
        [("pc", pc), ("ap", ap), ("fp", fp)].into_iter().zip(expected)
    {
        if Fe::from_u64(actual) != expected {
            return Err(TraceError::Registers { step, register, actual, expected });
        }
    }
    Ok(())
}
