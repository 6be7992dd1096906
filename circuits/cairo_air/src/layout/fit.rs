//! A layout for a run that comes without one: `cairo-run --layout dynamic` writes no parameters.
//!
//! The ratios of the builtins follow from the addresses of the segments, since the machine leaves
//! room for every instance of the trace. The pools get the fewest units that hold all uses and the
//! values between them.

use std::collections::BTreeMap;

use thiserror::Error;

use super::packer::{pack, Ratios};
use super::params::DynamicParams;
use super::spec::{Builtin, CPU_HEIGHT, PUBLIC_MEMORY_FRACTION};
use crate::public_input::{PublicInputParts, Segment};

/// The diluted pool has to hold all numbers of 16 diluted bits.
const DILUTED_VALUES: u64 = 1 << 16;
const MAX_CPU_COMPONENT_STEP: u64 = 256;
/// Position of the first builtin among the segments.
const FIRST_BUILTIN: usize = 3;
/// A run of more steps is refused before its layout matters.
const MAX_STEPS: u64 = 1 << 40;

/// Why no layout fits a run.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum FitError {
    /// The number of steps is no power of two, or too large for any layout.
    #[error("dynamic_params is null and n_steps is {actual}: no layout can be made for it")]
    Steps {
        /// Steps of the run.
        actual: u64,
    },
    /// A builtin without constraints is used.
    #[error("the run uses builtin {builtin}, which is not supported")]
    Builtin {
        /// Name of the builtin.
        builtin: &'static str,
    },
    /// The machine left too little room for a number of instances that divides the steps.
    #[error(
        "dynamic_params is null and segment {builtin} has room for {room} instances, {used} are \
         used: a power of two between is needed"
    )]
    Instances {
        /// Name of the builtin.
        builtin: &'static str,
        /// Instances that were used.
        used: u64,
        /// Instances up to the next segment.
        room: u64,
    },
    /// The pools would need more rows than any layout has.
    #[error(
        "dynamic_params is null and no layout has room for what the run of {n_steps} steps uses"
    )]
    NoLayout {
        /// Steps of the run.
        n_steps: u64,
    },
}

/// Parameters of a layout in which the run can be proven.
///
/// # Errors
/// [`FitError`] if there are none.
pub fn fit<P>(run: &PublicInputParts<P>) -> Result<DynamicParams, FitError> {
    let n_steps = run.n_steps;
    if !n_steps.is_power_of_two() || n_steps > MAX_STEPS {
        return Err(FitError::Steps { actual: n_steps });
    }
    let instances = instances(run)?;
    let needs = Needs::of(run, &instances);
    let mut cpu_component_step = 1;
    while cpu_component_step <= MAX_CPU_COMPONENT_STEP {
        let ratios = needs.ratios(n_steps, cpu_component_step, &instances);
        if let Some(params) = ratios.and_then(|ratios| pack(&ratios).ok()) {
            return Ok(params);
        }
        cpu_component_step *= 2;
    }
    Err(FitError::NoLayout { n_steps })
}

/// Instances in the trace of each builtin that the machine made room for.
fn instances<P>(run: &PublicInputParts<P>) -> Result<BTreeMap<Builtin, u64>, FitError> {
    let mut instances = BTreeMap::new();
    let segments = &run.segments[FIRST_BUILTIN..];
    for (position, builtin) in Builtin::ALL.into_iter().enumerate() {
        let Segment { begin_addr, stop_ptr } = segments[position];
        let cells = builtin.cells_per_instance();
        let used = stop_ptr.saturating_sub(begin_addr).div_ceil(cells);
        // Segments follow each other in this order; an empty one begins where the next one does.
        let next = segments.get(position + 1).map_or(stop_ptr, |next| next.begin_addr);
        let room = (next.saturating_sub(begin_addr) / cells).min(run.n_steps);
        if used == 0 && room == 0 {
            continue;
        }
        let builtin_name = builtin.name();
        if !builtin.is_supported() {
            return Err(FitError::Builtin { builtin: builtin_name });
        }
        let count = if room == 0 { 0 } else { 1 << room.ilog2() };
        if count < used || count == 0 {
            return Err(FitError::Instances { builtin: builtin_name, used, room });
        }
        instances.insert(builtin, count);
    }
    Ok(instances)
}

/// Units that the run takes from each pool at most.
struct Needs {
    memory: u64,
    public_memory: u64,
    range_check: u64,
    diluted: u64,
}

impl Needs {
    fn of<P>(run: &PublicInputParts<P>, instances: &BTreeMap<Builtin, u64>) -> Self {
        let total = |units: fn(Builtin) -> u64| -> u64 {
            instances.iter().map(|(builtin, count)| units(*builtin).saturating_mul(*count)).sum()
        };
        // Addresses and 16-bit values that nothing uses still need a unit each.
        let addresses = run.segments.iter().map(|segment| segment.stop_ptr).max().unwrap_or(0);
        let values = run.rc_max.saturating_sub(run.rc_min).saturating_add(1);
        let sum = |parts: [u64; 3]| parts.into_iter().fold(0, u64::saturating_add);
        Self {
            memory: sum([4 * run.n_steps, total(Builtin::cells_per_instance), addresses]),
            public_memory: run.public_memory.len() as u64,
            range_check: sum([3 * run.n_steps, total(Builtin::range_check_units), values]),
            diluted: sum([DILUTED_VALUES, total(Builtin::diluted_units), 0]),
        }
    }

    /// The sparsest ratios with enough units, if steps of this height have them.
    fn ratios(
        &self,
        n_steps: u64,
        cpu_component_step: u64,
        instances: &BTreeMap<Builtin, u64>,
    ) -> Option<Ratios> {
        let rows_per_step = CPU_HEIGHT * cpu_component_step;
        let rows = rows_per_step * n_steps;
        let per_step = |units: u64, least: u64| {
            let per_step = units.div_ceil(n_steps).checked_next_power_of_two()?.max(least);
            (per_step <= rows_per_step).then_some(per_step)
        };
        // One unit in eight is public.
        let memory = self.memory.checked_mul(PUBLIC_MEMORY_FRACTION)?;
        let memory = memory
            .div_ceil(PUBLIC_MEMORY_FRACTION - 1)
            .max(self.public_memory * PUBLIC_MEMORY_FRACTION);
        let diluted = self.diluted.checked_next_power_of_two()?;
        Some(Ratios {
            cpu_component_step,
            memory_units_per_step: per_step(memory, 8)?,
            range_check_units_per_step: per_step(self.range_check, 4)?,
            diluted_units_row_ratio: (diluted <= rows).then(|| rows / diluted)?,
            steps_per_instance: instances
                .iter()
                .map(|(builtin, count)| (*builtin, n_steps / count))
                .collect(),
        })
    }
}
