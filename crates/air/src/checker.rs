//! Checks a concrete trace row by row and names everything that is wrong with it.

use std::collections::HashMap;

use novation_field::Fe;
use rayon::prelude::*;

use crate::air::{Air, Constraint};
use crate::error::AirError;
use crate::graph::{Graph, Node, NodeId};
use crate::periodic::periodic_on_coset;
use crate::zerofier::{Powers, Zerofier};

/// A constraint that a trace violates.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    /// Coefficient index of the constraint.
    pub index: usize,
    /// Name of the constraint.
    pub name: String,
    /// Every row on which it should vanish and does not.
    pub rows: Vec<u64>,
}

/// All violations of all live constraints, in the order of [`Air::constraints`].
///
/// `columns` are the trace columns of both phases in row order.
///
/// # Errors
/// [`AirError::ColumnCount`], [`AirError::ColumnLength`] or [`AirError::ParamCount`] for values of
/// the wrong shape, [`AirError::Rows`] if a set of rows does not fit the trace length.
pub fn check_trace<A: Air + ?Sized, C: AsRef<[Fe]> + Sync>(
    air: &A,
    columns: &[C],
    params: &[Fe],
) -> Result<Vec<Failure>, AirError> {
    let view = TraceView::new(air, columns, params)?;
    let failures: Result<Vec<_>, _> = air.constraints().iter().map(|c| view.check(c)).collect();
    Ok(failures?.into_iter().flatten().collect())
}

/// The violations of one constraint, given by its position in [`Air::constraints`].
///
/// # Errors
/// As [`check_trace`].
///
/// # Panics
/// If there is no such constraint.
pub fn check_constraint<A: Air + ?Sized, C: AsRef<[Fe]> + Sync>(
    air: &A,
    position: usize,
    columns: &[C],
    params: &[Fe],
) -> Result<Option<Failure>, AirError> {
    TraceView::new(air, columns, params)?.check(&air.constraints()[position])
}

/// A trace with everything needed to evaluate an expression on one of its rows.
struct TraceView<'a, A: ?Sized, C> {
    air: &'a A,
    columns: &'a [C],
    params: &'a [Fe],
    periodic: Vec<Vec<Fe>>,
}

impl<'a, A: Air + ?Sized, C: AsRef<[Fe]> + Sync> TraceView<'a, A, C> {
    fn new(air: &'a A, columns: &'a [C], params: &'a [Fe]) -> Result<Self, AirError> {
        let expected = air.n_columns().iter().sum();
        if columns.len() != expected {
            return Err(AirError::ColumnCount { expected, actual: columns.len() });
        }
        for (column, values) in columns.iter().enumerate() {
            let (expected, actual) = (1 << air.log_trace_length(), values.as_ref().len());
            if actual != expected {
                return Err(AirError::ColumnLength { column, expected, actual });
            }
        }
        let expected = air.param_names().len();
        if params.len() != expected {
            return Err(AirError::ParamCount { expected, actual: params.len() });
        }
        let on_trace = |column| periodic_on_coset(column, Fe::ONE, air.log_trace_length());
        let periodic = air.periodic().iter().map(on_trace).collect();
        Ok(Self { air, columns, params, periodic })
    }

    fn check(&self, constraint: &Constraint) -> Result<Option<Failure>, AirError> {
        let program = SubGraph::new(self.air.graph(), constraint.expr);
        let rows = constrained_rows(constraint, self.air.trace_length())?;
        let fails =
            |values: &mut Vec<Fe>, row: u64| (!self.eval(&program, row, values)).then_some(row);
        let rows: Vec<u64> =
            rows.into_par_iter().map_init(Vec::new, fails).flatten_iter().collect();
        Ok((!rows.is_empty()).then(|| Failure {
            index: constraint.index,
            name: constraint.name.clone(),
            rows,
        }))
    }

    /// Whether the expression vanishes on the row.
    fn eval(&self, program: &SubGraph, row: u64, values: &mut Vec<Fe>) -> bool {
        values.clear();
        for node in &program.nodes {
            let value = match *node {
                Node::Const(value) => value,
                Node::Mask(position) => self.cell(position, row),
                Node::Periodic(position) => {
                    let column = &self.periodic[position as usize];
                    column[wrap(row, column.len())]
                }
                Node::Param(position) => self.params[position as usize],
                Node::Add(a, b) => values[a.index()] + values[b.index()],
                Node::Sub(a, b) => values[a.index()] - values[b.index()],
                Node::Mul(a, b) => values[a.index()] * values[b.index()],
                Node::Neg(a) => -values[a.index()],
            };
            values.push(value);
        }
        values.last().is_some_and(Fe::is_zero)
    }

    fn cell(&self, position: u32, row: u64) -> Fe {
        let mask = self.air.mask()[position as usize];
        let column = self.columns[mask.column].as_ref();
        column[wrap(row + mask.row, column.len())]
    }
}

fn wrap(row: u64, length: usize) -> usize {
    usize::try_from(row % length as u64).expect("reduced modulo a usize")
}

/// The nodes one expression depends on, renumbered; the last is the expression itself.
struct SubGraph {
    nodes: Vec<Node>,
}

impl SubGraph {
    fn new(graph: &Graph, root: NodeId) -> Self {
        let live = graph.reachable([root]);
        let mut renumbered: HashMap<NodeId, NodeId> = HashMap::new();
        let mut nodes = Vec::new();
        for (position, node) in graph.nodes.iter().enumerate().take(root.index() + 1) {
            if live[position] {
                let next = NodeId(u32::try_from(nodes.len()).expect("a part of a graph"));
                renumbered.insert(NodeId(u32::try_from(position).expect("a node")), next);
                nodes.push(match *node {
                    Node::Add(a, b) => Node::Add(renumbered[&a], renumbered[&b]),
                    Node::Sub(a, b) => Node::Sub(renumbered[&a], renumbered[&b]),
                    Node::Mul(a, b) => Node::Mul(renumbered[&a], renumbered[&b]),
                    Node::Neg(a) => Node::Neg(renumbered[&a]),
                    leaf => leaf,
                });
            }
        }
        Self { nodes }
    }
}

/// The rows where more denominator factors vanish than numerator factors.
fn constrained_rows(constraint: &Constraint, n: u64) -> Result<Vec<u64>, AirError> {
    let resolve = |factors: &[Zerofier]| -> Option<Vec<Powers>> {
        factors.iter().map(|factor| factor.resolve(n)).collect()
    };
    let (Some(numerators), Some(denominators)) =
        (resolve(&constraint.numerators), resolve(&constraint.denominators))
    else {
        return Err(AirError::Rows { constraint: constraint.name.clone(), trace_length: n });
    };
    let count = |factors: &[Powers], row| factors.iter().filter(|f| f.contains(row, n)).count();
    let mut rows: Vec<u64> = Vec::new();
    for factor in &denominators {
        let Some(first) = factor.first_row() else { continue };
        let members = (first..n).step_by(usize::try_from(factor.period).unwrap_or(usize::MAX));
        rows.extend(members.filter(|&row| count(&denominators, row) > count(&numerators, row)));
    }
    rows.sort_unstable();
    rows.dedup();
    Ok(rows)
}
