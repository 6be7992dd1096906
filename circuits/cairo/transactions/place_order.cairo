from starkware.cairo.common.cairo_builtins import PoseidonBuiltin, SignatureBuiltin
from starkware.cairo.common.dict_access import DictAccess
from starkware.cairo.common.poseidon_state import PoseidonBuiltinState
from starkware.cairo.common.registers import get_fp_and_pc

from circuits.cairo.book.makers import reducible_lots
from circuits.cairo.book.resting import insert_order
from circuits.cairo.book.taker import Taker, Walk
from circuits.cairo.book.triggers import assert_none_due
from circuits.cairo.book.walk import visit_head
from circuits.cairo.constants import (
    FULL_KEY_WORD,
    LABEL_BOUND,
    MARKET_KEY_BASE,
    MAX_KEYS,
    MAX_MAKERS_PER_ORDER,
    MAX_ORDERS_PER_SLOT,
    MAX_POSITIONS,
    MAX_VALIDITY_MS,
    MESSAGE_PLACE_ORDER,
    NONCE_BOUND,
    ORDER_SIZE_BOUND,
    POSITION_BOUND,
    PPM_ONE,
    PRICE_BOUND,
    PRICE_X16_ONE,
    RATE_BOUND,
    RC_BOUND,
    RESULT_FILLED,
    RESULT_IOC_CANCELLED,
    RESULT_RESTING,
    RESULT_SELF_TRADE_CANCELLED,
    SELF_TRADE_MODES,
    SIDE_BUY,
    TIME_BOUND,
    TIME_IN_FORCE_FOK,
    TIME_IN_FORCE_IOC,
    TIME_IN_FORCE_POST_ONLY,
    TRADE_BIT,
)
from circuits.cairo.environment import Environment
from circuits.cairo.margin import COLLATERAL_FACTOR, charge_by_margin_rule, sum_surplus
from circuits.cairo.parameters import Underlying
from circuits.cairo.state.accounts import Account, Identity, MessageHead, use_other_key
from circuits.cairo.state.markets import Market
from circuits.cairo.state.nonce_windows import open_window, use_any_nonce
from circuits.cairo.state.orders import OrderTerms
from circuits.cairo.state.positions import Position, SlotOrders, find_position, replace_position
from circuits.cairo.state.prices import Price

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
    // mode + scope * 4.
    self_trade: felt,
    label: felt,
    result_code: felt,
    // If it rests: its key in the log (see OrderTerms), and the order before it.
    order_key: felt,
    predecessor_id: felt,
    // 1 if the margin rule leaves it all of its fee, else 0.
    pays_in_full: felt,
}

