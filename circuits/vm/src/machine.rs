//! Registers, memory and the loop over instructions.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::Arc;

use novation_cairo_air::RegisterState;

use crate::builtins::SignedMessage;
use crate::code::CodePlaces;
use crate::error::{shown, Fault, RunError};
use crate::hints::{Records, Scope};
use crate::instruction::{ApUpdate, Instruction, Opcode, PcUpdate};
use crate::memory::Memory;
use crate::program::{Hint, Permutation, Program};
use crate::run::Run;
use crate::tape::{Argument, Tape, Witness};
use crate::value::Value;

// Segments in the order of the public input; what hints add follows.
pub(crate) const PROGRAM: u32 = 0;
pub(crate) const EXECUTION: u32 = 1;
pub(crate) const OUTPUT: u32 = 2;
pub(crate) const RANGE_CHECK: u32 = 4;
pub(crate) const ECDSA: u32 = 5;
pub(crate) const POSEIDON: u32 = 9;
pub(crate) const N_FIXED_SEGMENTS: u32 = 13;
/// cairo-lang gives the (unused) modular builtins four cells of zeros.
pub(crate) const ZEROS: u32 = 13;
const N_ZEROS: u32 = 4;
/// Address of the program's first word.
pub(crate) const PROGRAM_BASE: u64 = 1;

/// Steps between two questions whether to stop.
const STEPS_PER_CHECK: usize = 1 << 16;
/// Steps between two handouts of signatures.
const STEPS_PER_HANDOUT: usize = 1 << 12;
/// Cells per permitted step: the layout has eight memory units for each.
const CELLS_PER_STEP: usize = 8;

/// What arithmetic may do with pointers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Pointers {
    /// Move them, and take differences in one segment: everything else is an error, so that the
    /// memory can be placed anywhere afterwards.
    #[default]
    Typed,
    /// Anything: pointers are numbers where no other sense fits, as they are for a dishonest
    /// prover. Such a run cannot be placed in one address space.
    Flat,
}

/// A hint that is about to run.
#[derive(Clone)]
pub struct HintCall {
    program: Arc<Program>,
    index: usize,
    pc: usize,
}

impl HintCall {
    /// Text of the hint.
    pub fn text(&self) -> &str {
        &self.hint().text
    }

    /// Where its instruction comes from, `file:line`.
    pub fn place(&self) -> String {
        self.program.place(self.pc)
    }

    fn hint(&self) -> &Hint {
        &self.program.hints[self.index]
    }
}

/// Runs in place of a hint; it may call [`Machine::run_hint`].
pub type Override<'a> = dyn FnMut(&mut Machine, &HintCall) -> Result<(), Fault> + 'a;

/// How a program is run.
pub struct RunOptions<'a> {
    /// Limit of steps.
    pub step_limit: usize,
    /// What arithmetic may do with pointers.
    pub pointers: Pointers,
    /// Whether to stop; asked now and then.
    pub interrupted: &'a mut dyn FnMut() -> bool,
    /// Runs in place of every hint, for tests of soundness.
    pub override_hint: Option<&'a mut Override<'a>>,
}

/// The state of a run.
#[derive(Debug, Default)]
pub struct Machine {
    pub(crate) memory: Memory,
    /// Position in the program's code; where it is in memory, `code` knows.
    pub(crate) pc: u32,
    pub(crate) code: CodePlaces,
    pub(crate) ap: u32,
    pub(crate) fp: u32,
    pub(crate) pointers: Pointers,
    pub(crate) trace: Vec<RegisterState>,
    pub(crate) tape: Tape,
    pub(crate) records: Records,
    pub(crate) scopes: Vec<Scope>,
    /// Signatures by the offset of their instance: r, and s in canonical limbs.
    pub(crate) signatures: BTreeMap<u32, (Value, [u64; 4])>,
    /// Where the signatures begin that were not yet handed out for verification.
    pub(crate) handed_out: u32,
    /// The first of those handed out that is invalid, the largest offset if none is.
    pub(crate) first_invalid: u32,
    /// Outputs of Poseidon instances that were read; only what is read becomes a cell.
    pub(crate) permuted: Vec<Option<[Value; 3]>>,
    /// Permutations of an earlier run; an instance with the same inputs has the same outputs.
    pub(crate) known_permutations: Arc<[Permutation]>,
    /// The registers at the end loop, which never change again.
    pub(crate) final_registers: RegisterState,
    /// What the loader will place in memory.
    pub(crate) to_load: Vec<Value>,
}

impl Machine {
    pub(crate) fn execute(
        program: &Arc<Program>,
        witness: Witness,
        mut options: RunOptions<'_>,
    ) -> Result<Run, RunError> {
        let fail = |pc, fault| RunError { pc, place: program.place(pc), hint: None, fault };
        let mut machine = Self::new(program, witness, &options)
            .map_err(|fault| fail(program.start as usize, fault))?;
        // Signatures are half of a run's work: other threads verify them as they come.
        let first_invalid = AtomicU32::new(u32::MAX);
        rayon::in_place_scope(|scope| {
            machine.run_to_end(program, &mut options, &|signed: SignedMessage| {
                let first_invalid = &first_invalid;
                scope.spawn(move |_| {
                    if !signed.is_valid() {
                        first_invalid.fetch_min(signed.offset, Ordering::Relaxed);
                    }
                });
            })
        })?;
        machine.first_invalid = first_invalid.into_inner();
        machine.check_builtins(program).map_err(|fault| fail(program.end as usize, fault))?;
        program.keep_permutations(&machine);
        Ok(Run::new(Arc::clone(program), machine))
    }

