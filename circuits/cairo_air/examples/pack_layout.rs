//! Prints the frozen layout: `cargo run -p novation-cairo-air --example pack_layout`.

use novation_cairo_air::layout::{pack, Ratios};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    println!("{}", serde_json::to_string_pretty(&pack(&Ratios::frozen())?.to_map())?);
    Ok(())
}
