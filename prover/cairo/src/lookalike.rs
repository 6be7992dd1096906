//! What a file without a proof seems to be.

use novation_json::{describe, Value};

/// A key that gives a file away, and what has it.
const FILES: [(&str, &str); 10] = [
    ("proof_hex", "a proof file"),
    ("proof", "a proof inside {\"proof\": ...}: the file must be what is inside"),
    ("stark", "proof parameters"),
    ("public_memory", "a public input"),
    ("memory_path", "a private input"),
    ("dynamic_params", "parameters of a layout"),
    ("cpu_component_step", "parameters of a layout"),
    ("constraint_polynomial_task_size", "a prover's configuration"),
    ("old_globals", "the witness of a batch"),
    ("prime", "a compiled Cairo program"),
];

/// Says that a document is no proof file, and what it looks like.
pub(crate) fn no_proof(document: &Value) -> String {
    format!("no proof file: proof_hex is missing, this is {}", kind(document))
}

/// Says that a document is no public input, and what it looks like.
pub(crate) fn no_public_input(document: &Value) -> String {
    format!("no public input: memory_segments is missing, this is {}", kind(document))
}

fn kind(document: &Value) -> String {
    let has = |key: &&(&str, &str)| document.get(key.0).is_some();
    match document {
        Value::Object(_) => {
            FILES.iter().find(has).map_or("an object of another kind", |(_, name)| name).to_owned()
        }
        Value::String(_) => "a string".to_owned(),
        Value::Number(_) => "a number".to_owned(),
        other => describe(other),
    }
}
