//! The hints of `squash_dict`: accesses to a dictionary, sorted by key.

use std::collections::BTreeMap;

use crate::error::Fault;
use crate::expression::Expression;
use crate::machine::Machine;
use crate::value::Value;

/// The library's functions nest three.
const MAX_SCOPES: usize = 64;

/// Limbs of a key from the highest on, so that their order is that of the numbers.
type Key = [u64; 4];

/// What the hints of one scope remember.
#[derive(Debug, Default)]
pub(crate) struct Scope {
    /// The arc that `assert_le_felt` left out.
    pub(crate) excluded: Option<u8>,
    /// Positions of the accesses by key.
    accesses: BTreeMap<Key, Vec<u32>>,
    /// The key whose accesses are being squashed, and how many it has.
    key: Option<Key>,
    /// Positions of accesses of the key that are left, the last one first.
    left: Vec<u32>,
    current: u32,
}

impl Machine {
    /// The innermost scope.
    pub(super) fn scope(&mut self) -> &mut Scope {
        if self.scopes.is_empty() {
            self.scopes.push(Scope::default());
        }
        self.scopes.last_mut().expect("just made sure of one")
    }
}

pub(super) fn enter_scope(machine: &mut Machine, _: &[Expression]) -> Result<(), Fault> {
    check(machine.scopes.len() < MAX_SCOPES, "scopes are nested too deep")?;
    machine.scopes.push(Scope::default());
    Ok(())
}

pub(super) fn exit_scope(machine: &mut Machine, _: &[Expression]) -> Result<(), Fault> {
    if machine.scopes.len() < 2 {
        return Err(Fault::hint("the main scope cannot be left"));
    }
    machine.scopes.pop();
    Ok(())
}

/// Reads all keys; `ids` are the entry size, the log, its size, its length and two results.
pub(super) fn collect_accesses(machine: &mut Machine, ids: &[Expression]) -> Result<(), Fault> {
    let mut small = |index: usize, name: &str| {
        let value = ids[index].value(machine)?;
        let value = machine.number(value)?.to_u64().and_then(|value| u32::try_from(value).ok());
        value.ok_or_else(|| Fault::Hint(format!("{name} is too large")))
    };
    let (entry_cells, size) = (small(0, "DictAccess.SIZE")?, small(2, "ptr_diff")?);
    let n_accesses = small(3, "n_accesses")?;
    if entry_cells == 0 || !size.is_multiple_of(entry_cells) {
        return Err(Fault::hint("the size of the log is no multiple of that of an access"));
    }
    let log = ids[1].value(machine)?;
    let (segment, first) = machine.located(log)?;
    let mut accesses: BTreeMap<Key, Vec<u32>> = BTreeMap::new();
    for index in 0..n_accesses {
        let offset = index.checked_mul(entry_cells).and_then(|by| first.checked_add(by));
        let offset = offset.ok_or_else(|| Fault::hint("the log is too long"))?;
        let value = machine.read(segment, offset)?;
        accesses.entry(key_of(machine, value)?).or_default().push(index);
    }
    let last = accesses.last_key_value().map(|(key, _)| *key);
    let last = last.ok_or_else(|| Fault::hint("the log is empty"))?;
    store(machine, &ids[4], Value::from_u64((last[..2] != [0, 0]).into()))?;
    machine.scope().accesses = accesses;
    machine.scope().key = None;
    store_next_key(machine, &ids[5])
}

/// The position of the first access of a key.
pub(super) fn first_access(machine: &mut Machine, ids: &[Expression]) -> Result<(), Fault> {
    let scope = machine.scope();
    let positions = scope.key.and_then(|key| scope.accesses.get(&key));
    scope.left = positions.into_iter().flatten().rev().copied().collect();
    let first = scope.left.pop().ok_or_else(|| Fault::hint("a key without accesses"))?;
    scope.current = first;
    let pointer = ids[0].value(machine)?;
    machine.store(pointer, Value::from_u64(first.into()))
}

pub(super) fn should_skip_loop(machine: &mut Machine, ids: &[Expression]) -> Result<(), Fault> {
    let skip = machine.scope().left.is_empty();
    store(machine, &ids[0], Value::from_u64(skip.into()))
}

pub(super) fn should_continue(machine: &mut Machine, ids: &[Expression]) -> Result<(), Fault> {
    let more = !machine.scope().left.is_empty();
    store(machine, &ids[0], Value::from_u64(more.into()))
}

/// The distance to the next access of the key.
pub(super) fn next_access(machine: &mut Machine, ids: &[Expression]) -> Result<(), Fault> {
    let scope = machine.scope();
    let next = scope.left.pop().ok_or_else(|| Fault::hint("no access of the key is left"))?;
    // Positions of one key ascend.
    let distance = next - scope.current - 1;
    scope.current = next;
    store(machine, &ids[0], Value::from_u64(distance.into()))
}

pub(super) fn no_access_left(machine: &mut Machine, _: &[Expression]) -> Result<(), Fault> {
    check(machine.scope().left.is_empty(), "accesses of the key are left")
}

pub(super) fn access_count(machine: &mut Machine, ids: &[Expression]) -> Result<(), Fault> {
    let used = ids[0].value(machine)?;
    let scope = machine.scope();
    let count = scope.key.and_then(|key| scope.accesses.get(&key)).map_or(0, Vec::len);
    check(used == Value::from_u64(count as u64), "another number of accesses was used")
}

pub(super) fn next_key(machine: &mut Machine, ids: &[Expression]) -> Result<(), Fault> {
    store_next_key(machine, &ids[0])
}

pub(super) fn no_key_left(machine: &mut Machine, _: &[Expression]) -> Result<(), Fault> {
    let scope = machine.scope();
    let is_last = scope.accesses.last_key_value().map(|(key, _)| *key) == scope.key;
    check(is_last, "keys are left")
}

fn store_next_key(machine: &mut Machine, target: &Expression) -> Result<(), Fault> {
    let scope = machine.scope();
    let next = match scope.key {
        None => scope.accesses.keys().next(),
        Some(key) => {
            let after = (std::ops::Bound::Excluded(key), std::ops::Bound::Unbounded);
            scope.accesses.range(after).next().map(|(key, _)| key)
        }
    };
    let key = *next.ok_or_else(|| Fault::hint("No keys left but remaining_accesses > 0."))?;
    scope.key = Some(key);
    let [d, c, b, a] = key;
    let value = Value::from_limbs([a, b, c, d]).ok_or_else(|| Fault::hint("not a number"))?;
    store(machine, target, value)
}

fn store(machine: &mut Machine, target: &Expression, value: Value) -> Result<(), Fault> {
    let address = target.address(machine)?;
    machine.store(address, value)
}

fn key_of(machine: &Machine, value: Value) -> Result<Key, Fault> {
    let limbs = machine.number(value)?.limbs();
    let [a, b, c, d] = limbs.ok_or_else(|| Fault::hint("a key is a pointer"))?;
    Ok([d, c, b, a])
}

fn check(holds: bool, otherwise: &str) -> Result<(), Fault> {
    if holds {
        Ok(())
    } else {
        Err(Fault::hint(otherwise))
    }
}
