//! A compiled program, ready to run.

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use novation_cairo_air::SEGMENT_NAMES;
use novation_field::Fe;
use serde::Deserialize;
use serde_json::Value as Json;

use crate::code::CodePlaces;
use crate::error::{ProgramError, RunError};
use crate::expression::Expression;
use crate::hints::{find_function, HintFunction};
use crate::instruction::Instruction;
use crate::machine::{Machine, RunOptions};
use crate::run::Run;
use crate::tape::Witness;
use crate::value::Value;

/// The builtins that this machine has, in the order in which a program declares them.
pub(crate) const BUILTINS: [&str; 4] = ["output", "range_check", "ecdsa", "poseidon"];

/// A hint and the function that stands for it.
#[derive(Debug)]
pub(crate) struct Hint {
    pub(crate) text: String,
    pub(crate) function: HintFunction,
    /// The names that the function uses, in its order.
    pub(crate) operands: Vec<Expression>,
    names: Vec<&'static str>,
}

impl Hint {
    /// What a name of the hint stands for.
    pub(crate) fn operand(&self, name: &str) -> Option<&Expression> {
        let position = self.names.iter().position(|known| *known == name)?;
        self.operands.get(position)
    }
}

/// Bytecode with decoded instructions and resolved hints.
///
/// A program may come with a loader, which is then the main program and places the other one in
/// memory. Code is counted through: the loaded program's words from 0 on, a word that is none, the
/// words of the main program from `main` on.
#[derive(Debug)]
pub struct Program {
    pub(crate) words: Vec<Value>,
    /// Where the words of the main program begin.
    pub(crate) main: u32,
    pub(crate) instructions: Vec<Option<Instruction>>,
    /// The hints before each instruction, as positions in `hints`.
    pub(crate) hint_ranges: Vec<Range<u32>>,
    pub(crate) hints: Vec<Hint>,
    /// Segments of the builtins that the program uses.
    pub(crate) builtins: Vec<u32>,
    pub(crate) start: u32,
    pub(crate) end: u32,
    places: BTreeMap<usize, String>,
    /// The permutations of the loader in the finished run that loaded most: in every run the same
    /// ones come first.
    loader_permutations: Mutex<Arc<[Permutation]>>,
}

/// Inputs of a Poseidon instance, and its outputs.
pub(crate) type Permutation = [[Value; 3]; 2];

#[derive(Deserialize)]
struct RawProgram {
    bytecode: Vec<String>,
    builtins: Vec<String>,
    start: u32,
    end: u32,
    hints: BTreeMap<usize, Vec<RawHint>>,
    lines: BTreeMap<usize, String>,
    loader: Option<Box<RawProgram>>,
}

#[derive(Deserialize)]
struct RawHint {
    text: String,
    ids: BTreeMap<String, Json>,
}

impl Program {
    /// Reads what `circuits.compiler` writes.
    ///
    /// # Errors
    /// [`ProgramError`] if the text has another shape, or there is no function for a hint.
    pub fn from_json(text: &str) -> Result<Self, ProgramError> {
        let malformed = |error: &dyn ToString| ProgramError::Malformed(error.to_string());
        let mut raw: RawProgram = serde_json::from_str(text).map_err(|error| malformed(&error))?;
        let loader = raw.loader.take();
        let builtins = builtin_segments(&raw.builtins)?;
        if loader.as_ref().is_some_and(|loader| loader.builtins != raw.builtins) {
            return Err(malformed(&"the loader has other builtins than the program"));
        }
        let mut program = Self {
            words: Vec::new(),
            main: 0,
            instructions: Vec::new(),
            hint_ranges: Vec::new(),
            hints: Vec::new(),
            builtins,
            start: 0,
            end: 0,
            places: BTreeMap::new(),
            loader_permutations: Mutex::default(),
        };
        program.add_code(raw)?;
        if let Some(loader) = loader {
            program.words.push(Value::ZERO);
            program.instructions.push(None);
            program.hint_ranges.push(0..0);
            program.add_code(*loader)?;
        }
        Ok(program)
    }

