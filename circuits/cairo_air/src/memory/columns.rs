//! Columns of the memory.

use crate::layout::{Layout, MemorySlot, VirtualColumn};

/// First-phase columns.
pub(crate) struct MemoryColumns {
    /// Addresses in the order of use; zero in public units.
    pub(crate) addr: VirtualColumn,
    /// Values in the order of use; zero in public units.
    pub(crate) value: VirtualColumn,
    /// Addresses of all units, public ones included, in ascending order.
    pub(crate) sorted_addr: VirtualColumn,
    /// Values in the order of addresses.
    pub(crate) sorted_value: VirtualColumn,
    /// The public units, one in eight.
    pub(crate) public: MemorySlot,
}

impl MemoryColumns {
    pub(crate) fn new(layout: &Layout) -> Self {
        Self {
            addr: layout.column("mem_pool__addr"),
            value: layout.column("mem_pool__value"),
            sorted_addr: layout.column("memory__sorted__addr"),
            sorted_value: layout.column("memory__sorted__value"),
            public: layout.memory_slot("orig__public_memory"),
        }
    }
}

/// Second-phase columns.
pub(crate) struct MemoryInteractionColumns {
    /// Product of `(z - original) / (z - sorted)` up to this unit.
    pub(crate) product: VirtualColumn,
}

impl MemoryInteractionColumns {
    pub(crate) fn new(layout: &Layout) -> Self {
        Self { product: layout.column("memory__multi_column_perm__perm__cum_prod0") }
    }
}
