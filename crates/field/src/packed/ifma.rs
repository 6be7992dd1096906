//! Eight elements in 52-bit limbs, for processors with AVX-512 IFMA.
//!
//! A vector holds limb i of eight elements. p = (1, 0, 0, 17 * 2^36, 2^43) in these limbs, so a
//! Montgomery step needs two limb products. The reduction divides by 2^260, memory holds Montgomery
//! forms for 2^256: one factor of every product is therefore shifted left by four bits, which is
//! free when limbs are cut. Limbs may be negative or exceed 52 bits between a sum and the next
//! product.
//!
//! No closure may contain an intrinsic: closures are compiled without the processor's features.
#![allow(unsafe_code)] // Intrinsics, and memory as vectors.

use core::arch::x86_64::{
    __m512i, _mm256_loadu_si256, _mm256_storeu_si256, _mm512_add_epi64, _mm512_and_si512,
    _mm512_castsi256_si512, _mm512_castsi512_si256, _mm512_extracti64x4_epi64, _mm512_inserti64x4,
    _mm512_loadu_si512, _mm512_madd52hi_epu64, _mm512_madd52lo_epu64, _mm512_mask_blend_epi64,
    _mm512_movepi64_mask, _mm512_or_si512, _mm512_permutex2var_epi64, _mm512_set1_epi64,
    _mm512_set_epi64, _mm512_setzero_si512, _mm512_shuffle_i64x2, _mm512_slli_epi64,
    _mm512_srai_epi64, _mm512_srli_epi64, _mm512_storeu_si512, _mm512_sub_epi64,
    _mm512_unpackhi_epi64, _mm512_unpacklo_epi64,
};

use super::{Bounds, Lazy, Packed, Task};
use crate::limbs::{Limbs, R};
use crate::Fe;

const LIMB_BITS: u32 = 52;
const LIMB_MASK: i64 = (1 << LIMB_BITS) - 1;
/// Limbs 3 and 4 of p; limb 0 is one, the others are zero.
const P3: i64 = 17 << 36;
const P4: i64 = 1 << 43;

/// Whether this processor has the instructions.
#[inline]
pub(super) fn is_available() -> bool {
    std::arch::is_x86_feature_detected!("avx512f")
        && std::arch::is_x86_feature_detected!("avx512dq")
        && std::arch::is_x86_feature_detected!("avx512ifma")
}

/// Runs a task in a function compiled for the instructions.
#[inline]
pub(super) fn run<T: Task>(task: T) -> T::Output {
    assert!(is_available(), "the processor has no AVX-512 IFMA");
    // SAFETY: the processor has the features.
    unsafe { run_compiled(task) }
}

#[target_feature(enable = "avx512f,avx512dq,avx512ifma")]
fn run_compiled<T: Task>(task: T) -> T::Output {
    task.run::<Eight>()
}

/// Eight elements.
///
/// SAFETY (of every block below): values of this type exist only inside [`run_compiled`], so the
/// processor has the features. Accesses of memory are preceded by a check of the slice's length.
#[derive(Clone, Copy)]
pub(super) struct Eight([__m512i; 5]);

/// Limbs of Montgomery forms, shifted left by four bits.
#[derive(Clone, Copy)]
pub(super) struct Shifted([__m512i; 5]);

impl Packed for Eight {
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

    /// Shifted, so that products of vectors need no other factor: bounds are up to 16p then.
    #[inline(always)]
    fn load(values: &[Fe]) -> Self {
        Self(cut_shifted(load_words(values, 1)))
    }

    #[inline(always)]
    fn broadcast(value: Fe) -> Self {
        Self(Self::factor(&value).0)
    }

