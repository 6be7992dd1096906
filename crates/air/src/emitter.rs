//! Turns an expression graph into instructions on few registers.
//!
//! Every value carries a bound in the unit of the vectors that will run the program: values are
//! reduced only where sums of sums would grow too large, and carried only where products need it.

use std::collections::HashMap;
use std::ops::Range;

use novation_field::packed::{Bounds, SUM_CAPACITY};
use novation_field::Fe;

use crate::graph::{Graph, Node, NodeId};
use crate::program::{Formula, Group, Op, Program, Rows, Terms};

/// Emits nodes in the order in which the groups need them and reuses registers after the last use.
pub(crate) struct Emitter<'g> {
    graph: &'g Graph,
    bounds: Bounds,
    uses_left: Vec<usize>,
    /// Whether a product or a sum of the composition uses the node.
    is_factor: Vec<bool>,
    /// Bounds of computed nodes and leaves.
    bound: Vec<u32>,
    register: Vec<Option<usize>>,
    free: Vec<usize>,
    constants: HashMap<Fe, usize>,
    program: Program,
}

impl<'g> Emitter<'g> {
    pub(crate) fn new<'t>(
        graph: &'g Graph,
        groups: &(impl Iterator<Item = &'t (Rows, Terms)> + Clone),
        bounds: Bounds,
    ) -> Self {
        let roots = || groups.clone().flat_map(|(_, terms)| terms.iter().map(|(_, node)| *node));
        let live = graph.reachable(roots());
        let mut uses_left = vec![0; graph.nodes.len()];
        let mut is_factor = vec![false; graph.nodes.len()];
        for (node, _) in graph.nodes.iter().zip(&live).filter(|(_, live)| **live) {
            for child in node.children() {
                uses_left[child.index()] += 1;
                is_factor[child.index()] |= matches!(node, Node::Mul(..));
            }
        }
        for root in roots() {
            uses_left[root.index()] += 1;
            is_factor[root.index()] = true;
        }
        let mut program = Program::default();
        let mut register = vec![None; graph.nodes.len()];
        for (id, node) in graph.nodes.iter().enumerate().filter(|(id, _)| live[*id]) {
            if let Node::Mask(position) = node {
                register[id] = Some(program.mask_used.len());
                program.mask_used.push(*position as usize);
            }
        }
        Self {
            graph,
            bounds,
            uses_left,
            is_factor,
            bound: graph.nodes.iter().map(|node| leaf_bound(*node, &bounds)).collect(),
            register,
            free: Vec::new(),
            constants: HashMap::new(),
            program,
        }
    }

    pub(crate) fn emit(
        mut self,
        steady: Vec<(Rows, Terms)>,
        blockwise: Vec<(Rows, Terms)>,
        varying: Vec<(Rows, Terms)>,
    ) -> Program {
        let mut in_sum = 0;
        for (rows, terms) in steady {
            let terms = self.accumulate(terms, &mut in_sum);
            self.program.steady.push(Group { rows, terms });
        }
        for (rows, terms) in blockwise {
            let terms = self.accumulate(terms, &mut in_sum);
            self.program.blockwise.push(Group { rows, terms });
        }
        self.flush(&mut in_sum);
        for (position, (rows, terms)) in varying.into_iter().enumerate() {
            let first = self.program.coefficients.len();
            for terms in terms.chunks(SUM_CAPACITY) {
                self.accumulate(terms.to_vec(), &mut in_sum);
                self.program.ops.push(Op::Finish { varying: position });
                in_sum = 0;
            }
            let terms = first..self.program.coefficients.len();
            self.program.varying.push(Group { rows, terms });
        }
        self.program
    }

    fn flush(&mut self, in_sum: &mut usize) {
        if *in_sum > 0 {
            self.program.ops.push(Op::Flush);
            *in_sum = 0;
        }
    }

