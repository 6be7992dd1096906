//! Verification of a signature (r, w) of a message z under the key Q, w being the inverse of s.
//!
//! Three subset sums: z*G from the negated shift point, r*Q from the shift point, and w times the
//! sum of both results, from the shift point again. Subtracting the shift point from the last must
//! give a point with abscissa r.

mod columns;
mod constraints;
mod signature;
#[cfg(test)]
mod tests;
mod trace;

pub(crate) use columns::EcdsaColumns;
pub(crate) use constraints::EcdsaConstraints;
pub(crate) use trace::{periodic_points, write_ecdsa};

pub use signature::{SignatureError, SignatureInput};
