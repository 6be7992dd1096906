//! Degrees of the constraint quotients.

use crate::air::Air;
use crate::error::AirError;
use crate::graph::Node;
use crate::zerofier::Zerofier;

/// The degree bound of every constraint's quotient, in the order of [`Air::constraints`].
///
/// # Errors
/// [`AirError::Rows`] if a set of rows does not fit the trace length.
pub fn constraint_degrees<A: Air + ?Sized>(air: &A) -> Result<Vec<u64>, AirError> {
    let n = air.trace_length();
    let degrees = node_degrees(air);
    let quotient_degree = |constraint: &crate::Constraint| {
        let rows = |factors: &[Zerofier]| {
            let powers = factors.iter().map(|factor| factor.resolve(n).map(|powers| powers.x));
            powers.sum::<Option<u64>>().ok_or_else(|| AirError::Rows {
                constraint: constraint.name.clone(),
                trace_length: n,
            })
        };
        let raised = degrees[constraint.expr.index()] + rows(&constraint.numerators)?;
        Ok(raised.saturating_sub(rows(&constraint.denominators)?))
    };
    air.constraints().iter().map(quotient_degree).collect()
}

/// Checks that every quotient has degree below twice the trace length.
///
/// # Errors
/// [`AirError::Degree`] for the first constraint that does not, or [`AirError::Rows`].
pub fn check_degrees<A: Air + ?Sized>(air: &A) -> Result<(), AirError> {
    let limit = 2 * air.trace_length() - 1;
    for (constraint, degree) in air.constraints().iter().zip(constraint_degrees(air)?) {
        if degree > limit {
            return Err(AirError::Degree { constraint: constraint.name.clone(), degree, limit });
        }
    }
    Ok(())
}

fn node_degrees<A: Air + ?Sized>(air: &A) -> Vec<u64> {
    let n = air.trace_length();
    let mut degrees: Vec<u64> = Vec::with_capacity(air.graph().nodes.len());
    for node in &air.graph().nodes {
        let degree = match *node {
            Node::Const(_) | Node::Param(_) => 0,
            Node::Mask(_) => n - 1,
            Node::Periodic(position) => {
                let column = &air.periodic()[position as usize];
                (column.values.len() as u64 - 1) * (n / column.period_rows)
            }
            Node::Neg(a) => degrees[a.index()],
            Node::Add(a, b) | Node::Sub(a, b) => degrees[a.index()].max(degrees[b.index()]),
            Node::Mul(a, b) => degrees[a.index()] + degrees[b.index()],
        };
        degrees.push(degree);
    }
    degrees
}
