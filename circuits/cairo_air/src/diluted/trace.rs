//! Cells of the pool of diluted values.

use novation_field::Fe;

use super::columns::{DilutedColumns, DilutedInteractionColumns};
use super::dilute::{dilute, final_cumulative_value, undilute};
use crate::layout::UnitSlot;
use crate::statement::InteractionElements;
use crate::trace::{SmallValues, TraceColumns, TraceError};

/// All diluted units in the order of use, stored undiluted.
#[derive(Debug)]
pub(crate) struct DilutedPool {
    units: Vec<Option<u16>>,
}

impl DilutedPool {
    pub(crate) fn new(n_units: usize) -> Self {
        Self { units: vec![None; n_units] }
    }

    /// Writes the `index`-th unit of a slot; bits that a diluted number lacks are ignored.
    pub(crate) fn write(&mut self, slot: &UnitSlot, index: usize, value: u64) {
        self.units[slot.unit(index)] = Some(undilute(value));
    }

    /// Fills unused units so that every diluted number occurs, and writes the columns.
    ///
    /// Unused units take the missing numbers in ascending order, and then the largest.
    pub(crate) fn finish(
        self,
        columns: &mut TraceColumns,
        c: &DilutedColumns,
    ) -> Result<SmallValues, TraceError> {
        let values = SmallValues::fill(&self.units, 0..=u16::MAX, "diluted")?;
        columns.fill(&c.pool, values.units().iter().copied().map(element));
        columns.fill(&c.sorted, values.sorted().map(element));
        Ok(values)
    }
}

fn element(value: u16) -> Fe {
    Fe::from_u64(dilute(value))
}

/// Writes the cumulative product of the permutation and the cumulative value of the sorted list.
pub(crate) fn write_diluted_products(
    columns: &mut TraceColumns,
    values: &SmallValues,
    interaction: &DilutedInteractionColumns,
    elements: &InteractionElements,
) -> Result<(), TraceError> {
    let InteractionElements { diluted_permutation_z, diluted_z: z, diluted_alpha: alpha, .. } =
        *elements;
    let products = values.permutation_product(|value| diluted_permutation_z - element(value));
    if products.last() != Some(&Fe::ONE) {
        return Err(TraceError::Permutation { argument: "diluted" });
    }
    columns.fill(&interaction.product, products);
    let mut cumulative = Fe::ONE;
    let mut previous = Fe::ZERO; // The least diluted number, with which the list begins.
    for (index, value) in values.sorted().map(element).enumerate() {
        let step = value - previous;
        previous = value;
        if !step.is_zero() {
            cumulative = cumulative * (Fe::ONE + z * step) + alpha * step.square();
        }
        columns.set(&interaction.cumulative, index, cumulative);
    }
    if cumulative != final_cumulative_value(z, alpha) {
        return Err(TraceError::Permutation { argument: "diluted step" });
    }
    Ok(())
}
