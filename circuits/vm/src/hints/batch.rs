//! Hints that take from the witness, and `segments.add`.

use crate::error::Fault;
use crate::expression::Expression;
use crate::machine::{Machine, ECDSA, EXECUTION};
use crate::tape::Argument;
use crate::value::Value;

/// `memory[ap]` becomes the next number of the tape.
pub(super) fn next_witness(machine: &mut Machine, _: &[Expression]) -> Result<(), Fault> {
    let value = machine.tape.number()?;
    machine.assign(EXECUTION, machine.ap, value)
}

/// The next list of the tape goes to consecutive cells.
pub(super) fn write_message(machine: &mut Machine, ids: &[Expression]) -> Result<(), Fault> {
    let address = ids[0].value(machine)?;
    let (segment, offset) = machine.located(address)?;
    let items = machine.tape.list()?;
    machine.place_items(segment, offset, &items)
}

/// Notes the signature of the instance at an address.
pub(super) fn add_signature(machine: &mut Machine, ids: &[Expression]) -> Result<(), Fault> {
    let address = ids[0].value(machine)?;
    let (segment, offset) = machine.located(address)?;
    if segment != ECDSA {
        return Err(Fault::hint("the place for a signature is not in the ECDSA segment"));
    }
    let signature = machine.tape.list()?;
    let [Argument::Number(r), Argument::Number(s)] = signature.as_slice() else {
        return Err(Fault::hint("a signature is two numbers, r and s"));
    };
    let s = s.limbs().ok_or_else(|| Fault::hint("a signature holds a pointer"))?;
    // One that was handed out for verification must not change.
    if machine.signatures.insert(offset, (*r, s)).is_some() {
        return Err(Fault::Hint(format!("a second signature at {offset}")));
    }
    Ok(())
}

/// `memory[ap]` becomes the address of a new segment.
pub(super) fn add_segment(machine: &mut Machine, _: &[Expression]) -> Result<(), Fault> {
    let segment = machine.memory.add_segment()?;
    machine.assign(EXECUTION, machine.ap, Value::pointer(segment, 0))
}

/// The first so many of the loaded program's words go to consecutive cells of the stack; zeros where
/// it has fewer.
pub(super) fn load_program(machine: &mut Machine, ids: &[Expression]) -> Result<(), Fault> {
    let address = ids[0].value(machine)?;
    let (segment, first) = machine.located(address)?;
    let n_words = ids[1].value(machine)?.to_u64().and_then(|count| u32::try_from(count).ok());
    let end = n_words.and_then(|count| first.checked_add(count)).filter(|end| *end < 1 << 31);
    let (Some(n_words), Some(end)) = (n_words, end.filter(|_| segment == EXECUTION)) else {
        return Err(Fault::hint("no room for the program on the stack"));
    };
    let words = std::mem::take(&mut machine.to_load);
    let zeros = std::iter::repeat(Value::ZERO);
    for (offset, word) in (first..end).zip(words.into_iter().chain(zeros)) {
        machine.assign(EXECUTION, offset, word)?;
    }
    machine.code.load_at(first, n_words);
    Ok(())
}
