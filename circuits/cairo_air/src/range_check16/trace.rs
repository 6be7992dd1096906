//! Cells of the pool of 16-bit values.

use novation_field::Fe;
use rayon::prelude::*;

use super::columns::{RangeCheck16Columns, RangeCheck16InteractionColumns};
use crate::layout::{UnitSlot, VirtualColumn};
use crate::statement::InteractionElements;
use crate::trace::{permutation_product, TraceColumns, TraceError};

/// All 16-bit units in the order of use.
#[derive(Debug)]
pub(crate) struct RangeCheck16Pool {
    units: Vec<Option<u16>>,
}

impl RangeCheck16Pool {
    pub(crate) fn new(n_units: usize) -> Self {
        Self { units: vec![None; n_units] }
    }

    /// Writes the `index`-th unit of a slot.
    #[inline]
    pub(crate) fn write(&mut self, slot: &UnitSlot, index: usize, value: u16) {
        self.units[slot.unit(index)] = Some(value);
    }

    /// Fills unused units so that every value between the bounds occurs, and writes the columns.
    ///
    /// Unused units take the missing values in ascending order, and then the largest value. Returns
    /// the values of all units.
    pub(crate) fn finish(
        self,
        columns: &mut TraceColumns,
        c: &RangeCheck16Columns,
        (min, max): (u16, u16),
    ) -> Result<Vec<u16>, TraceError> {
        let mut counts = vec![0_usize; usize::from(u16::MAX) + 1];
        for value in self.units.iter().flatten() {
            if !(min..=max).contains(value) {
                return Err(TraceError::RangeCheckBounds { value: *value, min, max });
            }
            counts[usize::from(*value)] += 1;
        }
        let mut missing = (min..=max).filter(|value| counts[usize::from(*value)] == 0);
        let fill = |unit: &Option<u16>| unit.unwrap_or_else(|| missing.next().unwrap_or(max));
        let values: Vec<u16> = self.units.iter().map(fill).collect();
        let missing = missing.count();
        if missing > 0 {
            return Err(TraceError::PoolFull { pool: "range-check", missing });
        }
        columns.fill(&c.pool, values.iter().map(|value| Fe::from_u64(u64::from(*value))));
        let mut sorted = values.clone();
        sorted.par_sort_unstable();
        columns.fill(&c.sorted, sorted.into_iter().map(|value| Fe::from_u64(u64::from(value))));
        Ok(values)
    }
}

/// Writes the cumulative product of the permutation.
pub(crate) fn write_range_check16_product(
    columns: &mut TraceColumns,
    first: &[Vec<Fe>],
    (c, interaction): (&RangeCheck16Columns, &RangeCheck16InteractionColumns),
    elements: &InteractionElements,
) -> Result<(), TraceError> {
    let z = elements.range_check_z;
    let products = permutation_product(shifted(first, &c.pool, z), shifted(first, &c.sorted, z));
    if products.last() != Some(&Fe::ONE) {
        return Err(TraceError::Permutation { argument: "range-check" });
    }
    columns.fill(&interaction.product, products);
    Ok(())
}

/// `z - value` for all cells of a column.
pub(crate) fn shifted(first: &[Vec<Fe>], column: &VirtualColumn, z: Fe) -> Vec<Fe> {
    let values = &first[column.column];
    let units = 0..values.len() / usize::try_from(column.step).expect("fits the trace");
    units.into_par_iter().map(|index| z - values[column.row(index, values.len())]).collect()
}
