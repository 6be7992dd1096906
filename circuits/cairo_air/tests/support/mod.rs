//! Proofs made by StarkWare's Stone prover, as far as the AIR is concerned.

#![allow(dead_code)] // Every test file uses a part of this.

pub(crate) mod small;

use std::path::PathBuf;

use novation_cairo_air::{
    read_memory_file, read_trace_file, BuiltinInputs, CairoAir, PublicInput, TraceInputs,
};
use novation_field::Fe;
use serde_json::Value;

/// The four proofs, relative to the folder of vectors.
pub(crate) const PROOFS: [&str; 4] = [
    "stone_golden/proof_suite_k.json",
    "stone_golden/proof_suite_p.json",
    "stone_proofs/cairo_lang_dynamic_4096_steps.json",
    "stone_proofs/swiftness_dynamic_2048_steps.json",
];

/// The folder of vectors beside the repository, or `None` with a message if it is absent.
pub(crate) fn vectors() -> Option<PathBuf> {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../../shared/vectors");
    if folder.is_dir() {
        return Some(folder);
    }
    eprintln!("SKIPPED: {} is absent", folder.display());
    None
}

/// The values that prover and verifier exchange about the composition polynomial.
pub(crate) struct Exchange {
    pub(crate) air: CairoAir,
    pub(crate) interaction: Vec<Fe>,
    pub(crate) alpha: Fe,
    pub(crate) point: Fe,
    pub(crate) mask: Vec<Fe>,
    /// The two halves of the composition polynomial at the square of the point.
    pub(crate) halves: [Fe; 2],
    /// Roots of the commitments to both phases of the trace.
    pub(crate) roots: [String; 2],
}

/// Reads a file of the folder of vectors.
pub(crate) fn read_json(name: &str) -> Option<Value> {
    let text = std::fs::read_to_string(vectors()?.join(name)).expect("a vector file");
    Some(serde_json::from_str(&text).expect("JSON"))
}

/// Reads a proof's exchange from its annotations.
pub(crate) fn exchange(name: &str) -> Option<Exchange> {
    let proof = read_json(name)?;
    let lines: Vec<&str> = proof["annotations"]
        .as_array()
        .expect("annotations")
        .iter()
        .filter_map(Value::as_str)
        .collect();
    let of = |part: &str| -> Vec<Fe> {
        lines.iter().filter(|line| line.contains(part)).flat_map(|line| elements(line)).collect()
    };
    let point = of("OODS values: Evaluation point")[0];
    let oods: Vec<Fe> = lines
        .iter()
        .filter(|line| line.starts_with("P->V") && line.contains("OODS values"))
        .flat_map(|line| elements(line))
        .collect();
    let (mask, halves) = oods.split_at(oods.len() - 2);
    let root = |part: &str| {
        let line = lines.iter().find(|line| line.contains(part)).expect("a commitment");
        let (_, hash) = line.split_once("Hash(").expect("a hash");
        hash.trim_end_matches(')').to_owned()
    };
    Some(Exchange {
        air: CairoAir::new(PublicInput::from_value(&proof["public_input"]).expect("valid")),
        interaction: of("Interaction element #"),
        alpha: of("STARK/Original: Constraint polynomial random element")[0],
        point,
        mask: mask.to_vec(),
        halves: [halves[0], halves[1]],
        roots: ["STARK/Original/Commit on Trace", "STARK/Interaction/Commit on Trace"].map(root),
    })
}

/// All hexadecimal numbers after the last opening parenthesis.
fn elements(line: &str) -> Vec<Fe> {
    let Some((_, list)) = line.rsplit_once('(') else { return Vec::new() };
    list.trim_end_matches(')').split(", ").filter_map(|text| Fe::from_hex(text).ok()).collect()
}

/// The run of the golden proofs.
pub(crate) fn golden() -> Option<(CairoAir, TraceInputs)> {
    let folder = vectors()?.join("stone_golden");
    let bytes = |name: &str| std::fs::read(folder.join(name)).expect("a vector file");
    let private = read_json("stone_golden/private_input.json")?;
    let public = read_json("stone_golden/public_input.json")?;
    let statement = PublicInput::from_value(&public).expect("valid");
    let memory = read_memory_file(&bytes("memory.bin"), statement.memory_units());
    let run = TraceInputs {
        trace: read_trace_file(&bytes("trace.bin")).expect("a trace"),
        memory: memory.expect("a memory"),
        builtins: BuiltinInputs::from_value(&private).expect("builtin inputs"),
    };
    Some((CairoAir::new(statement), run))
}

/// Interaction elements without meaning.
pub(crate) fn some_elements() -> Vec<Fe> {
    (1..=8).map(|i| Fe::from_u64(1_000_003 * i).pow(99)).collect()
}
