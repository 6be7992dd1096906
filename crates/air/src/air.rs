//! The description of an AIR.

use novation_field::Fe;

use crate::error::AirError;
use crate::graph::{Graph, NodeId};
use crate::zerofier::Zerofier;

/// A trace cell relative to the current row.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Mask {
    /// Column of the trace, those of the second phase after those of the first.
    pub column: usize,
    /// Distance to the current row, cyclic in the trace length.
    pub row: u64,
}

/// An expression and the rows on which it must vanish: the quotient
/// `expr * numerators / denominators` must be a polynomial.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Constraint {
    /// The coefficient of the quotient in the composition polynomial is `alpha^index`.
    pub index: usize,
    /// Path-like name, as in StarkWare's tables.
    pub name: String,
    /// What must vanish.
    pub expr: NodeId,
    /// Rows that are exempt.
    pub numerators: Vec<Zerofier>,
    /// Rows on which the expression must vanish, less the exempt ones.
    pub denominators: Vec<Zerofier>,
}

/// A column that both parties know: a polynomial in `x^(n/period_rows)`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Periodic {
    /// Name of the column.
    pub name: String,
    /// The column repeats after so many rows, a power of two.
    pub period_rows: u64,
    /// Distance of the rows whose values are given, a power of two.
    pub step_rows: u64,
    /// The `period_rows / step_rows` values at rows 0, `step_rows`, `2 * step_rows`, ...
    pub values: Vec<Fe>,
}

/// An algebraic intermediate representation of one statement.
pub trait Air: Sync {
    /// Base-2 logarithm of the number of rows.
    fn log_trace_length(&self) -> u32;
    /// Columns committed before and after the interaction elements are drawn.
    fn n_columns(&self) -> [usize; 2];
    /// Elements drawn between the two phases.
    fn n_interaction_elements(&self) -> usize;
    /// Coefficient slots of the composition polynomial, live or not.
    fn n_constraints(&self) -> usize;
    /// The cells evaluated out of domain, in the order of the transcript.
    fn mask(&self) -> &[Mask];
    /// The expressions of all constraints.
    fn graph(&self) -> &Graph;
    /// The live constraints; quotients have degree below twice the trace length.
    fn constraints(&self) -> &[Constraint];
    /// The periodic columns.
    fn periodic(&self) -> &[Periodic];
    /// Names of the parameters, for descriptions.
    fn param_names(&self) -> &[String];
    /// The values of the parameters for given interaction elements.
    ///
    /// # Errors
    /// [`AirError::InteractionCount`] for a wrong number of elements, and
    /// [`AirError::UndefinedParam`] in the negligible case of an undefined fraction.
    fn params(&self, interaction: &[Fe]) -> Result<Vec<Fe>, AirError>;

    /// The number of rows.
    fn trace_length(&self) -> u64 {
        1 << self.log_trace_length()
    }
}
