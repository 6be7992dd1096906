//! Eight words in one register, for processors with AVX-512 IFMA.
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

use super::words::Words;
use super::Eight;
use crate::packed::Task;
use crate::Fe;

/// Whether this processor has the instructions.
#[inline]
pub(in crate::packed) fn is_available() -> bool {
    std::arch::is_x86_feature_detected!("avx512f")
        && std::arch::is_x86_feature_detected!("avx512dq")
        && std::arch::is_x86_feature_detected!("avx512ifma")
}

/// Runs a task in a function compiled for the instructions.
#[inline]
pub(in crate::packed) fn run<T: Task>(task: T) -> T::Output {
    assert!(is_available(), "the processor has no AVX-512 IFMA");
    // SAFETY: the processor has the features.
    unsafe { run_compiled(task) }
}

#[target_feature(enable = "avx512f,avx512dq,avx512ifma")]
fn run_compiled<T: Task>(task: T) -> T::Output {
    task.run::<Eight<Wide>>()
}

/// Eight words.
///
/// SAFETY (of every block below): values of this type exist only inside [`run_compiled`], so the
/// processor has the features. Accesses of memory are preceded by a check of the slice's length.
#[derive(Clone, Copy)]
pub(super) struct Wide(__m512i);

macro_rules! operation {
    ($name:ident, $intrinsic:ident, $($argument:ident),*) => {
        #[inline(always)]
        fn $name($($argument: Self),*) -> Self {
            // SAFETY: see `Wide`.
            Self(unsafe { $intrinsic($($argument.0),*) })
        }
    };
}

macro_rules! shift {
    ($name:ident, $intrinsic:ident) => {
        #[inline(always)]
        fn $name<const BITS: u32>(value: Self) -> Self {
            // SAFETY: see `Wide`.
            Self(unsafe { $intrinsic::<BITS>(value.0) })
        }
    };
}

impl Words for Wide {
    const LANES: [usize; 8] = [0, 2, 1, 3, 4, 6, 5, 7];

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
    fn splat(value: i64) -> Self {
        // SAFETY: see `Wide`.
        Self(unsafe {
            if value == 0 {
                _mm512_setzero_si512()
            } else {
                _mm512_set1_epi64(value)
            }
        })
    }

    #[inline(always)]
    fn where_negative(sign: Self, then: Self, otherwise: Self) -> Self {
        // SAFETY: see `Wide`.
        Self(unsafe { _mm512_mask_blend_epi64(_mm512_movepi64_mask(sign.0), otherwise.0, then.0) })
    }

    #[inline(always)]
    fn load_words(values: &[Fe], stride: usize) -> [Self; 4] {
        let [a, b, c, d] = load_words(values, stride);
        [Self(a), Self(b), Self(c), Self(d)]
    }

    #[inline(always)]
    fn store_words(words: [Self; 4], values: &mut [Fe], stride: usize) {
        let [a, b, c, d] = words;
        store_words([a.0, b.0, c.0, d.0], values, stride);
    }

    #[inline(always)]
    fn transpose(rows: [Self; 8]) -> [Self; 8] {
        let [a, b, c, d, e, f, g, h] = rows;
        let [a, b, c, d, e, f, g, h] = transpose_words([a.0, b.0, c.0, d.0, e.0, f.0, g.0, h.0]);
        [Self(a), Self(b), Self(c), Self(d), Self(e), Self(f), Self(g), Self(h)]
    }
}

/// Lane i of vector j becomes lane j of vector i.
#[inline(always)]
fn transpose_words(r: [__m512i; 8]) -> [__m512i; 8] {
    let mut result = r;
    // SAFETY: see `Wide`.
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

/// Word i of eight elements; they stand in the order of `LANES`.
#[inline(always)]
fn load_words(values: &[Fe], stride: usize) -> [__m512i; 4] {
    let mut pairs = [Wide::splat(0).0; 4];
    if stride == 1 {
        let start: *const Fe = values[..8].as_ptr();
        for (i, pair) in pairs.iter_mut().enumerate() {
            // SAFETY: see `Wide`; an element is four words, so a pair fills a vector.
            *pair = unsafe { _mm512_loadu_si512(start.add(2 * i).cast()) };
        }
    } else {
        for (i, pair) in pairs.iter_mut().enumerate() {
            *pair = load_pair(values, 2 * i * stride, (2 * i + 1) * stride);
        }
    }
    // SAFETY: see `Wide`.
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
    // SAFETY: see `Wide`; an element is four words, half a vector.
    unsafe {
        let low = _mm512_castsi256_si512(_mm256_loadu_si256(first.cast()));
        _mm512_inserti64x4::<1>(low, _mm256_loadu_si256(second.cast()))
    }
}

/// Undoes [`load_words`].
#[inline(always)]
fn store_words(w: [__m512i; 4], values: &mut [Fe], stride: usize) {
    // SAFETY: see `Wide`.
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
            // SAFETY: see `Wide`; an element is four words, so a pair fills a vector.
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
    // SAFETY: see `Wide`; an element is four words, half a vector.
    unsafe { _mm256_storeu_si256(target.cast(), _mm512_castsi512_si256(pair)) };
    let target: *mut Fe = &raw mut values[second];
    // SAFETY: as above.
    unsafe { _mm256_storeu_si256(target.cast(), _mm512_extracti64x4_epi64::<1>(pair)) };
}
