//! Finds places for all columns and slots: from ratios to the table of parameters.
//!
//! All steps are powers of two, so places can be given out as by a buddy allocator: a free place of
//! step s is split into two of step 2s. Taking the densest columns first never leaves a gap, so the
//! number of real columns is the smallest possible.

use std::collections::BTreeMap;

use thiserror::Error;

use super::params::{DynamicParams, ParamsError};
use super::spec::{Builtin, Owner, Phase, Pool, COLUMNS, CPU_HEIGHT, PARAM_NAMES, SLOTS};

/// How many units and instances a layout has per Cairo step.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ratios {
    /// Multiplies the sixteen rows of a step.
    pub cpu_component_step: u64,
    /// Memory units per step, at least five with builtins.
    pub memory_units_per_step: u64,
    /// 16-bit units per step, at least three.
    pub range_check_units_per_step: u64,
    /// Rows per diluted unit; the trace must have 2^16 units.
    pub diluted_units_row_ratio: u64,
    /// Steps per instance of the builtins that are switched on.
    pub steps_per_instance: BTreeMap<Builtin, u64>,
}

impl Ratios {
    /// The ratios of the frozen layout: a signature every 512 steps, a Poseidon permutation every
    /// 16, a range check every 8; for runs of 2^16 steps and more.
    pub fn frozen() -> Self {
        Self {
            cpu_component_step: 1,
            memory_units_per_step: 8,
            range_check_units_per_step: 4,
            diluted_units_row_ratio: 16,
            steps_per_instance: BTreeMap::from([
                (Builtin::RangeCheck, 8),
                (Builtin::Ecdsa, 512),
                (Builtin::Poseidon, 16),
            ]),
        }
    }
}

/// Ratios for which there is no layout.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum PackError {
    /// A ratio is not a power of two or does not divide the rows of a step.
    #[error("{name} is {actual}, expected a power of two that divides the rows of a step")]
    Ratio {
        /// Name of the ratio.
        name: &'static str,
        /// Its value.
        actual: u64,
    },
    /// An instance has fewer rows than its finest column has cells.
    #[error("{builtin} has {rows} rows per instance, at least {min} are needed")]
    InstanceRows {
        /// Name of the builtin.
        builtin: &'static str,
        /// Rows per instance.
        rows: u64,
        /// Rows needed.
        min: u64,
    },
    /// A pool has fewer units than its users need.
    #[error("no units left for {slot}")]
    PoolFull {
        /// Name of the slot that found no place.
        slot: String,
    },
    /// The result lacks a parameter; the tables of this crate are inconsistent.
    #[error(transparent)]
    Params(#[from] ParamsError),
}

/// A place of evenly spaced cells in a column or units in a pool.
#[derive(Debug, Clone, Copy)]
struct Place {
    column: u64,
    offset: u64,
    step: u64,
}

/// Free places, of which the densest are split first.
#[derive(Debug, Default)]
struct Allocator {
    free: Vec<Place>,
    n_columns: u64,
}

impl Allocator {
    /// Takes a place of the given step, in a new column if there is none.
    fn take_or_grow(&mut self, step: u64) -> Place {
        if let Some(place) = self.take(step) {
            return place;
        }
        self.free.push(Place { column: self.n_columns, offset: 0, step: 1 });
        self.n_columns += 1;
        self.take(step).expect("a whole column has a place for every step")
    }

    /// Takes the tightest place of at most the given step and gives back what is left of it.
    fn take(&mut self, step: u64) -> Option<Place> {
        let fitting = self.free.iter().enumerate().filter(|(_, place)| place.step <= step);
        let (index, _) = fitting.max_by_key(|(index, place)| (place.step, usize::MAX - index))?;
        let mut place = self.free.remove(index);
        while place.step < step {
            let (offset, step) = (place.offset + place.step, 2 * place.step);
            self.free.push(Place { offset, step, ..place });
            place.step = step;
        }
        Some(place)
    }
}

/// The parameters of a layout with these ratios and the fewest columns.
///
/// # Errors
/// [`PackError`] if the ratios are impossible.
pub fn pack(ratios: &Ratios) -> Result<DynamicParams, PackError> {
    let mut values: BTreeMap<String, u64> =
        PARAM_NAMES.iter().map(|name| (name.clone(), 0)).collect();
    let mut set = |name: String, value: u64| values.insert(name, value);
    let rows = RowRatios::new(ratios)?;
    set("cpu_component_step".to_owned(), ratios.cpu_component_step);
    set("memory_units_row_ratio".to_owned(), rows.memory);
    set("range_check_units_row_ratio".to_owned(), rows.range_check16);
    set("diluted_units_row_ratio".to_owned(), ratios.diluted_units_row_ratio);
    for (&builtin, steps) in &ratios.steps_per_instance {
        set(builtin.uses_param(), 1);
        set(builtin.row_ratio_param().to_owned(), steps * rows.step);
    }
    let [n_first, n_second] = pack_columns(&rows, &mut set);
    set("num_columns_first".to_owned(), n_first);
    set("num_columns_second".to_owned(), n_second);
    pack_slots(&rows, &mut set)?;
    Ok(DynamicParams::from_map(&values)?)
}

