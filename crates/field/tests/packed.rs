//! Vectors of elements against single elements, on all vectors that the processor has.
#![allow(clippy::unwrap_used)] // A test may fail by unwrapping.
#![allow(clippy::inline_always)] // A task must be inlined to use vectors.

use novation_field::packed::{bounds_of, run_with, Bounds, Packed, Task, MAX_WIDTH, SUM_CAPACITY};
use novation_field::{Fe, Kernel};

/// Values whose limbs stress carries, and their neighbours.
fn elements() -> Vec<Fe> {
    let mut values = Vec::new();
    for shift in 0..252 {
        let power = Fe::from_u64(2).pow(shift);
        values.extend([power, -power, power - Fe::ONE, power.inverse().unwrap()]);
    }
    for limbs in
        [[u64::MAX, u64::MAX, u64::MAX, 0x0800_0000_0000_0010], [0, 0, 0, 0x0800_0000_0000_0011]]
    {
        values.push(Fe::from_montgomery_limbs(limbs).unwrap());
    }
    values.extend([Fe::ZERO; 6]);
    assert_eq!(values.len() % MAX_WIDTH, 0);
    values
}

/// Pairs of elements, and what operations on vectors make of them.
struct Operations<'v> {
    a: &'v [Fe],
    b: &'v [Fe],
}

impl Task for Operations<'_> {
    type Output = [Vec<Fe>; 6];

    #[inline(always)]
    fn run<P: Packed>(self) -> Self::Output {
        let mut results: [Vec<Fe>; 6] = Default::default();
        let mut buffer = [Fe::ZERO; MAX_WIDTH];
        for (a, b) in self.a.chunks_exact(P::WIDTH).zip(self.b.chunks_exact(P::WIDTH)) {
            let (x, y) = (P::load(a), P::load(b));
            let mut sum = P::no_sum();
            for _ in 0..SUM_CAPACITY {
                P::add_product(&mut sum, &x, &y);
            }
            let nested = x.add(y).mul(x.sub(y)).sub(y.sub(x).add(x)).mul(P::broadcast(self.b[0]));
            let all = [x, x.add(y), x.sub(y), x.mul(y), nested, P::reduce_sum(&sum)];
            for (value, result) in all.into_iter().zip(&mut results) {
                value.store(&mut buffer);
                result.extend_from_slice(&buffer[..P::WIDTH]);
            }
        }
        results
    }
}

#[test]
fn test_operations_on_vectors_agree_with_single_elements() {
    let values = elements();
    for rotation in [0, 1, 5, 100, 503] {
        let mut other = values.clone();
        other.rotate_left(rotation);
        let expected: [Vec<Fe>; 6] = [
            values.clone(),
            values.iter().zip(&other).map(|(a, b)| *a + b).collect(),
            values.iter().zip(&other).map(|(a, b)| *a - b).collect(),
            values.iter().zip(&other).map(|(a, b)| *a * b).collect(),
            values
                .iter()
                .zip(&other)
                .map(|(a, b)| ((*a + b) * (*a - b) - (*b - a + a)) * other[0])
                .collect(),
            values
                .iter()
                .zip(&other)
                .map(|(a, b)| *a * b * Fe::from_u64(SUM_CAPACITY as u64))
                .collect(),
        ];
        for kernel in Kernel::available() {
            let results = run_with(kernel, Operations { a: &values, b: &other });
            assert!(results == expected, "{}", kernel.name());
        }
    }
}

/// Loose operations up to the largest bound.
struct LooseOperations<'v> {
    a: &'v [Fe],
    b: &'v [Fe],
}

impl Task for LooseOperations<'_> {
    type Output = [Vec<Fe>; 6];

    #[inline(always)]
    fn run<P: Packed>(self) -> Self::Output {
        let mut results: [Vec<Fe>; 6] = Default::default();
        let mut buffer = [Fe::ZERO; MAX_WIDTH];
        for (a, b) in self.a.chunks_exact(P::WIDTH).zip(self.b.chunks_exact(P::WIDTH)) {
            let (x, y) = (P::load(a), P::load(b));
            let mut large = y;
            for _ in 1..loads_in_limit(&P::BOUNDS) {
                large = large.add_loose(y);
            }
            let zero = P::spread(&P::uniform(Fe::ZERO));
            let negative = zero.sub_loose(large, P::BOUNDS.loose_limit);
            let mut sum = P::no_sum();
            for _ in 0..SUM_CAPACITY {
                P::add_product(&mut sum, &large.carry(), &P::spread(&P::uniform(self.b[0])));
            }
            let difference = x.mul_loose(y).sub_loose(x.square_loose(), 2);
            let all = [
                large.carry().mul(large.carry()),
                negative.reduce(),
                P::reduce_sum(&sum),
                difference.carry(),
                negative.carry().square(),
                P::transpose(P::transpose([x, y, x, y, y, x, x, x]))[4],
            ];
            for (value, result) in all.into_iter().zip(&mut results) {
                value.store(&mut buffer);
                result.extend_from_slice(&buffer[..P::WIDTH]);
            }
        }
        results
    }
}

/// How many loaded elements may be added up.
fn loads_in_limit(bounds: &Bounds) -> u32 {
    bounds.loose_limit.checked_div(bounds.load).unwrap_or(1)
}

#[test]
fn test_loose_operations_at_their_bounds_agree_with_single_elements() {
    Kernel::available().into_iter().for_each(check_loose_operations);
}

fn check_loose_operations(kernel: Kernel) {
    let values = elements();
    let factor = Fe::from_u64(u64::from(loads_in_limit(&bounds_of(kernel))));
    let capacity = Fe::from_u64(SUM_CAPACITY as u64);
    for rotation in [0, 1, 77, 503] {
        let mut other = values.clone();
        other.rotate_left(rotation);
        let each = |f: &dyn Fn(Fe, Fe) -> Fe| -> Vec<Fe> {
            values.iter().zip(&other).map(|(a, b)| f(*a, *b)).collect()
        };
        let expected = [
            each(&|_, b| (factor * b).square()),
            each(&|_, b| -(factor * b)),
            each(&|_, b| factor * b * other[0] * capacity),
            each(&|a, b| a * b - a.square()),
            each(&|_, b| (factor * b).square()),
            other.clone(),
        ];
        let results = run_with(kernel, LooseOperations { a: &values, b: &other });
        assert!(results == expected, "{}", kernel.name());
    }
}

/// Eight vectors of neighbours against elements at a stride of eight.
struct Transposition<'v>(&'v [Fe]);

impl Task for Transposition<'_> {
    type Output = Vec<Fe>;

    #[inline(always)]
    fn run<P: Packed>(self) -> Vec<Fe> {
        let mut values = self.0.to_vec();
        let mut vectors = [P::load_lazy(self.0, 1); 8];
        for (vector, values) in vectors.iter_mut().zip(self.0.chunks_exact(P::WIDTH)) {
            *vector = P::load_lazy(values, 1);
        }
        for (i, vector) in P::transpose(vectors).into_iter().enumerate() {
            vector.store_reduced(&mut values[i..], 8);
        }
        values
    }
}

#[test]
fn test_transposed_vectors_when_stored_with_a_stride_then_stand_where_they_were() {
    let values: Vec<Fe> = (1..=64).map(Fe::from_u64).collect();
    for kernel in Kernel::available() {
        assert!(run_with(kernel, Transposition(&values)) == values, "{}", kernel.name());
    }
}
