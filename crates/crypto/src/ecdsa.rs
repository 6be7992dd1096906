//! Signatures on the Stark curve, by the rules of the Cairo ECDSA builtin.
//!
//! [`provable_key`] alone decides whether a signature can be proven: admission, the state transition
//! and the Cairo machine ask it through [`verify`], the trace generator takes the key's point from
//! it. It follows the arithmetisation step by step, since a sum that meets a point with its own
//! abscissa has no solution, and whoever chooses the key for a message can make such sums: textbook
//! ECDSA accepts more than this.

use novation_field::Fe;
use num_bigint::BigUint;
use thiserror::Error;

use crate::curve::{
    bit, doublings, multiply_generator, Affine, Jacobian, GENERATOR_DOUBLINGS, ORDER, SHIFT_POINT,
};
use crate::pedersen::{from_felt, to_felt};
use crate::scalar::{is_below_order, Scalar};

/// Bits of a message hash, of r and of 1/s.
pub const ELEMENT_BITS: usize = 251;

/// Steps of a subset sum. Those beyond the bits of a scalar add nothing, but they exclude equal
/// abscissas as all others do.
const SUM_STEPS: usize = 255;

/// A signature.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Signature {
    /// The abscissa of the nonce point, between 1 and 2^251.
    pub r: Fe,
    /// The second half in little-endian limbs, between 1 and the order of the curve.
    pub s: [u64; 4],
}

/// An argument outside its range.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum EcdsaError {
    /// The private key is zero or not below the order of the curve.
    #[error("private key is not between 1 and the curve order")]
    PrivateKey,
    /// The message hash does not fit 251 bits; this happens with probability 2^-55.
    #[error("message hash is not below 2^251")]
    MessageHash,
}

/// Why the builtin cannot prove a signature.
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

/// The abscissa of `private_key * GENERATOR`.
///
/// # Errors
/// [`EcdsaError::PrivateKey`] if the key is zero or not below the order.
///
/// # Panics
/// Never: a multiple of the generator below its prime order is finite.
pub fn public_key(private_key: &[u64; 4]) -> Result<Fe, EcdsaError> {
    check_private_key(private_key)?;
    let point = multiply_generator(private_key).to_affine();
    Ok(point.expect("a multiple below the prime order is finite").x)
}

/// Signs with the deterministic nonce of RFC 6979, as StarkWare's libraries do.
///
/// # Errors
/// [`EcdsaError`] if the key or the message hash is out of range.
///
/// # Panics
/// Never: every value is checked to be below the prime order and not zero.
pub fn sign(private_key: &[u64; 4], message_hash: Fe) -> Result<Signature, EcdsaError> {
    check_private_key(private_key)?;
    if !fits(&message_hash.to_limbs()) {
        return Err(EcdsaError::MessageHash);
    }
    let order = to_big(&ORDER);
    let key = to_big(private_key);
    let key_felt = Fe::from_limbs(*private_key).expect("the curve order is below p");
    let mut seed = None;
    loop {
        let seed_felt = seed.map(|value| to_felt(Fe::from_u64(value)));
        let nonce = starknet_crypto::rfc6979_generate_k(
            &to_felt(message_hash),
            &to_felt(key_felt),
            seed_felt.as_ref(),
        );
        seed = Some(seed.unwrap_or(0) + 1);
        let k = from_felt(&nonce).to_limbs();
        let Some(point) = multiply_generator(&k).to_affine() else { continue };
        if point.x.is_zero() || !fits(&point.x.to_limbs()) {
            continue;
        }
        let total =
            (to_big(&message_hash.to_limbs()) + to_big(&point.x.to_limbs()) * &key) % &order;
        // s = (z + r * key) / k, and w = 1 / s must fit the builtin.
        let Some(w) = total.modinv(&order).map(|inverse| inverse * to_big(&k) % &order) else {
            continue;
        };
        if !fits(&to_limbs(&w)) {
            continue;
        }
        let s = w.modinv(&order).expect("w is not zero modulo the prime order");
        return Ok(Signature { r: point.x, s: to_limbs(&s) });
    }
}

