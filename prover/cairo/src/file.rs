//! The JSON file of a proof.

use std::fmt::Write;

use novation_cairo_air::{CairoAir, PublicInput};
use novation_stark::{annotate, Proof, Shape, StarkParams};
use serde_json::{json, Value};

use crate::verify::statement_words;

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

    /// The proof as a value, and the statement and parameters it belongs to.
    ///
    /// # Errors
    /// [`crate::VerifyFileError`] if one of them cannot be read.
    pub fn decode(&self) -> Result<(CairoAir, StarkParams, Proof), crate::VerifyFileError> {
        let params = StarkParams::from_json_value(self.proof_parameters.clone())?;
        let air = CairoAir::new(PublicInput::from_value(&self.public_input)?);
        let shape = Shape::of(&air);
        params.check_trace_length(shape.log_trace)?;
        let statement = statement_words(air.public_input(), &params);
        let proof = Proof::from_bytes(&self.proof_bytes, &shape, &params, &statement)
            .map_err(|error| crate::VerifyFileError::Rejected(error.into()))?;
        Ok((air, params, proof))
    }

    /// The text of the file.
    pub fn to_json(&self) -> String {
        let mut hex = String::with_capacity(2 + 2 * self.proof_bytes.len());
        hex.push_str("0x");
        for byte in &self.proof_bytes {
            let _ = write!(hex, "{byte:02x}"); // Writing to a string cannot fail.
        }
        let file = json!({
            "version": { "prover": concat!("novation ", env!("CARGO_PKG_VERSION")) },
            "public_input": self.public_input,
            "proof_parameters": self.proof_parameters,
            "proof_hex": hex,
            "annotations": self.annotations,
        });
        format!("{file:#}\n")
    }
}
