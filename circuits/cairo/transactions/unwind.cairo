from starkware.cairo.common.dict_access import DictAccess
from starkware.cairo.common.registers import get_fp_and_pc

from circuits.cairo.book.taker import Taker, Walk
from circuits.cairo.constants import (
    INSURANCE_ACCOUNT_ID,
    MARKET_KEY_BASE,
    PRICE_X16_ONE,
    SELF_TRADE_CANCEL_RESTING,
    UNWIND_EVERY_MS,
    UNWIND_SHARE,
)
from circuits.cairo.environment import Environment, with_prices
from circuits.cairo.insurance import credit_insurance
from circuits.cairo.margin import sum_surplus
from circuits.cairo.numeric import smaller_of, split
from circuits.cairo.pooling import Shares, make_shared
from circuits.cairo.state.accounts import Account, Owner
from circuits.cairo.state.markets import Market, MarketOthers
from circuits.cairo.state.pools import Pool, check_pool, opposite_side
from circuits.cairo.state.positions import Position, SlotOrders, find_position
from circuits.cairo.state.prices import Price, replace_row
from circuits.cairo.transactions.liquidate import leave_market, meet_market, trade

// The transaction as the prover gives it: in which market. All else follows.
struct Unwind {
    market_id: felt,
}

// Of who trades for a pool: no account has it, so that no order is its own.
const NO_ACCOUNT_ID = -1;

// A part of what the pool of a market has, or, if that is nothing, of what the insurance fund holds
// there, is traded with the book, at no price that is worse than the mark or the index. Nobody signs
// this: the rules leave no choice.
//
// Returns the environment after it, and the fees of the batch so far, with those of the makers.
func unwind{
    range_check_ptr, accounts_log: DictAccess*, orders_log: DictAccess*, markets_log: DictAccess*
}(environment: Environment*, time_ms, order_id, fees_quanta) -> (
    environment: Environment*, fees_quanta: felt
) {
    alloc_locals;
    let (__fp__, _) = get_fp_and_pc();
    local message: Unwind;
    %{ segments.write_arg(ids.message.address_, next(witness)) %}
    local price: Price* = environment.prices[message.market_id];
    // Behind the table there may be another one.
    assert [range_check_ptr] = message.market_id;
    assert [range_check_ptr + 1] = environment.parameters.n_underlyings - 1 - message.market_id;
    assert [range_check_ptr + 2] = environment.price_valid_until_ms - time_ms;
    // Neither after a gap or a jump, nor while the market is post-only.
    assert [range_check_ptr + 3] = time_ms - price.trades_from_ms;
    let range_check_ptr = range_check_ptr + 4;
    assert price.underlying.is_halted = 0;
    assert price.is_silent = 0;
    if (price.pool.lots == 0) {
        let (fees_quanta) = unwind_fund(environment, &message, time_ms, order_id, fees_quanta);
        return (environment=environment, fees_quanta=fees_quanta);
    }
    return unwind_pool(environment, &message, time_ms, order_id, fees_quanta);
}

// The pool trades. What it leaves if it has no lots any more is insurance's.
func unwind_pool{
    range_check_ptr, accounts_log: DictAccess*, orders_log: DictAccess*, markets_log: DictAccess*
}(environment: Environment*, message: Unwind*, time_ms, order_id, fees_quanta) -> (
    environment: Environment*, fees_quanta: felt
) {
    alloc_locals;
    let (__fp__, _) = get_fp_and_pc();
    local old: Price* = environment.prices[message.market_id];
    let (local taker: Taker*, local size_lots) = make_taker(
        environment, message, old.pool.lots, time_ms, order_id, NO_ACCOUNT_ID, cast(0, Owner*)
    );
    local market: Market*;
    let market_id = taker.market_id;
    // Duty 1 by the log entry of leave_market; duty 4 by is_made.
    %{ ids.market = latest_market(ids.markets_log.address_, ids.market_id) %}
    let (local walk: Walk*) = meet_market(
        taker, market, size_lots, 0, fees_quanta, cast(0, SlotOrders*)
    );
    leave_market(taker, market, walk, 0);
    count_unwound(message.market_id, time_ms, walk.traded_lots);
    // What the walk took for lots that are short-paid: those of a pool have paid nothing before.
    local bought_lots = taker.direction * walk.traded_lots;
    local pool: Pool = Pool(
        cash_quanta=old.pool.cash_quanta + walk.collateral_quanta - bought_lots *
        old.pool.short_prefix,
        lots=old.pool.lots + bought_lots,
        short_prefix=old.pool.short_prefix,
        budget_quanta=old.pool.budget_quanta,
        budget_day=old.pool.budget_day,
    );
    check_pool(&pool);
    let (local left: Pool*, local income_quanta) = end_pool(&pool);
    let (local row: Price*) = make_shared(old, Shares(old.long_prefix, left, old.reference, 0, 1));
    local n_underlyings = environment.parameters.n_underlyings;
    local prices: Price** = environment.prices + n_underlyings;
    replace_row(prices, environment.prices, row, message.market_id, n_underlyings);
    let (environment) = with_prices(environment, prices, environment.recorded_deficit_quanta);
    let (environment) = credit_insurance(environment, income_quanta);
    return (environment=environment, fees_quanta=walk.fees_quanta);
}

