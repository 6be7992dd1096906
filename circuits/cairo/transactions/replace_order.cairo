from starkware.cairo.common.cairo_builtins import PoseidonBuiltin, SignatureBuiltin
from starkware.cairo.common.dict_access import DictAccess
from starkware.cairo.common.poseidon_state import PoseidonBuiltinState
from starkware.cairo.common.registers import get_fp_and_pc

from circuits.cairo.book.release import release_lots
from circuits.cairo.book.resting import is_counted, remove_order, unlink_order
from circuits.cairo.book.self_trade import is_below_least
from circuits.cairo.constants import (
    LABEL_BOUND,
    MARKET_KEY_BASE,
    MESSAGE_PLACE_ORDER,
    ORDER_SIZE_BOUND,
    PRICE_BOUND,
    RATE_BOUND,
    RC_BOUND,
    REPLACE_TAG,
    RESULT_AMENDED,
    RESULT_NOTHING_LEFT,
    SELF_TRADE_MODES,
    TIME_BOUND,
    TRADE_BIT,
)
from circuits.cairo.environment import Environment, with_domain
from circuits.cairo.state.accounts import Account, MessageHead, authorize
from circuits.cairo.state.orders import Order, OrderTerms
from circuits.cairo.state.positions import Position, find_position
from circuits.cairo.state.prices import Price
from circuits.cairo.transactions.place_order import place_order

// The transaction as the prover gives it; what is signed of the new order follows. `by_message` is 1
// if the message names the old order by the message that placed it, else 0: it then names the id.
struct ReplaceOrder {
    order_id: felt,
    by_message: felt,
    // 1 if it is to keep its place, and only shrink.
    in_place: felt,
    // What was left of the order as its owner saw it.
    seen_lots: felt,
    // A guess of the order before it, 0 if it is the head; not needed if it stays.
    predecessor_id: felt,
    // A guess: 1 if the new order is placed, 0 if the old one stays or nothing is left of it.
    is_placed: felt,
}

// An order takes the place of another one of its account and market: it is placed after that one was
// taken off, or that one shrinks where it stands. What was filled since its owner saw it counts.
//
// The message is that of the new order, in a domain that names the old one: place_order checks it
// as it checks every other. Returns the next order's id, and the fees of the batch so far.
func replace_order{
    range_check_ptr,
    ecdsa_ptr: SignatureBuiltin*,
    poseidon_ptr: PoseidonBuiltin*,
    accounts_log: DictAccess*,
    orders_log: DictAccess*,
    markets_log: DictAccess*,
}(environment: Environment*, time_ms, next_order_id, fees_quanta) -> (
    next_order_id: felt, fees_quanta: felt
) {
    alloc_locals;
    let (__fp__, _) = get_fp_and_pc();
    local message: ReplaceOrder;
    %{ segments.write_arg(ids.message.address_, next(witness)) %}
    local order: Order*;
    let order_id = message.order_id;
    // Pinned by its id, and duty 1 by the entry of remove_order or of shrink_terms.
    %{ ids.order = latest_order(ids.orders_log.address_, ids.order_id) %}
    let terms = order.terms;
    assert order_id = terms.order_id;
    // It is in the book, not dormant.
    assert terms.side = terms.side * terms.side;
    local account: Account*;
    local account_id = terms.account_id;
    // Duty 1 by the entry of release_lots; duty 4 by its prices.
    %{ ids.account = latest_account(ids.accounts_log.address_, ids.account_id) %}
    let (local old: Position*, _) = find_position(account.positions, terms.market_id, 0);
    local price: Price* = environment.prices[terms.market_id];

    // A timer that has run out is applied first: see apply_timer. The order lives.
    assert [range_check_ptr] = account.cancel_all_at_ms - time_ms - 1;
    assert [range_check_ptr + 1] = order_id - price.dead_below_order_id;
    assert [range_check_ptr + 2] = terms.expiry_time_ms - time_ms - 1;
    // What was filled since; with it the word below has one reading.
    local filled_lots = message.seen_lots - order.remaining_lots;
    assert [range_check_ptr + 3] = filled_lots;
    assert [range_check_ptr + 4] = message.seen_lots + (RC_BOUND - ORDER_SIZE_BOUND);
    let range_check_ptr = range_check_ptr + 5;
    let (counted) = is_counted(order, old.min_order_id);
    assert counted = 1;
    let by_message = message.by_message;
    assert by_message = by_message * by_message;
    assert message.in_place = message.in_place * message.in_place;
    assert message.is_placed = message.is_placed * message.is_placed;
    assert poseidon_ptr.input = PoseidonBuiltinState(
        order_id + by_message * (terms.origin - order_id + 2 ** 68) + message.in_place * 2 ** 69 +
        message.seen_lots * 2 ** 70,
        REPLACE_TAG,
        environment.config_hash,
    );
    local domain = poseidon_ptr.output.s0;
    let poseidon_ptr = poseidon_ptr + PoseidonBuiltin.SIZE;
    if (message.is_placed == 0) {
        place_nothing(&message, environment, domain, time_ms, account, old, order, filled_lots);
        return (next_order_id=next_order_id, fees_quanta=fees_quanta);
    }

    assert message.in_place = 0;
    unlink_order(order, message.predecessor_id);
    remove_order(order);
    release_lots(
        account,
        account.identity,
        account.window_0,
        old,
        terms,
        environment.prices,
        order.remaining_lots,
        1,
    );
    let (inside) = with_domain(environment, domain);
    let (fees_quanta) = place_order(inside, time_ms, next_order_id, fees_quanta, filled_lots);
    // Its last entries are those of the account that signed, and of the market.
    assert [accounts_log - DictAccess.SIZE].key = account_id;
    assert [markets_log - DictAccess.SIZE].key = MARKET_KEY_BASE + terms.market_id;
    return (next_order_id=next_order_id + 1, fees_quanta=fees_quanta);
}

