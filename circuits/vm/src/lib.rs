//! A Cairo machine for programs whose hints are few and known.
//!
//! [`Program`] holds a compiled program whose hints are resolved to the Rust functions in `hints`;
//! a text that has no function is an error before anything runs. [`Program::run`] executes it in
//! proof mode and [`Run::provable`] places the memory in one address space, for the prover. The
//! reference is cairo-lang's machine: trace, memory and inputs of the prover are the same.

mod builtins;
mod code;
mod error;
mod expression;
mod files;
mod hints;
mod instruction;
mod machine;
mod memory;
mod operands;
mod program;
mod relocation;
mod run;
mod tape;
mod usage;
mod value;

pub use error::{Fault, PlacementError, ProgramError, RunError};
pub use files::RunFiles;
pub use machine::{HintCall, Machine, Override, Pointers, RunOptions};
pub use program::Program;
pub use relocation::ProvableRun;
pub use run::Run;
pub use tape::{Argument, Witness};
pub use value::{Value, PRIME};
