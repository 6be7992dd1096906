//! Proving a run from its files.

use std::error::Error;
use std::fs;
use std::path::{Path, PathBuf};

use novation_air::Air;
use novation_cairo_air::layout::{check_disjoint, fit};
use novation_cairo_air::{
    read_memory_file, read_trace_file, BuiltinInputs, CairoAir, FileError, PublicInput,
    PublicInputError, RawPublicInput, SecondPhase, TraceError, TraceGenerator, TraceInputs,
};
use novation_field::Fe;
use novation_json::{text, Malformed};
use novation_stark::{
    prove, ParamsError, Progress, ProveError, Resources, Shape, StarkParams, TooWeak, Witness,
};
use serde_json::Value;
use thiserror::Error;

use crate::file::ProofFile;
use crate::lookalike::no_public_input;
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
    /// A file is not what it should be.
    #[error("unreadable: {0}")]
    Unreadable(String),
    /// The files describe something that this prover does not prove.
    #[error("unsupported: {0}")]
    Unsupported(String),
    /// The statement breaks a rule, or the parameters are out of range.
    #[error("rejected: {0}")]
    Rejected(String),
    /// The parameters are sound but too weak for the caller.
    #[error("the parameters give {0}")]
    TooWeak(#[from] TooWeak),
    /// The run does not fit the statement.
    #[error(transparent)]
    Trace(#[from] TraceError),
    /// The prover failed.
    #[error(transparent)]
    Prove(#[from] ProveError),
}

impl RunError {
    /// The same error about a file.
    fn of(self, path: &Path) -> Self {
        let named = |message| format!("{}: {message}", path.display());
        match self {
            Self::Unreadable(message) => Self::Unreadable(named(message)),
            Self::Unsupported(message) => Self::Unsupported(named(message)),
            Self::Rejected(message) => Self::Rejected(named(message)),
            other => other,
        }
    }
}

impl From<Malformed> for RunError {
    fn from(error: Malformed) -> Self {
        Self::Unreadable(error.to_string())
    }
}

impl From<FileError> for RunError {
    fn from(error: FileError) -> Self {
        Self::Unreadable(error.to_string())
    }
}

impl From<PublicInputError> for RunError {
    fn from(error: PublicInputError) -> Self {
        match error {
            other if other.is_malformed() => Self::Unreadable(other.to_string()),
            other if other.is_unsupported() => Self::Unsupported(other.to_string()),
            other => Self::Rejected(other.to_string()),
        }
    }
}

impl From<ParamsError> for RunError {
    fn from(error: ParamsError) -> Self {
        match error {
            ParamsError::Malformed(error) => error.into(),
            other if other.is_unsupported() => Self::Unsupported(other.to_string()),
            other => Self::Rejected(other.to_string()),
        }
    }
}

/// Proves a run from its files. If the public input has no parameters of the layout, they are made
/// to fit the run.
///
/// # Errors
/// [`RunError`] names the file and the reason.
pub fn prove_run(
    files: &RunFiles,
    demands: impl Into<Demands>,
    progress: &mut Progress<'_>,
) -> Result<ProofFile, RunError> {
    let public_input = read_json(&files.public_input)?;
    let proof_parameters = read_json(&files.params)?;
    let about_input = |error: RunError| error.of(&files.public_input);
    let statement = read_statement(&public_input).map_err(about_input)?;
    let params = StarkParams::from_json_value(&proof_parameters)
        .map_err(|error| RunError::from(error).of(&files.params))?;
    let max_address = statement.memory_units();
    let inputs = || read_run(&files.private_input, max_address);
    let is_complete = !public_input["dynamic_params"].is_null();
    let mut proof = prove_parsed(statement, inputs, &params, demands.into(), progress)?;
    proof.proof_parameters = proof_parameters;
    if is_complete {
        // As the caller wrote it.
        proof.public_input = public_input;
    }
    Ok(proof)
}

fn read_statement(public_input: &Value) -> Result<PublicInput, RunError> {
    if public_input.get("memory_segments").is_none() {
        return Err(RunError::Unreadable(no_public_input(public_input)));
    }
    let raw = RawPublicInput::read(public_input)?;
    if raw.0.params.is_some() {
        return Ok(raw.check()?);
    }
    let params = fit(&raw.0).map_err(|error| RunError::Unsupported(error.to_string()))?;
    Ok(PublicInput::new(raw.0.with_params(params))?)
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
    let params = StarkParams::from_json_value(&proof_parameters)?;
    let mut proof = prove_parsed(statement, inputs, &params, demands.into(), progress)?;
    proof.proof_parameters = proof_parameters;
    Ok(proof)
}

/// The proof file, in which the parameters are still null.
fn prove_parsed(
    statement: PublicInput,
    inputs: impl FnOnce() -> Result<TraceInputs, RunError>,
    params: &StarkParams,
    demands: Demands,
    progress: &mut Progress<'_>,
) -> Result<ProofFile, RunError> {
    check_disjoint(statement.layout()).map_err(PublicInputError::from)?;
    params.check_trace_length(statement.log_trace_length())?;
    let air = CairoAir::new(statement);
    params.require_security(&Shape::of(&air), demands.min_security_bits)?;
    let mut witness = RunWitness::new(&air, inputs()?);
    let words = statement_words(air.public_input(), params);
    let proof = prove(&air, &mut witness, params, &words, demands.resources, progress)?;
    let public_input = air.public_input().to_value();
    Ok(ProofFile::new(&air, public_input, Value::Null, params, &proof))
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
    let about_input = |error: RunError| error.of(private_input);
    let builtins = BuiltinInputs::from_value(&value).map_err(|error| about_input(error.into()))?;
    let folder = private_input.parent().unwrap_or(Path::new(""));
    let path = |key: &str| {
        let name = text(&value[key]).map_err(|error| about_input(error.within(key).into()))?;
        Ok::<_, RunError>(folder.join(name))
    };
    let (trace, memory) = (path("trace_path")?, path("memory_path")?);
    let about = |path: &Path, error: FileError| RunError::from(error).of(path);
    Ok(TraceInputs {
        trace: read_trace_file(&read(&trace)?).map_err(|error| about(&trace, error))?,
        memory: read_memory_file(&read(&memory)?, max_address)
            .map_err(|error| about(&memory, error))?,
        builtins,
    })
}

fn read_json(path: &Path) -> Result<Value, RunError> {
    let parsed = novation_json::parse(&read(path)?);
    parsed.map_err(|error| RunError::from(error).of(path))
}

fn read(path: &Path) -> Result<Vec<u8>, RunError> {
    fs::read(path).map_err(|error| RunError::Io { path: path.to_owned(), error })
}
