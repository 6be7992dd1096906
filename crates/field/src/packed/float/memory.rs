//! Elements in memory, as Montgomery forms for 2^256 in 64-bit words, and as limbs.

use super::lanes::Lanes;
use super::limbs::{pow2, Element, E};
use crate::limbs::Limbs;
use crate::Fe;

pub(super) const MASK_50: i64 = (1 << 50) - 1;
pub(super) const MASK_51: i64 = (1 << 51) - 1;

/// Integers below 2^52 as limb `i`.
#[inline(always)]
#[allow(clippy::cast_possible_wrap)] // Bits are bits.
pub(super) fn to_limb<L: Lanes>(x: L::Bits, i: usize) -> L {
    let magic = pow2(52 + E[i]);
    L::from_bits(L::or(x, L::splat_bits(magic.to_bits() as i64))).sub(L::splat(magic))
}

impl<L: Lanes> Element<L> {
    /// Elements below 2^256 as they stand.
    #[inline(always)]
    pub(super) fn load(values: &[Fe], stride: usize) -> Self {
        let w = L::load_words(values, stride);
        let (m50, m51) = (L::splat_bits(MASK_50), L::splat_bits(MASK_51));
        Self([
            to_limb(L::and(w[0], m51), 0),
            to_limb(join::<L>(L::shift_right::<51>(w[0]), L::shift_left::<13>(w[1]), m50), 1),
            to_limb(join::<L>(L::shift_right::<37>(w[1]), L::shift_left::<27>(w[2]), m50), 2),
            to_limb(join::<L>(L::shift_right::<23>(w[2]), L::shift_left::<41>(w[3]), m50), 3),
            to_limb(L::shift_right::<9>(w[3]), 4),
        ])
        .carry()
    }

    /// Elements below 2^256, divided by 32 modulo p. A product with them is divided by 2^256 in all,
    /// and products among them keep the division.
    #[inline(always)]
    pub(super) fn load_divided(values: &[Fe], stride: usize) -> Self {
        let w = L::load_words(values, stride);
        let (m50, m51) = (L::splat_bits(MASK_50), L::splat_bits(MASK_51));
        let l3 = join::<L>(L::shift_right::<28>(w[2]), L::shift_left::<36>(w[3]), m50);
        // With f = w mod 32 the number w - f * p is divisible by 32:
        // (w - f * p) / 32 = floor(w / 32) - f * (2^246 + 17 * 2^187).
        let f = to_limb::<L>(L::and(w[0], L::splat_bits(31)), 0);
        Self([
            to_limb(L::and(L::shift_right::<5>(w[0]), m51), 0),
            to_limb(join::<L>(L::shift_right::<56>(w[0]), L::shift_left::<8>(w[1]), m50), 1),
            to_limb(join::<L>(L::shift_right::<42>(w[1]), L::shift_left::<22>(w[2]), m50), 2),
            f.mul_sub_from(L::splat(17.0 * pow2(187)), to_limb(l3, 3)),
            f.mul_sub_from(L::splat(pow2(246)), to_limb(L::shift_right::<14>(w[3]), 4)),
        ])
        .carry()
    }

