from starkware.cairo.common.alloc import alloc
from starkware.cairo.common.dict_access import DictAccess
from starkware.cairo.common.squash_dict import squash_dict

// Accounts, orders and markets each have a log of their own: a transaction appends (key, old
// record, new record) to the log of its kind. Records are guessed pointers, and it is the squashed
// log that pins them, if everybody does his duties, which are cited by number where they are done.
//
// Duty 1, read is logged: who guesses a record and reads it appends an entry with that record as
// the old one, under the record's own key and in the same transaction. The three logs are squashed
// apart: only so can no two of them be read at different times.
// Duty 2, one kind: a log holds records of one kind. In a shared log an order could be read as an
// account with the collateral that its fields happen to hold.
// Duty 3, order: the entry for a record that exists stands before the entry of a record that is
// made from it and could be it. A new order that named itself as its predecessor has no record yet.
// Duty 4, change: who makes a record from a guessed one changes a field that a leaf commits to, or
// sets `prices`, which is never null and is null in every record that open_account takes. Memory
// does not change: without that, a record could be its own successor and need no first one. A
// failed deposit makes no record; its entry repeats the old one, which the chain then still has to
// reach. Of a market it is `is_made`: 0 in every record that open_market takes, 1 in every other.
// Duty 5, first and last: who seals proves that the first record of a key is what the old state
// holds (none, if it holds none), and makes the last one the new leaf.
// Duty 6, no change: a record is never written again, so that what was read once stays true.

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
