//! Sums of products with a single reduction at the end.

use crate::limbs::{adc, montgomery_reduce, mul_wide, reduce_full};
use crate::Fe;

/// An unreduced sum of products of field elements.
///
/// A product is below p^2 < 2^503 and the sum must stay below 31 * p * 2^256, so
/// [`WideSum::CAPACITY`] products fit; adding more is the caller's error.
#[derive(Clone, Copy, Default)]
pub struct WideSum([u64; 8]);

impl WideSum {
    /// How many products may be added before [`WideSum::reduce`]: 31 * 2^256 / p > 990.
    pub const CAPACITY: usize = 990;

    /// Adds `a * b`.
    #[inline(always)]
    pub fn add_product(&mut self, a: &Fe, b: &Fe) {
        let product = mul_wide(&a.0, &b.0);
        let mut carry = false;
        for (limb, addend) in self.0.iter_mut().zip(product) {
            (*limb, carry) = adc(*limb, addend, carry);
        }
    }

    /// Replaces the sum by a small representative of the same element, so that more can be added.
    #[inline]
    pub fn fold(&mut self) {
        // A product with the Montgomery form of one has the same residue as its other factor.
        let reduced = self.reduce();
        *self = Self::default();
        self.add_product(&reduced, &Fe::ONE);
    }

    /// The sum as a field element.
    #[inline(always)]
    pub fn reduce(&self) -> Fe {
        Fe(reduce_full(&montgomery_reduce(&self.0)))
    }
}
