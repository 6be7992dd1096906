//! Transforms, per butterfly or per element.

use std::hint::black_box;

use novation_field::fft::{bit_reverse, Twiddles};
use novation_field::Fe;

use crate::fastest_ns;

/// Transforms smaller than this are repeated on a buffer of this size.
const LOG_BUFFER: u32 = 16;

fn elements(log_size: u32) -> Vec<Fe> {
    (1..=1u64 << log_size).map(Fe::from_u64).collect()
}

fn butterflies(log_size: u32) -> usize {
    (1 << (log_size - 1)) * log_size as usize
}

/// Evaluation in place on the subgroup, from memory to memory.
pub(crate) fn butterfly_ns(log_size: u32) -> f64 {
    let twiddles = Twiddles::new(log_size);
    let mut values = elements(log_size.max(LOG_BUFFER));
    let transforms = values.len() >> log_size;
    fastest_ns(5, transforms * butterflies(log_size), || {
        for values in values.chunks_exact_mut(1 << log_size) {
            twiddles.evaluate(black_box(values), Fe::ONE);
        }
    })
}

/// Interpolation on a coset, its scaling included.
pub(crate) fn inverse_butterfly_ns(log_size: u32) -> f64 {
    let twiddles = Twiddles::new(log_size);
    let mut values = elements(log_size);
    fastest_ns(5, butterflies(log_size), || {
        twiddles.interpolate(black_box(&mut values), Fe::GENERATOR);
    })
}

/// One element of the permutation.
pub(crate) fn bit_reverse_ns(log_size: u32) -> f64 {
    let mut values = elements(log_size);
    fastest_ns(5, values.len(), || bit_reverse(black_box(&mut values)))
}

/// One element of an evaluation on a coset of as many points as coefficients, transform included.
pub(crate) fn evaluate_into_ns(log_size: u32) -> f64 {
    let twiddles = Twiddles::new(log_size);
    let values = elements(log_size);
    let mut out = values.clone();
    fastest_ns(5, values.len(), || {
        twiddles.evaluate_into(black_box(&values), Fe::GENERATOR, &mut out);
    })
}
