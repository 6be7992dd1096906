//! Proves and verifies the smallest Cairo run, an endless jump of 4,096 steps on a layout with the
//! builtins of the frozen one. It reads no files, so it serves to count instructions and to compare
//! kernels: `small_proof [file of the proof]`.

use std::collections::BTreeMap;
use std::process::ExitCode;

use novation_cairo_air::layout::{pack, Ratios};
use novation_cairo_air::{PublicInput, RegisterState, TraceInputs};
use novation_cairo_prover::{prove_inputs, verify_proof};
use novation_field::Fe;
use novation_stark::{Progress, Resources};
use serde_json::{json, Value};

const N_STEPS: u64 = 1 << 12;
/// `jmp rel 0`; the offset follows.
const JUMP: u64 = 0x0107_8001_7fff_7fff;
/// Where the registers stay; program and two unused cells stand before.
const FRAME: u64 = 5;

fn statement() -> Result<PublicInput, Box<dyn std::error::Error>> {
    let ratios = Ratios { diluted_units_row_ratio: 1, ..Ratios::frozen() };
    let mut begin = FRAME;
    let mut segments: BTreeMap<&str, Value> = BTreeMap::new();
    for name in
        ["output", "pedersen", "bitwise", "ec_op", "keccak", "range_check96", "add_mod", "mul_mod"]
    {
        segments.insert(name, json!({ "begin_addr": begin, "stop_ptr": begin }));
    }
    for (builtin, steps) in &ratios.steps_per_instance {
        segments.insert(builtin.name(), json!({ "begin_addr": begin, "stop_ptr": begin }));
        begin += builtin.cells_per_instance() * N_STEPS / steps;
    }
    segments.insert("program", json!({ "begin_addr": 1, "stop_ptr": 1 }));
    segments.insert("execution", json!({ "begin_addr": FRAME, "stop_ptr": FRAME }));
    let value = json!({
        "layout": "dynamic",
        "rc_min": 0x7fff,
        "rc_max": 0x8001,
        "n_steps": N_STEPS,
        "memory_segments": segments,
        "public_memory": [
            { "address": 1, "value": format!("{JUMP:#x}"), "page": 0 },
            { "address": 2, "value": "0x0", "page": 0 },
        ],
        "dynamic_params": pack(&ratios)?.to_map(),
    });
    Ok(PublicInput::from_value(&value)?)
}

fn parameters() -> Value {
    json!({
        "field": "PrimeField0",
        "channel_hash": "keccak256",
        "commitment_hash": "keccak256_masked192_msb",
        "pow_hash": "keccak256",
        "statement": { "page_hash": "keccak256" },
        "stark": {
            "fri": {
                "fri_step_list": [0, 3, 3, 3],
                "last_layer_degree_bound": 128,
                "n_queries": 10,
                "proof_of_work_bits": 8,
            },
            "log_n_cosets": 1,
        },
        "use_extension_field": false,
    })
}

fn main() -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run() -> Result<(), Box<dyn std::error::Error>> {
    let registers = RegisterState { ap: FRAME, fp: FRAME, pc: 1 };
    let run = TraceInputs {
        trace: vec![registers; usize::try_from(N_STEPS)?],
        memory: [None, Some(JUMP), Some(0), Some(0), Some(0)]
            .map(|value| value.map(Fe::from_u64))
            .to_vec(),
        ..TraceInputs::default()
    };
    let mut progress = Progress::silent();
    let proof =
        prove_inputs(statement()?, || Ok(run), parameters(), Resources::default(), &mut progress)?;
    let accepted = verify_proof(&proof, 0)?;
    println!("{} steps, proof of {} bytes", accepted.n_steps, accepted.proof_bytes);
    if let Some(path) = std::env::args().nth(1) {
        std::fs::write(path, proof.to_json())?;
    }
    Ok(())
}
