//! Cells of the pool of diluted values.

use novation_field::Fe;
use rayon::prelude::*;

use super::columns::{DilutedColumns, DilutedInteractionColumns};
use super::dilute::{dilute, final_cumulative_value, undilute};
use crate::layout::UnitSlot;
use crate::range_check16::shifted;
use crate::statement::InteractionElements;
use crate::trace::{permutation_product, TraceColumns, TraceError};

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
    ) -> Result<(), TraceError> {
        let mut occurs = vec![false; usize::from(u16::MAX) + 1];
        for value in self.units.iter().flatten() {
            occurs[usize::from(*value)] = true;
        }
        let mut missing = (0..=u16::MAX).filter(|value| !occurs[usize::from(*value)]);
        let fill = |unit: &Option<u16>| unit.unwrap_or_else(|| missing.next().unwrap_or(u16::MAX));
        let mut values: Vec<u16> = self.units.iter().map(fill).collect();
        let missing = missing.count();
        if missing > 0 {
            return Err(TraceError::PoolFull { pool: "diluted", missing });
        }
        let element = |value: u16| Fe::from_u64(dilute(value));
        columns.fill(&c.pool, values.iter().copied().map(element));
        values.par_sort_unstable();
        columns.fill(&c.sorted, values.into_iter().map(element));
        Ok(())
    }
}

/// Writes the cumulative product of the permutation and the cumulative value of the sorted list.
pub(crate) fn write_diluted_products(
    columns: &mut TraceColumns,
    first: &[Vec<Fe>],
    (c, interaction): (&DilutedColumns, &DilutedInteractionColumns),
    elements: &InteractionElements,
) -> Result<(), TraceError> {
    let InteractionElements { diluted_permutation_z, diluted_z: z, diluted_alpha: alpha, .. } =
        *elements;
    let products = permutation_product(
        shifted(first, &c.pool, diluted_permutation_z),
        shifted(first, &c.sorted, diluted_permutation_z),
    );
    if products.last() != Some(&Fe::ONE) {
        return Err(TraceError::Permutation { argument: "diluted" });
    }
    columns.fill(&interaction.product, products);
    let sorted = shifted(first, &c.sorted, Fe::ZERO);
    let mut cumulative = Fe::ONE;
    columns.set(&interaction.cumulative, 0, cumulative);
    for (index, pair) in (1..).zip(sorted.windows(2)) {
        let step = pair[0] - pair[1]; // `shifted` negates.
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
