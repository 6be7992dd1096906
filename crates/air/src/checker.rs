//! Checks a concrete trace row by row and names everything that is wrong with it.

use std::collections::{BTreeSet, HashMap};

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
/// the wrong shape, [`AirError::Rows`] if a set of rows does not fit the trace.
pub fn check_trace<A: Air + ?Sized, C: AsRef<[Fe]> + Sync>(
    air: &A,
    columns: &[C],
    params: &[Fe],
) -> Result<Vec<Failure>, AirError> {
    TraceChecker::new(air, params)?.check(columns)
}

/// Evaluates the constraints of an AIR on concrete traces.
pub struct TraceChecker<'a, A: ?Sized> {
    air: &'a A,
    params: &'a [Fe],
    periodic: Vec<Vec<Fe>>,
    constraints: Vec<RowConstraint>,
}

impl<'a, A: Air + ?Sized> TraceChecker<'a, A> {
    /// Prepares the checks for given parameter values.
    ///
    /// # Errors
    /// [`AirError::ParamCount`] for a wrong number of parameters, [`AirError::Rows`] if a set of
    /// rows does not fit the trace length.
    pub fn new(air: &'a A, params: &'a [Fe]) -> Result<Self, AirError> {
        let expected = air.param_names().len();
        if params.len() != expected {
            return Err(AirError::ParamCount { expected, actual: params.len() });
        }
        let on_trace = |column| periodic_on_coset(column, Fe::ONE, air.log_trace_length());
        let constraint = |constraint| RowConstraint::new(air, constraint);
        Ok(Self {
            air,
            params,
            periodic: air.periodic().iter().map(on_trace).collect(),
            constraints: air.constraints().iter().map(constraint).collect::<Result<_, _>>()?,
        })
    }

    /// All violations, in the order of [`Air::constraints`].
    ///
    /// # Errors
    /// [`AirError::ColumnCount`] or [`AirError::ColumnLength`] for columns of the wrong shape.
    pub fn check<C: AsRef<[Fe]> + Sync>(&self, columns: &[C]) -> Result<Vec<Failure>, AirError> {
        self.check_shape(columns)?;
        let failures = self.air.constraints().iter().zip(&self.constraints);
        let failures = failures.map(|(constraint, program)| {
            let rows = program.rows(self.air.trace_length());
            let failing = rows.into_par_iter().map_init(Vec::new, |values, row| {
                (!self.holds(program, columns, row, values)).then_some(row)
            });
            Failure {
                index: constraint.index,
                name: constraint.name.clone(),
                rows: failing.flatten_iter().collect(),
            }
        });
        Ok(failures.filter(|failure| !failure.rows.is_empty()).collect())
    }

    /// The violations that involve one of the given cells (column and row), in the order of
    /// [`Air::constraints`]: what changes when only these cells of a valid trace change.
    ///
    /// # Errors
    /// As [`TraceChecker::check`].
    pub fn check_cells<C: AsRef<[Fe]> + Sync>(
        &self,
        columns: &[C],
        cells: &[(usize, u64)],
    ) -> Result<Vec<Failure>, AirError> {
        self.check_shape(columns)?;
        let n = self.air.trace_length();
        let mut failures = Vec::new();
        let mut values = Vec::new();
        for (constraint, program) in self.air.constraints().iter().zip(&self.constraints) {
            let rows: BTreeSet<u64> = cells
                .iter()
                .flat_map(|(column, row)| program.rows_reading(self.air, *column, *row))
                .filter(|row| program.applies(*row, n))
                .collect();
            let mut fails = |row: &u64| !self.holds(program, columns, *row, &mut values);
            let rows: Vec<u64> = rows.into_iter().filter(|row| fails(row)).collect();
            if !rows.is_empty() {
                let (index, name) = (constraint.index, constraint.name.clone());
                failures.push(Failure { index, name, rows });
            }
        }
        Ok(failures)
    }

    /// The coefficient indices of the constraints that one row violates.
    ///
    /// # Errors
    /// As [`TraceChecker::check`].
    pub fn check_row<C: AsRef<[Fe]> + Sync>(
        &self,
        columns: &[C],
        row: u64,
    ) -> Result<Vec<usize>, AirError> {
        self.check_shape(columns)?;
        let n = self.air.trace_length();
        let mut values = Vec::new();
        let constraints = self.air.constraints().iter().zip(&self.constraints);
        let failing = constraints.filter(|(_, program)| {
            program.applies(row, n) && !self.holds(program, columns, row, &mut values)
        });
        Ok(failing.map(|(constraint, _)| constraint.index).collect())
    }

    /// The rows on which the constraint with this coefficient index must hold.
    pub fn rows_of(&self, index: usize) -> Vec<u64> {
        let position = self.air.constraints().iter().position(|c| c.index == index);
        position.map_or(Vec::new(), |p| self.constraints[p].rows(self.air.trace_length()))
    }

