//! Signatures with the generator's table and one inversion: the same bytes as [`ecdsa::sign`].

use novation_field::Fe;

use crate::ecdsa::{check_private_key, fits, EcdsaError, Signature};
use crate::pedersen::{from_felt, to_felt};
use crate::scalar::Scalar;
use crate::windows::GENERATOR_TABLE;

/// Signs with the deterministic nonce of RFC 6979.
///
/// # Errors
/// [`EcdsaError`] if the key or the message hash is out of range.
///
/// # Panics
/// Never: a private key is below the order of the curve, which is below the field's.
pub fn sign(private_key: &[u64; 4], message_hash: Fe) -> Result<Signature, EcdsaError> {
    check_private_key(private_key)?;
    if !fits(&message_hash.to_limbs()) {
        return Err(EcdsaError::MessageHash);
    }
    let key_felt = to_felt(Fe::from_limbs(*private_key).expect("the curve order is below p"));
    let message_felt = to_felt(message_hash);
    let mut seed = None;
    loop {
        let seed_felt = seed.map(|value| to_felt(Fe::from_u64(value)));
        let nonce =
            starknet_crypto::rfc6979_generate_k(&message_felt, &key_felt, seed_felt.as_ref());
        seed = Some(seed.unwrap_or(0) + 1);
        let signature = sign_with(private_key, message_hash, &from_felt(&nonce).to_limbs());
        if let Some(signature) = signature {
            return Ok(signature);
        }
    }
}

/// The signature with a nonce, or `None` if the builtin could not prove it.
fn sign_with(private_key: &[u64; 4], message_hash: Fe, nonce: &[u64; 4]) -> Option<Signature> {
    let r = GENERATOR_TABLE.multiply(nonce).to_affine()?.x;
    if r.is_zero() || !fits(&r.to_limbs()) {
        return None;
    }
    let product = Scalar::from_limbs(&r.to_limbs()).times(Scalar::from_limbs(private_key));
    let total = Scalar::from_limbs(&message_hash.to_limbs()).plus(product);
    if total.is_zero() {
        return None;
    }
    // With i = 1 / (k * total): s = total / k = total^2 * i, and w = 1 / s = k^2 * i.
    let nonce = Scalar::from_limbs(nonce);
    let inverse = nonce.times(total).inverse();
    let w = nonce.times(nonce).times(inverse);
    let s = total.times(total).times(inverse);
    fits(&w.to_limbs()).then(|| Signature { r, s: s.to_limbs() })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::curve::ORDER;
    use crate::ecdsa;

    #[test]
    fn test_signatures_are_those_of_the_reference() {
        let mut value = Fe::from_u64(3);
        let mut next = || {
            value = value.square() + Fe::from_u64(5);
            let limbs = value.to_limbs();
            [limbs[0], limbs[1], limbs[2], limbs[3] >> 4]
        };
        let minus_one = [ORDER[0] - 1, ORDER[1], ORDER[2], ORDER[3]];
        let mut keys = vec![[1, 0, 0, 0], [2, 0, 0, 0], minus_one];
        keys.extend((0..40).map(|_| next()));
        for key in keys {
            for message in [Fe::ZERO, Fe::ONE, Fe::from_limbs(next()).unwrap()] {
                assert_eq!(sign(&key, message), ecdsa::sign(&key, message));
            }
        }
    }

    #[test]
    fn test_signing_when_arguments_are_out_of_range_fails_as_the_reference() {
        for (key, message) in [(ORDER, Fe::ONE), ([0; 4], Fe::ONE), ([1, 0, 0, 0], -Fe::ONE)] {
            assert!(sign(&key, message).is_err());
            assert_eq!(sign(&key, message), ecdsa::sign(&key, message));
        }
    }
}
