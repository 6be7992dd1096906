from starkware.cairo.common.cairo_builtins import PoseidonBuiltin, SignatureBuiltin
from starkware.cairo.common.dict_access import DictAccess
from starkware.cairo.common.poseidon_state import PoseidonBuiltinState
from starkware.cairo.common.registers import get_fp_and_pc

from circuits.cairo.book.makers import reducible_lots
from circuits.cairo.book.self_trade import pass_account
from circuits.cairo.constants import (
    ACCOUNT_ID_BOUND,
    BRACKET_TAG,
    LIST_FALLS,
    LIST_RISES,
    MAX_KEYS,
    MESSAGE_PLACE_ORDER,
    NONCE_BOUND,
    PRICE_BOUND,
    PRICE_X16_ONE,
    RC_BOUND,
    RESULT_DORMANT,
    TIME_BOUND,
    TIME_IN_FORCE_FOK,
    TIME_IN_FORCE_IOC,
)
from circuits.cairo.environment import Environment, with_domain
from circuits.cairo.state.accounts import Account
from circuits.cairo.state.orders import DormantTerms
from circuits.cairo.state.positions import Position, find_position
from circuits.cairo.state.prices import Price
from circuits.cairo.transactions.place_order import place_order
from circuits.cairo.transactions.place_trigger import count_orders, link_dormant
from circuits.cairo.transactions.replace_order import NewTerms, order_word

// An order that ends a position once the mark has reached a price.
struct Exit {
    trigger_price_ticks: felt,
    price_ticks: felt,
    // Guesses: its key in the log (see OrderTerms), and the order before it in its list; 0 and 0 if it is
    // not placed.
    order_key: felt,
    predecessor_id: felt,
}

// The transaction as the prover gives it; the order follows.
struct PlaceBracket {
    stop: Exit,
    profit: Exit,
    // That of both.
    expiry_time_ms: felt,
}

// An order, and the stop and the take-profit of what it opens: two dormant orders that end each other.
//
// The message is that of the order, in a domain that names the exits: place_order checks it as it
// checks every other. So nobody can take the order without them. The order has the id that is given,
// the exits have the next two. Returns the fees of the batch so far.
func place_bracket{
    range_check_ptr,
    ecdsa_ptr: SignatureBuiltin*,
    poseidon_ptr: PoseidonBuiltin*,
    accounts_log: DictAccess*,
    orders_log: DictAccess*,
    markets_log: DictAccess*,
}(environment: Environment*, time_ms, order_id, fees_quanta) -> (fees_quanta: felt) {
    alloc_locals;
    let (__fp__, _) = get_fp_and_pc();
    local message: PlaceBracket;
    %{ segments.write_arg(ids.message.address_, next(witness)) %}
    let (word) = exits_word(&message, time_ms);
    assert poseidon_ptr.input = PoseidonBuiltinState(word, BRACKET_TAG, environment.config_hash);
    local domain = poseidon_ptr.output.s0;
    let poseidon_ptr = poseidon_ptr + PoseidonBuiltin.SIZE;
    // The first thing that place_order hashes is the message.
    local signed: PoseidonBuiltin* = poseidon_ptr;
    let (inside) = with_domain(environment, domain);
    let (local fees_quanta) = place_order(inside, time_ms, order_id, fees_quanta, 0);
    let (local entry: NewTerms*) = read_signed(signed, domain);
    local price: Price* = environment.prices[entry.market_id];
    // Of who buys the stop waits for a fall, of who sells for a rise; the other one the other way.
    check_exit(&message.stop, entry, price, 1 - 2 * entry.side);
    check_exit(&message.profit, entry, price, 2 * entry.side - 1);
    let (are_placed) = count_exits(entry, environment);
    if (are_placed == 0) {
        // They are not placed: no other numbers shall be there.
        assert message.stop.order_key = 0;
        assert message.stop.predecessor_id = 0;
        assert message.profit.order_key = 0;
        assert message.profit.predecessor_id = 0;
        return (fees_quanta=fees_quanta);
    }
    local side = entry.side;
    place_exit(&message.stop, entry, order_id + 1, 1, LIST_FALLS + side, message.expiry_time_ms);
    place_exit(&message.profit, entry, order_id + 2, 2, LIST_RISES - side, message.expiry_time_ms);
    return (fees_quanta=fees_quanta);
}

// Returns the word that names the exits. Guarantee: it has one reading, and they live.
func exits_word{range_check_ptr}(message: PlaceBracket*, time_ms) -> (word: felt) {
    assert [range_check_ptr] = message.stop.trigger_price_ticks - 1;
    assert [range_check_ptr + 1] = message.stop.trigger_price_ticks + (RC_BOUND - PRICE_BOUND);
    assert [range_check_ptr + 2] = message.stop.price_ticks - 1;
    assert [range_check_ptr + 3] = message.stop.price_ticks + (RC_BOUND - PRICE_BOUND);
    assert [range_check_ptr + 4] = message.profit.trigger_price_ticks - 1;
    assert [range_check_ptr + 5] = message.profit.trigger_price_ticks + (RC_BOUND - PRICE_BOUND);
    assert [range_check_ptr + 6] = message.profit.price_ticks - 1;
    assert [range_check_ptr + 7] = message.profit.price_ticks + (RC_BOUND - PRICE_BOUND);
    assert [range_check_ptr + 8] = message.expiry_time_ms - time_ms - 1;
    assert [range_check_ptr + 9] = message.expiry_time_ms + (RC_BOUND - TIME_BOUND);
    let range_check_ptr = range_check_ptr + 10;
    return (
        word=message.stop.trigger_price_ticks + message.stop.price_ticks * 2 ** 32 +
        message.profit.trigger_price_ticks * 2 ** 64 + message.profit.price_ticks * 2 ** 96 +
        message.expiry_time_ms * 2 ** 128,
    );
}

