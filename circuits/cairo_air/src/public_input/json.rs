//! The JSON form of a statement, as `cairo-run` and Stone write it.

use std::collections::BTreeMap;

use novation_field::Fe;
use novation_json::{describe, list, number, text, Malformed, Object};
use serde_json::{json, Value};

use super::validate::PublicInputParts;
use super::{PublicCell, PublicInput, PublicInputError, Segment, SEGMENT_NAMES};
use crate::layout::DynamicParams;

const LAYOUT: &str = "dynamic";
const KEYS: [&str; 7] =
    ["dynamic_params", "layout", "memory_segments", "n_steps", "public_memory", "rc_max", "rc_min"];

/// A statement whose keys and types are right; the parameters of the layout may be absent.
#[derive(Debug, Clone)]
pub struct RawPublicInput(pub PublicInputParts<Option<DynamicParams>>);

impl RawPublicInput {
    /// Reads keys and types. The parameters of the layout may be null: `cairo-run` writes that.
    ///
    /// # Errors
    /// [`PublicInputError::Malformed`], [`PublicInputError::Params`] and
    /// [`PublicInputError::Segment`] say which one is wrong; [`PublicInputError::Layout`] if what
    /// follows from the layout is not known.
    pub fn read(value: &Value) -> Result<Self, PublicInputError> {
        let input = Object::new(value, &KEYS)?;
        let layout = input.field("layout", |layout| {
            text(layout)?;
            Ok(layout)
        })?;
        if layout != LAYOUT {
            return Err(PublicInputError::Layout { actual: describe(layout) });
        }
        let params = input.field("dynamic_params", |params| match params {
            Value::Null => Ok(None),
            params => numbers(params).map(Some),
        })?;
        Ok(Self(PublicInputParts {
            n_steps: input.field("n_steps", number)?,
            rc_min: input.field("rc_min", number)?,
            rc_max: input.field("rc_max", number)?,
            params: params.map(|params| DynamicParams::from_map(&params)).transpose()?,
            segments: order_segments(input.field("memory_segments", read_segments)?)?,
            public_memory: input.field("public_memory", |cells| list(cells, read_cell))?,
        }))
    }

    /// Checks the statement.
    ///
    /// # Errors
    /// [`PublicInputError`] for the first rule that is violated.
    pub fn check(self) -> Result<PublicInput, PublicInputError> {
        let Some(params) = self.0.params.clone() else {
            return Err(Malformed::new("is null, expected the layout's parameters")
                .within("dynamic_params")
                .into());
        };
        PublicInput::new(self.0.with_params(params))
    }
}

impl PublicInput {
    /// Parses and checks a statement.
    ///
    /// # Errors
    /// [`PublicInputError`] if the text is malformed or a rule is violated.
    pub fn from_json(text: &str) -> Result<Self, PublicInputError> {
        Self::from_value(&novation_json::parse(text.as_bytes())?)
    }

    /// Reads and checks a statement that is part of a larger JSON document.
    ///
    /// # Errors
    /// As [`PublicInput::from_json`].
    pub fn from_value(value: &Value) -> Result<Self, PublicInputError> {
        RawPublicInput::read(value)?.check()
    }

    /// The JSON form, readable by [`PublicInput::from_value`] and by Stone.
    pub fn to_value(&self) -> Value {
        let segment = |(name, segment): (&str, &Segment)| {
            let Segment { begin_addr, stop_ptr } = segment;
            (name.to_owned(), json!({"begin_addr": begin_addr, "stop_ptr": stop_ptr}))
        };
        let cell = |cell: &PublicCell| json!({"address": cell.address, "value": cell.value.to_hex(), "page": cell.page});
        json!({
            "layout": LAYOUT,
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

fn read_cell(value: &Value) -> Result<PublicCell, Malformed> {
    let cell = Object::new(value, &["address", "page", "value"])?;
    let (address, value) = (cell.field("address", number)?, cell.field("value", field_element)?);
    let page = cell.optional("page", number)?.unwrap_or(0);
    Ok(PublicCell { address, value, page })
}

/// A field element: `0x`, then 1 to 64 hexadecimal digits.
pub(crate) fn field_element(value: &Value) -> Result<Fe, Malformed> {
    let parsed = text(value)?.strip_prefix("0x").and_then(|_| Fe::from_hex(text(value).ok()?).ok());
    parsed.ok_or_else(|| {
        let found = describe(value);
        Malformed::new(format!("is {found}, expected 0x and the digits of a number below p"))
    })
}

fn read_segments(value: &Value) -> Result<BTreeMap<String, Segment>, Malformed> {
    entries(value, |value| {
        let segment = Object::new(value, &["begin_addr", "stop_ptr"])?;
        let begin_addr = segment.field("begin_addr", number)?;
        Ok(Segment { begin_addr, stop_ptr: segment.field("stop_ptr", number)? })
    })
}

fn numbers(value: &Value) -> Result<BTreeMap<String, u64>, Malformed> {
    entries(value, number)
}

/// An object whose keys are compared with the known ones later.
fn entries<T>(
    value: &Value,
    read: impl Fn(&Value) -> Result<T, Malformed>,
) -> Result<BTreeMap<String, T>, Malformed> {
    let Value::Object(fields) = value else {
        return Err(Malformed::new(format!("is {}, expected an object", describe(value))));
    };
    let entry = |(name, value): (&String, &Value)| {
        Ok((name.clone(), read(value).map_err(|error| error.within(name))?))
    };
    fields.iter().map(entry).collect()
}

fn order_segments(
    mut segments: BTreeMap<String, Segment>,
) -> Result<[Segment; SEGMENT_NAMES.len()], PublicInputError> {
    let mut ordered = [Segment { begin_addr: 0, stop_ptr: 0 }; SEGMENT_NAMES.len()];
    for (slot, name) in ordered.iter_mut().zip(SEGMENT_NAMES) {
        let missing = || PublicInputError::Segment { name: name.to_owned(), fault: "missing" };
        *slot = segments.remove(name).ok_or_else(missing)?;
    }
    match segments.into_keys().next() {
        None => Ok(ordered),
        Some(name) => {
            let name = name.chars().take(40).collect();
            Err(PublicInputError::Segment { name, fault: "unknown" })
        }
    }
}
