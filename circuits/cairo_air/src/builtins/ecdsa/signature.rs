//! The sums of a signature that the builtin can prove.

use novation_crypto::curve::{Affine, GENERATOR_DOUBLINGS, SHIFT_POINT};
use novation_crypto::ecdsa::{provable_key, ELEMENT_BITS};
use novation_field::Fe;

pub use novation_crypto::ecdsa::SignatureError;

use crate::builtins::ec_subset_sum::{
    doubling_chain, subset_sum, DoublingChain, SubsetSumTrace, SumError,
};

/// A signature of a message under a key, for the builtin.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SignatureInput {
    /// Abscissa of the public key.
    pub public_key: Fe,
    /// The message z.
    pub message: Fe,
    /// Abscissa of the nonce point.
    pub r: Fe,
    /// The inverse of s modulo the order of the curve.
    pub w: Fe,
}

/// The three sums of a valid signature.
#[derive(Debug, Clone)]
pub(super) struct Verification {
    pub(super) key: Affine,
    pub(super) key_chain: DoublingChain,
    pub(super) zg: SubsetSumTrace,
    pub(super) rq: SubsetSumTrace,
    pub(super) base_chain: DoublingChain,
    pub(super) wb: SubsetSumTrace,
}

impl SignatureInput {
    /// Computes the sums as the constraints do, with the point that makes them work.
    pub(super) fn verify(&self) -> Result<Verification, SignatureError> {
        let key = provable_key(self.public_key, self.message, self.r, self.w)?;
        let generator = &GENERATOR_DOUBLINGS[..ELEMENT_BITS];
        let zg = subset_sum(SHIFT_POINT.negated(), generator, self.message)
            .map_err(|error| sum_error("z", error))?;
        let key_chain = doubling_chain(key);
        let rq = subset_sum(*SHIFT_POINT, &key_chain.points, self.r)
            .map_err(|error| sum_error("r", error))?;
        let (_, base) = add_points(zg.result(), rq.result())
            .ok_or(SignatureError::EqualAbscissas { name: "z and r" })?;
        let base_chain = doubling_chain(base);
        let wb = subset_sum(*SHIFT_POINT, &base_chain.points, self.w)
            .map_err(|error| sum_error("w", error))?;
        Ok(Verification { key, key_chain, zg, rq, base_chain, wb })
    }
}

fn sum_error(name: &'static str, error: SumError) -> SignatureError {
    match error {
        SumError::EqualAbscissas { .. } => SignatureError::EqualAbscissas { name },
        SumError::ScalarBits { .. } => SignatureError::Range { name },
    }
}

/// Slope of the chord and sum of two points, or `None` if they have the same abscissa.
pub(super) fn add_points(a: Affine, b: Affine) -> Option<(Fe, Affine)> {
    let slope = (a.y - b.y) * (a.x - b.x).inverse()?;
    let x = slope.square() - a.x - b.x;
    Some((slope, Affine { x, y: slope * (a.x - x) - a.y }))
}
