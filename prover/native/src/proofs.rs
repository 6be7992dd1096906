//! Making and judging proofs.

use std::path::PathBuf;

use novation_cairo_prover::{
    prove_run, verify_proof, verify_proof_files, write_atomically, Accepted, ProofFile, RunFiles,
    VerifyFileError,
};
use novation_stark::{Millibits, Progress, Security};
use pyo3::exceptions::{PyOSError, PyValueError};
use pyo3::prelude::*;
use pyo3::types::PyDict;

use crate::errors::verify_error;
use crate::tracking::{tracked, ProofOptions, ProofPhase};

/// A proof file: its path, or its content.
#[derive(FromPyObject)]
enum ProofSource {
    Content(Vec<u8>),
    Path(PathBuf),
}

impl ProofSource {
    fn read(self) -> PyResult<Vec<u8>> {
        match self {
            Self::Content(content) => Ok(content),
            Self::Path(path) => std::fs::read(&path)
                .map_err(|error| PyOSError::new_err(format!("{}: {error}", path.display()))),
        }
    }
}

/// Proves a Cairo run and writes the proof file; returns what each phase cost.
#[pyfunction]
#[pyo3(signature = (
    public_input_path, private_input_path, params_path, out_path, progress=None,
    memory_budget=None, threads=None, min_security_bits=0
))]
#[allow(clippy::too_many_arguments)] // Python gives them by name.
fn stark_prove(
    py: Python<'_>,
    public_input_path: PathBuf,
    private_input_path: PathBuf,
    params_path: PathBuf,
    out_path: PathBuf,
    progress: Option<Py<PyAny>>,
    memory_budget: Option<u64>,
    threads: Option<usize>,
    min_security_bits: u32,
) -> PyResult<Vec<ProofPhase>> {
    let files = RunFiles {
        public_input: public_input_path,
        private_input: private_input_path,
        params: params_path,
    };
    let options = ProofOptions { progress, memory_budget, threads, min_security_bits };
    let prove = |progress: &mut Progress<'_>| prove_run(&files, options.demands(), progress);
    let (proof, phases) = tracked(py, &options, prove)?;
    py.detach(|| write_atomically(&out_path, proof.to_json().as_bytes()))
        .map_err(|error| PyOSError::new_err(format!("{}: {error}", out_path.display())))?;
    Ok(phases)
}

/// Verifies a proof file, given by path or as bytes; returns what it proves.
#[pyfunction]
#[pyo3(signature = (proof, min_security_bits=0))]
fn stark_verify(
    py: Python<'_>,
    proof: ProofSource,
    min_security_bits: u32,
) -> PyResult<Bound<'_, PyDict>> {
    let content = py.detach(|| proof.read())?;
    let verify = || verify_proof(&ProofFile::from_bytes(content)?, min_security_bits);
    proof_report(py, &py.detach(verify).map_err(verify_error)?)
}

/// Verifies many proof files on all cores; returns for each what it proves, or the exception.
#[pyfunction]
#[pyo3(signature = (proofs, min_security_bits=0))]
fn stark_verify_many(
    py: Python<'_>,
    proofs: Vec<ProofSource>,
    min_security_bits: u32,
) -> Vec<Bound<'_, PyAny>> {
    let verify = || verify_proof_files(proofs, min_security_bits, ProofSource::read);
    let item = |outcome: PyResult<Result<Accepted, VerifyFileError>>| {
        let accepted = outcome.and_then(|verdict| verdict.map_err(verify_error));
        match accepted.and_then(|accepted| proof_report(py, &accepted)) {
            Ok(report) => report.into_any(),
            Err(error) => error.into_value(py).into_bound(py).into_any(),
        }
    };
    py.detach(verify).into_iter().map(item).collect()
}

fn proof_report<'py>(py: Python<'py>, accepted: &Accepted) -> PyResult<Bound<'py, PyDict>> {
    let Security { proven, proven_beyond_johnson, conjectured, collision } = accepted.security;
    let bits = |millibits: Millibits| f64::from(millibits) / 1000.0;
    let report = PyDict::new(py);
    report.set_item("n_steps", accepted.n_steps)?;
    report.set_item("proof_bytes", accepted.proof_bytes)?;
    report.set_item("security_bits_proven", bits(proven))?;
    report.set_item("security_bits_proven_beyond_johnson", bits(proven_beyond_johnson))?;
    report.set_item("security_bits_conjectured", bits(conjectured))?;
    report.set_item("security_bits_collision", bits(collision))?;
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
    module.add_function(wrap_pyfunction!(stark_verify_many, module)?)?;
    module.add_function(wrap_pyfunction!(air_description, module)?)?;
    module.add_function(wrap_pyfunction!(pack_layout, module)?)
}
