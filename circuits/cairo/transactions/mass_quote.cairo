from starkware.cairo.common.cairo_builtins import PoseidonBuiltin, SignatureBuiltin
from starkware.cairo.common.dict_access import DictAccess
from starkware.cairo.common.poseidon_state import PoseidonBuiltinState
from starkware.cairo.common.registers import get_fp_and_pc

from circuits.cairo.book.guards import split_least
from circuits.cairo.book.resting import insert_order, is_counted, remove_order, unlink_order
from circuits.cairo.constants import (
    GUARD_BOUND,
    LABEL_BOUND,
    MARKET_KEY_BASE,
    MAX_KEYS,
    MAX_ORDERS_PER_SLOT,
    MAX_POSITIONS,
    MAX_QUOTES,
    MESSAGE_MASS_QUOTE,
    NONCE_BOUND,
    ORDER_ID_BOUND,
    ORDER_SIZE_BOUND,
    PPM_ONE,
    PRICE_BOUND,
    PRICE_X16_ONE,
    QUOTE_TAG,
    RATE_BOUND,
    RC_BOUND,
    SIDE_BUY,
    TIME_BOUND,
    TRADE_BIT,
)
from circuits.cairo.environment import Environment
from circuits.cairo.margin import COLLATERAL_FACTOR, charge_by_margin_rule, surplus_of
from circuits.cairo.state.accounts import Account, MessageHead, authorize
from circuits.cairo.state.markets import Market
from circuits.cairo.state.orders import Order, OrderTerms
from circuits.cairo.state.positions import Position, find_position, replace_position
from circuits.cairo.state.prices import Price

// The transaction as the prover gives it. What is cleared and what is quoted follows.
struct MassQuote {
    head: MessageHead,
    market_id: felt,
    expiry_time_ms: felt,
    max_fee_ppm: felt,
    // 1 if all orders of the account in the market die first.
    cancels_first: felt,
    // 1 if a quote that crosses slides; else none may cross.
    slides: felt,
    label: felt,
    // 0, or how many lots may be filled until all orders of the account in the market die.
    guard_lots: felt,
    n_quotes: felt,
    // How many orders are cancelled by their names.
    n_cancels: felt,
    // A guess: how many dead orders of the account are removed first.
    n_cleared: felt,
}

// A dead order that goes; which one, and the order before it, are guesses.
struct Cleared {
    order_id: felt,
    predecessor_id: felt,
}

// An order that is cancelled by its name: its id, side and price. If it is there its record tells the
// last two, which are 0 here. The order before its place is a guess, 0 for the head's place.
struct NamedCancel {
    order_id: felt,
    predecessor_id: felt,
    side: felt,
    price_ticks: felt,
}

// What the account has in the market without what was cancelled so far.
struct Standing {
    open_buy_lots: felt,
    open_sell_lots: felt,
    n_orders: felt,
    // Commits to what was named.
    domain: felt,
}

// One order of the message; the last two are guesses, as in place_order.cairo.
struct Quote {
    side: felt,
    price_ticks: felt,
    size_lots: felt,
    order_key: felt,
    predecessor_id: felt,
}

// What the quotes have in common.
struct QuoteTerms {
    account_id: felt,
    market_id: felt,
    expiry_time_ms: felt,
    max_fee_ppm: felt,
    slides: felt,
    n_quotes: felt,
    // Of the first order: the others follow.
    order_id: felt,
    origin: felt,
    multiplier: felt,
    min_order_quanta: felt,
    // As in Price.
    buy_limit: felt,
    sell_limit: felt,
}

// What the quotes placed so far have done. The heads are as in Market.
struct Quoted {
    bid_head_id: felt,
    bid_head_price_ticks: felt,
    ask_head_id: felt,
    ask_head_price_ticks: felt,
    // Of the account's slot.
    open_buy_lots: felt,
    open_sell_lots: felt,
    // Commits to the orders that were named, and to the quotes: in the end the domain of the message's signature.
    domain: felt,
}

// One step of the origins of a message's orders.
const ORIGIN_STEP = MAX_KEYS * NONCE_BOUND;

