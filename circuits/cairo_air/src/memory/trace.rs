//! Cells of the memory.

use novation_field::Fe;
use rayon::prelude::*;

use super::columns::{MemoryColumns, MemoryInteractionColumns};
use crate::layout::MemorySlot;
use crate::public_input::PublicInput;
use crate::statement::InteractionElements;
use crate::trace::{permutation_product, TraceColumns, TraceError};

/// Marks a unit of the public memory: zero in the trace, the cell in the sorted copy.
const PUBLIC: u32 = 1 << 31;

/// All memory units in the order of use, and the memory that they access.
#[derive(Debug)]
pub(crate) struct MemoryPool {
    /// The address that each unit accesses, zero if nobody uses the unit; public ones are marked.
    units: Vec<u32>,
    /// The value at every accessed address, from address 1 on.
    values: Vec<Fe>,
    /// How often each of these addresses is accessed.
    counts: Vec<u32>,
    /// The smallest and the largest address.
    bounds: Option<(u64, u64)>,
    conflict: Option<TraceError>,
}

impl MemoryPool {
    pub(crate) fn new(n_units: usize) -> Self {
        assert!(n_units < PUBLIC as usize, "{n_units} memory units");
        Self {
            units: vec![0; n_units],
            values: Vec::new(),
            counts: Vec::new(),
            bounds: None,
            conflict: None,
        }
    }

    /// Writes the `index`-th unit of a slot.
    #[inline]
    pub(crate) fn write(&mut self, slot: &MemorySlot, index: usize, addr: u64, value: Fe) {
        self.access(slot.units.unit(index), addr, value, 0);
    }

    /// Notes an access; what is wrong with it is told by [`MemoryPool::finish`].
    #[inline]
    fn access(&mut self, unit: usize, addr: u64, value: Fe, mark: u32) {
        let (min, max) = self.bounds.unwrap_or((addr, addr));
        self.bounds = Some((min.min(addr), max.max(addr)));
        let Some(position) =
            addr.checked_sub(1).and_then(|position| usize::try_from(position).ok())
        else {
            return;
        };
        if position >= self.units.len() {
            return;
        }
        if position >= self.values.len() {
            self.values.resize(position + 1, Fe::ZERO);
            self.counts.resize(position + 1, 0);
        }
        let first = self.values[position];
        if self.counts[position] > 0 && first != value && self.conflict.is_none() {
            let error = TraceError::MemoryConflict { address: addr, first, second: value };
            self.conflict = Some(error);
        }
        self.values[position] = value;
        self.counts[position] += 1;
        self.units[unit] = u32::try_from(addr).expect("at most the number of units") | mark;
    }

    /// Fills unused units so that addresses are dense, and writes the columns.
    ///
    /// Unused units take the addresses that nobody accessed, in ascending order and with value zero,
    /// and then the address after the largest one.
    pub(crate) fn finish(
        mut self,
        columns: &mut TraceColumns,
        c: &MemoryColumns,
    ) -> Result<MemoryUnits, TraceError> {
        let units = self.units.len();
        let (min, max) = self.bounds.unwrap_or_default();
        if min != 1 || max > units as u64 {
            return Err(TraceError::MemoryRange { min, max, units });
        }
        if let Some(conflict) = self.conflict.take() {
            return Err(conflict);
        }
        self.fill_holes()?;
        let filled = MemoryUnits { units: self.units, values: self.values, counts: self.counts };
        for (index, (addr, value)) in filled.accesses().enumerate() {
            columns.set(&c.addr, index, addr);
            columns.set(&c.value, index, value);
        }
        let mut index = 0;
        for (addr, value, count) in filled.sorted() {
            for _ in 0..count {
                columns.set(&c.sorted_addr, index, addr);
                columns.set(&c.sorted_value, index, value);
                index += 1;
            }
        }
        Ok(filled)
    }

    fn fill_holes(&mut self) -> Result<(), TraceError> {
        let spare = self.values.len();
        self.values.push(Fe::ZERO);
        self.counts.push(0);
        let mut hole = 0;
        for unit in self.units.iter_mut().filter(|unit| **unit == 0) {
            while hole < spare && self.counts[hole] > 0 {
                hole += 1;
            }
            *unit = u32::try_from(hole + 1).expect("at most one more than the number of units");
            self.counts[hole] += 1;
        }
        match self.counts[..spare].iter().filter(|count| **count == 0).count() {
            0 => Ok(()),
            missing => Err(TraceError::PoolFull { pool: "memory", missing }),
        }
    }
}

/// Memory units without holes: all that the permutation argument needs of the first phase.
#[derive(Debug)]
pub(crate) struct MemoryUnits {
    units: Vec<u32>,
    values: Vec<Fe>,
    counts: Vec<u32>,
}

impl MemoryUnits {
    /// Address and value of each unit as the trace shows them.
    fn accesses(&self) -> impl Iterator<Item = (Fe, Fe)> + '_ {
        self.units.iter().map(|unit| self.access(*unit))
    }

    fn access(&self, unit: u32) -> (Fe, Fe) {
        if unit & PUBLIC != 0 {
            return (Fe::ZERO, Fe::ZERO);
        }
        (Fe::from_u64(u64::from(unit)), self.values[unit as usize - 1])
    }

    /// Address, value and number of accesses, in the order of addresses.
    fn sorted(&self) -> impl Iterator<Item = (Fe, Fe, u32)> + '_ {
        let cells = (1..).map(Fe::from_u64).zip(&self.values).zip(&self.counts);
        cells.map(|((addr, value), count)| (addr, *value, *count))
    }
}

/// Writes the public memory and, in its unused units, its first cell again.
pub(crate) fn write_public_memory(pool: &mut MemoryPool, c: &MemoryColumns, input: &PublicInput) {
    let cells = input.public_memory();
    let padded = cells.iter().chain(cells.first().into_iter().cycle());
    let capacity = usize::try_from(input.public_memory_capacity()).expect("fits the trace");
    for (index, cell) in padded.take(capacity).enumerate() {
        pool.access(c.public.units.unit(index), cell.address, cell.value, PUBLIC);
    }
}

/// Writes the cumulative product of the memory permutation.
pub(crate) fn write_memory_product(
    columns: &mut TraceColumns,
    memory: &MemoryUnits,
    interaction: &MemoryInteractionColumns,
    elements: &InteractionElements,
    expected: Fe,
) -> Result<(), TraceError> {
    let InteractionElements { memory_z: z, memory_alpha: alpha, .. } = *elements;
    let term = |(addr, value): (Fe, Fe)| z - (addr + alpha * value);
    let original = memory.units.par_iter().map(|unit| term(memory.access(*unit))).collect();
    let mut sorted = Vec::with_capacity(memory.units.len());
    for (addr, value, count) in memory.sorted() {
        let count = usize::try_from(count).expect("a number of units");
        sorted.resize(sorted.len() + count, term((addr, value)));
    }
    let products = permutation_product(original, sorted);
    if products.last() != Some(&expected) {
        return Err(TraceError::Permutation { argument: "memory" });
    }
    columns.fill(&interaction.product, products);
    Ok(())
}
