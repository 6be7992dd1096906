//! What `ids.name` stands for in a hint.

use serde_json::Value as Json;

use crate::error::Fault;
use crate::machine::Machine;
use crate::value::Value;

/// A reference as the compiler resolved it, relative to the registers at the hint.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Expression {
    /// A constant.
    Number(Value),
    /// The address of a cell of the frame, or after the allocation pointer.
    Address { is_fp: bool, offset: i32 },
    /// The content of a cell.
    Cell(Box<Expression>),
    /// A sum.
    Sum(Box<Expression>, Box<Expression>),
    /// A difference.
    Difference(Box<Expression>, Box<Expression>),
    /// A product.
    Product(Box<Expression>, Box<Expression>),
}

impl Expression {
    /// Reads the JSON form: a number, `"ap"`, `"fp"`, or a list of an operator and its operands.
    pub(crate) fn from_json(json: &Json) -> Option<Self> {
        match json {
            Json::Number(number) => Some(Self::Number(Value::from_i64(number.as_i64()?))),
            Json::String(text) => match text.as_str() {
                "ap" => Some(Self::Address { is_fp: false, offset: 0 }),
                "fp" => Some(Self::Address { is_fp: true, offset: 0 }),
                hex => novation_field::Fe::from_hex(hex)
                    .ok()
                    .map(|number| Self::Number(Value::from_fe(number))),
            },
            Json::Array(items) => Self::from_list(items),
            _ => None,
        }
    }

    fn from_list(items: &[Json]) -> Option<Self> {
        let operand = |index: usize| items.get(index).and_then(Self::from_json).map(Box::new);
        match (items.first()?.as_str()?, items.len()) {
            ("cell", 2) => Some(Self::Cell(operand(1)?)),
            ("+", 3) => Some(Self::sum(operand(1)?, operand(2)?)),
            ("-", 3) => Some(Self::Difference(operand(1)?, operand(2)?)),
            ("*", 3) => Some(Self::Product(operand(1)?, operand(2)?)),
            _ => None,
        }
    }

    /// A sum, folded if it is a register plus a constant.
    fn sum(left: Box<Self>, right: Box<Self>) -> Self {
        if let (Self::Address { is_fp, offset }, Self::Number(number)) = (&*left, &*right) {
            let moved = number.to_i64().and_then(|by| i64::from(*offset).checked_add(by));
            if let Some(offset) = moved.and_then(|moved| i32::try_from(moved).ok()) {
                return Self::Address { is_fp: *is_fp, offset };
            }
        }
        Self::Sum(left, right)
    }

    /// The value.
    pub(crate) fn value(&self, machine: &mut Machine) -> Result<Value, Fault> {
        match self {
            Self::Number(number) => Ok(*number),
            Self::Address { is_fp, offset } => machine.frame_pointer(*is_fp, *offset),
            Self::Cell(address) => {
                let address = address.value(machine)?;
                machine.load(address)
            }
            Self::Sum(left, right) => {
                let (left, right) = (left.value(machine)?, right.value(machine)?);
                machine.plus(left, right)
            }
            Self::Difference(left, right) => {
                let (left, right) = (left.value(machine)?, right.value(machine)?);
                machine.minus(left, right)
            }
            Self::Product(left, right) => {
                let (left, right) = (left.value(machine)?, right.value(machine)?);
                machine.times(left, right)
            }
        }
    }

    /// The address of the cell that this is the content of.
    pub(crate) fn address(&self, machine: &mut Machine) -> Result<Value, Fault> {
        match self {
            Self::Cell(address) => address.value(machine),
            _ => Err(Fault::hint("assignment to what is no cell")),
        }
    }
}
