//! Which signatures the builtin can prove.

use novation_crypto::curve::{Affine, GENERATOR_DOUBLINGS, SHIFT_POINT};
use novation_field::Fe;
use thiserror::Error;

use crate::builtins::ec_subset_sum::{
    doubling_chain, subset_sum, DoublingChain, SubsetSumTrace, SumError,
};

/// Bits of z, r and w.
pub(super) const ELEMENT_BITS: usize = 251;

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

/// Why a signature cannot be proven.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum SignatureError {
    /// No point of the curve has the key's abscissa.
    #[error("the public key is not an abscissa of the curve")]
    PublicKey,
    /// z, r or w is zero or has more than 251 bits.
    #[error("{name} is not between 1 and 2^251 - 1")]
    Range {
        /// Name of the value.
        name: &'static str,
    },
    /// A sum of points meets a point with the same abscissa, which the constraints exclude. This
    /// happens to honest signatures with negligible probability.
    #[error("the subset sum of {name} meets a point with its own abscissa")]
    EqualAbscissas {
        /// Name of the sum.
        name: &'static str,
    },
    /// The signature is not one of the message under the key.
    #[error("the signature is invalid")]
    Invalid,
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
    /// Computes the sums as the constraints do.
    pub(super) fn verify(&self) -> Result<Verification, SignatureError> {
        for (name, value) in [("z", self.message), ("r", self.r), ("w", self.w)] {
            if value.is_zero() || value.to_limbs()[3] >> (ELEMENT_BITS - 192) != 0 {
                return Err(SignatureError::Range { name });
            }
        }
        let key = Affine::from_x(self.public_key).ok_or(SignatureError::PublicKey)?;
        let generator = &GENERATOR_DOUBLINGS[..ELEMENT_BITS];
        let zg = subset_sum(SHIFT_POINT.negated(), generator, self.message)
            .map_err(|error| sum_error("z", error))?;
        // The key is one of two points; the abscissa does not say which.
        match self.verify_key(key, &zg) {
            Err(SignatureError::Invalid) => self.verify_key(key.negated(), &zg),
            result => result,
        }
    }

    fn verify_key(&self, key: Affine, zg: &SubsetSumTrace) -> Result<Verification, SignatureError> {
        let key_chain = doubling_chain(key);
        let rq = subset_sum(*SHIFT_POINT, &key_chain.points, self.r)
            .map_err(|error| sum_error("r", error))?;
        let (_, base) = add_points(zg.result(), rq.result())
            .ok_or(SignatureError::EqualAbscissas { name: "z and r" })?;
        let base_chain = doubling_chain(base);
        let wb = subset_sum(*SHIFT_POINT, &base_chain.points, self.w)
            .map_err(|error| sum_error("w", error))?;
        let (_, nonce) = add_points(wb.result(), SHIFT_POINT.negated())
            .ok_or(SignatureError::EqualAbscissas { name: "the shift point" })?;
        if nonce.x != self.r {
            return Err(SignatureError::Invalid);
        }
        Ok(Verification { key, key_chain, zg: zg.clone(), rq, base_chain, wb })
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

/// Whether the builtin can prove that (r, s) signs `message` under the key with this abscissa.
///
/// `s` is in little-endian limbs. An exchange must refuse signatures for which this is false: a
/// valid textbook signature may be among them, with negligible probability unless it was made so.
pub fn ecdsa_is_provable(public_key: Fe, message: Fe, r: Fe, s: &[u64; 4]) -> bool {
    let w = novation_crypto::ecdsa::inverse_mod_order(s).and_then(Fe::from_limbs);
    w.is_some_and(|w| SignatureInput { public_key, message, r, w }.verify().is_ok())
}
