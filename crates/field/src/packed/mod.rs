//! Several field elements in one vector register.
//!
//! A processor with AVX-512 IFMA multiplies eight pairs of 52-bit limbs per instruction, one with
//! AVX2 and FMA four pairs of 51-bit limbs in double precision: a product of field elements is five
//! and two times cheaper than with 64-bit words. Code that wants to profit is written once, as a
//! [`Task`] over any [`Packed`]; [`run`] picks the vectors of this processor. The results are the
//! same on all of them.

mod float;
#[cfg(target_arch = "x86_64")]
mod ifma;
#[cfg(target_arch = "x86_64")]
mod mulx;
mod scalar;

use core::cell::Cell;

use crate::{Fe, Kernel};

/// How large values become in the representation of a vector, as multiples of a unit: p, or what
/// one element fills of its limbs.
#[derive(Debug, Clone, Copy)]
pub struct Bounds {
    /// Constants, see [`Packed::uniform`].
    pub constant: u32,
    /// Loaded elements.
    pub load: u32,
    /// Loose values must stay below this.
    pub loose_limit: u32,
    /// What [`Lazy::reduce`] leaves.
    pub reduced: u32,
    /// What [`Packed::carry`] makes of a bound.
    pub carried: fn(u32) -> u32,
    /// Products of factors with two bounds.
    pub product: fn(u32, u32) -> u32,
}

/// `WIDTH` field elements, worked on together.
///
/// Values are kept lazily: the operations take and return representatives that are not fully
/// reduced, and every operation accepts the results of every other.
pub trait Packed: Copy + Lazy {
    /// The bounds that code which uses loose results has to keep.
    const BOUNDS: Bounds;
    /// Whether loading takes longer than fetching a vector from the second-level cache.
    const KEEPS_LOADED: bool;

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
    /// [`Packed::store`] uses them, and the caller keeps their bounds below those of
    /// [`Packed::BOUNDS`]; those of sums add.
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

    /// The products of several vectors, carried or loose; `to` may be one of the factors.
    #[inline(always)]
    fn multiply(to: &[Cell<Self>], a: &[Cell<Self>], b: &[Cell<Self>], carried: bool) {
        for ((to, a), b) in to.iter().zip(a).zip(b) {
            let product = a.get().mul_loose(b.get());
            to.set(if carried { product.carry() } else { product });
        }
    }
    /// The products of several vectors with one element, carried or loose; `to` may be `a`.
    #[inline(always)]
    fn scale(to: &[Cell<Self>], a: &[Cell<Self>], factor: &Self::Uniform, carried: bool) {
        let factor = Self::spread(factor);
        for (to, a) in to.iter().zip(a) {
            let product = a.get().mul_loose(factor);
            to.set(if carried { product.carry() } else { product });
        }
    }
    /// The squares of several vectors, carried or loose; `to` may be `a`.
    #[inline(always)]
    fn square_all(to: &[Cell<Self>], a: &[Cell<Self>], carried: bool) {
        for (to, a) in to.iter().zip(a) {
            let square = a.get().square_loose();
            to.set(if carried { square.carry() } else { square });
        }
    }

    /// Sums of products, one in each place, before reduction.
    type Sum: Copy;
    /// Empty sums.
    fn no_sum() -> Self::Sum;
    /// Adds one product to each of the sums; at most [`SUM_CAPACITY`] of them.
    fn add_product(sum: &mut Self::Sum, a: &Self, b: &Self);
    /// Adds to each of several sums the product of a vector with an element.
    #[inline(always)]
    fn add_products(sums: &mut [Self::Sum], a: &[Cell<Self>], factor: &Self::Uniform) {
        let factor = Self::spread(factor);
        for (sum, a) in sums.iter_mut().zip(a) {
            Self::add_product(sum, &a.get(), &factor);
        }
    }
    /// The values of the sums.
    fn reduce_sum(sum: &Self::Sum) -> Self;
}

/// How many products a [`Packed::Sum`] can take.
pub const SUM_CAPACITY: usize = 128;

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
    /// [`Lazy::reduce`], where only vectors with little headroom need it.
    #[inline(always)]
    fn settle(&mut self) {}
    /// [`Lazy::mul_factor`] in place.
    #[inline(always)]
    fn twist(a: &mut Self, factor: &Self::Factor) {
        *a = a.mul_factor(*factor);
    }
    /// (a, b) to (a + cb, a - cb).
    #[inline(always)]
    fn split(a: &mut Self, b: &mut Self, factor: &Self::Factor) {
        let product = b.mul_factor(*factor);
        (*a, *b) = (a.add_lazy(product), a.sub_lazy::<2>(product));
    }
    /// (a, b) to (a + b, c(a - b)), for a `b` below 16p.
    #[inline(always)]
    fn join(a: &mut Self, b: &mut Self, factor: &Self::Factor) {
        (*a, *b) = (a.add_lazy(*b), a.sub_lazy::<16>(*b).mul_factor(*factor));
    }
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

/// Runs a task with the vectors in use, see [`Kernel::current`].
#[inline]
pub fn run<T: Task>(task: T) -> T::Output {
    run_with(Kernel::current(), task)
}

