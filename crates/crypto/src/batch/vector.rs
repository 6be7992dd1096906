//! Vectors of words with the few operations that Keccak and Blake2s need.
//!
//! The compiler does not vectorise these functions well by itself. The operations are inlined into
//! functions that are compiled for the processor feature; nothing else may call them, and closures
//! do not.

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
    /// Exclusive or of three.
    fn xor3(self, b: Self, c: Self) -> Self;
    /// `self ^ (!b & c)`.
    fn xor_not_and(self, b: Self, c: Self) -> Self;
    /// Rotation to the left by a constant.
    fn rotate<const BITS: i32>(self) -> Self;
    /// Words 0 to 7 of the messages of all lanes; each message begins `stride` bytes after the last
    /// and ends after its eighth word or later.
    fn load_words(messages: &[u8], stride: usize) -> [Self; 8];
}

/// Several 32-bit words on which one instruction works.
pub(super) trait Vector32: Copy {
    /// The words of one vector.
    type Words: AsRef<[u32]> + AsMut<[u32]> + Default;
    /// The number of words.
    const LANES: usize;
    /// The words of the vector.
    fn store(self) -> Self::Words;
    /// The same word in every lane.
    fn splat(word: u32) -> Self;
    /// The sums modulo 2^32.
    fn add(self, other: Self) -> Self;
    /// Exclusive or.
    fn xor(self, other: Self) -> Self;
    /// Rotation to the right by a constant.
    fn rotate_right<const BITS: i32>(self) -> Self;
    /// Words 0 to 15 of the messages of all lanes, as [`Vector::load_words`].
    fn load_words(messages: &[u8], stride: usize) -> [Self; 16];
}

/// Eight words. Only for functions compiled with AVX-512.
#[derive(Clone, Copy)]
pub(super) struct Words512(arch::__m512i);

/// Sixteen words. Only for functions compiled with AVX-512.
#[derive(Clone, Copy)]
pub(super) struct Halves512(arch::__m512i);

/// Eight words. Only for functions compiled with AVX2.
#[derive(Clone, Copy)]
pub(super) struct Halves256(arch::__m256i);

/// Four words. Only for functions compiled with AVX2.
#[derive(Clone, Copy)]
pub(super) struct Words256(arch::__m256i);

// SAFETY (every block below): the value of a vector type exists only in functions that are compiled
// for the feature and that are called after the processor was asked for it; arrays are as large as
// the unaligned loads and stores.
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
    fn xor3(self, b: Self, c: Self) -> Self {
        // SAFETY: see above.
        Self(unsafe { arch::_mm512_ternarylogic_epi64::<0x96>(self.0, b.0, c.0) })
    }

    #[inline(always)]
    fn xor_not_and(self, b: Self, c: Self) -> Self {
        // Bit 4a + 2b + c of the table is a ^ (!b & c).
        // SAFETY: see above.
        Self(unsafe { arch::_mm512_ternarylogic_epi64::<0xd2>(self.0, b.0, c.0) })
    }

    #[inline(always)]
    fn rotate<const BITS: i32>(self) -> Self {
        // SAFETY: see above.
        Self(unsafe { arch::_mm512_rol_epi64::<BITS>(self.0) })
    }

    #[inline(always)]
    fn load_words(messages: &[u8], stride: usize) -> [Self; 8] {
        let mut rows = [Self::splat(0).0; 8];
        for (lane, row) in rows.iter_mut().enumerate() {
            let start = messages[lane * stride..][..64].as_ptr();
            // SAFETY: see above; the slice has 64 bytes.
            *row = unsafe { arch::_mm512_loadu_si512(start.cast()) };
        }
        let w = transpose(rows);
        [
            Self(w[0]),
            Self(w[1]),
            Self(w[2]),
            Self(w[3]),
            Self(w[4]),
            Self(w[5]),
            Self(w[6]),
            Self(w[7]),
        ]
    }
}

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
    fn xor3(self, b: Self, c: Self) -> Self {
        self.xor(b).xor(c)
    }

    #[inline(always)]
    fn xor_not_and(self, b: Self, c: Self) -> Self {
        // SAFETY: see above.
        self.xor(Self(unsafe { arch::_mm256_andnot_si256(b.0, c.0) }))
    }

    #[inline(always)]
    fn rotate<const BITS: i32>(self) -> Self {
        // SAFETY: see above.
        Self(unsafe {
            // Whole bytes move in one instruction.
            if BITS % 8 == 0 {
                let from = (BYTES.rotate_left(BITS.cast_unsigned())).cast_signed();
                let from_high = from + EIGHT_BYTES_ON;
                let from = arch::_mm256_set_epi64x(from_high, from, from_high, from);
                arch::_mm256_shuffle_epi8(self.0, from)
            } else {
                let left = arch::_mm256_set1_epi64x(i64::from(BITS));
                let right = arch::_mm256_set1_epi64x(i64::from(64 - BITS));
                let high = arch::_mm256_sllv_epi64(self.0, left);
                arch::_mm256_or_si256(high, arch::_mm256_srlv_epi64(self.0, right))
            }
        })
    }

    #[inline(always)]
    fn load_words(messages: &[u8], stride: usize) -> [Self; 8] {
        let mut words = [Self::splat(0); 8];
        for half in 0..2 {
            let mut rows = [Self::splat(0).0; 4];
            for (lane, row) in rows.iter_mut().enumerate() {
                let start = messages[lane * stride + 32 * half..][..32].as_ptr();
                // SAFETY: see above; the slice has 32 bytes.
                *row = unsafe { arch::_mm256_loadu_si256(start.cast()) };
            }
            for (word, row) in words[4 * half..].iter_mut().zip(transpose4(rows)) {
                *word = Self(row);
            }
        }
        words
    }
}

