//! Proofs made by Stone: ours to accept, and to make again.
#![allow(clippy::unwrap_used)] // A test may fail by unwrapping.

use std::fs;
use std::path::PathBuf;

use novation_cairo_prover::{prove_run, verify_proof_file, ProofFile, RunFiles};
use novation_stark::{Progress, Resources};
use serde_json::Value;

fn vectors() -> Option<PathBuf> {
    let root = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../../shared/vectors");
    if !root.is_dir() {
        eprintln!("SKIPPED: no Stone vectors at {}", root.display());
        return None;
    }
    Some(root)
}

#[test]
fn test_verify_of_stone_proofs_accepts() {
    let Some(root) = vectors() else { return };
    // Of blowup 2 nothing is counted.
    for (file, proven, first_order, conjectured) in [
        ("stone_golden/proof_suite_k.json", 32_000, 33_344, 47_680),
        ("stone_golden/proof_suite_p.json", 0, 0, 0),
        ("stone_proofs/cairo_lang_dynamic_4096_steps.json", 34_000, 34_372, 37_938),
        ("stone_proofs/swiftness_dynamic_2048_steps.json", 64_000, 66_688, 95_360),
    ] {
        let text = fs::read_to_string(root.join(file)).unwrap();
        let accepted =
            verify_proof_file(&text, 0).unwrap_or_else(|error| panic!("{file}: {error}"));
        let security = accepted.security;
        let found = (security.proven, security.proven_beyond_johnson, security.conjectured);
        assert_eq!(found, (proven, first_order, conjectured), "{file}");
    }
}

fn prove_golden(suite: &str) {
    let Some(root) = vectors() else { return };
    let golden = root.join("stone_golden");
    let files = RunFiles {
        public_input: golden.join("public_input.json"),
        private_input: golden.join("private_input.json"),
        params: golden.join(format!("params_suite_{suite}.json")),
    };
    let mut progress = Progress::silent();
    let ours: ProofFile = prove_run(&files, Resources::default(), &mut progress).unwrap();
    for phase in progress.phases() {
        println!(
            "{:>24} {:7.3} s {:7.2} CPU-s {:6} MiB",
            phase.name, phase.seconds, phase.cpu_seconds, phase.peak_mib
        );
    }
    let text = fs::read_to_string(golden.join(format!("proof_suite_{suite}.json"))).unwrap();
    let stone: Value = serde_json::from_str(&text).unwrap();
    let lines = stone["annotations"].as_array().unwrap();
    for (line, (ours, stone)) in ours.annotations.iter().zip(lines).enumerate() {
        assert_eq!(ours.as_str(), stone.as_str().unwrap(), "annotation {line}");
    }
    assert_eq!(ours.annotations.len(), lines.len());
    let ours: Value = serde_json::from_str(&ours.to_json()).unwrap();
    assert!(ours["proof_hex"] == stone["proof_hex"]);
}

#[test]
fn test_proof_of_golden_run_in_suite_k_equals_that_of_stone() {
    prove_golden("k");
}

#[test]
fn test_proof_of_golden_run_in_suite_p_equals_that_of_stone() {
    prove_golden("p");
}