    fn new(program: &Program, witness: Witness, options: &RunOptions<'_>) -> Result<Self, Fault> {
        let n_words = program.words.len();
        let mut machine = Self {
            memory: Memory::new(2 * n_words + options.step_limit.saturating_mul(CELLS_PER_STEP)),
            pc: program.start,
            code: program.places_of_code(),
            ap: 2,
            fp: 2,
            pointers: options.pointers,
            trace: Vec::new(),
            tape: Tape::new(witness.tape),
            records: Records::default(),
            scopes: vec![Scope::default()],
            signatures: BTreeMap::new(),
            handed_out: 0,
            first_invalid: u32::MAX,
            permuted: Vec::new(),
            known_permutations: program.known_permutations(),
            final_registers: RegisterState::default(),
            to_load: program.loaded_words().to_vec(),
        };
        for _ in 0..=N_FIXED_SEGMENTS {
            machine.memory.add_segment()?;
        }
        for offset in 0..N_ZEROS {
            machine.memory.fill(ZEROS, offset, Value::ZERO)?;
        }
        for (offset, word) in (0..).zip(program.main_words()) {
            machine.memory.fill(PROGRAM, offset, *word)?;
        }
        let bases = program.builtins.iter().map(|segment| Value::pointer(*segment, 0));
        let stack = [Value::pointer(EXECUTION, machine.fp), Value::ZERO].into_iter().chain(bases);
        for (offset, value) in (0..).zip(stack) {
            machine.memory.fill(EXECUTION, offset, value)?;
        }
        machine.records =
            machine.place_records(witness.accounts, witness.orders, witness.markets)?;
        Ok(machine)
    }

    fn run_to_end(
        &mut self,
        program: &Arc<Program>,
        options: &mut RunOptions<'_>,
        verify_elsewhere: &dyn Fn(SignedMessage),
    ) -> Result<(), RunError> {
        let limit = options.step_limit;
        while self.pc != program.end {
            let steps = self.trace.len();
            let pc = self.pc as usize;
            let fail = |fault| RunError { pc, place: program.place(pc), hint: None, fault };
            if steps.is_multiple_of(STEPS_PER_CHECK) && (options.interrupted)() {
                return Err(fail(Fault::Interrupted));
            }
            if steps.is_multiple_of(STEPS_PER_HANDOUT) {
                self.new_signatures().into_iter().for_each(verify_elsewhere);
            }
            if steps >= limit {
                return Err(fail(Fault::StepLimit { limit }));
            }
            let instruction = program.instructions.get(pc).copied().flatten();
            let instruction = instruction.ok_or_else(|| fail(Fault::Instruction))?;
            for index in program.hint_ranges[pc].clone() {
                self.call_hint(program, index as usize, options)?;
            }
            self.trace.push(self.registers());
            self.step(&instruction).map_err(fail)?;
        }
        self.final_registers = self.registers();
        Ok(())
    }

    fn call_hint(
        &mut self,
        program: &Arc<Program>,
        index: usize,
        options: &mut RunOptions<'_>,
    ) -> Result<(), RunError> {
        let hint = &program.hints[index];
        let result = match &mut options.override_hint {
            None => (hint.function)(self, &hint.operands),
            Some(replacement) => {
                let pc = self.pc as usize;
                replacement(self, &HintCall { program: Arc::clone(program), index, pc })
            }
        };
        result.map_err(|fault| {
            let pc = self.pc as usize;
            RunError { pc, place: program.place(pc), hint: Some(hint.text.clone()), fault }
        })
    }

    /// Runs what a hint stands for.
    ///
    /// # Errors
    /// [`Fault`] if the hint fails.
    pub fn run_hint(&mut self, call: &HintCall) -> Result<(), Fault> {
        let hint = call.hint();
        (hint.function)(self, &hint.operands)
    }

    /// The value of `ids.name` in a hint, `None` if the hint's function does not use the name.
    ///
    /// # Errors
    /// [`Fault`] if a cell on the way is unknown.
    pub fn operand(&mut self, call: &HintCall, name: &str) -> Result<Option<Value>, Fault> {
        call.hint().operand(name).map(|expression| expression.value(self)).transpose()
    }

    /// The address of the cell of `ids.name`, `None` if the hint's function does not use the name.
    ///
    /// # Errors
    /// [`Fault`] if the name stands for no cell.
    pub fn operand_address(&mut self, call: &HintCall, name: &str) -> Result<Option<Value>, Fault> {
        call.hint().operand(name).map(|expression| expression.address(self)).transpose()
    }

