//! The newest record of an account, an order or a market.
//!
//! That is the last one in its access log, which is read as far as it goes, or the opened one.

use std::collections::HashMap;

use crate::error::{shown, Fault};
use crate::expression::Expression;
use crate::machine::Machine;
use crate::tape::Argument;
use crate::value::{less, Value};

// Keys of the log; circuits/program_input.py has the same.
const ORDER_KEY_BASE: [u64; 4] = [1 << 40, 0, 0, 0];
const MARKET_KEY_BASE: [u64; 4] = [1 << 44, 0, 0, 0];
const LOG_ENTRY_CELLS: u32 = 3;

type Key = [u64; 4];

/// Pointers to the newest records that are known.
#[derive(Debug, Default)]
pub(crate) struct Records {
    accounts: HashMap<Key, Value>,
    orders: HashMap<Key, Value>,
    markets: HashMap<Key, Value>,
    /// How far each log has been read, by its segment.
    read_to: HashMap<u32, u32>,
}

/// Finds an account, zero if it does not exist.
pub(super) fn latest_account(machine: &mut Machine, ids: &[Expression]) -> Result<(), Fault> {
    let key = read_log(machine, ids)?;
    let record = machine.records.accounts.get(&key).copied().unwrap_or(Value::ZERO);
    answer(machine, ids, record)
}

pub(super) fn latest_order(machine: &mut Machine, ids: &[Expression]) -> Result<(), Fault> {
    let key = read_log(machine, ids)?;
    let record = machine.records.orders.get(&key).copied();
    answer(machine, ids, record.ok_or_else(|| Fault::hint("no such order"))?)
}

pub(super) fn latest_market(machine: &mut Machine, ids: &[Expression]) -> Result<(), Fault> {
    let key = read_log(machine, ids)?;
    let record = machine.records.markets.get(&key).copied();
    answer(machine, ids, record.ok_or_else(|| Fault::hint("no such market"))?)
}

fn answer(machine: &mut Machine, ids: &[Expression], record: Value) -> Result<(), Fault> {
    let address = ids[0].address(machine)?;
    machine.store(address, record)
}

/// Notes what the log has up to its end; returns the number that is asked for.
fn read_log(machine: &mut Machine, ids: &[Expression]) -> Result<Key, Fault> {
    let (log, number) = (ids[1].value(machine)?, ids[2].value(machine)?);
    let (segment, end) = machine.located(log)?;
    let mut entry = machine.records.read_to.get(&segment).copied().unwrap_or(0);
    while entry < end {
        let key = machine.read(segment, entry)?;
        let record = machine.read(segment, entry + 2)?;
        machine.note_record(key, record)?;
        entry += LOG_ENTRY_CELLS;
    }
    machine.records.read_to.insert(segment, end);
    machine.key(number)
}

impl Machine {
    /// Places opened records in segments of their own.
    pub(crate) fn place_records(
        &mut self,
        accounts: Vec<(Value, Argument)>,
        orders: Vec<(Value, Argument)>,
        markets: Vec<(Value, Argument)>,
    ) -> Result<Records, Fault> {
        let mut records = Records::default();
        for (number, account) in accounts {
            let record = self.place_argument(&account)?;
            records.accounts.insert(self.key(number)?, record);
        }
        for (number, order) in orders {
            let record = self.place_argument(&order)?;
            records.orders.insert(self.key(number)?, record);
        }
        for (number, market) in markets {
            let record = self.place_argument(&market)?;
            records.markets.insert(self.key(number)?, record);
        }
        Ok(records)
    }

    fn note_record(&mut self, key: Value, record: Value) -> Result<(), Fault> {
        let key = self.key(key)?;
        if !less(&key, &MARKET_KEY_BASE) {
            self.records
                .markets
                .insert([key[0] - MARKET_KEY_BASE[0], key[1], key[2], key[3]], record);
        } else if less(&key, &ORDER_KEY_BASE) {
            self.records.accounts.insert(key, record);
        } else if record != Value::ZERO {
            let terms = self.load(record)?;
            let number = self.load(terms)?;
            let number = self.key(number)?;
            self.records.orders.insert(number, record);
        }
        Ok(())
    }

    fn key(&self, value: Value) -> Result<Key, Fault> {
        let number = self.number(value)?;
        number.limbs().ok_or_else(|| Fault::Hint(format!("{} is no number", shown(value))))
    }
}
