//! Operations on field elements in the first-level cache.
#![allow(clippy::inline_always)] // A task must be inlined to use vectors.

use std::hint::black_box;

use novation_field::packed::{run, Packed, Task, MAX_WIDTH};
use novation_field::{batch_inverse, Fe};

use crate::fastest_ns;

/// Elements in memory, 16 KiB.
const COUNT: usize = 512;
const CHAINS: usize = 16;
const LENGTH: usize = 1 << 12;

/// Products of single elements, several chains at once.
pub(crate) fn scalar_mul_ns() -> f64 {
    let factor = black_box(Fe::GENERATOR);
    fastest_ns(50, CHAINS * LENGTH, || {
        let mut values = [factor; CHAINS];
        for _ in 0..LENGTH {
            for value in &mut values {
                *value *= factor;
            }
        }
        black_box(values);
    })
}

pub(crate) fn add_ns() -> f64 {
    fastest_ns(50, CHAINS * LENGTH * width(), || {
        black_box(run(Additions(black_box(Fe::GENERATOR))));
    })
}

pub(crate) fn add_product_ns() -> f64 {
    let values = elements();
    fastest_ns(500, COUNT, || {
        black_box(run(DotProduct(black_box(&values))));
    })
}

/// From memory to vectors, with an addition that uses them.
pub(crate) fn load_ns() -> f64 {
    let values = elements();
    fastest_ns(500, COUNT, || {
        black_box(run(LoadAll(black_box(&values))));
    })
}

pub(crate) fn batch_inverse_ns() -> f64 {
    let mut values = vec![Fe::GENERATOR; 1 << 12];
    fastest_ns(50, values.len(), || batch_inverse(black_box(&mut values)))
}

fn elements() -> Vec<Fe> {
    (1..=COUNT as u64).map(|i| Fe::from_u64(i).pow(99)).collect()
}

fn width() -> usize {
    run(Width)
}

fn first<P: Packed>(value: P) -> Fe {
    let mut values = [Fe::ZERO; MAX_WIDTH];
    value.store(&mut values);
    values[0]
}

struct Width;

impl Task for Width {
    type Output = usize;

    #[inline(always)]
    fn run<P: Packed>(self) -> usize {
        P::WIDTH
    }
}

struct Additions(Fe);

impl Task for Additions {
    type Output = Fe;

    #[inline(always)]
    fn run<P: Packed>(self) -> Fe {
        let addend = P::broadcast(self.0);
        let mut values = [addend; CHAINS];
        for _ in 0..LENGTH {
            for value in &mut values {
                *value = value.add(addend);
            }
        }
        let mut total = addend;
        for value in values {
            total = total.sub(value);
        }
        first(total)
    }
}

/// Products of vectors in memory with one in registers, summed without reduction.
struct DotProduct<'v>(&'v [Fe]);

impl Task for DotProduct<'_> {
    type Output = Fe;

    #[inline(always)]
    fn run<P: Packed>(self) -> Fe {
        let factor = P::load(self.0);
        // Several sums: the additions to one wait for each other.
        let mut sums = [P::no_sum(); 4];
        for (i, values) in self.0.chunks_exact(P::WIDTH).enumerate() {
            P::add_product(&mut sums[i % 4], &P::load(values), &factor);
        }
        let mut total = P::reduce_sum(&sums[0]);
        for sum in &sums[1..] {
            total = total.add(P::reduce_sum(sum));
        }
        first(total)
    }
}

struct LoadAll<'v>(&'v [Fe]);

impl Task for LoadAll<'_> {
    type Output = Fe;

    #[inline(always)]
    fn run<P: Packed>(self) -> Fe {
        let mut total = P::load(self.0);
        for values in self.0.chunks_exact(P::WIDTH) {
            total = total.add_lazy(P::load(values)).reduce();
        }
        first(total)
    }
}
