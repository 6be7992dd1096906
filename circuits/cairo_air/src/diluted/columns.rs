//! Columns of the pool of diluted values.

use crate::layout::{Layout, VirtualColumn};

/// First-phase columns.
pub(crate) struct DilutedColumns {
    /// Values in the order of use.
    pub(crate) pool: VirtualColumn,
    /// Values in ascending order.
    pub(crate) sorted: VirtualColumn,
}

impl DilutedColumns {
    pub(crate) fn new(layout: &Layout) -> Self {
        Self {
            pool: layout.column("diluted_pool"),
            sorted: layout.column("diluted_check__permuted_values"),
        }
    }
}

/// Second-phase columns.
pub(crate) struct DilutedInteractionColumns {
    /// Product of `(z - original) / (z - sorted)` up to this unit.
    pub(crate) product: VirtualColumn,
    /// Cumulative value over the steps of the sorted list.
    pub(crate) cumulative: VirtualColumn,
}

impl DilutedInteractionColumns {
    pub(crate) fn new(layout: &Layout) -> Self {
        Self {
            product: layout.column("diluted_check__permutation__cum_prod0"),
            cumulative: layout.column("diluted_check__cumulative_value"),
        }
    }
}
