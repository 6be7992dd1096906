from starkware.cairo.common.dict_access import DictAccess
from starkware.cairo.common.registers import get_fp_and_pc

from circuits.cairo.book.deaths import find_death
from circuits.cairo.book.makers import reducible_lots
from circuits.cairo.book.release import release_lots
from circuits.cairo.book.resting import insert_order, remove_order
from circuits.cairo.book.self_trade import is_below_least, pass_account
from circuits.cairo.book.taker import Taker, Walk
from circuits.cairo.book.triggers import find_due
from circuits.cairo.book.undo import take_back
from circuits.cairo.book.walk import walk_book
from circuits.cairo.constants import (
    MARKET_KEY_BASE,
    MAX_MAKERS_PER_ORDER,
    PPM_ONE,
    PRICE_BOUND,
    PRICE_X16_ONE,
    SIDE_BUY,
    TIME_IN_FORCE_IOC,
)
from circuits.cairo.environment import Environment
from circuits.cairo.margin import COLLATERAL_FACTOR, charge_by_margin_rule, surplus_of
from circuits.cairo.numeric import divide, smaller_of
from circuits.cairo.state.accounts import Account
from circuits.cairo.state.markets import (
    Market,
    MarketOthers,
    Triggers,
    replace_trigger_head,
    with_triggers,
)
from circuits.cairo.state.orders import DormantTerms, Order, OrderTerms
from circuits.cairo.state.positions import Position, SlotOrders, find_position, replace_position
from circuits.cairo.state.prices import Price

// The transaction as the prover gives it: the market; and of the order that is placed, if it rests, its
// key in the log (see OrderTerms) and the order before it, else 0 and 0.
struct TriggerOrder {
    market_id: felt,
    order_key: felt,
    predecessor_id: felt,
}

// A dormant order that is due, and where it meets the book.
struct Due {
    message: TriggerOrder,
    environment: Environment*,
    time_ms: felt,
    // That of the order which it becomes.
    order_id: felt,
    market: Market*,
    price: Price*,
    // Of the market, once it has left its list.
    others: MarketOthers*,
    order: Order*,
    terms: DormantTerms*,
    account: Account*,
    // Of its account and market.
    slot: Position*,
}

// What became of the lots of an order that met the book.
struct Met {
    walk: Walk*,
    price_ticks: felt,
    // 1 if what is left may rest.
    rests: felt,
}

// What a band's limit is in, in millionths of a tick with 16 fraction bits.
const LIMIT_SCALE = PRICE_X16_ONE * PPM_ONE;

