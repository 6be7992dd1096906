//! Why a run cannot be put into a trace.

use novation_air::AirError;
use novation_field::Fe;
use thiserror::Error;

use crate::builtins::ecdsa::SignatureError;
use crate::layout::LayoutError;

/// A run that does not fit its statement, or that no trace can prove.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum TraceError {
    /// The run is shorter or longer than the statement says.
    #[error("{actual} steps, expected {expected}")]
    StepCount {
        /// Steps of the statement.
        expected: u64,
        /// Steps of the run.
        actual: usize,
    },
    /// The layout cannot be filled.
    #[error(transparent)]
    Layout(#[from] LayoutError),
    /// A step reads memory that has no value.
    #[error("the instruction at {pc} reads address {address}, which has no value")]
    MissingMemory {
        /// The program counter.
        pc: u64,
        /// The address.
        address: u64,
    },
    /// A word is not an instruction.
    #[error("the word {value} at {pc} is not an instruction")]
    Instruction {
        /// The program counter.
        pc: u64,
        /// The word.
        value: Fe,
    },
    /// An operand is used as an address and is none.
    #[error("the instruction at {pc} uses {value} as an address")]
    NotAnAddress {
        /// The program counter.
        pc: u64,
        /// The operand.
        value: Fe,
    },
    /// An instruction asserts what does not hold.
    #[error("the instruction at {pc} asserts {left} = {right}")]
    AssertEq {
        /// The program counter.
        pc: u64,
        /// The cell that is asserted.
        left: Fe,
        /// The result of the instruction.
        right: Fe,
    },
    /// A call does not leave frame and return address in memory.
    #[error("the call at {pc} finds other values than fp and the return address in its cells")]
    Call {
        /// The program counter.
        pc: u64,
    },
    /// A register has another value than the instruction before or the statement gives it.
    #[error("{register} is {actual} before step {step}, expected {expected}")]
    Registers {
        /// The step, from zero.
        step: usize,
        /// Name of the register.
        register: &'static str,
        /// Its value in the trace.
        actual: u64,
        /// The value it should have.
        expected: Fe,
    },
    /// The input of a builtin instance has no place in the trace.
    #[error("{builtin} instance {index} given, the trace has {instances}")]
    InstanceIndex {
        /// Name of the builtin.
        builtin: &'static str,
        /// Number of the instance.
        index: u64,
        /// Instances in the trace.
        instances: u64,
    },
    /// The input of a builtin instance is outside the builtin's domain.
    #[error("{builtin} instance {index}: {reason}")]
    BuiltinInput {
        /// Name of the builtin.
        builtin: &'static str,
        /// Number of the instance.
        index: u64,
        /// What is wrong.
        reason: String,
    },
    /// A signature cannot be proven.
    #[error("ecdsa instance {index}: {error}")]
    Signature {
        /// Number of the instance.
        index: u64,
        /// What is wrong.
        error: SignatureError,
    },
    /// Two accesses to one address have different values.
    #[error("address {address} has the values {first} and {second}")]
    MemoryConflict {
        /// The address.
        address: u64,
        /// One value.
        first: Fe,
        /// Another.
        second: Fe,
    },
    /// The addresses do not start at 1 or are too far apart for the memory units.
    #[error("addresses {min} to {max} in {units} memory units, expected a dense range from 1")]
    MemoryRange {
        /// Smallest address.
        min: u64,
        /// Largest address.
        max: u64,
        /// Memory units of the trace.
        units: usize,
    },
    /// A 16-bit value is outside the bounds of the statement.
    #[error("16-bit value {value} is outside the bounds {min} to {max}")]
    RangeCheckBounds {
        /// The value.
        value: u16,
        /// Lower bound of the statement.
        min: u16,
        /// Upper bound of the statement.
        max: u16,
    },
    /// A pool has fewer unused units than values that must still occur.
    #[error("{missing} values do not fit the unused units of the {pool} pool")]
    PoolFull {
        /// Name of the pool.
        pool: &'static str,
        /// Values without a unit.
        missing: usize,
    },
    /// A permutation argument does not close: the trace contradicts the statement.
    #[error("the {argument} permutation ends with the wrong value")]
    Permutation {
        /// Name of the argument.
        argument: &'static str,
    },
    /// The interaction elements do not fit the AIR.
    #[error(transparent)]
    Air(#[from] AirError),
}
