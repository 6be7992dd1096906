//! Columns of the Poseidon builtin.

use crate::layout::{Builtin, Layout, MemorySlot, VirtualColumn};

/// A column of values and one of their squares.
pub(crate) struct SquaredColumn {
    pub(crate) value: VirtualColumn,
    pub(crate) square: VirtualColumn,
}

/// Columns of the Poseidon builtin.
pub(crate) struct PoseidonColumns {
    /// The three elements in memory: input, then output.
    pub(crate) input_output: [MemorySlot; 3],
    /// The three elements of the full rounds, eight cells each.
    pub(crate) full: [SquaredColumn; 3],
    /// The third element of partial rounds 0 to 63.
    pub(crate) partial0: SquaredColumn,
    /// The third element of partial rounds 61 to 82.
    pub(crate) partial1: SquaredColumn,
    /// Rows of one instance.
    pub(crate) period: u64,
}

impl PoseidonColumns {
    pub(crate) fn new(layout: &Layout) -> Self {
        let squared = |name: &str| SquaredColumn {
            value: layout.column(&format!("poseidon__poseidon__{name}")),
            square: layout.column(&format!("poseidon__poseidon__{name}_squared")),
        };
        let memory = |i: usize| layout.memory_slot(&format!("poseidon__param_{i}__input_output"));
        Self {
            input_output: [0, 1, 2].map(memory),
            full: [0, 1, 2].map(|i| squared(&format!("full_rounds_state{i}"))),
            partial0: squared("partial_rounds_state0"),
            partial1: squared("partial_rounds_state1"),
            period: layout.params().row_ratio(Builtin::Poseidon),
        }
    }
}