/// Whether the Cairo builtin can prove this signature under the public key with this abscissa.
pub fn verify(public_key: Fe, message_hash: Fe, signature: &Signature) -> bool {
    let w = inverse_mod_order(&signature.s).and_then(Fe::from_limbs);
    w.is_some_and(|w| provable_key(public_key, message_hash, signature.r, w).is_ok())
}

/// The point of the key's abscissa with which the builtin proves that (r, 1/w) signs z.
///
/// Either of the two will do, and what one of them cannot do never decides.
///
/// # Errors
/// [`SignatureError`] if neither point proves it.
pub fn provable_key(public_key: Fe, z: Fe, r: Fe, w: Fe) -> Result<Affine, SignatureError> {
    let scalars = [z, r, w].map(Fe::to_limbs);
    for (name, scalar) in ["z", "r", "w"].into_iter().zip(&scalars) {
        if *scalar == [0; 4] || !fits(scalar) {
            return Err(SignatureError::Range { name });
        }
    }
    let [z, r_bits, w] = &scalars;
    let key = Affine::from_x(public_key).ok_or(SignatureError::PublicKey)?;
    let generator = &GENERATOR_DOUBLINGS[..ELEMENT_BITS];
    let zg = subset_sum("z", z, generator, SHIFT_POINT.negated())?;
    let multiples = doublings(key, SUM_STEPS);
    let mirrored: Vec<Affine> = multiples.iter().map(|point| point.negated()).collect();
    let mut reason = SignatureError::Invalid;
    for (point, multiples) in [(key, multiples), (key.negated(), mirrored)] {
        match nonce_abscissa(&multiples, &zg, r_bits, w) {
            Ok(x) if x == r => return Ok(point),
            Ok(_) => {}
            Err(error) => reason = error,
        }
    }
    Err(reason)
}

/// The abscissa of `w * (z * G + r * Q)`, as far as the builtin can compute it.
fn nonce_abscissa(
    key: &[Affine],
    zg: &Jacobian,
    r: &[u64; 4],
    w: &[u64; 4],
) -> Result<Fe, SignatureError> {
    let meets = |name| SignatureError::EqualAbscissas { name };
    let rq = subset_sum("r", r, key, *SHIFT_POINT)?;
    // Finite: a sum reaches infinity only from a point with the abscissa of the summand.
    let rq = rq.to_affine().ok_or(meets("r"))?;
    if zg.has_x(rq.x) {
        return Err(meets("z and r"));
    }
    let base = zg.add_affine(&rq).to_affine().ok_or(meets("z and r"))?;
    let shifted = subset_sum("w", w, &doublings(base, SUM_STEPS), *SHIFT_POINT)?;
    if shifted.has_x(SHIFT_POINT.x) {
        return Err(meets("the shift point"));
    }
    let nonce = shifted.add_affine(&SHIFT_POINT.negated()).to_affine();
    Ok(nonce.ok_or(meets("the shift point"))?.x)
}

/// `start + scalar * point` from the doublings of the point. After the last of them that one
/// stands for all that follow, as in the periodic columns of the generator.
fn subset_sum(
    name: &'static str,
    scalar: &[u64; 4],
    points: &[Affine],
    start: Affine,
) -> Result<Jacobian, SignatureError> {
    let mut sum = Jacobian::from(start);
    for step in 0..SUM_STEPS {
        let point = &points[step.min(points.len() - 1)];
        if sum.has_x(point.x) {
            return Err(SignatureError::EqualAbscissas { name });
        }
        if bit(scalar, step) {
            sum = sum.add_affine(point);
        }
    }
    Ok(sum)
}

/// The inverse modulo the order of the curve, or `None` unless the argument is in `1..order`.
pub fn inverse_mod_order(value: &[u64; 4]) -> Option<[u64; 4]> {
    let is_in_range = *value != [0; 4] && is_below_order(value);
    is_in_range.then(|| Scalar::from_limbs(value).inverse().to_limbs())
}

