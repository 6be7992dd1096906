//! The constants of a transform on a coset.
//!
//! A polynomial f on the coset `offset * <w>` is g(x) = f(offset * x) on the subgroup. Coefficients
//! are not multiplied by powers of the offset for that: where f is split modulo x^2m - c^2, the
//! constant of g times offset^m serves f. Only the small blocks at the end, which have almost as many
//! constants as elements, are scaled instead.

use crate::Fe;

/// Elements of the largest blocks that are scaled.
const MAX_SCALED: usize = 128;

/// Constants for transforms of f, of which [`Coset::roots`] are those of g.
pub(super) struct Coset<'t> {
    /// The constants of the blocks of every layer, for an offset of one.
    pub(super) roots: &'t [Fe],
    /// `offset^(2^k)`.
    powers: Vec<Fe>,
    /// `first * offset^i`.
    scales: Vec<Fe>,
}

impl<'t> Coset<'t> {
    /// For transforms of `2^log_n` elements, which multiply them by `first`.
    pub(super) fn new(roots: &'t [Fe], offset: Fe, log_n: u32, first: Fe) -> Self {
        let square = |power: &Fe| Some(power.square());
        let times = |scale: &Fe| Some(*scale * offset);
        Self {
            roots,
            powers: core::iter::successors(Some(offset), square).take(log_n as usize).collect(),
            scales: core::iter::successors(Some(first), times).take(MAX_SCALED).collect(),
        }
    }

    /// What the elements of a block of `size` are multiplied by.
    pub(super) fn scales(&self, size: usize) -> &[Fe] {
        &self.scales[..size]
    }

    /// The constants of f for blocks whose units are powers of x by `2^log_unit` apart.
    pub(super) fn constants(&self, log_unit: u32) -> Constants<'_> {
        Constants { roots: self.roots, powers: Some(&self.powers[log_unit as usize..]) }
    }

    /// The constants of g.
    pub(super) fn unscaled(&self) -> Constants<'t> {
        Constants { roots: self.roots, powers: None }
    }
}

/// The constants of f or g.
#[derive(Clone, Copy)]
pub(super) struct Constants<'c> {
    roots: &'c [Fe],
    powers: Option<&'c [Fe]>,
}

impl Constants<'_> {
    /// That of the `k`-th block of a layer whose blocks are `size` units.
    #[inline]
    pub(super) fn one(&self, k: usize, size: usize) -> Fe {
        match self.powers {
            Some(powers) => self.roots[k] * powers[(size / 2).ilog2() as usize],
            None => self.roots[k],
        }
    }

    /// Those of the `k`-th block of a layer and of its halves.
    #[inline]
    pub(super) fn three(&self, k: usize, size: usize) -> [Fe; 3] {
        [self.one(k, size), self.one(2 * k, size / 2), self.one(2 * k + 1, size / 2)]
    }
}
