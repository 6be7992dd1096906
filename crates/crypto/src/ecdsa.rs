//! Signatures on the Stark curve, by the rules of the Cairo ECDSA builtin.
//!
//! Verification follows the arithmetisation step by step: a signature whose partial sums meet the
//! point to be added cannot be proven, and is rejected here although textbook ECDSA accepts it.

use novation_field::Fe;
use num_bigint::BigUint;
use thiserror::Error;

use crate::curve::{
    bit, doublings, multiply_generator, Affine, Jacobian, GENERATOR_DOUBLINGS, ORDER, SHIFT_POINT,
};
use crate::pedersen::{from_felt, to_felt};

/// Bits of a message hash, of r and of 1/s.
pub const ELEMENT_BITS: usize = 251;

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
    let Some(w) = inverse_mod_order(&signature.s) else { return false };
    let (r, z) = (signature.r.to_limbs(), message_hash.to_limbs());
    if !fits(&r) || !fits(&z) || !fits(&w) {
        return false;
    }
    let Some(key) = Affine::from_x(public_key) else { return false };
    let Some(zg) = multiply_by_builtin(&z, &GENERATOR_DOUBLINGS, SHIFT_POINT.negated()) else {
        return false;
    };
    let key_doublings = doublings(key, ELEMENT_BITS);
    let mirrored: Vec<Affine> = key_doublings.iter().map(|point| point.negated()).collect();
    [key_doublings, mirrored]
        .iter()
        .any(|multiples| verify_for_key(multiples, &zg, &r, &w).is_some_and(|x| x == signature.r))
}

/// The abscissa of `w * (z * G + r * Q)`, or `None` if the builtin cannot compute it.
fn verify_for_key(key: &[Affine], zg: &Jacobian, r: &[u64; 4], w: &[u64; 4]) -> Option<Fe> {
    let rq = multiply_by_builtin(r, key, *SHIFT_POINT)?.to_affine()?;
    if zg.has_x(rq.x) {
        return None;
    }
    let base = zg.add_affine(&rq).to_affine()?;
    let shifted = multiply_by_builtin(w, &doublings(base, ELEMENT_BITS), *SHIFT_POINT)?;
    if shifted.has_x(SHIFT_POINT.x) {
        return None;
    }
    Some(shifted.add_affine(&SHIFT_POINT.negated()).to_affine()?.x)
}

/// `start + scalar * point` from the doublings of the point, as the builtin's subset sum does it:
/// `None` if the scalar is zero or some partial sum has the abscissa of the next summand.
fn multiply_by_builtin(scalar: &[u64; 4], points: &[Affine], start: Affine) -> Option<Jacobian> {
    if *scalar == [0; 4] {
        return None;
    }
    let mut sum = Jacobian::from(start);
    for (i, point) in points.iter().enumerate().take(ELEMENT_BITS) {
        if sum.has_x(point.x) {
            return None;
        }
        if bit(scalar, i) {
            sum = sum.add_affine(point);
        }
    }
    Some(sum)
}

/// The inverse modulo the order of the curve, or `None` unless the argument is in `1..order`.
pub fn inverse_mod_order(value: &[u64; 4]) -> Option<[u64; 4]> {
    let order = to_big(&ORDER);
    let value = to_big(value);
    if value >= order {
        return None;
    }
    value.modinv(&order).map(|inverse| to_limbs(&inverse))
}

fn check_private_key(key: &[u64; 4]) -> Result<(), EcdsaError> {
    let in_range = *key != [0; 4] && to_big(key) < to_big(&ORDER);
    in_range.then_some(()).ok_or(EcdsaError::PrivateKey)
}

/// Whether the number is between 0 and 2^251.
fn fits(limbs: &[u64; 4]) -> bool {
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
