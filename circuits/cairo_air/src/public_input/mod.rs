//! The statement: what the verifier knows about a Cairo run.

mod json;
mod seed;
mod validate;

use novation_field::Fe;
use novation_json::Malformed;
use thiserror::Error;

use crate::layout::{Builtin, Layout, LayoutError, ParamsError};

pub(crate) use json::field_element;
pub use json::RawPublicInput;
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
    /// Not JSON of the expected shape.
    #[error(transparent)]
    Malformed(#[from] Malformed),
    /// The layout is not `dynamic`.
    #[error("layout {actual} is not supported, only \"dynamic\"")]
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
    /// The number of steps is no power of two.
    #[error("n_steps is {actual}, a power of two is expected")]
    Steps {
        /// Steps given.
        actual: u64,
    },
    /// The number of steps is above what this crate can judge.
    #[error("n_steps is {actual}, supported are at most {max}")]
    TooManySteps {
        /// Steps given.
        actual: u64,
        /// The most supported.
        max: u64,
    },
    /// The bounds of the 16-bit range check are not ordered or too large.
    #[error("rc_min is {min} and rc_max {max}, expected rc_min <= rc_max <= 65535")]
    RangeCheckBounds {
        /// Lower bound.
        min: u64,
        /// Upper bound.
        max: u64,
    },
    /// The memory segments are not exactly those of the layout.
    #[error("memory_segments.{name} is {fault}")]
    Segment {
        /// Name of the segment.
        name: String,
        /// Missing or unknown.
        fault: &'static str,
    },
    /// A segment ends before it begins.
    #[error("segment {name} begins at {begin_addr} and stops before, at {stop_ptr}")]
    SegmentReversed {
        /// Name of the segment.
        name: &'static str,
        /// First address.
        begin_addr: u64,
        /// One past the last used address.
        stop_ptr: u64,
    },
    /// A segment ends inside an instance of its builtin.
    #[error("segment {name} has {size} cells, an instance has {cells}")]
    SegmentPart {
        /// Name of the segment.
        name: &'static str,
        /// Cells given.
        size: u64,
        /// Cells of one instance.
        cells: u64,
    },
    /// A segment has more instances than the trace.
    #[error("segment {name} has {actual} instances, the trace has {max}")]
    SegmentSize {
        /// Name of the segment.
        name: &'static str,
        /// Instances given.
        actual: u64,
        /// Instances available.
        max: u64,
    },
    /// The components need more units of a pool than there are.
    #[error("{needed} {pool} units needed, the trace has {available}")]
    Units {
        /// Name of the pool.
        pool: &'static str,
        /// Units needed.
        needed: u128,
        /// Units available.
        available: u64,
    },
    /// The public memory is empty or does not fit its share of the memory units.
    #[error("public_memory has {actual} cells, at least 1 is needed and the trace has {max}")]
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

impl PublicInputError {
    /// Whether nothing can be said about the statement because it is not one.
    pub fn is_malformed(&self) -> bool {
        matches!(self, Self::Malformed(_) | Self::Params(_) | Self::Segment { .. })
    }

    /// Whether the statement may be true, but cannot be judged by this crate.
    pub fn is_unsupported(&self) -> bool {
        match self {
            Self::Layout { .. } | Self::TooManySteps { .. } => true,
            Self::Rules(rule) => rule.is_unsupported(),
            _ => false,
        }
    }
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
