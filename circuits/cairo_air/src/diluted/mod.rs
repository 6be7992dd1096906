//! The pool of diluted values: numbers whose bits stand at multiples of four.
//!
//! All 2^16 of them occur, whether a builtin needs them or not. A permutation argument shows that
//! the pool is a sorted list, and a cumulative value over its steps that the list is the right one:
//! the steps between neighbours of the full list are what the verifier expects.

mod columns;
mod constraints;
mod dilute;
mod trace;

pub(crate) use columns::{DilutedColumns, DilutedInteractionColumns};
pub(crate) use constraints::{DilutedConstraints, DilutedInteraction};
pub(crate) use dilute::{final_cumulative_value, DILUTED_MASK, N_BITS, SPACING};
pub(crate) use trace::{write_diluted_products, DilutedPool};
