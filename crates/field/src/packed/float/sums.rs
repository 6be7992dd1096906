//! Sums of products with one reduction at the end.

use super::lanes::Lanes;
use super::limbs::{high_unit, pow2, scaled, Element, E, P3, P3_SCALED, SCALE};
use super::memory::{to_limb, MASK_50, MASK_51};

/// Ten columns of integers, to which the *bits* of halves are added: within a binade they count
/// units. The bits of the magic constants are taken off at the end.
#[derive(Clone, Copy)]
pub(super) struct Columns<L: Lanes>([L::Bits; 10]);

/// Chains of every column: a chain must stay in one binade, so the longest have two.
pub(super) const CHAINS: [i64; 9] = [1, 1, 1, 2, 2, 2, 1, 1, 1];

/// What one product adds to the columns besides its value.
#[allow(clippy::cast_possible_wrap)] // Bits are bits.
const BIAS: [i64; 10] = {
    let mut bias = [0i64; 10];
    let mut k = 0;
    while k < 9 {
        let low = low_magic(k).to_bits() as i64;
        let high = high_magic(k).to_bits() as i64;
        bias[k] = bias[k].wrapping_add(low.wrapping_mul(CHAINS[k]));
        bias[k + 1] = bias[k + 1].wrapping_add(high.wrapping_mul(CHAINS[k]));
        k += 1;
    }
    bias
};

/// The middle of the binade whose unit is that of column k.
const fn low_magic(k: usize) -> f64 {
    1.5 * pow2(52 + E[k % 5])
}

const fn high_magic(k: usize) -> f64 {
    1.5 * pow2(52 + high_unit(k))
}

impl<L: Lanes> Columns<L> {
    #[inline(always)]
    pub(super) fn empty() -> Self {
        Self([L::splat_bits(0); 10])
    }

    /// Adds the product of normal elements.
    #[inline(always)]
    pub(super) fn add_product(&mut self, x: &Element<L>, y: &Element<L>) {
        let (a, b) = (&x.0, &y.0);
        let columns = &mut self.0;
        macro_rules! chain {
            ($k:literal, ($a:expr, $b:expr) $(, ($c:expr, $d:expr))*) => {
                #[allow(unused_mut)] // Some chains have one product.
                let mut high = $a.mul_add($b, L::splat(high_magic($k)));
                // The first low half carries the magic constant of the column.
                let magic = L::splat(high_magic($k) + low_magic($k));
                #[allow(unused_mut)]
                let mut low = $a.mul_add($b, magic.sub(high));
                $(
                    let next = $c.mul_add($d, high);
                    low = low.add($c.mul_add($d, high.sub(next)));
                    high = next;
                )*
                columns[$k] = L::add_bits(columns[$k], low.bits());
                columns[$k + 1] = L::add_bits(columns[$k + 1], high.bits());
            };
        }
        chain!(0, (a[0], b[0]));
        chain!(1, (a[0], b[1]), (a[1], b[0]));
        chain!(2, (a[0], b[2]), (a[1], b[1]), (a[2], b[0]));
        chain!(3, (a[0], b[3]), (a[1], b[2]));
        chain!(3, (a[2], b[1]), (a[3], b[0]));
        chain!(4, (a[0], b[4]), (a[1], b[3]), (a[2], b[2]));
        chain!(4, (a[3], b[1]), (a[4], b[0]));
        let b = scaled(b);
        chain!(5, (a[1], b[4]), (a[2], b[3]));
        chain!(5, (a[3], b[2]), (a[4], b[1]));
        chain!(6, (a[2], b[4]), (a[3], b[3]), (a[4], b[2]));
        chain!(7, (a[3], b[4]), (a[4], b[3]));
        chain!(8, (a[4], b[4]));
    }

    /// The value of `count` products, divided by 2^251; normal.
    #[inline(always)]
    pub(super) fn reduce(&self, count: i64) -> Element<L> {
        let l = self.carried(count);
        // What is above 2^502, plus 2^12: the bias that is left.
        let top = to_limb::<L>(L::shift_right::<50>(l[9]), 0).sub(L::splat(4096.0));
        let (t0, t1, t2) = (low_bits(&l, 0), low_bits(&l, 1), low_bits(&l, 2));
        let (t3, h3) = subtract_digit(low_bits(&l, 3), t0, P3, 3);
        let (t4, h4) = subtract_digit(L::add(low_bits(&l, 4), h3), t1, P3, 4);
        let t5 = h4.mul_add(L::splat(SCALE), low_bits(&l, 5));
        let (t5, h5) = subtract_digit(t5, t2, P3_SCALED, 5);
        let t6 = L::sub(low_bits(&l, 6), t1).add(h5);
        let (t6, h6) = subtract_digit(t6, t3, P3_SCALED, 6);
        let t7 = L::sub(low_bits(&l, 7), t2).add(h6);
        let (t7, h7) = subtract_digit(t7, t4, P3_SCALED, 7);
        let t8 = L::sub(low_bits(&l, 8), t3).add(h7);
        let t9 = L::sub(low_bits(&l, 9), t4);
        let t8 = top.mul_sub_from(L::splat(P3), t8);
        Element::from_columns(t0, [t5.sub(top), t6, t7, t8, t9])
    }

    /// The columns plus 2^62, which keeps them positive, with the carries from below.
    #[inline(always)]
    fn carried(&self, count: i64) -> [L::Bits; 10] {
        const PLUS: i64 = 1 << 62;
        let mut columns = self.0;
        for k in 0..10 {
            // The carry of what was added below is taken off at once.
            let plus = if k == 0 { PLUS } else { PLUS - (PLUS >> width(k - 1)) };
            let bias = BIAS[k].wrapping_mul(count).wrapping_sub(plus);
            columns[k] = L::sub_bits(columns[k], L::splat_bits(bias));
            if k > 0 {
                let below = columns[k - 1];
                let carry = if width(k - 1) == 51 {
                    L::shift_right::<51>(below)
                } else {
                    L::shift_right::<50>(below)
                };
                columns[k] = L::add_bits(columns[k], carry);
            }
        }
        columns
    }
}

/// Bits of column k.
const fn width(k: usize) -> i32 {
    E[k % 5 + 1] - E[k % 5]
}

/// Column k without what was carried out of it.
#[inline(always)]
fn low_bits<L: Lanes>(columns: &[L::Bits; 10], k: usize) -> L {
    let mask = if width(k) == 51 { MASK_51 } else { MASK_50 };
    to_limb(L::and(columns[k], L::splat_bits(mask)), k % 5)
}

/// Subtracts a digit times the middle part of p from column k; the rest of it, and what the next
/// column gets.
#[inline(always)]
fn subtract_digit<L: Lanes>(column: L, digit: L, p3: f64, k: usize) -> (L, L) {
    let magic = L::splat(high_magic(k));
    let high = digit.mul_sub_from(L::splat(p3), magic);
    let low = digit.mul_sub_from(L::splat(p3), magic.sub(high));
    (column.add(low), high.sub(magic))
}
