//! Judging a proof file.

use novation_cairo_air::{CairoAir, PageHash, PublicInput, PublicInputError};
use novation_stark::{
    verify_bytes, PageHash as StarkPageHash, ParamsError, SecurityBits, StarkParams, VerifyError,
};
use serde_json::Value;
use thiserror::Error;

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
    let unreadable = |error: serde_json::Error| VerifyFileError::Unreadable(error.to_string());
    let file: Value = serde_json::from_str(text).map_err(unreadable)?;
    let missing = || VerifyFileError::Unreadable("proof_hex is not a hexadecimal string".into());
    let proof = file["proof_hex"].as_str().and_then(decode_hex).ok_or_else(missing)?;
    verify_proof(&file["public_input"], file["proof_parameters"].clone(), &proof)
}

/// Verifies a proof, given apart from its statement and parameters.
///
/// # Errors
/// As [`verify_proof_file`].
pub fn verify_proof(
    public_input: &Value,
    proof_parameters: Value,
    proof: &[u8],
) -> Result<Accepted, VerifyFileError> {
    let params = StarkParams::from_json_value(proof_parameters)?;
    let input = PublicInput::from_value(public_input)?;
    params.check_trace_length(input.log_trace_length())?;
    let statement = statement_words(&input, &params);
    let air = CairoAir::new(input);
    let security =
        verify_bytes(&air, &params, &statement, proof).map_err(VerifyFileError::Rejected)?;
    let public_input = air.public_input().clone();
    let n_steps = public_input.n_steps();
    Ok(Accepted { security, n_steps, proof_bytes: proof.len(), public_input })
}

/// The words from which the transcript of this statement starts.
pub fn statement_words(input: &PublicInput, params: &StarkParams) -> Vec<u8> {
    let page_hash = match params.page {
        StarkPageHash::Keccak => PageHash::Keccak256,
        StarkPageHash::Pedersen => PageHash::Pedersen,
    };
    input.seed_words(page_hash, params.tree.n_friendly_layers.into()).as_flattened().to_vec()
}

fn decode_hex(text: &str) -> Option<Vec<u8>> {
    let digits = text.strip_prefix("0x")?.as_bytes();
    let (pairs, rest) = digits.as_chunks::<2>();
    let digit = |byte: u8| char::from(byte).to_digit(16);
    let byte = |pair: &[u8; 2]| u8::try_from(digit(pair[0])? * 16 + digit(pair[1])?).ok();
    rest.is_empty().then(|| pairs.iter().map(byte).collect())?
}
