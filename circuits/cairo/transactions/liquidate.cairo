from starkware.cairo.common.dict_access import DictAccess
from starkware.cairo.common.registers import get_fp_and_pc

from circuits.cairo.auction import Health, follow_auction, is_failing
from circuits.cairo.book.taker import Taker, Walk
from circuits.cairo.book.triggers import assert_none_due, settled_triggers
from circuits.cairo.book.walk import walk_book
from circuits.cairo.constants import (
    LIQUIDATION_FEE_PPM,
    MARKET_KEY_BASE,
    MAX_MAKERS_PER_LIQUIDATION,
    PPM_ONE,
    PRICE_X16_ONE,
    SELF_TRADE_CANCEL_RESTING,
    SIDE_BUY,
)
from circuits.cairo.environment import Environment
from circuits.cairo.insurance import credit_insurance
from circuits.cairo.margin import Legs, sum_legs, sum_maintenance, sum_surplus
from circuits.cairo.numeric import assert_wide_nonnegative, divide, smaller_of
from circuits.cairo.state.accounts import Account
from circuits.cairo.state.markets import Market
from circuits.cairo.state.positions import (
    Position,
    SlotOrders,
    cancel_slots,
    find_position,
    replace_position,
)
from circuits.cairo.state.pools import opposite_side
from circuits.cairo.state.prices import Price

// The transaction as the prover gives it: whose position. All else follows.
struct Liquidate {
    account_id: felt,
    market_id: felt,
}

// The orders of a failing account die, and part of one position is closed, at its zero price or
// better. If it still fails then, its positions are up for auction. Nobody signs this: the rules leave no choice.
//
// Returns the environment after the insurance fund got its fee, and the fees of the batch so far, with
// those of the makers.
func liquidate{
    range_check_ptr, accounts_log: DictAccess*, orders_log: DictAccess*, markets_log: DictAccess*
}(environment: Environment*, time_ms, order_id, fees_quanta) -> (
    environment: Environment*, fees_quanta: felt
) {
    alloc_locals;
    let (__fp__, _) = get_fp_and_pc();
    local message: Liquidate;
    %{ segments.write_arg(ids.message.address_, next(witness)) %}
    local account: Account*;
    let account_id = message.account_id;
    // Duty 1 by the log entry of reduce; duty 4 by its prices.
    %{ ids.account = latest_account(ids.accounts_log.address_, ids.account_id) %}
    // A timer that has run out is applied first: see apply_timer.
    assert [range_check_ptr] = account.cancel_all_at_ms - time_ms - 1;
    assert [range_check_ptr + 1] = environment.price_valid_until_ms - time_ms;
    assert [range_check_ptr + 2] = time_ms - environment.post_only_until_ms;
    let range_check_ptr = range_check_ptr + 3;

    let prices = environment.prices;
    let (local positions: Position*) = cancel_slots(account.positions, order_id);
    let (local legs: Legs) = sum_legs(positions, prices, 0, 0, 0);
    local before: Health = Health(
        equity_x16=account.collateral_quanta * PRICE_X16_ONE + legs.value_x16,
        maintenance=legs.maintenance,
    );
    // It fails, but is not bankrupt.
    assert_wide_nonnegative(before.equity_x16);
    assert_wide_nonnegative(before.maintenance - before.equity_x16 * PPM_ONE - 1);
    let (local old: Position*, _) = find_position(positions, message.market_id, 0);
    let (local side, local held_lots) = opposite_side(old.size_lots);
    let price = environment.prices[message.market_id];
    assert price.underlying.is_halted = 0;
    assert price.is_silent = 0;
    let (local limit_price_ticks) = zero_price(side, &before, price);
    let price = environment.prices[message.market_id];
    let (local size_lots) = restoring_lots(
        held_lots, legs.initial - before.equity_x16 * PPM_ONE, price.initial_factor
    );
    let (local surplus) = sum_surplus(positions, environment.prices, 0);
    local taker: Taker = Taker(
        order_id=order_id,
        account_id=message.account_id,
        side=side,
        direction=side * (-2) + 1,
        limit_price_ticks=limit_price_ticks,
        time_ms=time_ms,
        market_id=message.market_id,
        underlying=price.underlying,
        price=price,
        prices=environment.prices,
        dead_below_order_id=price.dead_below_order_id,
        self_trade=SELF_TRADE_CANCEL_RESTING,
        owner=account.identity.owner,
        fee_ppm=0,
        brings=0,
    );
    let (
        local walk: Walk*, local reduced: Position*, local surplus_change, local long_change
    ) = trade(&taker, size_lots, account.collateral_quanta, fees_quanta, positions, old);
    local collateral_quanta = walk.collateral_quanta + long_change * taker.price.spread_quanta;
    let (local after_trade: Health) = measure(collateral_quanta, reduced, environment.prices);
    // No other fee was paid: what the walk took from the balance is what was traded, less what lots had
    // paid before.
    tempvar paid_quanta = taker.direction * (account.collateral_quanta - walk.collateral_quanta);
    let (local fee_quanta) = liquidation_fee(
        paid_quanta + walk.traded_lots * taker.price.pool.short_prefix, &before, after_trade
    );
    let (fails) = is_failing(
        Health(
            equity_x16=after_trade.equity_x16 - fee_quanta * PRICE_X16_ONE,
            maintenance=after_trade.maintenance,
        ),
    );
    let (identity) = follow_auction(account.identity, fails, time_ms);
    local after: Account = Account(
        identity=identity,
        window_0=account.window_0,
        fees_quanta=account.fees_quanta,
        collateral_quanta=collateral_quanta - fee_quanta,
        cancel_all_at_ms=account.cancel_all_at_ms,
        positions=reduced,
        prices=environment.prices,
        surplus=surplus + surplus_change,
    );
    assert [accounts_log] = DictAccess(message.account_id, cast(account, felt), cast(&after, felt));
    let accounts_log = accounts_log + DictAccess.SIZE;
    let (environment) = credit_insurance(environment, fee_quanta);
    return (environment=environment, fees_quanta=walk.fees_quanta);
}

