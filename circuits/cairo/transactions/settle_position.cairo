from starkware.cairo.common.dict_access import DictAccess
from starkware.cairo.common.registers import get_fp_and_pc

from circuits.cairo.auction import Health
from circuits.cairo.constants import PRICE_X16_ONE, RESOLVE_MS, SETTLED_SAMPLES
from circuits.cairo.debts import add_longs
from circuits.cairo.environment import Environment, with_prices
from circuits.cairo.insurance import credit_insurance
from circuits.cairo.margin import sum_surplus
from circuits.cairo.numeric import assert_wide_nonnegative
from circuits.cairo.pooling import Shares, make_shared
from circuits.cairo.state.accounts import Account
from circuits.cairo.state.markets import Market
from circuits.cairo.state.pools import Pool, check_pool
from circuits.cairo.state.positions import Position, find_position, replace_position
from circuits.cairo.state.prices import Price, replace_row
from circuits.cairo.transactions.liquidate import measure

// The transaction as the prover gives it: whose position, and where.
struct SettlePosition {
    account_id: felt,
    market_id: felt,
}

// The pool of a market that has ended takes a position at the last price. Nobody signs this: the rules leave no
// choice. Returns the environment with what the pool has then; what it has without lots is insurance's.
func settle_position{range_check_ptr, accounts_log: DictAccess*, markets_log: DictAccess*}(
    environment: Environment*, time_ms
) -> (environment: Environment*) {
    alloc_locals;
    let (__fp__, _) = get_fp_and_pc();
    local message: SettlePosition;
    %{ segments.write_arg(ids.message.address_, next(witness)) %}
    local account: Account*;
    let account_id = message.account_id;
    // Duty 1 by the log entry below; duty 4 by its prices.
    %{ ids.account = latest_account(ids.accounts_log.address_, ids.account_id) %}
    // The market is listed, by the log entry of close: so there is such a row.
    local row: Price* = environment.prices[message.market_id];
    assert row.missed_samples = SETTLED_SAMPLES;
    // A timer that has run out is applied first: see apply_timer. No price need be valid: what the position
    // is worth never changes.
    assert [range_check_ptr] = account.cancel_all_at_ms - time_ms - 1;
    assert [range_check_ptr + 1] = time_ms - row.reference.jumped_ms - RESOLVE_MS;
    let range_check_ptr = range_check_ptr + 2;
    // It owes nothing, which without positions nobody would be asked for.
    let (health: Health) = measure(
        account.collateral_quanta, account.positions, environment.prices
    );
    assert_wide_nonnegative(health.equity_x16);
    let (local old: Position*, _) = find_position(account.positions, message.market_id, 0);
    assert [range_check_ptr] = old.size_lots * old.size_lots - 1;
    let range_check_ptr = range_check_ptr + 1;
    // A whole number: the mark is in ticks.
    local value_quanta = old.size_lots * (row.lot_value_x16 / PRICE_X16_ONE);
    local paid_quanta = old.size_lots * row.pool.short_prefix + old.long_lots * row.spread_quanta;
    let (local prices: Price**, local income_quanta) = close(
        environment, row, message.market_id, old, value_quanta
    );
    local slot: Position;
    assert slot.market_id = message.market_id;
    assert slot.size_lots = 0;
    assert slot.open_buy_lots = old.open_buy_lots;
    assert slot.open_sell_lots = old.open_sell_lots;
    assert slot.n_orders = old.n_orders;
    assert slot.min_order_id = old.min_order_id;
    let (local positions: Position*, _, _) = replace_position(account.positions, old, &slot, row);
    let (surplus) = sum_surplus(positions, prices, 0);
    local after: Account = Account(
        identity=account.identity,
        window_0=account.window_0,
        fees_quanta=account.fees_quanta,
        collateral_quanta=account.collateral_quanta + value_quanta - paid_quanta,
        cancel_all_at_ms=account.cancel_all_at_ms,
        positions=positions,
        prices=prices,
        surplus=surplus,
    );
    assert [accounts_log] = DictAccess(message.account_id, cast(account, felt), cast(&after, felt));
    let accounts_log = accounts_log + DictAccess.SIZE;
    let (environment) = with_prices(environment, prices, environment.recorded_deficit_quanta);
    let (environment) = credit_insurance(environment, income_quanta);
    return (environment=environment);
}

// Gives a position to the pool of its market. Returns the table of prices with that, and what the pool leaves if
// it has no lots then: it is worth what it has, which is not less than nothing.
func close{range_check_ptr, markets_log: DictAccess*}(
    environment: Environment*, row: Price*, market_id, position: Position*, value_quanta
) -> (prices: Price**, income_quanta: felt) {
    alloc_locals;
    let (__fp__, _) = get_fp_and_pc();
    local market: Market*;
    // Duty 1 by the entry of add_longs; duty 4 by is_made.
    %{ ids.market = latest_market(ids.markets_log.address_, ids.market_id) %}
    add_longs(market_id, market, -position.long_lots);
    local lots = row.pool.lots + position.size_lots;
    local has_quanta = row.pool.cash_quanta - value_quanta;
    local income_quanta;
    if (lots == 0) {
        assert income_quanta = has_quanta;
    } else {
        assert income_quanta = 0;
    }
    local pool: Pool = Pool(
        cash_quanta=has_quanta - income_quanta,
        lots=lots,
        short_prefix=row.pool.short_prefix,
        budget_quanta=row.pool.budget_quanta,
        budget_day=row.pool.budget_day,
    );
    check_pool(&pool);
    let (local after: Price*) = make_shared(
        row, Shares(row.long_prefix, &pool, row.reference, 0, 1)
    );
    local n_underlyings = environment.parameters.n_underlyings;
    local prices: Price** = environment.prices + n_underlyings;
    replace_row(prices, environment.prices, after, market_id, n_underlyings);
    return (prices=prices, income_quanta=income_quanta);
}
