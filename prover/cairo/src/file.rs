//! The JSON file of a proof.

use std::fmt::Write;

use novation_cairo_air::CairoAir;
use novation_stark::{annotate, Proof, Shape, StarkParams};
use serde_json::{json, Value};

use crate::verify::{statement_words, VerifyFileError};

/// The name under which Stone logs a Cairo statement.
const STATEMENT_NAME: &str = "cpu air";

/// What a proof file contains.
#[derive(Clone, Debug, PartialEq)]
pub struct ProofFile {
    /// The statement, as JSON.
    pub public_input: Value,
    /// The parameters, as JSON.
    pub proof_parameters: Value,
    /// The proof in the encoding of its suite.
    pub proof_bytes: Vec<u8>,
    /// The protocol log; StarkWare's verifier in Cairo reads it instead of the bytes.
    pub annotations: Vec<String>,
}

impl ProofFile {
    /// Writes down a proof of this statement.
    pub(crate) fn new(
        air: &CairoAir,
        public_input: Value,
        proof_parameters: Value,
        params: &StarkParams,
        proof: &Proof,
    ) -> Self {
        let statement = statement_words(air.public_input(), params);
        let shape = Shape::of(air);
        Self {
            public_input,
            proof_parameters,
            proof_bytes: proof.to_bytes(params),
            annotations: annotate(STATEMENT_NAME, &shape, params, &statement, proof),
        }
    }

    /// Reads the text of a file.
    ///
    /// # Errors
    /// [`VerifyFileError::Unreadable`] if it is not the JSON of a proof file.
    pub fn from_json(text: &str) -> Result<Self, VerifyFileError> {
        let unreadable = |error: serde_json::Error| VerifyFileError::Unreadable(error.to_string());
        let mut file: Value = serde_json::from_str(text).map_err(unreadable)?;
        let missing = || VerifyFileError::Unreadable("proof_hex is not hexadecimal".into());
        let proof_bytes = file["proof_hex"].as_str().and_then(unhex).ok_or_else(missing)?;
        let lines = file["annotations"].as_array().into_iter().flatten();
        Ok(Self {
            annotations: lines.filter_map(|line| Some(line.as_str()?.to_owned())).collect(),
            public_input: file["public_input"].take(),
            proof_parameters: file["proof_parameters"].take(),
            proof_bytes,
        })
    }

    /// The text of the file.
    pub fn to_json(&self) -> String {
        let file = json!({
            "version": { "prover": concat!("novation ", env!("CARGO_PKG_VERSION")) },
            "public_input": self.public_input,
            "proof_parameters": self.proof_parameters,
            "proof_hex": hex(&self.proof_bytes),
            "annotations": self.annotations,
        });
        format!("{file:#}\n")
    }
}

/// Digits of bytes, after `0x`.
fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold("0x".to_owned(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}"); // Writing to a string cannot fail.
        text
    })
}

fn unhex(text: &str) -> Option<Vec<u8>> {
    let digits = text.strip_prefix("0x")?.as_bytes();
    let (pairs, rest) = digits.as_chunks::<2>();
    let digit = |byte: u8| char::from(byte).to_digit(16);
    let byte = |pair: &[u8; 2]| u8::try_from(digit(pair[0])? * 16 + digit(pair[1])?).ok();
    rest.is_empty().then(|| pairs.iter().map(byte).collect())?
}
