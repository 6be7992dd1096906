//! Arithmetic on raw little-endian 64-bit limbs: the only place that knows the shape of p.
//!
//! p = (1, 0, 0, [`P3`]) and 1/p = 1 mod 2^64, so each Montgomery step finds its multiplier without
//! any work and needs one word multiplication where a general modulus needs four. Because
//! 2^256 > 31p, sums of several elements fit without reduction; a product of `a` and `b` is defined
//! whenever `a * b < 31 * p^2`, and is then below 2p.

/// Four 64-bit limbs, least significant first.
pub(crate) type Limbs = [u64; 4];

/// The top limb of p.
pub(crate) const P3: u64 = 0x0800_0000_0000_0011;
/// The modulus.
pub(crate) const P: Limbs = [1, 0, 0, P3];
/// R mod p with R = 2^256: the Montgomery form of one.
pub(crate) const R: Limbs = [0xffff_ffff_ffff_ffe1, u64::MAX, u64::MAX, 0x07ff_ffff_ffff_fdf0];
/// R^2 mod p.
pub(crate) const R2: Limbs =
    [0xffff_fd73_7e00_0401, 0x0000_0001_330f_ffff, 0xffff_ffff_ff6f_8000, 0x07ff_d4ab_5e00_8810];

/// `acc + a * b + carry` as (low, high); it cannot overflow 128 bits.
#[inline(always)]
#[allow(clippy::cast_possible_truncation)] // Splitting a double word is the point.
pub(crate) const fn mac(acc: u64, a: u64, b: u64, carry: u64) -> (u64, u64) {
    let wide = (a as u128) * (b as u128) + acc as u128 + carry as u128;
    (wide as u64, (wide >> 64) as u64)
}

/// `a + b + carry` as (low, carry).
#[inline(always)]
pub(crate) const fn adc(a: u64, b: u64, carry: bool) -> (u64, bool) {
    let (sum, c0) = a.overflowing_add(b);
    let (sum, c1) = sum.overflowing_add(carry as u64);
    (sum, c0 | c1)
}

/// `a - b - borrow` as (low, borrow).
#[inline(always)]
pub(crate) const fn sbb(a: u64, b: u64, borrow: bool) -> (u64, bool) {
    let (diff, b0) = a.overflowing_sub(b);
    let (diff, b1) = diff.overflowing_sub(borrow as u64);
    (diff, b0 | b1)
}

/// `a + b`; the caller knows that the sum is below 2^256.
#[inline(always)]
pub(crate) const fn add_raw(a: &Limbs, b: &Limbs) -> Limbs {
    let (r0, c) = adc(a[0], b[0], false);
    let (r1, c) = adc(a[1], b[1], c);
    let (r2, c) = adc(a[2], b[2], c);
    let (r3, _) = adc(a[3], b[3], c);
    [r0, r1, r2, r3]
}

/// `a - b` modulo 2^256, and whether it wrapped.
#[inline(always)]
pub(crate) const fn sub_raw(a: &Limbs, b: &Limbs) -> (Limbs, bool) {
    let (r0, c) = sbb(a[0], b[0], false);
    let (r1, c) = sbb(a[1], b[1], c);
    let (r2, c) = sbb(a[2], b[2], c);
    let (r3, c) = sbb(a[3], b[3], c);
    ([r0, r1, r2, r3], c)
}

/// Subtracts `m` once if `a >= m`.
#[inline(always)]
pub(crate) const fn reduce_once(a: &Limbs, m: &Limbs) -> Limbs {
    let (d, borrow) = sub_raw(a, m);
    let keep = (borrow as u64).wrapping_neg();
    [
        d[0] ^ (keep & (d[0] ^ a[0])),
        d[1] ^ (keep & (d[1] ^ a[1])),
        d[2] ^ (keep & (d[2] ^ a[2])),
        d[3] ^ (keep & (d[3] ^ a[3])),
    ]
}

/// A multiple `k * p` for `k <= 31`.
pub(crate) const fn times_p(k: u64) -> Limbs {
    [k, 0, 0, k * P3]
}

/// Any value below 2^256 to its residue below 2p.
#[inline(always)]
pub(crate) const fn reduce_partial(a: &Limbs) -> Limbs {
    // q = floor(a / 2^251) <= 31; a - q*p lies in (-31 * 2^197, 2^251), so one p makes it positive.
    let q = a[3] >> 59;
    let shifted = add_raw(&[a[0], a[1], a[2], a[3] & (u64::MAX >> 5)], &P);
    sub_raw(&shifted, &[q, 0, 0, q * 17]).0
}

