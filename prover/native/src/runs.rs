//! Running Cairo programs, and proving runs without files between.

use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use novation_cairo_prover::prove_inputs;
use novation_pyint::Felt;
use novation_stark::Progress;
use novation_vm::{Pointers, Program, Run, RunFiles, RunOptions, Witness};
use pyo3::exceptions::{PyOSError, PyValueError};
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyDict};

use crate::convert::{felt, items_by_number, list};
use crate::errors::cairo_run_error;
use crate::hint_override::Overrides;
use crate::tracking::{tracked, ProofOptions, ProofPhase};

/// Steps of the largest run that 24 GB can prove, and as many again.
const DEFAULT_STEP_LIMIT: usize = 1 << 21;
/// No run of more steps could be proven; registers stay below 2^32.
const MAX_STEP_LIMIT: usize = 1 << 30;

/// A compiled program.
#[pyclass(frozen, module = "prover._native")]
struct CairoProgram(Arc<Program>);

#[pymethods]
impl CairoProgram {
    #[new]
    fn new(compiled: &str) -> PyResult<Self> {
        let program = Program::from_json(compiled);
        Ok(Self(Arc::new(program.map_err(|error| PyValueError::new_err(error.to_string()))?)))
    }

    /// Runs the program in proof mode; opened are accounts, orders and markets by their numbers.
    #[pyo3(signature = (opened, tape, step_limit=DEFAULT_STEP_LIMIT, overrides=None))]
    fn run(
        &self,
        py: Python<'_>,
        opened: (Bound<'_, PyDict>, Bound<'_, PyDict>, Bound<'_, PyDict>),
        tape: &Bound<'_, PyAny>,
        step_limit: usize,
        overrides: Option<&Bound<'_, PyDict>>,
    ) -> PyResult<CairoRun> {
        let witness = Witness {
            accounts: items_by_number(&opened.0)?,
            orders: items_by_number(&opened.1)?,
            markets: items_by_number(&opened.2)?,
            tape: list(tape)?,
        };
        let mut overrides = overrides.map(Overrides::new).transpose()?;
        let program = &self.0;
        py.detach(|| execute(program, witness, step_limit.min(MAX_STEP_LIMIT), &mut overrides))
    }
}

fn execute(
    program: &Arc<Program>,
    witness: Witness,
    step_limit: usize,
    overrides: &mut Option<Overrides>,
) -> PyResult<CairoRun> {
    let mut interruption = None;
    let mut interrupted = || {
        interruption = Python::attach(|py| {
            let signals = py.check_signals();
            signals.err()
        });
        interruption.is_some()
    };
    let mut raised = None;
    let result = match overrides {
        None => program.run(
            witness,
            RunOptions {
                step_limit,
                pointers: Pointers::Typed,
                interrupted: &mut interrupted,
                override_hint: None,
            },
        ),
        Some(overrides) => program.run(
            witness,
            RunOptions {
                step_limit,
                pointers: Pointers::Flat,
                interrupted: &mut interrupted,
                override_hint: Some(&mut |machine, call| {
                    overrides.call(machine, call, &mut raised)
                }),
            },
        ),
    };
    match (result, raised.or(interruption)) {
        (Err(_), Some(exception)) => Err(exception),
        (Err(error), None) => Err(cairo_run_error(&error)),
        (Ok(run), _) => Ok(CairoRun(run)),
    }
}

/// A run that ended and whose builtins hold.
#[pyclass(frozen, module = "prover._native")]
struct CairoRun(Run);

#[pymethods]
impl CairoRun {
    #[getter]
    fn n_steps(&self) -> usize {
        self.0.n_steps()
    }

    #[getter]
    fn output(&self) -> Vec<Felt> {
        self.0.output().into_iter().map(felt).collect()
    }

    #[getter]
    fn builtin_cells<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
        let cells = PyDict::new(py);
        for (name, count) in self.0.builtin_cells() {
            cells.set_item(name, count)?;
        }
        Ok(cells)
    }

    fn steps_by_pc(&self) -> Vec<u64> {
        self.0.steps_by_pc()
    }

    fn provable(&self, py: Python<'_>) -> PyResult<ProvableRun> {
        let run = py.detach(|| self.0.provable());
        let run = run.map_err(|error| PyValueError::new_err(error.to_string()))?;
        Ok(ProvableRun { n_steps: run.public_input.n_steps(), run: Mutex::new(Some(run)) })
    }
}

/// A run on final addresses; proving it takes its memory away.
#[pyclass(frozen, module = "prover._native")]
struct ProvableRun {
    n_steps: u64,
    run: Mutex<Option<novation_vm::ProvableRun>>,
}

#[pymethods]
impl ProvableRun {
    #[getter]
    fn n_steps(&self) -> u64 {
        self.n_steps
    }

    fn public_input_json(&self) -> PyResult<String> {
        self.with(|run| run.public_input.to_value().to_string())
    }

    fn write_files(&self, py: Python<'_>, folder: PathBuf) -> PyResult<()> {
        let write = || self.with(|run| run.write(&RunFiles::in_folder(&folder)));
        py.detach(write)?
            .map_err(|error| PyOSError::new_err(format!("{}: {error}", folder.display())))
    }
}

impl ProvableRun {
    fn with<T>(&self, act: impl FnOnce(&novation_vm::ProvableRun) -> T) -> PyResult<T> {
        let guard = self.run.lock().unwrap_or_else(PoisonError::into_inner);
        guard.as_ref().map(act).ok_or_else(spent)
    }

    fn take(&self) -> PyResult<novation_vm::ProvableRun> {
        let mut guard = self.run.lock().unwrap_or_else(PoisonError::into_inner);
        guard.take().ok_or_else(spent)
    }
}

fn spent() -> PyErr {
    PyValueError::new_err("the run has been proven already")
}

/// Proves a run; returns the proof file's content and what each phase cost.
#[pyfunction]
#[pyo3(signature = (
    run, params_json, progress=None, memory_budget=None, threads=None, min_security_bits=0
))]
fn stark_prove_run<'py>(
    py: Python<'py>,
    run: &ProvableRun,
    params_json: &str,
    progress: Option<Py<PyAny>>,
    memory_budget: Option<u64>,
    threads: Option<usize>,
    min_security_bits: u32,
) -> PyResult<(Bound<'py, PyBytes>, Vec<ProofPhase>)> {
    let params = serde_json::from_str(params_json)
        .map_err(|error| PyValueError::new_err(error.to_string()))?;
    let options = ProofOptions { progress, memory_budget, threads, min_security_bits };
    let novation_vm::ProvableRun { public_input, inputs, .. } = run.take()?;
    let prove = |progress: &mut Progress<'_>| {
        prove_inputs(public_input, || Ok(inputs), params, options.demands(), progress)
    };
    let (proof, phases) = tracked(py, &options, prove)?;
    let text = py.detach(|| proof.to_json());
    Ok((PyBytes::new(py, text.as_bytes()), phases))
}

pub(crate) fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_class::<CairoProgram>()?;
    module.add_class::<CairoRun>()?;
    module.add_class::<ProvableRun>()?;
    module.add_class::<crate::hint_override::HintView>()?;
    module.add_function(wrap_pyfunction!(stark_prove_run, module)?)
}
