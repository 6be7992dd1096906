//! Cells that instructions and hints read, write and deduce.

use std::sync::Arc;

use novation_crypto::hades_permutation;

use crate::error::{shown, Fault};
use crate::instruction::{Instruction, ResultLogic, Source};
use crate::machine::{Machine, Pointers, EXECUTION, POSEIDON};
use crate::program::Permutation;
use crate::value::Value;

pub(crate) const POSEIDON_CELLS: u32 = 6;
pub(crate) const POSEIDON_INPUTS: u32 = 3;

/// A cell of an operand, and what it holds.
struct Operand {
    segment: u32,
    offset: u32,
    value: Option<Value>,
}

impl Machine {
    /// Proves an assertion, finding the one cell that may be unknown; returns the result.
    pub(crate) fn assert_equal(&mut self, instruction: &Instruction) -> Result<Value, Fault> {
        let dst_offset = self.frame_offset(instruction.dst_is_fp, instruction.dst)?;
        let dst = self.memory.cell(EXECUTION, dst_offset).known();
        if instruction.result != ResultLogic::Second {
            return self.assert_operation(instruction, dst_offset, dst);
        }
        let second = self.second(instruction)?;
        match (dst, second.value) {
            (None, Some(value)) => self.memory.fill(EXECUTION, dst_offset, value).map(|()| value),
            (Some(value), Some(other)) => self.check_equal(value, other).map(|()| value),
            (Some(value), None) => {
                self.memory.fill(second.segment, second.offset, value).map(|()| value)
            }
            (None, None) => Err(Fault::Undetermined),
        }
    }

    fn assert_operation(
        &mut self,
        instruction: &Instruction,
        dst_offset: u32,
        dst: Option<Value>,
    ) -> Result<Value, Fault> {
        let first = self.first(instruction)?;
        let second = self.second(instruction)?;
        let logic = instruction.result;
        match (dst, first.value, second.value) {
            (dst, Some(a), Some(b)) => {
                let result = self.operation(logic, a, b)?;
                match dst {
                    None => self.memory.fill(EXECUTION, dst_offset, result)?,
                    Some(value) => self.check_equal(value, result)?,
                }
                Ok(result)
            }
            (Some(value), Some(known), None) => {
                let missing = self.inverse_operation(logic, value, known)?;
                self.memory.fill(second.segment, second.offset, missing)?;
                Ok(value)
            }
            (Some(value), None, Some(known)) => {
                let missing = self.inverse_operation(logic, value, known)?;
                self.memory.fill(first.segment, first.offset, missing)?;
                Ok(value)
            }
            _ => Err(Fault::Undetermined),
        }
    }

    /// The result of an instruction whose operands must be known.
    pub(crate) fn operands_result(&mut self, instruction: &Instruction) -> Result<Value, Fault> {
        let second = self.second(instruction)?;
        let unknown = Fault::Unknown { segment: second.segment, offset: second.offset };
        let second = second.value.ok_or(unknown)?;
        if instruction.result == ResultLogic::Second {
            return Ok(second);
        }
        let first = self.first(instruction)?;
        let unknown = Fault::Unknown { segment: first.segment, offset: first.offset };
        self.operation(instruction.result, first.value.ok_or(unknown)?, second)
    }

    fn first(&mut self, instruction: &Instruction) -> Result<Operand, Fault> {
        let offset = self.frame_offset(instruction.op0_is_fp, instruction.op0)?;
        let value = self.memory.cell(EXECUTION, offset).known();
        Ok(Operand { segment: EXECUTION, offset, value })
    }

    fn second(&mut self, instruction: &Instruction) -> Result<Operand, Fault> {
        let (segment, offset) = match instruction.source {
            Source::Immediate => self.code.cell(self.pc + 1),
            Source::Fp => (EXECUTION, self.frame_offset(true, instruction.op1)?),
            Source::Ap => (EXECUTION, self.frame_offset(false, instruction.op1)?),
            Source::First => {
                let first = self.frame_offset(instruction.op0_is_fp, instruction.op0)?;
                let pointer = self.read(EXECUTION, first)?;
                let moved = self.plus(pointer, Value::from_i64(i64::from(instruction.op1)))?;
                self.located(moved)?
            }
        };
        let value = self.peek(segment, offset)?;
        Ok(Operand { segment, offset, value })
    }

