//! Compiles the constraints of an AIR to straight-line code over blocks of rows.
//!
//! Parameters become constants, cells that occur several times in the mask become one, and
//! constraints with the same rows are summed with their coefficients before they are divided.

use std::collections::HashMap;

use novation_field::Fe;

use crate::air::Air;
use crate::error::AirError;
use crate::graph::{Graph, GraphBuilder, Node, NodeId};
use crate::zerofier::{Powers, Zerofier};

/// One instruction. Operands and results are registers, each with one value per row of a block;
/// constants are numbered in [`Program::constants`].
#[derive(Debug, Clone, Copy)]
pub(crate) enum Op {
    /// Reads a cell of the mask, by its position among those in use.
    LoadMask {
        to: usize,
        position: usize,
    },
    /// Reads a periodic column, by its position among those in use.
    LoadPeriodic {
        to: usize,
        position: usize,
    },
    LoadConstant {
        to: usize,
        c: usize,
    },
    Add {
        to: usize,
        a: usize,
        b: usize,
    },
    Sub {
        to: usize,
        a: usize,
        b: usize,
    },
    Mul {
        to: usize,
        a: usize,
        b: usize,
    },
    AddConstant {
        to: usize,
        a: usize,
        c: usize,
    },
    SubFromConstant {
        to: usize,
        a: usize,
        c: usize,
    },
    MulConstant {
        to: usize,
        a: usize,
        c: usize,
    },
    /// Adds `c * a` to the sum of the current group.
    Accumulate {
        a: usize,
        c: usize,
    },
    /// Multiplies the sum of the group with its factor and adds it to the result.
    Finish {
        group: usize,
    },
}

/// The rows shared by a group of constraints.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct Rows {
    pub(crate) numerators: Vec<Powers>,
    pub(crate) denominators: Vec<Powers>,
}

/// Straight-line code for the composition polynomial.
#[derive(Debug)]
pub(crate) struct Program {
    pub(crate) ops: Vec<Op>,
    pub(crate) n_registers: usize,
    pub(crate) constants: Vec<Fe>,
    pub(crate) groups: Vec<Rows>,
    /// Positions of the cells that are read.
    pub(crate) mask_used: Vec<usize>,
    /// Positions of the periodic columns that are read.
    pub(crate) periodic_used: Vec<usize>,
}

/// Constraints of one group: coefficient and expression.
type Terms = Vec<(Fe, NodeId)>;

impl Program {
    pub(crate) fn new<A: Air + ?Sized>(
        air: &A,
        params: &[Fe],
        alpha: Fe,
    ) -> Result<Self, AirError> {
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
        Ok(Emitter::new(&graph, &groups).emit(groups))
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

/// Emits nodes in the order in which the groups need them and reuses registers after the last use.
struct Emitter<'g> {
    graph: &'g Graph,
    uses_left: Vec<usize>,
    register: Vec<Option<usize>>,
    free: Vec<usize>,
    constants: HashMap<Fe, usize>,
    program: Program,
}

impl<'g> Emitter<'g> {
    fn new(graph: &'g Graph, groups: &[(Rows, Terms)]) -> Self {
        let roots = || groups.iter().flat_map(|(_, terms)| terms.iter().map(|(_, node)| *node));
        let live = graph.reachable(roots());
        let mut uses_left = vec![0; graph.nodes.len()];
        let edges = graph.nodes.iter().zip(&live).filter(|(_, live)| **live);
        for child in edges.flat_map(|(node, _)| node.children()).chain(roots()) {
            uses_left[child.index()] += 1;
        }
        Self {
            graph,
            uses_left,
            register: vec![None; graph.nodes.len()],
            free: Vec::new(),
            constants: HashMap::new(),
            program: Program {
                ops: Vec::new(),
                n_registers: 0,
                constants: Vec::new(),
                groups: Vec::new(),
                mask_used: Vec::new(),
                periodic_used: Vec::new(),
            },
        }
    }