// What the message has signed of an order that is not placed.
struct NewTerms {
    head: MessageHead,
    market_id: felt,
    price_ticks: felt,
    size_lots: felt,
    expiry_time_ms: felt,
    max_fee_ppm: felt,
    side: felt,
    reduce_only: felt,
    time_in_force: felt,
    self_trade: felt,
    label: felt,
    result_code: felt,
}

// The order shrinks where it stands, or goes: if what would be left is no order, or there is nothing
// left to be placed elsewhere.
func place_nothing{
    range_check_ptr,
    ecdsa_ptr: SignatureBuiltin*,
    poseidon_ptr: PoseidonBuiltin*,
    accounts_log: DictAccess*,
    orders_log: DictAccess*,
    markets_log: DictAccess*,
}(
    replaced: ReplaceOrder*,
    environment: Environment*,
    domain,
    time_ms,
    account: Account*,
    old: Position*,
    order: Order*,
    filled_lots,
) {
    alloc_locals;
    let (__fp__, _) = get_fp_and_pc();
    local message: NewTerms;
    %{ segments.write_arg(ids.message.address_, next(witness)) %}
    let terms = order.terms;
    assert message.head.account_id = terms.account_id;
    assert message.market_id = terms.market_id;
    let (word_1) = order_word(&message);
    let (local identity, local window_0) = authorize(
        MESSAGE_PLACE_ORDER,
        message.head,
        message.market_id,
        0,
        word_1,
        TRADE_BIT,
        time_ms,
        domain,
        account,
    );
    local lots = message.size_lots - filled_lots;
    local price: Price* = environment.prices[terms.market_id];
    let (is_gone) = leaves_nothing(replaced, &message, terms, lots, price, time_ms);
    if (is_gone != 0) {
        assert message.result_code = RESULT_NOTHING_LEFT;
        unlink_order(order, replaced.predecessor_id);
        remove_order(order);
        release_lots(
            account, identity, window_0, old, terms, environment.prices, order.remaining_lots, 1
        );
        return ();
    }
    assert message.result_code = RESULT_AMENDED;
    // The order before it is not asked for: no other number shall be there.
    assert replaced.predecessor_id = 0;
    shrink_terms(order, lots, message.expiry_time_ms, message.max_fee_ppm);
    release_lots(
        account, identity, window_0, old, terms, environment.prices, order.remaining_lots - lots, 0
    );
    return ();
}

