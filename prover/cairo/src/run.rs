//! Proving a run from its files.

use std::error::Error;
use std::fs;
use std::path::{Path, PathBuf};

use novation_air::Air;
use novation_cairo_air::{
    read_memory_file, read_trace_file, BuiltinInputs, CairoAir, FileError, PublicInput,
    PublicInputError, SecondPhase, TraceError, TraceGenerator, TraceInputs,
};
use novation_field::Fe;
use novation_stark::{prove, ParamsError, Progress, ProveError, Resources, StarkParams, Witness};
use serde_json::Value;
use thiserror::Error;

use crate::file::ProofFile;
use crate::verify::statement_words;

/// The files of a run and of its proof parameters.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RunFiles {
    /// The statement.
    pub public_input: PathBuf,
    /// Inputs of builtins, and the names of trace and memory, relative to its own folder.
    pub private_input: PathBuf,
    /// Proof parameters.
    pub params: PathBuf,
}

/// What a caller asks of a proof beside its correctness.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Demands {
    /// What the prover may use.
    pub resources: Resources,
    /// Bits of conjectured security that the parameters must give.
    pub min_security_bits: u32,
}

impl From<Resources> for Demands {
    fn from(resources: Resources) -> Self {
        Self { resources, min_security_bits: 0 }
    }
}

/// Why a run could not be proven.
#[derive(Debug, Error)]
pub enum RunError {
    /// A file cannot be read.
    #[error("{}: {error}", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// What the system says.
        error: std::io::Error,
    },
    /// A file is not JSON.
    #[error("{}: {error}", path.display())]
    Json {
        /// The file.
        path: PathBuf,
        /// What the parser says.
        error: serde_json::Error,
    },
    /// The private input names no trace or memory file.
    #[error("private input: {0} is not a string")]
    MissingPath(&'static str),
    /// Trace, memory or private input are malformed.
    #[error("{}: {error}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        error: FileError,
    },
    /// The statement is not acceptable.
    #[error(transparent)]
    Statement(#[from] PublicInputError),
    /// The parameters are not acceptable.
    #[error(transparent)]
    Params(#[from] ParamsError),
    /// The parameters are sound but too weak for the caller.
    #[error("the parameters give {actual} bits of conjectured security, required are {required}")]
    Security {
        /// What the caller requires.
        required: u32,
        /// What the parameters give.
        actual: u32,
    },
    /// The run does not fit the statement.
    #[error(transparent)]
    Trace(#[from] TraceError),
    /// The prover failed.
    #[error(transparent)]
    Prove(#[from] ProveError),
}

/// Proves a run from its files.
///
/// # Errors
/// [`RunError`] names the file and the reason.
pub fn prove_run(
    files: &RunFiles,
    demands: impl Into<Demands>,
    progress: &mut Progress<'_>,
) -> Result<ProofFile, RunError> {
    let public_input = read_json(&files.public_input)?;
    let params = read_json(&files.params)?;
    let statement = PublicInput::from_value(&public_input)?;
    let max_address = statement.memory_units();
    let inputs = || read_run(&files.private_input, max_address);
    let mut proof = prove_inputs(statement, inputs, params, demands, progress)?;
    // As the caller wrote it.
    proof.public_input = public_input;
    Ok(proof)
}

/// Proves a run in memory; the inputs are asked for when statement and parameters are acceptable.
///
/// # Errors
/// [`RunError`] names the reason.
pub fn prove_inputs(
    statement: PublicInput,
    inputs: impl FnOnce() -> Result<TraceInputs, RunError>,
    proof_parameters: Value,
    demands: impl Into<Demands>,
    progress: &mut Progress<'_>,
) -> Result<ProofFile, RunError> {
    let Demands { resources, min_security_bits: required } = demands.into();
    let params = StarkParams::from_json_value(proof_parameters.clone())?;
    params.check_trace_length(statement.log_trace_length())?;
    let actual = params.security_bits(statement.log_trace_length()).conjectured;
    if actual < required {
        return Err(RunError::Security { required, actual });
    }
    let air = CairoAir::new(statement);
    let mut witness = RunWitness::new(&air, inputs()?);
    let words = statement_words(air.public_input(), &params);
    let proof = prove(&air, &mut witness, &params, &words, resources, progress)?;
    let public_input = air.public_input().to_value();
    Ok(ProofFile::new(&air, public_input, proof_parameters, &params, &proof))
}

/// Makes the trace of a run, which is dropped as soon as its columns are there.
struct RunWitness<'a> {
    air: &'a CairoAir,
    run: TraceInputs,
    second: Option<SecondPhase<'a>>,
}

impl<'a> RunWitness<'a> {
    fn new(air: &'a CairoAir, run: TraceInputs) -> Self {
        Self { air, run, second: None }
    }
}

/// Bytes for each row while the trace is made: addresses, values and counts of the memory, and the
/// values of the small pools.
const EXTRA_BYTES_PER_ROW: u64 = 24;

impl Witness for RunWitness<'_> {
    fn first_phase(&mut self) -> Result<Vec<Vec<Fe>>, Box<dyn Error + Send + Sync>> {
        let run = core::mem::take(&mut self.run);
        let (columns, second) = TraceGenerator::new(self.air, &run)?.first_phase()?;
        self.second = Some(second);
        Ok(columns)
    }

    fn second_phase(
        &mut self,
        interaction: &[Fe],
    ) -> Result<Vec<Vec<Fe>>, Box<dyn Error + Send + Sync>> {
        let second = self.second.take().expect("the first phase comes first");
        Ok(second.columns(interaction)?)
    }

    fn extra_bytes(&self) -> u64 {
        EXTRA_BYTES_PER_ROW << self.air.log_trace_length()
    }
}

fn read_run(private_input: &Path, max_address: u64) -> Result<TraceInputs, RunError> {
    let value = read_json(private_input)?;
    let folder = private_input.parent().unwrap_or(Path::new(""));
    let path = |key: &'static str| {
        let name = value[key].as_str().ok_or(RunError::MissingPath(key))?;
        Ok::<_, RunError>(folder.join(name))
    };
    let malformed = |path: &Path| {
        let path = path.to_owned();
        |error| RunError::File { path, error }
    };
    let (trace, memory) = (path("trace_path")?, path("memory_path")?);
    Ok(TraceInputs {
        trace: read_trace_file(&read(&trace)?).map_err(malformed(&trace))?,
        memory: read_memory_file(&read(&memory)?, max_address).map_err(malformed(&memory))?,
        builtins: BuiltinInputs::from_value(&value).map_err(malformed(private_input))?,
    })
}

fn read_json(path: &Path) -> Result<Value, RunError> {
    let bytes = read(path)?;
    let malformed = |error| RunError::Json { path: path.to_owned(), error };
    serde_json::from_slice(&bytes).map_err(malformed)
}

fn read(path: &Path) -> Result<Vec<u8>, RunError> {
    fs::read(path).map_err(|error| RunError::Io { path: path.to_owned(), error })
}
