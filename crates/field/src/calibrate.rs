//! How fast this processor is: the unit in which the cost of a proof is counted.

use std::hint::black_box;
use std::time::Instant;

use crate::packed::{run, Packed, Task};
use crate::Fe;

/// Chains of products side by side: enough to hide the latency of one.
const CHAINS: usize = 16;
/// Products of one chain in one measurement, about 0.3 ms in all.
const LENGTH: usize = 1 << 11;
/// The fastest of several measurements is the one that nothing disturbed.
const REPETITIONS: usize = 32;

/// Nanoseconds of one field multiplication on one core with the widest vectors of this processor,
/// operands in the cache. Takes about 10 ms, ten times as much without vectors.
pub fn field_mul_ns() -> f64 {
    let mut best = f64::INFINITY;
    for _ in 0..REPETITIONS {
        let start = Instant::now();
        let products = black_box(run(Chains { factor: black_box(Fe::GENERATOR) }));
        best = best.min(start.elapsed().as_secs_f64() * 1e9 / products.1);
    }
    best
}

/// Independent chains of products with one factor.
struct Chains {
    factor: Fe,
}

impl Task for Chains {
    type Output = (Fe, f64);

    #[inline(always)]
    fn run<P: Packed>(self) -> Self::Output {
        let factor = P::broadcast(self.factor);
        let mut values = [factor; CHAINS];
        for _ in 0..LENGTH {
            for value in &mut values {
                *value = value.mul(factor);
            }
        }
        let mut total = values[0];
        for value in values {
            total = total.add(value);
        }
        let mut first = [Fe::ZERO; crate::packed::MAX_WIDTH];
        total.store(&mut first);
        #[allow(clippy::cast_precision_loss)] // A small count.
        (first[0], (CHAINS * LENGTH * P::WIDTH) as f64)
    }
}
