//! Vectors of one element, for every processor.

use super::{Bounds, Lazy, Packed};
use crate::limbs::{
    adc, add_raw, montgomery_reduce, mul_lazy, mul_wide, reduce_full, reduce_partial, square_wide,
    sub_raw, times_p, Limbs,
};
use crate::Fe;

/// One element.
#[derive(Clone, Copy)]
pub(super) struct Single(Limbs);

impl Packed for Single {
    /// Nothing is loose, and no bound needs to be kept.
    const BOUNDS: Bounds = Bounds {
        constant: 0,
        load: 0,
        loose_limit: 0,
        reduced: 0,
        carried: |_| 0,
        product: |_, _| 0,
    };

    #[inline(always)]
    fn load(values: &[Fe]) -> Self {
        Self(values[0].0)
    }

    #[inline(always)]
    fn broadcast(value: Fe) -> Self {
        Self(value.0)
    }

    #[inline(always)]
    fn store(self, values: &mut [Fe]) {
        values[0] = Fe(reduce_full(&self.0));
    }

    #[inline(always)]
    fn add(self, other: Self) -> Self {
        self.add_lazy(other).reduce()
    }

    #[inline(always)]
    fn sub(self, other: Self) -> Self {
        self.sub_lazy::<3>(other).reduce()
    }

    #[inline(always)]
    fn mul(self, other: Self) -> Self {
        Self(mul_lazy(&self.0, &other.0))
    }

    #[inline(always)]
    fn square(self) -> Self {
        Self(montgomery_reduce(&square_wide(&self.0)))
    }

    #[inline(always)]
    fn to_factor(self) -> Self {
        self
    }

    type Uniform = Self;

    #[inline(always)]
    fn uniform(value: Fe) -> Self {
        Self(value.0)
    }

    #[inline(always)]
    fn spread(value: &Self) -> Self {
        *value
    }

    // Single elements have little headroom, and reducing them is cheap: nothing is loose.
    #[inline(always)]
    fn add_loose(self, other: Self) -> Self {
        self.add(other)
    }

    #[inline(always)]
    fn sub_loose(self, other: Self, _bound: u32) -> Self {
        self.sub(other)
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
        self
    }

    // Factors are below 2p, so 128 products stay below 512p^2, and 31 * p * 2^256 > 990p^2.
    type Sum = [u64; 8];

    #[inline(always)]
    fn no_sum() -> Self::Sum {
        [0; 8]
    }

    #[inline(always)]
    fn add_product(sum: &mut Self::Sum, a: &Self, b: &Self) {
        let product = mul_wide(&a.0, &b.0);
        let mut carry = false;
        for (limb, addend) in sum.iter_mut().zip(product) {
            (*limb, carry) = adc(*limb, addend, carry);
        }
    }

    #[inline(always)]
    fn reduce_sum(sum: &Self::Sum) -> Self {
        Self(reduce_partial(&montgomery_reduce(sum)))
    }
}

impl Lazy for Single {
    const WIDTH: usize = 1;
    type Factor = Self;

    #[inline(always)]
    fn load_lazy(values: &[Fe], _stride: usize) -> Self {
        Self(values[0].0).reduce()
    }

    #[inline(always)]
    fn store_lazy(self, values: &mut [Fe], _stride: usize) {
        values[0] = Fe(self.0);
    }

    #[inline(always)]
    fn store_reduced(self, values: &mut [Fe], _stride: usize) {
        values[0] = Fe(reduce_full(&self.0));
    }

    #[inline(always)]
    fn factor(value: &Fe) -> Self {
        Self(value.0)
    }

    #[inline(always)]
    fn factors(values: &[Fe], _stride: usize) -> Self {
        Self(values[0].0)
    }

    #[inline(always)]
    fn add_lazy(self, other: Self) -> Self {
        Self(add_raw(&self.0, &other.0))
    }

    #[inline(always)]
    fn sub_lazy<const BOUND: u8>(self, other: Self) -> Self {
        Self(sub_raw(&add_raw(&self.0, &times_p(u64::from(BOUND))), &other.0).0)
    }

    #[inline(always)]
    fn mul_factor(self, factor: Self) -> Self {
        Self(mul_lazy(&self.0, &factor.0))
    }

    #[inline(always)]
    fn reduce(self) -> Self {
        Self(reduce_partial(&self.0))
    }

    #[inline(always)]
    fn transpose(vectors: [Self; 8]) -> [Self; 8] {
        vectors
    }
}