// A market maker's orders in one market are placed, all or none; none of them takes.
//
// Returns the next order's id.
func mass_quote{
    range_check_ptr,
    ecdsa_ptr: SignatureBuiltin*,
    poseidon_ptr: PoseidonBuiltin*,
    accounts_log: DictAccess*,
    orders_log: DictAccess*,
    markets_log: DictAccess*,
}(environment: Environment*, time_ms, next_order_id) -> (next_order_id: felt) {
    alloc_locals;
    let (__fp__, _) = get_fp_and_pc();
    local message: MassQuote;
    %{ segments.write_arg(ids.message.address_, next(witness)) %}
    local account: Account*;
    local account_id = message.head.account_id;
    // Duty 1 by the log entry at the end; duty 4 by its prices.
    %{ ids.account = latest_account(ids.accounts_log.address_, ids.account_id) %}
    local market_id = message.market_id;
    local price: Price* = environment.prices[market_id];
    let (local old: Position*, n_passed) = find_position(account.positions, market_id, 0);
    // Without a slot for the market, n_passed is the number of slots: a free one must be left.
    assert [range_check_ptr] = n_passed + (RC_BOUND - MAX_POSITIONS);
    // A timer that has run out is applied first: see apply_timer.
    assert [range_check_ptr + 1] = account.cancel_all_at_ms - time_ms - 1;
    let range_check_ptr = range_check_ptr + 2;
    let (local word_1) = terms_word(&message, environment, price, time_ms);

    local kept = 1 - message.cancels_first;
    let (old_min_order_id, _) = split_least(old.min_order_id);
    local min_order_id = next_order_id + kept * (old_min_order_id - next_order_id);
    clear_dead(message.n_cleared, account_id, market_id, min_order_id);
    local before: Standing = Standing(
        open_buy_lots=kept * old.open_buy_lots,
        open_sell_lots=kept * old.open_sell_lots,
        n_orders=old.n_orders - message.n_cleared,
        domain=environment.config_hash,
    );
    let (local standing: Standing*) = cancel_named(
        message.n_cancels, account_id, market_id, min_order_id, &before
    );
    local market: Market*;
    // Duty 1 by the log entry at the end; duty 4 by is_made. A market with a record has a price.
    %{ ids.market = latest_market(ids.markets_log.address_, ids.market_id) %}
    let (local quoted: Quoted*) = place_all(&message, standing, price, market, next_order_id);
    let (local identity, local window_0) = authorize(
        MESSAGE_MASS_QUOTE,
        message.head,
        market_id,
        0,
        word_1,
        TRADE_BIT,
        time_ms,
        quoted.domain,
        account,
    );

    local slot: Position;
    assert slot.min_order_id = min_order_id + message.guard_lots * ORDER_ID_BOUND;
    assert slot.market_id = market_id;
    assert slot.size_lots = old.size_lots;
    assert slot.open_buy_lots = quoted.open_buy_lots;
    assert slot.open_sell_lots = quoted.open_sell_lots;
    assert slot.n_orders = standing.n_orders + message.n_quotes;
    // What the position could reach on either side, as in place_order. On a side without a quote it
    // is no more than before, and may be above a limit.
    // Below 2^75: there are at most 16 new orders of 2^32 lots.
    tempvar limit_lots = price.underlying.position_limit_lots;
    tempvar new_buy_lots = slot.open_buy_lots - standing.open_buy_lots;
    tempvar new_sell_lots = slot.open_sell_lots - standing.open_sell_lots;
    assert [range_check_ptr] = new_buy_lots * (limit_lots - old.long_lots - slot.open_buy_lots);
    assert [range_check_ptr + 1] = new_sell_lots * (
        limit_lots - old.long_lots + old.size_lots - slot.open_sell_lots
    );
    assert [range_check_ptr + 2] = MAX_ORDERS_PER_SLOT - slot.n_orders;
    let range_check_ptr = range_check_ptr + 3;
    let (local surplus) = surplus_of(account, environment.prices);
    let (positions, surplus_change, _) = replace_position(account.positions, old, &slot, price);
    local after: Account = Account(
        identity=identity,
        window_0=window_0,
        fees_quanta=account.fees_quanta,
        collateral_quanta=account.collateral_quanta,
        cancel_all_at_ms=account.cancel_all_at_ms,
        positions=positions,
        prices=environment.prices,
        surplus=surplus + surplus_change,
    );
    assert [accounts_log] = DictAccess(account_id, cast(account, felt), cast(&after, felt));
    let accounts_log = accounts_log + DictAccess.SIZE;
    local market_after: Market = Market(
        bid_head_id=quoted.bid_head_id,
        bid_head_price_ticks=quoted.bid_head_price_ticks,
        ask_head_id=quoted.ask_head_id,
        ask_head_price_ticks=quoted.ask_head_price_ticks,
        open_interest_lots=market.open_interest_lots,
        others=market.others,
        is_made=1,
    );
    assert [markets_log] = DictAccess(
        MARKET_KEY_BASE + market_id, cast(market, felt), cast(&market_after, felt)
    );
    let markets_log = markets_log + DictAccess.SIZE;
    // They do not trade, so there is no fee.
    let (is_allowed, _) = charge_by_margin_rule(
        after.collateral_quanta * COLLATERAL_FACTOR + after.surplus,
        0,
        account,
        old,
        &slot,
        after.collateral_quanta,
        after.positions,
        after.prices,
        0,
    );
    assert is_allowed = 1;
    return (next_order_id=next_order_id + message.n_quotes);
}

