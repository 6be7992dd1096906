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
        if let Ok(small) = object.extract::<u64>() {
            return Ok(Self([small, 0, 0, 0]));
        }
        let py = object.py();
        let integer = object.cast::<PyInt>()?;
        let bytes = integer
            .call_method1(intern!(py, "to_bytes"), (32, intern!(py, "little")))
            .map_err(|_| PyValueError::new_err("integer is negative or exceeds 256 bits"))?;
        let bytes: &[u8] = bytes.cast::<PyBytes>()?.as_bytes();
        let mut limbs = [0u64; 4];
        for (position, byte) in bytes.iter().enumerate() {
            limbs[position / 8] |= u64::from(*byte) << (8 * (position % 8));
        }
        Ok(Self(limbs))
    }
}

impl<'py> IntoPyObject<'py> for Uint256 {
    type Target = PyAny;
    type Output = Bound<'py, PyAny>;
    type Error = PyErr;

    fn into_pyobject(self, py: Python<'py>) -> PyResult<Self::Output> {
        let bytes: Vec<u8> = self.0.iter().flat_map(|limb| limb.to_le_bytes()).collect();
        let bytes = PyBytes::new(py, &bytes);
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