    fn operation(&self, logic: ResultLogic, a: Value, b: Value) -> Result<Value, Fault> {
        match logic {
            ResultLogic::Second => Ok(b),
            ResultLogic::Sum => self.plus(a, b),
            ResultLogic::Product => self.times(a, b),
        }
    }

    /// The operand that gives a result together with a known one.
    fn inverse_operation(
        &self,
        logic: ResultLogic,
        result: Value,
        known: Value,
    ) -> Result<Value, Fault> {
        match logic {
            ResultLogic::Product if known == Value::ZERO => Err(Fault::Division),
            ResultLogic::Product => {
                let (a, b) = (self.number(result)?, self.number(known)?);
                a.over(b).ok_or(Fault::Division)
            }
            _ => self.minus(result, known),
        }
    }

    /// The offset of a cell relative to a register.
    #[inline]
    pub(crate) fn frame_offset(&self, is_fp: bool, by: i32) -> Result<u32, Fault> {
        let (name, register) = if is_fp { ("fp", self.fp) } else { ("ap", self.ap) };
        register.checked_add_signed(by).ok_or_else(|| Fault::NotAnAddress(format!("{name}{by:+}")))
    }

    /// The same as a pointer.
    pub(crate) fn frame_pointer(&self, is_fp: bool, by: i32) -> Result<Value, Fault> {
        Ok(Value::pointer(EXECUTION, self.frame_offset(is_fp, by)?))
    }

    /// The value of a cell; that of a Poseidon output is computed.
    #[inline]
    pub(crate) fn peek(&mut self, segment: u32, offset: u32) -> Result<Option<Value>, Fault> {
        let cell = self.memory.cell(segment, offset);
        if cell.is_unknown() && segment == POSEIDON {
            return self.poseidon_output(offset);
        }
        Ok(cell.known())
    }

    /// The value of a cell that must be known.
    pub(crate) fn read(&mut self, segment: u32, offset: u32) -> Result<Value, Fault> {
        self.peek(segment, offset)?.ok_or(Fault::Unknown { segment, offset })
    }

    /// The value at an address.
    ///
    /// # Errors
    /// [`Fault`] if it is not an address or the cell has no value.
    pub fn load(&mut self, address: Value) -> Result<Value, Fault> {
        let (segment, offset) = self.located(address)?;
        self.read(segment, offset)
    }

    /// Gives the cell at an address a value.
    ///
    /// # Errors
    /// [`Fault`] if it is not an address or the cell has another value.
    pub fn store(&mut self, address: Value, value: Value) -> Result<(), Fault> {
        let (segment, offset) = self.located(address)?;
        self.assign(segment, offset, value)
    }

    pub(crate) fn assign(&mut self, segment: u32, offset: u32, value: Value) -> Result<(), Fault> {
        match self.memory.cell(segment, offset).known() {
            None => self.memory.fill(segment, offset, value),
            Some(actual) if self.equal(actual, value) => Ok(()),
            Some(actual) => Err(Fault::Conflict {
                segment,
                offset,
                actual: shown(actual),
                expected: shown(value),
            }),
        }
    }

    fn poseidon_output(&mut self, offset: u32) -> Result<Option<Value>, Fault> {
        let Some(output) = (offset % POSEIDON_CELLS).checked_sub(POSEIDON_INPUTS) else {
            return Ok(None);
        };
        let instance = offset / POSEIDON_CELLS;
        let Some(outputs) = self.permutation(instance)? else {
            return Ok(None);
        };
        let value = outputs[output as usize];
        self.memory.fill(POSEIDON, offset, value)?;
        Ok(Some(value))
    }

