//! Sums of products on vectors, with one reduction per sum.
#![allow(clippy::inline_always)] // Parts of a task must be inlined to use vectors.

use novation_field::packed::{run, run_scalar, Packed, Task, MAX_WIDTH, SUM_CAPACITY};
use novation_field::Fe;

/// Rows of a block that fills the sums of the widest vectors.
pub(super) const SUMMED_ROWS: usize = SUM_CAPACITY * MAX_WIDTH;

/// Runs a task on a block of so many rows, a power of two, with vectors that divide it.
pub(super) fn run_on_rows<T: Task>(rows: usize, task: T) -> T::Output {
    if rows < MAX_WIDTH {
        run_scalar(task)
    } else {
        run(task)
    }
}

/// Elements, or the vectors made of them.
#[derive(Clone, Copy)]
pub(super) enum Source<'v, P> {
    Elements(&'v [Fe]),
    Vectors(&'v [P]),
}

impl<P: Packed> Source<'_, P> {
    /// Adds the product with one of the vectors.
    #[inline(always)]
    fn add_product(&self, vector: usize, sum: &mut P::Sum, factor: &P) {
        match self {
            Self::Elements(elements) => {
                P::add_product(sum, &P::load(&elements[vector * P::WIDTH..]), factor);
            }
            Self::Vectors(vectors) => P::add_product(sum, &vectors[vector], factor),
        }
    }
}

/// The sum over all rows of `a * b`.
#[inline(always)]
pub(super) fn dot<P: Packed>(a: &[P], b: Source<P>) -> Fe {
    let mut total = P::broadcast(Fe::ZERO);
    for (part, a) in a.chunks(SUM_CAPACITY).enumerate() {
        let mut sum = P::no_sum();
        for (i, a) in a.iter().enumerate() {
            b.add_product(part * SUM_CAPACITY + i, &mut sum, a);
        }
        total = total.add(P::reduce_sum(&sum));
    }
    sum_of_lanes(total)
}

#[inline(always)]
fn sum_of_lanes<P: Packed>(vector: P) -> Fe {
    let mut buffer = [Fe::ZERO; MAX_WIDTH];
    vector.store(&mut buffer);
    buffer[..P::WIDTH].iter().copied().sum()
}

/// The sum of all elements.
#[inline(always)]
pub(super) fn total<P: Packed>(vectors: &[P]) -> Fe {
    let mut total = P::broadcast(Fe::ZERO);
    for vector in vectors {
        total = total.add(*vector);
    }
    sum_of_lanes(total)
}

/// The sum over k of every `stride`-th vector times the k-th factor.
#[inline(always)]
pub(super) fn strided_dot<P: Packed>(vectors: &[P], stride: usize, factors: &[P]) -> P {
    let mut total = P::broadcast(Fe::ZERO);
    let chunks = vectors.chunks(stride * SUM_CAPACITY).zip(factors.chunks(SUM_CAPACITY));
    for (vectors, factors) in chunks {
        let mut sum = P::no_sum();
        for (vector, factor) in vectors.iter().step_by(stride).zip(factors) {
            P::add_product(&mut sum, vector, factor);
        }
        total = total.add(P::reduce_sum(&sum));
    }
    total
}

/// The sum over all terms of `values * coefficient`, for one vector of the rows.
#[inline(always)]
pub(super) fn combine<P: Packed>(terms: &[(Source<P>, P)], vector: usize) -> P {
    let mut total = P::broadcast(Fe::ZERO);
    for terms in terms.chunks(SUM_CAPACITY) {
        let mut sum = P::no_sum();
        for (values, coefficient) in terms {
            values.add_product(vector, &mut sum, coefficient);
        }
        total = total.add(P::reduce_sum(&sum));
    }
    total
}

/// The vectors of a block of rows.
#[inline(always)]
pub(super) fn load_block<P: Packed>(values: &[Fe], vectors: &mut Vec<P>) {
    for values in values.chunks_exact(P::WIDTH) {
        vectors.push(P::load(values));
    }
}

/// Part of a table of elements that several readers share: their vectors stand in one row.
pub(super) struct Run {
    pub(super) elements: core::ops::Range<usize>,
    /// For every reader its number and its first vector.
    pub(super) readers: Vec<(usize, usize)>,
}

/// The parts of a table that are read in vectors of `width`, `length` elements from each position.
pub(super) fn runs(positions: &[usize], length: usize, width: usize) -> Vec<Run> {
    let mut order: Vec<usize> = (0..positions.len()).collect();
    order.sort_unstable_by_key(|reader| (positions[*reader] % width, positions[*reader]));
    let mut runs: Vec<Run> = Vec::new();
    for reader in order {
        let start = positions[reader];
        match runs.last_mut() {
            Some(Run { elements, readers })
                if (elements.start..=elements.end).contains(&start)
                    && (start - elements.start).is_multiple_of(width) =>
            {
                readers.push((reader, (start - elements.start) / width));
                elements.end = start + length;
            }
            _ => runs.push(Run { elements: start..start + length, readers: vec![(reader, 0)] }),
        }
    }
    runs
}

/// Adds values to running totals.
pub(super) fn add_all(mut totals: Vec<Fe>, values: Vec<Fe>) -> Vec<Fe> {
    totals.iter_mut().zip(values).for_each(|(total, value)| *total += value);
    totals
}
