//! The Python extension module `novation._native`: what whoever signs and hashes needs.
//!
//! It converts arguments, releases the interpreter lock for long calls and maps errors; it holds no
//! logic of its own.

// Arguments that PyO3 extracts are owned.
#![allow(clippy::needless_pass_by_value)]

mod hashes;
mod signatures;

use pyo3::prelude::*;

/// Native hash and signature functions.
#[pymodule]
fn _native(module: &Bound<'_, PyModule>) -> PyResult<()> {
    hashes::register(module)?;
    signatures::register(module)?;
    Ok(())
}
