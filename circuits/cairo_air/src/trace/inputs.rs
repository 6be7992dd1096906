//! What a virtual machine hands over.

use std::collections::BTreeMap;

use novation_crypto::curve::Affine;
use novation_field::Fe;
use serde_json::Value;

use super::error::TraceError;
use super::files::FileError;
use crate::builtins::ecdsa::SignatureInput;

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
    /// Reads the builtin inputs of a private-input file as `cairo-run` writes it.
    ///
    /// # Errors
    /// [`FileError`] if the JSON has another shape.
    pub fn from_value(value: &Value) -> Result<Self, FileError> {
        let mut inputs = Self::default();
        for item in items(value, "pedersen") {
            let input = [element(item, "x")?, element(item, "y")?];
            inputs.pedersen.insert(index(item)?, input);
        }
        for item in items(value, "range_check") {
            let index = index(item)?;
            inputs.range_check.insert(index, small(index, element(item, "value")?)?);
        }
        for item in items(value, "ecdsa") {
            let signature = &item["signature_input"];
            let input = SignatureInput {
                public_key: element(item, "pubkey")?,
                message: element(item, "msg")?,
                r: element(signature, "r")?,
                w: element(signature, "w")?,
            };
            inputs.ecdsa.insert(index(item)?, input);
        }
        for item in items(value, "bitwise") {
            inputs.bitwise.insert(index(item)?, [element(item, "x")?, element(item, "y")?]);
        }
        for item in items(value, "ec_op") {
            let point =
                |x, y| Ok::<_, FileError>(Affine { x: element(item, x)?, y: element(item, y)? });
            let (p, q) = (point("p_x", "p_y")?, point("q_x", "q_y")?);
            inputs.ec_op.insert(index(item)?, EcOpInput { p, q, m: element(item, "m")? });
        }
        for item in items(value, "poseidon") {
            let input = [
                element(item, "input_s0")?,
                element(item, "input_s1")?,
                element(item, "input_s2")?,
            ];
            inputs.poseidon.insert(index(item)?, input);
        }
        Ok(inputs)
    }
}

fn items<'v>(value: &'v Value, name: &str) -> impl Iterator<Item = &'v Value> {
    value[name].as_array().into_iter().flatten()
}

fn index(item: &Value) -> Result<u64, FileError> {
    item["index"].as_u64().ok_or_else(|| FileError::PrivateInput { key: "index".to_owned() })
}

fn element(item: &Value, key: &str) -> Result<Fe, FileError> {
    let parsed = item[key].as_str().and_then(|text| Fe::from_hex(text).ok());
    parsed.ok_or_else(|| FileError::PrivateInput { key: key.to_owned() })
}

fn small(index: u64, value: Fe) -> Result<u128, FileError> {
    match value.to_limbs() {
        [low, high, 0, 0] => Ok(u128::from(high) << 64 | u128::from(low)),
        _ => Err(FileError::RangeCheck { index, value }),
    }
}
