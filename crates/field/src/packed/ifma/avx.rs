//! Eight words in two registers, for processors with AVX-IFMA.
#![allow(unsafe_code)] // Intrinsics, and memory as vectors.

use core::arch::x86_64::{
    __m256d, __m256i, _mm256_add_epi64, _mm256_and_si256, _mm256_blendv_pd, _mm256_castpd_si256,
    _mm256_castsi256_pd, _mm256_loadu_si256, _mm256_madd52hi_avx_epu64, _mm256_madd52lo_avx_epu64,
    _mm256_or_si256, _mm256_permute2x128_si256, _mm256_set1_epi64x, _mm256_sll_epi64,
    _mm256_srl_epi64, _mm256_storeu_si256, _mm256_sub_epi64, _mm256_unpackhi_epi64,
    _mm256_unpacklo_epi64, _mm256_xor_si256, _mm_cvtsi32_si128,
};
use core::marker::PhantomData;

use super::words::Words;
use super::Eight;
use crate::packed::Task;
use crate::Fe;

/// Whether this processor has the instructions.
#[inline]
pub(in crate::packed) fn is_available() -> bool {
    std::arch::is_x86_feature_detected!("avx2") && std::arch::is_x86_feature_detected!("avxifma")
}

/// Runs a task in a function compiled for the instructions.
#[inline]
pub(in crate::packed) fn run<T: Task>(task: T) -> T::Output {
    assert!(is_available(), "the processor has no AVX-IFMA");
    // SAFETY: the processor has the features.
    unsafe { run_compiled(task) }
}

#[target_feature(enable = "avx2,avxifma")]
fn run_compiled<T: Task>(task: T) -> T::Output {
    task.run::<Eight<Halves<Vex>>>()
}

/// The two encodings of the multiplication.
pub(super) trait Multiply: Copy {
    fn madd_low(sum: __m256i, a: __m256i, b: __m256i) -> __m256i;
    fn madd_high(sum: __m256i, a: __m256i, b: __m256i) -> __m256i;
}

/// That of AVX-IFMA.
#[derive(Clone, Copy)]
pub(super) struct Vex;

impl Multiply for Vex {
    #[inline(always)]
    fn madd_low(sum: __m256i, a: __m256i, b: __m256i) -> __m256i {
        // SAFETY: see `Halves`.
        unsafe { _mm256_madd52lo_avx_epu64(sum, a, b) }
    }

    #[inline(always)]
    fn madd_high(sum: __m256i, a: __m256i, b: __m256i) -> __m256i {
        // SAFETY: see `Halves`.
        unsafe { _mm256_madd52hi_avx_epu64(sum, a, b) }
    }
}

/// Four words, and four more.
///
/// SAFETY (of every block of this file): values of this type exist only inside functions that are
/// compiled for AVX2 and the multiplication and that are called after the processor was asked for
/// them. Accesses of memory are preceded by a check of the slice's length.
#[derive(Clone, Copy)]
pub(super) struct Halves<M>([__m256i; 2], PhantomData<M>);

impl<M> Halves<M> {
    #[inline(always)]
    fn new(low: __m256i, high: __m256i) -> Self {
        Self([low, high], PhantomData)
    }
}

macro_rules! operation {
    ($name:ident, $function:expr, $($argument:ident),*) => {
        #[inline(always)]
        fn $name($($argument: Self),*) -> Self {
            // SAFETY: see `Halves`.
            unsafe { Self::new($function($($argument.0[0]),*), $function($($argument.0[1]),*)) }
        }
    };
}

macro_rules! shift {
    ($name:ident, $intrinsic:ident) => {
        #[inline(always)]
        fn $name<const BITS: u32>(value: Self) -> Self {
            // SAFETY: see `Halves`.
            unsafe {
                let bits = _mm_cvtsi32_si128(BITS.cast_signed());
                Self::new($intrinsic(value.0[0], bits), $intrinsic(value.0[1], bits))
            }
        }
    };
}

impl<M: Multiply> Words for Halves<M> {
    const LANES: [usize; 8] = [0, 1, 2, 3, 4, 5, 6, 7];

    operation!(add, _mm256_add_epi64, a, b);
    operation!(sub, _mm256_sub_epi64, a, b);
    operation!(and, _mm256_and_si256, a, b);
    operation!(or, _mm256_or_si256, a, b);
    shift!(shift_left, _mm256_sll_epi64);
    shift!(shift_right, _mm256_srl_epi64);

    #[inline(always)]
    fn madd_low(sum: Self, a: Self, b: Self) -> Self {
        Self::new(M::madd_low(sum.0[0], a.0[0], b.0[0]), M::madd_low(sum.0[1], a.0[1], b.0[1]))
    }

    #[inline(always)]
    fn madd_high(sum: Self, a: Self, b: Self) -> Self {
        Self::new(M::madd_high(sum.0[0], a.0[0], b.0[0]), M::madd_high(sum.0[1], a.0[1], b.0[1]))
    }

    #[inline(always)]
    fn shift_right_signed<const BITS: u32>(value: Self) -> Self {
        let sign = Self::splat(1 << (63 - BITS));
        let shifted = Self::shift_right::<BITS>(value);
        // SAFETY: see `Halves`.
        let flipped = unsafe {
            Self::new(
                _mm256_xor_si256(shifted.0[0], sign.0[0]),
                _mm256_xor_si256(shifted.0[1], sign.0[1]),
            )
        };
        Self::sub(flipped, sign)
    }

