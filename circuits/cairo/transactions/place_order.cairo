from starkware.cairo.common.cairo_builtins import PoseidonBuiltin, SignatureBuiltin
from starkware.cairo.common.dict_access import DictAccess
from starkware.cairo.common.registers import get_fp_and_pc

from circuits.cairo.book.makers import Taker
from circuits.cairo.book.resting import insert_order
from circuits.cairo.book.walk import Walk, walk_book
from circuits.cairo.config import MarketConfig
from circuits.cairo.constants import (
    MARKET_KEY_BASE,
    MAX_MAKERS_PER_ORDER,
    MAX_OPEN_ORDERS,
    MAX_POSITIONS,
    MESSAGE_PLACE_ORDER,
    OPEN_INTEREST_BOUND,
    ORDER_SIZE_BOUND,
    POSITION_BOUND,
    PPM_ONE,
    PRICE_BOUND,
    PRICE_X16_ONE,
    RATE_BOUND,
    RC_BOUND,
    RESULT_FILLED,
    RESULT_IOC_CANCELLED,
    RESULT_MAKER_LIMIT,
    RESULT_RESTING,
    TIME_BOUND,
    TIME_IN_FORCE_GTC,
    TIME_IN_FORCE_IOC,
    TIME_IN_FORCE_POST_ONLY,
)
from circuits.cairo.environment import Environment
from circuits.cairo.margin import COLLATERAL_FACTOR, Change, satisfies_margin_rule, surplus_of
from circuits.cairo.state.accounts import Account, MessageHead, authorize
from circuits.cairo.state.markets import HEAD_SIZE, Market, Price
from circuits.cairo.state.orders import OrderTerms
from circuits.cairo.state.positions import Position, find_position, replace_position

// The transaction as the prover gives it: the signed fields, then its guesses.
struct PlaceOrder {
    head: MessageHead,
    market_id: felt,
    price_ticks: felt,
    size_lots: felt,
    expiry_time_ms: felt,
    max_fee_ppm: felt,
    side: felt,
    reduce_only: felt,
    time_in_force: felt,
    result_code: felt,
    // If it rests: its key in the log (see OrderTerms), and the order before it.
    order_key: felt,
    predecessor_id: felt,
}

