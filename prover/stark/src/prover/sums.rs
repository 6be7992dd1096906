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

/// The sum over all rows of `a * b`.
#[inline(always)]
pub(super) fn dot<P: Packed>(a: &[P], b: &[Fe]) -> Fe {
    let mut total = P::broadcast(Fe::ZERO);
    for (a, b) in a.chunks(SUM_CAPACITY).zip(b.chunks(SUM_CAPACITY * P::WIDTH)) {
        let mut sum = P::no_sum();
        for (a, b) in a.iter().zip(b.chunks_exact(P::WIDTH)) {
            P::add_product(&mut sum, a, &P::load(b));
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

/// The sums over all terms of `values * coefficient`, for the rows from `start`.
#[inline(always)]
pub(super) fn combine<P: Packed>(terms: &[(&[Fe], P)], start: usize) -> P {
    let mut total = P::broadcast(Fe::ZERO);
    for terms in terms.chunks(SUM_CAPACITY) {
        let mut sum = P::no_sum();
        for (values, coefficient) in terms {
            P::add_product(&mut sum, &P::load(&values[start..]), coefficient);
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

/// Adds values to running totals.
pub(super) fn add_all(mut totals: Vec<Fe>, values: Vec<Fe>) -> Vec<Fe> {
    totals.iter_mut().zip(values).for_each(|(total, value)| *total += value);
    totals
}
