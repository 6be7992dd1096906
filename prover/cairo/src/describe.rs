//! What generators and verifiers in other languages need to know, as JSON text.

use std::collections::BTreeMap;

use novation_air::describe;
use novation_cairo_air::layout::{pack, Builtin, PackError, Ratios};
use novation_cairo_air::{CairoAir, PublicInput, PublicInputError};
use serde::Deserialize;
use serde_json::json;
use thiserror::Error;

/// The AIR of a statement, given as the JSON of a public input.
///
/// # Errors
/// [`PublicInputError`] if the statement is not acceptable.
pub fn air_description(public_input: &str) -> Result<String, PublicInputError> {
    let air = CairoAir::new(PublicInput::from_json(public_input)?);
    Ok(describe(&air).to_string())
}

/// Ratios for which no layout was packed.
#[derive(Debug, Error)]
pub enum RatiosError {
    /// The text is not the JSON of ratios.
    #[error("ratios: {0}")]
    Json(#[from] serde_json::Error),
    /// A builtin has no place in the layout.
    #[error("unknown builtin {0:?}")]
    UnknownBuiltin(String),
    /// There is no layout for these ratios.
    #[error(transparent)]
    Pack(#[from] PackError),
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawRatios {
    cpu_component_step: u64,
    memory_units_per_step: u64,
    range_check_units_per_step: u64,
    diluted_units_row_ratio: u64,
    steps_per_instance: BTreeMap<String, u64>,
}

/// The 340 parameters of the layout for these ratios. Both sides are JSON objects; the keys of the
/// ratios are the fields of [`Ratios`], with builtins by the names of their segments.
///
/// # Errors
/// [`RatiosError`] if there is no such layout.
pub fn pack_layout(ratios: &str) -> Result<String, RatiosError> {
    let raw: RawRatios = serde_json::from_str(ratios)?;
    let mut steps_per_instance = BTreeMap::new();
    for (name, steps) in raw.steps_per_instance {
        let builtin = Builtin::ALL.into_iter().find(|builtin| builtin.name() == name);
        steps_per_instance.insert(builtin.ok_or(RatiosError::UnknownBuiltin(name))?, steps);
    }
    let params = pack(&Ratios {
        cpu_component_step: raw.cpu_component_step,
        memory_units_per_step: raw.memory_units_per_step,
        range_check_units_per_step: raw.range_check_units_per_step,
        diluted_units_row_ratio: raw.diluted_units_row_ratio,
        steps_per_instance,
    })?;
    Ok(json!(params.to_map()).to_string())
}