/// Runs a task with the vectors of a kernel.
///
/// # Panics
/// If this processor does not have them.
#[inline]
pub fn run_with<T: Task>(kernel: Kernel, task: T) -> T::Output {
    match kernel {
        #[cfg(target_arch = "x86_64")]
        Kernel::Avx512Ifma => ifma::avx512::run(task),
        #[cfg(target_arch = "x86_64")]
        Kernel::AvxIfma => ifma::avx::run(task),
        #[cfg(target_arch = "x86_64")]
        Kernel::Avx2 => float::avx2::run(task),
        #[cfg(target_arch = "x86_64")]
        Kernel::Mulx => mulx::run(task),
        #[cfg(target_arch = "aarch64")]
        Kernel::Neon => float::neon::run(task),
        Kernel::Scalar => run_scalar(task),
        #[allow(unreachable_patterns)] // Kernels of other processors.
        other => panic!("the processor has no {}", other.name()),
    }
}

/// The bounds of a kernel's vectors.
pub fn bounds_of(kernel: Kernel) -> Bounds {
    struct Ask;
    impl Task for Ask {
        type Output = Bounds;
        #[inline(always)]
        fn run<P: Packed>(self) -> Bounds {
            P::BOUNDS
        }
    }
    run_with(kernel, Ask)
}

/// Runs a task one element at a time, on every processor.
#[inline]
pub fn run_scalar<T: Task>(task: T) -> T::Output {
    task.run::<scalar::Single<scalar::Portable>>()
}

/// Whether the processor can run [`Kernel::Avx512Ifma`].
pub(crate) fn has_avx512_ifma() -> bool {
    #[cfg(target_arch = "x86_64")]
    return ifma::avx512::is_available();
    #[cfg(not(target_arch = "x86_64"))]
    false
}

/// Whether the processor can run [`Kernel::AvxIfma`].
pub(crate) fn has_avx_ifma() -> bool {
    #[cfg(target_arch = "x86_64")]
    return ifma::avx::is_available();
    #[cfg(not(target_arch = "x86_64"))]
    false
}

/// Whether the processor can run [`Kernel::Avx2`].
pub(crate) fn has_avx2() -> bool {
    #[cfg(target_arch = "x86_64")]
    return float::avx2::is_available();
    #[cfg(not(target_arch = "x86_64"))]
    false
}

/// Whether the processor can run [`Kernel::Mulx`].
pub(crate) fn has_mulx() -> bool {
    #[cfg(target_arch = "x86_64")]
    return mulx::is_available();
    #[cfg(not(target_arch = "x86_64"))]
    false
}

/// Asks the processor to bring elements to the second-level cache.
#[inline(always)]
#[allow(unsafe_code)] // A hint without effect on the program.
#[cfg_attr(not(target_arch = "x86_64"), allow(unused_variables))]
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

#[cfg(all(test, target_arch = "x86_64"))]
mod tests {
    use super::*;

    /// Products, sums and transposition of elements at the edges of limbs.
    struct Edges<'v>(&'v [Fe]);

    impl Task for Edges<'_> {
        type Output = Vec<Fe>;

        #[inline(always)]
        fn run<P: Packed>(self) -> Vec<Fe> {
            let mut results = Vec::new();
            let mut buffer = [Fe::ZERO; 64];
            for values in self.0.windows(64) {
                let mut vectors = [P::load(values); 8];
                for (vector, values) in vectors.iter_mut().zip(values.chunks_exact(P::WIDTH)) {
                    *vector = P::load(values);
                }
                let [a, b, c, ..] = vectors;
                let mut large = a;
                for _ in 1..P::BOUNDS.loose_limit / P::BOUNDS.load {
                    large = large.add_loose(b);
                }
                let mut sum = P::no_sum();
                for _ in 0..SUM_CAPACITY {
                    P::add_product(&mut sum, &a, &b);
                }
                let zero = P::spread(&P::uniform(Fe::ZERO));
                let negative = zero.sub_loose(large, P::BOUNDS.loose_limit).reduce();
                let all =
                    [a.mul(b), a.sub(c), large.carry().square(), P::reduce_sum(&sum), negative];
                for value in all {
                    value.store(&mut buffer);
                    results.extend_from_slice(&buffer[..P::WIDTH]);
                }
                for (i, vector) in P::transpose(vectors).into_iter().enumerate() {
                    let factor = P::factors(&values[i..], 8);
                    vector.carry().mul_factor(factor).store_reduced(&mut buffer[i..], 8);
                }
                results.extend_from_slice(&buffer);
                P::load_lazy(&buffer[1..], 8).store_lazy(&mut buffer[1..], 8);
                results.extend_from_slice(&buffer);
            }
            results
        }
    }

    /// AVX-IFMA is rare; AVX-512 VL has the same multiplication in another encoding.
    #[test]
    fn test_kernel_of_avx_ifma_agrees_with_that_of_avx512_ifma() {
        use ifma::avx::{self, evex};
        use ifma::avx512;
        let mut values: Vec<Fe> = (0..252).map(|shift| Fe::from_u64(2).pow(shift)).collect();
        let negative: Vec<Fe> = values.iter().map(|value| -*value).collect();
        values.extend(negative);
        values.extend((0..100).map(|i| Fe::from_u64(3).pow(1000 + i)));
        if !avx512::is_available() {
            eprintln!("SKIPPED: the processor has no AVX-512 IFMA");
            return;
        }
        let expected = avx512::run(Edges(&values));
        if evex::is_available() {
            assert!(evex::run(Edges(&values)) == expected, "AVX-512 VL");
        }
        if avx::is_available() {
            assert!(avx::run(Edges(&values)) == expected, "AVX-IFMA");
        }
    }
}
