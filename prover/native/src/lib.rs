//! The Python extension module `prover._native`: the Cairo machine, the prover and the verifier.
//!
//! It converts arguments, releases the interpreter lock for long calls and maps errors; it holds no
//! logic of its own.

// Arguments that PyO3 extracts are owned.
#![allow(clippy::needless_pass_by_value)]

mod convert;
mod errors;
mod hint_override;
mod kernels;
mod proofs;
mod runs;
mod tracking;

use pyo3::prelude::*;

/// Native functions that run, prove and verify.
#[pymodule]
fn _native(module: &Bound<'_, PyModule>) -> PyResult<()> {
    errors::register(module)?;
    kernels::register(module)?;
    proofs::register(module)?;
    runs::register(module)?;
    tracking::register(module)?;
    Ok(())
}
