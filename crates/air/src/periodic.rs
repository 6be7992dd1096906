//! Evaluation of periodic columns.

use novation_field::fft::{bit_reverse, Twiddles};
use novation_field::{batch_inverse, Fe};

use crate::air::Periodic;

/// The value of the column's polynomial at a point, by the barycentric formula
/// `f(y) = (y^m - 1)/m * sum_k v_k w^k / (y - w^k)` with y = `x^(n/period)`, m values and w of order m.
///
/// # Panics
/// If the column has no values.
pub fn periodic_at_point(column: &Periodic, point: Fe, log_trace_length: u32) -> Fe {
    let m = column.values.len();
    let y = point.pow((1 << log_trace_length) / column.period_rows);
    let w = Fe::root_of_unity(m.ilog2());
    let mut roots = Vec::with_capacity(m);
    let mut root = Fe::ONE;
    for value in &column.values {
        if root == y {
            return *value;
        }
        roots.push(root);
        root *= w;
    }
    let mut inverses: Vec<Fe> = roots.iter().map(|root| y - *root).collect();
    batch_inverse(&mut inverses);
    let terms = column.values.iter().zip(&roots).zip(&inverses);
    let sum: Fe = terms.map(|((value, root), inverse)| *value * *root * *inverse).sum();
    let m_inverse = Fe::from_u64(m as u64).inverse().expect("m is a power of two below p");
    (y.pow(m as u64) - Fe::ONE) * m_inverse * sum
}

/// The values at `offset * g^i` for i below `period_rows`; they repeat after that.
///
/// # Panics
/// If the numbers of rows or values are not powers of two.
pub fn periodic_on_coset(column: &Periodic, offset: Fe, log_trace_length: u32) -> Vec<Fe> {
    let period = usize::try_from(column.period_rows).expect("a trace fits the address space");
    let twiddles = Twiddles::new(period.ilog2());
    let mut coefficients = column.values.clone();
    bit_reverse(&mut coefficients);
    twiddles.interpolate(&mut coefficients, Fe::ONE);
    coefficients.resize(period, Fe::ZERO);
    let y_offset = offset.pow((1 << log_trace_length) / column.period_rows);
    twiddles.evaluate(&mut coefficients, y_offset);
    bit_reverse(&mut coefficients);
    coefficients
}
