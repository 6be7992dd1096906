//! The pool of 16-bit values, which proves offsets and range checks to be small.
//!
//! The sorted copy rises by zero or one from the public minimum to the public maximum, so every
//! value lies between them (Cairo whitepaper, section 9).

mod columns;
mod constraints;
mod trace;

pub(crate) use columns::{RangeCheck16Columns, RangeCheck16InteractionColumns};
pub(crate) use constraints::{RangeCheck16Constraints, RangeCheck16Interaction};
pub(crate) use trace::{write_range_check16_product, RangeCheck16Pool};
