//! The Python extension module `novation._native`.
//!
//! It converts arguments, releases the interpreter lock for long calls and maps errors; it holds no
//! logic of its own.

// Arguments that PyO3 extracts are owned.
#![allow(clippy::needless_pass_by_value)]

mod convert;
mod errors;
mod hashes;
mod hint_override;
mod proofs;
mod runs;
mod signatures;
mod tracking;

use pyo3::prelude::*;

/// Native field, hash, signature and proof functions.
#[pymodule]
fn _native(module: &Bound<'_, PyModule>) -> PyResult<()> {
    errors::register(module)?;
    hashes::register(module)?;
    proofs::register(module)?;
    runs::register(module)?;
    signatures::register(module)?;
    tracking::register(module)?;
    Ok(())
}
