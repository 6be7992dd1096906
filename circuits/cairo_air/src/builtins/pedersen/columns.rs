//! Columns of the Pedersen builtin.

use crate::builtins::ec_subset_sum::{BitUnpackingColumns, SubsetSumColumns};
use crate::layout::{Builtin, Layout, MemorySlot};

/// Columns of the Pedersen builtin; 2 * 256 cells of the sum per instance.
pub(crate) struct PedersenColumns {
    pub(crate) sum: SubsetSumColumns,
    pub(crate) unpacking: BitUnpackingColumns,
    /// First input.
    pub(crate) input0: MemorySlot,
    /// Second input.
    pub(crate) input1: MemorySlot,
    /// Hash.
    pub(crate) output: MemorySlot,
    /// Rows of one instance.
    pub(crate) period: u64,
}

impl PedersenColumns {
    pub(crate) fn new(layout: &Layout) -> Self {
        let prefix = "pedersen__hash0__ec_subset_sum";
        Self {
            sum: SubsetSumColumns::new(layout, prefix, false),
            unpacking: BitUnpackingColumns::new(layout, prefix),
            input0: layout.memory_slot("pedersen__input0"),
            input1: layout.memory_slot("pedersen__input1"),
            output: layout.memory_slot("pedersen__output"),
            period: layout.params().row_ratio(Builtin::Pedersen),
        }
    }
}
