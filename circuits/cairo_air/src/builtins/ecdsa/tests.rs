//! What is accepted as a signature can be proven: the decision and the cells agree.

use novation_crypto::curve::{Affine, ORDER, SHIFT_POINT};
use novation_crypto::ecdsa::{inverse_mod_order, public_key, sign, verify, Signature};
use novation_field::Fe;
use serde_json::Value;

use super::trace::Instance;
use super::{SignatureError, SignatureInput};

/// A signature of a message under a key.
type Signed = (Fe, Fe, Signature);

/// Whether the cells of the builtin can be computed, which must be what verification says.
fn is_provable((key, message, signature): Signed) -> bool {
    let is_accepted = verify(key, message, &signature);
    let Some(w) = inverse_mod_order(&signature.s) else {
        assert!(!is_accepted);
        return false;
    };
    let w = Fe::from_limbs(w).expect("below the order, which is below p");
    let input = SignatureInput { public_key: key, message, r: signature.r, w };
    assert_eq!(Instance::new(input).is_ok(), is_accepted, "{input:?}");
    is_accepted
}

/// `made_signatures` of tests/support: kind, ordinate, signature and whether it can be proven.
fn made() -> Vec<(String, Fe, Signed, bool)> {
    let text = include_str!("../../../../../tests/vectors/made_signatures.json");
    let vectors: Vec<Value> = serde_json::from_str(text).expect("a vector file");
    let read = |vector: &Value| {
        let element = |name: &str| {
            let text = vector[name].as_str().expect("a string");
            Fe::from_hex(&text[2..]).expect("an element")
        };
        let signature = Signature { r: element("r"), s: element("s").to_limbs() };
        (
            vector["kind"].as_str().expect("a name").to_owned(),
            element("ordinate"),
            (element("public_key"), element("message_hash"), signature),
            vector["is_provable"].as_bool().expect("a verdict"),
        )
    };
    vectors.iter().map(read).collect()
}

#[test]
fn test_key_made_for_its_message_when_accepted_then_provable() {
    let mut mirrored_roots = [0, 0];
    for (kind, ordinate, signed, expected) in made() {
        assert_eq!(is_provable(signed), expected, "{kind}");
        if expected && kind.contains("mirrored") {
            let root = Affine::from_x(signed.0).expect("a point").y;
            mirrored_roots[usize::from(root == ordinate)] += 1;
        }
    }
    let [first_fails, first_works] = mirrored_roots;
    assert!(first_fails > 5 && first_works > 5, "both orders are tried: {mirrored_roots:?}");
}

#[test]
fn test_signature_when_any_part_is_wrong_then_neither_accepted_nor_provable() {
    for seed in 1..8_u64 {
        let private = [seed * 77, seed, 5, 1];
        let key = public_key(&private).expect("in range");
        let message = Fe::from_u64(seed).pow(3);
        let good = sign(&private, message).expect("in range");
        assert!(is_provable((key, message, good)));
        let (r, s) = (good.r, good.s);
        let beyond = Fe::from_u64(2).pow(251);
        for (key, message, r, s) in [
            (key + Fe::ONE, message, r, s),
            (key, message + Fe::ONE, r, s),
            (key, message, r + Fe::ONE, s),
            (key, message, r, [s[0] ^ 1, s[1], s[2], s[3]]),
            (key, message, r, [0; 4]),
            (key, message, r, ORDER),
            (key, message, r, [u64::MAX; 4]),
            (key, Fe::ZERO, r, s),
            (key, message, Fe::ZERO, s),
            (key, beyond, r, s),
            (key, message, beyond, s),
            (key, -Fe::ONE, r, s),
        ] {
            assert!(!is_provable((key, message, Signature { r, s })));
        }
    }
}

#[test]
fn test_signature_when_unprovable_then_says_why() {
    let verify = |public_key, message, r, w| {
        let element = Fe::from_u64;
        let input =
            SignatureInput { public_key, message: element(message), r: element(r), w: element(w) };
        Instance::new(input).map(|_| ()).expect_err("not a signature")
    };
    let key = public_key(&[5, 0, 0, 0]).expect("in range");
    assert_eq!(verify(key, 0, 1, 1), SignatureError::Range { name: "z" });
    assert_eq!(verify(key, 1, 0, 1), SignatureError::Range { name: "r" });
    assert_eq!(verify(key, 1, 1, 0), SignatureError::Range { name: "w" });
    assert_eq!(verify(key, 1, 1, 1), SignatureError::Invalid);
    let mut strange = key;
    while Affine::from_x(strange).is_some() {
        strange += Fe::ONE;
    }
    assert_eq!(verify(strange, 1, 1, 1), SignatureError::PublicKey);
    let meets_key = SignatureError::EqualAbscissas { name: "r" };
    assert_eq!(verify(SHIFT_POINT.x, 1, 3, 5), meets_key);
}
