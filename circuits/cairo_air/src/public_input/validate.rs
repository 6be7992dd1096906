//! Checks of a statement, equal to those of StarkWare's verifier.

use std::collections::BTreeMap;

use super::{PublicCell, PublicInput, PublicInputError, Segment, SEGMENT_NAMES};
use crate::layout::{
    check_supported, validate_layout, Builtin, DynamicParams, PUBLIC_MEMORY_FRACTION,
};

const MAX_LOG_N_STEPS: u32 = 50;
const MEMORY_UNITS_PER_STEP: u64 = 4;
const RANGE_CHECK_UNITS_PER_STEP: u64 = 3;

/// The parts of a statement before they are checked; `P` are the parameters of the layout.
#[derive(Debug, Clone)]
pub struct PublicInputParts<P = DynamicParams> {
    /// Number of Cairo steps.
    pub n_steps: u64,
    /// Smallest value of the 16-bit range check.
    pub rc_min: u64,
    /// Largest value of the 16-bit range check.
    pub rc_max: u64,
    /// Parameters of the layout.
    pub params: P,
    /// Memory segments in the order of [`SEGMENT_NAMES`].
    pub segments: [Segment; SEGMENT_NAMES.len()],
    /// Public memory.
    pub public_memory: Vec<PublicCell>,
}

impl<P> PublicInputParts<P> {
    /// The same parts with these parameters of the layout.
    pub fn with_params(self, params: DynamicParams) -> PublicInputParts {
        let Self { n_steps, rc_min, rc_max, segments, public_memory, .. } = self;
        PublicInputParts { n_steps, rc_min, rc_max, params, segments, public_memory }
    }
}

impl PublicInput {
    /// Checks a statement.
    ///
    /// # Errors
    /// [`PublicInputError`] for the first rule that is violated.
    pub fn new(parts: PublicInputParts) -> Result<Self, PublicInputError> {
        check_supported(&parts.params)?;
        check_max_steps(parts.n_steps)?;
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
            segments: parts.segments,
            public_memory: parts.public_memory,
        };
        input.check_uses()?;
        input.check_units()?;
        input.check_public_memory()?;
        Ok(input)
    }

    /// Not of program and execution: these are no lengths, but the first and the last program
    /// counter and allocation pointer.
    fn check_uses(&self) -> Result<(), PublicInputError> {
        check_size("output", self.output(), 1)?;
        for builtin in Builtin::ALL {
            let (name, cells) = (builtin.name(), builtin.cells_per_instance());
            let actual = check_size(name, self.builtin(builtin), cells)?;
            let max = self.n_instances(builtin);
            if actual > max {
                return Err(PublicInputError::SegmentSize { name, actual, max });
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

/// The whole instances of a segment.
fn check_size(name: &'static str, segment: Segment, cells: u64) -> Result<u64, PublicInputError> {
    let Segment { begin_addr, stop_ptr } = segment;
    let Some(size) = stop_ptr.checked_sub(begin_addr) else {
        return Err(PublicInputError::SegmentReversed { name, begin_addr, stop_ptr });
    };
    if !size.is_multiple_of(cells) {
        return Err(PublicInputError::SegmentPart { name, size, cells });
    }
    Ok(size / cells)
}

fn check_max_steps(actual: u64) -> Result<(), PublicInputError> {
    let max = 1 << MAX_LOG_N_STEPS;
    (actual <= max).then_some(()).ok_or(PublicInputError::TooManySteps { actual, max })
}

fn check_steps(n_steps: u64) -> Result<u32, PublicInputError> {
    let is_valid = n_steps.is_power_of_two();
    is_valid.then(|| n_steps.ilog2()).ok_or(PublicInputError::Steps { actual: n_steps })
}
