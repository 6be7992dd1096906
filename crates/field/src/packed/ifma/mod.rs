//! Eight elements in 52-bit limbs, for processors that multiply and add such limbs.
//!
//! A vector holds limb i of eight elements. p = (1, 0, 0, 17 * 2^36, 2^43) in these limbs, so a
//! Montgomery step needs two limb products. The reduction divides by 2^260, memory holds Montgomery
//! forms for 2^256: one factor of every product is therefore shifted left by four bits, which is
//! free when limbs are cut. Limbs may be negative or exceed 52 bits between a sum and the next
//! product.
//!
//! No closure may contain an intrinsic: closures are compiled without the processor's features.

pub(super) mod avx;
pub(super) mod avx512;
mod words;

use super::{Bounds, Lazy, Packed};
use crate::limbs::{Limbs, R};
use crate::Fe;
use words::Words;

const LIMB_BITS: u32 = 52;
const LIMB_MASK: i64 = (1 << LIMB_BITS) - 1;
/// Limbs 3 and 4 of p; limb 0 is one, the others are zero.
const P3: i64 = 17 << 36;
const P4: i64 = 1 << 43;

/// Eight elements.
#[derive(Clone, Copy)]
pub(super) struct Eight<W>([W; 5]);

/// Limbs of Montgomery forms, shifted left by four bits.
#[derive(Clone, Copy)]
pub(super) struct Shifted<W>([W; 5]);

impl<W: Words> Packed for Eight<W> {
    /// In multiples of p: 500p fits the limbs, and 128 products of a factor below 128p with one
    /// below p stay below 33p. A product of factors below k and l times p is below
    /// (k * l / 511 + 1) * p.
    const BOUNDS: Bounds = Bounds {
        constant: 1,
        load: 16,
        loose_limit: 128,
        reduced: 3,
        carried: |bound| bound,
        product: |a, b| (a * b).div_ceil(511) + 1,
    };
    const KEEPS_LOADED: bool = false;

    /// Shifted, so that products of vectors need no other factor: bounds are up to 16p then.
    #[inline(always)]
    fn load(values: &[Fe]) -> Self {
        Self(cut_shifted(W::load_words(values, 1)))
    }

    #[inline(always)]
    fn broadcast(value: Fe) -> Self {
        Self(Self::factor(&value).0)
    }

    #[inline(always)]
    fn store(self, values: &mut [Fe]) {
        // The factor 2^256 takes the place of a shift by -4 bits.
        let unshift = cut(splat_words::<W>(&R));
        Self(reduce_product(product(&normalise(self.0), &unshift))).store_reduced(values, 1);
    }

    #[inline(always)]
    fn add(self, other: Self) -> Self {
        self.add_lazy(other).reduce()
    }

    #[inline(always)]
    fn sub(self, other: Self) -> Self {
        self.sub_lazy::<16>(other).reduce()
    }

    #[inline(always)]
    fn mul(self, other: Self) -> Self {
        // All operations but the loose ones return normalised limbs.
        self.mul_loose(other).carry()
    }

    #[inline(always)]
    fn square(self) -> Self {
        self.square_loose().carry()
    }

    #[inline(always)]
    fn to_factor(self) -> Shifted<W> {
        Shifted(self.0)
    }

    /// Limbs of 16 times the element modulo p.
    type Uniform = [i64; 5];

    #[inline(always)]
    fn uniform(value: Fe) -> [i64; 5] {
        let w = (value * Fe::from_u64(16)).0;
        let limb = |low: u64| low.cast_signed() & LIMB_MASK;
        [
            limb(w[0]),
            limb(w[0] >> 52 | w[1] << 12),
            limb(w[1] >> 40 | w[2] << 24),
            limb(w[2] >> 28 | w[3] << 36),
            limb(w[3] >> 16),
        ]
    }

    #[inline(always)]
    fn spread(value: &[i64; 5]) -> Self {
        Self([
            W::splat(value[0]),
            W::splat(value[1]),
            W::splat(value[2]),
            W::splat(value[3]),
            W::splat(value[4]),
        ])
    }