    /// The outputs of an instance, `None` if an input is unknown.
    pub(crate) fn permutation(&mut self, instance: u32) -> Result<Option<[Value; 3]>, Fault> {
        let position = instance as usize;
        if let Some(Some(outputs)) = self.permuted.get(position) {
            return Ok(Some(*outputs));
        }
        let mut inputs = [Value::ZERO; 3];
        for (input, offset) in inputs.iter_mut().zip(instance * POSEIDON_CELLS..) {
            let Some(value) = self.memory.cell(POSEIDON, offset).known() else {
                return Ok(None);
            };
            *input = self.number(value)?;
        }
        let known = self.known_permutations.get(position);
        let outputs = if let Some([_, outputs]) = known.filter(|[known, _]| *known == inputs) {
            *outputs
        } else {
            let [a, b, c] = inputs.map(Value::to_fe);
            let (Some(a), Some(b), Some(c)) = (a, b, c) else { return Ok(None) };
            hades_permutation([a, b, c]).map(Value::from_fe)
        };
        if self.permuted.len() <= position {
            self.permuted.resize(position + 1, None);
        }
        self.permuted[position] = Some(outputs);
        Ok(Some(outputs))
    }

    /// The first instances of a finished run, as far as they have inputs and outputs.
    pub(crate) fn first_permutations(&self, count: usize) -> Arc<[Permutation]> {
        let instance = |(first, outputs): (u32, &Option<[Value; 3]>)| {
            let inputs = [first, first + 1, first + 2];
            let inputs = inputs.map(|offset| self.memory.cell(POSEIDON, offset));
            Some([inputs, (*outputs)?])
        };
        let firsts = (0..).step_by(POSEIDON_CELLS as usize);
        firsts.zip(self.permuted.iter().take(count)).map_while(instance).collect()
    }

    fn check_equal(&self, left: Value, right: Value) -> Result<(), Fault> {
        if self.equal(left, right) {
            return Ok(());
        }
        Err(Fault::Assertion { left: shown(left), right: shown(right) })
    }

    fn equal(&self, a: Value, b: Value) -> bool {
        a == b || (self.is_flat() && a.flattened() == b.flattened())
    }

    fn is_flat(&self) -> bool {
        self.pointers == Pointers::Flat
    }

    /// Segment and offset of an address.
    pub(crate) fn located(&self, value: Value) -> Result<(u32, u32), Fault> {
        let flat = || if self.is_flat() { value.unflattened() } else { None };
        value.as_pointer().or_else(flat).ok_or_else(|| Fault::NotAnAddress(shown(value)))
    }

    /// What must be a number.
    pub(crate) fn number(&self, value: Value) -> Result<Value, Fault> {
        match value.as_pointer() {
            None => Ok(value),
            Some(_) if self.is_flat() => Ok(value.flattened()),
            Some(_) => Err(Fault::Arithmetic(format!("{} is not a number", shown(value)))),
        }
    }

    /// Adds in the field, or moves a pointer.
    pub(crate) fn plus(&self, a: Value, b: Value) -> Result<Value, Fault> {
        let flat = || if self.is_flat() { a.flattened().plus(b.flattened()) } else { None };
        a.plus(b).or_else(flat).ok_or_else(|| Fault::arithmetic("+", a, b))
    }

    /// Subtracts in the field, moves a pointer, or measures between two.
    pub(crate) fn minus(&self, a: Value, b: Value) -> Result<Value, Fault> {
        let flat = || if self.is_flat() { a.flattened().minus(b.flattened()) } else { None };
        a.minus(b).or_else(flat).ok_or_else(|| Fault::arithmetic("-", a, b))
    }

    /// Multiplies in the field.
    pub(crate) fn times(&self, a: Value, b: Value) -> Result<Value, Fault> {
        let flat = || if self.is_flat() { a.flattened().times(b.flattened()) } else { None };
        a.times(b).or_else(flat).ok_or_else(|| Fault::arithmetic("*", a, b))
    }
}
