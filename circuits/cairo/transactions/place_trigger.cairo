from starkware.cairo.common.cairo_builtins import PoseidonBuiltin, SignatureBuiltin
from starkware.cairo.common.dict_access import DictAccess
from starkware.cairo.common.registers import get_fp_and_pc

from circuits.cairo.book.resting import insert_order
from circuits.cairo.constants import (
    LIST_FALLS,
    MARKET_KEY_BASE,
    MAX_KEYS,
    MAX_ORDERS_PER_SLOT,
    MAX_POSITIONS,
    MESSAGE_PLACE_TRIGGER,
    PRICE_BOUND,
    RC_BOUND,
    RESULT_DORMANT,
    TRADE_BIT,
)
from circuits.cairo.environment import Environment
from circuits.cairo.margin import surplus_of
from circuits.cairo.state.accounts import Account, Identity, authorize
from circuits.cairo.state.markets import (
    Market,
    Triggers,
    replace_trigger_head,
    triggers_of,
    with_triggers,
)
from circuits.cairo.state.orders import DormantTerms, OrderTerms
from circuits.cairo.state.positions import Position, find_position, replace_position
from circuits.cairo.state.prices import Price
from circuits.cairo.transactions.replace_order import NewTerms, order_word

// The transaction as the prover gives it: the signed fields, then its guesses.
struct PlaceTrigger {
    order: NewTerms,
    trigger_price_ticks: felt,
    // 0 if it waits for the mark to fall, 1 if to rise.
    trigger_direction: felt,
    // 1 if it ends the account's other orders in the market: see end_others.
    ends_others: felt,
    // Its key in the log (see OrderTerms), and the order before it in its list.
    order_key: felt,
    predecessor_id: felt,
}

// What stands above the word of an order.
const TRIGGER_PRICE = 2 ** 206;
const TRIGGER_DIRECTION = 2 ** 238;
const TRIGGER_ENDS_OTHERS = 2 ** 239;

// An order lies dormant until the mark reaches a price: see trigger_order.cairo for what it does then.
//
// It reduces a position, so that it reserves nothing; whether there is one is asked when it is due.
func place_trigger{
    range_check_ptr,
    ecdsa_ptr: SignatureBuiltin*,
    poseidon_ptr: PoseidonBuiltin*,
    accounts_log: DictAccess*,
    orders_log: DictAccess*,
    markets_log: DictAccess*,
}(environment: Environment*, time_ms, order_id) {
    alloc_locals;
    let (__fp__, _) = get_fp_and_pc();
    local message: PlaceTrigger;
    %{ segments.write_arg(ids.message.address_, next(witness)) %}
    local account: Account*;
    let account_id = message.order.head.account_id;
    // Duty 1 by the log entry of count_orders; duty 4 by its prices.
    %{ ids.account = latest_account(ids.accounts_log.address_, ids.account_id) %}
    let market_id = message.order.market_id;
    local price: Price* = environment.prices[market_id];
    check_message(&message, price, time_ms);
    // A timer that has run out is applied first: see apply_timer.
    assert [range_check_ptr] = account.cancel_all_at_ms - time_ms - 1;
    let range_check_ptr = range_check_ptr + 1;
    let (word_1) = order_word(&message.order);
    let (local identity, local window_0) = authorize(
        MESSAGE_PLACE_TRIGGER,
        message.order.head,
        market_id,
        0,
        word_1 + message.trigger_price_ticks * TRIGGER_PRICE + message.trigger_direction *
        TRIGGER_DIRECTION + message.ends_others * TRIGGER_ENDS_OTHERS,
        TRADE_BIT,
        time_ms,
        environment.config_hash,
        account,
    );
    count_orders(account_id, account, identity, window_0, market_id, environment.prices, 1);
    local terms: DormantTerms = DormantTerms(
        order_id=order_id,
        account_id=account_id,
        key=message.order_key,
        price_ticks=message.trigger_price_ticks,
        expiry_time_ms=message.order.expiry_time_ms,
        reduce_only=1,
        market_id=market_id,
        side=LIST_FALLS + message.trigger_direction,
        max_fee_ppm=message.order.max_fee_ppm,
        origin=message.order.head.key_index + message.order.head.nonce * MAX_KEYS,
        order_side=message.order.side,
        limit_price_ticks=message.order.price_ticks,
        time_in_force=message.order.time_in_force,
        self_trade=message.order.self_trade,
        ends_others=message.ends_others,
    );
    assert message.order.result_code = RESULT_DORMANT;
    link_dormant(&terms, message.order.size_lots, message.predecessor_id);
    return ();
}