// A limit order is matched against the book; what is left may rest on it.
//
// Returns the fees of the batch so far, with those of this order.
func place_order{
    range_check_ptr, ecdsa_ptr: SignatureBuiltin*, poseidon_ptr: PoseidonBuiltin*, log: DictAccess*
}(environment: Environment*, time_ms, order_id, fees_quanta) -> (fees_quanta: felt) {
    alloc_locals;
    let (__fp__, _) = get_fp_and_pc();
    local message: PlaceOrder;
    %{ segments.write_arg(ids.message.address_, next(witness)) %}
    local account: Account*;
    let account_id = message.head.account_id;
    // Pinned by the log entry at the end.
    %{ ids.account = latest_account(ids.log.address_, ids.account_id) %}
    local market: Market*;
    let market_id = message.market_id;
    // Pinned by the log entry at the end, whose key exists for the configured markets only.
    %{ ids.market = latest_market(ids.log.address_, ids.market_id) %}

    local taker: Taker;
    assert taker.account_id = message.head.account_id;
    assert taker.side = message.side;
    assert taker.direction = 1 - 2 * message.side;
    assert taker.limit_price_ticks = message.price_ticks;
    assert taker.time_ms = time_ms;
    assert taker.market_id = message.market_id;
    assert taker.market = environment.config.markets + message.market_id * MarketConfig.SIZE;
    assert taker.prices = environment.prices;
    assert taker.price = taker.prices + message.market_id * Price.SIZE;

    // 1. Fields, signature, price.
    check_fields(&message, &taker);
    let (local identity, local nonce_0) = authorize(
        &message.head,
        MESSAGE_PLACE_ORDER,
        message.market_id,
        message.price_ticks + message.size_lots * 2 ** 32 + message.expiry_time_ms * 2 ** 64 +
        message.max_fee_ppm * 2 ** 112 + message.side * 2 ** 132 + message.reduce_only * 2 ** 133 +
        message.time_in_force * 2 ** 134,
        environment.domain_tag,
        account,
    );

    // 2, 3. Slot, reduce-only, position limit.
    let (local slot: Position*, n_passed) = find_position(account.positions, message.market_id, 0);
    // Without a slot for the market, n_passed is the number of slots: a free one must be left.
    assert [range_check_ptr] = MAX_POSITIONS - 1 - n_passed;
    let range_check_ptr = range_check_ptr + 1;
    let (local lots) = admissible_lots(&message, slot, taker.direction);

    // 4, 5. The walk.
    let other_head = cast(market, felt*) + HEAD_SIZE * (1 - message.side);
    let (local walk: Walk, hit_limit) = match_order(
        &message,
        &taker,
        Walk(
            head_id=other_head[0],
            head_price_ticks=other_head[1],
            remaining_lots=lots,
            collateral_quanta=account.collateral_quanta,
            fees_quanta=fees_quanta,
            long_change=0,
            visits_left=MAX_MAKERS_PER_ORDER,
            own_lots=0,
            own_orders=0,
        ),
    );

    // 6. Rest, or cancel what is left.
    let own_head = cast(market, felt*) + HEAD_SIZE * message.side;
    let (local resting_lots, own_head_id, own_head_price_ticks) = rest_order(
        &message, &taker, order_id, walk.remaining_lots, hit_limit, own_head[0], own_head[1]
    );
    local market_after: Market;
    if (message.side == 0) {
        assert market_after.bid_head_id = own_head_id;
        assert market_after.bid_head_price_ticks = own_head_price_ticks;
        assert market_after.ask_head_id = walk.head_id;
        assert market_after.ask_head_price_ticks = walk.head_price_ticks;
    } else {
        assert market_after.ask_head_id = own_head_id;
        assert market_after.ask_head_price_ticks = own_head_price_ticks;
        assert market_after.bid_head_id = walk.head_id;
        assert market_after.bid_head_price_ticks = walk.head_price_ticks;
    }

    // 7. The taker's account and its margin.
    tempvar resting_sells = resting_lots * message.side;
    tempvar own_buys = walk.own_lots * message.side;
    local change: Change;
    assert change.slot_before = slot;
    assert change.size_after = slot.size_lots + taker.direction * (lots - walk.remaining_lots);
    assert change.open_buy_after = slot.open_buy_lots + resting_lots - resting_sells - own_buys;
    assert change.open_sell_after = slot.open_sell_lots + resting_sells - walk.own_lots + own_buys;
    assert change.positions_before = account.positions;
    assert change.collateral_before = account.collateral_quanta;
    assert change.collateral_after = walk.collateral_quanta;
    let (local surplus) = surplus_of(account, taker.prices);
    let (positions, surplus_change, long_change) = replace_position(
        account.positions,
        slot,
        message.market_id,
        change.size_after,
        change.open_buy_after,
        change.open_sell_after,
        taker.price,
    );
    assert change.positions_after = positions;
    local surplus_after = surplus + surplus_change;
    assert market_after.open_interest_lots = market.open_interest_lots + walk.long_change +
        long_change;
    assert [range_check_ptr] = market_after.open_interest_lots + (RC_BOUND - OPEN_INTEREST_BOUND);
    let range_check_ptr = range_check_ptr + 1;
    check_taker_margin(
        change.collateral_after * COLLATERAL_FACTOR + surplus_after, &change, taker.prices
    );

    local is_resting;
    if (resting_lots == 0) {
        assert is_resting = 0;
    } else {
        assert is_resting = 1;
    }
    local after: Account = Account(
        identity=identity,
        nonce_0=nonce_0,
        collateral_quanta=walk.collateral_quanta,
        open_orders=account.open_orders - walk.own_orders + is_resting,
        positions=change.positions_after,
        prices=taker.prices,
        surplus=surplus_after,
    );
    // Only a resting order could exceed the limit, but then it must not.
    assert [range_check_ptr] = MAX_OPEN_ORDERS - after.open_orders;
    let range_check_ptr = range_check_ptr + 1;
    assert [log] = DictAccess(
        message.head.account_id, cast(account, felt), cast(&after, felt)
    );
    let log = log + DictAccess.SIZE;
    assert [log] = DictAccess(
        MARKET_KEY_BASE + message.market_id, cast(market, felt), cast(&market_after, felt)
    );
    let log = log + DictAccess.SIZE;
    return (fees_quanta=walk.fees_quanta);
}

// Guarantee: the fields are within their widths, so that word_1 has one reading, and the price, the
// fee limit and the expiry are acceptable now.
func check_fields{range_check_ptr}(message: PlaceOrder*, taker: Taker*) {
    assert [range_check_ptr] = message.price_ticks - 1;
    assert [range_check_ptr + 1] = message.price_ticks + (RC_BOUND - PRICE_BOUND);
    assert [range_check_ptr + 2] = message.size_lots - 1;
    assert [range_check_ptr + 3] = message.size_lots + (RC_BOUND - ORDER_SIZE_BOUND);
    assert [range_check_ptr + 4] = message.expiry_time_ms - taker.time_ms - 1;
    assert [range_check_ptr + 5] = message.expiry_time_ms + (RC_BOUND - TIME_BOUND);
    assert [range_check_ptr + 6] = message.max_fee_ppm - taker.market.highest_fee_ppm;
    assert [range_check_ptr + 7] = message.max_fee_ppm + (RC_BOUND - RATE_BOUND);
    assert message.side = message.side * message.side;
    assert message.reduce_only = message.reduce_only * message.reduce_only;
    // time_in_force is one of three values; rest_order tells them apart.
    tempvar time_in_force = message.time_in_force;
    assert time_in_force * (time_in_force - 1) * (time_in_force - 2) = 0;

    // A market without a price yet. Nothing else excludes a sell there.
    tempvar mark_price_x16 = taker.price.mark_price_x16;
    if (mark_price_x16 == 0) {
        assert mark_price_x16 = 1;
    }
    // The limit of the order's side; only the dangerous direction is bounded. Below 2^70.
    tempvar limit = [&taker.price.buy_limit + message.side];
    assert [range_check_ptr + 8] = taker.direction * (
        limit - message.price_ticks * (PRICE_X16_ONE * PPM_ONE)
    );
    let range_check_ptr = range_check_ptr + 9;
    return ();
}

