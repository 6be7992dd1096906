//! Checks of a statement, equal to those of StarkWare's verifier.

use std::collections::BTreeMap;

use super::{PublicCell, PublicInput, PublicInputError, Segment, SEGMENT_NAMES};
use crate::layout::{validate_layout, Builtin, DynamicParams, PUBLIC_MEMORY_FRACTION};

const MAX_LOG_N_STEPS: u32 = 50;
const MEMORY_UNITS_PER_STEP: u64 = 4;
const RANGE_CHECK_UNITS_PER_STEP: u64 = 3;

/// The parts of a statement before they are checked.
#[derive(Debug, Clone)]
pub struct PublicInputParts {
    /// Number of Cairo steps.
    pub n_steps: u64,
    /// Smallest value of the 16-bit range check.
    pub rc_min: u64,
    /// Largest value of the 16-bit range check.
    pub rc_max: u64,
    /// Parameters of the layout.
    pub params: DynamicParams,
    /// Memory segments by name.
    pub segments: BTreeMap<String, Segment>,
    /// Public memory.
    pub public_memory: Vec<PublicCell>,
}

impl PublicInput {
    /// Checks a statement.
    ///
    /// # Errors
    /// [`PublicInputError`] for the first rule that is violated.
    pub fn new(parts: PublicInputParts) -> Result<Self, PublicInputError> {
        let bounds_error =
            PublicInputError::RangeCheckBounds { min: parts.rc_min, max: parts.rc_max };
        let (Ok(rc_min), Ok(rc_max)) = (u16::try_from(parts.rc_min), u16::try_from(parts.rc_max))
        else {
            return Err(bounds_error);
        };
        if rc_min > rc_max {
            return Err(bounds_error);
        }
        let log_n_steps = check_steps(parts.n_steps)?;
        // Both factors are bounded here and in `validate_layout`: the product is at most 2^62.
        let rows_per_step = parts.params.rows_per_step().min(1 << 12);
        let layout = validate_layout(parts.params, parts.n_steps * rows_per_step)?;
        let input = Self {
            log_n_steps,
            rc_min,
            rc_max,
            layout,
            segments: check_segments(parts.segments)?,
            public_memory: parts.public_memory,
        };
        input.check_uses()?;
        input.check_units()?;
        input.check_public_memory()?;
        Ok(input)
    }

    fn check_uses(&self) -> Result<(), PublicInputError> {
        let unlimited =
            ["program", "execution", "output"].into_iter().map(|name| (name, u64::MAX, 1));
        let builtins = Builtin::ALL.into_iter().map(|builtin| {
            (builtin.name(), self.n_instances(builtin), builtin.cells_per_instance())
        });
        for ((name, instances, cells), segment) in unlimited.chain(builtins).zip(self.segments) {
            let Segment { begin_addr, stop_ptr } = segment;
            let is_valid = match name {
                // Not lengths: the first and the last program counter or allocation pointer.
                "program" | "execution" => true,
                _ => stop_ptr
                    .checked_sub(begin_addr)
                    .is_some_and(|size| size.is_multiple_of(cells) && size / cells <= instances),
            };
            if !is_valid {
                return Err(PublicInputError::SegmentSize {
                    name,
                    begin_addr,
                    stop_ptr,
                    instances,
                    cells,
                });
            }
        }
        Ok(())
    }

    fn check_units(&self) -> Result<(), PublicInputError> {
        let params = self.layout.params();
        let total = |per_instance: fn(Builtin) -> u64| -> u128 {
            let units = |b| u128::from(self.n_instances(b)) * u128::from(per_instance(b));
            Builtin::ALL.into_iter().map(units).sum()
        };
        let steps = u128::from(self.n_steps());
        let memory_units = self.trace_length() / params.rows_per_memory_unit();
        let memory = u128::from(MEMORY_UNITS_PER_STEP) * steps
            + u128::from(memory_units / PUBLIC_MEMORY_FRACTION)
            + total(Builtin::cells_per_instance);
        let range_check =
            u128::from(RANGE_CHECK_UNITS_PER_STEP) * steps + total(Builtin::range_check_units);
        for (pool, needed, rows_per_unit) in [
            ("memory", memory, params.rows_per_memory_unit()),
            ("range-check", range_check, params.rows_per_range_check_unit()),
            ("diluted", total(Builtin::diluted_units), params.rows_per_diluted_unit()),
        ] {
            let available = self.trace_length() / rows_per_unit;
            if needed > u128::from(available) {
                return Err(PublicInputError::Units { pool, needed, available });
            }
        }
        Ok(())
    }

    fn check_public_memory(&self) -> Result<(), PublicInputError> {
        let (actual, max) = (self.public_memory.len(), self.public_memory_capacity());
        if actual == 0 || actual as u64 > max {
            return Err(PublicInputError::PublicMemorySize { actual, max });
        }
        let mut last_address: BTreeMap<u64, u64> = BTreeMap::new();
        for cell in &self.public_memory {
            let previous = last_address.insert(cell.page, cell.address);
            let continues =
                previous.is_none_or(|previous| previous.checked_add(1) == Some(cell.address));
            if cell.page != 0 && !continues {
                return Err(PublicInputError::Page { page: cell.page, address: cell.address });
            }
        }
        let pages = last_address.into_iter().zip(0..);
        let gap = pages.into_iter().find(|((page, _), expected)| page != expected);
        match gap {
            None => Ok(()),
            Some(((page, address), _)) => Err(PublicInputError::Page { page, address }),
        }
    }
}

fn check_steps(n_steps: u64) -> Result<u32, PublicInputError> {
    if n_steps.is_power_of_two() && n_steps.ilog2() <= MAX_LOG_N_STEPS {
        Ok(n_steps.ilog2())
    } else {
        Err(PublicInputError::Steps { actual: n_steps, max_log: MAX_LOG_N_STEPS })
    }
}

fn check_segments(
    mut segments: BTreeMap<String, Segment>,
) -> Result<[Segment; SEGMENT_NAMES.len()], PublicInputError> {
    let mut ordered = [Segment { begin_addr: 0, stop_ptr: 0 }; SEGMENT_NAMES.len()];
    for (slot, name) in ordered.iter_mut().zip(SEGMENT_NAMES) {
        *slot = segments
            .remove(name)
            .ok_or_else(|| PublicInputError::Segment { name: name.to_owned() })?;
    }
    match segments.into_keys().next() {
        None => Ok(ordered),
        Some(name) => Err(PublicInputError::Segment { name }),
    }
}
