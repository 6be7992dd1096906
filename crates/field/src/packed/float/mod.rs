//! Eight elements in limbs of double precision, for processors whose widest multiplier of integers
//! is 64 bits but which multiply doubles in every lane of a vector.
//!
//! The arithmetic (`limbs`, `sums`, `memory`) is written once over [`lanes::Lanes`]; a processor
//! brings its instructions. No closure may contain an instruction: closures are compiled without
//! the processor's features.

#[cfg(target_arch = "x86_64")]
pub(super) mod avx2;
#[cfg(test)]
mod bounds;
#[cfg(test)]
mod extremes;
mod lanes;
mod limbs;
mod memory;
#[cfg(target_arch = "aarch64")]
pub(super) mod neon;
#[cfg(test)]
mod plain;
mod steps;
mod sums;

use core::cell::Cell;

use super::{Bounds, Lazy, Packed, MAX_WIDTH};
use crate::Fe;
use lanes::Lanes;
use limbs::Element;
use memory::{divided_limbs, R};
use steps::{
    AddProduct, AddProducts, Join, Multiply, ReduceSum, Scale, Split, Square, Store, Twist,
};
use sums::Columns;

/// Eight elements in `GROUPS` vectors.
///
/// Values in memory's form come from [`Lazy::load_lazy`], values divided by 32 from
/// [`Packed::load`]; see [`Element::load_divided`]. Bounds count normal elements.
#[derive(Clone, Copy)]
pub(super) struct Eight<L, const GROUPS: usize>([Element<L>; GROUPS]);

/// A sum of products in every place.
#[derive(Clone, Copy)]
pub(in crate::packed) struct EightSums<L: Lanes, const GROUPS: usize> {
    groups: [Columns<L>; GROUPS],
    count: i64,
}

/// Applies an operation to every group of the arguments.
macro_rules! each {
    ($groups:ident, $group:ident => $result:expr, $first:expr) => {{
        let mut result = $first;
        for $group in 0..$groups {
            result[$group] = $result;
            L::fence();
        }
        Eight(result)
    }};
}

impl<L: Lanes, const GROUPS: usize> Packed for Eight<L, GROUPS> {
    /// Sums of two values at the limit must not pass seven.
    const BOUNDS: Bounds = Bounds {
        constant: 1,
        load: 1,
        loose_limit: 3,
        reduced: 1,
        carried: |_| 1,
        product: |_, _| 1,
    };
    const KEEPS_LOADED: bool = true;

    #[inline(always)]
    fn load(values: &[Fe]) -> Self {
        Self::factors(values, 1)
    }

    #[inline(always)]
    fn broadcast(value: Fe) -> Self {
        Self::factor(&value)
    }

    #[inline(always)]
    fn store(self, values: &mut [Fe]) {
        // 2^256 brings back the factor 32.
        self.carry().mul(Self::spread(&R)).store_reduced(values, 1);
    }

    #[inline(always)]
    fn add(self, other: Self) -> Self {
        self.add_lazy(other).carry()
    }

    #[inline(always)]
    fn sub(self, other: Self) -> Self {
        self.sub_lazy::<1>(other).carry()
    }

    #[inline(always)]
    fn mul(self, other: Self) -> Self {
        each!(GROUPS, i => self.0[i].mul(&other.0[i]), self.0)
    }

    #[inline(always)]
    fn square(self) -> Self {
        each!(GROUPS, i => self.0[i].square(), self.0)
    }

    #[inline(always)]
    fn to_factor(self) -> Self {
        self
    }

    type Uniform = [f64; 5];

    #[inline(always)]
    fn uniform(value: Fe) -> [f64; 5] {
        divided_limbs(&value.0)
    }

    #[inline(always)]
    fn spread(value: &[f64; 5]) -> Self {
        Self([Element::splat(value); GROUPS])
    }

    #[inline(always)]
    fn add_loose(self, other: Self) -> Self {
        self.add_lazy(other)
    }

    #[inline(always)]
    fn sub_loose(self, other: Self, _bound: u32) -> Self {
        self.sub_lazy::<1>(other)
    }

    #[inline(always)]
    fn mul_loose(self, other: Self) -> Self {
        self.mul(other)
    }

    #[inline(always)]
    fn square_loose(self) -> Self {
        self.square()
    }

    #[inline(always)]
    fn carry(self) -> Self {
        each!(GROUPS, i => self.0[i].carry(), self.0)
    }

