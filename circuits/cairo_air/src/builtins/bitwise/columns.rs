//! Columns of the bitwise builtin.

use crate::layout::{Builtin, Layout, MemorySlot, UnitSlot};

/// Columns of the bitwise builtin.
pub(crate) struct BitwiseColumns {
    /// Per instance x, y, `x and y`, `x xor y`.
    pub(crate) words: MemorySlot,
    /// `x or y`.
    pub(crate) x_or_y: MemorySlot,
    /// The parts of the four words.
    pub(crate) parts: UnitSlot,
    /// Parts 12 to 15 of `x or y`, moved up to the top bits: they show that the words have 251 bits.
    pub(crate) trimmed: [UnitSlot; 4],
    /// Rows of one instance.
    pub(crate) period: u64,
}

impl BitwiseColumns {
    pub(crate) fn new(layout: &Layout) -> Self {
        let trimmed = |shift: u32| layout.diluted_slot(&format!("bitwise__trim_unpacking{shift}"));
        Self {
            words: layout.memory_slot("bitwise__var_pool"),
            x_or_y: layout.memory_slot("bitwise__x_or_y"),
            parts: layout.diluted_slot("bitwise__diluted_var_pool"),
            trimmed: [192, 193, 194, 195].map(trimmed),
            period: layout.params().row_ratio(Builtin::Bitwise),
        }
    }
}
