//! Columns of the range-check builtin.

use crate::layout::{Builtin, Layout, MemorySlot, UnitSlot};

/// Columns of the range-check builtin.
pub(crate) struct RangeCheckColumns {
    /// The value.
    pub(crate) value: MemorySlot,
    /// Its parts, the most significant first.
    pub(crate) parts: UnitSlot,
    /// Rows of one instance.
    pub(crate) period: u64,
}

impl RangeCheckColumns {
    pub(crate) fn new(layout: &Layout) -> Self {
        Self {
            value: layout.memory_slot("range_check_builtin__mem"),
            parts: layout.range_check_slot("range_check_builtin__inner_range_check"),
            period: layout.params().row_ratio(Builtin::RangeCheck),
        }
    }
}
