//! What a virtual machine hands over.

use std::collections::BTreeMap;

use novation_crypto::curve::Affine;
use novation_field::Fe;
use novation_json::{list, number, Malformed, Object};
use serde_json::Value;

use super::error::TraceError;
use super::files::FileError;
use crate::builtins::ecdsa::SignatureInput;
use crate::public_input::field_element;

/// The registers before a step.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct RegisterState {
    /// Allocation pointer.
    pub ap: u64,
    /// Frame pointer.
    pub fp: u64,
    /// Program counter.
    pub pc: u64,
}

/// A finished run, relocated to one address space.
#[derive(Debug, Clone, Default)]
pub struct TraceInputs {
    /// Registers before every step.
    pub trace: Vec<RegisterState>,
    /// Values by address; address 0 is never used.
    pub memory: Vec<Option<Fe>>,
    /// Inputs of the builtin instances that the run used.
    pub builtins: BuiltinInputs,
}

impl TraceInputs {
    /// The value at an address.
    pub(crate) fn read(&self, address: u64, pc: u64) -> Result<Fe, TraceError> {
        let cell = usize::try_from(address).ok().and_then(|index| self.memory.get(index));
        cell.copied().flatten().ok_or(TraceError::MissingMemory { pc, address })
    }
}

/// The input of a curve operation: the result is `p + m * q`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct EcOpInput {
    /// The point to which the multiple is added.
    pub p: Affine,
    /// The point that is multiplied.
    pub q: Affine,
    /// The scalar.
    pub m: Fe,
}

/// Inputs of builtin instances by their number in the builtin's segment.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct BuiltinInputs {
    /// The two inputs of a Pedersen hash.
    pub pedersen: BTreeMap<u64, [Fe; 2]>,
    /// Values of range checks.
    pub range_check: BTreeMap<u64, u128>,
    /// Signatures.
    pub ecdsa: BTreeMap<u64, SignatureInput>,
    /// The two words of a bitwise instance.
    pub bitwise: BTreeMap<u64, [Fe; 2]>,
    /// Curve operations.
    pub ec_op: BTreeMap<u64, EcOpInput>,
    /// Inputs of Poseidon permutations.
    pub poseidon: BTreeMap<u64, [Fe; 3]>,
}

impl BuiltinInputs {
    /// Reads the builtin inputs of a private-input file as `cairo-run` writes it. The inputs of
    /// builtins without constraints are not read, nor are the names of trace and memory.
    ///
    /// # Errors
    /// [`FileError`] if the JSON has another shape.
    pub fn from_value(value: &Value) -> Result<Self, FileError> {
        let file = Object::new(value, &PRIVATE_INPUT_KEYS)?;
        Ok(Self {
            pedersen: instances(&file, "pedersen", |item| elements(item, ["x", "y"]))?,
            range_check: instances(&file, "range_check", |item| elements(item, ["value"]))?
                .into_iter()
                .map(|(index, [value])| Ok((index, small(index, value)?)))
                .collect::<Result<_, FileError>>()?,
            ecdsa: instances(&file, "ecdsa", signature)?,
            bitwise: instances(&file, "bitwise", |item| elements(item, ["x", "y"]))?,
            ec_op: instances(&file, "ec_op", |item| {
                let [p_x, p_y, q_x, q_y, m] = elements(item, ["p_x", "p_y", "q_x", "q_y", "m"])?;
                let (p, q) = (Affine { x: p_x, y: p_y }, Affine { x: q_x, y: q_y });
                Ok(EcOpInput { p, q, m })
            })?,
            poseidon: instances(&file, "poseidon", |item| {
                elements(item, ["input_s0", "input_s1", "input_s2"])
            })?,
        })
    }
}

const PRIVATE_INPUT_KEYS: [&str; 12] = [
    "trace_path",
    "memory_path",
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

/// The instances of a builtin by their index; none if the file does not have the builtin.
fn instances<T>(
    file: &Object<'_>,
    name: &str,
    read: impl Fn(&Value) -> Result<T, Malformed>,
) -> Result<BTreeMap<u64, T>, Malformed> {
    let items = file.optional(name, |items| {
        list(items, |item| {
            let index = item.get("index").ok_or_else(|| Malformed::new("has no index"))?;
            Ok((number(index).map_err(|error| error.within("index"))?, read(item)?))
        })
    })?;
    let mut by_index = BTreeMap::new();
    for (index, input) in items.unwrap_or_default() {
        if by_index.insert(index, input).is_some() {
            return Err(Malformed::new(format!("has index {index} twice")).within(name));
        }
    }
    Ok(by_index)
}

/// An instance that consists of field elements with these names.
fn elements<const N: usize>(item: &Value, names: [&str; N]) -> Result<[Fe; N], Malformed> {
    let fields = Object::new(item, &[&["index"], names.as_slice()].concat())?;
    let mut elements = [Fe::ZERO; N];
    for (element, name) in elements.iter_mut().zip(names) {
        *element = fields.field(name, field_element)?;
    }
    Ok(elements)
}

fn signature(item: &Value) -> Result<SignatureInput, Malformed> {
    let fields = Object::new(item, &["index", "pubkey", "msg", "signature_input"])?;
    let public_key = fields.field("pubkey", field_element)?;
    let message = fields.field("msg", field_element)?;
    let [r, w] = fields.field("signature_input", |pair| elements(pair, ["r", "w"]))?;
    Ok(SignatureInput { public_key, message, r, w })
}

fn small(index: u64, value: Fe) -> Result<u128, FileError> {
    match value.to_limbs() {
        [low, high, 0, 0] => Ok(u128::from(high) << 64 | u128::from(low)),
        _ => Err(FileError::RangeCheck { index, value }),
    }
}