    #[inline(always)]
    fn add_loose(self, other: Self) -> Self {
        self.add_lazy(other)
    }

    #[inline(always)]
    fn sub_loose(self, other: Self, bound: u32) -> Self {
        let [a, b] = [self.0, other.0];
        let bound = i64::from(bound);
        Self([
            W::add(W::sub(a[0], b[0]), W::splat(bound)),
            W::sub(a[1], b[1]),
            W::sub(a[2], b[2]),
            W::add(W::sub(a[3], b[3]), W::splat(bound * P3)),
            W::add(W::sub(a[4], b[4]), W::splat(bound * P4)),
        ])
    }

    #[inline(always)]
    fn mul_loose(self, other: Self) -> Self {
        Self(reduce_columns(product(&self.0, &other.0)))
    }

    #[inline(always)]
    fn square_loose(self) -> Self {
        Self(reduce_columns(square_columns(&self.0)))
    }

    #[inline(always)]
    fn carry(self) -> Self {
        Self(normalise(self.0))
    }

    // A product of factors below 16p adds less than 10 * 2^52 to a column and p / 2 to the result:
    // 128 of them stay below 2^63 and 2^260.
    type Sum = [W; 10];

    #[inline(always)]
    fn no_sum() -> Self::Sum {
        [W::splat(0); 10]
    }

    #[inline(always)]
    fn add_product(sum: &mut Self::Sum, a: &Self, b: &Self) {
        *sum = product_onto(*sum, &a.0, &b.0);
    }

    #[inline(always)]
    fn reduce_sum(sum: &Self::Sum) -> Self {
        Self(reduce_product(*sum)).reduce()
    }
}

impl<W: Words> Lazy for Eight<W> {
    const WIDTH: usize = 8;
    type Factor = Shifted<W>;

    #[inline(always)]
    fn load_lazy(values: &[Fe], stride: usize) -> Self {
        Self(cut(W::load_words(values, stride))).reduce()
    }

    #[inline(always)]
    fn store_lazy(self, values: &mut [Fe], stride: usize) {
        W::store_words(join(normalise(self.0)), values, stride);
    }

    #[inline(always)]
    fn store_reduced(self, values: &mut [Fe], stride: usize) {
        let reduced = subtract_p_once(subtract_p_once(self.reduce().0));
        W::store_words(join(reduced), values, stride);
    }

    #[inline(always)]
    fn factor(value: &Fe) -> Shifted<W> {
        Shifted(cut_shifted(splat_words::<W>(&value.0)))
    }

    #[inline(always)]
    fn factors(values: &[Fe], stride: usize) -> Shifted<W> {
        Shifted(cut_shifted(W::load_words(values, stride)))
    }

    #[inline(always)]
    fn add_lazy(self, other: Self) -> Self {
        let [a, b] = [self.0, other.0];
        Self([
            W::add(a[0], b[0]),
            W::add(a[1], b[1]),
            W::add(a[2], b[2]),
            W::add(a[3], b[3]),
            W::add(a[4], b[4]),
        ])
    }

    #[inline(always)]
    fn sub_lazy<const BOUND: u8>(self, other: Self) -> Self {
        let [a, b] = [self.0, other.0];
        let mut limbs = [
            W::sub(a[0], b[0]),
            W::sub(a[1], b[1]),
            W::sub(a[2], b[2]),
            W::sub(a[3], b[3]),
            W::sub(a[4], b[4]),
        ];
        add_p_times(&mut limbs, W::splat(i64::from(BOUND)));
        Self(limbs)
    }

    #[inline(always)]
    fn mul_factor(self, factor: Shifted<W>) -> Self {
        Self(reduce_columns(product(&carry_up(self.0), &factor.0)))
    }

