//! Integers across the border: Python's `int` to fixed-size values and back.

use novation_field::Fe;
use novation_vm::{Argument, Value};
use pyo3::exceptions::{PyTypeError, PyValueError};
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyDict, PyInt, PyList, PyTuple};
use pyo3::{intern, Borrowed};

/// A field element as a Python `int` between 0 and p.
#[derive(Clone, Copy)]
pub(crate) struct Felt(pub(crate) Fe);

/// A 256-bit unsigned Python `int`.
#[derive(Clone, Copy)]
pub(crate) struct Uint256(pub(crate) [u64; 4]);

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

/// Strips the border type from a list.
pub(crate) fn elements(felts: Vec<Felt>) -> Vec<Fe> {
    felts.into_iter().map(|felt| felt.0).collect()
}

/// The deepest nesting of a witness; lists of positions are linked, one level for each.
const MAX_DEPTH: usize = 512;

/// A value of the Cairo machine; a pointer becomes an address of a flat memory.
pub(crate) fn felt(value: Value) -> Felt {
    Felt(value.to_element())
}

/// An integer as its residue.
pub(crate) fn number(object: &Bound<'_, PyAny>) -> PyResult<Value> {
    let py = object.py();
    let integer = object
        .cast::<PyInt>()
        .map_err(|_| PyTypeError::new_err(format!("not an integer: {}", object.get_type())))?;
    if let Ok(Uint256(limbs)) = integer.extract() {
        if let Some(value) = Value::from_limbs(limbs) {
            return Ok(value);
        }
    }
    let prime = Uint256(novation_vm::PRIME).into_pyobject(py)?;
    let Uint256(limbs) = integer.rem(prime)?.extract()?;
    Value::from_limbs(limbs).ok_or_else(|| PyValueError::new_err("not below the field modulus"))
}

/// A list of integers and lists.
pub(crate) fn list(object: &Bound<'_, PyAny>) -> PyResult<Vec<Argument>> {
    match argument(object, 0)? {
        Argument::List(items) => Ok(items),
        Argument::Number(_) => Err(PyTypeError::new_err("a list or a tuple is expected")),
    }
}

/// Integers and lists by number.
pub(crate) fn items_by_number(dict: &Bound<'_, PyDict>) -> PyResult<Vec<(Value, Argument)>> {
    dict.iter().map(|(key, item)| Ok((number(&key)?, argument(&item, 0)?))).collect()
}

fn argument(object: &Bound<'_, PyAny>, depth: usize) -> PyResult<Argument> {
    if depth > MAX_DEPTH {
        return Err(PyValueError::new_err(format!("lists nested deeper than {MAX_DEPTH}")));
    }
    let inner = |item: Bound<'_, PyAny>| argument(&item, depth + 1);
    let items = if let Ok(list) = object.cast::<PyList>() {
        list.iter().map(inner).collect::<PyResult<_>>()?
    } else if let Ok(tuple) = object.cast::<PyTuple>() {
        tuple.iter().map(inner).collect::<PyResult<_>>()?
    } else {
        return number(object).map(Argument::Number);
    };
    Ok(Argument::List(items))
}
