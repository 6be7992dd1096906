//! Prints the AIR of a statement as JSON: `describe_air <public_input.json | proof.json>`.

use novation_air::describe;
use novation_cairo_air::{CairoAir, PublicInput};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let path = std::env::args().nth(1).ok_or("usage: describe_air <public_input.json>")?;
    let document: serde_json::Value = serde_json::from_str(&std::fs::read_to_string(path)?)?;
    let statement = document.get("public_input").unwrap_or(&document);
    let air = CairoAir::new(PublicInput::from_value(statement)?);
    println!("{}", describe(&air));
    Ok(())
}