// The first dormant order whose trigger the mark has reached leaves its list, and meets the book as an
// order with the next id. Nobody signs this, and nobody else may trade before it: see assert_none_due.
//
// It can always be executed: where a rule would refuse the order, the order goes. Each reason is
// proven, so that whoever proves cannot let one go at will. Returns the fees of the batch so far.
func trigger_order{
    range_check_ptr, accounts_log: DictAccess*, orders_log: DictAccess*, markets_log: DictAccess*
}(environment: Environment*, time_ms, order_id, fees_quanta) -> (fees_quanta: felt) {
    alloc_locals;
    let (__fp__, _) = get_fp_and_pc();
    local due: Due;
    let message = due.message;
    %{ segments.write_arg(ids.message.address_, next(witness)) %}
    assert [range_check_ptr] = environment.price_valid_until_ms - time_ms;
    let range_check_ptr = range_check_ptr + 1;
    assert due.environment = environment;
    assert due.time_ms = time_ms;
    assert due.order_id = order_id;
    local market: Market*;
    let market_id = message.market_id;
    // Duty 1 by the log entry of write_market; duty 4 by is_made.
    %{ ids.market = latest_market(ids.markets_log.address_, ids.market_id) %}
    assert due.market = market;
    assert due.price = environment.prices[market_id];
    assert due.price.underlying.is_halted = 0;
    assert due.price.is_silent = 0;
    // Never while the market is post-only.
    assert [range_check_ptr] = time_ms - due.price.trades_from_ms;
    let range_check_ptr = range_check_ptr + 1;
    let (local due_id, local order_list) = find_due(market.others.triggers, due.price);
    local order: Order*;
    let order_id = due_id;
    // Pinned by its id, and duty 1 by the entry of remove_order.
    %{ ids.order = latest_order(ids.orders_log.address_, ids.order_id) %}
    let terms = order.terms;
    assert terms.order_id = due_id;
    // The list says so already; a damaged list shall not place an order of another one.
    assert terms.side = order_list;
    assert terms.market_id = market_id;
    assert due.order = order;
    assert due.terms = cast(terms, DormantTerms*);
    local account: Account*;
    let account_id = terms.account_id;
    // Duty 1 by the log entry of release_lots or write_taker; duty 4 by its prices.
    %{ ids.account = latest_account(ids.accounts_log.address_, ids.account_id) %}
    assert due.account = account;
    // A timer that has run out is applied first: see apply_timer.
    assert [range_check_ptr] = account.cancel_all_at_ms - time_ms - 1;
    let range_check_ptr = range_check_ptr + 1;
    let (slot: Position*, _) = find_position(account.positions, market_id, 0);
    assert due.slot = slot;

    let (triggers) = replace_trigger_head(
        market.others.triggers, order_list, order.next_id, order.next_price_ticks
    );
    let (others) = with_triggers(market.others, triggers);
    assert due.others = others;
    remove_order(order);
    let (local size_lots, local is_idle) = lots_to_trade(&due);
    if (size_lots == 0) {
        let_go(&due, account, market);
        if (is_idle == 0) {
            return (fees_quanta=fees_quanta);
        }
        end_others(&due);
        return (fees_quanta=fees_quanta);
    }
    return place_due(&due, account, market, size_lots, fees_quanta);
}

// Returns the lots with which an order meets the book, 0 if it is dead, if its owner does not allow the
// fees, or if there is no position for it to reduce; `is_idle` is 1 for the last. All answers are proven.
func lots_to_trade{range_check_ptr}(due: Due*) -> (size_lots: felt, is_idle: felt) {
    alloc_locals;
    let terms = due.terms;
    let (is_dead, _) = find_death(
        cast(terms, OrderTerms*), due.slot.min_order_id, due.price.dead_below_order_id, due.time_ms
    );
    if (is_dead != 0) {
        return (size_lots=0, is_idle=0);
    }
    tempvar a = terms.max_fee_ppm - due.price.underlying.highest_fee_ppm;
    %{ memory[ap] = 0 if 0 <= (ids.a % PRIME) < range_check_builtin.bound else 1 %}
    jmp dearer if [ap] != 0, ap++;
    assert [range_check_ptr] = a;
    let range_check_ptr = range_check_ptr + 1;
    // A sell reduces a position above 0, a buy one below.
    let (size_lots) = reducible_lots(
        (2 * terms.order_side - 1) * due.slot.size_lots, due.order.remaining_lots
    );
    if (size_lots == 0) {
        return (size_lots=0, is_idle=1);
    }
    return (size_lots=size_lots, is_idle=0);

    dearer:
    assert [range_check_ptr] = (-a) - 1;
    let range_check_ptr = range_check_ptr + 1;
    return (size_lots=0, is_idle=0);
}

// The order is gone: its account has one less, and the book is as it was.
//
// Assumption: here and below, the account and the market are those of the dormant order.
func let_go{range_check_ptr, accounts_log: DictAccess*, markets_log: DictAccess*}(
    due: Due*, account: Account*, market: Market*
) {
    alloc_locals;
    release_lots(
        account,
        account.identity,
        account.window_0,
        due.slot,
        cast(due.terms, OrderTerms*),
        due.environment.prices,
        0,
        1,
    );
    // It is not placed: no other numbers shall be there.
    assert due.message.order_key = 0;
    assert due.message.predecessor_id = 0;
    write_market(due, market, cast(market, felt*), 0);
    return ();
}