    /// Where the next cell of the stack is.
    pub fn allocation_pointer(&self) -> Value {
        Value::pointer(EXECUTION, self.ap)
    }

    /// Where the frame of the running function begins.
    pub fn frame_base(&self) -> Value {
        Value::pointer(EXECUTION, self.fp)
    }

    /// The registers as the trace has them.
    pub(crate) fn registers(&self) -> RegisterState {
        RegisterState {
            ap: self.code.execution_base + u64::from(self.ap),
            fp: self.code.execution_base + u64::from(self.fp),
            pc: self.code.address(self.pc),
        }
    }

    fn step(&mut self, instruction: &Instruction) -> Result<(), Fault> {
        let mut ap = self.ap;
        match instruction.opcode {
            Opcode::AssertEqual => {
                let result = self.assert_equal(instruction)?;
                self.pc = self.next_pc(instruction, result)?;
                ap = self.moved_ap(instruction, result)?;
            }
            Opcode::Nop => {
                let result = self.operands_result(instruction)?;
                self.pc = self.next_pc(instruction, result)?;
                ap = self.moved_ap(instruction, result)?;
            }
            Opcode::Call => {
                let return_pc = self.pc + instruction.size();
                self.assign(EXECUTION, ap, Value::pointer(EXECUTION, self.fp))?;
                self.assign(EXECUTION, ap + 1, self.code.pointer(return_pc))?;
                let target = self.operands_result(instruction)?;
                self.pc = self.next_pc(instruction, target)?;
                ap += 2;
                self.fp = ap;
            }
            Opcode::Ret => {
                let frame = |below: u32| self.fp.checked_sub(below).ok_or(Fault::Undetermined);
                let (caller_at, return_at) = (frame(2)?, frame(1)?);
                let caller = self.read(EXECUTION, caller_at)?;
                let target = self.read(EXECUTION, return_at)?;
                self.fp = self.frame_register("fp", caller)?;
                self.pc = self.code_position(target)?;
            }
        }
        self.ap = ap;
        Ok(())
    }

    fn next_pc(&mut self, instruction: &Instruction, result: Value) -> Result<u32, Fault> {
        let following = self.pc + instruction.size();
        match instruction.pc_update {
            PcUpdate::Next => Ok(following),
            PcUpdate::Jump => self.code_position(result),
            PcUpdate::JumpRelative => self.moved_position(result),
            PcUpdate::JumpIfNotZero => {
                let address = self.frame_offset(instruction.dst_is_fp, instruction.dst)?;
                if self.read(EXECUTION, address)? == Value::ZERO {
                    return Ok(following);
                }
                self.moved_position(result)
            }
        }
    }

    /// The position in the code of what must be a pointer to it.
    fn code_position(&self, value: Value) -> Result<u32, Fault> {
        let (segment, offset) = self.located(value).map_err(|_| outside_code(value))?;
        self.code.position(segment, offset).ok_or_else(|| outside_code(value))
    }

    fn moved_position(&self, by: Value) -> Result<u32, Fault> {
        let target = self.code.pointer(self.pc).plus(by).ok_or_else(|| outside_code(by))?;
        self.code_position(target)
    }

    fn moved_ap(&self, instruction: &Instruction, result: Value) -> Result<u32, Fault> {
        match instruction.ap_update {
            ApUpdate::Keep => Ok(self.ap),
            ApUpdate::AddOne => Ok(self.ap + 1),
            ApUpdate::AddResult => {
                let moved = Value::pointer(EXECUTION, self.ap).plus(result);
                let fault = || Fault::Register { register: "ap", value: shown(result) };
                self.frame_register("ap", moved.ok_or_else(fault)?)
            }
        }
    }

    /// The offset of what must be a pointer into the stack.
    fn frame_register(&self, register: &'static str, value: Value) -> Result<u32, Fault> {
        match self.located(value) {
            // Registers stay far from the end of offsets, so that small changes cannot overflow.
            Ok((EXECUTION, offset)) if offset < 1 << 31 => Ok(offset),
            _ => Err(Fault::Register { register, value: shown(value) }),
        }
    }

    /// Places an argument in memory and returns what stands for it: a list becomes a segment.
    pub(crate) fn place_argument(&mut self, argument: &Argument) -> Result<Value, Fault> {
        match argument {
            Argument::Number(value) => Ok(*value),
            Argument::List(items) => {
                let segment = self.memory.add_segment()?;
                self.place_items(segment, 0, items)?;
                Ok(Value::pointer(segment, 0))
            }
        }
    }

    /// Places arguments in consecutive cells.
    pub(crate) fn place_items(
        &mut self,
        segment: u32,
        first: u32,
        items: &[Argument],
    ) -> Result<(), Fault> {
        for (index, item) in (0..).zip(items) {
            let value = self.place_argument(item)?;
            let offset = first.checked_add(index).ok_or(Fault::MemoryLimit { limit: 1 << 32 })?;
            self.assign(segment, offset, value)?;
        }
        Ok(())
    }
}

fn outside_code(value: Value) -> Fault {
    Fault::Register { register: "pc", value: shown(value) }
}
