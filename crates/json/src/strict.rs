//! The parser: a document has one meaning, or is refused.

use core::fmt::{self, Formatter};

use serde::de::{DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Number, Value};

use crate::fields::{describe, Malformed};

/// Lists and objects inside each other; the files that we read need six.
pub const MAX_DEPTH: usize = 32;

/// Parses a document.
///
/// # Errors
/// [`Malformed`] with line and column if the bytes are not JSON in UTF-8, a number is not finite, a
/// key appears twice in an object, or lists and objects are nested deeper than [`MAX_DEPTH`].
pub fn parse(content: &[u8]) -> Result<Value, Malformed> {
    let text = core::str::from_utf8(content).map_err(|error| {
        Malformed::new(format!("not UTF-8 text at byte {}", error.valid_up_to()))
    })?;
    let mut deserializer = serde_json::Deserializer::from_str(text);
    let document = Strict { depth: 0 }.deserialize(&mut deserializer);
    document
        .and_then(|value| deserializer.end().map(|()| value))
        .map_err(|error| Malformed::new(format!("not JSON: {error}")))
}

/// Builds a value at this depth.
struct Strict {
    depth: usize,
}

impl Strict {
    fn inside<E: Error>(&self) -> Result<Self, E> {
        if self.depth == MAX_DEPTH {
            return Err(E::custom(format!("nested deeper than {MAX_DEPTH}")));
        }
        Ok(Self { depth: self.depth + 1 })
    }
}

impl<'de> DeserializeSeed<'de> for Strict {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Strict {
    type Value = Value;

    fn expecting(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_unit<E: Error>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E: Error>(self, value: bool) -> Result<Value, E> {
        Ok(Value::Bool(value))
    }

    fn visit_i64<E: Error>(self, value: i64) -> Result<Value, E> {
        Ok(Value::Number(value.into()))
    }

    fn visit_u64<E: Error>(self, value: u64) -> Result<Value, E> {
        Ok(Value::Number(value.into()))
    }

    fn visit_f64<E: Error>(self, value: f64) -> Result<Value, E> {
        let number = Number::from_f64(value).ok_or_else(|| E::custom("number is not finite"));
        number.map(Value::Number)
    }

    fn visit_str<E: Error>(self, value: &str) -> Result<Value, E> {
        Ok(Value::String(value.to_owned()))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Value, A::Error> {
        let mut list = Vec::new();
        while let Some(item) = items.next_element_seed(self.inside()?)? {
            list.push(item);
        }
        Ok(Value::Array(list))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Value, A::Error> {
        let mut object = Map::new();
        let inside = || self.inside();
        while let Some(key) = entries.next_key::<String>()? {
            let value = entries.next_value_seed(inside()?)?;
            if object.contains_key(&key) {
                let key = describe(&Value::String(key));
                return Err(A::Error::custom(format!("key {key} appears twice")));
            }
            object.insert(key, value);
        }
        Ok(Value::Object(object))
    }
}