    /// Writes sums of up to seven normal elements, below p.
    #[inline(always)]
    pub(super) fn store(&self, values: &mut [Fe], stride: usize) {
        // Limbs become integers plus 2^62, so that shifts need no sign; what the bias carries is
        // taken off again.
        const BIAS: i64 = 1 << 62;
        let t = self.carry().0;
        let l0 = to_integer(t[0], 0, BIAS);
        let l1 = add_carry::<L, 51>(to_integer(t[1], 1, BIAS - (BIAS >> 51)), l0);
        let l2 = add_carry::<L, 50>(to_integer(t[2], 2, BIAS - (BIAS >> 50)), l1);
        let l3 = add_carry::<L, 50>(to_integer(t[3], 3, BIAS - (BIAS >> 50)), l2);
        let l4 = add_carry::<L, 50>(to_integer(t[4], 4, -(BIAS >> 50)), l3);
        // The value is above -p and below p: p more where it is negative.
        let (m50, m51) = (L::splat_bits(MASK_50), L::splat_bits(MASK_51));
        let negative = L::sign_mask(l4);
        let l0 = L::add_bits(L::and(l0, m51), L::and(negative, L::splat_bits(1)));
        let l1 = add_carry::<L, 51>(L::and(l1, m50), l0);
        let l2 = add_carry::<L, 50>(L::and(l2, m50), l1);
        let l3 = add_carry::<L, 50>(
            L::add_bits(L::and(l3, m50), L::and(negative, L::splat_bits(17 << 41))),
            l2,
        );
        let l4 = add_carry::<L, 50>(L::add_bits(l4, L::and(negative, L::splat_bits(1 << 50))), l3);
        let (l0, l1) = (L::and(l0, m51), L::and(l1, m50));
        let (l2, l3) = (L::and(l2, m50), L::and(l3, m50));
        let words = [
            L::or(l0, L::shift_left::<51>(l1)),
            L::or(L::shift_right::<13>(l1), L::shift_left::<37>(l2)),
            L::or(L::shift_right::<27>(l2), L::shift_left::<23>(l3)),
            L::or(L::shift_right::<41>(l3), L::shift_left::<9>(l4)),
        ];
        L::store_words(words, values, stride);
    }

    #[inline(always)]
    pub(super) fn splat(limbs: &[f64; 5]) -> Self {
        Self([
            L::splat(limbs[0]),
            L::splat(limbs[1]),
            L::splat(limbs[2]),
            L::splat(limbs[3]),
            L::splat(limbs[4]),
        ])
    }
}

/// Bits of neighbouring words under a mask.
#[inline(always)]
fn join<L: Lanes>(low: L::Bits, high: L::Bits, mask: L::Bits) -> L::Bits {
    L::and(L::or(low, high), mask)
}

/// Limb `i` as an integer in its unit, plus a bias.
#[inline(always)]
#[allow(clippy::cast_possible_wrap)] // Bits are bits.
fn to_integer<L: Lanes>(limb: L, i: usize, bias: i64) -> L::Bits {
    let magic = 1.5 * pow2(52 + E[i]);
    let shifted = limb.add(L::splat(magic)).bits();
    L::sub_bits(shifted, L::splat_bits((magic.to_bits() as i64).wrapping_sub(bias)))
}

/// Adds what limb `from` has above its bits.
#[inline(always)]
fn add_carry<L: Lanes, const BITS: i32>(to: L::Bits, from: L::Bits) -> L::Bits {
    L::add_bits(to, L::shift_right::<BITS>(from))
}

/// Normal limbs of an element divided by 32 modulo p, see [`Element::load_divided`].
#[inline(always)]
#[allow(clippy::cast_possible_wrap, clippy::cast_precision_loss)] // Words are cut before.
pub(super) fn divided_limbs(w: &Limbs) -> [f64; 5] {
    let f = (w[0] & 31) as i64;
    let (m50, m51) = (MASK_50 as u64, MASK_51 as u64);
    let mut limbs = [
        ((w[0] >> 5) & m51) as i64,
        ((w[0] >> 56 | w[1] << 8) & m50) as i64,
        ((w[1] >> 42 | w[2] << 22) & m50) as i64,
        ((w[2] >> 28 | w[3] << 36) & m50) as i64 - f * (17 << 36),
        (w[3] >> 14) as i64 - (f << 45),
    ];
    let mut result = [0.0; 5];
    for i in 0..5 {
        if i < 4 {
            let width = E[i + 1] - E[i];
            let carry = (limbs[i] + (1 << (width - 1))) >> width;
            limbs[i] -= carry << width;
            limbs[i + 1] += carry;
        }
        result[i] = limbs[i] as f64 * pow2(E[i]);
    }
    result
}

/// 2^256 modulo p.
pub(super) const R: [f64; 5] = [-32.0, 0.0, 0.0, -544.0 * pow2(192), 0.0];
