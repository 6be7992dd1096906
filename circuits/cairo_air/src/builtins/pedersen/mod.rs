//! The Pedersen hash of two elements: two subset sums, the second continuing from the first.

mod columns;
mod constraints;
mod points;
mod trace;

pub(crate) use columns::PedersenColumns;
pub(crate) use constraints::PedersenConstraints;
pub(crate) use points::periodic_points;
pub(crate) use trace::write_pedersen;
