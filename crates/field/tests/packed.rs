//! Vectors of elements against single elements, on whatever vectors the processor has.
#![allow(clippy::unwrap_used)] // A test may fail by unwrapping.
#![allow(clippy::inline_always)] // A task must be inlined to use vectors.

use novation_field::packed::{run, run_scalar, Packed, Task, MAX_WIDTH, SUM_CAPACITY};
use novation_field::Fe;

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
                sum = P::add_product(sum, x, y);
            }
            let nested = x.add(y).mul(x.sub(y)).sub(y.sub(x).add(x)).mul(P::broadcast(self.b[0]));
            let all = [x, x.add(y), x.sub(y), x.mul(y), nested, P::reduce_sum(sum)];
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
        assert!(run(Operations { a: &values, b: &other }) == expected);
        assert!(run_scalar(Operations { a: &values, b: &other }) == expected);
    }
}
