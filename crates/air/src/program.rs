//! Compiles the constraints of an AIR to straight-line code over blocks of rows.
//!
//! Parameters become constants, cells that occur several times in the mask become one, and
//! constraints with the same rows are summed with their coefficients before they are divided.

use std::collections::HashMap;
use std::ops::Range;

use novation_field::packed::Bounds;
use novation_field::Fe;

use crate::air::Air;
use crate::emitter::Emitter;
use crate::error::AirError;
use crate::graph::{Graph, GraphBuilder, Node, NodeId};
use crate::zerofier::{Powers, Zerofier};

/// One instruction. Operands and results are registers, each with one value per row of a block; the
/// first ones hold the cells of [`Program::mask_used`]. Constants are numbered in
/// [`Program::constants`].
#[derive(Debug, Clone, Copy)]
pub(crate) enum Op {
    /// Reads a periodic column, by its position among those in use.
    LoadPeriodic { to: usize, position: usize },
    /// Reads a constant.
    LoadConstant { to: usize, c: usize },
    /// Computes a value that products use.
    Compute { to: usize, formula: Formula },
    /// Computes a value that only sums and differences use: its carries can wait.
    ComputeLoose { to: usize, formula: Formula },
    /// Replaces a value by its smallest representative.
    Reduce { a: usize },
    /// Adds the value with the weight of a term to the current sum.
    Accumulate { a: usize, term: usize },
    /// Adds the current sum to the result and begins another.
    Flush,
    /// Multiplies the current sum with the quotient of a group that varies within blocks, adds it to
    /// the result and begins another.
    Finish { varying: usize },
}

/// What an instruction computes of registers, numbered constants (`c`) and the bound of what is
/// subtracted.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Formula {
    Add(usize, usize),
    Sub(usize, usize, u32),
    Mul(usize, usize),
    Square(usize),
    AddConstant(usize, usize),
    /// Register, constant and bound.
    SubFromConstant(usize, usize, u32),
    MulConstant(usize, usize),
}

/// The rows shared by a group of constraints.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct Rows {
    pub(crate) numerators: Vec<Powers>,
    pub(crate) denominators: Vec<Powers>,
}

/// Constraints with the same rows.
#[derive(Debug)]
pub(crate) struct Group {
    pub(crate) rows: Rows,
    /// Their positions in [`Program::coefficients`].
    pub(crate) terms: Range<usize>,
}

/// Most constraints of the Cairo AIR repeat with the 16 rows of a step.
const STEADY_PERIOD: usize = 16;
/// With fewer terms it costs less to weigh every term than to multiply their sum in every row.
const MAX_WEIGHED_TERMS: usize = 4;

/// Straight-line code for the composition polynomial.
///
/// The quotient of most constraints repeats after few rows, so it is the same in all rows of a block
/// and there are few of them: they are multiplied into the weights of the terms beforehand. Small
/// groups whose quotient is the same in all rows of a block are weighed for every block. The sums
/// of the other groups are multiplied with theirs row by row.
#[derive(Debug, Default)]
pub(crate) struct Program {
    pub(crate) ops: Vec<Op>,
    /// Registers of computed values.
    pub(crate) n_registers: usize,
    pub(crate) constants: Vec<Fe>,
    /// Of the constraints in the composition polynomial; the weights without the quotients.
    pub(crate) coefficients: Vec<Fe>,
    /// Groups whose quotient repeats after `steady_period` rows.
    pub(crate) steady: Vec<Group>,
    pub(crate) steady_period: usize,
    /// Small groups whose quotient repeats after the rows between those of a block.
    pub(crate) blockwise: Vec<Group>,
    pub(crate) varying: Vec<Group>,
    /// Positions of the cells that are read.
    pub(crate) mask_used: Vec<usize>,
    /// Positions of the periodic columns that are read.
    pub(crate) periodic_used: Vec<usize>,
}

/// Constraints of one group: coefficient and expression.
pub(crate) type Terms = Vec<(Fe, NodeId)>;

impl Program {
    /// `stride` is the distance of neighbouring rows of a block, a power of two; `bounds` are those
    /// of the vectors that will run the program.
    pub(crate) fn new<A: Air + ?Sized>(
        air: &A,
        params: &[Fe],
        alpha: Fe,
        stride: usize,
        bounds: Bounds,
    ) -> Result<Self, AirError> {
        let steady_period = STEADY_PERIOD.min(stride);
        let (graph, renumbered) = specialise(air, params);
        let mut groups: Vec<(Rows, Terms)> = Vec::new();
        for constraint in air.constraints() {
            let rows = rows_of(air, constraint)?;
            let term = (alpha.pow(constraint.index as u64), renumbered[constraint.expr.index()]);
            match groups.iter_mut().find(|(known, _)| *known == rows) {
                Some((_, terms)) => terms.push(term),
                None => groups.push((rows, vec![term])),
            }
        }
        let (steady, varying): (Vec<_>, Vec<_>) =
            groups.into_iter().partition(|(rows, _)| rows.repeat_every(steady_period as u64));
        let (blockwise, varying): (Vec<_>, Vec<_>) =
            varying.into_iter().partition(|(rows, terms)| {
                terms.len() <= MAX_WEIGHED_TERMS && rows.repeat_every(stride as u64)
            });
        let groups = steady.iter().chain(&blockwise).chain(&varying);
        let program = Emitter::new(&graph, &groups, bounds).emit(steady, blockwise, varying);
        Ok(Self { steady_period, ..program })
    }
}

impl Rows {
    /// Whether the quotient is the same in rows at this distance.
    fn repeat_every(&self, stride: u64) -> bool {
        let mut factors = self.numerators.iter().chain(&self.denominators);
        factors.all(|powers| powers.x > 1 && powers.period <= stride)
    }
}

/// The graph with parameters as constants and repeated mask cells merged.
fn specialise<A: Air + ?Sized>(air: &A, params: &[Fe]) -> (Graph, Vec<NodeId>) {
    let mut first = HashMap::new();
    let canonical: Vec<u32> = (0u32..)
        .zip(air.mask())
        .map(|(position, cell)| *first.entry((cell.column, cell.row)).or_insert(position))
        .collect();
    let mut builder = GraphBuilder::default();
    let mut renumbered: Vec<NodeId> = Vec::with_capacity(air.graph().nodes.len());
    for node in &air.graph().nodes {
        let id = match *node {
            Node::Param(position) => builder.leaf(Node::Const(params[position as usize])),
            Node::Mask(position) => builder.leaf(Node::Mask(canonical[position as usize])),
            Node::Add(a, b) => builder.add(renumbered[a.index()], renumbered[b.index()]),
            Node::Sub(a, b) => builder.sub(renumbered[a.index()], renumbered[b.index()]),
            Node::Mul(a, b) => builder.mul(renumbered[a.index()], renumbered[b.index()]),
            Node::Neg(a) => builder.neg(renumbered[a.index()]),
            leaf => builder.leaf(leaf),
        };
        renumbered.push(id);
    }
    (builder.into_graph(), renumbered)
}

fn rows_of<A: Air + ?Sized>(air: &A, constraint: &crate::Constraint) -> Result<Rows, AirError> {
    let resolve = |factors: &[Zerofier]| -> Result<Vec<Powers>, AirError> {
        let powers = factors.iter().map(|factor| {
            factor.resolve(air.trace_length()).ok_or_else(|| AirError::Rows {
                constraint: constraint.name.clone(),
                trace_length: air.trace_length(),
            })
        });
        powers.collect()
    };
    Ok(Rows {
        numerators: resolve(&constraint.numerators)?,
        denominators: resolve(&constraint.denominators)?,
    })
}