/// The numbers of the bytes of a word, and the step to those of the word above.
const BYTES: u64 = 0x0706_0504_0302_0100;
const EIGHT_BYTES_ON: i64 = 0x0808_0808_0808_0808;

/// Word i of every row becomes row i.
#[inline(always)]
fn transpose4(r: [arch::__m256i; 4]) -> [arch::__m256i; 4] {
    // SAFETY: see above.
    unsafe {
        let low = arch::_mm256_unpacklo_epi64(r[0], r[1]);
        let high = arch::_mm256_unpackhi_epi64(r[0], r[1]);
        let low_rest = arch::_mm256_unpacklo_epi64(r[2], r[3]);
        let high_rest = arch::_mm256_unpackhi_epi64(r[2], r[3]);
        [
            arch::_mm256_permute2x128_si256::<0x20>(low, low_rest),
            arch::_mm256_permute2x128_si256::<0x20>(high, high_rest),
            arch::_mm256_permute2x128_si256::<0x31>(low, low_rest),
            arch::_mm256_permute2x128_si256::<0x31>(high, high_rest),
        ]
    }
}

impl Vector32 for Halves512 {
    type Words = [u32; 16];
    const LANES: usize = 16;

    #[inline(always)]
    fn store(self) -> [u32; 16] {
        let mut words = [0; 16];
        // SAFETY: see above.
        unsafe { arch::_mm512_storeu_si512(words.as_mut_ptr().cast(), self.0) };
        words
    }

    #[inline(always)]
    fn splat(word: u32) -> Self {
        // SAFETY: see above.
        Self(unsafe { arch::_mm512_set1_epi32(word.cast_signed()) })
    }

    #[inline(always)]
    fn add(self, other: Self) -> Self {
        // SAFETY: see above.
        Self(unsafe { arch::_mm512_add_epi32(self.0, other.0) })
    }

    #[inline(always)]
    fn xor(self, other: Self) -> Self {
        // SAFETY: see above.
        Self(unsafe { arch::_mm512_xor_si512(self.0, other.0) })
    }

    #[inline(always)]
    fn rotate_right<const BITS: i32>(self) -> Self {
        // SAFETY: see above.
        Self(unsafe { arch::_mm512_ror_epi32::<BITS>(self.0) })
    }

    #[inline(always)]
    fn load_words(messages: &[u8], stride: usize) -> [Self; 16] {
        // Pairs of words are transposed first, then the words of pairs of lanes are parted.
        let front = Words512::load_words(messages, stride);
        let back = Words512::load_words(&messages[8 * stride..], stride);
        let mut words = [Self::splat(0); 16];
        for pair in 0..8 {
            let (front, back) = (front[pair].0, back[pair].0);
            // SAFETY: see above.
            unsafe {
                let even = arch::_mm512_set_epi32(
                    30, 28, 26, 24, 22, 20, 18, 16, 14, 12, 10, 8, 6, 4, 2, 0,
                );
                let odd = arch::_mm512_set_epi32(
                    31, 29, 27, 25, 23, 21, 19, 17, 15, 13, 11, 9, 7, 5, 3, 1,
                );
                words[2 * pair] = Self(arch::_mm512_permutex2var_epi32(front, even, back));
                words[2 * pair + 1] = Self(arch::_mm512_permutex2var_epi32(front, odd, back));
            }
        }
        words
    }
}