pub(crate) fn check_private_key(key: &[u64; 4]) -> Result<(), EcdsaError> {
    let in_range = *key != [0; 4] && to_big(key) < to_big(&ORDER);
    in_range.then_some(()).ok_or(EcdsaError::PrivateKey)
}

/// Whether the number is between 0 and 2^251.
pub(crate) fn fits(limbs: &[u64; 4]) -> bool {
    limbs[3] >> 59 == 0
}

fn to_big(limbs: &[u64; 4]) -> BigUint {
    BigUint::from_bytes_le(&limbs.map(u64::to_le_bytes).concat())
}

fn to_limbs(value: &BigUint) -> [u64; 4] {
    let mut limbs = [0; 4];
    for (limb, digit) in limbs.iter_mut().zip(value.iter_u64_digits()) {
        *limb = digit;
    }
    limbs
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::curve::GENERATOR;

    fn key(seed: u64) -> [u64; 4] {
        let mut value = Fe::from_u64(seed).pow(77);
        value += Fe::from_u64(seed);
        let limbs = value.to_limbs();
        [limbs[0], limbs[1], limbs[2], limbs[3] >> 4]
    }

    #[test]
    fn test_generator_and_shift_point_are_on_the_curve() {
        assert!(GENERATOR.is_on_curve());
        assert!(SHIFT_POINT.is_on_curve());
        assert!(multiply_generator(&ORDER).is_infinity());
    }

    #[test]
    fn test_signature_agrees_with_oracle_and_verifies() {
        for seed in 2..12 {
            let private = key(seed);
            let message = Fe::from_limbs(key(seed + 100)).unwrap();
            let felt = to_felt(Fe::from_limbs(private).unwrap());
            let nonce = starknet_crypto::rfc6979_generate_k(&to_felt(message), &felt, None);
            let oracle = starknet_crypto::sign(&felt, &to_felt(message), &nonce).unwrap();
            let public = public_key(&private).unwrap();
            let signature = sign(&private, message).unwrap();
            assert_eq!(public, from_felt(&starknet_crypto::get_public_key(&felt)));
            assert_eq!(signature.r, from_felt(&oracle.r));
            assert_eq!(signature.s, from_felt(&oracle.s).to_limbs());
            assert!(verify(public, message, &signature));
        }
    }

    #[test]
    fn test_verify_when_any_part_changes_rejects() {
        let (private, message) = (key(5), Fe::from_u64(12345));
        let public = public_key(&private).unwrap();
        let good = sign(&private, message).unwrap();
        let s = good.s;
        assert!(verify(public, message, &good));
        assert!(!verify(public, message + Fe::ONE, &good));
        assert!(!verify(public + Fe::ONE, message, &good));
        assert!(!verify(public, message, &Signature { r: good.r + Fe::ONE, s }));
        assert!(!verify(public, message, &Signature { r: Fe::ZERO, s }));
        for wrong in [[0; 4], ORDER, [u64::MAX; 4], [s[0] ^ 1, s[1], s[2], s[3]]] {
            assert!(!verify(public, message, &Signature { r: good.r, s: wrong }));
        }
        // The builtin cannot add zero times the generator.
        let zero = sign(&private, Fe::ZERO).unwrap();
        assert!(!verify(public, Fe::ZERO, &zero));
    }

    #[test]
    fn test_sign_when_arguments_are_out_of_range_fails() {
        assert_eq!(public_key(&[0; 4]), Err(EcdsaError::PrivateKey));
        assert_eq!(public_key(&ORDER), Err(EcdsaError::PrivateKey));
        assert_eq!(sign(&ORDER, Fe::ONE), Err(EcdsaError::PrivateKey));
        assert_eq!(sign(&[1, 0, 0, 0], -Fe::ONE), Err(EcdsaError::MessageHash));
    }
}
