//! The expression graph of an AIR.

use std::collections::HashMap;

use novation_field::Fe;

/// Position of a node in its graph.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct NodeId(pub u32);

impl NodeId {
    /// The position as an index.
    pub const fn index(self) -> usize {
        self.0 as usize
    }
}

/// One operation of the expression graph.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Node {
    /// A field constant.
    Const(Fe),
    /// A cell of the mask, by its position there.
    Mask(u32),
    /// A periodic column at the current row.
    Periodic(u32),
    /// A value fixed by the statement and the interaction elements.
    Param(u32),
    /// A sum.
    Add(NodeId, NodeId),
    /// A difference.
    Sub(NodeId, NodeId),
    /// A product.
    Mul(NodeId, NodeId),
    /// A negation.
    Neg(NodeId),
}

impl Node {
    /// The nodes this one is computed from.
    pub fn children(&self) -> impl Iterator<Item = NodeId> {
        let (a, b) = match *self {
            Self::Const(_) | Self::Mask(_) | Self::Periodic(_) | Self::Param(_) => (None, None),
            Self::Neg(a) => (Some(a), None),
            Self::Add(a, b) | Self::Sub(a, b) | Self::Mul(a, b) => (Some(a), Some(b)),
        };
        a.into_iter().chain(b)
    }
}

/// Expressions of an AIR; children always stand before their parents.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Graph {
    /// The nodes in evaluation order.
    pub nodes: Vec<Node>,
}

impl Graph {
    /// How many parameters the expressions use: one more than the largest position.
    pub fn n_params(&self) -> usize {
        let positions = self.nodes.iter().filter_map(|node| match node {
            Node::Param(position) => Some(*position as usize + 1),
            _ => None,
        });
        positions.max().unwrap_or(0)
    }

    /// Marks the nodes that `roots` depend on.
    pub fn reachable(&self, roots: impl IntoIterator<Item = NodeId>) -> Vec<bool> {
        let mut live = vec![false; self.nodes.len()];
        for root in roots {
            live[root.index()] = true;
        }
        for position in (0..self.nodes.len()).rev() {
            if live[position] {
                for child in self.nodes[position].children() {
                    live[child.index()] = true;
                }
            }
        }
        live
    }

    /// Evaluates every node, with the given values for the leaves.
    pub fn eval(&self, mask: &[Fe], periodic: &[Fe], params: &[Fe]) -> Vec<Fe> {
        let mut values: Vec<Fe> = Vec::with_capacity(self.nodes.len());
        for node in &self.nodes {
            let value = match *node {
                Node::Const(value) => value,
                Node::Mask(position) => mask[position as usize],
                Node::Periodic(position) => periodic[position as usize],
                Node::Param(position) => params[position as usize],
                Node::Add(a, b) => values[a.index()] + values[b.index()],
                Node::Sub(a, b) => values[a.index()] - values[b.index()],
                Node::Mul(a, b) => values[a.index()] * values[b.index()],
                Node::Neg(a) => -values[a.index()],
            };
            values.push(value);
        }
        values
    }
}

/// Builds a graph in which equal expressions are one node and constants are folded.
#[derive(Debug, Default)]
pub struct GraphBuilder {
    graph: Graph,
    positions: HashMap<Node, NodeId>,
}

impl GraphBuilder {
    /// The node of a constant, mask cell, periodic column or parameter.
    pub fn leaf(&mut self, node: Node) -> NodeId {
        self.intern(node)
    }

    /// `a + b`.
    pub fn add(&mut self, a: NodeId, b: NodeId) -> NodeId {
        match (self.constant(a), self.constant(b)) {
            (Some(x), Some(y)) => self.intern(Node::Const(x + y)),
            (Some(x), None) if x.is_zero() => b,
            (None, Some(y)) if y.is_zero() => a,
            // Addition commutes: one order, so that both spellings share a node.
            _ => self.intern(Node::Add(a.min(b), a.max(b))),
        }
    }

    /// `a - b`.
    pub fn sub(&mut self, a: NodeId, b: NodeId) -> NodeId {
        match (self.constant(a), self.constant(b)) {
            (Some(x), Some(y)) => self.intern(Node::Const(x - y)),
            (Some(x), None) if x.is_zero() => self.neg(b),
            (None, Some(y)) if y.is_zero() => a,
            _ => self.intern(Node::Sub(a, b)),
        }
    }

    /// `a * b`; a product with 2 becomes a sum, which is cheaper.
    pub fn mul(&mut self, a: NodeId, b: NodeId) -> NodeId {
        let (scalar, other) = match (self.constant(a), self.constant(b)) {
            (Some(x), Some(y)) => return self.intern(Node::Const(x * y)),
            (Some(x), None) => (x, b),
            (None, Some(y)) => (y, a),
            (None, None) => return self.intern(Node::Mul(a.min(b), a.max(b))),
        };
        if scalar.is_zero() {
            self.intern(Node::Const(Fe::ZERO))
        } else if scalar == Fe::ONE {
            other
        } else if scalar == Fe::ONE.double() {
            self.intern(Node::Add(other, other))
        } else if scalar == -Fe::ONE {
            self.neg(other)
        } else {
            self.intern(Node::Mul(a.min(b), a.max(b)))
        }
    }

    /// `-a`.
    pub fn neg(&mut self, a: NodeId) -> NodeId {
        match self.constant(a) {
            Some(x) => self.intern(Node::Const(-x)),
            None => self.intern(Node::Neg(a)),
        }
    }

    /// The value of a node that is a constant.
    pub fn constant(&self, id: NodeId) -> Option<Fe> {
        match self.graph.nodes[id.index()] {
            Node::Const(value) => Some(value),
            _ => None,
        }
    }

    /// The graph built so far.
    pub fn into_graph(self) -> Graph {
        self.graph
    }

    fn intern(&mut self, node: Node) -> NodeId {
        let next = NodeId(u32::try_from(self.graph.nodes.len()).expect("fewer than 2^32 nodes"));
        let id = *self.positions.entry(node).or_insert(next);
        if id == next {
            self.graph.nodes.push(node);
        }
        id
    }
}
