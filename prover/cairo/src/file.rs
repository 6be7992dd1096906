//! The JSON file of a proof.

use std::fmt::Write as _;
use std::fs::{self, File};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::process;
use std::sync::atomic::{AtomicU32, Ordering};

use novation_cairo_air::CairoAir;
use novation_json::{text, Malformed, Object};
use novation_stark::{annotate, Proof, Shape, StarkParams};
use serde_json::{json, Value};

use crate::lookalike::no_proof;
use crate::verify::{statement_words, VerifyFileError};

/// The name under which Stone logs a Cairo statement.
const STATEMENT_NAME: &str = "cpu air";

/// Stone's keys; verifiers read the first three.
const KEYS: [&str; 8] = [
    "proof_hex",
    "public_input",
    "proof_parameters",
    "annotations",
    "extra_annotations",
    "private_input",
    "prover_config",
    "version",
];

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

    /// Reads the content of a file.
    ///
    /// # Errors
    /// [`VerifyFileError::Unreadable`] if it is not the JSON of a proof file, with what it seems to
    /// be instead; [`VerifyFileError::Unsupported`] if the proof is too long.
    pub fn from_bytes(content: impl AsRef<[u8]>) -> Result<Self, VerifyFileError> {
        Self::from_value(novation_json::parse(content.as_ref())?)
    }

    /// Reads the text of a file.
    ///
    /// # Errors
    /// As [`ProofFile::from_bytes`].
    pub fn from_json(text: &str) -> Result<Self, VerifyFileError> {
        Self::from_bytes(text)
    }

    fn from_value(mut file: Value) -> Result<Self, VerifyFileError> {
        if file.get("proof_hex").is_none() {
            return Err(VerifyFileError::Unreadable(no_proof(&file)));
        }
        let fields = Object::new(&file, &KEYS)?;
        let proof_bytes = fields.field("proof_hex", |digits| {
            let expected = || Malformed::new("is not 0x and pairs of hexadecimal digits");
            unhex(text(digits)?).ok_or_else(expected)
        })?;
        for section in ["proof_parameters", "public_input"] {
            fields.field(section, |_| Ok(()))?;
        }
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

/// Writes a file that appears complete or not at all.
///
/// A device or a pipe under this name is written to, not replaced.
///
/// # Errors
/// What the system says; a part that was written is removed.
pub fn write_atomically(path: &Path, content: &[u8]) -> io::Result<()> {
    // Through a link, so that it stays one.
    let target = path.canonicalize().unwrap_or_else(|_| path.to_owned());
    if fs::metadata(&target).is_ok_and(|existing| !existing.is_file()) {
        return File::options().write(true).open(&target)?.write_all(content);
    }
    Draft::beside(&target, content)?.publish(&target)
}

/// A file under a name of its own, removed unless it gets its final name.
struct Draft(PathBuf);

impl Draft {
    fn beside(target: &Path, content: &[u8]) -> io::Result<Self> {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let name = target.file_name().ok_or(io::ErrorKind::IsADirectory)?.to_string_lossy();
        let number = COUNT.fetch_add(1, Ordering::Relaxed);
        let path = target.with_file_name(format!(".{name}.{}.{number}", process::id()));
        let mut file = File::create_new(&path)?;
        let draft = Self(path);
        file.write_all(content)?;
        file.sync_all()?;
        Ok(draft)
    }

    fn publish(self, target: &Path) -> io::Result<()> {
        fs::rename(&self.0, target)
    }
}

impl Drop for Draft {
    fn drop(&mut self) {
        // After publishing there is nothing under this name.
        let _ = fs::remove_file(&self.0);
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
