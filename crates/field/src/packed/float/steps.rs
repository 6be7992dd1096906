//! What is done in functions of its own: a product is some 280 instructions, and code with many of
//! them does not fit the processor's caches for instructions.
#![allow(unsafe_code)] // Parts of the contents of cells.

use core::cell::Cell;

use super::lanes::{Lanes, Step};
use super::limbs::Element;
use super::{Eight, EightSums};
use crate::Fe;

/// One group of a vector that others may refer to, too.
#[inline(always)]
fn get<L: Lanes, const G: usize>(cell: &Cell<Eight<L, G>>, group: usize) -> Element<L> {
    // SAFETY: cells are not shared among threads, and the reference ends here.
    unsafe { (*cell.as_ptr()).0[group] }
}

#[inline(always)]
fn set<L: Lanes, const G: usize>(cell: &Cell<Eight<L, G>>, group: usize, element: Element<L>) {
    // SAFETY: as above.
    unsafe { (*cell.as_ptr()).0[group] = element };
}

/// `to = a * b` for every vector; they may be the same.
pub(super) struct Multiply<'v, L, const G: usize> {
    pub(super) to: &'v [Cell<Eight<L, G>>],
    pub(super) a: &'v [Cell<Eight<L, G>>],
    pub(super) b: &'v [Cell<Eight<L, G>>],
}

impl<L: Lanes, const G: usize> Step for Multiply<'_, L, G> {
    #[inline(always)]
    fn take(self) {
        for ((to, a), b) in self.to.iter().zip(self.a).zip(self.b) {
            for group in 0..G {
                set(to, group, get(a, group).mul(&get(b, group)));
                L::fence();
            }
        }
    }
}

/// `to = a * factor` for every vector.
pub(super) struct Scale<'v, L, const G: usize> {
    pub(super) to: &'v [Cell<Eight<L, G>>],
    pub(super) a: &'v [Cell<Eight<L, G>>],
    pub(super) factor: &'v [f64; 5],
}

impl<L: Lanes, const G: usize> Step for Scale<'_, L, G> {
    #[inline(always)]
    fn take(self) {
        let factor = Element::splat(self.factor);
        for (to, a) in self.to.iter().zip(self.a) {
            for group in 0..G {
                set(to, group, get(a, group).mul(&factor));
                L::fence();
            }
        }
    }
}

/// `to = a * a` for every vector.
pub(super) struct Square<'v, L, const G: usize> {
    pub(super) to: &'v [Cell<Eight<L, G>>],
    pub(super) a: &'v [Cell<Eight<L, G>>],
}

impl<L: Lanes, const G: usize> Step for Square<'_, L, G> {
    #[inline(always)]
    fn take(self) {
        for (to, a) in self.to.iter().zip(self.a) {
            for group in 0..G {
                set(to, group, get(a, group).square());
                L::fence();
            }
        }
    }
}

/// Adds a product to a sum.
pub(super) struct AddProduct<'v, L: Lanes, const G: usize> {
    pub(super) sum: &'v mut EightSums<L, G>,
    pub(super) a: &'v Eight<L, G>,
    pub(super) b: &'v Eight<L, G>,
}

impl<L: Lanes, const G: usize> Step for AddProduct<'_, L, G> {
    #[inline(always)]
    fn take(self) {
        for group in 0..G {
            self.sum.groups[group].add_product(&self.a.0[group], &self.b.0[group]);
            L::fence();
        }
        self.sum.count += 1;
    }
}

/// Adds to every sum the product of a vector with one element.
pub(super) struct AddProducts<'v, L: Lanes, const G: usize> {
    pub(super) sums: &'v mut [EightSums<L, G>],
    pub(super) a: &'v [Cell<Eight<L, G>>],
    pub(super) factor: &'v [f64; 5],
}

impl<L: Lanes, const G: usize> Step for AddProducts<'_, L, G> {
    #[inline(always)]
    fn take(self) {
        let factor = Element::splat(self.factor);
        for (sum, a) in self.sums.iter_mut().zip(self.a) {
            for group in 0..G {
                sum.groups[group].add_product(&get(a, group), &factor);
                L::fence();
            }
            sum.count += 1;
        }
    }
}

/// The value of a sum.
pub(super) struct ReduceSum<'v, L: Lanes, const G: usize> {
    pub(super) to: &'v mut Eight<L, G>,
    pub(super) sum: &'v EightSums<L, G>,
}

impl<L: Lanes, const G: usize> Step for ReduceSum<'_, L, G> {
    #[inline(always)]
    fn take(self) {
        for group in 0..G {
            self.to.0[group] = self.sum.groups[group].reduce(self.sum.count);
            L::fence();
        }
    }
}

/// Writes elements below p.
pub(super) struct Store<'v, L, const G: usize> {
    pub(super) from: &'v Eight<L, G>,
    pub(super) values: &'v mut [Fe],
    pub(super) stride: usize,
}

impl<L: Lanes, const G: usize> Step for Store<'_, L, G> {
    #[inline(always)]
    fn take(self) {
        for group in 0..G {
            let values = &mut self.values[group * L::COUNT * self.stride..];
            self.from.0[group].store(values, self.stride);
            L::fence();
        }
    }
}

/// a to ca, for sums.
pub(super) struct Twist<'v, L, const G: usize> {
    pub(super) a: &'v mut Eight<L, G>,
    pub(super) factor: &'v Eight<L, G>,
}

impl<L: Lanes, const G: usize> Step for Twist<'_, L, G> {
    #[inline(always)]
    fn take(self) {
        for group in 0..G {
            self.a.0[group] = self.a.0[group].carry().mul(&self.factor.0[group]);
            L::fence();
        }
    }
}

/// (a, b) to (a + cb, a - cb).
pub(super) struct Split<'v, L, const G: usize> {
    pub(super) a: &'v mut Eight<L, G>,
    pub(super) b: &'v mut Eight<L, G>,
    pub(super) factor: &'v Eight<L, G>,
}

impl<L: Lanes, const G: usize> Step for Split<'_, L, G> {
    #[inline(always)]
    fn take(self) {
        for group in 0..G {
            let a = self.a.0[group];
            let product = self.b.0[group].carry().mul(&self.factor.0[group]);
            self.a.0[group] = a.plus(&product);
            self.b.0[group] = a.minus(&product);
            L::fence();
        }
    }
}

/// (a, b) to (a + b, c(a - b)).
pub(super) struct Join<'v, L, const G: usize> {
    pub(super) a: &'v mut Eight<L, G>,
    pub(super) b: &'v mut Eight<L, G>,
    pub(super) factor: &'v Eight<L, G>,
}

impl<L: Lanes, const G: usize> Step for Join<'_, L, G> {
    #[inline(always)]
    fn take(self) {
        for group in 0..G {
            let (a, b) = (self.a.0[group], self.b.0[group]);
            self.a.0[group] = a.plus(&b);
            self.b.0[group] = a.minus(&b).carry().mul(&self.factor.0[group]);
            L::fence();
        }
    }
}