/// Any value below 2^256 to its canonical residue.
#[inline(always)]
pub(crate) const fn reduce_full(a: &Limbs) -> Limbs {
    reduce_once(&reduce_partial(a), &P)
}

/// The full product of two 256-bit numbers.
#[inline(always)]
pub(crate) const fn mul_wide(a: &Limbs, b: &Limbs) -> [u64; 8] {
    let (t0, c) = mac(0, a[0], b[0], 0);
    let (t1, c) = mac(0, a[0], b[1], c);
    let (t2, c) = mac(0, a[0], b[2], c);
    let (t3, t4) = mac(0, a[0], b[3], c);
    let (t1, c) = mac(t1, a[1], b[0], 0);
    let (t2, c) = mac(t2, a[1], b[1], c);
    let (t3, c) = mac(t3, a[1], b[2], c);
    let (t4, t5) = mac(t4, a[1], b[3], c);
    let (t2, c) = mac(t2, a[2], b[0], 0);
    let (t3, c) = mac(t3, a[2], b[1], c);
    let (t4, c) = mac(t4, a[2], b[2], c);
    let (t5, t6) = mac(t5, a[2], b[3], c);
    let (t3, c) = mac(t3, a[3], b[0], 0);
    let (t4, c) = mac(t4, a[3], b[1], c);
    let (t5, c) = mac(t5, a[3], b[2], c);
    let (t6, t7) = mac(t6, a[3], b[3], c);
    [t0, t1, t2, t3, t4, t5, t6, t7]
}

/// The full square of a 256-bit number.
#[inline(always)]
pub(crate) const fn square_wide(a: &Limbs) -> [u64; 8] {
    let (t1, c) = mac(0, a[0], a[1], 0);
    let (t2, c) = mac(0, a[0], a[2], c);
    let (t3, t4) = mac(0, a[0], a[3], c);
    let (t3, c) = mac(t3, a[1], a[2], 0);
    let (t4, t5) = mac(t4, a[1], a[3], c);
    let (t5, t6) = mac(t5, a[2], a[3], 0);
    let t7 = t6 >> 63;
    let t6 = (t6 << 1) | (t5 >> 63);
    let t5 = (t5 << 1) | (t4 >> 63);
    let t4 = (t4 << 1) | (t3 >> 63);
    let t3 = (t3 << 1) | (t2 >> 63);
    let t2 = (t2 << 1) | (t1 >> 63);
    let t1 = t1 << 1;
    let (t0, h0) = mac(0, a[0], a[0], 0);
    let (l1, h1) = mac(0, a[1], a[1], 0);
    let (l2, h2) = mac(0, a[2], a[2], 0);
    let (l3, h3) = mac(0, a[3], a[3], 0);
    let (t1, c) = adc(t1, h0, false);
    let (t2, c) = adc(t2, l1, c);
    let (t3, c) = adc(t3, h1, c);
    let (t4, c) = adc(t4, l2, c);
    let (t5, c) = adc(t5, h2, c);
    let (t6, c) = adc(t6, l3, c);
    let (t7, _) = adc(t7, h3, c);
    [t0, t1, t2, t3, t4, t5, t6, t7]
}

/// `t / R mod p`, at most `t / R` or below p.
#[inline(always)]
pub(crate) const fn montgomery_reduce(t: &[u64; 8]) -> Limbs {
    // Multiples of p are subtracted, because 1/p = 1 mod 2^192: the first three multipliers are the
    // lowest words themselves, and clear them without a carry. The zero middle limbs of p and its
    // top limb do not reach them.
    let (l0, h0) = mac(0, t[0], P3, 0);
    let (m3, b) = sbb(t[3], l0, false);
    let (q4, h1) = mac(h0, t[1], P3, 0);
    let (q5, h2) = mac(h1, t[2], P3, 0);
    let (q6, q7) = mac(h2, m3, P3, 0);
    let (t4, b) = sbb(t[4], q4, b);
    let (t5, b) = sbb(t[5], q5, b);
    let (t6, b) = sbb(t[6], q6, b);
    let (t7, b) = sbb(t[7], q7, b);
    // What was subtracted is below p * R.
    let mask = (b as u64).wrapping_neg();
    add_raw(&[t4, t5, t6, t7], &[P[0] & mask, 0, 0, P[3] & mask])
}

/// `a * b / R`, below 2p whenever `a * b < 31 * p^2`.
#[inline(always)]
pub(crate) const fn mul_lazy(a: &Limbs, b: &Limbs) -> Limbs {
    montgomery_reduce(&mul_wide(a, b))
}
