//! What the builtins prove, checked after a run.

use std::ops::Range;

use novation_crypto::ecdsa::{verify, Signature};
use novation_field::Fe;
use rayon::prelude::*;

use crate::error::{shown, Fault};
use crate::machine::{Machine, ECDSA, EXECUTION, OUTPUT, POSEIDON, RANGE_CHECK};
use crate::operands::{POSEIDON_CELLS, POSEIDON_INPUTS};
use crate::program::Program;
use crate::value::Value;

pub(crate) const ECDSA_CELLS: u32 = 2;

/// An instance of the ECDSA builtin.
#[derive(Debug)]
pub(crate) struct SignedMessage {
    pub(crate) offset: u32,
    key: Fe,
    message: Fe,
    signature: Signature,
}

impl SignedMessage {
    pub(crate) fn is_valid(&self) -> bool {
        verify(self.key, self.message, &self.signature)
    }
}

impl Machine {
    /// Checks every builtin up to its stop pointer.
    pub(crate) fn check_builtins(&mut self, program: &Program) -> Result<(), Fault> {
        for segment in [OUTPUT, RANGE_CHECK, ECDSA, POSEIDON] {
            let used = self.used_cells(program, segment)?;
            match segment {
                RANGE_CHECK => self.check_range_checks(used)?,
                ECDSA => self.check_signatures(used)?,
                POSEIDON => self.check_permutations(used)?,
                _ => self.check_output(used)?,
            }
        }
        Ok(())
    }

    /// Cells of a builtin up to where it ends: its value on the stack after the run.
    pub(crate) fn used_cells(&mut self, program: &Program, segment: u32) -> Result<u32, Fault> {
        let Some(position) = program.builtins.iter().position(|used| *used == segment) else {
            return Ok(0);
        };
        let below = i32::try_from(program.builtins.len() - position).expect("four builtins");
        let address = self.frame_offset(false, -below)?;
        let stop = self.read(EXECUTION, address)?;
        let cells = match segment {
            POSEIDON => POSEIDON_CELLS,
            ECDSA => ECDSA_CELLS,
            _ => 1,
        };
        match self.located(stop) {
            Ok((found, used)) if found == segment && used.is_multiple_of(cells) => Ok(used),
            _ => Err(fault(segment, format!("stop pointer {}", shown(stop)))),
        }
    }

    fn check_output(&mut self, used: u32) -> Result<(), Fault> {
        // The output is public: a gap in it has no value to publish.
        (0..used).try_for_each(|offset| self.read(OUTPUT, offset).map(|_| ()))
    }

    fn check_range_checks(&mut self, used: u32) -> Result<(), Fault> {
        for offset in self.cells_in_use(RANGE_CHECK, used) {
            let Some(value) = self.memory.cell(RANGE_CHECK, offset).known() else { continue };
            if self.number(value)?.to_u128().is_none() {
                return Err(fault(RANGE_CHECK, format!("value {offset} is {}", shown(value))));
            }
        }
        Ok(())
    }

    fn check_permutations(&mut self, used: u32) -> Result<(), Fault> {
        for instance in 0..used / POSEIDON_CELLS {
            let outputs = self
                .permutation(instance)?
                .ok_or_else(|| fault(POSEIDON, format!("instance {instance} lacks an input")))?;
            let first = instance * POSEIDON_CELLS + POSEIDON_INPUTS;
            for (offset, output) in (first..).zip(outputs) {
                let cell = self.memory.cell(POSEIDON, offset).known();
                if cell.is_some_and(|cell| cell != output) {
                    return Err(fault(POSEIDON, format!("instance {instance} has another output")));
                }
            }
        }
        Ok(())
    }

    /// The signatures that are complete and were not handed out before.
    pub(crate) fn new_signatures(&mut self) -> Vec<SignedMessage> {
        let mut ready = Vec::new();
        // What is malformed is left for the last check, which says why.
        while let Ok(signed) = self.signed_message(self.handed_out) {
            ready.push(signed);
            self.handed_out += ECDSA_CELLS;
        }
        ready
    }

    fn signed_message(&self, offset: u32) -> Result<SignedMessage, Fault> {
        let signature = self.signatures.get(&offset);
        let (r, s) = *signature.ok_or_else(|| fault(ECDSA, format!("no signature at {offset}")))?;
        let element = |value: Value| {
            let unknown = || fault(ECDSA, format!("the message at {offset} is incomplete"));
            self.number(value)?.to_fe().ok_or_else(unknown)
        };
        Ok(SignedMessage {
            offset,
            key: element(self.memory.cell(ECDSA, offset))?,
            message: element(self.memory.cell(ECDSA, offset + 1))?,
            signature: Signature { r: element(r)?, s },
        })
    }

    fn check_signatures(&mut self, used: u32) -> Result<(), Fault> {
        let remaining = (self.handed_out..used).step_by(ECDSA_CELLS as usize);
        let remaining: Vec<SignedMessage> =
            remaining.map(|offset| self.signed_message(offset)).collect::<Result<_, _>>()?;
        let invalid = remaining.par_iter().find_first(|signed| !signed.is_valid());
        let invalid = invalid.map_or(u32::MAX, |signed| signed.offset).min(self.first_invalid);
        if invalid < used {
            return Err(fault(ECDSA, format!("invalid signature at {invalid}")));
        }
        Ok(())
    }

    /// Offsets below a stop pointer that may hold a value.
    fn cells_in_use(&self, segment: u32, used: u32) -> Range<u32> {
        let length = u32::try_from(self.memory.segment(segment).len()).unwrap_or(u32::MAX);
        0..used.min(length)
    }
}

fn fault(segment: u32, detail: String) -> Fault {
    Fault::Builtin { name: novation_cairo_air::SEGMENT_NAMES[segment as usize], detail }
}
