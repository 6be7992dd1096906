//! The field element and its derived operations.

use crate::limbs::{
    add_raw, montgomery_reduce, mul_wide, reduce_once, square_wide, sub_raw, Limbs, P, R, R2,
};
use crate::TWO_ADICITY;

/// An element of the field, stored as `value * 2^256 mod p` and always fully reduced.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Default)]
#[repr(transparent)]
pub struct Fe(pub(crate) Limbs);

impl Fe {
    /// The neutral element of addition.
    pub const ZERO: Self = Self([0; 4]);
    /// The neutral element of multiplication.
    pub const ONE: Self = Self(R);
    /// 3, which generates the whole multiplicative group.
    pub const GENERATOR: Self = Self::from_u64(3);

    /// The element of a small integer.
    pub const fn from_u64(value: u64) -> Self {
        Self([value, 0, 0, 0]).mul_const(Self(R2))
    }

    /// The element of a double word.
    #[allow(clippy::cast_possible_truncation)] // Splits the double word into its halves.
    pub const fn from_u128(value: u128) -> Self {
        Self([value as u64, (value >> 64) as u64, 0, 0]).mul_const(Self(R2))
    }

    /// The element of a signed integer: negative values count down from p.
    pub const fn from_i64(value: i64) -> Self {
        let magnitude = Self::from_u64(value.unsigned_abs());
        if value < 0 {
            magnitude.neg_const()
        } else {
            magnitude
        }
    }

    /// The product, usable in constants.
    #[inline(always)]
    #[must_use]
    pub const fn mul_const(self, other: Self) -> Self {
        // A product of reduced elements is below p^2 < p * R / 31, so its reduction is below p.
        Self(montgomery_reduce(&mul_wide(&self.0, &other.0)))
    }

    /// The sum, usable in constants.
    #[inline(always)]
    #[must_use]
    pub const fn add_const(self, other: Self) -> Self {
        Self(reduce_once(&add_raw(&self.0, &other.0), &P))
    }

    /// The difference, usable in constants.
    #[inline(always)]
    #[must_use]
    pub const fn sub_const(self, other: Self) -> Self {
        let (diff, borrow) = sub_raw(&self.0, &other.0);
        let mask = (borrow as u64).wrapping_neg();
        Self(add_raw(&diff, &[P[0] & mask, 0, 0, P[3] & mask]))
    }

    /// The negation, usable in constants.
    #[inline(always)]
    #[must_use]
    pub const fn neg_const(self) -> Self {
        Self::ZERO.sub_const(self)
    }

    /// `self * self`.
    #[inline(always)]
    #[must_use]
    pub const fn square(self) -> Self {
        Self(montgomery_reduce(&square_wide(&self.0)))
    }

    /// `self + self`.
    #[inline(always)]
    #[must_use]
    pub const fn double(self) -> Self {
        self.add_const(self)
    }

    /// Whether this is zero.
    #[inline]
    pub const fn is_zero(&self) -> bool {
        (self.0[0] | self.0[1] | self.0[2] | self.0[3]) == 0
    }

    /// `self^exponent`.
    #[must_use]
    pub fn pow(self, exponent: u64) -> Self {
        self.pow_big(&[exponent])
    }

    /// `self^exponent`, the exponent in little-endian 64-bit limbs of any number.
    #[must_use]
    pub fn pow_big(self, exponent: &[u64]) -> Self {
        let mut result = Self::ONE;
        let mut started = false;
        for limb in exponent.iter().rev() {
            for bit in (0..64).rev() {
                if started {
                    result = result.square();
                }
                if (limb >> bit) & 1 == 1 {
                    result *= self;
                    started = true;
                }
            }
        }
        result
    }

    /// `self^(2^count)`.
    #[must_use]
    pub fn square_times(self, count: u32) -> Self {
        (0..count).fold(self, |value, _| value.square())
    }

    /// The multiplicative inverse, or `None` for zero.
    #[must_use]
    pub fn inverse(self) -> Option<Self> {
        if self.is_zero() {
            return None;
        }
        // Fermat: p - 2 = 2^251 + 2^196 + (2^192 - 1), because 17 * 2^192 - 1 = 2^196 + 2^192 - 1.
        let ones_3 = self.square() * self;
        let ones_3 = ones_3.square() * self;
        let mut ones = ones_3;
        for shift in [3, 6, 12, 24, 48, 96] {
            ones *= ones.square_times(shift);
        }
        let power_196 = self.square_times(196);
        Some(power_196.square_times(55) * power_196 * ones)
    }

    /// The primitive root of unity of order `2^log_order`: `3^((p-1) / 2^log_order)`.
    ///
    /// # Panics
    /// If `log_order` exceeds [`TWO_ADICITY`].
    pub fn root_of_unity(log_order: u32) -> Self {
        assert!(log_order <= TWO_ADICITY, "no root of unity of order 2^{log_order}");
        // (p - 1) / 2^192 = 2^59 + 17.
        Self::GENERATOR.pow((1 << 59) + 17).square_times(TWO_ADICITY - log_order)
    }
}

/// Replaces every element by its inverse with one field inversion; zeros stay zero.
pub fn batch_inverse(values: &mut [Fe]) {
    let mut prefix = Vec::with_capacity(values.len());
    let mut product = Fe::ONE;
    for value in values.iter() {
        prefix.push(product);
        if !value.is_zero() {
            product *= *value;
        }
    }
    let Some(mut suffix) = product.inverse() else {
        return; // Unreachable: a product of non-zero elements is not zero.
    };
    for (value, before) in values.iter_mut().zip(prefix).rev() {
        if !value.is_zero() {
            let inverse = suffix * before;
            suffix *= *value;
            *value = inverse;
        }
    }
}
