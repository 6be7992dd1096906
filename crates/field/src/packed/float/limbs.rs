//! Arithmetic on elements whose limbs are doubles.
//!
//! Limb i is a multiple of 2^`E[i]` of absolute scale: the exponent says where it stands. It is
//! *normal* when it is at most 2^(`E[i + 1]` - 1) + 32 * 2^`E[i]` in size, so that a normal element
//! lies between about -p/2 and p/2. Sums of seven normal elements are exact.
//!
//! A product has ten columns, column k of the scale of limb k; those from 5 on are kept divided by
//! 2^251, which is the scale of limb k - 5. A product of two limbs is added to a column in two halves
//! (Emmart, Zheng, Weems): `high = a * b + C` rounds to the unit of the next column because C is that
//! large, and `low = a * b - (high - C)` is exact. The reduction divides by 2^251: p is 1 modulo
//! 2^192, so the digit that clears column k is the column itself, whatever its size, and nothing
//! is carried before the end. `bounds.rs` proves that every sum is exact.

use super::lanes::Lanes;

/// Where limbs begin, and 251, where they end.
pub(super) const E: [i32; 6] = [0, 51, 101, 151, 201, 251];
/// High halves of column k are multiples of 2 to this power.
pub(super) const fn high_unit(column: usize) -> i32 {
    E[column % 5 + 1]
}

/// Where in its binade a chain of high halves begins. Chains must not fall below it, which would
/// halve the unit; columns 3 and 4 are the longest.
pub(super) const CENTRES: [f64; 9] = [1.5, 1.5, 1.5, 1.625, 1.75, 1.5, 1.5, 1.5, 1.5];
/// `CENTRES` in the binade whose unit is that of the high halves.
const C: [f64; 9] = {
    let mut constants = [0.0; 9];
    let mut k = 0;
    while k < 9 {
        constants[k] = CENTRES[k] * pow2(52 + high_unit(k));
        k += 1;
    }
    constants
};

/// The middle part of p, and the same in the columns that are divided by 2^251.
pub(super) const P3: f64 = 17.0 * pow2(192);
pub(super) const P3_SCALED: f64 = 17.0 * pow2(192 - 251);
pub(super) const SCALE: f64 = pow2(-251);

/// `2^exponent`, for exponents of normal numbers.
#[allow(clippy::cast_sign_loss)] // The biased exponent is positive.
pub(super) const fn pow2(exponent: i32) -> f64 {
    f64::from_bits(((1023 + exponent) as u64) << 52)
}

/// Elements in the lanes of five vectors.
#[derive(Clone, Copy)]
pub(super) struct Element<L>(pub(super) [L; 5]);

/// Rounds to multiples of `2^exponent`; values are below 2^(exponent + 51).
#[inline(always)]
fn round<L: Lanes>(x: L, exponent: i32) -> L {
    let magic = L::splat(1.5 * pow2(52 + exponent));
    x.add(magic).sub(magic)
}

/// What a column takes over from the one below: the sum of its high halves.
macro_rules! carried {
    ($h:ident, $k:literal) => {
        $h.sub(L::splat(C[$k]))
    };
}
/// The halves of the first product of a column. Where it is the only one, the difference is also
/// what the next column takes over.
macro_rules! first {
    ($h:ident, $l:ident, $k:literal, $a:expr, $b:expr) => {
        #[allow(unused_mut)] // Some columns have one product.
        let mut $h = $a.mul_add($b, L::splat(C[$k]));
        #[allow(unused_mut)]
        let mut $l = $a.mul_sub($b, carried!($h, $k));
    };
}
/// Adds the halves of one more product.
macro_rules! next {
    ($h:ident, $l:ident, $a:expr, $b:expr) => {
        let n = $a.mul_add($b, $h);
        $l = $l.add($a.mul_add($b, $h.sub(n)));
        $h = n;
    };
}
/// Subtracts a digit times the middle part of p.
macro_rules! digit {
    ($h:ident, $l:ident, $t:expr, $p3:expr) => {
        let n = $t.mul_sub_from(L::splat($p3), $h);
        $l = $l.add($t.mul_sub_from(L::splat($p3), $h.sub(n)));
        $h = n;
    };
}
impl<L: Lanes> Element<L> {
    /// The product of normal elements, divided by 2^251; normal.
    #[inline(always)]
    pub(super) fn mul(&self, other: &Self) -> Self {
        let (a, b) = (&self.0, &other.0);
        first!(h0, t0, 0, a[0], b[0]);
        first!(h1, t1, 1, a[0], b[1]);
        next!(h1, t1, a[1], b[0]);
        t1 = t1.add(carried!(h0, 0));
        first!(h2, t2, 2, a[0], b[2]);
        next!(h2, t2, a[1], b[1]);
        next!(h2, t2, a[2], b[0]);
        t2 = t2.add(carried!(h1, 1));
        first!(h3, t3, 3, a[0], b[3]);
        next!(h3, t3, a[1], b[2]);
        next!(h3, t3, a[2], b[1]);
        next!(h3, t3, a[3], b[0]);
        digit!(h3, t3, t0, P3);
        t3 = t3.add(carried!(h2, 2));
        first!(h4, t4, 4, a[0], b[4]);
        next!(h4, t4, a[1], b[3]);
        next!(h4, t4, a[2], b[2]);
        next!(h4, t4, a[3], b[1]);
        next!(h4, t4, a[4], b[0]);
        digit!(h4, t4, t1, P3);
        t4 = t4.add(carried!(h3, 3));
        let b = scaled(b);
        first!(h5, t5, 5, a[1], b[4]);
        next!(h5, t5, a[2], b[3]);
        next!(h5, t5, a[3], b[2]);
        next!(h5, t5, a[4], b[1]);
        digit!(h5, t5, t2, P3_SCALED);
        t5 = carried!(h4, 4).mul_add(L::splat(SCALE), t5);
        first!(h6, t6, 6, a[2], b[4]);
        next!(h6, t6, a[3], b[3]);
        next!(h6, t6, a[4], b[2]);
        digit!(h6, t6, t3, P3_SCALED);
        t6 = t6.add(carried!(h5, 5).sub(t1));
        first!(h7, t7, 7, a[3], b[4]);
        next!(h7, t7, a[4], b[3]);
        digit!(h7, t7, t4, P3_SCALED);
        t7 = t7.add(carried!(h6, 6).sub(t2));
        first!(h8, t8, 8, a[4], b[4]);
        t8 = t8.add(carried!(h7, 7).sub(t3));
        let t9 = carried!(h8, 8).sub(t4);
        Self::from_columns(t0, [t5, t6, t7, t8, t9])
    }