// Returns the second word of the message.
//
// Guarantee: it has one reading, the orders may have these terms, and may be placed now.
func terms_word{range_check_ptr}(
    message: MassQuote*, environment: Environment*, price: Price*, time_ms
) -> (word_1: felt) {
    assert [range_check_ptr] = message.expiry_time_ms - time_ms - 1;
    assert [range_check_ptr + 1] = message.expiry_time_ms + (RC_BOUND - TIME_BOUND);
    assert [range_check_ptr + 2] = message.max_fee_ppm - price.least_fee_limit_ppm;
    assert [range_check_ptr + 3] = message.max_fee_ppm + (RC_BOUND - RATE_BOUND);
    assert [range_check_ptr + 4] = message.n_quotes - 1;
    assert [range_check_ptr + 5] = MAX_QUOTES - message.n_quotes - message.n_cancels;
    assert [range_check_ptr + 6] = message.label;
    assert [range_check_ptr + 7] = message.label + (RC_BOUND - LABEL_BOUND);
    assert [range_check_ptr + 8] = message.guard_lots;
    assert [range_check_ptr + 9] = message.guard_lots + (RC_BOUND - GUARD_BOUND);
    assert [range_check_ptr + 10] = environment.orders_until_ms - time_ms;
    assert [range_check_ptr + 11] = message.n_cancels;
    let range_check_ptr = range_check_ptr + 12;
    let cancels_first = message.cancels_first;
    assert cancels_first = cancels_first * cancels_first;
    let slides = message.slides;
    assert slides = slides * slides;
    return (
        word_1=message.expiry_time_ms + message.max_fee_ppm * 2 ** 48 + message.n_quotes * 2 ** 68 +
        cancels_first * 2 ** 73 + slides * 2 ** 74 + message.label * 2 ** 75 + message.guard_lots *
        2 ** 139 + message.n_cancels * 2 ** 175,
    );
}

// Removes dead orders of an account from the book: those that were cancelled with all others of their
// slot, of whose lots nothing is in its sums. Which ones is the prover's choice, as with PruneOrder.
func clear_dead{range_check_ptr, orders_log: DictAccess*, markets_log: DictAccess*}(
    n_cleared, account_id, market_id, min_order_id
) {
    alloc_locals;
    if (n_cleared == 0) {
        return ();
    }
    let (__fp__, _) = get_fp_and_pc();
    local message: Cleared;
    %{ segments.write_arg(ids.message.address_, next(witness)) %}
    local order: Order*;
    let order_id = message.order_id;
    // Pinned by its id, and duty 1 by the entry of remove_order.
    %{ ids.order = latest_order(ids.orders_log.address_, ids.order_id) %}
    assert order_id = order.terms.order_id;
    assert order.terms.account_id = account_id;
    assert order.terms.market_id = market_id;
    assert [range_check_ptr] = min_order_id - order_id - 1;
    let range_check_ptr = range_check_ptr + 1;
    unlink_order(order, message.predecessor_id);
    remove_order(order);
    return clear_dead(n_cleared - 1, account_id, market_id, min_order_id);
}

