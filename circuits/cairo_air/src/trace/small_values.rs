//! Pools of 16-bit values without holes.

use core::ops::RangeInclusive;

use novation_field::Fe;
use rayon::prelude::*;

use super::error::TraceError;
use super::permutation::permutation_product;

const N_VALUES: usize = 1 << 16;

/// A pool in which every value of a range occurs: all that the permutation argument needs of the
/// first phase.
#[derive(Debug)]
pub(crate) struct SmallValues {
    units: Vec<u16>,
    /// How often each value occurs.
    counts: Vec<u32>,
}

impl SmallValues {
    /// Unused units take the missing values of the range in ascending order, and then the largest.
    pub(crate) fn fill(
        units: &[Option<u16>],
        range: RangeInclusive<u16>,
        pool: &'static str,
    ) -> Result<Self, TraceError> {
        let mut counts = vec![0; N_VALUES];
        for value in units.iter().flatten() {
            counts[usize::from(*value)] += 1;
        }
        let max = *range.end();
        let occurs: Vec<bool> = counts.iter().map(|count| *count > 0).collect();
        let mut missing = range.filter(|value| !occurs[usize::from(*value)]);
        let mut fill = || {
            let value = missing.next().unwrap_or(max);
            counts[usize::from(value)] += 1;
            value
        };
        let units = units.iter().map(|unit| unit.unwrap_or_else(&mut fill)).collect();
        match missing.count() {
            0 => Ok(Self { units, counts }),
            missing => Err(TraceError::PoolFull { pool, missing }),
        }
    }

    /// The values of all units.
    pub(crate) fn units(&self) -> &[u16] {
        &self.units
    }

    /// The values of all units in ascending order.
    pub(crate) fn sorted(&self) -> impl Iterator<Item = u16> + '_ {
        let repeat = |(value, count): (u16, &u32)| (0..*count).map(move |_| value);
        (0..=u16::MAX).zip(&self.counts).flat_map(repeat)
    }

    /// The cumulative products of `term(unit) / term(sorted unit)`.
    pub(crate) fn permutation_product(&self, term: impl Fn(u16) -> Fe + Sync) -> Vec<Fe> {
        let original = self.units.par_iter().map(|value| term(*value)).collect();
        permutation_product(original, self.sorted().map(term).collect())
    }
}