    #[inline(always)]
    fn store(self, values: &mut [Fe]) {
        // The factor 2^256 takes the place of a shift by -4 bits.
        let unshift = cut(splat_words(&R));
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
    fn to_factor(self) -> Shifted {
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
        Self([splat(value[0]), splat(value[1]), splat(value[2]), splat(value[3]), splat(value[4])])
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
            add(sub(a[0], b[0]), splat(bound)),
            sub(a[1], b[1]),
            sub(a[2], b[2]),
            add(sub(a[3], b[3]), splat(bound * P3)),
            add(sub(a[4], b[4]), splat(bound * P4)),
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
    type Sum = [__m512i; 10];

    #[inline(always)]
    fn no_sum() -> Self::Sum {
        [splat(0); 10]
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

impl Lazy for Eight {
    const WIDTH: usize = 8;
    type Factor = Shifted;

    #[inline(always)]
    fn load_lazy(values: &[Fe], stride: usize) -> Self {
        Self(cut(load_words(values, stride))).reduce()
    }

    #[inline(always)]
    fn store_lazy(self, values: &mut [Fe], stride: usize) {
        store_words(join(normalise(self.0)), values, stride);
    }

    #[inline(always)]
    fn store_reduced(self, values: &mut [Fe], stride: usize) {
        let reduced = subtract_p_once(subtract_p_once(self.reduce().0));
        store_words(join(reduced), values, stride);
    }

    #[inline(always)]
    fn factor(value: &Fe) -> Shifted {
        Shifted(cut_shifted(splat_words(&value.0)))
    }

    #[inline(always)]
    fn factors(values: &[Fe], stride: usize) -> Shifted {
        Shifted(cut_shifted(load_words(values, stride)))
    }

    #[inline(always)]
    fn add_lazy(self, other: Self) -> Self {
        let [a, b] = [self.0, other.0];
        Self([add(a[0], b[0]), add(a[1], b[1]), add(a[2], b[2]), add(a[3], b[3]), add(a[4], b[4])])
    }

    #[inline(always)]
    fn sub_lazy<const BOUND: u8>(self, other: Self) -> Self {
        let [a, b] = [self.0, other.0];
        let mut limbs =
            [sub(a[0], b[0]), sub(a[1], b[1]), sub(a[2], b[2]), sub(a[3], b[3]), sub(a[4], b[4])];
        add_p_times(&mut limbs, splat(i64::from(BOUND)));
        Self(limbs)
    }

    #[inline(always)]
    fn mul_factor(self, factor: Shifted) -> Self {
        Self(reduce_columns(product(&carry_up(self.0), &factor.0)))
    }

    #[inline(always)]
    fn reduce(self) -> Self {
        // With q = floor(limb 4 / 2^43) the value less q * p lies above -p and, because lower limbs
        // are below 2^61, below 2^251 + 2^218; one p more makes it positive.
        let mut limbs = self.0;
        let q = shift_right_signed::<43>(limbs[4]);
        add_p_times(&mut limbs, sub(splat(1), q));
        Self(normalise(limbs))
    }

    #[inline(always)]
    fn transpose(vectors: [Self; 8]) -> [Self; 8] {
        let mut result = vectors;
        for limb in 0..5 {
            let mut rows = [splat(0); 8];
            for i in 0..8 {
                rows[i] = vectors[LANES[i]].0[limb];
            }
            let columns = transpose_words(rows);
            for i in 0..8 {
                result[LANES[i]].0[limb] = columns[i];
            }
        }
        result
    }
}

/// The element in each lane; the permutation is its own inverse.
const LANES: [usize; 8] = [0, 2, 1, 3, 4, 6, 5, 7];

/// Lane i of vector j becomes lane j of vector i.
#[inline(always)]
fn transpose_words(r: [__m512i; 8]) -> [__m512i; 8] {
    let mut result = r;
    // SAFETY: see `Eight`.
    unsafe {
        let pairs = [
            _mm512_unpacklo_epi64(r[0], r[1]),
            _mm512_unpackhi_epi64(r[0], r[1]),
            _mm512_unpacklo_epi64(r[2], r[3]),
            _mm512_unpackhi_epi64(r[2], r[3]),
            _mm512_unpacklo_epi64(r[4], r[5]),
            _mm512_unpackhi_epi64(r[4], r[5]),
            _mm512_unpacklo_epi64(r[6], r[7]),
            _mm512_unpackhi_epi64(r[6], r[7]),
        ];
        for odd in 0..2 {
            let [a, b, c, d] = [pairs[odd], pairs[2 + odd], pairs[4 + odd], pairs[6 + odd]];
            let low = _mm512_shuffle_i64x2::<0x88>(a, b);
            let high = _mm512_shuffle_i64x2::<0xdd>(a, b);
            let low_rest = _mm512_shuffle_i64x2::<0x88>(c, d);
            let high_rest = _mm512_shuffle_i64x2::<0xdd>(c, d);
            result[odd] = _mm512_shuffle_i64x2::<0x88>(low, low_rest);
            result[4 + odd] = _mm512_shuffle_i64x2::<0xdd>(low, low_rest);
            result[2 + odd] = _mm512_shuffle_i64x2::<0x88>(high, high_rest);
            result[6 + odd] = _mm512_shuffle_i64x2::<0xdd>(high, high_rest);
        }
    }
    result
}

/// Adds `times * p`, where `times` is a small number, maybe negative.
#[inline(always)]
fn add_p_times(limbs: &mut [__m512i; 5], times: __m512i) {
    let shifted = shift_left::<36>(times);
    limbs[0] = add(limbs[0], times);
    limbs[3] = add(limbs[3], add(shifted, shift_left::<4>(shifted)));
    limbs[4] = add(limbs[4], shift_left::<43>(times));
}

/// Subtracts p where the value is at least p; limbs are normalised before and after.
#[inline(always)]
fn subtract_p_once(limbs: [__m512i; 5]) -> [__m512i; 5] {
    let mut less = limbs;
    add_p_times(&mut less, splat(-1));
    let less = normalise(less);
    // SAFETY: see `Eight`.
    let is_negative = unsafe { _mm512_movepi64_mask(less[4]) };
    let mut result = less;
    for i in 0..5 {
        // SAFETY: see `Eight`.
        result[i] = unsafe { _mm512_mask_blend_epi64(is_negative, less[i], limbs[i]) };
    }
    result
}

/// Carries, so that all limbs but the last are between 0 and 2^52.
#[inline(always)]
fn normalise(mut limbs: [__m512i; 5]) -> [__m512i; 5] {
    for i in 0..4 {
        limbs[i + 1] = add(limbs[i + 1], shift_right_signed::<LIMB_BITS>(limbs[i]));
        limbs[i] = and(limbs[i], splat(LIMB_MASK));
    }
    limbs
}

/// Limbs whose low 52 bits are those of [`normalise`]: all that products look at.
#[inline(always)]
fn carry_up(mut limbs: [__m512i; 5]) -> [__m512i; 5] {
    for i in 0..4 {
        limbs[i + 1] = add(limbs[i + 1], shift_right_signed::<LIMB_BITS>(limbs[i]));
    }
    limbs
}

/// The ten columns of a product of normalised limbs; a column is below 10 * 2^52.
#[inline(always)]
fn product(a: &[__m512i; 5], b: &[__m512i; 5]) -> [__m512i; 10] {
    // Sums of low and high halves apart: their chains are half as long.
    let (mut low, mut high) = ([splat(0); 10], [splat(0); 10]);
    for i in 0..5 {
        for j in 0..5 {
            low[i + j] = madd_low(low[i + j], a[i], b[j]);
            high[i + j + 1] = madd_high(high[i + j + 1], a[i], b[j]);
        }
    }
    for k in 1..9 {
        low[k] = add(low[k], high[k]);
    }
    low[9] = high[9];
    low
}

/// Adds the columns of a product.
#[inline(always)]
fn product_onto(mut columns: [__m512i; 10], a: &[__m512i; 5], b: &[__m512i; 5]) -> [__m512i; 10] {
    for i in 0..5 {
        for j in 0..5 {
            columns[i + j] = madd_low(columns[i + j], a[i], b[j]);
            columns[i + j + 1] = madd_high(columns[i + j + 1], a[i], b[j]);
        }
    }
    columns
}

/// Divides by 2^260 modulo p. For factors below k and l times p the result is below
/// (k * l / 512 + 1) * p, because 2^260 > 511p.
#[inline(always)]
fn reduce_product(columns: [__m512i; 10]) -> [__m512i; 5] {
    normalise(reduce_columns(columns))
}

/// [`reduce_product`] without the last carries.
#[inline(always)]
fn reduce_columns(mut columns: [__m512i; 10]) -> [__m512i; 5] {
    for k in 0..5 {
        // The multiplier is the low limb of -column, and products look at the low limb only.
        let m = sub(splat(0), columns[k]);
        columns[k + 3] = madd_low(columns[k + 3], m, splat(P3));
        columns[k + 4] = madd_high(columns[k + 4], m, splat(P3));
        columns[k + 4] = madd_low(columns[k + 4], m, splat(P4));
        columns[k + 5] = madd_high(columns[k + 5], m, splat(P4));
        // The column with the multiplier added, which clears its low limb: rounded up, that is.
        let carry = shift_right::<LIMB_BITS>(add(columns[k], splat(LIMB_MASK)));
        columns[k + 1] = add(columns[k + 1], carry);
    }
    [columns[5], columns[6], columns[7], columns[8], columns[9]]
}

/// The ten columns of the square of normalised limbs.
#[inline(always)]
fn square_columns(a: &[__m512i; 5]) -> [__m512i; 10] {
    let mut columns = [splat(0); 10];
    for i in 0..5 {
        for j in i + 1..5 {
            columns[i + j] = madd_low(columns[i + j], a[i], a[j]);
            columns[i + j + 1] = madd_high(columns[i + j + 1], a[i], a[j]);
        }
    }
    for column in &mut columns {
        *column = add(*column, *column);
    }
    for i in 0..5 {
        columns[2 * i] = madd_low(columns[2 * i], a[i], a[i]);
        columns[2 * i + 1] = madd_high(columns[2 * i + 1], a[i], a[i]);
    }
    columns
}

/// 64-bit words to 52-bit limbs.
#[inline(always)]
fn cut(w: [__m512i; 4]) -> [__m512i; 5] {
    let mask = splat(LIMB_MASK);
    [
        and(w[0], mask),
        and(or(shift_right::<52>(w[0]), shift_left::<12>(w[1])), mask),
        and(or(shift_right::<40>(w[1]), shift_left::<24>(w[2])), mask),
        and(or(shift_right::<28>(w[2]), shift_left::<36>(w[3])), mask),
        shift_right::<16>(w[3]),
    ]
}

/// 64-bit words to 52-bit limbs of 16 times the value, which must be below 2^256.
#[inline(always)]
fn cut_shifted(w: [__m512i; 4]) -> [__m512i; 5] {
    let mask = splat(LIMB_MASK);
    [
        and(shift_left::<4>(w[0]), mask),
        and(or(shift_right::<48>(w[0]), shift_left::<16>(w[1])), mask),
        and(or(shift_right::<36>(w[1]), shift_left::<28>(w[2])), mask),
        and(or(shift_right::<24>(w[2]), shift_left::<40>(w[3])), mask),
        shift_right::<12>(w[3]),
    ]
}

/// Normalised 52-bit limbs to 64-bit words.
#[inline(always)]
fn join(l: [__m512i; 5]) -> [__m512i; 4] {
    [
        or(l[0], shift_left::<52>(l[1])),
        or(shift_right::<12>(l[1]), shift_left::<40>(l[2])),
        or(shift_right::<24>(l[2]), shift_left::<28>(l[3])),
        or(shift_right::<36>(l[3]), shift_left::<16>(l[4])),
    ]
}

/// Word i of eight elements; they stand in the order of [`LANES`].
#[inline(always)]
fn load_words(values: &[Fe], stride: usize) -> [__m512i; 4] {
    let mut pairs = [splat(0); 4];
    if stride == 1 {
        let start: *const Fe = values[..8].as_ptr();
        for (i, pair) in pairs.iter_mut().enumerate() {
            // SAFETY: see `Eight`; an element is four words, so a pair fills a vector.
            *pair = unsafe { _mm512_loadu_si512(start.add(2 * i).cast()) };
        }
    } else {
        for (i, pair) in pairs.iter_mut().enumerate() {
            *pair = load_pair(values, 2 * i * stride, (2 * i + 1) * stride);
        }
    }
    // SAFETY: see `Eight`.
    unsafe {
        let low = _mm512_unpacklo_epi64(pairs[0], pairs[1]);
        let high = _mm512_unpackhi_epi64(pairs[0], pairs[1]);
        let low_rest = _mm512_unpacklo_epi64(pairs[2], pairs[3]);
        let high_rest = _mm512_unpackhi_epi64(pairs[2], pairs[3]);
        [
            _mm512_shuffle_i64x2::<0x88>(low, low_rest),
            _mm512_shuffle_i64x2::<0x88>(high, high_rest),
            _mm512_shuffle_i64x2::<0xdd>(low, low_rest),
            _mm512_shuffle_i64x2::<0xdd>(high, high_rest),
        ]
    }
}

#[inline(always)]
fn load_pair(values: &[Fe], first: usize, second: usize) -> __m512i {
    let (first, second): (*const Fe, *const Fe) =
        (&raw const values[first], &raw const values[second]);
    // SAFETY: see `Eight`; an element is four words, half a vector.
    unsafe {
        let low = _mm512_castsi256_si512(_mm256_loadu_si256(first.cast()));
        _mm512_inserti64x4::<1>(low, _mm256_loadu_si256(second.cast()))
    }
}

/// Undoes [`load_words`].
#[inline(always)]
fn store_words(w: [__m512i; 4], values: &mut [Fe], stride: usize) {
    // SAFETY: see `Eight`.
    let pairs = unsafe {
        let front = _mm512_set_epi64(11, 10, 3, 2, 9, 8, 1, 0);
        let back = _mm512_set_epi64(15, 14, 7, 6, 13, 12, 5, 4);
        let low = _mm512_permutex2var_epi64(w[0], front, w[2]);
        let high = _mm512_permutex2var_epi64(w[1], front, w[3]);
        let low_rest = _mm512_permutex2var_epi64(w[0], back, w[2]);
        let high_rest = _mm512_permutex2var_epi64(w[1], back, w[3]);
        [
            _mm512_unpacklo_epi64(low, high),
            _mm512_unpackhi_epi64(low, high),
            _mm512_unpacklo_epi64(low_rest, high_rest),
            _mm512_unpackhi_epi64(low_rest, high_rest),
        ]
    };
    if stride == 1 {
        let start: *mut Fe = values[..8].as_mut_ptr();
        for (i, pair) in pairs.into_iter().enumerate() {
            // SAFETY: see `Eight`; an element is four words, so a pair fills a vector.
            unsafe { _mm512_storeu_si512(start.add(2 * i).cast(), pair) };
        }
        return;
    }
    for (i, pair) in pairs.into_iter().enumerate() {
        store_pair(pair, values, 2 * i * stride, (2 * i + 1) * stride);
    }
}

#[inline(always)]
fn store_pair(pair: __m512i, values: &mut [Fe], first: usize, second: usize) {
    let target: *mut Fe = &raw mut values[first];
    // SAFETY: see `Eight`; an element is four words, half a vector.
    unsafe { _mm256_storeu_si256(target.cast(), _mm512_castsi512_si256(pair)) };
    let target: *mut Fe = &raw mut values[second];
    // SAFETY: as above.
    unsafe { _mm256_storeu_si256(target.cast(), _mm512_extracti64x4_epi64::<1>(pair)) };
}

macro_rules! operation {
    ($name:ident, $intrinsic:ident, $($argument:ident),*) => {
        #[inline(always)]
        fn $name($($argument: __m512i),*) -> __m512i {
            // SAFETY: see `Eight`.
            unsafe { $intrinsic($($argument),*) }
        }
    };
}

macro_rules! shift {
    ($name:ident, $intrinsic:ident) => {
        #[inline(always)]
        fn $name<const BITS: u32>(value: __m512i) -> __m512i {
            // SAFETY: see `Eight`.
            unsafe { $intrinsic::<BITS>(value) }
        }
    };
}

operation!(add, _mm512_add_epi64, a, b);
operation!(sub, _mm512_sub_epi64, a, b);
operation!(and, _mm512_and_si512, a, b);
operation!(or, _mm512_or_si512, a, b);
operation!(madd_low, _mm512_madd52lo_epu64, sum, a, b);
operation!(madd_high, _mm512_madd52hi_epu64, sum, a, b);
shift!(shift_left, _mm512_slli_epi64);
shift!(shift_right, _mm512_srli_epi64);
shift!(shift_right_signed, _mm512_srai_epi64);

#[inline(always)]
fn splat_words(words: &Limbs) -> [__m512i; 4] {
    [
        splat(words[0].cast_signed()),
        splat(words[1].cast_signed()),
        splat(words[2].cast_signed()),
        splat(words[3].cast_signed()),
    ]
}

#[inline(always)]
fn splat(value: i64) -> __m512i {
    // SAFETY: see `Eight`.
    unsafe {
        if value == 0 {
            _mm512_setzero_si512()
        } else {
            _mm512_set1_epi64(value)
        }
    }
}