// Takes orders of an account off the book that its owner has named, one behind the other.
//
// Guarantee: each name has one reading in the chain of hashes that `domain` becomes; its order is
// gone, and was the account's, or there was none.
func cancel_named{
    range_check_ptr,
    poseidon_ptr: PoseidonBuiltin*,
    orders_log: DictAccess*,
    markets_log: DictAccess*,
}(n_cancels, account_id, market_id, min_order_id, standing: Standing*) -> (standing: Standing*) {
    alloc_locals;
    if (n_cancels == 0) {
        return (standing=standing);
    }
    let (__fp__, _) = get_fp_and_pc();
    local message: NamedCancel;
    %{ segments.write_arg(ids.message.address_, next(witness)) %}
    local next: Standing;
    let order_id = message.order_id;
    if (message.price_ticks != 0) {
        assert_absent(&message, market_id);
        let (domain) = add_name(standing.domain, order_id, message.side, message.price_ticks);
        assert next.domain = domain;
        assert next.open_buy_lots = standing.open_buy_lots;
        assert next.open_sell_lots = standing.open_sell_lots;
        assert next.n_orders = standing.n_orders;
        return cancel_named(n_cancels - 1, account_id, market_id, min_order_id, &next);
    }
    local order: Order*;
    // Pinned by its id, and duty 1 by the entry of remove_order.
    %{ ids.order = latest_order(ids.orders_log.address_, ids.order_id) %}
    local terms: OrderTerms* = order.terms;
    assert order_id = terms.order_id;
    assert account_id = terms.account_id;
    assert market_id = terms.market_id;
    assert message.side = 0;
    unlink_order(order, message.predecessor_id);
    remove_order(order);
    let (domain) = add_name(standing.domain, order_id, terms.side, terms.price_ticks);
    assert next.domain = domain;
    let (counted) = is_counted(order, min_order_id);
    // As in release_lots.
    tempvar lots = counted * order.remaining_lots;
    tempvar reserved_lots = lots - lots * terms.reduce_only;
    tempvar sells = reserved_lots * terms.side;
    assert next.open_buy_lots = standing.open_buy_lots + sells - reserved_lots;
    assert next.open_sell_lots = standing.open_sell_lots - sells;
    assert next.n_orders = standing.n_orders - 1;
    return cancel_named(n_cancels - 1, account_id, market_id, min_order_id, &next);
}

// Adds the name of an order of the book to a chain of hashes; dormant ones have no such name.
func add_name{poseidon_ptr: PoseidonBuiltin*}(domain, order_id, side, price_ticks) -> (
    domain: felt
) {
    assert side = side * side;
    assert poseidon_ptr.input = PoseidonBuiltinState(
        price_ticks + order_id * 2 ** 32 + side * 2 ** 80, QUOTE_TAG, domain
    );
    let domain = poseidon_ptr.output.s0;
    let poseidon_ptr = poseidon_ptr + PoseidonBuiltin.SIZE;
    return (domain=domain);
}