// Returns what was signed of the order that place_order has placed.
//
// Guarantee: its two words have one reading, so that these are the fields that place_order read. It
// opens a position.
func read_signed{range_check_ptr}(signed: PoseidonBuiltin*, domain) -> (entry: NewTerms*) {
    alloc_locals;
    let (__fp__, _) = get_fp_and_pc();
    local message: NewTerms;
    %{ segments.write_arg(ids.message.address_, next(witness)) %}
    let (word_1) = order_word(&message);
    let head = message.head;
    assert [range_check_ptr] = head.account_id;
    assert [range_check_ptr + 1] = head.account_id + (RC_BOUND - ACCOUNT_ID_BOUND);
    assert [range_check_ptr + 2] = head.key_index;
    assert [range_check_ptr + 3] = head.key_index + (RC_BOUND - MAX_KEYS);
    assert [range_check_ptr + 4] = head.nonce;
    assert [range_check_ptr + 5] = head.nonce + (RC_BOUND - NONCE_BOUND);
    assert [range_check_ptr + 6] = message.market_id;
    assert [range_check_ptr + 7] = message.market_id + (RC_BOUND - 2 ** 16);
    assert [range_check_ptr + 8] = head.valid_until_ms;
    assert [range_check_ptr + 9] = head.valid_until_ms + (RC_BOUND - TIME_BOUND);
    let range_check_ptr = range_check_ptr + 10;
    assert signed.input = PoseidonBuiltinState(
        MESSAGE_PLACE_ORDER + head.account_id * 2 ** 8 + head.key_index * 2 ** 40 + head.nonce *
        2 ** 48 + message.market_id * 2 ** 109 + head.valid_until_ms * 2 ** 125,
        word_1,
        domain,
    );
    assert message.reduce_only = 0;
    assert message.result_code = RESULT_DORMANT;
    return (entry=&message);
}

// Guarantee: an exit is worth an order, and the mark has not reached its trigger. `direction` is 1 if it
// waits for a fall, -1 for a rise.
func check_exit{range_check_ptr}(exit: Exit*, entry: NewTerms*, price: Price*, direction) {
    tempvar tick_value_x16 = price.underlying.multiplier * PRICE_X16_ONE;
    assert [range_check_ptr] = direction * (
        price.lot_value_x16 - exit.trigger_price_ticks * tick_value_x16
    ) - 1;
    tempvar notional_quanta = entry.size_lots * exit.price_ticks * price.underlying.multiplier;
    assert [range_check_ptr + 1] = notional_quanta - price.underlying.min_order_quanta;
    let range_check_ptr = range_check_ptr + 2;
    return ();
}

// Returns 1 and writes the account that has two orders more if the exits are placed. They are not if the
// order never rests and the account has nothing for them to reduce: nothing has come of it.
func count_exits{range_check_ptr, accounts_log: DictAccess*}(
    entry: NewTerms*, environment: Environment*
) -> (are_placed: felt) {
    alloc_locals;
    local account: Account*;
    let account_id = entry.head.account_id;
    // Duty 1 by the log entry of each way out of here; duty 4 by its prices.
    %{ ids.account = latest_account(ids.accounts_log.address_, ids.account_id) %}
    let (are_placed) = have_something_to_reduce(entry, account);
    if (are_placed == 0) {
        pass_account(account_id, account);
        return (are_placed=0);
    }
    count_orders(
        account_id,
        account,
        account.identity,
        account.window_0,
        entry.market_id,
        environment.prices,
        2,
    );
    return (are_placed=1);
}

// Returns 1 if the exits have something to reduce, or may have once the order is filled, else 0; proven.
func have_something_to_reduce{range_check_ptr}(entry: NewTerms*, account: Account*) -> (res: felt) {
    tempvar may_rest = (entry.time_in_force - TIME_IN_FORCE_IOC) * (
        entry.time_in_force - TIME_IN_FORCE_FOK
    );
    if (may_rest != 0) {
        return (res=1);
    }
    let (slot: Position*, _) = find_position(account.positions, entry.market_id, 0);
    // Of a position that is there one lot can be reduced.
    let (lots) = reducible_lots((1 - 2 * entry.side) * slot.size_lots, 1);
    return (res=lots);
}

// Lets an exit lie dormant; it has the lots and the limits of the order.
func place_exit{range_check_ptr, orders_log: DictAccess*, markets_log: DictAccess*}(
    exit: Exit*, entry: NewTerms*, order_id, index, order_list, expiry_time_ms
) {
    alloc_locals;
    let (__fp__, _) = get_fp_and_pc();
    local terms: DormantTerms = DormantTerms(
        order_id=order_id,
        account_id=entry.head.account_id,
        key=exit.order_key,
        price_ticks=exit.trigger_price_ticks,
        expiry_time_ms=expiry_time_ms,
        reduce_only=1,
        market_id=entry.market_id,
        side=order_list,
        max_fee_ppm=entry.max_fee_ppm,
        origin=entry.head.key_index + entry.head.nonce * MAX_KEYS + index * MAX_KEYS * NONCE_BOUND,
        order_side=1 - entry.side,
        limit_price_ticks=exit.price_ticks,
        time_in_force=TIME_IN_FORCE_IOC,
        self_trade=entry.self_trade,
        ends_others=1,
    );
    link_dormant(&terms, entry.size_lots, exit.predecessor_id);
    return ();
}