// A limit order is matched against the book; what is left may rest on it.
//
// `filled_lots` of the signed size do not count any more: the order replaces one of which so much was
// filled (replace_order.cairo), else 0. Returns the fees of the batch so far, with those of this order.
func place_order{
    range_check_ptr,
    ecdsa_ptr: SignatureBuiltin*,
    poseidon_ptr: PoseidonBuiltin*,
    accounts_log: DictAccess*,
    orders_log: DictAccess*,
    markets_log: DictAccess*,
}(environment: Environment*, time_ms, order_id, fees_quanta, filled_lots) -> (fees_quanta: felt) {
    alloc_locals;
    let (__fp__, _) = get_fp_and_pc();
    local message: PlaceOrder;
    %{ segments.write_arg(ids.message.address_, next(witness)) %}
    local account: Account*;
    let account_id = message.head.account_id;
    // Duty 1 by the log entry at the end; duty 4 by its prices.
    %{ ids.account = latest_account(ids.accounts_log.address_, ids.account_id) %}
    local market: Market*;
    let market_id = message.market_id;
    // Duty 1 by the log entry at the end; duty 4 by is_made. A market with a record has a price.
    %{ ids.market = latest_market(ids.markets_log.address_, ids.market_id) %}
    let side = message.side;
    local direction = side * (-2) + 1;
    local prices: Price** = environment.prices;
    local price: Price* = prices[market_id];
    local underlying: Underlying* = price.underlying;

    // 1. The signature: same as authorize() and order_word(), keep in step. Widths are checked below.
    assert poseidon_ptr.input = PoseidonBuiltinState(
        MESSAGE_PLACE_ORDER + account_id * 2 ** 8 + message.head.key_index * 2 ** 40 +
        message.head.nonce * 2 ** 48 + market_id * 2 ** 109 + message.head.valid_until_ms * 2 **
        125,
        message.price_ticks + message.size_lots * 2 ** 32 + message.expiry_time_ms * 2 ** 64 +
        message.max_fee_ppm * 2 ** 112 + side * 2 ** 132 + message.reduce_only * 2 ** 133 +
        message.time_in_force * 2 ** 134 + message.self_trade * 2 ** 138 + message.label * 2 ** 142,
        environment.config_hash,
    );
    %{ ecdsa_builtin.add_signature(ids.ecdsa_ptr.address_, next(witness)) %}
    assert ecdsa_ptr.message = poseidon_ptr.output.s0;
    let head = message.head;
    tempvar left_ms = head.valid_until_ms - time_ms;
    assert [range_check_ptr] = left_ms;
    assert [range_check_ptr + 1] = left_ms + (RC_BOUND - 1 - MAX_VALIDITY_MS);
    assert [range_check_ptr + 2] = head.valid_until_ms + (RC_BOUND - TIME_BOUND);
    local identity: Identity*;
    local window_0;
    local range_check_signed;
    jmp other_key if head.key_index != 0;
    assert identity = account.identity;
    assert identity.owner.word_0 = FULL_KEY_WORD;
    assert ecdsa_ptr.pub_key = identity.owner.key_0;
    // Same as use_nonce(), keep in step.
    %{ memory[ap] = next(witness) %}
    jmp gap if [ap] != 0, ap++;
    assert head.nonce = account.window_0 + 1;
    assert [range_check_ptr + 3] = head.nonce + (RC_BOUND - NONCE_BOUND);
    assert window_0 = head.nonce;
    assert range_check_signed = range_check_ptr + 4;
    jmp signed;

    gap:
    let range_check_ptr = range_check_ptr + 3;
    let (high, skipped) = open_window(account.window_0);
    tempvar distance = head.nonce - high - 1;
    assert [range_check_ptr] = distance * distance + skipped - 1;
    let range_check_ptr = range_check_ptr + 1;
    let (used) = use_any_nonce(high, skipped, head.nonce);
    assert window_0 = used;
    assert range_check_signed = range_check_ptr;
    jmp signed;

    other_key:
    let range_check_ptr = range_check_ptr + 3;
    let (after_use) = use_other_key(
        account.identity, head.key_index, head.nonce, ecdsa_ptr, TRADE_BIT, time_ms
    );
    assert identity = after_use;
    assert window_0 = account.window_0;
    assert range_check_signed = range_check_ptr;

    signed:
    let range_check_ptr = range_check_signed;
    let ecdsa_ptr = ecdsa_ptr + SignatureBuiltin.SIZE;
    let poseidon_ptr = poseidon_ptr + PoseidonBuiltin.SIZE;
    // Fields and price.
    assert [range_check_ptr] = message.price_ticks - 1;
    assert [range_check_ptr + 1] = message.price_ticks + (RC_BOUND - PRICE_BOUND);
    assert [range_check_ptr + 3] = message.size_lots + (RC_BOUND - ORDER_SIZE_BOUND);
    assert [range_check_ptr + 4] = message.expiry_time_ms - time_ms - 1;
    assert [range_check_ptr + 5] = message.expiry_time_ms + (RC_BOUND - TIME_BOUND);
    assert [range_check_ptr + 6] = message.max_fee_ppm - price.least_fee_limit_ppm;
    assert [range_check_ptr + 7] = message.max_fee_ppm + (RC_BOUND - RATE_BOUND);
    assert side = side * side;
    assert message.reduce_only = message.reduce_only * message.reduce_only;
    assert [range_check_ptr + 10] = message.self_trade;
    assert [range_check_ptr + 11] = message.self_trade + (RC_BOUND - 2 * SELF_TRADE_MODES);
    assert [range_check_ptr + 12] = message.label;
    assert [range_check_ptr + 13] = message.label + (RC_BOUND - LABEL_BOUND);
    assert [range_check_ptr + 14] = environment.orders_until_ms - time_ms;
    // The limit of the order's side; only the dangerous direction is bounded. Below 2^70.
    tempvar limit = [&price.buy_limit + side];
    assert [range_check_ptr + 8] = direction * (
        limit - message.price_ticks * (PRICE_X16_ONE * PPM_ONE)
    );
    // A timer that has run out is applied first: see apply_timer.
    assert [range_check_ptr + 9] = account.cancel_all_at_ms - time_ms - 1;
    // Of a post-only order 2 and 0; of others, which wait after a gap or a jump, 0 and -1 or -2.
    local twice_post_only = message.time_in_force * (message.time_in_force - 1);
    tempvar below_post_only = message.time_in_force - TIME_IN_FORCE_POST_ONLY;
    tempvar no_common = twice_post_only * below_post_only;
    local must_fill;
    local slides;
    jmp rare if no_common != 0;
    assert [range_check_ptr + 2] = below_post_only * (price.trades_from_ms - time_ms);
    assert must_fill = 0;
    assert slides = 0;
    jmp checked;

    rare:
    assert slides = message.time_in_force - TIME_IN_FORCE_FOK;
    assert must_fill = 1 - slides;
    assert slides * must_fill = 0;
    assert [range_check_ptr + 2] = must_fill * (time_ms - price.trades_from_ms);

    checked:
    let range_check_ptr = range_check_ptr + 15;

    // 2, 3. The slot, most often the list's first; the lots to trade; what the position could reach.
    local old: Position*;
    local n_passed;
    tempvar positions = account.positions;
    jmp first if positions != 0;

    search:
    let (found, passed) = find_position(account.positions, market_id, 0);
    assert old = found;
    assert n_passed = passed;
    jmp located;

    first:
    tempvar other_market = positions.market_id - market_id;
    jmp search if other_market != 0;
    assert old = positions;
    assert n_passed = 0;

    located:
    // Without a slot for the market, n_passed is the number of slots: a free one must be left.
    assert [range_check_ptr] = n_passed + (RC_BOUND - MAX_POSITIONS);
    tempvar open_lots = [&old.open_buy_lots + side];
    // What is held on the order's side: a position of the other one may go away by reducing it.
    tempvar reached_lots = old.long_lots - side * old.size_lots + open_lots + message.size_lots;
    local lots;
    local range_check_sized;
    if (message.reduce_only == 0) {
        assert [range_check_ptr + 1] = underlying.position_limit_lots - reached_lots;
        assert lots = message.size_lots - filled_lots;
        assert [range_check_ptr + 2] = lots - 1;
        tempvar notional_quanta = lots * message.price_ticks * underlying.multiplier;
        assert [range_check_ptr + 3] = notional_quanta - price.least_opening_quanta;
        assert range_check_sized = range_check_ptr + 4;
    } else {
        assert [range_check_ptr + 1] = reached_lots + (RC_BOUND - POSITION_BOUND);
        let range_check_ptr = range_check_ptr + 2;
        let (reduced) = size_reduction(
            &message, underlying, -direction * old.size_lots, message.size_lots - filled_lots
        );
        assert lots = reduced;
        assert range_check_sized = range_check_ptr;
    }

    // 4, 5. The walk, if the order crosses. The other side's head is as far from `between` as ours.
    local between: felt* = cast(market, felt*) + 1;
    tempvar other_head: felt* = between + direction;
    local start: Walk = Walk(
        head_id=other_head[0],
        head_price_ticks=other_head[1],
        remaining_lots=lots,
        traded_lots=0,
        collateral_quanta=account.collateral_quanta,
        fees_quanta=fees_quanta,
        taker_fees_quanta=0,
        long_change=0,
        visits_left=MAX_MAKERS_PER_ORDER,
        own_orders=cast(&old.open_buy_lots, SlotOrders*),
    );
    local walk: Walk*;
    local stop;
    local price_ticks;
    local range_check_met;
    local range_check_walked;
    local accounts_log_walked: DictAccess*;
    local orders_log_walked: DictAccess*;
    let range_check_ptr = range_check_sized;
    jmp meet if start.head_id != 0;
    assert range_check_walked = range_check_ptr;
    jmp stay;

    meet:
    tempvar a = direction * (message.price_ticks - start.head_price_ticks);
    %{ memory[ap] = 0 if 0 <= (ids.a % PRIME) < range_check_builtin.bound else 1 %}
    jmp apart if [ap] != 0, ap++;
    jmp slide if slides != 0;
    assert [range_check_ptr] = a;
    local taker: Taker = Taker(
        order_id=order_id,
        account_id=account_id,
        side=side,
        direction=direction,
        limit_price_ticks=message.price_ticks,
        time_ms=time_ms,
        market_id=market_id,
        underlying=underlying,
        price=price,
        prices=prices,
        dead_below_order_id=price.dead_below_order_id,
        self_trade=message.self_trade,
        owner=identity.owner,
        fee_ppm=underlying.taker_fee_ppm,
        brings=message.pays_in_full * environment.parameters.fee_schedule.rebates,
    );
    assert price_ticks = message.price_ticks;
    tempvar triggers = market.others.triggers;
    jmp wait if triggers != 0;
    assert range_check_met = range_check_ptr + 1;

    visit:
    let range_check_ptr = range_check_met;
    let (met: Walk*, code) = visit_head(&taker, &start);
    assert walk = met;
    assert stop = code;
    assert range_check_walked = range_check_ptr;
    assert accounts_log_walked = accounts_log;
    assert orders_log_walked = orders_log;
    jmp clears if twice_post_only != 0;
    jmp walked;

    clears:
    // A post-only order only clears dead orders away, and what it would trade with itself.
    assert (1 - must_fill) * met.traded_lots = 0;
    jmp walked;

    wait:
    let range_check_ptr = range_check_ptr + 1;
    // Dormant orders that are due come first. A post-only order trades with nobody, and need not wait.
    tempvar may_trade = message.time_in_force - TIME_IN_FORCE_POST_ONLY;
    jmp trade if may_trade != 0;
    assert range_check_met = range_check_ptr;
    jmp visit;

    trade:
    assert_none_due(market.others.triggers, price);
    assert range_check_met = range_check_ptr;
    jmp visit;

    slide:
    // It crosses, and rests one tick behind the head instead, alive or not.
    assert [range_check_ptr] = a;
    assert price_ticks = start.head_price_ticks - direction;
    assert [range_check_ptr + 1] = price_ticks - 1;
    assert [range_check_ptr + 2] = price_ticks + (RC_BOUND - PRICE_BOUND);
    tempvar notional_quanta = lots * price_ticks * underlying.multiplier;
    assert [range_check_ptr + 3] = notional_quanta - underlying.min_order_quanta;
    assert range_check_walked = range_check_ptr + 4;
    jmp unmet;

    apart:
    assert [range_check_ptr] = (-a) - 1;
    assert range_check_walked = range_check_ptr + 1;

    stay:
    assert price_ticks = message.price_ticks;

    unmet:
    assert walk = &start;
    assert stop = 0;
    assert accounts_log_walked = accounts_log;
    assert orders_log_walked = orders_log;

    walked:
    let range_check_ptr = range_check_walked;
    let accounts_log = accounts_log_walked;
    let orders_log = orders_log_walked;

    // 6. What is left rests, or is cancelled. A fill-or-kill order has nothing left, nor most takers.
    local untraded_lots = lots - walk.traded_lots;
    tempvar own_head: felt* = between - direction;
    local rests;
    local own_head_id;
    local own_head_price_ticks;
    local range_check_rested;
    local orders_log_rested: DictAccess*;
    if (untraded_lots == 0) {
        assert message.result_code = RESULT_FILLED;
        assert rests = 0;
        assert own_head_id = own_head[0];
        assert own_head_price_ticks = own_head[1];
        assert range_check_rested = range_check_ptr;
        assert orders_log_rested = orders_log;
    } else {
        assert must_fill = 0;
        let (is_left, head_id, head_price_ticks) = rest_order(
            &message, order_id, price_ticks, walk.remaining_lots, stop, own_head[0], own_head[1]
        );
        assert rests = is_left;
        assert own_head_id = head_id;
        assert own_head_price_ticks = head_price_ticks;
        assert range_check_rested = range_check_ptr;
        assert orders_log_rested = orders_log;
    }
    let range_check_ptr = range_check_rested;
    let orders_log = orders_log_rested;
    local market_after: Market;
    if (side == SIDE_BUY) {
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

    local slot: Position;
    assert slot.market_id = market_id;
    assert slot.size_lots = old.size_lots + direction * walk.traded_lots;
    // Reduce-only orders reserve nothing.
    tempvar added = walk.remaining_lots * (rests - rests * message.reduce_only);
    tempvar sells = side * added;
    local orders: SlotOrders* = walk.own_orders;
    assert slot.open_buy_lots = orders.open_buy_lots + added - sells;
    assert slot.open_sell_lots = orders.open_sell_lots + sells;
    assert slot.n_orders = orders.n_orders + rests;
    assert slot.min_order_id = old.min_order_id;
    // Same as surplus_of(), keep in step.
    local surplus;
    if (prices - account.prices == 0) {
        assert surplus = account.surplus;
    } else {
        let (sum) = sum_surplus(account.positions, prices, 0);
        assert surplus = sum;
    }
    let (positions, gain, long_change) = replace_position(account.positions, old, &slot, price);
    assert market_after.others = market.others;
    assert market_after.is_made = 1;
    tempvar risen_lots = walk.long_change + long_change;
    assert market_after.open_interest_lots = market.open_interest_lots + risen_lots;
    local after: Account;
    assert after.identity = identity;
    assert after.window_0 = window_0;
    assert after.cancel_all_at_ms = account.cancel_all_at_ms;
    assert after.positions = positions;
    assert after.prices = prices;
    assert after.surplus = surplus + gain;
    // Not above the cap, unless it did not rise.
    tempvar fallen_lots = -risen_lots;
    tempvar a = price.interest_cap_lots - market_after.open_interest_lots;
    %{ memory[ap] = 0 if 0 <= (ids.a % PRIME) < range_check_builtin.bound else 1 %}
    jmp above if [ap] != 0, ap++;
    assert [range_check_ptr] = a;
    jmp capped;

    above:
    assert [range_check_ptr] = fallen_lots;

    capped:
    // Only a resting order could exceed the limit.
    assert [range_check_ptr + 1] = MAX_ORDERS_PER_SLOT - slot.n_orders;
    let range_check_ptr = range_check_ptr + 2;
    assert [accounts_log] = DictAccess(account_id, cast(account, felt), cast(&after, felt));
    let accounts_log = accounts_log + DictAccess.SIZE;
    assert [markets_log] = DictAccess(
        MARKET_KEY_BASE + market_id, cast(market, felt), cast(&market_after, felt)
    );
    let markets_log = markets_log + DictAccess.SIZE;

    // 7. The taker's margin and fee.
    local fee = walk.taker_fees_quanta;
    tempvar settled = long_change * price.spread_quanta;
    local collateral_quanta = walk.collateral_quanta + settled - fee;
    tempvar a = collateral_quanta * COLLATERAL_FACTOR + after.surplus;
    %{ memory[ap] = 0 if 0 <= (ids.a % PRIME) < range_check_builtin.bound else 1 %}
    jmp examine if [ap] != 0, ap++;
    assert [range_check_ptr] = a;
    let range_check_ptr = range_check_ptr + 1;
    assert after.collateral_quanta = collateral_quanta;
    assert after.fees_quanta = account.fees_quanta + fee;
    assert message.pays_in_full = 1;
    return (fees_quanta=walk.fees_quanta + fee);

    examine:
    let (is_allowed, paid_fee) = charge_by_margin_rule(
        a, fee, account, old, &slot, collateral_quanta, after.positions, after.prices, 0
    );
    assert is_allowed = 1;
    assert after.collateral_quanta = collateral_quanta + fee - paid_fee;
    assert after.fees_quanta = account.fees_quanta + paid_fee;
    if (fee - paid_fee == 0) {
        assert message.pays_in_full = 1;
    } else {
        assert message.pays_in_full = 0;
    }
    return (fees_quanta=walk.fees_quanta + paid_fee);
}

// Returns what a reduce-only order can trade, given the lots of the other side.
//
// Guarantee: that is not nothing. What closes and never rests, IOC or FOK, may be as small as the
// position; else it is worth an order.
func size_reduction{range_check_ptr}(
    message: PlaceOrder*, underlying: Underlying*, position_lots, wanted_lots
) -> (lots: felt) {
    let (lots) = reducible_lots(position_lots, wanted_lots);
    assert [range_check_ptr] = lots - 1;
    tempvar may_rest = (message.time_in_force - TIME_IN_FORCE_IOC) * (
        message.time_in_force - TIME_IN_FORCE_FOK
    );
    tempvar notional_quanta = lots * message.price_ticks * underlying.multiplier;
    assert [range_check_ptr + 1] = may_rest * may_rest * (
        notional_quanta - underlying.min_order_quanta
    );
    let range_check_ptr = range_check_ptr + 2;
    return (lots=lots);
}

// Assumption: something was not traded, and the order need not be filled.
// Guarantee: what is left rests if it may; the result code says what became of the order. Returns
// 1 if it rests, and the head of the order's side.
func rest_order{range_check_ptr, orders_log: DictAccess*}(
    message: PlaceOrder*, order_id, price_ticks, remaining_lots, stop, head_id, head_price_ticks
) -> (rests: felt, head_id: felt, head_price_ticks: felt) {
    alloc_locals;
    if (remaining_lots == 0) {
        // Some of it was taken off for lots of the same trader.
        assert message.result_code = RESULT_SELF_TRADE_CANCELLED;
        return (rests=0, head_id=head_id, head_price_ticks=head_price_ticks);
    }
    if (stop != 0) {
        assert message.result_code = stop;
        return (rests=0, head_id=head_id, head_price_ticks=head_price_ticks);
    }
    if (message.time_in_force == TIME_IN_FORCE_IOC) {
        assert message.result_code = RESULT_IOC_CANCELLED;
        return (rests=0, head_id=head_id, head_price_ticks=head_price_ticks);
    }
    assert message.result_code = RESULT_RESTING;
    let (__fp__, _) = get_fp_and_pc();
    local terms: OrderTerms = OrderTerms(
        order_id=order_id,
        account_id=message.head.account_id,
        key=message.order_key,
        price_ticks=price_ticks,
        expiry_time_ms=message.expiry_time_ms,
        reduce_only=message.reduce_only,
        market_id=message.market_id,
        side=message.side,
        max_fee_ppm=message.max_fee_ppm,
        origin=message.head.key_index + message.head.nonce * MAX_KEYS,
    );
    let (head_id, head_price_ticks) = insert_order(
        &terms,
        message.side * (-2) + 1,
        remaining_lots,
        message.predecessor_id,
        head_id,
        head_price_ticks,
    );
    return (rests=1, head_id=head_id, head_price_ticks=head_price_ticks);
}
