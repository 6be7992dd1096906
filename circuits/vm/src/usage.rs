//! How many steps a provable run has.

use std::sync::LazyLock;

use novation_cairo_air::layout::{
    frozen_params, Builtin, DynamicParams, Owner, PUBLIC_MEMORY_FRACTION,
};

const MIN_STEPS: u64 = 1 << 16;
const MEMORY_UNITS_OF_INSTRUCTION: u64 = 4;
const RANGE_CHECK_UNITS_OF_INSTRUCTION: u64 = 3;

/// The frozen table of the layout.
pub(crate) static LAYOUT: LazyLock<DynamicParams> = LazyLock::new(frozen_params);

/// What a run needs of the limited units.
#[derive(Debug, Clone)]
pub(crate) struct Usage {
    pub(crate) n_steps: u64,
    /// Instances of the builtins that the program uses.
    pub(crate) instances: Vec<(Builtin, u64)>,
    /// From the least to the greatest 16-bit value: each needs a unit, so that there is no gap.
    pub(crate) range_check_span: u64,
    /// Addresses below the end of a segment without a value; each needs a memory unit.
    pub(crate) memory_holes: u64,
}

impl Usage {
    /// The least power of two that has room for the run, `None` beyond 2^40 steps.
    pub(crate) fn padded_steps(&self) -> Option<u64> {
        (MIN_STEPS.ilog2()..=40).map(|log| 1 << log).find(|n_steps| self.fits(*n_steps))
    }

    fn fits(&self, n_steps: u64) -> bool {
        let rows = n_steps * LAYOUT.rows_per_step();
        let used = |builtin| {
            let found = self.instances.iter().find(|(used, _)| *used == builtin);
            found.map_or(0, |(_, count)| *count)
        };
        let range_checks = rows / LAYOUT.period(Owner::RangeCheck16);
        let range_checks_needed = RANGE_CHECK_UNITS_OF_INSTRUCTION * n_steps
            + Builtin::RangeCheck.range_check_units() * used(Builtin::RangeCheck)
            + self.range_check_span;
        let memory = rows / LAYOUT.period(Owner::Memory);
        let builtin_cells: u64 = Builtin::ALL
            .into_iter()
            .map(|builtin| allocated_instances(builtin, n_steps) * builtin.cells_per_instance())
            .sum();
        let memory_needed = memory / PUBLIC_MEMORY_FRACTION
            + MEMORY_UNITS_OF_INSTRUCTION * n_steps
            + builtin_cells
            + self.memory_holes;
        self.n_steps <= n_steps
            && Builtin::ALL.iter().all(|b| used(*b) <= allocated_instances(*b, n_steps))
            && range_checks_needed <= range_checks
            && memory_needed <= memory
    }
}

/// Instances of a builtin in the trace of a padded run, used or not.
pub(crate) fn allocated_instances(builtin: Builtin, n_steps: u64) -> u64 {
    match LAYOUT.row_ratio(builtin) {
        0 => 0,
        ratio => n_steps * LAYOUT.rows_per_step() / ratio,
    }
}