// Guarantee: no order of the market is on the named side with the named price and id, which are in
// range. A list is sorted by price, then id: the place is between two orders that are next to each
// other, before the head, or behind the last.
func assert_absent{range_check_ptr, orders_log: DictAccess*, markets_log: DictAccess*}(
    name: NamedCancel*, market_id
) {
    alloc_locals;
    assert [range_check_ptr] = name.order_id - 1;
    assert [range_check_ptr + 1] = name.order_id + (RC_BOUND - ORDER_ID_BOUND);
    assert [range_check_ptr + 2] = name.price_ticks - 1;
    assert [range_check_ptr + 3] = name.price_ticks + (RC_BOUND - PRICE_BOUND);
    // Of the side's place in a list: 1 if its highest price comes first, else -1.
    tempvar unit = (1 - 2 * name.side) * ORDER_ID_BOUND;
    let order_id = name.predecessor_id;
    if (order_id != 0) {
        local predecessor: Order*;
        // Pinned by its id, and duty 1 by the entry below.
        %{ ids.predecessor = latest_order(ids.orders_log.address_, ids.order_id) %}
        local terms: OrderTerms* = predecessor.terms;
        assert terms.order_id = order_id;
        assert terms.market_id = market_id;
        assert terms.side = name.side;
        assert [range_check_ptr + 4] = unit * (terms.price_ticks - name.price_ticks) +
            name.order_id - order_id - 1;
        let range_check_ptr = range_check_ptr + 5;
        assert [orders_log] = DictAccess(
            terms.key, cast(predecessor, felt), cast(predecessor, felt)
        );
        let orders_log = orders_log + DictAccess.SIZE;
        assert_before(name, predecessor.next_id, predecessor.next_price_ticks, unit);
        return ();
    }
    let range_check_ptr = range_check_ptr + 4;
    local market: Market*;
    // Duty 1 by the log entry below.
    %{ ids.market = latest_market(ids.markets_log.address_, ids.market_id) %}
    assert [markets_log] = DictAccess(
        MARKET_KEY_BASE + market_id, cast(market, felt), cast(market, felt)
    );
    let markets_log = markets_log + DictAccess.SIZE;
    // The head of a side is at offset 2 * side.
    let head = cast(market, felt*) + 2 * name.side;
    assert_before(name, head[0], head[1], unit);
    return ();
}

// Guarantee: the named place is before that of the next order, if there is one.
func assert_before{range_check_ptr}(name: NamedCancel*, next_id, next_price_ticks, unit) {
    if (next_id == 0) {
        return ();
    }
    assert [range_check_ptr] = unit * (name.price_ticks - next_price_ticks) + next_id -
        name.order_id - 1;
    let range_check_ptr = range_check_ptr + 1;
    return ();
}

// Places the quotes of a message; see place_quotes.
func place_all{range_check_ptr, poseidon_ptr: PoseidonBuiltin*, orders_log: DictAccess*}(
    message: MassQuote*, standing: Standing*, price: Price*, market: Market*, order_id
) -> (quoted: Quoted*) {
    alloc_locals;
    let (__fp__, _) = get_fp_and_pc();
    local terms: QuoteTerms = QuoteTerms(
        account_id=message.head.account_id,
        market_id=message.market_id,
        expiry_time_ms=message.expiry_time_ms,
        max_fee_ppm=message.max_fee_ppm,
        slides=message.slides,
        n_quotes=message.n_quotes,
        order_id=order_id,
        origin=message.head.key_index + message.head.nonce * MAX_KEYS,
        multiplier=price.underlying.multiplier,
        min_order_quanta=price.least_opening_quanta,
        buy_limit=price.buy_limit,
        sell_limit=price.sell_limit,
    );
    local start: Quoted = Quoted(
        bid_head_id=market.bid_head_id,
        bid_head_price_ticks=market.bid_head_price_ticks,
        ask_head_id=market.ask_head_id,
        ask_head_price_ticks=market.ask_head_price_ticks,
        open_buy_lots=standing.open_buy_lots,
        open_sell_lots=standing.open_sell_lots,
        domain=standing.domain,
    );
    return place_quotes(0, &terms, &start);
}

