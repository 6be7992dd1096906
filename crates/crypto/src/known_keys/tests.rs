//! The answers are those of the exact function: for signers, forgers, and keys made for a message.

use std::num::NonZeroUsize;

use super::*;
use crate::curve::{Jacobian, ORDER, SHIFT_POINT};
use crate::signing::sign;

fn new_keys(max_tables: usize) -> KnownKeys {
    KnownKeys::new(NonZeroUsize::new(max_tables).unwrap())
}

/// Numbers below 2^251 without a pattern.
struct Numbers(Fe);

impl Numbers {
    fn next(&mut self) -> [u64; 4] {
        self.0 = self.0.square() + Fe::GENERATOR;
        let limbs = self.0.to_limbs();
        [limbs[0], limbs[1], limbs[2], limbs[3] >> 5]
    }

    fn element(&mut self) -> Fe {
        Fe::from_limbs(self.next()).unwrap()
    }

    fn scalar(&mut self) -> Scalar {
        Scalar::from_limbs(&self.next())
    }
}

fn signed(private_key: &[u64; 4], message_hash: Fe) -> Claim {
    let public_key = ecdsa::public_key(private_key).unwrap();
    let signature = sign(private_key, message_hash).unwrap();
    Claim { public_key, message_hash, signature }
}

fn exact_one(claim: &Claim) -> bool {
    ecdsa::verify(claim.public_key, claim.message_hash, &claim.signature)
}

fn exact(claims: &[Claim]) -> Vec<bool> {
    claims.iter().map(exact_one).collect()
}

/// Claims of which one part is wrong, out of range, or another's.
fn mutated(claim: &Claim, other: &Claim) -> Vec<Claim> {
    let Claim { public_key, message_hash, signature } = *claim;
    let s = signature.s;
    let with_r = |r| Claim { signature: Signature { r, s }, ..*claim };
    let with_s = |s| Claim { signature: Signature { r: signature.r, s }, ..*claim };
    let negated = Scalar::from_limbs(&s).times(Scalar::from_limbs(&[
        ORDER[0] - 1,
        ORDER[1],
        ORDER[2],
        ORDER[3],
    ]));
    let w = Scalar::from_limbs(&s).inverse().to_limbs();
    let mut claims = vec![
        with_r(Fe::ZERO),
        with_r(-Fe::ONE),
        with_r(signature.r + Fe::ONE),
        with_r(other.signature.r),
        with_s(negated.to_limbs()),
        with_s(w),
        with_s(other.signature.s),
        Claim { public_key: public_key + Fe::ONE, ..*claim },
        Claim { public_key: other.public_key, ..*claim },
        Claim { message_hash: message_hash + Fe::ONE, ..*claim },
        Claim { message_hash: Fe::ZERO, ..*claim },
        Claim { message_hash: -Fe::ONE, ..*claim },
    ];
    claims.extend(
        [[0; 4], [1, 0, 0, 0], ORDER, [u64::MAX; 4], [s[0] ^ 1, s[1], s[2], s[3]]].map(with_s),
    );
    claims
}

#[test]
fn test_known_keys_when_claims_are_valid_or_mutated_agree_with_the_exact_function() {
    let mut numbers = Numbers(Fe::from_u64(11));
    let keys = new_keys(8);
    let private_keys: Vec<_> = (0..4).map(|_| numbers.next()).collect();
    for private_key in &private_keys {
        let claims: Vec<_> = (0..5).map(|_| signed(private_key, numbers.element())).collect();
        assert_eq!(keys.verify_many(&claims), vec![true; 5]);
    }
    assert_eq!(keys.lock().known.len(), 4);
    let mut claims = Vec::new();
    for (private_key, other) in private_keys.iter().zip(private_keys.iter().cycle().skip(1)) {
        let claim = signed(private_key, numbers.element());
        claims.push(claim);
        claims.extend(mutated(&claim, &signed(other, numbers.element())));
    }
    let verdicts = keys.verify_many(&claims);
    assert_eq!(new_keys(8).verify_many(&claims), verdicts, "the same for keys that are new");
    assert_eq!(verdicts, exact(&claims));
    // Each claim, and the same with -s if 1/s fits.
    assert!((4..=8).contains(&verdicts.iter().filter(|is_valid| **is_valid).count()));
}