    /// Adds terms to the current sum of `in_sum` terms.
    fn accumulate(&mut self, terms: Terms, in_sum: &mut usize) -> Range<usize> {
        let first = self.program.coefficients.len();
        for (coefficient, node) in terms {
            if *in_sum == SUM_CAPACITY {
                self.flush(in_sum);
            }
            let a = self.materialise(node);
            self.program.ops.push(Op::Accumulate { a, term: self.program.coefficients.len() });
            self.program.coefficients.push(coefficient);
            self.release(node);
            *in_sum += 1;
        }
        first..self.program.coefficients.len()
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
        let bound = |position: usize| self.bound[children[position].index()];
        let loose = match node {
            Node::Add(..) | Node::Sub(..) => bound(0) + bound(1),
            Node::Mul(..) => (self.bounds.product)(bound(0), bound(1)),
            Node::Neg(_) => self.bounds.constant + bound(0),
            leaf => leaf_bound(leaf, &self.bounds),
        };
        let is_carried = self.is_factor[id.index()];
        self.bound[id.index()] = if is_carried { (self.bounds.carried)(loose) } else { loose };
        for child in &children {
            self.release(*child);
        }
        let to = self.allocate();
        self.instruct(id, to, &children, &operands);
        if self.bound[id.index()] > self.bounds.loose_limit {
            self.program.ops.push(Op::Reduce { a: to });
            self.bound[id.index()] = self.bounds.reduced;
        }
        self.register[id.index()] = Some(to);
        to
    }

    fn operand(&mut self, id: NodeId) -> Operand {
        match self.graph.nodes[id.index()] {
            Node::Const(value) => Operand::Constant(value),
            _ => Operand::Register(self.materialise(id)),
        }
    }

    /// The instruction for a node.
    fn instruct(&mut self, id: NodeId, to: usize, children: &[NodeId], operands: &[Operand]) {
        let op = match self.graph.nodes[id.index()] {
            Node::Periodic(position) => {
                self.program.periodic_used.push(position as usize);
                Op::LoadPeriodic { to, position: self.program.periodic_used.len() - 1 }
            }
            Node::Const(value) => Op::LoadConstant { to, c: self.constant(value) },
            node => {
                let formula = self.formula(node, children, operands);
                if self.is_factor[id.index()] {
                    Op::Compute { to, formula }
                } else {
                    Op::ComputeLoose { to, formula }
                }
            }
        };
        self.program.ops.push(op);
    }

    /// The formula for a node. The graph builder folds operations on constants only.
    fn formula(&mut self, node: Node, children: &[NodeId], operands: &[Operand]) -> Formula {
        use Operand::{Constant, Register};
        let last_bound = children.last().map_or(0, |child| self.bound[child.index()]);
        match (node, operands) {
            (Node::Add(..), &[Register(a), Register(b)]) => Formula::Add(a, b),
            (Node::Sub(..), &[Register(a), Register(b)]) => Formula::Sub(a, b, last_bound),
            (Node::Mul(..), &[Register(a), Register(b)]) if a == b => Formula::Square(a),
            (Node::Mul(..), &[Register(a), Register(b)]) => Formula::Mul(a, b),
            (Node::Neg(_), &[Register(a)]) => {
                Formula::SubFromConstant(a, self.constant(Fe::ZERO), last_bound)
            }
            (Node::Add(..), &[Constant(c), Register(a)] | &[Register(a), Constant(c)]) => {
                Formula::AddConstant(a, self.constant(c))
            }
            (Node::Sub(..), &[Constant(c), Register(a)]) => {
                Formula::SubFromConstant(a, self.constant(c), last_bound)
            }
            (Node::Sub(..), &[Register(a), Constant(c)]) => {
                Formula::AddConstant(a, self.constant(-c))
            }
            (Node::Mul(..), &[Constant(c), Register(a)] | &[Register(a), Constant(c)]) => {
                Formula::MulConstant(a, self.constant(c))
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
            self.program.mask_used.len() + self.program.n_registers - 1
        })
    }

    fn release(&mut self, id: NodeId) {
        self.uses_left[id.index()] -= 1;
        let is_cell = matches!(self.graph.nodes[id.index()], Node::Mask(_));
        if self.uses_left[id.index()] == 0 && !is_cell {
            self.free.extend(self.register[id.index()]);
        }
    }
}

fn leaf_bound(node: Node, bounds: &Bounds) -> u32 {
    match node {
        Node::Mask(_) | Node::Periodic(_) => bounds.load,
        _ => bounds.constant,
    }
}

/// An operand of an instruction to be emitted.
enum Operand {
    Constant(Fe),
    Register(usize),
}