func measure(collateral_quanta, positions: Position*, prices: Price**) -> (health: Health) {
    let (value_x16, maintenance) = sum_maintenance(positions, prices, 0, 0);
    return (
        health=Health(
            equity_x16=collateral_quanta * PRICE_X16_ONE + value_x16, maintenance=maintenance
        ),
    );
}

// Returns the price at which a fill leaves equity over maintenance requirement as it was, rounded up
// for a sell and down for a buy.
//
// What is divided is the value of a lot. Assumption: equity is not negative and below the requirement,
// so that it is below 2^184: a lot's value below 2^61, a requirement below 2^121, a rate of at most 1.
func zero_price{range_check_ptr}(side, health: Health*, price: Price*) -> (price_ticks: felt) {
    tempvar divisor = health.maintenance * PRICE_X16_ONE * price.underlying.multiplier;
    tempvar share = health.equity_x16 * price.underlying.maintenance_margin_ppm;
    tempvar exact = price.lot_value_x16 * (health.maintenance + share - 2 * side * share);
    let (price_ticks) = divide(exact + side * (divisor - 1), divisor);
    return (price_ticks=price_ticks);
}

// Returns the least lots that give back, at the mark, what is lacking of the initial requirement, or
// all that is held.
func restoring_lots{range_check_ptr}(held_lots, lacking, initial_factor) -> (size_lots: felt) {
    let (size_lots) = divide(lacking + initial_factor - 1, initial_factor);
    let (smaller) = smaller_of(held_lots, size_lots);
    return (size_lots=smaller);
}

// Lets the order meet the book, and writes what becomes of the market. What is left of it is gone.
//
// Returns the slots after it, of which only that of the market is another, what the account's value
// minus what new risk needs gained, and what its long lots did.
func trade{
    range_check_ptr, accounts_log: DictAccess*, orders_log: DictAccess*, markets_log: DictAccess*
}(
    taker: Taker*, size_lots, collateral_quanta, fees_quanta, positions: Position*, old: Position*
) -> (walk: Walk*, positions: Position*, surplus_change: felt, long_change: felt) {
    alloc_locals;
    let (__fp__, _) = get_fp_and_pc();
    local market: Market*;
    let market_id = taker.market_id;
    // Duty 1 by the log entry of leave_market; duty 4 by is_made.
    %{ ids.market = latest_market(ids.markets_log.address_, ids.market_id) %}
    let (local walk: Walk*) = meet_market(
        taker,
        market,
        size_lots,
        collateral_quanta,
        fees_quanta,
        cast(&old.open_buy_lots, SlotOrders*),
    );
    local slot: Position;
    assert slot.market_id = taker.market_id;
    assert slot.size_lots = old.size_lots + taker.direction * walk.traded_lots;
    assert slot.open_buy_lots = walk.own_orders.open_buy_lots;
    assert slot.open_sell_lots = walk.own_orders.open_sell_lots;
    assert slot.n_orders = walk.own_orders.n_orders;
    assert slot.min_order_id = old.min_order_id;
    let (local reduced: Position*, local surplus_change, local long_change) = replace_position(
        positions, old, &slot, taker.price
    );
    leave_market(taker, market, walk, long_change);
    return (walk=walk, positions=reduced, surplus_change=surplus_change, long_change=long_change);
}