#[test]
fn test_key_when_it_has_signed_one_message_often_is_not_known() {
    let mut numbers = Numbers(Fe::from_u64(12));
    let (keys, private_key) = (new_keys(8), numbers.next());
    let same = signed(&private_key, numbers.element());
    assert_eq!(keys.verify_many(&[same; 2 * PROOFS_OF_POSSESSION]), [true; 8]);
    for _ in 1..PROOFS_OF_POSSESSION {
        assert!(keys.lock().known.is_empty());
        assert_eq!(keys.verify_many(&[signed(&private_key, numbers.element())]), [true]);
    }
    assert_eq!(keys.lock().known.len(), 1);
    assert!(keys.lock().tables.is_empty());
    assert_eq!(keys.verify_many(&[same]), [true]);
    assert_eq!(keys.lock().tables.len(), 1);
}

#[test]
fn test_tables_and_keys_are_bounded_and_a_dropped_table_is_made_again() {
    let mut numbers = Numbers(Fe::from_u64(13));
    let keys = new_keys(2);
    let private_keys: Vec<_> = (0..4).map(|_| numbers.next()).collect();
    for _ in 0..2 {
        for private_key in &private_keys {
            let claims: Vec<_> = (0..5).map(|_| signed(private_key, numbers.element())).collect();
            assert_eq!(keys.verify_many(&claims), [true; 5]);
            assert_eq!(keys.verify_many(&claims), [true; 5]);
            assert!(keys.table(claims[0].public_key).is_some());
        }
        assert_eq!(keys.lock().tables.len(), 2);
        assert_eq!(keys.lock().known.len(), 4);
    }
    let claim = signed(&private_keys[0], numbers.element());
    for _ in 0..2 * KEYS_PER_TABLE.get() + 3 {
        let public_key = numbers.element();
        keys.note_message(&Claim { public_key, ..claim });
    }
    assert_eq!(keys.lock().candidates.len(), 2 * KEYS_PER_TABLE.get());
}

/// `g * G + s * SHIFT_POINT`.
fn combined(g: Scalar, s: Scalar) -> Affine {
    let of_shift = WindowTable::new(*SHIFT_POINT, 4).multiply(&s.to_limbs());
    let of_generator = GENERATOR_TABLE.multiply(&g.to_limbs());
    match of_generator.to_affine() {
        Some(point) => of_shift.add_affine(&point).to_affine().unwrap(),
        None => of_shift.to_affine().unwrap(),
    }
}

fn negative(value: Scalar) -> Scalar {
    let minus_one = [ORDER[0] - 1, ORDER[1], ORDER[2], ORDER[3]];
    value.times(Scalar::from_limbs(&minus_one))
}

/// A claim that fulfils the textbook equation with the key `1/r * (base - z * G)`, so that the
/// builtin multiplies `base = g * G + s * SHIFT_POINT` by w; `None` if a number is out of range.
fn made_for(message_hash: Fe, w: Scalar, base: (Scalar, Scalar)) -> Option<Claim> {
    let z = Scalar::from_limbs(&message_hash.to_limbs());
    let r = combined(w.times(base.0), w.times(base.1)).x;
    let over_r = Scalar::from_limbs(&r.to_limbs()).inverse();
    let key = combined(over_r.times(base.0.plus(negative(z))), over_r.times(base.1));
    let signature = Signature { r, s: w.inverse().to_limbs() };
    (!r.is_zero() && fits(&r.to_limbs())).then_some(Claim {
        public_key: key.x,
        message_hash,
        signature,
    })
}

/// What the builtin's scalar multiplication by w may have to add to `SHIFT_POINT` in step i, as the
/// multiple k of its base: `k * base = SHIFT_POINT`.
fn meeting_multiples(w: &[u64; 4], i: usize) -> [Scalar; 2] {
    let mut below = *w;
    for position in i..256 {
        below[position / 64] &= !(1 << (position % 64));
    }
    let mut power = [0; 4];
    power[i / 64] = 1 << (i % 64);
    let (below, power) = (Scalar::from_limbs(&below), Scalar::from_limbs(&power));
    [power.plus(negative(below)), negative(power.plus(below))]
}

