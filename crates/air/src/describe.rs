//! The AIR as JSON, for generators and verifiers in other languages.

use serde_json::{json, Value};

use crate::air::{Air, Constraint, Periodic};
use crate::graph::Node;
use crate::zerofier::Zerofier;

/// The whole AIR as data. Nodes are arrays headed by an operation: `c` constant, `m` mask cell, `y`
/// periodic column, `p` parameter, `+`, `-`, `*` and `neg`; operands are positions of earlier nodes.
/// Field elements are hexadecimal strings.
pub fn describe<A: Air + ?Sized>(air: &A) -> Value {
    json!({
        "log_trace_length": air.log_trace_length(),
        "n_columns": air.n_columns(),
        "n_interaction_elements": air.n_interaction_elements(),
        "n_constraints": air.n_constraints(),
        "mask": air.mask().iter().map(|cell| json!([cell.column, cell.row])).collect::<Vec<_>>(),
        "periodic": air.periodic().iter().map(describe_periodic).collect::<Vec<_>>(),
        "params": air.param_names(),
        "nodes": air.graph().nodes.iter().map(describe_node).collect::<Vec<_>>(),
        "constraints": air.constraints().iter().map(describe_constraint).collect::<Vec<_>>(),
    })
}

fn describe_periodic(column: &Periodic) -> Value {
    json!({
        "name": column.name,
        "period_rows": column.period_rows,
        "step_rows": column.step_rows,
        "values": column.values.iter().map(|value| value.to_hex()).collect::<Vec<_>>(),
    })
}

fn describe_node(node: &Node) -> Value {
    match *node {
        Node::Const(value) => json!(["c", value.to_hex()]),
        Node::Mask(position) => json!(["m", position]),
        Node::Periodic(position) => json!(["y", position]),
        Node::Param(position) => json!(["p", position]),
        Node::Add(a, b) => json!(["+", a.0, b.0]),
        Node::Sub(a, b) => json!(["-", a.0, b.0]),
        Node::Mul(a, b) => json!(["*", a.0, b.0]),
        Node::Neg(a) => json!(["neg", a.0]),
    }
}

fn describe_constraint(constraint: &Constraint) -> Value {
    let factors = |list: &[Zerofier]| list.iter().map(describe_zerofier).collect::<Vec<_>>();
    json!({
        "index": constraint.index,
        "name": constraint.name,
        "expr": constraint.expr.0,
        "numerators": factors(&constraint.numerators),
        "denominators": factors(&constraint.denominators),
    })
}

fn describe_zerofier(zerofier: &Zerofier) -> Value {
    json!({
        "period": zerofier.period,
        "num": zerofier.num,
        "den": zerofier.den,
        "shift": zerofier.shift,
    })
}
