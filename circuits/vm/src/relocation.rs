//! Placing the segments of a run in one address space, as the prover wants them.

use novation_cairo_air::layout::Builtin;
use novation_cairo_air::{
    BuiltinInputs, PublicCell, PublicInput, PublicInputParts, Segment, SignatureInput, TraceInputs,
    SEGMENT_NAMES,
};
use novation_crypto::ecdsa::inverse_mod_order;
use novation_field::Fe;

use crate::builtins::ECDSA_CELLS;
use crate::error::PlacementError;
use crate::instruction::biased_offsets;
use crate::machine::{
    Pointers, ECDSA, EXECUTION, OUTPUT, POSEIDON, PROGRAM, PROGRAM_BASE, RANGE_CHECK, ZEROS,
};
use crate::operands::{POSEIDON_CELLS, POSEIDON_INPUTS};
use crate::run::Run;
use crate::usage::{allocated_instances, Usage, LAYOUT};
use crate::value::Value;

const PART_BITS: u32 = 16;
/// Segments before those of the builtins with instances: program, execution, output.
const FIRST_BUILTIN: u32 = 3;

/// A run on final addresses, padded to a power of two of steps.
#[derive(Debug, Clone)]
pub struct ProvableRun {
    /// The statement.
    pub public_input: PublicInput,
    /// What the trace is made from.
    pub inputs: TraceInputs,
    /// Address of the zeros that belong to the modular builtins.
    pub zeros_address: u64,
}

impl Run {
    /// Places the run in one address space.
    ///
    /// # Errors
    /// [`PlacementError`] if pointers were used as numbers, or the statement breaks a rule.
    pub fn provable(&self) -> Result<ProvableRun, PlacementError> {
        if self.machine.pointers == Pointers::Flat {
            return Err(PlacementError::Flat);
        }
        let (rc_min, rc_max) = self.range_check_bounds();
        let usage = self.usage(rc_max - rc_min);
        let n_steps = usage.padded_steps().ok_or(PlacementError::TooLarge)?;
        let bases = self.bases(n_steps);
        let memory = self.flat_memory(&bases);
        let parts = PublicInputParts {
            n_steps,
            rc_min,
            rc_max,
            params: LAYOUT.clone(),
            segments: self.public_segments(&bases),
            public_memory: self.public_memory(&bases, &memory)?,
        };
        let builtins = self.builtin_inputs(&bases, &memory);
        let length = usize::try_from(n_steps).map_err(|_| PlacementError::TooLarge)?;
        let mut trace = Vec::with_capacity(length);
        trace.extend_from_slice(&self.machine.trace);
        trace.resize(length, self.machine.final_registers);
        Ok(ProvableRun {
            public_input: PublicInput::new(parts)?,
            inputs: TraceInputs { trace, memory, builtins },
            zeros_address: bases[ZEROS as usize],
        })
    }

    fn usage(&self, range_check_span: u64) -> Usage {
        let segments = self.machine.memory.segments();
        let is_hole = |value: &&Value| value.is_unknown();
        Usage {
            n_steps: self.n_steps() as u64,
            instances: self
                .used
                .iter()
                .filter_map(|(segment, cells)| {
                    let builtin = builtin_of(*segment)?;
                    Some((builtin, u64::from(*cells) / builtin.cells_per_instance()))
                })
                .collect(),
            range_check_span,
            memory_holes: segments.iter().flatten().filter(is_hole).count() as u64,
        }
    }

    /// The least and the greatest 16-bit value that the range-check component sees.
    fn range_check_bounds(&self) -> (u64, u64) {
        let mut executed = vec![false; self.program.words.len()];
        let registers = self.machine.trace.iter().chain([&self.machine.final_registers]);
        let places = self.machine.code;
        for position in registers.filter_map(|step| places.position_of_address(step.pc)) {
            executed[position] = true;
        }
        let words = self.program.words.iter().zip(executed).filter(|(_, executed)| *executed);
        let offsets = words.filter_map(|(word, _)| word.to_u64()).flat_map(biased_offsets);
        let cells = self.machine.memory.segment(RANGE_CHECK).iter();
        let parts = cells.take(self.cells(RANGE_CHECK) as usize).filter_map(|value| {
            let value = value.to_u128()?;
            Some((0..8).map(move |part| (value >> (PART_BITS * part) & 0xffff) as u16))
        });
        let (min, max) = offsets
            .chain(parts.flatten())
            .fold((u16::MAX, 0), |(min, max), value| (min.min(value), max.max(value)));
        (min.into(), max.into())
    }

