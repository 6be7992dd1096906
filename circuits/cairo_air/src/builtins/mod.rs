//! Builtins: components with an instance every so many rows, used or not.

pub(crate) mod bitwise;
pub(crate) mod ec_op;
pub(crate) mod ec_subset_sum;
pub(crate) mod ecdsa;
pub(crate) mod pedersen;
pub(crate) mod poseidon;
pub(crate) mod range_check;
pub(crate) mod unsupported;
