//! The Poseidon (Hades) permutation: 4 full rounds, 83 partial rounds, 4 full rounds.
//!
//! Full rounds store the three elements before the S-box and their squares. Partial rounds store
//! only the third element and its square: the other two follow from the last three rounds, because
//! they pass no S-box. The 83 rounds are split into columns of 64 and 22 that share three rounds.

mod columns;
mod constraints;
mod keys;
mod trace;

pub(crate) use columns::PoseidonColumns;
pub(crate) use constraints::{PoseidonConstraints, RoundKeyColumns};
pub(crate) use keys::periodic_keys;
pub(crate) use trace::write_poseidon;

/// Partial rounds in the first column.
pub(crate) const FIRST_PARTIAL: usize = 64;
/// Partial rounds in the second column, the shared ones included.
pub(crate) const SECOND_PARTIAL: usize = 22;
/// Partial rounds that stand in both columns.
pub(crate) const SHARED_PARTIAL: usize = 3;