/// Keys made for one message each, whose signatures fulfil the equation and cannot be proven.
fn unprovable(numbers: &mut Numbers) -> Vec<Claim> {
    let (zero, one) = (Scalar::from_limbs(&[0; 4]), Scalar::from_limbs(&[1, 0, 0, 0]));
    let minus_two = negative(one.plus(one));
    let mut claims = Vec::new();
    for i in [0, 1, 2, 7, 63, 64, 100, 249, 250, 251, 254] {
        let w = numbers.next();
        for multiple in meeting_multiples(&w, i) {
            // w * B: a partial sum meets 2^i * B.
            let base = (zero, multiple.inverse());
            claims.push(made_for(numbers.element(), Scalar::from_limbs(&w), base));
        }
    }
    for _ in 0..4 {
        let message = numbers.element();
        let (w, z) = (numbers.scalar(), Scalar::from_limbs(&message.to_limbs()));
        // r * Q is -SHIFT_POINT, so that the sum that starts at SHIFT_POINT ends at infinity.
        claims.push(made_for(message, w, (z, negative(one))));
        // z * G - SHIFT_POINT and r * Q + SHIFT_POINT are one point.
        claims.push(made_for(message, w, (z.plus(z), minus_two)));
        // w * B + SHIFT_POINT is -SHIFT_POINT.
        claims.push(made_for(message, w, (zero, minus_two.times(w.inverse()))));
    }
    claims.into_iter().flatten().collect()
}

#[test]
fn test_keys_made_for_their_message_when_unprovable_are_refused_however_often() {
    let mut numbers = Numbers(Fe::from_u64(14));
    let claims = unprovable(&mut numbers);
    assert!(claims.len() > 12, "{} claims", claims.len());
    let keys = new_keys(64);
    for _ in 0..2 {
        for claim in &claims {
            assert!(!exact_one(claim));
            assert!(!claim.is_provable());
            assert_eq!(claim.fulfils_equation(), Some(true), "the equation alone would accept it");
            assert_eq!(keys.verify_many(&[*claim; PROOFS_OF_POSSESSION]), [false; 4]);
        }
    }
    assert!(keys.lock().known.is_empty());
    assert!(keys.lock().candidates.is_empty());
    // Why a key needs a history: the equation alone holds for every one of them.
    for claim in &claims {
        let table = WindowTable::new(Affine::from_x(claim.public_key).unwrap(), WINDOW_BITS);
        assert_eq!(check_equations(&[*claim], &[Some(Arc::new(table))]), [Some(true)]);
    }
}

#[test]
fn test_keys_made_for_their_message_when_one_point_of_the_key_suffices_are_accepted() {
    let mut numbers = Numbers(Fe::from_u64(15));
    let keys = new_keys(64);
    let mut n_claims = 0;
    for _ in 0..16 {
        // Key d = z / r: with one of its points z * G + r * Q is infinity, with the other 2z * G.
        let message_hash = numbers.element();
        let (z, k) = (Scalar::from_limbs(&message_hash.to_limbs()), numbers.scalar());
        let r = GENERATOR_TABLE.multiply(&k.to_limbs()).to_affine().unwrap().x;
        let private_key = z.times(Scalar::from_limbs(&r.to_limbs()).inverse()).to_limbs();
        let s = z.plus(z).times(k.inverse()).to_limbs();
        let public_key = ecdsa::public_key(&private_key).unwrap();
        let claim = Claim { public_key, message_hash, signature: Signature { r, s } };
        let fits_builtin = fits(&Scalar::from_limbs(&s).inverse().to_limbs());
        n_claims += usize::from(fits_builtin && fits(&r.to_limbs()));
        let history: Vec<_> =
            (0..PROOFS_OF_POSSESSION).map(|_| signed(&private_key, numbers.element())).collect();
        assert_eq!(keys.verify_many(&[claim]), exact(&[claim]), "new");
        assert_eq!(keys.verify_many(&history), [true; PROOFS_OF_POSSESSION]);
        assert_eq!(keys.verify_many(&[claim]), exact(&[claim]), "known");
    }
    assert_eq!(keys.lock().known.len(), 16);
    assert!(n_claims > 4);
}

#[test]
fn test_sums_when_two_points_share_an_abscissa_are_left_to_the_exact_function() {
    let g = GENERATOR_TABLE.multiply(&[5, 0, 0, 0]).to_affine().unwrap();
    let mut lists = vec![vec![g, g], vec![g, g.negated()], vec![g, *SHIFT_POINT, g], vec![g]];
    add_up(&mut lists);
    assert_eq!((lists[0].len(), lists[1].len(), lists[2].len(), lists[3].len()), (0, 0, 1, 1));
    let expected = Jacobian::from(g).double().add_affine(&SHIFT_POINT).to_affine().unwrap();
    assert_eq!(lists[2], [expected]);
    assert_eq!(is_sum_or_difference(&g, &g.negated(), g.x), None);
}
