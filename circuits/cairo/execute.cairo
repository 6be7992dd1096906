from starkware.cairo.common.cairo_builtins import PoseidonBuiltin, SignatureBuiltin
from starkware.cairo.common.dict_access import DictAccess

from circuits.cairo.environment import Environment
from circuits.cairo.execute_rare import execute_rare
from circuits.cairo.transactions.apply_timer import apply_timer
from circuits.cairo.transactions.cancel_all import cancel_all
from circuits.cairo.transactions.cancel_order import cancel_order
from circuits.cairo.transactions.deposit import deposit
from circuits.cairo.transactions.mass_quote import mass_quote
from circuits.cairo.transactions.minute_tick import minute_tick
from circuits.cairo.transactions.oracle_update import oracle_update
from circuits.cairo.transactions.place_order import place_order
from circuits.cairo.transactions.prune_order import prune_order
from circuits.cairo.transactions.replace_order import replace_order
from circuits.cairo.transactions.set_cancel_timer import set_cancel_timer
from circuits.cairo.transactions.withdraw import withdraw

// The state between two transactions, without what the access log holds. `time_ms` is the time of
// the next transaction, or of the last one if none follows.
struct Progress {
    environment: Environment*,
    time_ms: felt,
    next_order_id: felt,
    fees_quanta: felt,
}

// One entry of the batch: the transaction's type, and the time from it to the next one.
struct Entry {
    type: felt,
    delay_ms: felt,
}

const TYPE_PLACE_ORDER = 0;
const TYPE_CANCEL_ORDER = 1;
const TYPE_DEPOSIT = 2;
const TYPE_WITHDRAW = 3;
const TYPE_ORACLE_UPDATE = 4;
const TYPE_CANCEL_ALL = 9;
const TYPE_SET_CANCEL_TIMER = 10;
const TYPE_PRUNE_ORDER = 11;
const TYPE_APPLY_TIMER = 12;
const TYPE_MINUTE_TICK = 13;
const TYPE_REPLACE_ORDER = 15;
const TYPE_MASS_QUOTE = 21;

// Executes the transactions of a batch.
//
// Guarantee: times do not decrease, and while a tick is due there is no other transaction. Which
// there are besides, and in which order, is the prover's choice; each of them proves what it needs.
func execute{
    range_check_ptr,
    ecdsa_ptr: SignatureBuiltin*,
    poseidon_ptr: PoseidonBuiltin*,
    accounts_log: DictAccess*,
    orders_log: DictAccess*,
    markets_log: DictAccess*,
}(n_transactions, progress: Progress) -> (progress: Progress) {
    alloc_locals;
    if (n_transactions == 0) {
        return (progress=progress);
    }
    local message: Entry;
    %{ segments.write_arg(ids.message.address_, next(witness)) %}
    assert [range_check_ptr] = message.delay_ms;
    let range_check_ptr = range_check_ptr + 1;
    local n_left = n_transactions - 1;
    if (n_left == 0) {
        // The time after the last transaction is its own.
        assert message.delay_ms = 0;
    }
    let environment = progress.environment;
    let time_ms = progress.time_ms;
    let next_order_id = progress.next_order_id;
    let fees_quanta = progress.fees_quanta;

    if (message.type == TYPE_PLACE_ORDER) {
        let (fees_quanta) = place_order(environment, time_ms, next_order_id, fees_quanta, 0);
        return execute(
            n_left,
            Progress(environment, time_ms + message.delay_ms, next_order_id + 1, fees_quanta),
        );
    }
    if (message.type == TYPE_CANCEL_ORDER) {
        assert [range_check_ptr] = environment.next_tick_ms - time_ms - 1;
        let range_check_ptr = range_check_ptr + 1;
        cancel_order(environment, time_ms);
        return execute(
            n_left, Progress(environment, time_ms + message.delay_ms, next_order_id, fees_quanta)
        );
    }
    if (message.type == TYPE_MASS_QUOTE) {
        let (next_order_id) = mass_quote(environment, time_ms, next_order_id);
        return execute(
            n_left, Progress(environment, time_ms + message.delay_ms, next_order_id, fees_quanta)
        );
    }
    if (message.type == TYPE_REPLACE_ORDER) {
        assert [range_check_ptr] = environment.next_tick_ms - time_ms - 1;
        let range_check_ptr = range_check_ptr + 1;
        let (next_order_id, fees_quanta) = replace_order(
            environment, time_ms, next_order_id, fees_quanta
        );
        return execute(
            n_left, Progress(environment, time_ms + message.delay_ms, next_order_id, fees_quanta)
        );
    }
    let (environment, next_order_id, fees_quanta) = apply_other(
        message.type, environment, time_ms, next_order_id, fees_quanta
    );
    return execute(
        n_left, Progress(environment, time_ms + message.delay_ms, next_order_id, fees_quanta)
    );
}

// Executes what is no order and cancels none alone, or is rare.
func apply_other{
    range_check_ptr,
    ecdsa_ptr: SignatureBuiltin*,
    poseidon_ptr: PoseidonBuiltin*,
    accounts_log: DictAccess*,
    orders_log: DictAccess*,
    markets_log: DictAccess*,
}(type, environment: Environment*, time_ms, next_order_id, fees_quanta) -> (
    environment: Environment*, next_order_id: felt, fees_quanta: felt
) {
    if (type == TYPE_MINUTE_TICK) {
        let (environment) = minute_tick(environment, time_ms, next_order_id);
        return (environment, next_order_id, fees_quanta);
    }
    assert [range_check_ptr] = environment.next_tick_ms - time_ms - 1;
    let range_check_ptr = range_check_ptr + 1;
    if (type == TYPE_ORACLE_UPDATE) {
        let (environment) = oracle_update(environment, time_ms, next_order_id);
        return (environment, next_order_id, fees_quanta);
    }
    if (type == TYPE_DEPOSIT) {
        let (environment) = deposit(environment);
        return (environment, next_order_id, fees_quanta);
    }
    if (type == TYPE_WITHDRAW) {
        let (environment) = withdraw(environment, time_ms);
        return (environment, next_order_id, fees_quanta);
    }
    if (type == TYPE_CANCEL_ALL) {
        cancel_all(environment, time_ms, next_order_id);
        return (environment, next_order_id, fees_quanta);
    }
    if (type == TYPE_PRUNE_ORDER) {
        prune_order(environment, time_ms);
        return (environment, next_order_id, fees_quanta);
    }
    if (type == TYPE_SET_CANCEL_TIMER) {
        set_cancel_timer(environment, time_ms);
        return (environment, next_order_id, fees_quanta);
    }
    if (type == TYPE_APPLY_TIMER) {
        apply_timer(environment, time_ms, next_order_id);
        return (environment, next_order_id, fees_quanta);
    }
    // The only way from the core of the program to the rest, which is not loaded by every batch.
    assert environment.core_only = 0;
    return execute_rare(type, environment, time_ms, next_order_id, fees_quanta);
}