    /// The square of a normal element, divided by 2^251; normal.
    #[inline(always)]
    pub(super) fn square(&self) -> Self {
        let a = &self.0;
        let twice = [a[0].add(a[0]), a[1].add(a[1]), a[2].add(a[2]), a[3].add(a[3])];
        first!(h0, t0, 0, a[0], a[0]);
        first!(h1, t1, 1, twice[0], a[1]);
        t1 = t1.add(carried!(h0, 0));
        first!(h2, t2, 2, twice[0], a[2]);
        next!(h2, t2, a[1], a[1]);
        t2 = t2.add(carried!(h1, 1));
        first!(h3, t3, 3, twice[0], a[3]);
        next!(h3, t3, twice[1], a[2]);
        digit!(h3, t3, t0, P3);
        t3 = t3.add(carried!(h2, 2));
        first!(h4, t4, 4, twice[0], a[4]);
        next!(h4, t4, twice[1], a[3]);
        next!(h4, t4, a[2], a[2]);
        digit!(h4, t4, t1, P3);
        t4 = t4.add(carried!(h3, 3));
        let b = scaled(a);
        first!(h5, t5, 5, twice[1], b[4]);
        next!(h5, t5, twice[2], b[3]);
        digit!(h5, t5, t2, P3_SCALED);
        t5 = carried!(h4, 4).mul_add(L::splat(SCALE), t5);
        first!(h6, t6, 6, twice[2], b[4]);
        next!(h6, t6, a[3], b[3]);
        digit!(h6, t6, t3, P3_SCALED);
        t6 = t6.add(carried!(h5, 5).sub(t1));
        first!(h7, t7, 7, twice[3], b[4]);
        digit!(h7, t7, t4, P3_SCALED);
        t7 = t7.add(carried!(h6, 6).sub(t2));
        first!(h8, t8, 8, a[4], b[4]);
        t8 = t8.add(carried!(h7, 7).sub(t3));
        let t9 = carried!(h8, 8).sub(t4);
        Self::from_columns(t0, [t5, t6, t7, t8, t9])
    }

    /// Carries of the upper columns, all at once: what leaves the top comes in at the bottom.
    /// Column 5 lacks the digit `t0`, with which it would be too large for a double.
    #[inline(always)]
    pub(super) fn from_columns(t0: L, [t5, t6, t7, t8, t9]: [L; 5]) -> Self {
        let c9 = round(t9, E[5]);
        let c5 = round(t5.sub(t0), E[1]);
        let r5 = t5.sub(c5).sub(t0);
        let (c6, c7) = (round(t6, E[2]), round(t7, E[3]));
        let t8 = c9.mul_sub_from(L::splat(P3_SCALED), t8);
        let c8 = round(t8, E[4]);
        Self([
            c9.mul_sub_from(L::splat(SCALE), r5),
            t6.sub(c6).add(c5),
            t7.sub(c7).add(c6),
            t8.sub(c8).add(c7),
            t9.sub(c9).add(c8),
        ])
    }

    #[inline(always)]
    pub(super) fn plus(&self, other: &Self) -> Self {
        let (a, b) = (&self.0, &other.0);
        Self([a[0].add(b[0]), a[1].add(b[1]), a[2].add(b[2]), a[3].add(b[3]), a[4].add(b[4])])
    }

    #[inline(always)]
    pub(super) fn minus(&self, other: &Self) -> Self {
        let (a, b) = (&self.0, &other.0);
        Self([a[0].sub(b[0]), a[1].sub(b[1]), a[2].sub(b[2]), a[3].sub(b[3]), a[4].sub(b[4])])
    }

    /// A sum of up to seven normal elements; normal.
    #[inline(always)]
    pub(super) fn carry(&self) -> Self {
        let t = &self.0;
        let c4 = round(t[4], E[5]);
        let t3 = c4.mul_sub_from(L::splat(P3_SCALED), t[3]);
        let t0 = c4.mul_sub_from(L::splat(SCALE), t[0]);
        let (c0, c1) = (round(t0, E[1]), round(t[1], E[2]));
        let (c2, c3) = (round(t[2], E[3]), round(t3, E[4]));
        Self([
            t0.sub(c0),
            t[1].sub(c1).add(c0),
            t[2].sub(c2).add(c1),
            t3.sub(c3).add(c2),
            t[4].sub(c4).add(c3),
        ])
    }
}

/// The limbs of a factor for the columns from 5 on; the first is not used there.
#[inline(always)]
pub(super) fn scaled<L: Lanes>(b: &[L; 5]) -> [L; 5] {
    let scale = L::splat(SCALE);
    [b[0], b[1].mul(scale), b[2].mul(scale), b[3].mul(scale), b[4].mul(scale)]
}
