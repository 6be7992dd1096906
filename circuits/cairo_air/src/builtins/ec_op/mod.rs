//! The curve operation R = P + m*Q: one subset sum over the doublings of Q, starting at P.

mod columns;
mod constraints;
mod trace;

pub(crate) use columns::EcOpColumns;
pub(crate) use constraints::EcOpConstraints;
pub(crate) use trace::write_ec_op;
