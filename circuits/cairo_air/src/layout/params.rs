//! The 340 parameters of a dynamic layout.

use std::collections::BTreeMap;

use thiserror::Error;

use super::spec::{Builtin, Owner, CPU_HEIGHT, PARAM_NAMES, PUBLIC_MEMORY_FRACTION};

/// Parameters that are not those of a dynamic layout.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum ParamsError {
    /// A parameter is absent.
    #[error("dynamic_params.{name} is missing")]
    Missing {
        /// Its name.
        name: String,
    },
    /// A parameter has an unknown name.
    #[error("dynamic_params has the unknown key {name:.40?}")]
    Unknown {
        /// Its name.
        name: String,
    },
}

/// The values of all parameters of a dynamic layout.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DynamicParams {
    /// In the order of [`PARAM_NAMES`].
    values: Vec<u64>,
}

impl DynamicParams {
    /// Reads exactly the parameters of a dynamic layout.
    ///
    /// # Errors
    /// [`ParamsError`] if a parameter is missing or unknown.
    pub fn from_map(map: &BTreeMap<String, u64>) -> Result<Self, ParamsError> {
        if let Some(name) = map.keys().find(|name| PARAM_NAMES.binary_search(name).is_err()) {
            return Err(ParamsError::Unknown { name: name.clone() });
        }
        let value = |name: &String| {
            map.get(name).copied().ok_or_else(|| ParamsError::Missing { name: name.clone() })
        };
        Ok(Self { values: PARAM_NAMES.iter().map(value).collect::<Result<_, _>>()? })
    }

    /// All parameters with their names.
    pub fn to_map(&self) -> BTreeMap<String, u64> {
        PARAM_NAMES.iter().cloned().zip(self.values.iter().copied()).collect()
    }

    /// The values in the order of the transcript.
    pub fn values(&self) -> &[u64] {
        &self.values
    }

    /// The value of one parameter.
    ///
    /// # Panics
    /// If there is no parameter of that name.
    pub fn get(&self, name: &str) -> u64 {
        let position = PARAM_NAMES.binary_search_by(|known| known.as_str().cmp(name));
        self.values[position.unwrap_or_else(|_| panic!("no layout parameter is called {name}"))]
    }

    /// Whether a builtin is switched on.
    pub fn uses(&self, builtin: Builtin) -> bool {
        self.get(&builtin.uses_param()) != 0
    }

    /// Rows of one Cairo step; at most 2^64 - 1 after saturation.
    pub fn rows_per_step(&self) -> u64 {
        self.get("cpu_component_step").saturating_mul(CPU_HEIGHT)
    }

    /// Rows of one memory unit.
    pub fn rows_per_memory_unit(&self) -> u64 {
        self.get("memory_units_row_ratio")
    }

    /// Rows of one 16-bit range-check unit.
    pub fn rows_per_range_check_unit(&self) -> u64 {
        self.get("range_check_units_row_ratio")
    }

    /// Rows of one diluted unit.
    pub fn rows_per_diluted_unit(&self) -> u64 {
        self.get("diluted_units_row_ratio")
    }

    /// Rows of one instance of a builtin, zero if it is switched off.
    pub fn row_ratio(&self, builtin: Builtin) -> u64 {
        self.get(builtin.row_ratio_param())
    }

    /// Rows of one period of an owner.
    pub fn period(&self, owner: Owner) -> u64 {
        match owner {
            Owner::Cpu => self.rows_per_step(),
            Owner::Memory => self.rows_per_memory_unit(),
            Owner::PublicMemory => {
                self.rows_per_memory_unit().saturating_mul(PUBLIC_MEMORY_FRACTION)
            }
            Owner::RangeCheck16 => self.rows_per_range_check_unit(),
            Owner::Diluted => self.rows_per_diluted_unit(),
            Owner::Builtin(builtin) => self.row_ratio(builtin),
        }
    }
}
