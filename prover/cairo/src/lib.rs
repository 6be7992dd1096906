//! Proofs of Cairo runs, in the file formats of Stone's command line.
//!
//! [`prove_run`] turns the files of a run into a [`ProofFile`], [`prove_inputs`] does it without
//! files; [`verify_proof_file`] judges the
//! text of one, whoever made it, and [`verify_proof_files`] those of many at once.

mod describe;
mod file;
mod lookalike;
mod run;
mod verify;

pub use describe::{air_description, pack_layout, RatiosError};
pub use file::{write_atomically, ProofFile};
pub use run::{prove_inputs, prove_run, Demands, RunError, RunFiles};
pub use verify::{
    statement_words, verify_proof, verify_proof_file, verify_proof_files, Accepted, VerifyFileError,
};