// Places the quotes from `index` on, one behind the other.
//
// Guarantee: each of them is one that an order may be, but for margin, has one reading in the chain of
// hashes that `domain` becomes, and rests. It does not cross, or it slides.
func place_quotes{range_check_ptr, poseidon_ptr: PoseidonBuiltin*, orders_log: DictAccess*}(
    index, terms: QuoteTerms*, quoted: Quoted*
) -> (quoted: Quoted*) {
    alloc_locals;
    let (__fp__, _) = get_fp_and_pc();
    if (index == terms.n_quotes) {
        return (quoted=quoted);
    }
    local message: Quote;
    %{ segments.write_arg(ids.message.address_, next(witness)) %}
    let side = message.side;
    assert side = side * side;
    local direction = side * (-2) + 1;
    local next: Quoted;
    assert poseidon_ptr.input = PoseidonBuiltinState(
        message.price_ticks + message.size_lots * 2 ** 32 + side * 2 ** 64, QUOTE_TAG, quoted.domain
    );
    assert next.domain = poseidon_ptr.output.s0;
    let poseidon_ptr = poseidon_ptr + PoseidonBuiltin.SIZE;
    assert [range_check_ptr] = message.price_ticks - 1;
    assert [range_check_ptr + 1] = message.price_ticks + (RC_BOUND - PRICE_BOUND);
    assert [range_check_ptr + 2] = message.size_lots - 1;
    assert [range_check_ptr + 3] = message.size_lots + (RC_BOUND - ORDER_SIZE_BOUND);
    // The limit of the order's side, as in place_order.
    tempvar limit = [&terms.buy_limit + side];
    assert [range_check_ptr + 4] = direction * (
        limit - message.price_ticks * (PRICE_X16_ONE * PPM_ONE)
    );
    local lot_quanta = message.size_lots * terms.multiplier;
    assert [range_check_ptr + 5] = lot_quanta * message.price_ticks - terms.min_order_quanta;

    // The other side's head is as far from `between` as its own.
    local between: felt* = &quoted.bid_head_price_ticks;
    local other_head: felt* = between + direction;
    local price_ticks;
    local range_check_placed;
    tempvar other_head_id = other_head[0];
    jmp meet if other_head_id != 0;
    assert price_ticks = message.price_ticks;
    assert range_check_placed = range_check_ptr + 6;
    jmp placed;

    meet:
    tempvar a = direction * (message.price_ticks - other_head[1]);
    %{ memory[ap] = 0 if 0 <= (ids.a % PRIME) < range_check_builtin.bound else 1 %}
    jmp apart if [ap] != 0, ap++;
    // It crosses, and rests one tick behind the head instead, alive or not.
    assert [range_check_ptr + 6] = a;
    assert terms.slides = 1;
    assert price_ticks = other_head[1] - direction;
    assert [range_check_ptr + 7] = price_ticks - 1;
    assert [range_check_ptr + 8] = price_ticks + (RC_BOUND - PRICE_BOUND);
    assert [range_check_ptr + 9] = lot_quanta * price_ticks - terms.min_order_quanta;
    assert range_check_placed = range_check_ptr + 10;
    jmp placed;

    apart:
    assert [range_check_ptr + 6] = (-a) - 1;
    assert price_ticks = message.price_ticks;
    assert range_check_placed = range_check_ptr + 7;

    placed:
    let range_check_ptr = range_check_placed;
    local order: OrderTerms = OrderTerms(
        order_id=terms.order_id + index,
        account_id=terms.account_id,
        key=message.order_key,
        price_ticks=price_ticks,
        expiry_time_ms=terms.expiry_time_ms,
        reduce_only=0,
        market_id=terms.market_id,
        side=side,
        max_fee_ppm=terms.max_fee_ppm,
        origin=terms.origin + index * ORIGIN_STEP,
    );
    tempvar own_head: felt* = between - direction;
    let (head_id, head_price_ticks) = insert_order(
        &order, direction, message.size_lots, message.predecessor_id, own_head[0], own_head[1]
    );
    if (side == SIDE_BUY) {
        assert next.bid_head_id = head_id;
        assert next.bid_head_price_ticks = head_price_ticks;
        assert next.ask_head_id = quoted.ask_head_id;
        assert next.ask_head_price_ticks = quoted.ask_head_price_ticks;
        assert next.open_buy_lots = quoted.open_buy_lots + message.size_lots;
        assert next.open_sell_lots = quoted.open_sell_lots;
    } else {
        assert next.bid_head_id = quoted.bid_head_id;
        assert next.bid_head_price_ticks = quoted.bid_head_price_ticks;
        assert next.ask_head_id = head_id;
        assert next.ask_head_price_ticks = head_price_ticks;
        assert next.open_buy_lots = quoted.open_buy_lots;
        assert next.open_sell_lots = quoted.open_sell_lots + message.size_lots;
    }
    return place_quotes(index + 1, terms, &next);
}