// Returns what is left of a pool, and what it leaves to insurance if it has no lots any more.
//
// Assumption: it is worth something, as it was before it traded at the mark or better.
func end_pool(pool: Pool*) -> (pool: Pool*, income_quanta: felt) {
    alloc_locals;
    if (pool.lots != 0) {
        return (pool=pool, income_quanta=0);
    }
    let (__fp__, _) = get_fp_and_pc();
    local empty: Pool = Pool(
        cash_quanta=0,
        lots=0,
        short_prefix=pool.short_prefix,
        budget_quanta=pool.budget_quanta,
        budget_day=pool.budget_day,
    );
    return (pool=&empty, income_quanta=pool.cash_quanta);
}

// The insurance fund trades, as any account would whose order only reduces.
func unwind_fund{
    range_check_ptr, accounts_log: DictAccess*, orders_log: DictAccess*, markets_log: DictAccess*
}(environment: Environment*, message: Unwind*, time_ms, order_id, fees_quanta) -> (
    fees_quanta: felt
) {
    alloc_locals;
    let (__fp__, _) = get_fp_and_pc();
    local account: Account*;
    let account_id = INSURANCE_ACCOUNT_ID;
    // Duty 1 by the log entry below; duty 4 by its prices.
    %{ ids.account = latest_account(ids.accounts_log.address_, ids.account_id) %}
    // A timer that has run out is applied first: see apply_timer.
    assert [range_check_ptr] = account.cancel_all_at_ms - time_ms - 1;
    let range_check_ptr = range_check_ptr + 1;
    let (local old: Position*, _) = find_position(account.positions, message.market_id, 0);
    let (local taker: Taker*, local size_lots) = make_taker(
        environment,
        message,
        old.size_lots,
        time_ms,
        order_id,
        INSURANCE_ACCOUNT_ID,
        account.identity.owner,
    );
    let (
        local walk: Walk*, local positions: Position*, local surplus_change, local long_change
    ) = trade(taker, size_lots, account.collateral_quanta, fees_quanta, account.positions, old);
    count_unwound(message.market_id, time_ms, walk.traded_lots);
    let (surplus) = sum_surplus(account.positions, environment.prices, surplus_change);
    local after: Account = Account(
        identity=account.identity,
        window_0=account.window_0,
        fees_quanta=account.fees_quanta,
        collateral_quanta=walk.collateral_quanta + long_change * taker.price.spread_quanta,
        cancel_all_at_ms=account.cancel_all_at_ms,
        positions=positions,
        prices=environment.prices,
        surplus=surplus,
    );
    assert [accounts_log] = DictAccess(
        INSURANCE_ACCOUNT_ID, cast(account, felt), cast(&after, felt)
    );
    let accounts_log = accounts_log + DictAccess.SIZE;
    return (fees_quanta=walk.fees_quanta);
}

// Returns the order that trades a part of some lots, which are not 0, and its size.
//
// Guarantee: its limit is no worse than the mark and the index.
func make_taker{range_check_ptr}(
    environment: Environment*,
    message: Unwind*,
    held_lots,
    time_ms,
    order_id,
    account_id,
    owner: Owner*,
) -> (taker: Taker*, size_lots: felt) {
    alloc_locals;
    let (__fp__, _) = get_fp_and_pc();
    let (local side, local lots) = opposite_side(held_lots);
    local price: Price* = environment.prices[message.market_id];
    let (least_x16) = smaller_of(price.mark_price_x16, price.index_price_x16);
    // The larger one for a sell, rounded up.
    let (limit_price_ticks, _) = split(
        least_x16 + side * (
            price.mark_price_x16 + price.index_price_x16 - 2 * least_x16 + PRICE_X16_ONE - 1
        ),
        PRICE_X16_ONE,
    );
    local taker: Taker = Taker(
        order_id=order_id,
        account_id=account_id,
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
        owner=owner,
        fee_ppm=0,
    );
    let (size_lots, _) = split(lots + UNWIND_SHARE - 1, UNWIND_SHARE);
    return (taker=&taker, size_lots=size_lots);
}

// Guarantee: something was traded, and nothing was in this way in the second before.
func count_unwound{range_check_ptr, markets_log: DictAccess*}(market_id, time_ms, traded_lots) {
    alloc_locals;
    let (__fp__, _) = get_fp_and_pc();
    local market: Market*;
    // Duty 1 by the log entry below; duty 4 by is_made.
    %{ ids.market = latest_market(ids.markets_log.address_, ids.market_id) %}
    assert [range_check_ptr] = traded_lots - 1;
    assert [range_check_ptr + 1] = time_ms - market.others.unwound_ms - UNWIND_EVERY_MS;
    let range_check_ptr = range_check_ptr + 2;
    local others: MarketOthers = MarketOthers(
        listed_ms=market.others.listed_ms,
        index_sums=market.others.index_sums,
        funding_word=market.others.funding_word,
        triggers=market.others.triggers,
        unwound_ms=time_ms,
    );
    local after: Market = Market(
        bid_head_id=market.bid_head_id,
        bid_head_price_ticks=market.bid_head_price_ticks,
        ask_head_id=market.ask_head_id,
        ask_head_price_ticks=market.ask_head_price_ticks,
        open_interest_lots=market.open_interest_lots,
        others=&others,
        is_made=1,
    );
    assert [markets_log] = DictAccess(
        MARKET_KEY_BASE + market_id, cast(market, felt), cast(&after, felt)
    );
    let markets_log = markets_log + DictAccess.SIZE;
    return ();
}
