//! The statement: what the verifier knows about a Cairo run.

mod json;
mod seed;
mod validate;

use novation_field::Fe;
use thiserror::Error;

use crate::layout::{Builtin, Layout, LayoutError, ParamsError};

pub use seed::PageHash;
pub use validate::PublicInputParts;

/// Names of the memory segments in the order of the transcript.
pub const SEGMENT_NAMES: [&str; 13] = [
    "program",
    "execution",
    "output",
    "pedersen",
    "range_check",
    "ecdsa",
    "bitwise",
    "ec_op",
    "keccak",
    "poseidon",
    "range_check96",
    "add_mod",
    "mul_mod",
];

/// A public input that is not a statement this crate can prove or verify.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum PublicInputError {
    /// The text is not JSON of the expected shape.
    #[error("malformed public input: {message}")]
    Json {
        /// What the parser found.
        message: String,
    },
    /// The layout is not `dynamic`.
    #[error("layout {actual:?}, expected \"dynamic\"")]
    Layout {
        /// Name of the layout.
        actual: String,
    },
    /// The parameters of the layout are incomplete.
    #[error(transparent)]
    Params(#[from] ParamsError),
    /// The parameters of the layout violate a rule.
    #[error(transparent)]
    Rules(#[from] LayoutError),
    /// The number of steps is not a power of two in range.
    #[error("{actual} steps, expected a power of two up to 2^{max_log}")]
    Steps {
        /// Steps given.
        actual: u64,
        /// Base-2 logarithm of the maximum.
        max_log: u32,
    },
    /// The bounds of the 16-bit range check are not ordered or too large.
    #[error("range-check bounds {min} to {max} are not an interval of 16-bit numbers")]
    RangeCheckBounds {
        /// Lower bound.
        min: u64,
        /// Upper bound.
        max: u64,
    },
    /// The memory segments are not exactly those of the layout.
    #[error("memory segment {name} is missing or unknown")]
    Segment {
        /// Name of the segment.
        name: String,
    },
    /// A segment's size is not that of a permitted number of builtin instances.
    #[error("segment {name}: {begin_addr} to {stop_ptr}, limit {instances} times {cells} cells")]
    SegmentSize {
        /// Name of the segment.
        name: &'static str,
        /// First address.
        begin_addr: u64,
        /// One past the last used address.
        stop_ptr: u64,
        /// Instances available.
        instances: u64,
        /// Cells of one instance.
        cells: u64,
    },
    /// The components need more units of a pool than there are.
    #[error("{needed} {pool} units needed, {available} available")]
    Units {
        /// Name of the pool.
        pool: &'static str,
        /// Units needed.
        needed: u128,
        /// Units available.
        available: u64,
    },
    /// The public memory is empty or does not fit its share of the memory units.
    #[error("{actual} public memory cells, expected 1 to {max}")]
    PublicMemorySize {
        /// Cells given.
        actual: usize,
        /// Cells available.
        max: u64,
    },
    /// The addresses of a page other than the first are not consecutive, or pages are not numbered
    /// consecutively from zero.
    #[error("public memory page {page} is not continuous at address {address}")]
    Page {
        /// Number of the page.
        page: u64,
        /// Address of the offending cell.
        address: u64,
    },
}

/// A range of memory addresses.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Segment {
    /// First address.
    pub begin_addr: u64,
    /// One past the last used address.
    pub stop_ptr: u64,
}

/// A memory cell that the verifier knows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PublicCell {
    /// Its address.
    pub address: u64,
    /// Its value.
    pub value: Fe,
    /// Page 0 is a list of pairs; other pages have consecutive addresses.
    pub page: u64,
}

/// A validated statement.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PublicInput {
    log_n_steps: u32,
    rc_min: u16,
    rc_max: u16,
    layout: Layout,
    segments: [Segment; SEGMENT_NAMES.len()],
    public_memory: Vec<PublicCell>,
}

impl PublicInput {
    /// Base-2 logarithm of the number of Cairo steps.
    pub fn log_n_steps(&self) -> u32 {
        self.log_n_steps
    }

    /// The number of Cairo steps.
    pub fn n_steps(&self) -> u64 {
        1 << self.log_n_steps
    }

    /// Base-2 logarithm of the number of trace rows.
    pub fn log_trace_length(&self) -> u32 {
        self.log_n_steps + self.layout.params().rows_per_step().ilog2()
    }

    /// The number of trace rows.
    pub fn trace_length(&self) -> u64 {
        1 << self.log_trace_length()
    }

    /// Memory units of the trace: an address above their number cannot be proven.
    pub fn memory_units(&self) -> u64 {
        self.trace_length() / self.layout.params().rows_per_memory_unit()
    }

    /// Smallest and largest value of the 16-bit range check.
    pub fn range_check_bounds(&self) -> (u16, u16) {
        (self.rc_min, self.rc_max)
    }

    /// The layout.
    pub fn layout(&self) -> &Layout {
        &self.layout
    }

    /// The program segment: from the initial to the final program counter.
    pub fn program(&self) -> Segment {
        self.segments[0]
    }

    /// The execution segment: from the initial to the final allocation pointer.
    pub fn execution(&self) -> Segment {
        self.segments[1]
    }

    /// The output segment.
    pub fn output(&self) -> Segment {
        self.segments[2]
    }

    /// The segment of a builtin.
    pub fn builtin(&self, builtin: Builtin) -> Segment {
        self.segments[3 + builtin as usize]
    }

    /// The public memory; its first cell is also the padding.
    pub fn public_memory(&self) -> &[PublicCell] {
        &self.public_memory
    }

    /// Instances of a builtin in the trace, used or not.
    pub fn n_instances(&self, builtin: Builtin) -> u64 {
        match self.layout.params().row_ratio(builtin) {
            0 => 0,
            ratio => self.trace_length() / ratio,
        }
    }

    /// Cells of the public memory column.
    pub fn public_memory_capacity(&self) -> u64 {
        self.trace_length() / self.layout.params().period(crate::layout::Owner::PublicMemory)
    }
}