// Writes the market without the dormant order, with the heads of its book as given.
func write_market{markets_log: DictAccess*}(
    due: Due*, market: Market*, heads: felt*, interest_change
) {
    alloc_locals;
    let (__fp__, _) = get_fp_and_pc();
    local after: Market = Market(
        bid_head_id=heads[0],
        bid_head_price_ticks=heads[1],
        ask_head_id=heads[2],
        ask_head_price_ticks=heads[3],
        open_interest_lots=market.open_interest_lots + interest_change,
        others=due.others,
        is_made=1,
    );
    assert [markets_log] = DictAccess(
        MARKET_KEY_BASE + due.message.market_id, cast(market, felt), cast(&after, felt)
    );
    let markets_log = markets_log + DictAccess.SIZE;
    return ();
}

// Lets the order meet the book. If its account then fails the margin rule, all of that is taken back.
//
// Assumption: it reduces a position, so that there is no more open interest after it.
func place_due{
    range_check_ptr, accounts_log: DictAccess*, orders_log: DictAccess*, markets_log: DictAccess*
}(due: Due*, account: Account*, market: Market*, size_lots, fees_quanta) -> (fees_quanta: felt) {
    alloc_locals;
    let (__fp__, _) = get_fp_and_pc();
    local accounts_start: DictAccess* = accounts_log;
    local orders_start: DictAccess* = orders_log;
    let (local met: Met) = walk_due(due, size_lots, fees_quanta);
    let walk = met.walk;
    let (local is_allowed, local after: Account*, local long_change, local fee_quanta) = settle(
        due, walk, met.rests
    );
    if (is_allowed == 0) {
        take_back{any_log=accounts_log}(accounts_start, accounts_log);
        take_back{any_log=orders_log}(orders_start, orders_log);
        let_go(due, account, market);
        return (fees_quanta=fees_quanta);
    }
    assert [accounts_log] = DictAccess(
        due.terms.account_id, cast(account, felt), cast(after, felt)
    );
    let accounts_log = accounts_log + DictAccess.SIZE;
    end_others(due);
    let (local own_head_id, local own_head_price_ticks) = rest(due, &met);
    local heads: Market;
    if (due.terms.order_side == SIDE_BUY) {
        assert heads.bid_head_id = own_head_id;
        assert heads.bid_head_price_ticks = own_head_price_ticks;
        assert heads.ask_head_id = walk.head_id;
        assert heads.ask_head_price_ticks = walk.head_price_ticks;
    } else {
        assert heads.ask_head_id = own_head_id;
        assert heads.ask_head_price_ticks = own_head_price_ticks;
        assert heads.bid_head_id = walk.head_id;
        assert heads.bid_head_price_ticks = walk.head_price_ticks;
    }
    write_market(due, market, &heads.bid_head_id, walk.long_change + long_change);
    return (fees_quanta=walk.fees_quanta + fee_quanta);
}

// Walks the book, at the signed price or, if that is beyond the band, at the band's limit.
func walk_due{range_check_ptr, accounts_log: DictAccess*, orders_log: DictAccess*}(
    due: Due*, size_lots, fees_quanta
) -> (met: Met) {
    alloc_locals;
    let (__fp__, _) = get_fp_and_pc();
    let terms = due.terms;
    let (local price_ticks) = price_within_band(terms, due.price);
    let account = due.account;
    let price = due.price;
    local direction = terms.order_side * (-2) + 1;
    local taker: Taker = Taker(
        order_id=due.order_id,
        account_id=terms.account_id,
        side=terms.order_side,
        direction=direction,
        limit_price_ticks=price_ticks,
        time_ms=due.time_ms,
        market_id=terms.market_id,
        underlying=price.underlying,
        price=price,
        prices=due.environment.prices,
        dead_below_order_id=price.dead_below_order_id,
        self_trade=terms.self_trade,
        owner=account.identity.owner,
        fee_ppm=price.underlying.taker_fee_ppm,
        brings=0,
    );
    // The head of a side is at offset 2 * side.
    tempvar other_head: felt* = cast(due.market, felt*) + 2 - 2 * terms.order_side;
    local start: Walk = Walk(
        head_id=other_head[0],
        head_price_ticks=other_head[1],
        remaining_lots=size_lots,
        traded_lots=0,
        collateral_quanta=account.collateral_quanta,
        fees_quanta=fees_quanta,
        taker_fees_quanta=0,
        long_change=0,
        visits_left=MAX_MAKERS_PER_ORDER,
        own_orders=cast(&due.slot.open_buy_lots, SlotOrders*),
    );
    let (local walk: Walk*, local stop) = walk_book(&taker, &start);
    let (rests) = may_rest(due, price_ticks, size_lots, walk.remaining_lots, stop);
    return (met=Met(walk, price_ticks, rests));
}

