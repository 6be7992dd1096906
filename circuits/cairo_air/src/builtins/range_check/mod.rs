//! The range-check builtin: a value of eight 16-bit parts.

mod columns;
mod constraints;
mod trace;

pub(crate) use columns::RangeCheckColumns;
pub(crate) use constraints::RangeCheckConstraints;
pub(crate) use trace::{write_range_check_memory, write_range_check_parts};

/// 16-bit parts of a value.
pub(crate) const PARTS: usize = 8;
