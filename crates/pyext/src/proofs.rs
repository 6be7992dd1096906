//! Making and judging proofs.

use std::path::PathBuf;

use novation_cairo_prover::{prove_run, verify_proof, ProofFile, RunError, RunFiles};
use novation_stark::{Progress, Resources};
use pyo3::exceptions::{PyOSError, PyValueError};
use pyo3::prelude::*;
use pyo3::types::PyDict;

use crate::errors::{is_cancelled, run_error, too_weak, verify_error, ProofUnreadable};

/// A proof file: its path, or its content.
#[derive(FromPyObject)]
enum ProofSource {
    Content(Vec<u8>),
    Path(PathBuf),
}

impl ProofSource {
    fn read(self) -> PyResult<ProofFile> {
        let content = match self {
            Self::Content(content) => content,
            Self::Path(path) => std::fs::read(&path)
                .map_err(|error| PyOSError::new_err(format!("{}: {error}", path.display())))?,
        };
        let text = String::from_utf8(content)
            .map_err(|error| ProofUnreadable::new_err(error.to_string()))?;
        ProofFile::from_json(&text).map_err(verify_error)
    }
}

/// Proves a Cairo run and writes the proof file; returns (phase, seconds, peak MiB) of each phase.
#[pyfunction]
#[pyo3(signature = (
    public_input_path, private_input_path, params_path, out_path, progress=None, memory_budget=None
))]
fn stark_prove(
    py: Python<'_>,
    public_input_path: PathBuf,
    private_input_path: PathBuf,
    params_path: PathBuf,
    out_path: PathBuf,
    progress: Option<Py<PyAny>>,
    memory_budget: Option<u64>,
) -> PyResult<PhaseCosts> {
    let files = RunFiles {
        public_input: public_input_path,
        private_input: private_input_path,
        params: params_path,
    };
    py.detach(|| {
        let resources = Resources { memory_budget };
        let (result, phases) =
            tracked(progress.as_ref(), |tracker| prove_run(&files, resources, tracker))?;
        std::fs::write(&out_path, result.map_err(run_error)?.to_json())
            .map_err(|error| PyOSError::new_err(format!("{}: {error}", out_path.display())))?;
        Ok(phases)
    })
}

/// (phase, seconds, peak MiB) of each phase.
pub(crate) type PhaseCosts = Vec<(&'static str, f64, u64)>;

/// Proves while telling Python of each phase; fails if that interrupts the proof.
pub(crate) fn tracked<T>(
    progress: Option<&Py<PyAny>>,
    prove: impl FnOnce(&mut Progress<'_>) -> Result<T, RunError>,
) -> PyResult<(Result<T, RunError>, PhaseCosts)> {
    let mut interruption = None;
    let mut tracker = Progress::new(|phase, fraction| {
        interruption = Python::attach(|py| report(py, progress, phase, fraction)).err();
        interruption.is_none()
    });
    let result = prove(&mut tracker);
    let phases = tracker.phases().to_vec();
    drop(tracker);
    if let (Err(error), Some(interruption)) = (&result, interruption) {
        if is_cancelled(error) {
            return Err(interruption);
        }
    }
    let costs = phases.iter().map(|phase| (phase.name, phase.seconds, phase.peak_mib));
    Ok((result, costs.collect()))
}

/// Tells Python about a phase; fails on Ctrl-C and on errors of the callback.
fn report(
    py: Python<'_>,
    progress: Option<&Py<PyAny>>,
    phase: &str,
    fraction: f64,
) -> PyResult<()> {
    py.check_signals()?;
    if let Some(progress) = progress {
        progress.call1(py, (phase, fraction))?;
    }
    Ok(())
}

/// Verifies a proof file, given by path or as bytes; returns what it proves.
#[pyfunction]
#[pyo3(signature = (proof, min_security_bits=0))]
fn stark_verify(
    py: Python<'_>,
    proof: ProofSource,
    min_security_bits: u32,
) -> PyResult<Bound<'_, PyDict>> {
    let accepted = py.detach(|| verify_proof(&proof.read()?).map_err(verify_error))?;
    let security = accepted.security;
    if security.conjectured < min_security_bits {
        return Err(too_weak(min_security_bits, security.conjectured));
    }
    let report = PyDict::new(py);
    report.set_item("n_steps", accepted.n_steps)?;
    report.set_item("proof_bytes", accepted.proof_bytes)?;
    report.set_item("security_bits_conjectured", security.conjectured)?;
    report.set_item("security_bits_proven", security.proven)?;
    report.set_item("security_bits_collision", security.collision)?;
    Ok(report)
}

/// The AIR of a statement as JSON.
#[pyfunction]
fn air_description(public_input: &str) -> PyResult<String> {
    novation_cairo_prover::air_description(public_input)
        .map_err(|error| PyValueError::new_err(error.to_string()))
}

/// The 340 layout parameters for given ratios, both as JSON.
#[pyfunction]
fn pack_layout(ratios: &str) -> PyResult<String> {
    novation_cairo_prover::pack_layout(ratios)
        .map_err(|error| PyValueError::new_err(error.to_string()))
}

pub(crate) fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_function(wrap_pyfunction!(stark_prove, module)?)?;
    module.add_function(wrap_pyfunction!(stark_verify, module)?)?;
    module.add_function(wrap_pyfunction!(air_description, module)?)?;
    module.add_function(wrap_pyfunction!(pack_layout, module)?)
}
