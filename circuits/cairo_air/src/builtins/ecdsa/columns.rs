//! Columns of the ECDSA builtin.

use crate::builtins::ec_subset_sum::SubsetSumColumns;
use crate::layout::{Builtin, Layout, MemorySlot, VirtualColumn};

/// Columns of the ECDSA builtin.
pub(crate) struct EcdsaColumns {
    /// Doublings of Q, then of z*G + r*Q: abscissas.
    pub(crate) key_x: VirtualColumn,
    /// Their ordinates.
    pub(crate) key_y: VirtualColumn,
    /// Slopes of the tangents.
    pub(crate) doubling_slope: VirtualColumn,
    /// Sum for z*G.
    pub(crate) generator_sum: SubsetSumColumns,
    /// Sums for r*Q and w*(z*G + r*Q).
    pub(crate) key_sum: SubsetSumColumns,
    /// Inverses of r and w.
    pub(crate) r_w_inv: VirtualColumn,
    /// Slope of the chord from z*G to r*Q.
    pub(crate) add_slope: VirtualColumn,
    /// Inverse of the difference of their abscissas.
    pub(crate) add_inv: VirtualColumn,
    /// Slope of the chord from the last sum to the negated shift point.
    pub(crate) extract_slope: VirtualColumn,
    /// Inverse of the difference of their abscissas.
    pub(crate) extract_inv: VirtualColumn,
    /// Inverse of z.
    pub(crate) z_inv: VirtualColumn,
    /// Square of the abscissa of Q.
    pub(crate) q_x_squared: VirtualColumn,
    /// The abscissa of Q in memory.
    pub(crate) key: MemorySlot,
    /// The message in memory.
    pub(crate) message: MemorySlot,
    /// Rows of one instance.
    pub(crate) period: u64,
}

impl EcdsaColumns {
    pub(crate) fn new(layout: &Layout) -> Self {
        let column = |name: &str| layout.column(&format!("ecdsa__signature0__{name}"));
        let sum =
            |name: &str| SubsetSumColumns::new(layout, &format!("ecdsa__signature0__{name}"), true);
        Self {
            key_x: column("key_points__x"),
            key_y: column("key_points__y"),
            doubling_slope: column("doubling_slope"),
            generator_sum: sum("exponentiate_generator"),
            key_sum: sum("exponentiate_key"),
            r_w_inv: column("r_w_inv"),
            add_slope: column("add_results_slope"),
            add_inv: column("add_results_inv"),
            extract_slope: column("extract_r_slope"),
            extract_inv: column("extract_r_inv"),
            z_inv: column("z_inv"),
            q_x_squared: column("q_x_squared"),
            key: layout.memory_slot("ecdsa__pubkey"),
            message: layout.memory_slot("ecdsa__message"),
            period: layout.params().row_ratio(Builtin::Ecdsa),
        }
    }
}
