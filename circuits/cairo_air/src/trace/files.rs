//! The binary files of `cairo-run`.

use novation_field::Fe;
use novation_json::Malformed;
use thiserror::Error;

use super::inputs::RegisterState;

/// Bytes of one step: ap, fp and pc in little-endian order.
const STEP_BYTES: usize = 24;
/// Bytes of one memory cell: address and value in little-endian order.
const CELL_BYTES: usize = 40;

/// A file of a run that cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum FileError {
    /// The size is not a multiple of the record size.
    #[error("{actual} bytes are not a sequence of records of {record} bytes")]
    Size {
        /// Size of the file.
        actual: usize,
        /// Size of a record.
        record: usize,
    },
    /// A value is not a field element.
    #[error("the value at address {address} is not a field element")]
    Value {
        /// Address of the cell.
        address: u64,
    },
    /// An address is too large.
    #[error("address {address} exceeds {max}")]
    Address {
        /// The address.
        address: u64,
        /// The largest address.
        max: u64,
    },
    /// Two cells have the same address and different values.
    #[error("address {address} has two values in the memory file")]
    Conflict {
        /// The address.
        address: u64,
    },
    /// The private input has another shape.
    #[error(transparent)]
    Malformed(#[from] Malformed),
    /// A range check of the private input is out of its range.
    #[error("range_check instance {index} is {value}, allowed is less than 2^128")]
    RangeCheck {
        /// Number of the instance.
        index: u64,
        /// The value.
        value: Fe,
    },
}

/// Reads the registers of every step.
///
/// # Errors
/// [`FileError::Size`] if the file is truncated.
pub fn read_trace_file(bytes: &[u8]) -> Result<Vec<RegisterState>, FileError> {
    let records = records::<STEP_BYTES>(bytes)?;
    let state = |record: &[u8; STEP_BYTES]| RegisterState {
        ap: word(record, 0),
        fp: word(record, 8),
        pc: word(record, 16),
    };
    Ok(records.iter().map(state).collect())
}

/// Reads a memory, indexed by address. No address may exceed `max_address`, so that a corrupt file
/// does not ask for all the memory of the machine; [`PublicInput::memory_units`] is a bound.
///
/// [`PublicInput::memory_units`]: crate::PublicInput::memory_units
///
/// # Errors
/// [`FileError`] if the file is truncated or contradicts itself, or an address or value is out of
/// range.
pub fn read_memory_file(bytes: &[u8], max_address: u64) -> Result<Vec<Option<Fe>>, FileError> {
    let mut memory = Vec::new();
    for record in records::<CELL_BYTES>(bytes)? {
        let address = word(record, 0);
        let limbs = [8, 16, 24, 32].map(|start| word(record, start));
        let value = Fe::from_limbs(limbs).ok_or(FileError::Value { address })?;
        let position = usize::try_from(address).ok().filter(|_| address <= max_address);
        let position = position.ok_or(FileError::Address { address, max: max_address })?;
        if memory.len() <= position {
            memory.resize(position + 1, None);
        }
        if memory[position].replace(value).is_some_and(|first| first != value) {
            return Err(FileError::Conflict { address });
        }
    }
    Ok(memory)
}

fn records<const N: usize>(bytes: &[u8]) -> Result<&[[u8; N]], FileError> {
    let (records, rest) = bytes.as_chunks::<N>();
    if rest.is_empty() {
        Ok(records)
    } else {
        Err(FileError::Size { actual: bytes.len(), record: N })
    }
}

fn word(record: &[u8], start: usize) -> u64 {
    let mut word = [0; 8];
    word.copy_from_slice(&record[start..start + 8]);
    u64::from_le_bytes(word)
}