// Guarantee: the fields that only such an order has, or that it may have only so, are in their
// bounds; the market has a price and is not halted, the order lives, allows the fees, and is worth an order.
func check_message{range_check_ptr}(message: PlaceTrigger*, price: Price*, time_ms) {
    let order = message.order;
    let direction = message.trigger_direction;
    assert order.reduce_only = 1;
    assert order.time_in_force = order.time_in_force * order.time_in_force;
    assert direction = direction * direction;
    assert message.ends_others = message.ends_others * message.ends_others;
    assert [range_check_ptr] = message.trigger_price_ticks - 1;
    assert [range_check_ptr + 1] = message.trigger_price_ticks + (RC_BOUND - PRICE_BOUND);
    assert [range_check_ptr + 2] = order.expiry_time_ms - time_ms - 1;
    // None is as high while there is no price, or the market is halted.
    assert [range_check_ptr + 3] = order.max_fee_ppm - price.least_fee_limit_ppm;
    tempvar notional_quanta = order.size_lots * order.price_ticks * price.underlying.multiplier;
    assert [range_check_ptr + 4] = notional_quanta - price.underlying.min_order_quanta;
    let range_check_ptr = range_check_ptr + 5;
    return ();
}

// Writes the account that has so many orders more in a market, and has used the message's nonce.
//
// Guarantee: it has not too many orders there, and a slot for the market.
func count_orders{range_check_ptr, accounts_log: DictAccess*}(
    account_id,
    account: Account*,
    identity: Identity*,
    window_0,
    market_id,
    prices: Price**,
    n_orders,
) {
    alloc_locals;
    let (__fp__, _) = get_fp_and_pc();
    let (local old: Position*, n_passed) = find_position(account.positions, market_id, 0);
    // Without a slot for the market, n_passed is the number of slots: a free one must be left.
    assert [range_check_ptr] = n_passed + (RC_BOUND - MAX_POSITIONS);
    assert [range_check_ptr + 1] = MAX_ORDERS_PER_SLOT - n_orders - old.n_orders;
    let range_check_ptr = range_check_ptr + 2;
    local slot: Position;
    assert slot.market_id = market_id;
    assert slot.size_lots = old.size_lots;
    assert slot.open_buy_lots = old.open_buy_lots;
    assert slot.open_sell_lots = old.open_sell_lots;
    assert slot.n_orders = old.n_orders + n_orders;
    assert slot.min_order_id = old.min_order_id;
    // Nothing is reserved: value and requirement stay.
    let (local positions: Position*, _, _) = replace_position(
        account.positions, old, &slot, prices[market_id]
    );
    let (surplus) = surplus_of(account, prices);
    local after: Account = Account(
        identity=identity,
        window_0=window_0,
        fees_quanta=account.fees_quanta,
        collateral_quanta=account.collateral_quanta,
        cancel_all_at_ms=account.cancel_all_at_ms,
        positions=positions,
        prices=prices,
        surplus=surplus,
    );
    assert [accounts_log] = DictAccess(account_id, cast(account, felt), cast(&after, felt));
    let accounts_log = accounts_log + DictAccess.SIZE;
    return ();
}

// Links a dormant order into the list of those that wait for the same direction.
//
// Guarantee: the market is listed.
func link_dormant{range_check_ptr, orders_log: DictAccess*, markets_log: DictAccess*}(
    terms: DormantTerms*, size_lots, predecessor_id
) {
    alloc_locals;
    let (__fp__, _) = get_fp_and_pc();
    local market: Market*;
    let market_id = terms.market_id;
    // Duty 1 by the log entry below; duty 4 by is_made.
    %{ ids.market = latest_market(ids.markets_log.address_, ids.market_id) %}
    let (local old: Triggers*) = triggers_of(market);
    local direction = terms.side - LIST_FALLS;
    let head: felt* = cast(old, felt*) + 2 * direction;
    let (head_id, head_price_ticks) = insert_order(
        cast(terms, OrderTerms*), 1 - 2 * direction, size_lots, predecessor_id, head[0], head[1]
    );
    let (triggers) = replace_trigger_head(old, terms.side, head_id, head_price_ticks);
    let (others) = with_triggers(market.others, triggers);
    local after: Market = Market(
        bid_head_id=market.bid_head_id,
        bid_head_price_ticks=market.bid_head_price_ticks,
        ask_head_id=market.ask_head_id,
        ask_head_price_ticks=market.ask_head_price_ticks,
        open_interest_lots=market.open_interest_lots,
        others=others,
        is_made=1,
    );
    assert [markets_log] = DictAccess(
        MARKET_KEY_BASE + market_id, cast(market, felt), cast(&after, felt)
    );
    let markets_log = markets_log + DictAccess.SIZE;
    return ();
}