// Returns the second word of the message. place_order.cairo repeats it to save steps: keep in step.
//
// Guarantee: it has one reading, and each field is one that an order may have.
func order_word{range_check_ptr}(message: NewTerms*) -> (word_1: felt) {
    assert [range_check_ptr] = message.price_ticks - 1;
    assert [range_check_ptr + 1] = message.price_ticks + (RC_BOUND - PRICE_BOUND);
    assert [range_check_ptr + 2] = message.size_lots - 1;
    assert [range_check_ptr + 3] = message.size_lots + (RC_BOUND - ORDER_SIZE_BOUND);
    assert [range_check_ptr + 4] = message.expiry_time_ms;
    assert [range_check_ptr + 5] = message.expiry_time_ms + (RC_BOUND - TIME_BOUND);
    assert [range_check_ptr + 6] = message.max_fee_ppm;
    assert [range_check_ptr + 7] = message.max_fee_ppm + (RC_BOUND - RATE_BOUND);
    assert [range_check_ptr + 8] = message.self_trade;
    assert [range_check_ptr + 9] = message.self_trade + (RC_BOUND - 2 * SELF_TRADE_MODES);
    assert [range_check_ptr + 10] = message.label;
    assert [range_check_ptr + 11] = message.label + (RC_BOUND - LABEL_BOUND);
    let range_check_ptr = range_check_ptr + 12;
    let side = message.side;
    assert side = side * side;
    assert message.reduce_only = message.reduce_only * message.reduce_only;
    let force = message.time_in_force;
    assert force * (force - 1) * (force - 2) * (force - 3) * (force - 4) = 0;
    return (
        word_1=message.price_ticks + message.size_lots * 2 ** 32 + message.expiry_time_ms * 2 **
        64 + message.max_fee_ppm * 2 ** 112 + side * 2 ** 132 + message.reduce_only * 2 ** 133 +
        message.time_in_force * 2 ** 134 + message.self_trade * 2 ** 138 + message.label * 2 ** 142,
    );
}

// Returns 1 if nothing is left of an order, else 0: it then becomes the smaller one that was signed.
//
// Guarantee: both answers are proven. An order that is to be placed anew leaves nothing only if so
// much was filled; one that shrinks has the price and side of before, fewer lots, and no later end.
func leaves_nothing{range_check_ptr}(
    replaced: ReplaceOrder*, message: NewTerms*, terms: OrderTerms*, lots, price: Price*, time_ms
) -> (is_gone: felt) {
    if (replaced.in_place == 0) {
        assert [range_check_ptr] = -lots;
        let range_check_ptr = range_check_ptr + 1;
        return (is_gone=1);
    }
    assert message.price_ticks = terms.price_ticks;
    assert message.side = terms.side;
    assert message.reduce_only = terms.reduce_only;
    assert [range_check_ptr] = replaced.seen_lots - message.size_lots - 1;
    assert [range_check_ptr + 1] = terms.expiry_time_ms - message.expiry_time_ms;
    assert [range_check_ptr + 2] = message.expiry_time_ms - time_ms - 1;
    let range_check_ptr = range_check_ptr + 3;
    let a = lots - 1;
    %{ memory[ap] = 0 if 0 <= (ids.a % PRIME) < range_check_builtin.bound else 1 %}
    jmp none if [ap] != 0, ap++;
    assert [range_check_ptr] = a;
    let range_check_ptr = range_check_ptr + 1;
    let (is_gone) = is_below_least(price.underlying, lots, terms.price_ticks);
    return (is_gone=is_gone);

    none:
    assert [range_check_ptr] = (-a) - 1;
    let range_check_ptr = range_check_ptr + 1;
    return (is_gone=1);
}

// Leaves so many lots of an order, with another end and fee limit; it keeps its place.
func shrink_terms{orders_log: DictAccess*}(order: Order*, lots, expiry_time_ms, max_fee_ppm) {
    alloc_locals;
    let (__fp__, _) = get_fp_and_pc();
    let terms = order.terms;
    local smaller: OrderTerms = OrderTerms(
        order_id=terms.order_id,
        account_id=terms.account_id,
        key=terms.key,
        price_ticks=terms.price_ticks,
        expiry_time_ms=expiry_time_ms,
        reduce_only=terms.reduce_only,
        market_id=terms.market_id,
        side=terms.side,
        max_fee_ppm=max_fee_ppm,
        origin=terms.origin,
    );
    local after: Order = Order(
        terms=&smaller,
        remaining_lots=lots,
        next_id=order.next_id,
        next_price_ticks=order.next_price_ticks,
    );
    // Duty 4: it has fewer lots than before.
    assert [orders_log] = DictAccess(terms.key, cast(order, felt), cast(&after, felt));
    let orders_log = orders_log + DictAccess.SIZE;
    return ();
}
