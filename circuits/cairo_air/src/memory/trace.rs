//! Cells of the memory.

use novation_field::Fe;
use rayon::prelude::*;

use super::columns::{MemoryColumns, MemoryInteractionColumns};
use crate::layout::{MemorySlot, VirtualColumn};
use crate::public_input::PublicInput;
use crate::statement::InteractionElements;
use crate::trace::{permutation_product, TraceColumns, TraceError};

/// A memory unit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Unit {
    /// Not used by anyone.
    Empty,
    /// An access.
    Access { addr: u64, value: Fe },
    /// A cell of the public memory: zero in the trace, the cell in the sorted copy.
    Public { addr: u64, value: Fe },
}

/// All memory units in the order of use.
#[derive(Debug)]
pub(crate) struct MemoryPool {
    units: Vec<Unit>,
}

impl MemoryPool {
    pub(crate) fn new(n_units: usize) -> Self {
        Self { units: vec![Unit::Empty; n_units] }
    }

    /// Writes the `index`-th unit of a slot.
    #[inline]
    pub(crate) fn write(&mut self, slot: &MemorySlot, index: usize, addr: u64, value: Fe) {
        self.units[slot.units.unit(index)] = Unit::Access { addr, value };
    }

    /// Fills unused units so that addresses are dense, and writes the columns.
    ///
    /// Unused units take the addresses that nobody accessed, in ascending order and with value zero,
    /// and then the address after the largest one.
    pub(crate) fn finish(
        mut self,
        columns: &mut TraceColumns,
        c: &MemoryColumns,
    ) -> Result<(), TraceError> {
        let (mut values, mut counts) = self.collect()?;
        self.fill_holes(&mut values, &mut counts)?;
        for (index, unit) in self.units.iter().enumerate() {
            if let Unit::Access { addr, value } = *unit {
                columns.set(&c.addr, index, Fe::from_u64(addr));
                columns.set(&c.value, index, value);
            }
        }
        let mut index = 0;
        for ((addr, value), count) in (1..).zip(values).zip(counts) {
            for _ in 0..count {
                columns.set(&c.sorted_addr, index, Fe::from_u64(addr));
                columns.set(&c.sorted_value, index, value.unwrap_or(Fe::ZERO));
                index += 1;
            }
        }
        Ok(())
    }

    /// The value at every address from 1 on, and how often it is accessed; one address more than the
    /// largest is included.
    fn collect(&self) -> Result<(Vec<Option<Fe>>, Vec<usize>), TraceError> {
        let accesses = || self.units.iter().filter_map(Unit::access);
        let min = accesses().map(|(addr, _)| addr).min().unwrap_or(0);
        let max = accesses().map(|(addr, _)| addr).max().unwrap_or(0);
        let range = usize::try_from(max).ok().filter(|max| *max <= self.units.len());
        let (Some(range), 1) = (range, min) else {
            return Err(TraceError::MemoryRange { min, max, units: self.units.len() });
        };
        let mut values: Vec<Option<Fe>> = vec![None; range + 1];
        let mut counts = vec![0; range + 1];
        for (addr, value) in accesses() {
            let position = usize::try_from(addr).expect("at most the largest address") - 1;
            match values[position] {
                Some(first) if first != value => {
                    return Err(TraceError::MemoryConflict { address: addr, first, second: value });
                }
                _ => values[position] = Some(value),
            }
            counts[position] += 1;
        }
        Ok((values, counts))
    }

    fn fill_holes(
        &mut self,
        values: &mut [Option<Fe>],
        counts: &mut [usize],
    ) -> Result<(), TraceError> {
        let spare = values.len() - 1;
        let mut hole = 0;
        for unit in &mut self.units {
            if *unit != Unit::Empty {
                continue;
            }
            while hole < spare && values[hole].is_some() {
                hole += 1;
            }
            *unit = Unit::Access { addr: hole as u64 + 1, value: Fe::ZERO };
            values[hole] = Some(Fe::ZERO);
            counts[hole] += 1;
        }
        match values[..spare].iter().filter(|value| value.is_none()).count() {
            0 => Ok(()),
            missing => Err(TraceError::PoolFull { pool: "memory", missing }),
        }
    }
}

impl Unit {
    fn access(&self) -> Option<(u64, Fe)> {
        match *self {
            Self::Empty => None,
            Self::Access { addr, value } | Self::Public { addr, value } => Some((addr, value)),
        }
    }
}

/// Writes the public memory and, in its unused units, its first cell again.
pub(crate) fn write_public_memory(pool: &mut MemoryPool, c: &MemoryColumns, input: &PublicInput) {
    let cells = input.public_memory();
    let padded = cells.iter().chain(cells.first().into_iter().cycle());
    let capacity = usize::try_from(input.public_memory_capacity()).expect("fits the trace");
    for (index, cell) in padded.take(capacity).enumerate() {
        let unit = Unit::Public { addr: cell.address, value: cell.value };
        pool.units[c.public.units.unit(index)] = unit;
    }
}

/// Writes the cumulative product of the memory permutation.
pub(crate) fn write_memory_product(
    columns: &mut TraceColumns,
    first: &[Vec<Fe>],
    (c, interaction): (&MemoryColumns, &MemoryInteractionColumns),
    elements: &InteractionElements,
    expected: Fe,
) -> Result<(), TraceError> {
    let InteractionElements { memory_z: z, memory_alpha: alpha, .. } = *elements;
    let length = first.first().map_or(0, Vec::len);
    let shifted = |addr: &VirtualColumn, value: &VirtualColumn| -> Vec<Fe> {
        let units = 0..length / usize::try_from(addr.step).expect("fits the trace");
        let term = |index| {
            let addr = first[addr.column][addr.row(index, length)];
            let value = first[value.column][value.row(index, length)];
            z - (addr + alpha * value)
        };
        units.into_par_iter().map(term).collect()
    };
    let products =
        permutation_product(shifted(&c.addr, &c.value), shifted(&c.sorted_addr, &c.sorted_value));
    if products.last() != Some(&expected) {
        return Err(TraceError::Permutation { argument: "memory" });
    }
    columns.fill(&interaction.product, products);
    Ok(())
}
