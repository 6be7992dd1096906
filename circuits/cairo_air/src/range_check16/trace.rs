//! Cells of the pool of 16-bit values.

use novation_field::Fe;

use super::columns::{RangeCheck16Columns, RangeCheck16InteractionColumns};
use crate::layout::UnitSlot;
use crate::statement::InteractionElements;
use crate::trace::{SmallValues, TraceColumns, TraceError};

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
    /// Unused units take the missing values in ascending order, and then the largest value.
    pub(crate) fn finish(
        self,
        columns: &mut TraceColumns,
        c: &RangeCheck16Columns,
        (min, max): (u16, u16),
    ) -> Result<SmallValues, TraceError> {
        for value in self.units.iter().flatten() {
            if !(min..=max).contains(value) {
                return Err(TraceError::RangeCheckBounds { value: *value, min, max });
            }
        }
        let values = SmallValues::fill(&self.units, min..=max, "range-check")?;
        let element = |value: u16| Fe::from_u64(u64::from(value));
        columns.fill(&c.pool, values.units().iter().copied().map(element));
        columns.fill(&c.sorted, values.sorted().map(element));
        Ok(values)
    }
}

/// Writes the cumulative product of the permutation.
pub(crate) fn write_range_check16_product(
    columns: &mut TraceColumns,
    values: &SmallValues,
    interaction: &RangeCheck16InteractionColumns,
    elements: &InteractionElements,
) -> Result<(), TraceError> {
    let z = elements.range_check_z;
    let products = values.permutation_product(|value| z - Fe::from_u64(u64::from(value)));
    if products.last() != Some(&Fe::ONE) {
        return Err(TraceError::Permutation { argument: "range-check" });
    }
    columns.fill(&interaction.product, products);
    Ok(())
}