// Guarantee: the signed price, or the limit of the band if that is beyond, rounded away from the mark, so
// that it is a price, however small that is.
func price_within_band{range_check_ptr}(terms: DormantTerms*, price: Price*) -> (
    price_ticks: felt
) {
    alloc_locals;
    if (terms.order_side == SIDE_BUY) {
        let (below_ticks) = divide(price.buy_limit - 1, LIMIT_SCALE);
        let (price_ticks) = smaller_of(terms.limit_price_ticks, below_ticks + 1);
        return (price_ticks=price_ticks);
    }
    let (limit_ticks) = divide(price.sell_limit, LIMIT_SCALE);
    let (limit_ticks) = smaller_of(limit_ticks, PRICE_BOUND - 1);
    let (negative_ticks) = smaller_of(-terms.limit_price_ticks, -limit_ticks);
    return (price_ticks=-negative_ticks);
}

// Returns 1 if what is left of an order rests, else 0: if nothing is left or it may not go on, if it is
// immediate or cancel, or all of it was worth less than an order must be.
func may_rest{range_check_ptr}(due: Due*, price_ticks, size_lots, remaining_lots, stop) -> (
    rests: felt
) {
    if (remaining_lots == 0) {
        return (rests=0);
    }
    if (stop != 0) {
        return (rests=0);
    }
    if (due.terms.time_in_force == TIME_IN_FORCE_IOC) {
        return (rests=0);
    }
    let (is_too_small) = is_below_least(due.price.underlying, size_lots, price_ticks);
    return (rests=1 - is_too_small);
}

// Returns whether the account may be as the walk leaves it, and its record, in which the dormant order is
// not counted any more; what it adds to the open interest, and the fee that it has paid. Both answers
// are proven.
func settle{range_check_ptr}(due: Due*, walk: Walk*, rests) -> (
    is_allowed: felt, after: Account*, long_change: felt, fee_quanta: felt
) {
    alloc_locals;
    let (__fp__, _) = get_fp_and_pc();
    let old = due.slot;
    let account = due.account;
    local side = due.terms.order_side;
    local slot: Position;
    assert slot.market_id = due.terms.market_id;
    assert slot.size_lots = old.size_lots + walk.traded_lots - 2 * side * walk.traded_lots;
    assert slot.open_buy_lots = walk.own_orders.open_buy_lots;
    assert slot.open_sell_lots = walk.own_orders.open_sell_lots;
    assert slot.n_orders = walk.own_orders.n_orders - 1 + rests;
    assert slot.min_order_id = old.min_order_id;
    let (local surplus) = surplus_of(account, due.environment.prices);
    let (positions, surplus_change, local long_change) = replace_position(
        account.positions, old, &slot, due.price
    );
    local after: Account;
    assert after.identity = account.identity;
    assert after.window_0 = account.window_0;
    assert after.cancel_all_at_ms = account.cancel_all_at_ms;
    assert after.positions = positions;
    assert after.prices = due.environment.prices;
    assert after.surplus = surplus + surplus_change;
    // As in place_order: what the lots of a long position have paid more than the walk has counted.
    local fees_quanta = walk.taker_fees_quanta;
    tempvar settled = long_change * due.price.spread_quanta;
    local collateral_quanta = walk.collateral_quanta + settled - fees_quanta;
    let (is_allowed, paid_fee) = charge_by_margin_rule(
        collateral_quanta * COLLATERAL_FACTOR + after.surplus,
        fees_quanta,
        account,
        old,
        &slot,
        collateral_quanta,
        after.positions,
        after.prices,
        0,
    );
    assert after.collateral_quanta = collateral_quanta + fees_quanta - paid_fee;
    assert after.fees_quanta = account.fees_quanta + paid_fee;
    return (is_allowed=is_allowed, after=&after, long_change=long_change, fee_quanta=paid_fee);
}

