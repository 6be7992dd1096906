//! Folding: f(x) = g(x^2) + x h(x^2) becomes 2 (g + beta h), as a polynomial in x^2.
//!
//! Stone leaves the factor 2 of every fold in place, and folds over the subgroup: the polynomial of
//! layer 0 is the DEEP polynomial at 3x.

use novation_field::{batch_inverse, Fe};
use rayon::prelude::*;

use crate::domain::Subgroup;

/// Values that one parallel task computes at least.
const MIN_TASK: usize = 256;

/// Folds the coset of `2^step` values that starts at `first` down to one value.
///
/// `domain` is the domain of the layer and `point` the challenge of its first fold; further folds
/// use the square, the fourth power, and so on.
pub fn fold_coset(values: &[Fe], domain: &Subgroup, first: u64, point: Fe) -> Fe {
    let mut values = values.to_vec();
    let mut point = point;
    // Neighbours are x and -x, so only even positions need the inverse of their x.
    let mut inverses: Vec<Fe> =
        (0..values.len() as u64).step_by(2).map(|j| domain.element(first + j)).collect();
    batch_inverse(&mut inverses);
    while values.len() > 1 {
        let pairs = values.chunks_exact(2).zip(&inverses);
        values =
            pairs.map(|(pair, x)| pair[0] + pair[1] + point * x * (pair[0] - pair[1])).collect();
        point = point.square();
        // The domain of the next layer is the squares of the even positions, in the same order.
        inverses = inverses.iter().step_by(2).map(|x| x.square()).collect();
    }
    values[0]
}

/// Folds coefficients, lowest first, `step` times.
///
/// # Panics
/// If there are fewer than `2^step` coefficients.
pub fn fold_coefficients(coefficients: &[Fe], step: u32, point: Fe) -> Vec<Fe> {
    assert!(
        coefficients.len() >> step > 0,
        "{} coefficients, folded by 2^{step}",
        coefficients.len()
    );
    let points: Vec<Fe> =
        std::iter::successors(Some(point), |p| Some(p.square())).take(step as usize).collect();
    let fold = |group: &[Fe]| {
        let mut values = group.to_vec();
        for point in &points {
            for i in 0..values.len() / 2 {
                values[i] = (values[2 * i] + *point * values[2 * i + 1]).double();
            }
            values.truncate(values.len() / 2);
        }
        values[0]
    };
    coefficients.par_chunks_exact(1 << step).with_min_len(MIN_TASK).map(fold).collect()
}

#[cfg(test)]
mod tests {
    use novation_field::fft::{evaluate_at, Twiddles};

    use super::*;

    #[test]
    fn test_fold_of_values_agrees_with_fold_of_coefficients() {
        let (log_size, step) = (6, 3);
        let point = Fe::from_u64(1_234_567);
        let coefficients: Vec<Fe> = (1..=16u64).map(|i| Fe::from_u64(i).pow(99)).collect();
        let mut values = coefficients.clone();
        values.resize(1 << log_size, Fe::ZERO);
        Twiddles::new(log_size).evaluate(&mut values, Fe::ONE);
        let folded = fold_coefficients(&coefficients, step, point);
        let (domain, next) = (Subgroup::new(log_size), Subgroup::new(log_size - step));
        for (row, coset) in values.chunks_exact(1 << step).enumerate() {
            let row = row as u64;
            let value = fold_coset(coset, &domain, row << step, point);
            assert_eq!(value, evaluate_at(&folded, next.element(row)));
        }
    }
}
