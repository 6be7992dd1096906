//! Prints the AIR as JSON, for the generator of the L1 verifier:
//! `cargo run -p novation-cairo-air --example describe [LAYOUT_JSON]`. The file holds the parameters
//! of a layout, or a public input with them; without it the frozen layout is described.

use std::collections::BTreeMap;
use std::error::Error;

use novation_air::describe;
use novation_cairo_air::layout::FROZEN_LAYOUT_JSON;
use novation_cairo_air::{CairoAir, PublicInput, SEGMENT_NAMES};
use serde_json::{json, Value};

/// The constraints do not depend on the number of steps; this is the smallest with room for the
/// diluted pool.
const N_STEPS: u64 = 1 << 16;

fn main() -> Result<(), Box<dyn Error>> {
    let text = match std::env::args().nth(1) {
        Some(path) => std::fs::read_to_string(path)?,
        None => FROZEN_LAYOUT_JSON.to_owned(),
    };
    let layout: Value = serde_json::from_str(&text)?;
    let params = layout.get("dynamic_params").unwrap_or(&layout);
    let empty = json!({"begin_addr": 1, "stop_ptr": 1});
    let segments: BTreeMap<_, _> = SEGMENT_NAMES.iter().map(|name| (name, &empty)).collect();
    let public_input = json!({
        "layout": "dynamic",
        "n_steps": N_STEPS,
        "rc_min": 0,
        "rc_max": 1,
        "memory_segments": segments,
        "public_memory": [{"address": 1, "value": "0x0", "page": 0}],
        "dynamic_params": params,
    });
    let air = CairoAir::new(PublicInput::from_json(&public_input.to_string())?);
    println!("{}", describe(&air));
    Ok(())
}