    #[inline(always)]
    fn reduce(self) -> Self {
        // With q = floor(limb 4 / 2^43) the value less q * p lies above -p and, because lower limbs
        // are below 2^61, below 2^251 + 2^218; one p more makes it positive.
        let mut limbs = self.0;
        let q = W::shift_right_signed::<43>(limbs[4]);
        add_p_times(&mut limbs, W::sub(W::splat(1), q));
        Self(normalise(limbs))
    }

    #[inline(always)]
    fn transpose(vectors: [Self; 8]) -> [Self; 8] {
        let mut result = vectors;
        for limb in 0..5 {
            let mut rows = [W::splat(0); 8];
            for i in 0..8 {
                rows[i] = vectors[W::LANES[i]].0[limb];
            }
            let columns = W::transpose(rows);
            for i in 0..8 {
                result[W::LANES[i]].0[limb] = columns[i];
            }
        }
        result
    }
}

/// Adds `times * p`, where `times` is a small number, maybe negative.
#[inline(always)]
fn add_p_times<W: Words>(limbs: &mut [W; 5], times: W) {
    let shifted = W::shift_left::<36>(times);
    limbs[0] = W::add(limbs[0], times);
    limbs[3] = W::add(limbs[3], W::add(shifted, W::shift_left::<4>(shifted)));
    limbs[4] = W::add(limbs[4], W::shift_left::<43>(times));
}

/// Subtracts p where the value is at least p; limbs are normalised before and after.
#[inline(always)]
fn subtract_p_once<W: Words>(limbs: [W; 5]) -> [W; 5] {
    let mut less = limbs;
    add_p_times(&mut less, W::splat(-1));
    let less = normalise(less);
    let mut result = less;
    for i in 0..5 {
        result[i] = W::where_negative(less[4], limbs[i], less[i]);
    }
    result
}

/// Carries, so that all limbs but the last are between 0 and 2^52.
#[inline(always)]
fn normalise<W: Words>(mut limbs: [W; 5]) -> [W; 5] {
    for i in 0..4 {
        limbs[i + 1] = W::add(limbs[i + 1], W::shift_right_signed::<LIMB_BITS>(limbs[i]));
        limbs[i] = W::and(limbs[i], W::splat(LIMB_MASK));
    }
    limbs
}

/// Limbs whose low 52 bits are those of [`normalise`]: all that products look at.
#[inline(always)]
fn carry_up<W: Words>(mut limbs: [W; 5]) -> [W; 5] {
    for i in 0..4 {
        limbs[i + 1] = W::add(limbs[i + 1], W::shift_right_signed::<LIMB_BITS>(limbs[i]));
    }
    limbs
}

/// The ten columns of a product of normalised limbs; a column is below 10 * 2^52.
#[inline(always)]
fn product<W: Words>(a: &[W; 5], b: &[W; 5]) -> [W; 10] {
    // Sums of low and high halves apart: their chains are half as long.
    let (mut low, mut high) = ([W::splat(0); 10], [W::splat(0); 10]);
    for i in 0..5 {
        for j in 0..5 {
            low[i + j] = W::madd_low(low[i + j], a[i], b[j]);
            high[i + j + 1] = W::madd_high(high[i + j + 1], a[i], b[j]);
        }
    }
    for k in 1..9 {
        low[k] = W::add(low[k], high[k]);
    }
    low[9] = high[9];
    low
}

/// Adds the columns of a product.
#[inline(always)]
fn product_onto<W: Words>(mut columns: [W; 10], a: &[W; 5], b: &[W; 5]) -> [W; 10] {
    for i in 0..5 {
        for j in 0..5 {
            columns[i + j] = W::madd_low(columns[i + j], a[i], b[j]);
            columns[i + j + 1] = W::madd_high(columns[i + j + 1], a[i], b[j]);
        }
    }
    columns
}

/// Divides by 2^260 modulo p. For factors below k and l times p the result is below
/// (k * l / 512 + 1) * p, because 2^260 > 511p.
#[inline(always)]
fn reduce_product<W: Words>(columns: [W; 10]) -> [W; 5] {
    normalise(reduce_columns(columns))
}

