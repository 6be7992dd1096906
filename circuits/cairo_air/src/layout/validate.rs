//! Rules that the parameters of a layout must satisfy.
//!
//! They are those of StarkWare's verifier, which make the constraints mean what they should, and two
//! more: parameters of builtins that are switched off are zero, and column counts are small.

use thiserror::Error;

use super::columns::Layout;
use super::params::DynamicParams;
use super::spec::{Builtin, Owner, Phase, Pool, COLUMNS, SLOTS};

/// The largest number of columns per phase that StarkWare's verifier admits.
const MAX_COLUMNS: u64 = 128;
const MAX_CPU_COMPONENT_STEP: u64 = 256;
const MEMORY_UNITS_PER_STEP_MIN: u64 = 4;

/// A violated rule of the layout.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum LayoutError {
    /// A switch is neither 0 nor 1.
    #[error("{name} is {actual}, expected 0 or 1")]
    NotABoolean {
        /// Name of the parameter.
        name: String,
        /// Its value.
        actual: u64,
    },
    /// A builtin is switched on whose constraints are not implemented.
    #[error("builtin {builtin} is switched on: it is not supported")]
    UnsupportedBuiltin {
        /// Name of the builtin.
        builtin: &'static str,
    },
    /// A period is not a power of two between the finest column's need and the trace length.
    #[error("{name} is {actual}, expected a power of two of at least {min} and at most {max}")]
    Period {
        /// Name of the parameter.
        name: String,
        /// Its value.
        actual: u64,
        /// Smallest possible value.
        min: u64,
        /// Largest possible value.
        max: u64,
    },
    /// A number is out of its range.
    #[error("{name} is {actual}, expected {min} to {max}")]
    OutOfRange {
        /// Name of the parameter.
        name: String,
        /// Its value.
        actual: u64,
        /// Smallest possible value.
        min: u64,
        /// Largest possible value.
        max: u64,
    },
    /// A parameter of a builtin that is switched off is not zero.
    #[error("{name} is {actual}, but its builtin is switched off: only 0 is supported then")]
    NotZero {
        /// Name of the parameter.
        name: String,
        /// Its value.
        actual: u64,
    },
    /// Two virtual columns share a cell.
    #[error("{first} and {second} share cells, and this prover fills every cell of a column")]
    Overlap {
        /// Name of a column or slot.
        first: String,
        /// Name of another.
        second: String,
    },
}

impl LayoutError {
    /// Whether Stone may prove such a layout, and only this crate cannot judge it.
    pub fn is_unsupported(&self) -> bool {
        matches!(
            self,
            Self::UnsupportedBuiltin { .. } | Self::NotZero { .. } | Self::Overlap { .. }
        )
    }
}

/// Checks that every builtin that is switched on has constraints here, and that nothing is said
/// about those that are switched off.
///
/// # Errors
/// [`LayoutError::UnsupportedBuiltin`] or [`LayoutError::NotZero`].
pub fn check_supported(params: &DynamicParams) -> Result<(), LayoutError> {
    for builtin in Builtin::ALL {
        if params.get(&builtin.uses_param()) == 1 && !builtin.is_supported() {
            return Err(LayoutError::UnsupportedBuiltin { builtin: builtin.name() });
        }
    }
    for builtin in Builtin::ALL {
        if !params.uses(builtin) {
            require_zero(params, builtin.row_ratio_param())?;
        }
    }
    let is_off = |owner| matches!(owner, Owner::Builtin(builtin) if !params.uses(builtin));
    for spec in COLUMNS.iter().filter(|spec| is_off(spec.owner)) {
        require_zero(params, &format!("{}_column", spec.name))?;
        require_zero(params, &format!("{}_offset", spec.name))?;
    }
    for spec in SLOTS.iter().filter(|spec| is_off(spec.owner)) {
        require_zero(params, &format!("{}_suboffset", spec.name))?;
    }
    Ok(())
}

fn require_zero(params: &DynamicParams, name: &str) -> Result<(), LayoutError> {
    match params.get(name) {
        0 => Ok(()),
        actual => Err(LayoutError::NotZero { name: name.to_owned(), actual }),
    }
}

/// Checks parameters for a trace of `trace_length` rows, a power of two of at most 2^62.
///
/// # Errors
/// [`LayoutError`] for the first rule that is violated.
pub fn validate_layout(params: DynamicParams, trace_length: u64) -> Result<Layout, LayoutError> {
    check_supported(&params)?;
    let check = Check { params: &params, trace_length };
    check.switches()?;
    check.periods()?;
    check.columns()?;
    check.slots()?;
    Ok(Layout::new(params))
}

struct Check<'p> {
    params: &'p DynamicParams,
    trace_length: u64,
}

