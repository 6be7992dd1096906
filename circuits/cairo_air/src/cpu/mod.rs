//! The Cairo processor: one instruction per period of sixteen rows (times the component step).
//!
//! Constraints follow section 9 of the Cairo whitepaper (ePrint 2021/1063).

mod check;
mod columns;
mod constraints;
mod instruction;
mod trace;

pub(crate) use check::check_boundary;
pub(crate) use columns::CpuColumns;
pub(crate) use constraints::{BoundaryConstraints, CpuConstraints};
pub(crate) use trace::write_cpu;