impl Vector32 for Halves256 {
    type Words = [u32; 8];
    const LANES: usize = 8;

    #[inline(always)]
    fn store(self) -> [u32; 8] {
        let mut words = [0; 8];
        // SAFETY: see above.
        unsafe { arch::_mm256_storeu_si256(words.as_mut_ptr().cast(), self.0) };
        words
    }

    #[inline(always)]
    fn splat(word: u32) -> Self {
        // SAFETY: see above.
        Self(unsafe { arch::_mm256_set1_epi32(word.cast_signed()) })
    }

    #[inline(always)]
    fn add(self, other: Self) -> Self {
        // SAFETY: see above.
        Self(unsafe { arch::_mm256_add_epi32(self.0, other.0) })
    }

    #[inline(always)]
    fn xor(self, other: Self) -> Self {
        // SAFETY: see above.
        Self(unsafe { arch::_mm256_xor_si256(self.0, other.0) })
    }

    #[inline(always)]
    fn rotate_right<const BITS: i32>(self) -> Self {
        // SAFETY: see above.
        Self(unsafe {
            let right = arch::_mm256_set1_epi32(BITS);
            let left = arch::_mm256_set1_epi32(32 - BITS);
            let (low, high) =
                (arch::_mm256_srlv_epi32(self.0, right), arch::_mm256_sllv_epi32(self.0, left));
            arch::_mm256_or_si256(low, high)
        })
    }

    #[inline(always)]
    fn load_words(messages: &[u8], stride: usize) -> [Self; 16] {
        let mut words = [[0u32; 8]; 16];
        for lane in 0..8 {
            let (chunks, _) = messages[lane * stride..][..64].as_chunks::<4>();
            for (word, chunk) in words.iter_mut().zip(chunks) {
                word[lane] = u32::from_le_bytes(*chunk);
            }
        }
        // SAFETY: see above; the arrays have 32 bytes.
        words.map(|words| Self(unsafe { arch::_mm256_loadu_si256(words.as_ptr().cast()) }))
    }
}

/// Word i of every row becomes row i.
#[inline(always)]
fn transpose(r: [arch::__m512i; 8]) -> [arch::__m512i; 8] {
    // SAFETY: see above.
    unsafe {
        // Words 2k and 2k + 1 of rows 2i and 2i + 1 ...
        let pairs = [
            arch::_mm512_unpacklo_epi64(r[0], r[1]),
            arch::_mm512_unpackhi_epi64(r[0], r[1]),
            arch::_mm512_unpacklo_epi64(r[2], r[3]),
            arch::_mm512_unpackhi_epi64(r[2], r[3]),
            arch::_mm512_unpacklo_epi64(r[4], r[5]),
            arch::_mm512_unpackhi_epi64(r[4], r[5]),
            arch::_mm512_unpacklo_epi64(r[6], r[7]),
            arch::_mm512_unpackhi_epi64(r[6], r[7]),
        ];
        // ... then quarters 0 and 2 (1 and 3) of two pairs, and the same again.
        let mut result = pairs;
        for odd in 0..2 {
            let [a, b, c, d] = [pairs[odd], pairs[2 + odd], pairs[4 + odd], pairs[6 + odd]];
            let (low, high) = (
                arch::_mm512_shuffle_i64x2::<0x88>(a, b),
                arch::_mm512_shuffle_i64x2::<0xdd>(a, b),
            );
            let (low_rest, high_rest) = (
                arch::_mm512_shuffle_i64x2::<0x88>(c, d),
                arch::_mm512_shuffle_i64x2::<0xdd>(c, d),
            );
            result[odd] = arch::_mm512_shuffle_i64x2::<0x88>(low, low_rest);
            result[4 + odd] = arch::_mm512_shuffle_i64x2::<0xdd>(low, low_rest);
            result[2 + odd] = arch::_mm512_shuffle_i64x2::<0x88>(high, high_rest);
            result[6 + odd] = arch::_mm512_shuffle_i64x2::<0xdd>(high, high_rest);
        }
        result
    }
}