// Guarantee: the lots that may be traded: the signed size, for a reduce-only order at most the
// position, which must be of the other side. The signed size keeps within the position limit.
func admissible_lots{range_check_ptr}(message: PlaceOrder*, slot: Position*, direction) -> (
    lots: felt
) {
    tempvar open_lots = [&slot.open_buy_lots + message.side];
    assert [range_check_ptr] = POSITION_BOUND - 1 - direction * slot.size_lots - open_lots -
        message.size_lots;
    if (message.reduce_only == 0) {
        let range_check_ptr = range_check_ptr + 1;
        return (lots=message.size_lots);
    }
    tempvar reducible = -direction * slot.size_lots;
    assert [range_check_ptr + 1] = reducible - 1;
    tempvar a = reducible - message.size_lots;
    %{ memory[ap] = 0 if 0 <= (ids.a % PRIME) < range_check_builtin.bound else 1 %}
    jmp less if [ap] != 0, ap++;
    assert [range_check_ptr + 2] = a;
    let range_check_ptr = range_check_ptr + 3;
    return (lots=message.size_lots);

    less:
    assert [range_check_ptr + 2] = -a;
    let range_check_ptr = range_check_ptr + 3;
    return (lots=reducible);
}

// Walks the book if the order crosses; a post-only order must not.
func match_order{range_check_ptr, log: DictAccess*}(
    message: PlaceOrder*, taker: Taker*, walk: Walk
) -> (walk: Walk, hit_limit: felt) {
    if (walk.head_id == 0) {
        return (walk=walk, hit_limit=0);
    }
    tempvar a = taker.direction * (message.price_ticks - walk.head_price_ticks);
    %{ memory[ap] = 0 if 0 <= (ids.a % PRIME) < range_check_builtin.bound else 1 %}
    jmp apart if [ap] != 0, ap++;
    // It may cross (walk_book proves whether it does).
    if (message.time_in_force == TIME_IN_FORCE_POST_ONLY) {
        assert message.time_in_force = 0;
    }
    return walk_book(taker, walk);

    apart:
    assert [range_check_ptr] = -a - 1;
    let range_check_ptr = range_check_ptr + 1;
    return (walk=walk, hit_limit=0);
}

// Guarantee: what is left rests if it may; the result code says what became of the order. Returns
// the lots that rest and the head of the order's side.
func rest_order{range_check_ptr, log: DictAccess*}(
    message: PlaceOrder*,
    taker: Taker*,
    order_id,
    remaining_lots,
    hit_limit,
    head_id,
    head_price_ticks,
) -> (resting_lots: felt, head_id: felt, head_price_ticks: felt) {
    alloc_locals;
    if (remaining_lots == 0) {
        assert message.result_code = RESULT_FILLED;
        return (resting_lots=0, head_id=head_id, head_price_ticks=head_price_ticks);
    }
    if (hit_limit != 0) {
        assert message.result_code = RESULT_MAKER_LIMIT;
        return (resting_lots=0, head_id=head_id, head_price_ticks=head_price_ticks);
    }
    if (message.time_in_force == TIME_IN_FORCE_IOC) {
        assert message.result_code = RESULT_IOC_CANCELLED;
        return (resting_lots=0, head_id=head_id, head_price_ticks=head_price_ticks);
    }
    assert message.result_code = RESULT_RESTING;
    let (__fp__, _) = get_fp_and_pc();
    local terms: OrderTerms = OrderTerms(
        order_id=order_id,
        account_id=message.head.account_id,
        key=message.order_key,
        price_ticks=message.price_ticks,
        expiry_time_ms=message.expiry_time_ms,
        reduce_only=message.reduce_only,
        market_id=message.market_id,
        side=message.side,
    );
    let (head_id, head_price_ticks) = insert_order(
        &terms,
        remaining_lots,
        taker.direction,
        message.predecessor_id,
        head_id,
        head_price_ticks,
    );
    return (resting_lots=remaining_lots, head_id=head_id, head_price_ticks=head_price_ticks);
}

// Guarantee: the margin rule allows the operation.
func check_taker_margin{range_check_ptr}(excess, change: Change*, prices: Price*) {
    let a = excess;
    %{ memory[ap] = 0 if 0 <= (ids.a % PRIME) < range_check_builtin.bound else 1 %}
    jmp examine if [ap] != 0, ap++;
    assert [range_check_ptr] = excess;
    let range_check_ptr = range_check_ptr + 1;
    return ();

    examine:
    let (allowed) = satisfies_margin_rule(excess, change, prices);
    assert allowed = 1;
    return ();
}
