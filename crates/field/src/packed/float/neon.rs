//! Two doubles, for processors with NEON: all with 64 bits have it.
#![allow(unsafe_code)] // Intrinsics, and memory as vectors.

use core::arch::aarch64::{
    float64x2_t, uint64x2_t, vaddq_f64, vaddq_u64, vandq_u64, vcltzq_s64, vdupq_n_f64, vdupq_n_u64,
    vfmaq_f64, vfmsq_f64, vld1q_u64, vmulq_f64, vnegq_f64, vorrq_u64, vreinterpretq_f64_u64,
    vreinterpretq_s64_u64, vreinterpretq_u64_f64, vshlq_n_u64, vshrq_n_u64, vst1q_u64, vsubq_f64,
    vsubq_u64, vtrn1q_u64, vtrn2q_u64,
};

use super::lanes::{Lanes, Step};
use super::Eight;
use crate::packed::Task;
use crate::Fe;

/// Runs a task with these vectors.
#[inline]
pub(in crate::packed) fn run<T: Task>(task: T) -> T::Output {
    task.run::<Eight<Two, 4>>()
}

#[inline(never)]
fn take_apart<S: Step>(step: S) {
    step.take();
}

/// Two doubles.
///
/// SAFETY (of every block below): NEON is part of the target. Accesses of memory are preceded by a
/// check of the slice's length.
#[derive(Clone, Copy)]
pub(super) struct Two(float64x2_t);

macro_rules! operation {
    ($name:ident, $intrinsic:ident) => {
        #[inline(always)]
        fn $name(self, other: Self) -> Self {
            // SAFETY: see `Two`.
            Self(unsafe { $intrinsic(self.0, other.0) })
        }
    };
}

macro_rules! operation_on_bits {
    ($name:ident, $intrinsic:ident) => {
        #[inline(always)]
        fn $name(a: uint64x2_t, b: uint64x2_t) -> uint64x2_t {
            // SAFETY: see `Two`.
            unsafe { $intrinsic(a, b) }
        }
    };
}

impl Lanes for Two {
    const COUNT: usize = 2;
    type Bits = uint64x2_t;

    operation!(add, vaddq_f64);
    operation!(sub, vsubq_f64);
    operation!(mul, vmulq_f64);
    operation_on_bits!(add_bits, vaddq_u64);
    operation_on_bits!(sub_bits, vsubq_u64);
    operation_on_bits!(and, vandq_u64);
    operation_on_bits!(or, vorrq_u64);

    #[inline(always)]
    fn splat(value: f64) -> Self {
        // SAFETY: see `Two`.
        Self(unsafe { vdupq_n_f64(value) })
    }

    #[inline(always)]
    fn mul_add(self, factor: Self, addend: Self) -> Self {
        // SAFETY: see `Two`.
        Self(unsafe { vfmaq_f64(addend.0, self.0, factor.0) })
    }

    #[inline(always)]
    fn mul_sub(self, factor: Self, subtrahend: Self) -> Self {
        // SAFETY: see `Two`.
        Self(unsafe { vfmaq_f64(vnegq_f64(subtrahend.0), self.0, factor.0) })
    }

    #[inline(always)]
    fn mul_sub_from(self, factor: Self, minuend: Self) -> Self {
        // SAFETY: see `Two`.
        Self(unsafe { vfmsq_f64(minuend.0, self.0, factor.0) })
    }

    #[inline(always)]
    fn bits(self) -> uint64x2_t {
        // SAFETY: see `Two`.
        unsafe { vreinterpretq_u64_f64(self.0) }
    }

    #[inline(always)]
    fn from_bits(bits: uint64x2_t) -> Self {
        // SAFETY: see `Two`.
        Self(unsafe { vreinterpretq_f64_u64(bits) })
    }

    #[inline(always)]
    fn splat_bits(value: i64) -> uint64x2_t {
        // SAFETY: see `Two`.
        unsafe { vdupq_n_u64(value.cast_unsigned()) }
    }

    #[inline(always)]
    fn shift_left<const BITS: i32>(a: uint64x2_t) -> uint64x2_t {
        // SAFETY: see `Two`.
        unsafe { vshlq_n_u64::<BITS>(a) }
    }

    #[inline(always)]
    fn shift_right<const BITS: i32>(a: uint64x2_t) -> uint64x2_t {
        // SAFETY: see `Two`.
        unsafe { vshrq_n_u64::<BITS>(a) }
    }

    #[inline(always)]
    fn sign_mask(a: uint64x2_t) -> uint64x2_t {
        // SAFETY: see `Two`.
        unsafe { vcltzq_s64(vreinterpretq_s64_u64(a)) }
    }

    #[inline(always)]
    fn load_words(values: &[Fe], stride: usize) -> [uint64x2_t; 4] {
        let (first, second) = (&values[0].0, &values[stride].0);
        // SAFETY: see `Two`; an element is four words, two vectors.
        unsafe {
            let (a, b) = (vld1q_u64(first.as_ptr()), vld1q_u64(second.as_ptr()));
            let (c, d) = (vld1q_u64(first[2..].as_ptr()), vld1q_u64(second[2..].as_ptr()));
            [vtrn1q_u64(a, b), vtrn2q_u64(a, b), vtrn1q_u64(c, d), vtrn2q_u64(c, d)]
        }
    }

    #[inline(always)]
    fn store_words(words: [uint64x2_t; 4], values: &mut [Fe], stride: usize) {
        let [a, b, c, d] = words;
        // SAFETY: see `Two`; an element is four words, two vectors.
        unsafe {
            let first = &mut values[0].0;
            vst1q_u64(first.as_mut_ptr(), vtrn1q_u64(a, b));
            vst1q_u64(first[2..].as_mut_ptr(), vtrn1q_u64(c, d));
            let second = &mut values[stride].0;
            vst1q_u64(second.as_mut_ptr(), vtrn2q_u64(a, b));
            vst1q_u64(second[2..].as_mut_ptr(), vtrn2q_u64(c, d));
        }
    }

    #[inline(always)]
    fn transpose(rows: &mut [Self]) {
        let (a, b) = (rows[0].bits(), rows[1].bits());
        // SAFETY: see `Two`.
        let (low, high) = unsafe { (vtrn1q_u64(a, b), vtrn2q_u64(a, b)) };
        (rows[0], rows[1]) = (Self::from_bits(low), Self::from_bits(high));
    }

    #[inline(always)]
    fn outlined<S: Step>(step: S) {
        take_apart(step);
    }

    #[inline(always)]
    fn fence() {
        // SAFETY: nothing is executed.
        unsafe { core::arch::asm!("", options(nostack, preserves_flags)) };
    }
}
