//! Vectors of one element, for every processor, over the ways to multiply two.

use core::marker::PhantomData;

use super::{Bounds, Lazy, Packed};
use crate::limbs::{
    adc, add_raw, montgomery_reduce, mul_lazy, mul_wide, reduce_full, reduce_partial, square_wide,
    sub_raw, times_p, Limbs,
};
use crate::Fe;

/// How two elements are multiplied.
pub(super) trait Multiplier: Copy {
    /// `a * b / 2^256`, below 2p whenever `a * b < 31 * p^2`.
    fn mul(a: &Limbs, b: &Limbs) -> Limbs;
    /// `a * a / 2^256`, below 2p for an `a` below 5p.
    fn square(a: &Limbs) -> Limbs;
}

/// In the language of this crate.
#[derive(Clone, Copy)]
pub(super) struct Portable;

impl Multiplier for Portable {
    #[inline(always)]
    fn mul(a: &Limbs, b: &Limbs) -> Limbs {
        mul_lazy(a, b)
    }

    #[inline(always)]
    fn square(a: &Limbs) -> Limbs {
        montgomery_reduce(&square_wide(a))
    }
}

/// One element.
#[derive(Clone, Copy)]
pub(super) struct Single<M>(Limbs, PhantomData<M>);

impl<M> Single<M> {
    #[inline(always)]
    fn of(limbs: Limbs) -> Self {
        Self(limbs, PhantomData)
    }
}

impl<M: Multiplier> Packed for Single<M> {
    /// Nothing is loose, and no bound needs to be kept.
    const BOUNDS: Bounds = Bounds {
        constant: 0,
        load: 0,
        loose_limit: 0,
        reduced: 0,
        carried: |_| 0,
        product: |_, _| 0,
    };
    const KEEPS_LOADED: bool = false;

    #[inline(always)]
    fn load(values: &[Fe]) -> Self {
        Self::of(values[0].0)
    }

    #[inline(always)]
    fn broadcast(value: Fe) -> Self {
        Self::of(value.0)
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
        Self::of(M::mul(&self.0, &other.0))
    }

    #[inline(always)]
    fn square(self) -> Self {
        Self::of(M::square(&self.0))
    }

    #[inline(always)]
    fn to_factor(self) -> Self {
        self
    }

    type Uniform = Self;

    #[inline(always)]
    fn uniform(value: Fe) -> Self {
        Self::of(value.0)
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
        Self::of(reduce_partial(&montgomery_reduce(sum)))
    }
}

impl<M: Multiplier> Lazy for Single<M> {
    const WIDTH: usize = 1;
    type Factor = Self;

    #[inline(always)]
    fn load_lazy(values: &[Fe], _stride: usize) -> Self {
        Self::of(values[0].0).reduce()
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
        Self::of(value.0)
    }

    #[inline(always)]
    fn factors(values: &[Fe], _stride: usize) -> Self {
        Self::of(values[0].0)
    }

    #[inline(always)]
    fn add_lazy(self, other: Self) -> Self {
        Self::of(add_raw(&self.0, &other.0))
    }

    #[inline(always)]
    fn sub_lazy<const BOUND: u8>(self, other: Self) -> Self {
        Self::of(sub_raw(&add_raw(&self.0, &times_p(u64::from(BOUND))), &other.0).0)
    }

    #[inline(always)]
    fn mul_factor(self, factor: Self) -> Self {
        Self::of(M::mul(&self.0, &factor.0))
    }

    #[inline(always)]
    fn reduce(self) -> Self {
        Self::of(reduce_partial(&self.0))
    }

    #[inline(always)]
    fn transpose(vectors: [Self; 8]) -> [Self; 8] {
        vectors
    }
}

#[cfg(test)]
mod tests {
    use num_bigint::BigUint;

    use super::*;

    fn value(limbs: &Limbs) -> BigUint {
        limbs.iter().rev().fold(BigUint::ZERO, |sum, limb| (sum << 64) + *limb)
    }

    /// Products up to the largest that are defined, 31p^2.
    fn check_products<M: Multiplier>() {
        let p = value(&times_p(1));
        let limit = &p * &p * 31u32;
        let words = [0, 1, 17, u64::MAX >> 5, 1 << 63, u64::MAX - 1, u64::MAX];
        let mut operands: Vec<Limbs> = (0..32).map(times_p).collect();
        for word in words {
            for (low, high) in [(word, word), (word, 0), (0, word), (u64::MAX, word)] {
                operands.extend([[low, low, low, high], [low, high, low, high]]);
            }
        }
        let (mut checked, r) = (0, BigUint::from(1u8) << 256u32);
        for a in &operands {
            for b in operands.iter().filter(|b| value(a) * value(b) < limit) {
                let result = value(&M::mul(a, b));
                assert!(result < &p * 2u32, "{a:x?} * {b:x?} is too large");
                assert_eq!(result * &r % &p, value(a) * value(b) % &p, "{a:x?} * {b:x?}");
                checked += 1;
            }
            if value(a) < &p * 5u32 {
                assert_eq!(value(&M::square(a)) % &p, value(&M::mul(a, a)) % &p, "{a:x?}^2");
            }
        }
        assert!(checked > 500, "{checked} products are below the limit");
    }

    #[test]
    fn test_portable_products_at_their_bounds() {
        check_products::<Portable>();
    }

    #[cfg(target_arch = "x86_64")]
    #[test]
    fn test_mulx_products_at_their_bounds() {
        use super::super::mulx;
        if !mulx::is_available() {
            eprintln!("SKIPPED: the processor has no BMI2 and ADX");
            return;
        }
        check_products::<mulx::Mulx>();
    }
}
