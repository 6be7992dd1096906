from starkware.cairo.common.alloc import alloc
from starkware.cairo.common.dict_access import DictAccess
from starkware.cairo.common.squash_dict import squash_dict

// Accounts, orders and markets each have a log of their own: a transaction that changes a record
// appends (key, old record, new record) to the log of its kind. Records are guessed pointers, and it
// is the log that pins them, so a log must never hold records of two kinds: in a shared log an order
// could be read as an account with the collateral that its fields happen to hold.

// A squashed log: one entry per key, from the first record to the last, keys ascending strictly as
// integers below the prime.
struct Squashed {
    start: DictAccess*,
    end: DictAccess*,
}

// Guarantee: the accesses of each key form one chain from the first old record to the last new one.
func squash{range_check_ptr}(log: DictAccess*, log_end: DictAccess*) -> (squashed: Squashed) {
    alloc_locals;
    let (local start: DictAccess*) = alloc();
    let (end) = squash_dict(log, log_end, start);
    return (squashed=Squashed(start, end));
}
