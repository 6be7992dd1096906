//! A finished run.

use std::sync::Arc;

use novation_cairo_air::SEGMENT_NAMES;

use crate::machine::{Machine, OUTPUT};
use crate::program::Program;
use crate::value::Value;

/// A run that ended, and whose builtins hold.
#[derive(Debug)]
pub struct Run {
    pub(crate) program: Arc<Program>,
    pub(crate) machine: Machine,
    /// Cells up to the stop pointer of each builtin of the program.
    pub(crate) used: Vec<(u32, u32)>,
}

impl Run {
    pub(crate) fn new(program: Arc<Program>, mut machine: Machine) -> Self {
        let mut used = Vec::new();
        for segment in &program.builtins {
            // They were read when the builtins were checked.
            used.push((*segment, machine.used_cells(&program, *segment).unwrap_or(0)));
        }
        Self { program, machine, used }
    }

    /// Steps up to the first execution of the end loop, which counts.
    pub fn n_steps(&self) -> usize {
        self.machine.trace.len() + 1
    }

    /// What the program wrote; a pointer as a number of the imagined flat memory.
    pub fn output(&self) -> Vec<Value> {
        let cells = self.machine.memory.segment(OUTPUT);
        cells.iter().take(self.cells(OUTPUT) as usize).map(|value| value.flattened()).collect()
    }

    /// Cells that each builtin of the program used.
    pub fn builtin_cells(&self) -> Vec<(&'static str, u32)> {
        let name = |(segment, cells): &(u32, u32)| (SEGMENT_NAMES[*segment as usize], *cells);
        self.used.iter().map(name).collect()
    }

    /// How often the instruction at each position of the program's code was executed.
    pub fn steps_by_pc(&self) -> Vec<u64> {
        let mut counts = vec![0; self.program.words.len()];
        for registers in &self.machine.trace {
            let position = self.machine.code.position_of_address(registers.pc);
            if let Some(count) = position.and_then(|position| counts.get_mut(position)) {
                *count += 1;
            }
        }
        counts
    }

    pub(crate) fn cells(&self, segment: u32) -> u32 {
        self.used.iter().find(|(used, _)| *used == segment).map_or(0, |(_, cells)| *cells)
    }
}