    fn check_shape<C: AsRef<[Fe]>>(&self, columns: &[C]) -> Result<(), AirError> {
        let expected = self.air.n_columns().iter().sum();
        if columns.len() != expected {
            return Err(AirError::ColumnCount { expected, actual: columns.len() });
        }
        for (column, values) in columns.iter().enumerate() {
            let (expected, actual) = (1 << self.air.log_trace_length(), values.as_ref().len());
            if actual != expected {
                return Err(AirError::ColumnLength { column, expected, actual });
            }
        }
        Ok(())
    }

    /// The value of a constraint's expression on a row, or `None` if there is no such constraint.
    pub fn value<C: AsRef<[Fe]>>(&self, columns: &[C], index: usize, row: u64) -> Option<Fe> {
        let position = self.air.constraints().iter().position(|c| c.index == index)?;
        let mut values = Vec::new();
        self.holds(&self.constraints[position], columns, row, &mut values);
        values.last().copied()
    }

    /// Whether the expression vanishes on the row.
    fn holds<C: AsRef<[Fe]>>(
        &self,
        program: &RowConstraint,
        columns: &[C],
        row: u64,
        values: &mut Vec<Fe>,
    ) -> bool {
        values.clear();
        for node in &program.nodes {
            let value = match *node {
                Node::Const(value) => value,
                Node::Mask(position) => {
                    let mask = self.air.mask()[position as usize];
                    let column = columns[mask.column].as_ref();
                    column[wrap(row + mask.row, column.len())]
                }
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
}

fn wrap(row: u64, length: usize) -> usize {
    usize::try_from(row % length as u64).expect("reduced modulo a usize")
}

/// One constraint: the nodes its expression depends on, the expression last, and its rows.
struct RowConstraint {
    nodes: Vec<Node>,
    numerators: Vec<Powers>,
    denominators: Vec<Powers>,
}

impl RowConstraint {
    fn new<A: Air + ?Sized>(air: &A, constraint: &Constraint) -> Result<Self, AirError> {
        let n = air.trace_length();
        let resolve = |factors: &[Zerofier]| -> Result<Vec<Powers>, AirError> {
            let powers: Option<_> = factors.iter().map(|factor| factor.resolve(n)).collect();
            powers.ok_or_else(|| AirError::Rows {
                constraint: constraint.name.clone(),
                trace_length: n,
            })
        };
        Ok(Self {
            nodes: sub_graph(air.graph(), constraint.expr),
            numerators: resolve(&constraint.numerators)?,
            denominators: resolve(&constraint.denominators)?,
        })
    }

    /// Whether the constraint must hold on a row: more denominators vanish there than numerators.
    fn applies(&self, row: u64, n: u64) -> bool {
        let count = |factors: &[Powers]| factors.iter().filter(|f| f.contains(row, n)).count();
        count(&self.denominators) > count(&self.numerators)
    }

    /// All rows on which the constraint must hold.
    fn rows(&self, n: u64) -> Vec<u64> {
        let members = |factor: &Powers| {
            let step = usize::try_from(factor.period).unwrap_or(usize::MAX);
            factor.first_row().into_iter().flat_map(move |first| (first..n).step_by(step))
        };
        let mut rows: Vec<u64> = self.denominators.iter().flat_map(members).collect();
        rows.retain(|row| self.applies(*row, n));
        rows.sort_unstable();
        rows.dedup();
        rows
    }

    /// The rows from which the expression reads a cell.
    fn rows_reading<'s, A: Air + ?Sized>(
        &'s self,
        air: &'s A,
        column: usize,
        row: u64,
    ) -> impl Iterator<Item = u64> + 's {
        let n = air.trace_length();
        self.nodes.iter().filter_map(move |node| match *node {
            Node::Mask(position) => {
                let mask = air.mask()[position as usize];
                (mask.column == column).then(|| (row + n - mask.row % n) % n)
            }
            _ => None,
        })
    }
}

/// The nodes that `root` depends on, renumbered.
fn sub_graph(graph: &Graph, root: NodeId) -> Vec<Node> {
    let live = graph.reachable([root]);
    let mut renumbered: HashMap<NodeId, NodeId> = HashMap::new();
    let mut nodes = Vec::new();
    for (id, node) in (0..).map(NodeId).zip(&graph.nodes) {
        if live[id.index()] {
            renumbered.insert(id, NodeId(u32::try_from(nodes.len()).expect("part of a graph")));
            nodes.push(match *node {
                Node::Add(a, b) => Node::Add(renumbered[&a], renumbered[&b]),
                Node::Sub(a, b) => Node::Sub(renumbered[&a], renumbered[&b]),
                Node::Mul(a, b) => Node::Mul(renumbered[&a], renumbered[&b]),
                Node::Neg(a) => Node::Neg(renumbered[&a]),
                leaf => leaf,
            });
        }
    }
    nodes
}
