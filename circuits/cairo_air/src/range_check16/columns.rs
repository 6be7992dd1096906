//! Columns of the pool of 16-bit values.

use crate::layout::{Layout, VirtualColumn};

/// First-phase columns.
pub(crate) struct RangeCheck16Columns {
    /// Values in the order of use.
    pub(crate) pool: VirtualColumn,
    /// Values in ascending order.
    pub(crate) sorted: VirtualColumn,
}

impl RangeCheck16Columns {
    pub(crate) fn new(layout: &Layout) -> Self {
        Self {
            pool: layout.column("range_check16_pool"),
            sorted: layout.column("range_check16__sorted"),
        }
    }
}

/// Second-phase columns.
pub(crate) struct RangeCheck16InteractionColumns {
    /// Product of `(z - original) / (z - sorted)` up to this unit.
    pub(crate) product: VirtualColumn,
}

impl RangeCheck16InteractionColumns {
    pub(crate) fn new(layout: &Layout) -> Self {
        Self { product: layout.column("range_check16__perm__cum_prod0") }
    }
}
