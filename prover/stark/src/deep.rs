//! The DEEP polynomial: the sum of `alpha^j (f_j(x) - v_j) / (x - p_j)` over the values `v_j` sent
//! for points `p_j` outside the domain. It is a polynomial of low degree iff all values are right.

use novation_air::Air;
use novation_field::{batch_inverse, Fe, WideSum};

use crate::proof::COMPOSITION_COLUMNS;

/// Terms with the same denominator `x - point`.
#[derive(Clone, Debug)]
pub struct DeepGroup {
    /// Rows between the point and the out-of-domain point; `None` for the composition columns.
    pub row: Option<u64>,
    /// The root of the denominator.
    pub point: Fe,
    /// Column and coefficient of each term; a column occurs once.
    pub terms: Vec<(usize, Fe)>,
    /// The sum of coefficient times value over the terms.
    pub constant: Fe,
}

/// The terms of the DEEP polynomial, grouped by denominator. Columns are counted over both phases
/// of the trace and then the composition.
pub fn deep_groups<A: Air + ?Sized>(
    air: &A,
    ood_point: Fe,
    ood_values: &[Fe],
    coefficient: Fe,
) -> Vec<DeepGroup> {
    let generator = Fe::root_of_unity(air.log_trace_length());
    let n_columns: usize = air.n_columns().iter().sum();
    let mut groups: Vec<DeepGroup> = Vec::new();
    let mut index_of_row = std::collections::HashMap::new();
    let mut power = Fe::ONE;
    let mask = air.mask().iter().map(|mask| (Some(mask.row), mask.column));
    let composition = (0..COMPOSITION_COLUMNS).map(|column| (None, n_columns + column));
    for ((row, column), value) in mask.chain(composition).zip(ood_values) {
        let index = *index_of_row.entry(row).or_insert_with(|| {
            let point = match row {
                Some(row) => ood_point * generator.pow(row),
                None => ood_point.pow(COMPOSITION_COLUMNS as u64),
            };
            groups.push(DeepGroup { row, point, terms: Vec::new(), constant: Fe::ZERO });
            groups.len() - 1
        });
        groups[index].add_term(column, power, *value);
        power *= coefficient;
    }
    groups
}

impl DeepGroup {
    fn add_term(&mut self, column: usize, coefficient: Fe, value: Fe) {
        self.constant += coefficient * value;
        match self.terms.iter_mut().find(|(known, _)| *known == column) {
            Some((_, sum)) => *sum += coefficient,
            None => self.terms.push((column, coefficient)),
        }
    }
}

/// The value of the DEEP polynomial at a point of the evaluation domain, from the values of all
/// columns there; `None` if the point is the root of a denominator.
pub fn deep_value(groups: &[DeepGroup], point: Fe, columns: &[Fe]) -> Option<Fe> {
    let mut inverses: Vec<Fe> = groups.iter().map(|group| point - group.point).collect();
    if inverses.iter().any(Fe::is_zero) {
        return None;
    }
    batch_inverse(&mut inverses);
    let quotient = |(group, inverse): (&DeepGroup, Fe)| {
        let mut sum = WideSum::default();
        for (column, coefficient) in &group.terms {
            sum.add_product(coefficient, &columns[*column]);
        }
        (sum.reduce() - group.constant) * inverse
    };
    Some(groups.iter().zip(inverses).map(quotient).sum())
}
