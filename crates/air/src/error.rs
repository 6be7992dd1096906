//! What can be wrong with the inputs of an evaluation.

use thiserror::Error;

/// A mismatch between an AIR and the values it is evaluated on.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum AirError {
    /// The number of mask values is not the AIR's.
    #[error("{actual} mask values, expected {expected}")]
    MaskCount {
        /// Entries of the AIR's mask.
        expected: usize,
        /// Values given.
        actual: usize,
    },
    /// The number of parameters is not what the expressions use.
    #[error("{actual} parameters, expected {expected}")]
    ParamCount {
        /// Parameters used by the expressions.
        expected: usize,
        /// Values given.
        actual: usize,
    },
    /// The number of interaction elements is not the AIR's.
    #[error("{actual} interaction elements, expected {expected}")]
    InteractionCount {
        /// Elements the AIR draws.
        expected: usize,
        /// Elements given.
        actual: usize,
    },
    /// The number of trace columns is not the AIR's.
    #[error("{actual} columns, expected {expected}")]
    ColumnCount {
        /// Columns of both phases.
        expected: usize,
        /// Columns given.
        actual: usize,
    },
    /// A column does not have one value per row.
    #[error("column {column} has {actual} values, expected {expected}")]
    ColumnLength {
        /// Position of the column.
        column: usize,
        /// The trace length.
        expected: usize,
        /// Values given.
        actual: usize,
    },
    /// A set of rows does not fit the trace: a period or fraction does not divide its length.
    #[error("the rows of constraint {constraint} do not divide a trace of {trace_length} rows")]
    Rows {
        /// Name of the constraint.
        constraint: String,
        /// The trace length.
        trace_length: u64,
    },
    /// The point lies where the denominator of a constraint vanishes.
    #[error("the denominator of constraint {constraint} vanishes at the point")]
    ZeroDenominator {
        /// Name of the constraint.
        constraint: String,
    },
    /// The coset contains points of the trace domain, where denominators vanish.
    #[error("the coset meets the trace domain")]
    CosetMeetsTraceDomain,
    /// A parameter derived from the public input is a fraction whose denominator vanishes.
    #[error("the denominator of {param} vanishes for these interaction elements")]
    UndefinedParam {
        /// Name of the parameter.
        param: &'static str,
    },
    /// A constraint's quotient does not fit the composition polynomial.
    #[error("constraint {constraint} has a quotient of degree {degree}, the limit is {limit}")]
    Degree {
        /// Name of the constraint.
        constraint: String,
        /// Degree bound of its quotient.
        degree: u64,
        /// Largest permitted degree.
        limit: u64,
    },
}
