//! Judging a proof file.

use novation_cairo_air::{CairoAir, PageHash, PublicInput, PublicInputError, RawPublicInput};
use novation_json::Malformed;
use novation_stark::{
    verify_bytes, PageHash as StarkPageHash, ParamsError, RawParams, Security, Shape, StarkParams,
    TooWeak, VerifyError,
};
use rayon::prelude::*;
use thiserror::Error;

use crate::file::ProofFile;

/// Longest proof that is read; one of 2^48 rows has less.
const MAX_PROOF_BYTES: usize = 16 << 20;

/// Why a proof file is not accepted: three answers that mean different things to a caller.
#[derive(Debug, Clone, PartialEq, Error)]
pub enum VerifyFileError {
    /// The file is not a proof file, so nothing can be said about a proof.
    #[error("unreadable: {0}")]
    Unreadable(String),
    /// The proof may be valid, but is of a kind that this verifier does not judge.
    #[error("unsupported: {0}")]
    Unsupported(String),
    /// The proof does not prove the statement.
    #[error("rejected: {0}")]
    Rejected(String),
}

impl From<Malformed> for VerifyFileError {
    fn from(error: Malformed) -> Self {
        Self::Unreadable(error.to_string())
    }
}

impl From<PublicInputError> for VerifyFileError {
    fn from(error: PublicInputError) -> Self {
        let message = match error {
            PublicInputError::Malformed(error) => return error.within("public_input").into(),
            ref other => format!("public_input: {other}"),
        };
        match error {
            other if other.is_malformed() => Self::Unreadable(message),
            other if other.is_unsupported() => Self::Unsupported(message),
            _ => Self::Rejected(message),
        }
    }
}

impl From<ParamsError> for VerifyFileError {
    fn from(error: ParamsError) -> Self {
        match error {
            ParamsError::Malformed(error) => error.within("proof_parameters").into(),
            other if other.is_unsupported() => {
                Self::Unsupported(format!("proof_parameters: {other}"))
            }
            other => Self::Rejected(format!("proof_parameters: {other}")),
        }
    }
}

impl From<TooWeak> for VerifyFileError {
    fn from(error: TooWeak) -> Self {
        Self::Rejected(error.to_string())
    }
}

impl From<VerifyError> for VerifyFileError {
    fn from(error: VerifyError) -> Self {
        Self::Rejected(error.to_string())
    }
}

/// What an accepted proof says.
#[derive(Clone, Debug, PartialEq)]
pub struct Accepted {
    /// The security of the parameters.
    pub security: Security,
    /// Cairo steps proven.
    pub n_steps: u64,
    /// Length of the proof in bytes.
    pub proof_bytes: usize,
    /// The statement.
    pub public_input: PublicInput,
}

/// Verifies the text of a proof file, which must have so many bits of conjectured security.
///
/// # Errors
/// [`VerifyFileError`] tells what cannot be judged from what is false. No input panics.
pub fn verify_proof_file(text: &str, min_bits: u32) -> Result<Accepted, VerifyFileError> {
    verify_proof(&ProofFile::from_json(text)?, min_bits)
}

/// Reads and verifies many proof files on all cores; the outcomes are in the order of the files.
///
/// # Errors
/// For each file that of `read`, or that of [`verify_proof_file`].
pub fn verify_proof_files<S: Send, E: Send>(
    sources: Vec<S>,
    min_bits: u32,
    read: impl Fn(S) -> Result<Vec<u8>, E> + Sync,
) -> Vec<Result<Result<Accepted, VerifyFileError>, E>> {
    let verify = |content: Vec<u8>| verify_proof(&ProofFile::from_bytes(content)?, min_bits);
    sources.into_par_iter().map(|source| Ok(verify(read(source)?))).collect()
}

/// Verifies a proof file. What cannot be read is found first, then what cannot be judged, in the
/// order of the Python reference verifier, so that both give the same answer.
///
/// # Errors
/// As [`verify_proof_file`].
pub fn verify_proof(file: &ProofFile, min_bits: u32) -> Result<Accepted, VerifyFileError> {
    let params = RawParams::read(&file.proof_parameters).map_err(ParamsError::from)?;
    let input = RawPublicInput::read(&file.public_input)?;
    let length = file.proof_bytes.len();
    if length > MAX_PROOF_BYTES {
        let message = format!("the proof has {length} bytes, supported are {MAX_PROOF_BYTES}");
        return Err(VerifyFileError::Unsupported(message));
    }
    let (params, input) = (params.check()?, input.check()?);
    params.check_trace_length(input.log_trace_length())?;
    let statement = statement_words(&input, &params);
    let air = CairoAir::new(input);
    params.require_security(&Shape::of(&air), min_bits)?;
    let security = verify_bytes(&air, &params, &statement, &file.proof_bytes)?;
    let public_input = air.public_input().clone();
    let n_steps = public_input.n_steps();
    Ok(Accepted { security, n_steps, proof_bytes: length, public_input })
}

/// The words from which the transcript of this statement starts.
pub fn statement_words(input: &PublicInput, params: &StarkParams) -> Vec<u8> {
    let page_hash = match params.page {
        StarkPageHash::Keccak => PageHash::Keccak256,
        StarkPageHash::Pedersen => PageHash::Pedersen,
    };
    input.seed_words(page_hash, params.tree.n_friendly_layers.into()).as_flattened().to_vec()
}
