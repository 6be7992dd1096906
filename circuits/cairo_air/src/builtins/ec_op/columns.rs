//! Columns of the curve-operation builtin.

use crate::builtins::ec_subset_sum::{BitUnpackingColumns, SubsetSumColumns};
use crate::layout::{Builtin, Layout, MemorySlot, VirtualColumn};

/// Columns of the curve-operation builtin.
pub(crate) struct EcOpColumns {
    /// Abscissas of the doublings of Q.
    pub(crate) doubled_x: VirtualColumn,
    /// Their ordinates.
    pub(crate) doubled_y: VirtualColumn,
    /// Slopes of the tangents.
    pub(crate) doubling_slope: VirtualColumn,
    pub(crate) sum: SubsetSumColumns,
    pub(crate) unpacking: BitUnpackingColumns,
    /// P.x, P.y, Q.x, Q.y, m, R.x, R.y in memory.
    pub(crate) memory: [MemorySlot; 7],
    /// Rows of one instance.
    pub(crate) period: u64,
}

impl EcOpColumns {
    pub(crate) fn new(layout: &Layout) -> Self {
        let memory = |name: &str| layout.memory_slot(&format!("ec_op__{name}"));
        Self {
            doubled_x: layout.column("ec_op__doubled_points__x"),
            doubled_y: layout.column("ec_op__doubled_points__y"),
            doubling_slope: layout.column("ec_op__doubling_slope"),
            sum: SubsetSumColumns::new(layout, "ec_op__ec_subset_sum", true),
            unpacking: BitUnpackingColumns::new(layout, "ec_op__ec_subset_sum"),
            memory: ["p_x", "p_y", "q_x", "q_y", "m", "r_x", "r_y"].map(memory),
            period: layout.params().row_ratio(Builtin::EcOp),
        }
    }
}