impl Check<'_> {
    fn switches(&self) -> Result<(), LayoutError> {
        for builtin in Builtin::ALL {
            let (name, actual) = (builtin.uses_param(), self.params.get(&builtin.uses_param()));
            if actual > 1 {
                return Err(LayoutError::NotABoolean { name, actual });
            }
        }
        Ok(())
    }

    fn periods(&self) -> Result<(), LayoutError> {
        self.power_of_two("cpu_component_step", 1, MAX_CPU_COMPONENT_STEP)?;
        let steps = self.params.rows_per_step();
        self.power_of_two("memory_units_row_ratio", 1, steps / MEMORY_UNITS_PER_STEP_MIN)?;
        self.power_of_two("range_check_units_row_ratio", 1, self.trace_length)?;
        self.power_of_two("diluted_units_row_ratio", 1, self.trace_length)?;
        for builtin in Builtin::ALL {
            let name = builtin.row_ratio_param();
            if self.params.uses(builtin) {
                self.power_of_two(name, builtin.finest_division(), self.trace_length)?;
            }
        }
        Ok(())
    }

    fn columns(&self) -> Result<(), LayoutError> {
        self.range("num_columns_first", 1, MAX_COLUMNS)?;
        self.range("num_columns_second", 1, MAX_COLUMNS)?;
        let first = self.params.get("num_columns_first");
        let second = self.params.get("num_columns_second");
        for spec in COLUMNS.iter().filter(|spec| !self.is_off(spec.owner)) {
            let (column, offset) =
                (format!("{}_column", spec.name), format!("{}_offset", spec.name));
            match spec.phase {
                Phase::First => self.range(&column, 0, first - 1)?,
                Phase::Second => self.range(&column, first, first + second - 1)?,
            }
            self.range(&offset, 0, self.trace_length - 1)?;
        }
        Ok(())
    }

    fn slots(&self) -> Result<(), LayoutError> {
        for spec in SLOTS.iter().filter(|spec| !self.is_off(spec.owner)) {
            let name = format!("{}_suboffset", spec.name);
            let rows_per_unit = self.params.period(pool_owner(spec.pool));
            let step = self.params.period(spec.owner) / spec.units;
            // suboffset * rows_per_unit < step: the first unit lies in the first period.
            self.range(&name, 0, step.div_ceil(rows_per_unit).saturating_sub(1))?;
        }
        Ok(())
    }

    fn is_off(&self, owner: Owner) -> bool {
        matches!(owner, Owner::Builtin(builtin) if !self.params.uses(builtin))
    }

    fn power_of_two(&self, name: &str, min: u64, max: u64) -> Result<(), LayoutError> {
        let actual = self.params.get(name);
        if actual.is_power_of_two() && (min..=max).contains(&actual) {
            return Ok(());
        }
        Err(LayoutError::Period { name: name.to_owned(), actual, min, max })
    }

    fn range(&self, name: &str, min: u64, max: u64) -> Result<(), LayoutError> {
        let actual = self.params.get(name);
        if (min..=max).contains(&actual) {
            return Ok(());
        }
        Err(LayoutError::OutOfRange { name: name.to_owned(), actual, min, max })
    }
}

fn pool_owner(pool: Pool) -> Owner {
    match pool {
        Pool::Memory => Owner::Memory,
        Pool::RangeCheck16 => Owner::RangeCheck16,
        Pool::Diluted => Owner::Diluted,
    }
}

/// Evenly spaced cells with a name for messages.
struct Progression {
    name: String,
    place: usize,
    offset: u64,
    step: u64,
}

/// Checks that no cell belongs to two components: a proof of such a layout is sound, but only a
/// prover that leaves out the cells that mean nothing can make it. StarkWare's layouts are such.
///
/// # Errors
/// [`LayoutError::Overlap`] for the first pair found.
pub fn check_disjoint(layout: &Layout) -> Result<(), LayoutError> {
    let params = layout.params();
    let is_on = |owner| !matches!(owner, Owner::Builtin(builtin) if !params.uses(builtin));
    let columns = COLUMNS.iter().filter(|spec| is_on(spec.owner)).map(|spec| {
        let column = layout.column(spec.name);
        let name = spec.name.to_owned();
        Progression { name, place: column.column, offset: column.offset, step: column.step }
    });
    find_overlap(&columns.collect::<Vec<_>>())?;
    let slots = SLOTS.iter().filter(|spec| is_on(spec.owner)).map(|spec| {
        let slot = match spec.pool {
            Pool::Memory => layout.memory_slot(&spec.name).units,
            Pool::RangeCheck16 => layout.range_check_slot(&spec.name),
            Pool::Diluted => layout.diluted_slot(&spec.name),
        };
        let (name, place) = (spec.name.clone(), spec.pool as usize);
        Progression { name, place, offset: slot.first, step: slot.stride }
    });
    find_overlap(&slots.collect::<Vec<_>>())
}

/// Progressions whose steps are powers of two meet if and only if their offsets agree modulo the
/// smaller step.
fn find_overlap(progressions: &[Progression]) -> Result<(), LayoutError> {
    for (index, a) in progressions.iter().enumerate() {
        for b in &progressions[..index] {
            let step = a.step.min(b.step);
            if a.place == b.place && a.offset % step == b.offset % step {
                return Err(LayoutError::Overlap { first: b.name.clone(), second: a.name.clone() });
            }
        }
    }
    Ok(())
}
