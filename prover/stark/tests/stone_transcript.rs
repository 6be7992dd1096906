//! Replays proofs made by Stone without their AIR: bytes, challenges, trees and folding.
#![allow(clippy::unwrap_used)] // A test may fail by unwrapping.

use std::path::PathBuf;

use novation_crypto::{keccak256, pedersen_hash_many};
use novation_field::Fe;
use novation_stark::{annotate, ChannelHash, PageHash, Proof, Shape, StarkParams};
use serde_json::Value;

const SEGMENTS: [&str; 13] = [
    "program",
    "execution",
    "output",
    "pedersen",
    "range_check",
    "ecdsa",
    "bitwise",
    "ec_op",
    "keccak",
    "poseidon",
    "range_check96",
    "add_mod",
    "mul_mod",
];
/// Values that the mask of layout `dynamic` asks for, dead entries included.
const DYNAMIC_MASK: usize = 941;

fn vectors() -> Option<PathBuf> {
    let root = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../../shared/vectors");
    if !root.is_dir() {
        eprintln!("SKIPPED: no Stone vectors at {}", root.display());
        return None;
    }
    Some(root)
}

fn number(value: &Value) -> Fe {
    match value {
        Value::String(text) => Fe::from_hex(text).unwrap(),
        _ => Fe::from_i64(value.as_i64().unwrap()),
    }
}

/// The public input as words: the seed of the transcript.
fn statement(input: &Value, params: &StarkParams) -> Vec<u8> {
    let steps = input["n_steps"].as_u64().unwrap();
    let layout = input["layout"].as_str().unwrap().bytes();
    let mut words = vec![
        Fe::from(params.tree.n_friendly_layers),
        Fe::from(steps.ilog2()),
        number(&input["rc_min"]),
        number(&input["rc_max"]),
        layout.fold(Fe::ZERO, |code, byte| code * Fe::from(256u32) + Fe::from(byte)),
    ];
    words.extend(input["dynamic_params"].as_object().unwrap().values().map(number));
    for segment in SEGMENTS {
        let addresses = &input["memory_segments"][segment];
        words.extend([number(&addresses["begin_addr"]), number(&addresses["stop_ptr"])]);
    }
    let memory = input["public_memory"].as_array().unwrap();
    let pairs: Vec<Fe> =
        memory.iter().flat_map(|cell| [number(&cell["address"]), number(&cell["value"])]).collect();
    words.extend([pairs[0], pairs[1], Fe::ONE, Fe::from(memory.len() as u64)]);
    let bytes =
        |words: &[Fe]| words.iter().flat_map(|word| word.to_bytes_be()).collect::<Vec<u8>>();
    let mut seed = bytes(&words);
    match params.page {
        PageHash::Keccak => seed.extend(keccak256(&bytes(&pairs))),
        PageHash::Pedersen => seed.extend(pedersen_hash_many(&pairs).to_bytes_be()),
    }
    seed
}

fn unhex(text: &str) -> Vec<u8> {
    let digits = text.strip_prefix("0x").unwrap();
    (0..digits.len())
        .step_by(2)
        .map(|i| u8::from_str_radix(&digits[i..i + 2], 16).unwrap())
        .collect()
}

fn replay(file: &str) {
    let Some(root) = vectors() else { return };
    let text = std::fs::read_to_string(root.join(file)).unwrap();
    let json: Value = serde_json::from_str(&text).unwrap();
    let params = StarkParams::from_json_value(&json["proof_parameters"]).unwrap();
    let input = &json["public_input"];
    let dynamic = &input["dynamic_params"];
    let columns = |name: &str| usize::try_from(dynamic[name].as_u64().unwrap()).unwrap();
    let step_rows = dynamic["cpu_component_step"].as_u64().unwrap() * 16;
    let shape = Shape {
        log_trace: (input["n_steps"].as_u64().unwrap() * step_rows).ilog2(),
        phases: vec![columns("num_columns_first"), columns("num_columns_second")],
        n_interaction: 8,
        n_mask: DYNAMIC_MASK,
        n_constraints: 419,
    };
    let statement = statement(input, &params);
    let bytes = unhex(json["proof_hex"].as_str().unwrap());
    let proof = Proof::from_bytes(&bytes, &shape, &params, &statement).unwrap();
    assert!(proof.to_bytes(&params) == bytes);
    let expected: Vec<&str> =
        json["annotations"].as_array().unwrap().iter().map(|line| line.as_str().unwrap()).collect();
    let found = annotate("cpu air", &shape, &params, &statement, &proof);
    for (line, (found, expected)) in found.iter().zip(&expected).enumerate() {
        assert_eq!(found, expected, "annotation {line} of {file}");
    }
    assert_eq!(found.len(), expected.len());
    assert_eq!(params.channel == ChannelHash::Poseidon, !file.ends_with("k.json"));
}

#[test]
fn test_replay_of_golden_suite_k_gives_the_same_annotations() {
    replay("stone_golden/proof_suite_k.json");
}

#[test]
fn test_replay_of_golden_suite_p_gives_the_same_annotations() {
    replay("stone_golden/proof_suite_p.json");
}

#[test]
fn test_replay_of_cairo_lang_proof_gives_the_same_annotations() {
    replay("stone_proofs/cairo_lang_dynamic_4096_steps.json");
}

#[test]
fn test_replay_of_swiftness_proof_gives_the_same_annotations() {
    replay("stone_proofs/swiftness_dynamic_2048_steps.json");
}
