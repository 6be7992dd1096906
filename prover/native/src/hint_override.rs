//! Hints in Python, in place of those of the program: for tests of soundness.

use std::collections::HashMap;

use novation_pyint::Felt;
use novation_vm::{Fault, HintCall, Machine};
use pyo3::exceptions::{PyKeyError, PyRuntimeError};
use pyo3::prelude::*;
use pyo3::types::PyDict;

use crate::convert::{felt, number};
use crate::errors::CairoRunError;

/// Python functions by the text of the hint that they replace.
pub(crate) struct Overrides(HashMap<String, Py<PyAny>>);

impl Overrides {
    pub(crate) fn new(functions: &Bound<'_, PyDict>) -> PyResult<Self> {
        let item = |(text, function): (Bound<'_, PyAny>, Bound<'_, PyAny>)| {
            Ok((text.extract()?, function.unbind()))
        };
        Ok(Self(functions.iter().map(item).collect::<PyResult<_>>()?))
    }

    /// Runs the replacement of a hint, or the hint; what Python raises goes to `raised`.
    pub(crate) fn call(
        &mut self,
        machine: &mut Machine,
        call: &HintCall,
        raised: &mut Option<PyErr>,
    ) -> Result<(), Fault> {
        let Some(function) = self.0.get(call.text()) else {
            return machine.run_hint(call);
        };
        Python::attach(|py| {
            let outcome = call_python(py, function, machine, call);
            outcome.map_err(|error| {
                let detail = error.to_string();
                // A hint that fails is part of what a dishonest prover may try.
                if !error.is_instance_of::<CairoRunError>(py) {
                    *raised = Some(error);
                }
                Fault::Hint(detail)
            })
        })
    }
}

/// Lends the machine to Python for the time of a call.
fn call_python(
    py: Python<'_>,
    function: &Py<PyAny>,
    machine: &mut Machine,
    call: &HintCall,
) -> PyResult<()> {
    let view = HintView { machine: Some(std::mem::take(machine)), call: call.clone() };
    let view = Bound::new(py, view)?;
    let outcome = function.call1(py, (&view,));
    if let Some(lent) = view.borrow_mut().machine.take() {
        *machine = lent;
    }
    outcome.map(|_| ())
}

/// A hint that is about to run, and the machine. Addresses are those of a flat memory.
#[pyclass(module = "prover._native")]
pub(crate) struct HintView {
    machine: Option<Machine>,
    call: HintCall,
}

#[pymethods]
impl HintView {
    #[getter]
    fn place(&self) -> String {
        self.call.place()
    }

    #[getter]
    fn ap(&mut self) -> PyResult<Felt> {
        Ok(felt(self.machine()?.0.allocation_pointer()))
    }

    #[getter]
    fn fp(&mut self) -> PyResult<Felt> {
        Ok(felt(self.machine()?.0.frame_base()))
    }

    /// The value of `ids.name`.
    fn operand(&mut self, name: &str) -> PyResult<Felt> {
        let (machine, call) = self.machine()?;
        let value = machine.operand(call, name).map_err(failed)?;
        value.map(felt).ok_or_else(|| PyKeyError::new_err(name.to_owned()))
    }

    /// The address of the cell of `ids.name`.
    fn address(&mut self, name: &str) -> PyResult<Felt> {
        let (machine, call) = self.machine()?;
        let value = machine.operand_address(call, name).map_err(failed)?;
        value.map(felt).ok_or_else(|| PyKeyError::new_err(name.to_owned()))
    }

    fn load(&mut self, address: &Bound<'_, PyAny>) -> PyResult<Felt> {
        let address = number(address)?;
        self.machine()?.0.load(address).map(felt).map_err(failed)
    }

    fn store(&mut self, address: &Bound<'_, PyAny>, value: &Bound<'_, PyAny>) -> PyResult<()> {
        let (address, value) = (number(address)?, number(value)?);
        self.machine()?.0.store(address, value).map_err(failed)
    }

    /// Runs the hint as the program has it.
    fn run(&mut self) -> PyResult<()> {
        let (machine, call) = self.machine()?;
        machine.run_hint(call).map_err(failed)
    }
}

impl HintView {
    fn machine(&mut self) -> PyResult<(&mut Machine, &HintCall)> {
        let over = || PyRuntimeError::new_err("the hint is over");
        Ok((self.machine.as_mut().ok_or_else(over)?, &self.call))
    }
}

fn failed(fault: Fault) -> PyErr {
    CairoRunError::new_err(fault.to_string())
}
