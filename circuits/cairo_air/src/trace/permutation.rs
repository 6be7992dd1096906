//! Cumulative products of permutation arguments.

use novation_field::{batch_inverse, Fe};
use rayon::prelude::*;

/// Values inverted with one inversion.
const CHUNK: usize = 1 << 12;

/// The products of `numerator / denominator` over ever longer prefixes.
///
/// Numerators are returned as products in place; zero denominators would make a product zero, which
/// the caller notices at the end.
pub(crate) fn permutation_product(mut numerators: Vec<Fe>, mut denominators: Vec<Fe>) -> Vec<Fe> {
    let inverted = denominators.par_chunks_mut(CHUNK).zip(numerators.par_chunks_mut(CHUNK));
    inverted.for_each(|(denominators, numerators)| {
        batch_inverse(denominators);
        for (numerator, inverse) in numerators.iter_mut().zip(denominators) {
            *numerator *= *inverse;
        }
    });
    let mut product = Fe::ONE;
    for quotient in &mut numerators {
        product *= *quotient;
        *quotient = product;
    }
    numerators
}