/// [`reduce_product`] without the last carries.
#[inline(always)]
fn reduce_columns<W: Words>(mut columns: [W; 10]) -> [W; 5] {
    for k in 0..5 {
        // The multiplier is the low limb of -column, and products look at the low limb only.
        let m = W::sub(W::splat(0), columns[k]);
        columns[k + 3] = W::madd_low(columns[k + 3], m, W::splat(P3));
        columns[k + 4] = W::madd_high(columns[k + 4], m, W::splat(P3));
        columns[k + 4] = W::madd_low(columns[k + 4], m, W::splat(P4));
        columns[k + 5] = W::madd_high(columns[k + 5], m, W::splat(P4));
        // The column with the multiplier added, which clears its low limb: rounded up, that is.
        let carry = W::shift_right::<LIMB_BITS>(W::add(columns[k], W::splat(LIMB_MASK)));
        columns[k + 1] = W::add(columns[k + 1], carry);
    }
    [columns[5], columns[6], columns[7], columns[8], columns[9]]
}

/// The ten columns of the square of normalised limbs.
#[inline(always)]
fn square_columns<W: Words>(a: &[W; 5]) -> [W; 10] {
    let mut columns = [W::splat(0); 10];
    for i in 0..5 {
        for j in i + 1..5 {
            columns[i + j] = W::madd_low(columns[i + j], a[i], a[j]);
            columns[i + j + 1] = W::madd_high(columns[i + j + 1], a[i], a[j]);
        }
    }
    for column in &mut columns {
        *column = W::add(*column, *column);
    }
    for i in 0..5 {
        columns[2 * i] = W::madd_low(columns[2 * i], a[i], a[i]);
        columns[2 * i + 1] = W::madd_high(columns[2 * i + 1], a[i], a[i]);
    }
    columns
}

/// 64-bit words to 52-bit limbs.
#[inline(always)]
fn cut<W: Words>(w: [W; 4]) -> [W; 5] {
    let mask = W::splat(LIMB_MASK);
    [
        W::and(w[0], mask),
        W::and(W::or(W::shift_right::<52>(w[0]), W::shift_left::<12>(w[1])), mask),
        W::and(W::or(W::shift_right::<40>(w[1]), W::shift_left::<24>(w[2])), mask),
        W::and(W::or(W::shift_right::<28>(w[2]), W::shift_left::<36>(w[3])), mask),
        W::shift_right::<16>(w[3]),
    ]
}

/// 64-bit words to 52-bit limbs of 16 times the value, which must be below 2^256.
#[inline(always)]
fn cut_shifted<W: Words>(w: [W; 4]) -> [W; 5] {
    let mask = W::splat(LIMB_MASK);
    [
        W::and(W::shift_left::<4>(w[0]), mask),
        W::and(W::or(W::shift_right::<48>(w[0]), W::shift_left::<16>(w[1])), mask),
        W::and(W::or(W::shift_right::<36>(w[1]), W::shift_left::<28>(w[2])), mask),
        W::and(W::or(W::shift_right::<24>(w[2]), W::shift_left::<40>(w[3])), mask),
        W::shift_right::<12>(w[3]),
    ]
}

/// Normalised 52-bit limbs to 64-bit words.
#[inline(always)]
fn join<W: Words>(l: [W; 5]) -> [W; 4] {
    [
        W::or(l[0], W::shift_left::<52>(l[1])),
        W::or(W::shift_right::<12>(l[1]), W::shift_left::<40>(l[2])),
        W::or(W::shift_right::<24>(l[2]), W::shift_left::<28>(l[3])),
        W::or(W::shift_right::<36>(l[3]), W::shift_left::<16>(l[4])),
    ]
}

#[inline(always)]
fn splat_words<W: Words>(words: &Limbs) -> [W; 4] {
    [
        W::splat(words[0].cast_signed()),
        W::splat(words[1].cast_signed()),
        W::splat(words[2].cast_signed()),
        W::splat(words[3].cast_signed()),
    ]
}
