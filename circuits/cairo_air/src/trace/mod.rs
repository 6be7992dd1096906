//! From a Cairo run to the columns of the trace.

mod columns;
mod error;
mod files;
mod generator;
mod inputs;
mod permutation;
mod small_values;

pub use error::TraceError;
pub use files::{read_memory_file, read_trace_file, FileError};
pub use generator::{SecondPhase, TraceGenerator};
pub use inputs::{BuiltinInputs, EcOpInput, RegisterState, TraceInputs};

pub(crate) use columns::TraceColumns;
pub(crate) use generator::FirstPhase;
pub(crate) use permutation::permutation_product;
pub(crate) use small_values::SmallValues;