/// Rows per period of every owner.
struct RowRatios<'r> {
    ratios: &'r Ratios,
    step: u64,
    memory: u64,
    range_check16: u64,
}

impl<'r> RowRatios<'r> {
    fn new(ratios: &'r Ratios) -> Result<Self, PackError> {
        let power_of_two = |name, actual: u64, max: u64| {
            if actual.is_power_of_two() && actual <= max {
                Ok(actual)
            } else {
                Err(PackError::Ratio { name, actual })
            }
        };
        let step = CPU_HEIGHT * power_of_two("cpu_component_step", ratios.cpu_component_step, 256)?;
        let per_step = |name, units| Ok::<u64, PackError>(step / power_of_two(name, units, step)?);
        let max_rows = 1 << 40;
        power_of_two("diluted_units_row_ratio", ratios.diluted_units_row_ratio, max_rows)?;
        for (builtin, &steps) in &ratios.steps_per_instance {
            let rows = power_of_two(builtin.name(), steps, max_rows)? * step;
            let min = builtin.finest_division();
            if rows < min {
                return Err(PackError::InstanceRows { builtin: builtin.name(), rows, min });
            }
        }
        Ok(Self {
            ratios,
            step,
            memory: per_step("memory_units_per_step", ratios.memory_units_per_step)?,
            range_check16: per_step(
                "range_check_units_per_step",
                ratios.range_check_units_per_step,
            )?,
        })
    }

    /// Rows per period, or `None` for a builtin that is switched off.
    fn period(&self, owner: Owner) -> Option<u64> {
        match owner {
            Owner::Cpu => Some(self.step),
            Owner::Memory => Some(self.memory),
            Owner::PublicMemory => Some(self.memory * super::spec::PUBLIC_MEMORY_FRACTION),
            Owner::RangeCheck16 => Some(self.range_check16),
            Owner::Diluted => Some(self.ratios.diluted_units_row_ratio),
            Owner::Builtin(builtin) => {
                Some(self.ratios.steps_per_instance.get(&builtin)? * self.step)
            }
        }
    }

    fn rows_per_unit(&self, pool: Pool) -> u64 {
        match pool {
            Pool::Memory => self.memory,
            Pool::RangeCheck16 => self.range_check16,
            Pool::Diluted => self.ratios.diluted_units_row_ratio,
        }
    }
}

/// Places all columns; returns how many real ones each phase takes.
fn pack_columns(rows: &RowRatios, set: &mut impl FnMut(String, u64) -> Option<u64>) -> [u64; 2] {
    let mut n_columns = [0, 0];
    let mut first_column = 0;
    for (phase, count) in [Phase::First, Phase::Second].into_iter().zip(&mut n_columns) {
        let mut columns: Vec<(u64, &str)> = COLUMNS
            .iter()
            .filter(|spec| spec.phase == phase)
            .filter_map(|spec| Some((rows.period(spec.owner)? / spec.cells, spec.name)))
            .collect();
        columns.sort_by_key(|(step, _)| *step);
        let mut allocator = Allocator::default();
        for (step, name) in columns {
            let place = allocator.take_or_grow(step);
            set(format!("{name}_column"), first_column + place.column);
            set(format!("{name}_offset"), place.offset);
        }
        *count = allocator.n_columns;
        first_column += allocator.n_columns;
    }
    n_columns
}

/// Places all slots in their pools.
fn pack_slots(
    rows: &RowRatios,
    set: &mut impl FnMut(String, u64) -> Option<u64>,
) -> Result<(), PackError> {
    for pool in [Pool::Memory, Pool::RangeCheck16, Pool::Diluted] {
        let users = SLOTS.iter().filter(|spec| spec.pool == pool);
        let mut slots: Vec<(u64, &str)> = users
            .filter_map(|spec| {
                let step = rows.period(spec.owner)? / spec.units;
                Some((step / rows.rows_per_unit(pool), spec.name.as_str()))
            })
            .collect();
        slots.sort_by_key(|(stride, _)| *stride);
        let mut allocator =
            Allocator { free: vec![Place { column: 0, offset: 0, step: 1 }], n_columns: 1 };
        for (stride, name) in slots {
            let place = allocator.take(stride);
            let place = place.ok_or_else(|| PackError::PoolFull { slot: name.to_owned() })?;
            set(format!("{name}_suboffset"), place.offset);
        }
    }
    Ok(())
}
