//! The JSON form of a statement, as `cairo-run` and Stone write it.

use std::collections::BTreeMap;

use novation_field::Fe;
use serde::Deserialize;
use serde_json::{json, Value};

use super::validate::PublicInputParts;
use super::{PublicCell, PublicInput, PublicInputError, Segment, SEGMENT_NAMES};
use crate::layout::DynamicParams;

#[derive(Deserialize)]
struct RawSegment {
    begin_addr: u64,
    stop_ptr: u64,
}

#[derive(Deserialize)]
struct RawCell {
    address: u64,
    value: String,
    #[serde(default)]
    page: u64,
}

#[derive(Deserialize)]
struct RawPublicInput {
    layout: String,
    n_steps: u64,
    rc_min: u64,
    rc_max: u64,
    memory_segments: BTreeMap<String, RawSegment>,
    public_memory: Vec<RawCell>,
    dynamic_params: Option<BTreeMap<String, u64>>,
}

impl PublicInput {
    /// Parses and checks a statement.
    ///
    /// # Errors
    /// [`PublicInputError`] if the text is malformed or a rule is violated.
    pub fn from_json(text: &str) -> Result<Self, PublicInputError> {
        serde_json::from_str(text).map_err(|error| malformed(&error)).and_then(from_raw)
    }

    /// Reads and checks a statement that is part of a larger JSON document.
    ///
    /// # Errors
    /// As [`PublicInput::from_json`].
    pub fn from_value(value: &Value) -> Result<Self, PublicInputError> {
        RawPublicInput::deserialize(value).map_err(|error| malformed(&error)).and_then(from_raw)
    }

    /// The JSON form, readable by [`PublicInput::from_value`] and by Stone.
    pub fn to_value(&self) -> Value {
        let segment = |(name, segment): (&str, &Segment)| {
            let Segment { begin_addr, stop_ptr } = segment;
            (name.to_owned(), json!({"begin_addr": begin_addr, "stop_ptr": stop_ptr}))
        };
        let cell = |cell: &PublicCell| json!({"address": cell.address, "value": cell.value.to_hex(), "page": cell.page});
        json!({
            "layout": "dynamic",
            "n_steps": self.n_steps(),
            "rc_min": self.rc_min,
            "rc_max": self.rc_max,
            "memory_segments": Value::Object(
                SEGMENT_NAMES.into_iter().zip(&self.segments).map(segment).collect(),
            ),
            "public_memory": self.public_memory.iter().map(cell).collect::<Vec<_>>(),
            "dynamic_params": self.layout.params().to_map(),
        })
    }
}

fn malformed(error: &serde_json::Error) -> PublicInputError {
    PublicInputError::Json { message: error.to_string() }
}

fn from_raw(raw: RawPublicInput) -> Result<PublicInput, PublicInputError> {
    if raw.layout != "dynamic" {
        return Err(PublicInputError::Layout { actual: raw.layout });
    }
    let cell = |cell: RawCell| -> Result<PublicCell, PublicInputError> {
        let value = Fe::from_hex(&cell.value)
            .map_err(|error| PublicInputError::Json { message: error.to_string() })?;
        Ok(PublicCell { address: cell.address, value, page: cell.page })
    };
    let segment = |(name, segment): (String, RawSegment)| {
        (name, Segment { begin_addr: segment.begin_addr, stop_ptr: segment.stop_ptr })
    };
    PublicInput::new(PublicInputParts {
        n_steps: raw.n_steps,
        rc_min: raw.rc_min,
        rc_max: raw.rc_max,
        params: DynamicParams::from_map(&raw.dynamic_params.unwrap_or_default())?,
        segments: raw.memory_segments.into_iter().map(segment).collect(),
        public_memory: raw.public_memory.into_iter().map(cell).collect::<Result<_, _>>()?,
    })
}
