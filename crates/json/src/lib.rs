//! JSON read strictly: a key that appears twice, a key that nothing reads, a missing key and a
//! value of another type are errors that say where and what, never a default.
//!
//! Readers are functions from a [`Value`] to a result; [`Object::field`] and [`list`] run them and
//! put the place in front of what they report.

mod fields;
mod strict;

pub use fields::{describe, flag, list, number, number_up_to, text, Malformed, Object};
pub use serde_json::Value;
pub use strict::{parse, MAX_DEPTH};
