//! Exceptions for what can go wrong in Rust.

use novation_cairo_prover::{RunError, VerifyFileError};
use novation_stark::ProveError;
use pyo3::exceptions::{PyOSError, PyValueError};
use pyo3::prelude::*;
use pyo3::{create_exception, exceptions::PyException};

create_exception!(_native, ProofRejected, PyException, "The proof does not prove its statement.");
create_exception!(_native, ProofUnreadable, PyException, "The file is not a proof file.");
create_exception!(_native, ProofUnsupported, PyException, "A kind of proof that is not judged.");
create_exception!(_native, CairoRunError, PyException, "A Cairo run that cannot be proven.");
create_exception!(_native, ProvingFailed, PyException, "The run could not be proven.");

pub(crate) fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    let py = module.py();
    module.add("CairoRunError", py.get_type::<CairoRunError>())?;
    module.add("ProofRejected", py.get_type::<ProofRejected>())?;
    module.add("ProofUnreadable", py.get_type::<ProofUnreadable>())?;
    module.add("ProofUnsupported", py.get_type::<ProofUnsupported>())?;
    module.add("ProvingFailed", py.get_type::<ProvingFailed>())
}

pub(crate) fn verify_error(error: VerifyFileError) -> PyErr {
    let message = error.to_string();
    match error {
        VerifyFileError::Unreadable(_) => ProofUnreadable::new_err(message),
        VerifyFileError::Unsupported(_) => ProofUnsupported::new_err(message),
        VerifyFileError::Rejected(_) => ProofRejected::new_err(message),
    }
}

/// Names the instruction in the message; its offset is the attribute `pc`.
pub(crate) fn cairo_run_error(error: &novation_vm::RunError) -> PyErr {
    let exception = CairoRunError::new_err(error.to_string());
    Python::attach(|py| match exception.value(py).setattr("pc", error.pc) {
        Ok(()) => exception,
        Err(other) => other,
    })
}

pub(crate) fn run_error(error: RunError) -> PyErr {
    let message = error.to_string();
    match error {
        RunError::Io { .. } => PyOSError::new_err(message),
        RunError::Prove(ProveError::Budget(_) | ProveError::Kernel(_)) => {
            PyValueError::new_err(message)
        }
        RunError::Trace(_) | RunError::Prove(_) => ProvingFailed::new_err(message),
        // A file, the statement or the parameters are not acceptable.
        _ => PyValueError::new_err(message),
    }
}