// Lets an order that nobody signed meet the book, before which no dormant order is due. What becomes of
// the market leave_market writes.
func meet_market{range_check_ptr, accounts_log: DictAccess*, orders_log: DictAccess*}(
    taker: Taker*,
    market: Market*,
    size_lots,
    collateral_quanta,
    fees_quanta,
    own_orders: SlotOrders*,
) -> (walk: Walk*) {
    alloc_locals;
    let (__fp__, _) = get_fp_and_pc();
    // Orders that are due come first; none is while nobody may take.
    let (triggers) = settled_triggers(market.others.triggers, taker.price, taker.time_ms);
    assert_none_due(triggers, taker.price);
    // The head of a side is at offset 2 * side.
    let heads = cast(market, felt*);
    tempvar other_head: felt* = heads + 2 - 2 * taker.side;
    local start: Walk = Walk(
        head_id=other_head[0],
        head_price_ticks=other_head[1],
        remaining_lots=size_lots,
        traded_lots=0,
        collateral_quanta=collateral_quanta,
        fees_quanta=fees_quanta,
        taker_fees_quanta=0,
        long_change=0,
        visits_left=MAX_MAKERS_PER_LIQUIDATION,
        own_orders=own_orders,
    );
    let (walk: Walk*, _) = walk_book(taker, &start);
    return (walk=walk);
}

// Writes a market whose book an order has met. `long_change` is what the taker's fills add to the open
// interest.
func leave_market{markets_log: DictAccess*}(
    taker: Taker*, market: Market*, walk: Walk*, long_change
) {
    alloc_locals;
    let (__fp__, _) = get_fp_and_pc();
    local after: Market;
    assert after.others = market.others;
    assert after.is_made = 1;
    assert after.open_interest_lots = market.open_interest_lots + walk.long_change + long_change;
    if (taker.side == SIDE_BUY) {
        assert after.bid_head_id = market.bid_head_id;
        assert after.bid_head_price_ticks = market.bid_head_price_ticks;
        assert after.ask_head_id = walk.head_id;
        assert after.ask_head_price_ticks = walk.head_price_ticks;
    } else {
        assert after.bid_head_id = walk.head_id;
        assert after.bid_head_price_ticks = walk.head_price_ticks;
        assert after.ask_head_id = market.ask_head_id;
        assert after.ask_head_price_ticks = market.ask_head_price_ticks;
    }
    assert [markets_log] = DictAccess(
        MARKET_KEY_BASE + taker.market_id, cast(market, felt), cast(&after, felt)
    );
    let markets_log = markets_log + DictAccess.SIZE;
    return ();
}

// Returns a share of the notional, or all that was gained on the zero price if that is less, both
// rounded down.
//
// Assumption: each fill was at the zero price or better, so that nothing was lost. Products of equity
// and requirement are below 2^240, and a notional below 2^96.
func liquidation_fee{range_check_ptr}(notional_quanta, before: Health*, after: Health) -> (
    fee_quanta: felt
) {
    alloc_locals;
    let (local most_quanta) = divide(notional_quanta * LIQUIDATION_FEE_PPM, PPM_ONE);
    let (gained_quanta) = divide(
        after.equity_x16 * before.maintenance - before.equity_x16 * after.maintenance,
        before.maintenance * PRICE_X16_ONE,
    );
    let (smaller) = smaller_of(most_quanta, gained_quanta);
    return (fee_quanta=smaller);
}
