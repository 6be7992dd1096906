//! Four doubles, for processors with AVX2 and FMA.
#![allow(unsafe_code)] // Intrinsics, and memory as vectors.

use core::arch::x86_64::{
    __m256d, __m256i, _mm256_add_epi64, _mm256_add_pd, _mm256_and_si256, _mm256_castpd_si256,
    _mm256_castsi256_pd, _mm256_cmpgt_epi64, _mm256_fmadd_pd, _mm256_fmsub_pd, _mm256_fnmadd_pd,
    _mm256_loadu_si256, _mm256_mul_pd, _mm256_or_si256, _mm256_permute2x128_si256,
    _mm256_set1_epi64x, _mm256_set1_pd, _mm256_setzero_si256, _mm256_slli_epi64, _mm256_srli_epi64,
    _mm256_storeu_si256, _mm256_sub_epi64, _mm256_sub_pd, _mm256_unpackhi_epi64,
    _mm256_unpacklo_epi64,
};

use super::lanes::{Lanes, Step};
use super::Eight;
use crate::packed::Task;
use crate::Fe;

/// Whether this processor has the instructions.
#[inline]
pub(in crate::packed) fn is_available() -> bool {
    std::arch::is_x86_feature_detected!("avx2")
        && std::arch::is_x86_feature_detected!("fma")
        && std::arch::is_x86_feature_detected!("bmi2")
}

/// Runs a task in a function compiled for the instructions.
#[inline]
pub(in crate::packed) fn run<T: Task>(task: T) -> T::Output {
    assert!(is_available(), "the processor has no AVX2 with FMA");
    // SAFETY: the processor has the features.
    unsafe { run_compiled(task) }
}

#[target_feature(enable = "avx2,fma,bmi2")]
fn run_compiled<T: Task>(task: T) -> T::Output {
    task.run::<Eight<Four, 2>>()
}

#[inline(never)]
#[target_feature(enable = "avx2,fma,bmi2")]
fn take_compiled<S: Step>(step: S) {
    step.take();
}

/// Four doubles.
///
/// SAFETY (of every block below): values of this type exist only inside [`run_compiled`], so the
/// processor has the features. Accesses of memory are preceded by a check of the slice's length.
#[derive(Clone, Copy)]
pub(super) struct Four(__m256d);

macro_rules! operation {
    ($name:ident, $intrinsic:ident) => {
        #[inline(always)]
        fn $name(self, other: Self) -> Self {
            // SAFETY: see `Four`.
            Self(unsafe { $intrinsic(self.0, other.0) })
        }
    };
}

macro_rules! operation_on_bits {
    ($name:ident, $intrinsic:ident) => {
        #[inline(always)]
        fn $name(a: __m256i, b: __m256i) -> __m256i {
            // SAFETY: see `Four`.
            unsafe { $intrinsic(a, b) }
        }
    };
}

impl Lanes for Four {
    const COUNT: usize = 4;
    type Bits = __m256i;

    operation!(add, _mm256_add_pd);
    operation!(sub, _mm256_sub_pd);
    operation!(mul, _mm256_mul_pd);
    operation_on_bits!(add_bits, _mm256_add_epi64);
    operation_on_bits!(sub_bits, _mm256_sub_epi64);
    operation_on_bits!(and, _mm256_and_si256);
    operation_on_bits!(or, _mm256_or_si256);

    #[inline(always)]
    fn splat(value: f64) -> Self {
        // SAFETY: see `Four`.
        Self(unsafe { _mm256_set1_pd(value) })
    }

    #[inline(always)]
    fn mul_add(self, factor: Self, addend: Self) -> Self {
        // SAFETY: see `Four`.
        Self(unsafe { _mm256_fmadd_pd(self.0, factor.0, addend.0) })
    }

    #[inline(always)]
    fn mul_sub(self, factor: Self, subtrahend: Self) -> Self {
        // SAFETY: see `Four`.
        Self(unsafe { _mm256_fmsub_pd(self.0, factor.0, subtrahend.0) })
    }

    #[inline(always)]
    fn mul_sub_from(self, factor: Self, minuend: Self) -> Self {
        // SAFETY: see `Four`.
        Self(unsafe { _mm256_fnmadd_pd(self.0, factor.0, minuend.0) })
    }

    #[inline(always)]
    fn bits(self) -> __m256i {
        // SAFETY: see `Four`.
        unsafe { _mm256_castpd_si256(self.0) }
    }

    #[inline(always)]
    fn from_bits(bits: __m256i) -> Self {
        // SAFETY: see `Four`.
        Self(unsafe { _mm256_castsi256_pd(bits) })
    }

    #[inline(always)]
    fn splat_bits(value: i64) -> __m256i {
        // SAFETY: see `Four`.
        unsafe { _mm256_set1_epi64x(value) }
    }

    #[inline(always)]
    fn shift_left<const BITS: i32>(a: __m256i) -> __m256i {
        // SAFETY: see `Four`.
        unsafe { _mm256_slli_epi64::<BITS>(a) }
    }

    #[inline(always)]
    fn shift_right<const BITS: i32>(a: __m256i) -> __m256i {
        // SAFETY: see `Four`.
        unsafe { _mm256_srli_epi64::<BITS>(a) }
    }

    #[inline(always)]
    fn sign_mask(a: __m256i) -> __m256i {
        // SAFETY: see `Four`.
        unsafe { _mm256_cmpgt_epi64(_mm256_setzero_si256(), a) }
    }

    #[inline(always)]
    fn load_words(values: &[Fe], stride: usize) -> [__m256i; 4] {
        let mut rows = [Self::splat_bits(0); 4];
        for (i, row) in rows.iter_mut().enumerate() {
            let element: *const Fe = &raw const values[i * stride];
            // SAFETY: see `Four`; an element is four words, a vector.
            *row = unsafe { _mm256_loadu_si256(element.cast()) };
        }
        transpose(rows)
    }

    #[inline(always)]
    fn store_words(words: [__m256i; 4], values: &mut [Fe], stride: usize) {
        for (i, row) in transpose(words).into_iter().enumerate() {
            let element: *mut Fe = &raw mut values[i * stride];
            // SAFETY: see `Four`; an element is four words, a vector.
            unsafe { _mm256_storeu_si256(element.cast(), row) };
        }
    }

    #[inline(always)]
    fn transpose(rows: &mut [Self]) {
        let bits = [rows[0].bits(), rows[1].bits(), rows[2].bits(), rows[3].bits()];
        for (row, bits) in rows.iter_mut().zip(transpose(bits)) {
            *row = Self::from_bits(bits);
        }
    }

    #[inline(always)]
    fn outlined<S: Step>(step: S) {
        // SAFETY: see `Four`.
        unsafe { take_compiled(step) };
    }

    #[inline(always)]
    fn fence() {
        // SAFETY: nothing is executed.
        unsafe { core::arch::asm!("", options(nostack, preserves_flags)) };
    }
}

/// Lane i of vector j becomes lane j of vector i.
#[inline(always)]
fn transpose(r: [__m256i; 4]) -> [__m256i; 4] {
    // SAFETY: see `Four`.
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
