//! Compiles the constraints of an AIR to straight-line code over blocks of rows.
//!
//! Parameters become constants, cells that occur several times in the mask become one, and
//! constraints with the same rows are summed with their coefficients before they are divided.

use std::collections::HashMap;

use novation_field::{Fe, WideSum};

use crate::air::Air;
use crate::error::AirError;
use crate::graph::{Graph, GraphBuilder, Node, NodeId};
use crate::zerofier::{Powers, Zerofier};

/// Where an operand stands; cells and periodic columns by their position among those in use.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Source {
    Register(usize),
    Mask(usize),
    Periodic(usize),
}

/// One instruction; every operand and result is a block of rows.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Op {
    Constant {
        to: usize,
        value: Fe,
    },
    Add {
        to: usize,
        a: Source,
        b: Source,
    },
    Sub {
        to: usize,
        a: Source,
        b: Source,
    },
    Mul {
        to: usize,
        a: Source,
        b: Source,
    },
    Square {
        to: usize,
        a: Source,
    },
    Neg {
        to: usize,
        a: Source,
    },
    AddConstant {
        to: usize,
        a: Source,
        c: Fe,
    },
    SubFromConstant {
        to: usize,
        a: Source,
        c: Fe,
    },
    MulConstant {
        to: usize,
        a: Source,
        c: Fe,
    },
    /// Adds `c * a` to the sum of the current group.
    Accumulate {
        a: Source,
        c: Fe,
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
    place: Vec<Option<Source>>,
    free: Vec<usize>,
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
            place: vec![None; graph.nodes.len()],
            free: Vec::new(),
            program: Program {
                ops: Vec::new(),
                n_registers: 0,
                groups: Vec::new(),
                mask_used: Vec::new(),
                periodic_used: Vec::new(),
            },
        }
    }

    fn emit(mut self, groups: Vec<(Rows, Terms)>) -> Program {
        for (group, (rows, terms)) in groups.into_iter().enumerate() {
            for (c, node) in terms {
                let a = self.materialise(node);
                self.program.ops.push(Op::Accumulate { a, c });
                self.release(node);
            }
            self.program.ops.push(Op::Finish { group });
            self.program.groups.push(rows);
        }
        self.program
    }

    /// The operand holding a node, computed first if necessary.
    ///
    /// The recursion is as deep as the longest formula, a few dozen nodes.
    fn materialise(&mut self, id: NodeId) -> Source {
        if let Some(place) = self.place[id.index()] {
            return place;
        }
        let place = match self.graph.nodes[id.index()] {
            Node::Mask(position) => {
                self.program.mask_used.push(position as usize);
                Source::Mask(self.program.mask_used.len() - 1)
            }
            Node::Periodic(position) => {
                self.program.periodic_used.push(position as usize);
                Source::Periodic(self.program.periodic_used.len() - 1)
            }
            node => Source::Register(self.compute(node)),
        };
        self.place[id.index()] = Some(place);
        place
    }

    fn compute(&mut self, node: Node) -> usize {
        let constant = |id: NodeId| match self.graph.nodes[id.index()] {
            Node::Const(value) => Some(value),
            _ => None,
        };
        let children: Vec<NodeId> = node.children().collect();
        let known: Vec<Option<Fe>> = children.iter().map(|child| constant(*child)).collect();
        let operands: Vec<Option<Source>> = children
            .iter()
            .zip(&known)
            .map(|(child, known)| known.is_none().then(|| self.materialise(*child)))
            .collect();
        // The result gets its register before the operands give theirs back: they never coincide.
        let to = self.allocate();
        for child in &children {
            self.release(*child);
        }
        self.program.ops.push(instruction(node, to, &known, &operands));
        to
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
            if let Some(Source::Register(register)) = self.place[id.index()] {
                self.free.push(register);
            }
        }
    }
}

