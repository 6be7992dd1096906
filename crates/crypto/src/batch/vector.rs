//! Vectors of 64-bit words with the few operations that Keccak needs.
//!
//! The compiler does not vectorise Keccak by itself. The operations are inlined into functions that
//! are compiled for the processor feature; nothing else may call them.

#[cfg(target_arch = "x86_64")]
use core::arch::x86_64 as arch;

/// Several 64-bit words on which one instruction works.
pub(super) trait Vector: Copy {
    /// The words of one vector.
    type Words: AsRef<[u64]> + AsMut<[u64]> + Default;
    /// The vector with these words.
    fn load(words: &Self::Words) -> Self;
    /// The words of the vector.
    fn store(self) -> Self::Words;
    /// The same word in every lane.
    fn splat(word: u64) -> Self;
    /// Exclusive or.
    fn xor(self, other: Self) -> Self;
    /// `!self & other`.
    fn not_and(self, other: Self) -> Self;
    /// Rotation to the left by a constant.
    fn rotate<const BITS: i32>(self) -> Self;
}

/// Eight words. Only for functions compiled with AVX-512.
#[cfg(target_arch = "x86_64")]
#[derive(Clone, Copy)]
pub(super) struct Words512(arch::__m512i);

/// Four words. Only for functions compiled with AVX2.
#[cfg(target_arch = "x86_64")]
#[derive(Clone, Copy)]
pub(super) struct Words256(arch::__m256i);

// SAFETY (every block below): the value of a vector type exists only in functions that are compiled
// for the feature and that are called after the processor was asked for it; arrays are as large as
// the unaligned loads and stores.
#[cfg(target_arch = "x86_64")]
impl Vector for Words512 {
    type Words = [u64; 8];

    #[inline(always)]
    fn load(words: &[u64; 8]) -> Self {
        // SAFETY: see above.
        Self(unsafe { arch::_mm512_loadu_si512(words.as_ptr().cast()) })
    }

    #[inline(always)]
    fn store(self) -> [u64; 8] {
        let mut words = [0; 8];
        // SAFETY: see above.
        unsafe { arch::_mm512_storeu_si512(words.as_mut_ptr().cast(), self.0) };
        words
    }

    #[inline(always)]
    fn splat(word: u64) -> Self {
        // SAFETY: see above.
        Self(unsafe { arch::_mm512_set1_epi64(word.cast_signed()) })
    }

    #[inline(always)]
    fn xor(self, other: Self) -> Self {
        // SAFETY: see above.
        Self(unsafe { arch::_mm512_xor_si512(self.0, other.0) })
    }

    #[inline(always)]
    fn not_and(self, other: Self) -> Self {
        // SAFETY: see above.
        Self(unsafe { arch::_mm512_andnot_si512(self.0, other.0) })
    }

    #[inline(always)]
    fn rotate<const BITS: i32>(self) -> Self {
        // SAFETY: see above.
        Self(unsafe { arch::_mm512_rol_epi64::<BITS>(self.0) })
    }
}

#[cfg(target_arch = "x86_64")]
impl Vector for Words256 {
    type Words = [u64; 4];

    #[inline(always)]
    fn load(words: &[u64; 4]) -> Self {
        // SAFETY: see above.
        Self(unsafe { arch::_mm256_loadu_si256(words.as_ptr().cast()) })
    }

    #[inline(always)]
    fn store(self) -> [u64; 4] {
        let mut words = [0; 4];
        // SAFETY: see above.
        unsafe { arch::_mm256_storeu_si256(words.as_mut_ptr().cast(), self.0) };
        words
    }

    #[inline(always)]
    fn splat(word: u64) -> Self {
        // SAFETY: see above.
        Self(unsafe { arch::_mm256_set1_epi64x(word.cast_signed()) })
    }

    #[inline(always)]
    fn xor(self, other: Self) -> Self {
        // SAFETY: see above.
        Self(unsafe { arch::_mm256_xor_si256(self.0, other.0) })
    }

    #[inline(always)]
    fn not_and(self, other: Self) -> Self {
        // SAFETY: see above.
        Self(unsafe { arch::_mm256_andnot_si256(self.0, other.0) })
    }

    #[inline(always)]
    fn rotate<const BITS: i32>(self) -> Self {
        // SAFETY: see above.
        Self(unsafe {
            let left = arch::_mm256_set1_epi64x(i64::from(BITS));
            let right = arch::_mm256_set1_epi64x(i64::from(64 - BITS));
            let (high, low) =
                (arch::_mm256_sllv_epi64(self.0, left), arch::_mm256_srlv_epi64(self.0, right));
            arch::_mm256_or_si256(high, low)
        })
    }
}
