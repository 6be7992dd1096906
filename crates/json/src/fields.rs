//! Typed access to a parsed document.

use core::fmt::{self, Display, Formatter};

use serde_json::{Map, Value};
use thiserror::Error;

/// Characters of a foreign text that a message repeats.
const QUOTED_CHARACTERS: usize = 40;

/// A document, or a part of one, that is not what its reader expects.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub struct Malformed {
    place: String,
    reason: String,
}

impl Malformed {
    /// Says what is wrong with the value itself.
    pub fn new(reason: impl Into<String>) -> Self {
        Self { place: String::new(), reason: reason.into() }
    }

    /// The same error, seen from the object or document in which the value has this name.
    #[must_use]
    pub fn within(mut self, name: &str) -> Self {
        let separator = if self.place.is_empty() || self.place.starts_with('[') { "" } else { "." };
        self.place = format!("{name}{separator}{}", self.place);
        self
    }
}

impl Display for Malformed {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self.place.as_str() {
            "" => f.write_str(&self.reason),
            place => write!(f, "{place} {}", self.reason),
        }
    }
}

/// A value in a few words, for messages.
pub fn describe(value: &Value) -> String {
    match value {
        Value::String(text) => match text.char_indices().nth(QUOTED_CHARACTERS) {
            Some((end, _)) => format!("{:?}...", &text[..end]),
            None => format!("{text:?}"),
        },
        Value::Array(items) => format!("a list of {}", items.len()),
        Value::Object(_) => "an object".to_owned(),
        scalar => scalar.to_string(),
    }
}

/// An object all of whose keys are known.
#[derive(Debug, Clone)]
pub struct Object<'v>(&'v Map<String, Value>);

impl<'v> Object<'v> {
    /// Reads an object that has no other keys than these.
    ///
    /// # Errors
    /// [`Malformed`] if the value is no object or has an unknown key.
    pub fn new(value: &'v Value, known: &[&str]) -> Result<Self, Malformed> {
        let Value::Object(fields) = value else {
            return Err(Malformed::new(format!("is {}, expected an object", describe(value))));
        };
        match fields.keys().find(|key| !known.contains(&key.as_str())) {
            None => Ok(Self(fields)),
            Some(key) => {
                let key = describe(&Value::String(key.clone()));
                Err(Malformed::new(format!("has the unknown key {key}")))
            }
        }
    }

    /// Reads a value that must be there.
    ///
    /// # Errors
    /// [`Malformed`] if the key is missing, or what the reader reports.
    pub fn field<T>(
        &self,
        key: &str,
        read: impl FnOnce(&'v Value) -> Result<T, Malformed>,
    ) -> Result<T, Malformed> {
        let value = self.0.get(key).ok_or_else(|| Malformed::new("is missing"));
        value.and_then(read).map_err(|error| error.within(key))
    }

    /// Reads a value that may be absent; one that is there must be readable.
    ///
    /// # Errors
    /// What the reader reports.
    pub fn optional<T>(
        &self,
        key: &str,
        read: impl FnOnce(&'v Value) -> Result<T, Malformed>,
    ) -> Result<Option<T>, Malformed> {
        self.0.get(key).map(read).transpose().map_err(|error| error.within(key))
    }
}

/// A number from 0 to 2^64 - 1.
///
/// # Errors
/// [`Malformed`] for anything else.
pub fn number(value: &Value) -> Result<u64, Malformed> {
    value.as_u64().ok_or_else(|| {
        Malformed::new(format!("is {}, expected an unsigned 64-bit number", describe(value)))
    })
}

/// A number of a narrower type.
///
/// # Errors
/// [`Malformed`] for anything else.
pub fn number_up_to(max: u64) -> impl Fn(&Value) -> Result<u64, Malformed> {
    move |value| match number(value)? {
        number if number <= max => Ok(number),
        number => Err(Malformed::new(format!("is {number}, expected at most {max}"))),
    }
}

/// True or false.
///
/// # Errors
/// [`Malformed`] for anything else.
pub fn flag(value: &Value) -> Result<bool, Malformed> {
    let expected = || format!("is {}, expected true or false", describe(value));
    value.as_bool().ok_or_else(|| Malformed::new(expected()))
}

/// A string.
///
/// # Errors
/// [`Malformed`] for anything else.
pub fn text(value: &Value) -> Result<&str, Malformed> {
    let expected = || format!("is {}, expected a string", describe(value));
    value.as_str().ok_or_else(|| Malformed::new(expected()))
}

/// A list of values that one reader understands.
///
/// # Errors
/// [`Malformed`] if the value is no list, or what the reader reports.
pub fn list<'v, T>(
    value: &'v Value,
    read: impl Fn(&'v Value) -> Result<T, Malformed>,
) -> Result<Vec<T>, Malformed> {
    let Value::Array(items) = value else {
        return Err(Malformed::new(format!("is {}, expected a list", describe(value))));
    };
    let item =
        |(index, item)| read(item).map_err(|error: Malformed| error.within(&format!("[{index}]")));
    items.iter().enumerate().map(item).collect()
}