// All other orders of the account in the market die if the order ends them and left nothing to reduce;
// both answers are proven. What rests of it has a higher id.
func end_others{range_check_ptr, accounts_log: DictAccess*}(due: Due*) {
    alloc_locals;
    if (due.terms.ends_others == 0) {
        return ();
    }
    local account: Account*;
    let account_id = due.terms.account_id;
    // Duty 1 by the log entry of each way out of here; duty 4 by its prices.
    %{ ids.account = latest_account(ids.accounts_log.address_, ids.account_id) %}
    let (local old: Position*, _) = find_position(account.positions, due.terms.market_id, 0);
    let (left_lots) = reducible_lots((2 * due.terms.order_side - 1) * old.size_lots, 1);
    if (left_lots != 0) {
        pass_account(account_id, account);
        return ();
    }
    if (old.n_orders == 0) {
        pass_account(account_id, account);
        return ();
    }
    let (__fp__, _) = get_fp_and_pc();
    local slot: Position;
    assert slot.market_id = old.market_id;
    assert slot.size_lots = old.size_lots;
    assert slot.open_buy_lots = 0;
    assert slot.open_sell_lots = 0;
    assert slot.n_orders = old.n_orders;
    assert slot.min_order_id = due.order_id;
    let (local positions: Position*, surplus_change, _) = replace_position(
        account.positions, old, &slot, due.price
    );
    // The record is of this transaction: its surplus is at these prices.
    local after: Account = Account(
        identity=account.identity,
        window_0=account.window_0,
        fees_quanta=account.fees_quanta,
        collateral_quanta=account.collateral_quanta,
        cancel_all_at_ms=account.cancel_all_at_ms,
        positions=positions,
        prices=account.prices,
        surplus=account.surplus + surplus_change,
    );
    assert [accounts_log] = DictAccess(account_id, cast(account, felt), cast(&after, felt));
    let accounts_log = accounts_log + DictAccess.SIZE;
    return ();
}

// Returns the head of the order's side, on which what is left of it may rest.
func rest{range_check_ptr, orders_log: DictAccess*}(due: Due*, met: Met*) -> (
    head_id: felt, head_price_ticks: felt
) {
    alloc_locals;
    let (__fp__, _) = get_fp_and_pc();
    let terms = due.terms;
    tempvar head: felt* = cast(due.market, felt*) + 2 * terms.order_side;
    if (met.rests == 0) {
        // It is not placed: no other numbers shall be there.
        assert due.message.order_key = 0;
        assert due.message.predecessor_id = 0;
        return (head_id=head[0], head_price_ticks=head[1]);
    }
    local resting: OrderTerms = OrderTerms(
        order_id=due.order_id,
        account_id=terms.account_id,
        key=due.message.order_key,
        price_ticks=met.price_ticks,
        expiry_time_ms=terms.expiry_time_ms,
        reduce_only=terms.reduce_only,
        market_id=terms.market_id,
        side=terms.order_side,
        max_fee_ppm=terms.max_fee_ppm,
        origin=terms.origin,
    );
    let (head_id, head_price_ticks) = insert_order(
        &resting,
        terms.order_side * (-2) + 1,
        met.walk.remaining_lots,
        due.message.predecessor_id,
        head[0],
        head[1],
    );
    return (head_id=head_id, head_price_ticks=head_price_ticks);
}