    #[inline(always)]
    fn multiply(to: &[Cell<Self>], a: &[Cell<Self>], b: &[Cell<Self>], _carried: bool) {
        L::outlined(Multiply { to, a, b });
    }

    #[inline(always)]
    fn scale(to: &[Cell<Self>], a: &[Cell<Self>], factor: &[f64; 5], _carried: bool) {
        L::outlined(Scale { to, a, factor });
    }

    #[inline(always)]
    fn square_all(to: &[Cell<Self>], a: &[Cell<Self>], _carried: bool) {
        L::outlined(Square { to, a });
    }

    type Sum = EightSums<L, GROUPS>;

    #[inline(always)]
    fn no_sum() -> Self::Sum {
        EightSums { groups: [Columns::empty(); GROUPS], count: 0 }
    }

    #[inline(always)]
    fn add_product(sum: &mut Self::Sum, a: &Self, b: &Self) {
        L::outlined(AddProduct { sum, a, b });
    }

    #[inline(always)]
    fn add_products(sums: &mut [Self::Sum], a: &[Cell<Self>], factor: &[f64; 5]) {
        L::outlined(AddProducts { sums, a, factor });
    }

    #[inline(always)]
    fn reduce_sum(sum: &Self::Sum) -> Self {
        let mut result = Self([Element::splat(&[0.0; 5]); GROUPS]);
        L::outlined(ReduceSum { to: &mut result, sum });
        result
    }
}

impl<L: Lanes, const GROUPS: usize> Lazy for Eight<L, GROUPS> {
    const WIDTH: usize = GROUPS * L::COUNT;
    type Factor = Self;

    #[inline(always)]
    fn load_lazy(values: &[Fe], stride: usize) -> Self {
        let mut result = [Element::load(values, stride); GROUPS];
        for (i, group) in result.iter_mut().enumerate().skip(1) {
            *group = Element::load(&values[i * L::COUNT * stride..], stride);
            L::fence();
        }
        Self(result)
    }

    #[inline(always)]
    fn store_lazy(self, values: &mut [Fe], stride: usize) {
        self.store_reduced(values, stride);
    }

    #[inline(always)]
    fn store_reduced(self, values: &mut [Fe], stride: usize) {
        L::outlined(Store { from: &self, values, stride });
    }

    #[inline(always)]
    fn factor(value: &Fe) -> Self {
        Self::spread(&divided_limbs(&value.0))
    }

    #[inline(always)]
    fn factors(values: &[Fe], stride: usize) -> Self {
        let mut result = [Element::load_divided(values, stride); GROUPS];
        for (i, group) in result.iter_mut().enumerate().skip(1) {
            *group = Element::load_divided(&values[i * L::COUNT * stride..], stride);
            L::fence();
        }
        Self(result)
    }

    #[inline(always)]
    fn add_lazy(self, other: Self) -> Self {
        each!(GROUPS, i => self.0[i].plus(&other.0[i]), self.0)
    }

    #[inline(always)]
    fn sub_lazy<const BOUND: u8>(self, other: Self) -> Self {
        each!(GROUPS, i => self.0[i].minus(&other.0[i]), self.0)
    }

    #[inline(always)]
    fn mul_factor(self, factor: Self) -> Self {
        each!(GROUPS, i => self.0[i].carry().mul(&factor.0[i]), self.0)
    }

    #[inline(always)]
    fn reduce(self) -> Self {
        self.carry()
    }

    #[inline(always)]
    fn settle(&mut self) {
        *self = self.carry();
    }

    #[inline(always)]
    fn twist(a: &mut Self, factor: &Self) {
        L::outlined(Twist { a, factor });
    }

    #[inline(always)]
    fn split(a: &mut Self, b: &mut Self, factor: &Self) {
        L::outlined(Split { a, b, factor });
    }

    #[inline(always)]
    fn join(a: &mut Self, b: &mut Self, factor: &Self) {
        L::outlined(Join { a, b, factor });
    }

    #[inline(always)]
    fn transpose(vectors: [Self; 8]) -> [Self; 8] {
        let mut result = vectors;
        for limb in 0..5 {
            for row in 0..GROUPS {
                for column in 0..GROUPS {
                    let mut block = [vectors[0].0[0].0[0]; MAX_WIDTH];
                    for i in 0..L::COUNT {
                        block[i] = vectors[row * L::COUNT + i].0[column].0[limb];
                    }
                    L::transpose(&mut block);
                    for i in 0..L::COUNT {
                        result[column * L::COUNT + i].0[row].0[limb] = block[i];
                    }
                }
            }
        }
        result
    }
}