    /// Addresses of the segments, which follow each other from 1 on.
    ///
    /// The instances of a builtin that a run leaves unused are in the trace too, so that its
    /// segment takes the space of all.
    fn bases(&self, n_steps: u64) -> Vec<u64> {
        let mut bases = Vec::new();
        let mut address = PROGRAM_BASE;
        for (segment, cells) in (0..).zip(self.machine.memory.segments()) {
            bases.push(address);
            let allocated = builtin_of(segment).map_or(0, |builtin| {
                allocated_instances(builtin, n_steps) * builtin.cells_per_instance()
            });
            address += allocated.max(cells.len() as u64);
        }
        bases
    }

    fn flat_memory(&self, bases: &[u64]) -> Vec<Option<Fe>> {
        let mut memory = Vec::new();
        for (base, cells) in bases.iter().zip(self.machine.memory.segments()) {
            if cells.is_empty() {
                continue;
            }
            memory.resize(position(*base), None);
            memory.extend(cells.iter().map(|value| placed(*value, bases)));
        }
        memory
    }

    fn public_segments(&self, bases: &[u64]) -> [Segment; SEGMENT_NAMES.len()] {
        let mut segments = [Segment { begin_addr: 0, stop_ptr: 0 }; SEGMENT_NAMES.len()];
        for ((segment, base), index) in segments.iter_mut().zip(bases).zip(0..) {
            let (begin_addr, stop_ptr) = match index {
                PROGRAM => {
                    let places = self.machine.code;
                    (places.address(self.program.start), places.address(self.program.end))
                }
                EXECUTION => (base + 2, self.machine.final_registers.ap),
                _ => (*base, base + u64::from(self.cells(index))),
            };
            *segment = Segment { begin_addr, stop_ptr };
        }
        segments
    }

    /// The program, both ends of the stack, and the output.
    fn public_memory(
        &self,
        bases: &[u64],
        memory: &[Option<Fe>],
    ) -> Result<Vec<PublicCell>, PlacementError> {
        let n_builtins = self.program.builtins.len() as u64;
        let (first, last) = (bases[EXECUTION as usize], self.machine.final_registers.ap);
        let output = bases[OUTPUT as usize];
        let addresses = (PROGRAM_BASE..first)
            .chain(first..first + 2 + n_builtins)
            .chain(last - n_builtins..last)
            .chain(output..output + u64::from(self.cells(OUTPUT)));
        let cell = |address: u64| {
            let value = memory.get(position(address)).copied().flatten();
            let value = value.ok_or(PlacementError::PublicCell { address })?;
            Ok(PublicCell { address, value, page: 0 })
        };
        addresses.map(cell).collect()
    }

    fn builtin_inputs(&self, bases: &[u64], memory: &[Option<Fe>]) -> BuiltinInputs {
        let cell = |segment: u32, offset: u32| {
            let address = position(bases[segment as usize] + u64::from(offset));
            memory.get(address).copied().flatten()
        };
        let cells = self.machine.memory.segment(RANGE_CHECK).iter();
        let checked = cells.take(self.cells(RANGE_CHECK) as usize);
        let signature = |(offset, (r, s)): (&u32, &(Value, [u64; 4]))| {
            let input = SignatureInput {
                public_key: cell(ECDSA, *offset)?,
                message: cell(ECDSA, offset + 1)?,
                r: r.to_fe()?,
                w: Fe::from_limbs(inverse_mod_order(s)?)?,
            };
            Some((u64::from(offset / ECDSA_CELLS), input))
        };
        let used_signatures = self.machine.signatures.range(..self.cells(ECDSA));
        let state = |instance: u32| {
            let [a, b, c] =
                [0, 1, 2].map(|input| cell(POSEIDON, instance * POSEIDON_CELLS + input));
            Some((u64::from(instance), [a?, b?, c?]))
        };
        debug_assert_eq!(POSEIDON_INPUTS, 3);
        BuiltinInputs {
            range_check: (0..)
                .zip(checked)
                .filter_map(|(index, value)| Some((index, value.to_u128()?)))
                .collect(),
            ecdsa: used_signatures.filter_map(signature).collect(),
            poseidon: (0..self.cells(POSEIDON) / POSEIDON_CELLS).filter_map(state).collect(),
            ..BuiltinInputs::default()
        }
    }
}

/// The builtin of a segment, `None` for one without instances.
fn builtin_of(segment: u32) -> Option<Builtin> {
    Builtin::ALL.get(segment.checked_sub(FIRST_BUILTIN)? as usize).copied()
}

fn placed(value: Value, bases: &[u64]) -> Option<Fe> {
    match value.as_pointer() {
        Some((segment, offset)) => Some(Fe::from_u64(bases[segment as usize] + u64::from(offset))),
        None => value.to_fe(),
    }
}

fn position(address: u64) -> usize {
    usize::try_from(address).expect("memory fits the address space")
}
