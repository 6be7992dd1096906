//! What a run is given besides the program.

use crate::error::Fault;
use crate::value::Value;

/// A number, or a list that stands for a pointer to its items.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Argument {
    /// A number.
    Number(Value),
    /// Items of a segment.
    List(Vec<Argument>),
}

/// The witness: opened records, and what the program guesses in the order of execution.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Witness {
    /// Accounts by their number, in the order in which they are placed.
    pub accounts: Vec<(Value, Argument)>,
    /// Orders by their number, in the order in which they are placed.
    pub orders: Vec<(Value, Argument)>,
    /// Markets by their number, in the order in which they are placed.
    pub markets: Vec<(Value, Argument)>,
    /// Guesses.
    pub tape: Vec<Argument>,
}

/// A tape that is read from front to back.
#[derive(Debug, Default)]
pub(crate) struct Tape {
    items: Vec<Argument>,
    position: usize,
}

impl Tape {
    pub(crate) fn new(items: Vec<Argument>) -> Self {
        Self { items, position: 0 }
    }

    /// The next item, which must be a number.
    pub(crate) fn number(&mut self) -> Result<Value, Fault> {
        let index = self.advance();
        match self.items.get(index) {
            Some(Argument::Number(value)) => Ok(*value),
            other => Err(fault(index, other, "a number")),
        }
    }

    /// The next item, which must be a list.
    pub(crate) fn list(&mut self) -> Result<Vec<Argument>, Fault> {
        let index = self.advance();
        match self.items.get_mut(index) {
            Some(Argument::List(items)) => Ok(std::mem::take(items)),
            other => Err(fault(index, other.as_deref(), "a list")),
        }
    }

    fn advance(&mut self) -> usize {
        self.position += 1;
        self.position - 1
    }
}

fn fault(index: usize, actual: Option<&Argument>, expected: &'static str) -> Fault {
    let actual = match actual {
        None => "absent",
        Some(Argument::Number(_)) => "a number",
        Some(Argument::List(_)) => "a list",
    };
    Fault::Witness { index, actual, expected }
}
