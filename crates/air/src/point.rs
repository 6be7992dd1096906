//! The composition polynomial at one point, as the verifier computes it from mask values.

use std::collections::HashMap;

use novation_field::Fe;

use crate::air::{Air, Constraint};
use crate::error::AirError;
use crate::periodic::periodic_at_point;
use crate::zerofier::Zerofier;

/// `sum_i alpha^index(i) * expr_i * numerators_i / denominators_i` at `point`.
///
/// # Errors
/// [`AirError::MaskCount`] or [`AirError::ParamCount`] for wrong numbers of values,
/// [`AirError::Rows`] if a set of rows does not fit the trace length, and
/// [`AirError::ZeroDenominator`] if the point lies on the trace domain.
pub fn eval_composition<A: Air + ?Sized>(
    air: &A,
    mask_values: &[Fe],
    alpha: Fe,
    point: Fe,
    params: &[Fe],
) -> Result<Fe, AirError> {
    let quotients = eval_constraints(air, mask_values, point, params)?;
    let terms = air.constraints().iter().zip(quotients);
    Ok(terms.map(|(constraint, quotient)| alpha.pow(constraint.index as u64) * quotient).sum())
}

/// The quotient of every live constraint at `point`, in the order of [`Air::constraints`].
///
/// # Errors
/// As [`eval_composition`].
pub fn eval_constraints<A: Air + ?Sized>(
    air: &A,
    mask_values: &[Fe],
    point: Fe,
    params: &[Fe],
) -> Result<Vec<Fe>, AirError> {
    check_counts(air, mask_values.len(), params.len())?;
    let log_n = air.log_trace_length();
    let periodic: Vec<Fe> =
        air.periodic().iter().map(|column| periodic_at_point(column, point, log_n)).collect();
    let values = air.graph().eval(mask_values, &periodic, params);
    let mut zerofiers = ZerofierValues { point, log_n, known: HashMap::new() };
    let quotient = |constraint: &Constraint| {
        let numerator = zerofiers.product(&constraint.numerators, constraint)?;
        let denominator = zerofiers.product(&constraint.denominators, constraint)?;
        let inverse = denominator
            .inverse()
            .ok_or_else(|| AirError::ZeroDenominator { constraint: constraint.name.clone() })?;
        Ok(values[constraint.expr.index()] * numerator * inverse)
    };
    air.constraints().iter().map(quotient).collect()
}

fn check_counts<A: Air + ?Sized>(air: &A, mask: usize, params: usize) -> Result<(), AirError> {
    if mask != air.mask().len() {
        return Err(AirError::MaskCount { expected: air.mask().len(), actual: mask });
    }
    let expected = air.param_names().len();
    if params != expected {
        return Err(AirError::ParamCount { expected, actual: params });
    }
    Ok(())
}

/// Zerofiers at one point; many constraints share them.
struct ZerofierValues {
    point: Fe,
    log_n: u32,
    known: HashMap<Zerofier, Fe>,
}

impl ZerofierValues {
    fn product(&mut self, factors: &[Zerofier], owner: &Constraint) -> Result<Fe, AirError> {
        let mut product = Fe::ONE;
        for factor in factors {
            product *= self.get(factor, owner)?;
        }
        Ok(product)
    }

    fn get(&mut self, factor: &Zerofier, owner: &Constraint) -> Result<Fe, AirError> {
        if let Some(value) = self.known.get(factor) {
            return Ok(*value);
        }
        let value = factor.eval(self.point, self.log_n).ok_or_else(|| AirError::Rows {
            constraint: owner.name.clone(),
            trace_length: 1 << self.log_n,
        })?;
        self.known.insert(*factor, value);
        Ok(value)
    }
}
