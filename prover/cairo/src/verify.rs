//! Judging a proof file.

use novation_cairo_air::{CairoAir, PageHash, PublicInput, PublicInputError};
use novation_stark::{
    verify_bytes, PageHash as StarkPageHash, ParamsError, SecurityBits, StarkParams, VerifyError,
};
use rayon::prelude::*;
use thiserror::Error;

use crate::file::ProofFile;

/// Why a proof file is not accepted.
#[derive(Debug, Clone, PartialEq, Error)]
pub enum VerifyFileError {
    /// The text is not a proof file, so nothing can be said about a proof.
    #[error("unreadable: {0}")]
    Unreadable(String),
    /// The statement breaks a rule of the layout.
    #[error("rejected: {0}")]
    Statement(PublicInputError),
    /// The parameters are out of range.
    #[error("rejected: {0}")]
    Params(ParamsError),
    /// The proof does not prove the statement.
    #[error("rejected: {0}")]
    Rejected(VerifyError),
}

impl VerifyFileError {
    /// Whether the file could not even be read.
    pub fn is_unreadable(&self) -> bool {
        matches!(self, Self::Unreadable(_))
    }
}

impl From<PublicInputError> for VerifyFileError {
    fn from(error: PublicInputError) -> Self {
        match error {
            PublicInputError::Json { message } => Self::Unreadable(message),
            broken_rule => Self::Statement(broken_rule),
        }
    }
}

impl From<ParamsError> for VerifyFileError {
    fn from(error: ParamsError) -> Self {
        match error {
            ParamsError::Json(message) => Self::Unreadable(message),
            out_of_range => Self::Params(out_of_range),
        }
    }
}

/// What an accepted proof says.
#[derive(Clone, Debug, PartialEq)]
pub struct Accepted {
    /// The security of the parameters.
    pub security: SecurityBits,
    /// Cairo steps proven.
    pub n_steps: u64,
    /// Length of the proof in bytes.
    pub proof_bytes: usize,
    /// The statement.
    pub public_input: PublicInput,
}

/// Verifies the text of a proof file.
///
/// # Errors
/// [`VerifyFileError`]: unreadable files are told apart from rejected proofs. No input panics.
pub fn verify_proof_file(text: &str) -> Result<Accepted, VerifyFileError> {
    verify_proof(&ProofFile::from_json(text)?)
}

/// Reads and verifies many proof files on all cores; the outcomes are in the order of the files.
///
/// # Errors
/// For each file that of `read`, or that of [`verify_proof_file`].
pub fn verify_proof_files<S: Send, E: Send>(
    sources: Vec<S>,
    read: impl Fn(S) -> Result<Vec<u8>, E> + Sync,
) -> Vec<Result<Result<Accepted, VerifyFileError>, E>> {
    let verify = |content: Vec<u8>| verify_proof(&ProofFile::from_bytes(content)?);
    sources.into_par_iter().map(|source| Ok(verify(read(source)?))).collect()
}

/// Verifies a proof file.
///
/// # Errors
/// As [`verify_proof_file`].
pub fn verify_proof(file: &ProofFile) -> Result<Accepted, VerifyFileError> {
    let params = StarkParams::from_json_value(file.proof_parameters.clone())?;
    let input = PublicInput::from_value(&file.public_input)?;
    params.check_trace_length(input.log_trace_length())?;
    let statement = statement_words(&input, &params);
    let air = CairoAir::new(input);
    let security = verify_bytes(&air, &params, &statement, &file.proof_bytes)
        .map_err(VerifyFileError::Rejected)?;
    let public_input = air.public_input().clone();
    let n_steps = public_input.n_steps();
    Ok(Accepted { security, n_steps, proof_bytes: file.proof_bytes.len(), public_input })
}

/// The words from which the transcript of this statement starts.
pub fn statement_words(input: &PublicInput, params: &StarkParams) -> Vec<u8> {
    let page_hash = match params.page {
        StarkPageHash::Keccak => PageHash::Keccak256,
        StarkPageHash::Pedersen => PageHash::Pedersen,
    };
    input.seed_words(page_hash, params.tree.n_friendly_layers.into()).as_flattened().to_vec()
}
