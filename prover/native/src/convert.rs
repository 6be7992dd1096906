//! What the Cairo machine works on: Python's integers and nested lists to its values and back.

use novation_pyint::{Felt, Uint256};
use novation_vm::{Argument, Value};
use pyo3::exceptions::{PyTypeError, PyValueError};
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyInt, PyList, PyTuple};

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
