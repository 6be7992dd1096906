//! Several field elements in one vector register.
//!
//! A processor with AVX-512 IFMA multiplies eight pairs of 52-bit limbs per instruction, which
//! makes a product of field elements five times cheaper than with 64-bit words. Code that wants to
//! profit is written once, as a [`Task`] over any [`Packed`]; [`run`] picks the vectors of this
//! processor. The results are the same on all of them.

#[cfg(target_arch = "x86_64")]
mod ifma;
mod scalar;

use crate::Fe;

/// `WIDTH` field elements, worked on together.
///
/// Values are kept lazily: the operations take and return representatives that are not fully
/// reduced, and every operation accepts the results of every other.
pub trait Packed: Copy + Lazy {
    /// The elements at the start of a slice.
    ///
    /// # Panics
    /// If the slice has fewer than `WIDTH` elements.
    fn load(values: &[Fe]) -> Self;
    /// The same element in every place.
    fn broadcast(value: Fe) -> Self;
    /// Writes the elements to the start of a slice.
    ///
    /// # Panics
    /// If the slice has fewer than `WIDTH` elements.
    fn store(self, values: &mut [Fe]);
    /// The sums.
    #[must_use]
    fn add(self, other: Self) -> Self;
    /// The differences.
    #[must_use]
    fn sub(self, other: Self) -> Self;
    /// The products.
    #[must_use]
    fn mul(self, other: Self) -> Self;
    /// The squares.
    #[must_use]
    fn square(self) -> Self;
    /// The elements as factors of others.
    fn to_factor(self) -> Self::Factor;

    /// One element in little memory, for constants.
    type Uniform: Copy;
    /// The element, below p.
    fn uniform(value: Fe) -> Self::Uniform;
    /// The same element in every place, below p.
    fn spread(value: &Self::Uniform) -> Self;

    /// The sums. Like the other loose results they need [`Packed::carry`] before a product or
    /// [`Packed::store`] uses them, and the caller keeps their bounds below [`LOOSE_LIMIT`]: those
    /// of sums add, that of [`Packed::load`] is [`LOAD_BOUND`] and that of a product is
    /// [`product_bound`].
    #[must_use]
    fn add_loose(self, other: Self) -> Self;
    /// The differences with an `other` below `bound * p`, plus `bound * p`; a loose result.
    #[must_use]
    fn sub_loose(self, other: Self, bound: u32) -> Self;
    /// The products; a loose result.
    #[must_use]
    fn mul_loose(self, other: Self) -> Self;
    /// The squares; a loose result.
    #[must_use]
    fn square_loose(self) -> Self;
    /// The same elements, fit for products.
    #[must_use]
    fn carry(self) -> Self;

    /// Sums of products, one in each place, before reduction.
    type Sum: Copy;
    /// Empty sums.
    fn no_sum() -> Self::Sum;
    /// The sums with one more product each; at most [`SUM_CAPACITY`] of them.
    #[must_use]
    fn add_product(sum: Self::Sum, a: Self, b: Self) -> Self::Sum;
    /// The values of the sums.
    fn reduce_sum(sum: Self::Sum) -> Self;
}

/// How many products a [`Packed::Sum`] can take.
pub const SUM_CAPACITY: usize = 128;

/// Loaded elements are below this multiple of p.
pub const LOAD_BOUND: u32 = 16;
/// Loose values must stay below this multiple of p: 500p fits the limbs, and [`SUM_CAPACITY`]
/// products of a factor below 128p with one below p stay below 33p.
pub const LOOSE_LIMIT: u32 = 128;

/// A product of factors below `a * p` and `b * p` is below this multiple of p.
pub const fn product_bound(a: u32, b: u32) -> u32 {
    (a * b).div_ceil(511) + 1
}

/// Elements in the representation of memory, for code that keeps track of bounds itself.
pub trait Lazy: Copy {
    /// Elements in one vector.
    const WIDTH: usize;
    /// Elements that others are multiplied by.
    type Factor: Copy;

    /// `WIDTH` elements, each `stride` after the last, from below 2^256 to below 3p.
    ///
    /// # Panics
    /// If the slice ends before the last of them.
    fn load_lazy(values: &[Fe], stride: usize) -> Self;
    /// Writes the elements, which must be below 31p, to where [`Lazy::load_lazy`] finds them. They
    /// are not reduced: only that function may read them.
    ///
    /// # Panics
    /// If the slice ends before the last of them.
    fn store_lazy(self, values: &mut [Fe], stride: usize);
    /// Writes the elements fully reduced.
    ///
    /// # Panics
    /// If the slice ends before the last of them.
    fn store_reduced(self, values: &mut [Fe], stride: usize);
    /// The same factor for every element.
    fn factor(value: &Fe) -> Self::Factor;
    /// `WIDTH` factors, each `stride` after the last.
    ///
    /// # Panics
    /// If the slice ends before the last of them.
    fn factors(values: &[Fe], stride: usize) -> Self::Factor;
    /// The sums; bounds add.
    #[must_use]
    fn add_lazy(self, other: Self) -> Self;
    /// The differences with an `other` below `BOUND * p`, plus `BOUND * p`.
    #[must_use]
    fn sub_lazy<const BOUND: u8>(self, other: Self) -> Self;
    /// The products, below 2p, for a bound of at most 31p. They are loose: operations of [`Packed`]
    /// need [`Packed::carry`] first. Sixteen layers of sums of them may follow.
    #[must_use]
    fn mul_factor(self, factor: Self::Factor) -> Self;
    /// The same elements below 3p.
    #[must_use]
    fn reduce(self) -> Self;
    /// For eight vectors of eight neighbouring elements each, the vectors that
    /// [`Lazy::load_lazy`] finds at a stride of eight; the other way round as well. Vectors of one
    /// element stay as they are.
    fn transpose(vectors: [Self; 8]) -> [Self; 8];
}

/// Something to do with vectors.
pub trait Task {
    /// The result.
    type Output;
    /// Does it. Implementations are `#[inline(always)]`: only then are they compiled for the
    /// vectors.
    fn run<P: Packed>(self) -> Self::Output;
}

/// Runs a task with the widest vectors of this processor.
#[inline]
pub fn run<T: Task>(task: T) -> T::Output {
    #[cfg(target_arch = "x86_64")]
    if ifma::is_available() {
        return ifma::run(task);
    }
    task.run::<scalar::Single>()
}

/// Runs a task one element at a time, on every processor.
#[inline]
pub fn run_scalar<T: Task>(task: T) -> T::Output {
    task.run::<scalar::Single>()
}

/// Asks the processor to bring elements to the second-level cache.
#[inline(always)]
#[allow(unsafe_code)] // A hint without effect on the program.
pub fn prefetch(values: &[Fe]) {
    #[cfg(target_arch = "x86_64")]
    for line in values.chunks(2) {
        use core::arch::x86_64::{_mm_prefetch, _MM_HINT_T1};
        // SAFETY: the instruction is part of every x86-64 processor and ignores bad addresses.
        unsafe { _mm_prefetch::<_MM_HINT_T1>(line.as_ptr().cast()) };
    }
}

/// The largest `WIDTH`: slices whose length is a multiple of it suit every vector.
pub const MAX_WIDTH: usize = 8;
