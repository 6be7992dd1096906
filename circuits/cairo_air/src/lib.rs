//! The Cairo processor and its builtins as an AIR on StarkWare's `dynamic` layout.
//!
//! The mask, the numbering of constraints and the statement are StarkWare's, so that proofs can be
//! exchanged with Stone and with StarkWare's verifiers. Every component has three files: `columns`
//! (its cells), `constraints` (what they must satisfy) and `trace` (how an honest prover fills them).

mod air;
mod builtins;
mod cells;
mod constraint_set;
mod cpu;
mod diluted;
pub mod layout;
mod memory;
mod public_input;
mod range_check16;
mod statement;
mod trace;

pub use air::CairoAir;
pub use builtins::ecdsa::{SignatureError, SignatureInput};
pub use public_input::{
    PageHash, PublicCell, PublicInput, PublicInputError, PublicInputParts, RawPublicInput, Segment,
    SEGMENT_NAMES,
};
pub use statement::{InteractionElements, Param, N_INTERACTION_ELEMENTS};
pub use trace::{
    read_memory_file, read_trace_file, BuiltinInputs, EcOpInput, FileError, RegisterState,
    SecondPhase, TraceError, TraceGenerator, TraceInputs,
};