    fn emit(mut self, groups: Vec<(Rows, Terms)>) -> Program {
        for (group, (rows, terms)) in groups.into_iter().enumerate() {
            for (coefficient, node) in terms {
                let a = self.materialise(node);
                let c = self.constant(coefficient);
                self.program.ops.push(Op::Accumulate { a, c });
                self.release(node);
            }
            self.program.ops.push(Op::Finish { group });
            self.program.groups.push(rows);
        }
        self.program
    }

    /// The register holding a node, computed first if necessary.
    ///
    /// The recursion is as deep as the longest formula, a few dozen nodes.
    fn materialise(&mut self, id: NodeId) -> usize {
        if let Some(register) = self.register[id.index()] {
            return register;
        }
        let node = self.graph.nodes[id.index()];
        let children: Vec<NodeId> = node.children().collect();
        let operands: Vec<Operand> = children.iter().map(|child| self.operand(*child)).collect();
        // The result gets its register before the operands give theirs back: they never coincide.
        let to = self.allocate();
        for child in &children {
            self.release(*child);
        }
        let op = self.instruction(node, to, &operands);
        self.program.ops.push(op);
        self.register[id.index()] = Some(to);
        to
    }

    fn operand(&mut self, id: NodeId) -> Operand {
        match self.graph.nodes[id.index()] {
            Node::Const(value) => Operand::Constant(value),
            _ => Operand::Register(self.materialise(id)),
        }
    }

    /// The instruction for a node. The graph builder folds operations on constants only.
    fn instruction(&mut self, node: Node, to: usize, operands: &[Operand]) -> Op {
        use Operand::{Constant, Register};
        match (node, operands) {
            (Node::Mask(position), _) => {
                self.program.mask_used.push(position as usize);
                Op::LoadMask { to, position: self.program.mask_used.len() - 1 }
            }
            (Node::Periodic(position), _) => {
                self.program.periodic_used.push(position as usize);
                Op::LoadPeriodic { to, position: self.program.periodic_used.len() - 1 }
            }
            (Node::Const(value), _) => Op::LoadConstant { to, c: self.constant(value) },
            (Node::Add(..), &[Register(a), Register(b)]) => Op::Add { to, a, b },
            (Node::Sub(..), &[Register(a), Register(b)]) => Op::Sub { to, a, b },
            (Node::Mul(..), &[Register(a), Register(b)]) => Op::Mul { to, a, b },
            (Node::Neg(_), &[Register(a)]) => {
                Op::SubFromConstant { to, a, c: self.constant(Fe::ZERO) }
            }
            (Node::Add(..), &[Constant(c), Register(a)] | &[Register(a), Constant(c)]) => {
                Op::AddConstant { to, a, c: self.constant(c) }
            }
            (Node::Sub(..), &[Constant(c), Register(a)]) => {
                Op::SubFromConstant { to, a, c: self.constant(c) }
            }
            (Node::Sub(..), &[Register(a), Constant(c)]) => {
                Op::AddConstant { to, a, c: self.constant(-c) }
            }
            (Node::Mul(..), &[Constant(c), Register(a)] | &[Register(a), Constant(c)]) => {
                Op::MulConstant { to, a, c: self.constant(c) }
            }
            _ => unreachable!("parameters are constants, and constants are folded"),
        }
    }

    fn constant(&mut self, value: Fe) -> usize {
        let constants = &mut self.program.constants;
        *self.constants.entry(value).or_insert_with(|| {
            constants.push(value);
            constants.len() - 1
        })
    }

    fn allocate(&mut self) -> usize {
        self.free.pop().unwrap_or_else(|| {
            self.program.n_registers += 1;
            self.program.n_registers - 1
        })
    }

    fn release(&mut self, id: NodeId) {
        self.uses_left[id.index()] -= 1;
        if self.uses_left[id.index()] == 0 {
            self.free.extend(self.register[id.index()]);
        }
    }
}

/// An operand of an instruction to be emitted.
enum Operand {
    Constant(Fe),
    Register(usize),
}