    #[inline(always)]
    fn splat(value: i64) -> Self {
        // SAFETY: see `Halves`.
        let half = unsafe { _mm256_set1_epi64x(value) };
        Self::new(half, half)
    }

    #[inline(always)]
    fn where_negative(sign: Self, then: Self, otherwise: Self) -> Self {
        let [low, high] = [0, 1];
        Self::new(
            blend(sign.0[low], then.0[low], otherwise.0[low]),
            blend(sign.0[high], then.0[high], otherwise.0[high]),
        )
    }

    #[inline(always)]
    fn load_words(values: &[Fe], stride: usize) -> [Self; 4] {
        let low = load_four(values, stride);
        let high = load_four(&values[4 * stride..], stride);
        [
            Self::new(low[0], high[0]),
            Self::new(low[1], high[1]),
            Self::new(low[2], high[2]),
            Self::new(low[3], high[3]),
        ]
    }

    #[inline(always)]
    fn store_words(words: [Self; 4], values: &mut [Fe], stride: usize) {
        for half in 0..2 {
            let words = [words[0].0[half], words[1].0[half], words[2].0[half], words[3].0[half]];
            for (i, row) in transpose4(words).into_iter().enumerate() {
                let element: *mut Fe = &raw mut values[(4 * half + i) * stride];
                // SAFETY: see `Halves`; an element is four words, a register.
                unsafe { _mm256_storeu_si256(element.cast(), row) };
            }
        }
    }

    #[inline(always)]
    fn transpose(rows: [Self; 8]) -> [Self; 8] {
        let mut result = rows;
        for row in 0..2 {
            for column in 0..2 {
                let block = [
                    rows[4 * row].0[column],
                    rows[4 * row + 1].0[column],
                    rows[4 * row + 2].0[column],
                    rows[4 * row + 3].0[column],
                ];
                for (i, block) in transpose4(block).into_iter().enumerate() {
                    result[4 * column + i].0[row] = block;
                }
            }
        }
        result
    }
}

/// `then` where `sign` is negative, else `otherwise`.
#[inline(always)]
fn blend(sign: __m256i, then: __m256i, otherwise: __m256i) -> __m256i {
    // SAFETY: see `Halves`.
    unsafe {
        let [sign, then, otherwise]: [__m256d; 3] =
            [_mm256_castsi256_pd(sign), _mm256_castsi256_pd(then), _mm256_castsi256_pd(otherwise)];
        _mm256_castpd_si256(_mm256_blendv_pd(otherwise, then, sign))
    }
}

/// Word i of four elements.
#[inline(always)]
fn load_four(values: &[Fe], stride: usize) -> [__m256i; 4] {
    let rows: [*const Fe; 4] = [
        &raw const values[0],
        &raw const values[stride],
        &raw const values[2 * stride],
        &raw const values[3 * stride],
    ];
    // SAFETY: see `Halves`; an element is four words, a register.
    let rows = unsafe {
        [
            _mm256_loadu_si256(rows[0].cast()),
            _mm256_loadu_si256(rows[1].cast()),
            _mm256_loadu_si256(rows[2].cast()),
            _mm256_loadu_si256(rows[3].cast()),
        ]
    };
    transpose4(rows)
}

/// Word i of register j becomes word j of register i.
#[inline(always)]
fn transpose4(r: [__m256i; 4]) -> [__m256i; 4] {
    // SAFETY: see `Halves`.
    unsafe {
        let low = _mm256_unpacklo_epi64(r[0], r[1]);
        let high = _mm256_unpackhi_epi64(r[0], r[1]);
        let low_rest = _mm256_unpacklo_epi64(r[2], r[3]);
        let high_rest = _mm256_unpackhi_epi64(r[2], r[3]);
        [
            _mm256_permute2x128_si256::<0x20>(low, low_rest),
            _mm256_permute2x128_si256::<0x20>(high, high_rest),
            _mm256_permute2x128_si256::<0x31>(low, low_rest),
            _mm256_permute2x128_si256::<0x31>(high, high_rest),
        ]
    }
}

/// The same code with the encoding of AVX-512 VL, which more processors have.
#[cfg(test)]
pub(in crate::packed) mod evex {
    use core::arch::x86_64::{__m256i, _mm256_madd52hi_epu64, _mm256_madd52lo_epu64};

    use super::super::Eight;
    use super::{Halves, Multiply};
    use crate::packed::Task;

    pub(in crate::packed) fn is_available() -> bool {
        std::arch::is_x86_feature_detected!("avx512vl")
            && std::arch::is_x86_feature_detected!("avx512ifma")
    }

    pub(in crate::packed) fn run<T: Task>(task: T) -> T::Output {
        assert!(is_available(), "the processor has no AVX-512 VL with IFMA");
        // SAFETY: the processor has the features.
        unsafe { run_compiled(task) }
    }

    #[target_feature(enable = "avx2,avx512f,avx512vl,avx512ifma")]
    fn run_compiled<T: Task>(task: T) -> T::Output {
        task.run::<Eight<Halves<Evex>>>()
    }

    #[derive(Clone, Copy)]
    struct Evex;

    impl Multiply for Evex {
        #[inline(always)]
        fn madd_low(sum: __m256i, a: __m256i, b: __m256i) -> __m256i {
            // SAFETY: see `Halves`.
            unsafe { _mm256_madd52lo_epu64(sum, a, b) }
        }

        #[inline(always)]
        fn madd_high(sum: __m256i, a: __m256i, b: __m256i) -> __m256i {
            // SAFETY: see `Halves`.
            unsafe { _mm256_madd52hi_epu64(sum, a, b) }
        }
    }
}
