//! Operators on graph nodes, so that constraints read like the formulas they encode.

use std::cell::RefCell;
use std::ops::{Add, Mul, Neg, Sub};

use novation_field::Fe;

use crate::graph::{Graph, GraphBuilder, Node, NodeId};

/// A [`GraphBuilder`] shared by all expressions of one AIR.
#[derive(Debug, Default)]
pub struct ExprBuilder {
    graph: RefCell<GraphBuilder>,
}

impl ExprBuilder {
    /// A cell of the mask, by its position there.
    pub fn mask(&self, position: usize) -> Expr<'_> {
        self.leaf(Node::Mask(narrow(position)))
    }

    /// A periodic column.
    pub fn periodic(&self, position: usize) -> Expr<'_> {
        self.leaf(Node::Periodic(narrow(position)))
    }

    /// A parameter.
    pub fn param(&self, position: usize) -> Expr<'_> {
        self.leaf(Node::Param(narrow(position)))
    }

    /// A constant.
    pub fn constant(&self, value: Fe) -> Expr<'_> {
        self.leaf(Node::Const(value))
    }

    /// The graph of all expressions built.
    pub fn into_graph(self) -> Graph {
        self.graph.into_inner().into_graph()
    }

    fn leaf(&self, node: Node) -> Expr<'_> {
        self.wrap(self.graph.borrow_mut().leaf(node))
    }

    fn wrap(&self, id: NodeId) -> Expr<'_> {
        Expr { builder: self, id }
    }
}

fn narrow(position: usize) -> u32 {
    u32::try_from(position).expect("an AIR has fewer than 2^32 leaves")
}

/// A node of a graph under construction.
#[derive(Debug, Clone, Copy)]
pub struct Expr<'b> {
    builder: &'b ExprBuilder,
    id: NodeId,
}

impl<'b> Expr<'b> {
    /// The node in the finished graph.
    pub fn id(self) -> NodeId {
        self.id
    }

    /// The product with itself.
    #[must_use]
    pub fn square(self) -> Self {
        self * self
    }

    fn lift(self, value: impl Into<Fe>) -> Expr<'b> {
        self.builder.constant(value.into())
    }
}

macro_rules! binary_operator {
    ($trait:ident, $method:ident) => {
        impl<'b> $trait for Expr<'b> {
            type Output = Expr<'b>;
            fn $method(self, other: Self) -> Self {
                let id = self.builder.graph.borrow_mut().$method(self.id, other.id);
                self.builder.wrap(id)
            }
        }
        impl<'b> $trait<u64> for Expr<'b> {
            type Output = Expr<'b>;
            fn $method(self, other: u64) -> Self {
                self.$method(self.lift(other))
            }
        }
        impl<'b> $trait<Fe> for Expr<'b> {
            type Output = Expr<'b>;
            fn $method(self, other: Fe) -> Self {
                self.$method(self.lift(other))
            }
        }
        impl<'b> $trait<Expr<'b>> for u64 {
            type Output = Expr<'b>;
            fn $method(self, other: Expr<'b>) -> Expr<'b> {
                other.lift(self).$method(other)
            }
        }
        impl<'b> $trait<Expr<'b>> for Fe {
            type Output = Expr<'b>;
            fn $method(self, other: Expr<'b>) -> Expr<'b> {
                other.lift(self).$method(other)
            }
        }
    };
}

binary_operator!(Add, add);
binary_operator!(Sub, sub);
binary_operator!(Mul, mul);

impl<'b> Neg for Expr<'b> {
    type Output = Expr<'b>;
    fn neg(self) -> Self {
        let id = self.builder.graph.borrow_mut().neg(self.id);
        self.builder.wrap(id)
    }
}
