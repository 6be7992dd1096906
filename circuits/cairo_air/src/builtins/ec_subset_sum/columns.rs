//! Columns of a subset sum.

use crate::layout::{Layout, VirtualColumn};

/// Columns of the sum, 256 cells per scalar.
pub(crate) struct SubsetSumColumns {
    /// The scalar shifted right by the number of the cell.
    pub(crate) selector: VirtualColumn,
    /// Abscissa of the partial sum before the point of this cell.
    pub(crate) sum_x: VirtualColumn,
    /// Its ordinate.
    pub(crate) sum_y: VirtualColumn,
    /// Slope of the chord if the point is added, else zero.
    pub(crate) slope: VirtualColumn,
    /// Inverse of the difference of the abscissas; Pedersen does without.
    pub(crate) x_diff_inv: Option<VirtualColumn>,
}

impl SubsetSumColumns {
    /// The columns with this prefix.
    pub(crate) fn new(layout: &Layout, prefix: &str, has_x_diff_inv: bool) -> Self {
        let column = |name: &str| layout.column(&format!("{prefix}__{name}"));
        Self {
            selector: column("selector"),
            sum_x: column("partial_sum__x"),
            sum_y: column("partial_sum__y"),
            slope: column("slope"),
            x_diff_inv: has_x_diff_inv.then(|| column("x_diff_inv")),
        }
    }
}

/// Columns that show a scalar to be below the field modulus, whose set bits are 251, 196 and 192:
/// one cell per scalar.
pub(crate) struct BitUnpackingColumns {
    /// Product of bits 251, 196 and 192.
    pub(crate) ones_down_to_192: VirtualColumn,
    /// Product of bits 251 and 196.
    pub(crate) ones_down_to_196: VirtualColumn,
}

impl BitUnpackingColumns {
    pub(crate) fn new(layout: &Layout, prefix: &str) -> Self {
        let column = |bit: u32| layout.column(&format!("{prefix}__bit_unpacking__prod_ones{bit}"));
        Self { ones_down_to_192: column(192), ones_down_to_196: column(196) }
    }
}
