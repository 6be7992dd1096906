//! Whatever is changed in a proof file made by Stone, it is no longer accepted, and nothing panics.
#![allow(clippy::unwrap_used)] // A test may fail by unwrapping.

use std::fs;
use std::path::PathBuf;

use novation_cairo_prover::{verify_proof, verify_proof_file, ProofFile, VerifyFileError};
use serde_json::{json, Value};

/// Every so many bytes of a proof one is flipped.
const BYTE_STRIDE: usize = 631;

fn read(file: &str) -> Option<String> {
    let root = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../../shared/vectors");
    if !root.is_dir() {
        eprintln!("SKIPPED: no Stone vectors at {}", root.display());
        return None;
    }
    Some(fs::read_to_string(root.join(file)).unwrap())
}

fn is_unreadable<T>(result: &Result<T, VerifyFileError>) -> bool {
    matches!(result, Err(VerifyFileError::Unreadable(_)))
}

const FILES: [&str; 3] = [
    "stone_golden/proof_suite_k.json",
    "stone_golden/proof_suite_p.json",
    "stone_proofs/swiftness_dynamic_2048_steps.json",
];

/// All ways to change one number, hexadecimal number or truth value inside a document.
fn mutations(value: &Value) -> Vec<Value> {
    match value {
        Value::Number(number) => {
            let number = number.as_i64().unwrap();
            vec![json!(number + 1), json!(number - 1), json!(number * 2 + 3), json!(-number - 1)]
        }
        Value::String(text) => match u64::from_str_radix(text.trim_start_matches("0x"), 16) {
            Ok(number) => vec![json!(format!("{:#x}", number ^ 1)), json!("zz")],
            Err(_) => vec![json!(format!("{text}1")), json!("")],
        },
        Value::Bool(flag) => vec![json!(!flag)],
        Value::Null => vec![json!(0)],
        Value::Array(items) => {
            let replaced = items.iter().enumerate().flat_map(|(index, item)| {
                mutations(item).into_iter().map(move |mutated| {
                    let mut items = items.clone();
                    items[index] = mutated;
                    Value::Array(items)
                })
            });
            let shortened = (!items.is_empty()).then(|| json!(items[..items.len() - 1]));
            let doubled = items
                .last()
                .map(|last| json!([items.as_slice(), std::slice::from_ref(last)].concat()));
            replaced.chain(shortened).chain(doubled).collect()
        }
        Value::Object(entries) => {
            let replaced = entries.iter().flat_map(|(key, item)| {
                mutations(item).into_iter().map(move |mutated| {
                    let mut entries = entries.clone();
                    entries.insert(key.clone(), mutated);
                    Value::Object(entries)
                })
            });
            replaced.collect()
        }
    }
}

#[test]
fn test_verify_when_a_proof_byte_changes_rejects() {
    for name in FILES {
        let Some(text) = read(name) else { return };
        let file = ProofFile::from_json(&text).unwrap();
        for position in (0..file.proof_bytes.len()).step_by(BYTE_STRIDE) {
            let mut mutated = file.clone();
            mutated.proof_bytes[position] ^= 1 << (position % 8);
            let result = verify_proof(&mutated, 0);
            assert!(matches!(result, Err(VerifyFileError::Rejected(_))), "{name}: byte {position}");
        }
        for length in [0, 1, 31, 32, 5000, file.proof_bytes.len() - 1] {
            let mut mutated = file.clone();
            mutated.proof_bytes.truncate(length);
            assert!(verify_proof(&mutated, 0).is_err(), "{name}: {length} bytes");
        }
    }
}

#[test]
fn test_verify_when_the_statement_changes_rejects() {
    for name in FILES {
        let Some(text) = read(name) else { return };
        let file = ProofFile::from_json(&text).unwrap();
        let mut count = 0;
        for (key, value) in file.public_input.as_object().unwrap() {
            // Public cells are many and alike.
            let stride = if key == "public_memory" { 97 } else { 1 };
            for mutated in mutations(value).into_iter().step_by(stride) {
                let mut file = file.clone();
                file.public_input[key] = mutated;
                assert!(verify_proof(&file, 0).is_err(), "{name}: mutation {count} in {key}");
                count += 1;
            }
        }
        assert!(count > 1000, "{count} mutations");
    }
}

#[test]
fn test_verify_when_a_parameter_changes_rejects() {
    for name in FILES {
        let Some(text) = read(name) else { return };
        let file = ProofFile::from_json(&text).unwrap();
        for (key, value) in file.proof_parameters.as_object().unwrap() {
            let hashes =
                ["keccak256", "poseidon3", "blake256", "blake256_masked160_msb", "pedersen"];
            let others = hashes.into_iter().filter(|name| value.is_string() && value != name);
            let others = others.map(|name| json!(name));
            for mutated in mutations(value).into_iter().chain(others) {
                let mut file = file.clone();
                file.proof_parameters[key] = mutated.clone();
                assert!(verify_proof(&file, 0).is_err(), "{name}: {key} = {mutated}");
            }
        }
    }
}

#[test]
fn test_verify_when_the_file_is_not_a_proof_file_says_unreadable() {
    let texts = ["", "{", "[]", "null", "{}", r#"{"proof_hex": 5}"#, r#"{"proof_hex": "0x123"}"#];
    for text in texts {
        let result = verify_proof_file(text, 0);
        assert!(matches!(result, Err(VerifyFileError::Unreadable(_))), "{text:?}");
    }
    let Some(text) = read(FILES[0]) else { return };
    for key in ["proof_hex", "public_input", "proof_parameters"] {
        let mut file: Value = serde_json::from_str(&text).unwrap();
        file.as_object_mut().unwrap().remove(key);
        assert!(is_unreadable(&verify_proof_file(&file.to_string(), 0)), "without {key}");
    }
    for end in (0..text.len()).step_by(text.len() / 50) {
        assert!(is_unreadable(&verify_proof_file(&text[..end], 0)));
    }
}
