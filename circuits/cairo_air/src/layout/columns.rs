//! Virtual columns: the cells of a component as the component sees them.

use novation_air::Mask;

use super::params::DynamicParams;
use super::spec::{Owner, Pool, COLUMNS, SLOTS};

/// A column of evenly spaced cells: cell i stands in row `offset + i * step` of a real column.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct VirtualColumn {
    /// The real column.
    pub column: usize,
    /// Distance of the cells in rows, zero if the owner is switched off.
    pub step: u64,
    /// Row of the first cell.
    pub offset: u64,
}

impl VirtualColumn {
    /// The mask entry of cell `index`.
    pub fn cell(&self, index: u64) -> Mask {
        Mask { column: self.column, row: self.offset + index * self.step }
    }

    /// The row of cell `index` in a trace of `trace_length` rows, a power of two.
    pub fn row(&self, index: usize, trace_length: usize) -> usize {
        let row = self.offset.wrapping_add((index as u64).wrapping_mul(self.step));
        to_usize(row & (trace_length as u64 - 1))
    }
}

/// Memory units that a component takes from the pool.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MemorySlot {
    /// Addresses.
    pub addr: VirtualColumn,
    /// Values.
    pub value: VirtualColumn,
    /// Positions in the pool.
    pub units: UnitSlot,
}

/// Units that a component takes from a pool: number i is unit `first + i * stride`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct UnitSlot {
    /// The units' values.
    pub cells: VirtualColumn,
    /// First unit.
    pub first: u64,
    /// Distance of the units.
    pub stride: u64,
}

impl UnitSlot {
    /// The position of unit `index` in its pool.
    pub fn unit(&self, index: usize) -> usize {
        to_usize(self.first + index as u64 * self.stride)
    }
}

/// A validated table of parameters.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Layout {
    params: DynamicParams,
}

impl Layout {
    /// Wraps parameters that [`super::validate_layout`] has accepted.
    pub(crate) fn new(params: DynamicParams) -> Self {
        Self { params }
    }

    /// The parameters.
    pub fn params(&self) -> &DynamicParams {
        &self.params
    }

    /// Columns of the first and of the second phase.
    pub fn n_columns(&self) -> [usize; 2] {
        ["num_columns_first", "num_columns_second"].map(|name| self.index(name))
    }

    /// A column of a component.
    ///
    /// # Panics
    /// If no column has that name.
    pub fn column(&self, name: &str) -> VirtualColumn {
        let spec = COLUMNS.iter().find(|spec| spec.name == name);
        let spec = spec.unwrap_or_else(|| panic!("no column is called {name}"));
        VirtualColumn {
            column: self.index(&format!("{name}_column")),
            step: self.params.period(spec.owner) / spec.cells,
            offset: self.params.get(&format!("{name}_offset")),
        }
    }

    /// Units of the memory pool.
    ///
    /// # Panics
    /// If no memory slot has that name.
    pub fn memory_slot(&self, name: &str) -> MemorySlot {
        let units = self.unit_slot(Pool::Memory, "mem_pool__addr", name);
        let shift = units.cells.offset - self.column("mem_pool__addr").offset;
        let value = self.column("mem_pool__value");
        let value = VirtualColumn { step: units.cells.step, offset: value.offset + shift, ..value };
        MemorySlot { addr: units.cells, value, units }
    }

    /// Units of the pool of 16-bit values.
    ///
    /// # Panics
    /// If no such slot has that name.
    pub fn range_check_slot(&self, name: &str) -> UnitSlot {
        self.unit_slot(Pool::RangeCheck16, "range_check16_pool", name)
    }

    /// Units of the pool of diluted values.
    ///
    /// # Panics
    /// If no such slot has that name.
    pub fn diluted_slot(&self, name: &str) -> UnitSlot {
        self.unit_slot(Pool::Diluted, "diluted_pool", name)
    }

    fn unit_slot(&self, pool: Pool, column: &str, name: &str) -> UnitSlot {
        let spec = SLOTS.iter().find(|spec| spec.name == name && spec.pool == pool);
        let spec = spec.unwrap_or_else(|| panic!("no slot of this pool is called {name}"));
        let cells = self.column(column);
        let rows_per_unit = self.params.period(match pool {
            Pool::Memory => Owner::Memory,
            Pool::RangeCheck16 => Owner::RangeCheck16,
            Pool::Diluted => Owner::Diluted,
        });
        let first = self.params.get(&format!("{name}_suboffset"));
        let step = self.params.period(spec.owner) / spec.units;
        let offset = cells.offset + first * rows_per_unit;
        UnitSlot {
            cells: VirtualColumn { step, offset, ..cells },
            first,
            stride: step / rows_per_unit,
        }
    }

    fn index(&self, name: &str) -> usize {
        usize::try_from(self.params.get(name)).expect("validated to be small")
    }
}

/// Rows and units of a trace in memory are below 2^64.
#[allow(clippy::cast_possible_truncation)] // Only 64-bit targets can hold a trace.
fn to_usize(value: u64) -> usize {
    value as usize
}
