//! Unreduced field elements for straight-line arithmetic whose bounds are known.

use crate::limbs::{
    add_raw, montgomery_reduce, mul_lazy, reduce_full, reduce_partial, square_wide, sub_raw,
    times_p, Limbs,
};
use crate::Fe;

/// A representative of a field element below 31p. The caller keeps track of the bound.
#[derive(Clone, Copy)]
pub struct LazyFe(Limbs);

impl Fe {
    /// This element, below p, for lazy arithmetic.
    #[inline(always)]
    pub const fn lazy(self) -> LazyFe {
        LazyFe(self.0)
    }
}

impl LazyFe {
    /// The sum; the bounds add.
    #[inline(always)]
    #[must_use]
    pub const fn plus(self, other: Self) -> Self {
        Self(add_raw(&self.0, &other.0))
    }

    /// The difference, where `other` is below `bound * p`; the bound of `self` grows by `bound`.
    #[inline(always)]
    #[must_use]
    pub const fn minus(self, other: Self, bound: u64) -> Self {
        Self(sub_raw(&add_raw(&self.0, &times_p(bound)), &other.0).0)
    }

    /// The product, below 2p, if the product of the bounds is at most 31.
    #[inline(always)]
    #[must_use]
    pub const fn times(self, other: Self) -> Self {
        Self(mul_lazy(&self.0, &other.0))
    }

    /// The third power, below 2p, for a bound of at most 5.
    #[inline(always)]
    #[must_use]
    pub const fn cube(self) -> Self {
        Self(montgomery_reduce(&square_wide(&self.0))).times(self)
    }

    /// The same element below 2p.
    #[inline(always)]
    #[must_use]
    pub const fn reduce(self) -> Self {
        Self(reduce_partial(&self.0))
    }

    /// The field element.
    #[inline(always)]
    pub const fn canonical(self) -> Fe {
        Fe(reduce_full(&self.0))
    }
}
