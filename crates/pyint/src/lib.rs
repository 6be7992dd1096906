//! Integers across the border: Python's `int` to fixed-size values and back.

use novation_field::Fe;
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyInt};
use pyo3::{intern, Borrowed};

/// A field element as a Python `int` between 0 and p.
#[derive(Clone, Copy)]
pub struct Felt(pub Fe);

/// A 256-bit unsigned Python `int`.
#[derive(Clone, Copy)]
pub struct Uint256(pub [u64; 4]);

impl<'py> FromPyObject<'_, 'py> for Uint256 {
    type Error = PyErr;

    fn extract(object: Borrowed<'_, 'py, PyAny>) -> PyResult<Self> {
        let py = object.py();
        let integer = object.cast::<PyInt>()?;
        let bytes = integer
            .call_method1(intern!(py, "to_bytes"), (32, intern!(py, "little")))
            .map_err(|_| PyValueError::new_err("integer is negative or exceeds 256 bits"))?;
        let bytes: &[u8] = bytes.cast::<PyBytes>()?.as_bytes();
        let mut limbs = [0u64; 4];
        for (limb, chunk) in limbs.iter_mut().zip(bytes.as_chunks().0) {
            *limb = u64::from_le_bytes(*chunk);
        }
        Ok(Self(limbs))
    }
}

impl<'py> IntoPyObject<'py> for Uint256 {
    type Target = PyAny;
    type Output = Bound<'py, PyAny>;
    type Error = PyErr;

    fn into_pyobject(self, py: Python<'py>) -> PyResult<Self::Output> {
        let bytes = PyBytes::new(py, self.0.map(u64::to_le_bytes).as_flattened());
        py.get_type::<PyInt>()
            .call_method1(intern!(py, "from_bytes"), (bytes, intern!(py, "little")))
    }
}

impl<'py> FromPyObject<'_, 'py> for Felt {
    type Error = PyErr;

    fn extract(object: Borrowed<'_, 'py, PyAny>) -> PyResult<Self> {
        let Uint256(limbs) = object.extract()?;
        let element = Fe::from_limbs(limbs)
            .ok_or_else(|| PyValueError::new_err("integer is not below the field modulus"))?;
        Ok(Self(element))
    }
}

impl<'py> IntoPyObject<'py> for Felt {
    type Target = PyAny;
    type Output = Bound<'py, PyAny>;
    type Error = PyErr;

    fn into_pyobject(self, py: Python<'py>) -> PyResult<Self::Output> {
        Uint256(self.0.to_limbs()).into_pyobject(py)
    }
}
