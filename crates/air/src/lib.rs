//! The contract between an arithmetisation and the proof system.
//!
//! An AIR is data: a hash-consed expression [`Graph`] over mask cells, periodic columns and
//! parameters, and a list of [`Constraint`]s, each an expression with the set of rows where it must
//! vanish. One definition is read by the prover ([`CosetEvaluator`]), the verifier
//! ([`eval_composition`]), the checker of concrete traces ([`check_trace`]), the degree check
//! ([`constraint_degrees`]) and the generators of other languages ([`describe()`]).

// Functions of vectors must be inlined into the task that is compiled for them.
#![allow(clippy::inline_always)]

mod air;
mod checker;
mod coset;
mod counts;
mod degree;
mod describe;
mod emitter;
mod error;
mod expr;
mod factors;
mod graph;
mod machine;
mod periodic;
mod point;
mod program;
mod window;
mod zerofier;

pub use air::{Air, Constraint, Mask, Periodic};
pub use checker::{check_trace, Failure, TraceChecker};
pub use coset::CosetEvaluator;
pub use counts::OperationCounts;
pub use degree::{check_degrees, constraint_degrees};
pub use describe::describe;
pub use error::AirError;
pub use expr::{Expr, ExprBuilder};
pub use graph::{Graph, GraphBuilder, Node, NodeId};
pub use periodic::{periodic_at_point, periodic_on_coset};
pub use point::{eval_composition, eval_constraints};
pub use window::order_by_block;
pub use zerofier::Zerofier;
