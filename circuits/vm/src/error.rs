//! What can go wrong, before a run and in it.

use novation_cairo_air::PublicInputError;
use thiserror::Error;

use crate::value::Value;

/// A compiled program that this machine cannot run.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum ProgramError {
    /// The text is not the JSON of a compiled program.
    #[error("compiled program: {0}")]
    Malformed(String),
    /// No Rust function stands for a hint.
    #[error("pc {pc}: no function for the hint {text:?}")]
    UnknownHint {
        /// Offset of the instruction.
        pc: usize,
        /// Text of the hint.
        text: String,
    },
    /// A hint lacks a name that its function reads or writes.
    #[error("pc {pc}: {name:?} is not what the hint {text:?} needs")]
    HintName {
        /// Offset of the instruction.
        pc: usize,
        /// The name, after `ids.`.
        name: String,
        /// Text of the hint.
        text: String,
    },
    /// A builtin that this machine does not have, or builtins in another order than the layout's.
    #[error("builtins {actual:?}, expected a selection of {expected:?} in that order")]
    Builtins {
        /// What the program declares.
        actual: Vec<String>,
        /// What there is.
        expected: Vec<&'static str>,
    },
}

/// A run that cannot be proven.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("pc {pc} ({place}){}: {fault}", hint_suffix(hint.as_deref()))]
pub struct RunError {
    /// Offset of the instruction in the bytecode.
    pub pc: usize,
    /// Its place in the sources, `file:line`.
    pub place: String,
    /// Text of the hint that failed.
    pub hint: Option<String>,
    /// What happened.
    pub fault: Fault,
}

fn hint_suffix(hint: Option<&str>) -> String {
    hint.map(|text| format!(", hint {text:?}")).unwrap_or_default()
}

/// A run that has no place in one address space.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum PlacementError {
    /// Pointers may have been used as numbers.
    #[error("a run with flat pointers cannot be placed")]
    Flat,
    /// No number of steps has room for the run.
    #[error("the run needs more than 2^40 steps")]
    TooLarge,
    /// A cell that is public has no value.
    #[error("public cell {address} is unknown")]
    PublicCell {
        /// Address of the cell.
        address: u64,
    },
    /// The statement breaks a rule.
    #[error(transparent)]
    Statement(#[from] PublicInputError),
}

/// What stopped a run.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum Fault {
    /// The word at the program counter is not an instruction.
    #[error("not an instruction")]
    Instruction,
    /// A register left its segment.
    #[error("{register} would be {value}")]
    Register {
        /// Name of the register.
        register: &'static str,
        /// What it would become.
        value: String,
    },
    /// A cell that must have a value has none.
    #[error("cell {segment}:{offset} is unknown")]
    Unknown {
        /// Segment of the cell.
        segment: u32,
        /// Offset of the cell.
        offset: u32,
    },
    /// A cell was given a second value.
    #[error("cell {segment}:{offset} is {actual}, not {expected}")]
    Conflict {
        /// Segment of the cell.
        segment: u32,
        /// Offset of the cell.
        offset: u32,
        /// What it holds.
        actual: String,
        /// What it should hold.
        expected: String,
    },
    /// An assertion of the program does not hold.
    #[error("assertion failed: {left} != {right}")]
    Assertion {
        /// The cell.
        left: String,
        /// The result of the operation.
        right: String,
    },
    /// An assertion has more than one unknown cell.
    #[error("more than one cell of the assertion is unknown")]
    Undetermined,
    /// An operand would have to be a quotient by zero.
    #[error("division by zero")]
    Division,
    /// Numbers and pointers were mixed in a way that has no meaning.
    #[error("no pointer arithmetic: {0}")]
    Arithmetic(String),
    /// A number was used as an address.
    #[error("{0} is not an address")]
    NotAnAddress(String),
    /// An address is beyond what a provable run uses.
    #[error("memory of more than {limit} cells")]
    MemoryLimit {
        /// The limit.
        limit: usize,
    },
    /// The run does not end.
    #[error("more than {limit} steps")]
    StepLimit {
        /// The limit.
        limit: usize,
    },
    /// The witness has another form than the program asks for.
    #[error("witness: item {index} is {actual}, expected {expected}")]
    Witness {
        /// Position on the tape.
        index: usize,
        /// What is there.
        actual: &'static str,
        /// What the hint asks for.
        expected: &'static str,
    },
    /// A condition of a hint does not hold.
    #[error("{0}")]
    Hint(String),
    /// A builtin's cells are not what its component proves.
    #[error("builtin {name}: {detail}")]
    Builtin {
        /// Name of the builtin.
        name: &'static str,
        /// What is wrong.
        detail: String,
    },
    /// The caller asked to stop.
    #[error("interrupted")]
    Interrupted,
}

impl Fault {
    pub(crate) fn arithmetic(operation: &str, a: Value, b: Value) -> Self {
        Self::Arithmetic(format!("{} {operation} {}", shown(a), shown(b)))
    }

    pub(crate) fn hint(detail: impl Into<String>) -> Self {
        Self::Hint(detail.into())
    }
}

/// A value for people.
pub(crate) fn shown(value: Value) -> String {
    match (value.as_pointer(), value.to_u64(), value.to_fe()) {
        (Some((segment, offset)), ..) => format!("{segment}:{offset}"),
        (_, Some(small), _) => small.to_string(),
        (_, _, Some(element)) => element.to_hex(),
        _ => "unknown".to_owned(),
    }
}
