//! Transforms against the definition, on sizes of every code path.
#![allow(clippy::unwrap_used)] // A test may fail by unwrapping.

use novation_field::fft::{bit_reverse_index, evaluate_at, Twiddles};
use novation_field::Fe;

/// Reproducible elements, with the extremes among them.
fn elements(count: usize, seed: u64) -> Vec<Fe> {
    let mut state = Fe::from_u64(seed);
    let mut next = || {
        state = state * state + Fe::from_u64(0x9e37_79b9);
        state
    };
    let extremes = [Fe::ZERO, Fe::ONE, -Fe::ONE];
    (0..count).map(|i| if i % 7 == 3 { extremes[i % 3] } else { next() }).collect()
}

#[test]
fn test_evaluate_into_when_degree_exceeds_points_then_values_of_the_polynomial() {
    let twiddles = Twiddles::new(9);
    for (log_n, folds) in [(0, 1), (0, 5), (1, 2), (3, 3), (5, 1), (6, 1), (6, 2), (6, 300), (9, 4)]
    {
        let n = 1usize << log_n;
        let coefficients = elements(n * folds, 11);
        let offset = Fe::GENERATOR.pow(77);
        let mut out = vec![Fe::GENERATOR; n];
        twiddles.evaluate_into(&coefficients, offset, &mut out);
        let root = Fe::root_of_unity(log_n);
        for (i, value) in out.iter().enumerate() {
            let point = offset * root.pow(bit_reverse_index(i, log_n) as u64);
            assert_eq!(*value, evaluate_at(&coefficients, point), "2^{log_n} x {folds}, {i}");
        }
    }
}

#[test]
fn test_evaluate_into_when_large_then_agrees_with_evaluate() {
    let twiddles = Twiddles::new(15);
    let coefficients = elements(1 << 15, 12);
    for (log_n, offset) in [(15, Fe::ONE), (15, Fe::GENERATOR), (13, Fe::GENERATOR)] {
        // The coset of 2^13 points is every fourth point of the larger one.
        let mut all = coefficients.clone();
        twiddles.evaluate(&mut all, offset);
        let mut out = vec![Fe::ZERO; 1 << log_n];
        twiddles.evaluate_into(&coefficients, offset, &mut out);
        assert!(out == all[..out.len()], "2^{log_n} points");
    }
}

#[test]
fn test_interpolate_when_evaluated_then_same_coefficients() {
    let twiddles = Twiddles::new(17);
    for log_n in 0..=17 {
        let coefficients = elements(1 << log_n, 13);
        let mut values = coefficients.clone();
        twiddles.evaluate(&mut values, Fe::GENERATOR);
        for i in [0, 1, (1 << log_n) / 2, (1 << log_n) - 1] {
            let i = i % values.len();
            let point =
                Fe::GENERATOR * Fe::root_of_unity(log_n).pow(bit_reverse_index(i, log_n) as u64);
            assert_eq!(values[i], evaluate_at(&coefficients, point), "2^{log_n}, {i}");
        }
        twiddles.interpolate(&mut values, Fe::GENERATOR);
        assert!(values == coefficients, "2^{log_n}");
    }
}