/// The instruction for a node whose operands are constants (`known`) or blocks (`operands`).
///
/// The graph builder folds nodes without a block operand, so one operand at least is a block.
fn instruction(node: Node, to: usize, known: &[Option<Fe>], operands: &[Option<Source>]) -> Op {
    match (node, known, operands) {
        (Node::Add(..), [None, None], [Some(a), Some(b)]) => Op::Add { to, a: *a, b: *b },
        (Node::Sub(..), [None, None], [Some(a), Some(b)]) => Op::Sub { to, a: *a, b: *b },
        (Node::Mul(x, y), [None, None], [Some(a), Some(b)]) => {
            if x == y {
                Op::Square { to, a: *a }
            } else {
                Op::Mul { to, a: *a, b: *b }
            }
        }
        (Node::Neg(_), _, [Some(a)]) => Op::Neg { to, a: *a },
        (Node::Add(..), [Some(c), None], [None, Some(a)])
        | (Node::Add(..), [None, Some(c)], [Some(a), None]) => Op::AddConstant { to, a: *a, c: *c },
        (Node::Sub(..), [Some(c), None], [None, Some(a)]) => {
            Op::SubFromConstant { to, a: *a, c: *c }
        }
        (Node::Sub(..), [None, Some(c)], [Some(a), None]) => Op::AddConstant { to, a: *a, c: -*c },
        (Node::Mul(..), [Some(c), None], [None, Some(a)])
        | (Node::Mul(..), [None, Some(c)], [Some(a), None]) => Op::MulConstant { to, a: *a, c: *c },
        (Node::Const(value), _, _) => Op::Constant { to, value },
        _ => unreachable!("the builder folds operations on constants"),
    }
}

/// The blocks a program reads: the cells and periodic columns it uses, in the order of its lists.
pub(crate) struct Inputs<'c> {
    pub(crate) masks: Vec<&'c [Fe]>,
    pub(crate) periodic: Vec<&'c [Fe]>,
    /// The values of `numerators / denominators` of every group.
    pub(crate) factors: &'c [Vec<Fe>],
}

/// The registers of a program in execution.
pub(crate) struct Machine {
    registers: Vec<Vec<Fe>>,
    sums: Vec<WideSum>,
}

impl Machine {
    pub(crate) fn new(program: &Program, block: usize) -> Self {
        Self {
            registers: vec![vec![Fe::ZERO; block]; program.n_registers],
            sums: vec![WideSum::default(); block],
        }
    }

    /// Runs the program on one block.
    pub(crate) fn run(&mut self, program: &Program, inputs: &Inputs, result: &mut [Fe]) {
        result.fill(Fe::ZERO);
        for op in &program.ops {
            match *op {
                Op::Constant { to, value } => self.registers[to].fill(value),
                Op::Add { to, a, b } => self.binary(inputs, to, (a, b), |a, b| a + b),
                Op::Sub { to, a, b } => self.binary(inputs, to, (a, b), |a, b| a - b),
                Op::Mul { to, a, b } => self.binary(inputs, to, (a, b), |a, b| a * b),
                Op::Square { to, a } => self.unary(inputs, to, a, Fe::square),
                Op::Neg { to, a } => self.unary(inputs, to, a, |a| -a),
                Op::AddConstant { to, a, c } => self.unary(inputs, to, a, |a| a + c),
                Op::SubFromConstant { to, a, c } => self.unary(inputs, to, a, |a| c - a),
                Op::MulConstant { to, a, c } => self.unary(inputs, to, a, |a| a * c),
                Op::Accumulate { a, c } => self.accumulate(inputs, a, c),
                Op::Finish { group } => self.finish(&inputs.factors[group], result),
            }
        }
    }

    #[inline]
    fn unary(&mut self, inputs: &Inputs, to: usize, a: Source, f: impl Fn(Fe) -> Fe) {
        let mut out = std::mem::take(&mut self.registers[to]);
        for (out, a) in out.iter_mut().zip(operand(&self.registers, inputs, a)) {
            *out = f(*a);
        }
        self.registers[to] = out;
    }

    #[inline]
    fn binary(
        &mut self,
        inputs: &Inputs,
        to: usize,
        (a, b): (Source, Source),
        f: impl Fn(Fe, Fe) -> Fe,
    ) {
        let mut out = std::mem::take(&mut self.registers[to]);
        let a = operand(&self.registers, inputs, a);
        let b = operand(&self.registers, inputs, b);
        for ((out, a), b) in out.iter_mut().zip(a).zip(b) {
            *out = f(*a, *b);
        }
        self.registers[to] = out;
    }

    fn accumulate(&mut self, inputs: &Inputs, a: Source, c: Fe) {
        let values = operand(&self.registers, inputs, a);
        for (sum, a) in self.sums.iter_mut().zip(values) {
            sum.add_product(a, &c);
        }
    }

    fn finish(&mut self, factor: &[Fe], result: &mut [Fe]) {
        for ((sum, factor), result) in self.sums.iter_mut().zip(factor).zip(result) {
            *result += sum.reduce() * *factor;
            *sum = WideSum::default();
        }
    }
}

fn operand<'r>(registers: &'r [Vec<Fe>], inputs: &Inputs<'r>, source: Source) -> &'r [Fe] {
    match source {
        Source::Register(register) => &registers[register],
        Source::Mask(position) => inputs.masks[position],
        Source::Periodic(position) => inputs.periodic[position],
    }
}
