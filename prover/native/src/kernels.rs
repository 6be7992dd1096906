//! The field kernels of this machine.

use novation_field::Kernel;
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;

/// The name of the kernel in use.
#[pyfunction]
pub(crate) fn kernel() -> PyResult<&'static str> {
    match Kernel::chosen() {
        Ok(kernel) => Ok(kernel.name()),
        Err(error) => Err(PyValueError::new_err(error.to_string())),
    }
}

/// The names of the kernels that this processor can run, the fastest first.
#[pyfunction]
fn available_kernels() -> Vec<&'static str> {
    Kernel::available().into_iter().map(Kernel::name).collect()
}

pub(crate) fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_function(wrap_pyfunction!(kernel, module)?)?;
    module.add_function(wrap_pyfunction!(available_kernels, module)?)
}