    /// Appends a program, which becomes the main one.
    fn add_code(&mut self, raw: RawProgram) -> Result<(), ProgramError> {
        let malformed = |error: &dyn ToString| ProgramError::Malformed(error.to_string());
        let first = self.words.len();
        for text in &raw.bytecode {
            let word = Fe::from_hex(text).map(Value::from_fe).map_err(|error| malformed(&error))?;
            self.words.push(word);
            self.instructions.push(Instruction::decode(word));
        }
        self.hint_ranges.resize(self.words.len(), 0..0);
        // Below 2^31, so that no offset of an instruction can overflow.
        let offset = |offset: u32| {
            let position = u32::try_from(first).ok().and_then(|first| first.checked_add(offset));
            position.filter(|position| *position < 1 << 31)
        };
        let too_long = || malformed(&"more than 2^31 words");
        self.main = offset(0).ok_or_else(too_long)?;
        self.start = offset(raw.start).ok_or_else(too_long)?;
        self.end = offset(raw.end).ok_or_else(too_long)?;
        self.places.extend(raw.lines.into_iter().map(|(pc, place)| (first + pc, place)));
        for (pc, hints) in raw.hints {
            self.add_hints(first + pc, hints)?;
        }
        Ok(())
    }

    /// Where the code is at the start of a run.
    pub(crate) fn places_of_code(&self) -> CodePlaces {
        let n_words = u32::try_from(self.words.len()).expect("below 2^31 words");
        CodePlaces::new(self.main, n_words)
    }

    /// The words of the main program.
    pub(crate) fn main_words(&self) -> &[Value] {
        &self.words[self.main as usize..]
    }

    /// The words of the loaded program; none if there is no loader.
    pub(crate) fn loaded_words(&self) -> &[Value] {
        &self.words[..self.main.saturating_sub(1) as usize]
    }

    /// The permutations with which a run begins, as far as an earlier one had them.
    pub(crate) fn known_permutations(&self) -> Arc<[Permutation]> {
        Arc::clone(&self.locked_permutations())
    }

    /// Keeps the permutations of a finished run that loaded more than those before.
    pub(crate) fn keep_permutations(&self, machine: &Machine) {
        // Each takes two words.
        let count = machine.code.n_loaded() / 2;
        let mut known = self.locked_permutations();
        if known.len() < count {
            *known = machine.first_permutations(count);
        }
    }

    fn locked_permutations(&self) -> MutexGuard<'_, Arc<[Permutation]>> {
        // What is behind the lock is whole even if a thread that held it has failed.
        self.loader_permutations.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Runs the program in proof mode.
    ///
    /// # Errors
    /// [`RunError`] if the witness proves nothing.
    pub fn run(
        self: &Arc<Self>,
        witness: Witness,
        options: RunOptions<'_>,
    ) -> Result<Run, RunError> {
        Machine::execute(self, witness, options)
    }

    /// Where an instruction comes from.
    pub(crate) fn place(&self, pc: usize) -> String {
        self.places.get(&pc).cloned().unwrap_or_default()
    }

    fn add_hints(&mut self, pc: usize, hints: Vec<RawHint>) -> Result<(), ProgramError> {
        let position = |length: usize| u32::try_from(length).expect("fewer than 2^32 hints");
        let first = position(self.hints.len());
        for RawHint { text, ids } in hints {
            let (function, names) = find_function(&text)
                .ok_or_else(|| ProgramError::UnknownHint { pc, text: text.clone() })?;
            let operand = |name: &&'static str| {
                ids.get(*name).and_then(Expression::from_json).ok_or_else(|| {
                    ProgramError::HintName { pc, name: (*name).to_owned(), text: text.clone() }
                })
            };
            let operands = names.iter().map(operand).collect::<Result<_, _>>()?;
            self.hints.push(Hint { text, function, operands, names: names.to_vec() });
        }
        let range = self.hint_ranges.get_mut(pc).ok_or_else(|| {
            ProgramError::Malformed(format!("hint at {pc}, beyond the last instruction"))
        })?;
        *range = first..position(self.hints.len());
        Ok(())
    }
}

fn builtin_segments(names: &[String]) -> Result<Vec<u32>, ProgramError> {
    let segment = |name: &String| {
        let known = BUILTINS.contains(&name.as_str());
        let position = SEGMENT_NAMES.iter().position(|segment| segment == name)?;
        known.then(|| u32::try_from(position).expect("thirteen segments"))
    };
    let segments: Option<Vec<u32>> = names.iter().map(segment).collect();
    segments.filter(|segments| segments.is_sorted_by(|a, b| a < b)).ok_or_else(|| {
        ProgramError::Builtins { actual: names.to_vec(), expected: BUILTINS.to_vec() }
    })
}
