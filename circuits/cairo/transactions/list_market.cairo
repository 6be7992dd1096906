from starkware.cairo.common.dict_access import DictAccess
from starkware.cairo.common.registers import get_fp_and_pc

from circuits.cairo.constants import MARKET_KEY_BASE, MIN_LOT_VALUE_QUANTA, PRICE_X16_ONE
from circuits.cairo.environment import Environment
from circuits.cairo.funding import NO_FUNDING
from circuits.cairo.state.markets import Market, MarketOthers, Triggers
from circuits.cairo.state.prices import Price, complete_price, make_price, replace_row
from circuits.cairo.state.references import refer_to

struct ListMarket {
    market_id: felt,
}

const MIN_LOT_VALUE_X16 = MIN_LOT_VALUE_QUANTA * PRICE_X16_ONE;

// Lists the perpetual of an underlying. Returns the environment in which its row says so.
//
// Guarantee: the underlying exists, so that every listed market has a row in the table of prices; the
// market was not listed, since the log has no record of it and the old tree none either.
func list_market{range_check_ptr, markets_log: DictAccess*}(environment: Environment*, time_ms) -> (
    environment: Environment*
) {
    alloc_locals;
    let (__fp__, _) = get_fp_and_pc();
    local message: ListMarket;
    %{ segments.write_arg(ids.message.address_, next(witness)) %}
    local market_id = message.market_id;
    local old: Price* = environment.prices[market_id];
    local n_underlyings = environment.parameters.n_underlyings;
    assert [range_check_ptr] = market_id;
    assert [range_check_ptr + 1] = n_underlyings - 1 - market_id;
    assert [range_check_ptr + 2] = environment.price_valid_until_ms - time_ms;
    // Without a price yet a lot is worth nothing.
    assert [range_check_ptr + 3] = old.lot_value_x16 - MIN_LOT_VALUE_X16;
    let range_check_ptr = range_check_ptr + 4;
    assert old.is_silent = 0;
    local others: MarketOthers = MarketOthers(
        listed_ms=time_ms,
        index_sums=0,
        funding_word=NO_FUNDING,
        triggers=cast(0, Triggers*),
        unwound_ms=0,
    );
    local market: Market = Market(
        bid_head_id=0,
        bid_head_price_ticks=0,
        ask_head_id=0,
        ask_head_price_ticks=0,
        open_interest_lots=0,
        others=&others,
        is_made=1,
    );
    assert [markets_log] = DictAccess(MARKET_KEY_BASE + market_id, 0, cast(&market, felt));
    let markets_log = markets_log + DictAccess.SIZE;
    local prices: Price** = environment.prices + n_underlyings;
    let (local price: Price*) = make_price(
        old.underlying,
        old.index_price_x16,
        old.dead_below_order_id,
        1,
        old.missed_samples,
        old.premium_x16,
        old.long_prefix,
        old.added_margin_ppm,
        old.forecast_margin_ppm,
        0,
        old.pool,
    );
    // Nobody has gained anything yet.
    let mark_price_x16 = price.mark_price_x16;
    let (reference) = refer_to(mark_price_x16, mark_price_x16, old.reference.jumped_ms);
    assert price.reference = reference;
    complete_price(price, old.free_from_ms);
    replace_row(prices, environment.prices, price, market_id, n_underlyings);
    local environment_after: Environment = Environment(
        config_hash=environment.config_hash,
        parameters=environment.parameters,
        prices=prices,
        price_valid_until_ms=environment.price_valid_until_ms,
        oracle_hash=environment.oracle_hash,
        post_only_until_ms=environment.post_only_until_ms,
        custody_quanta=environment.custody_quanta,
        recorded_deficit_quanta=environment.recorded_deficit_quanta,
        next_tick_ms=environment.next_tick_ms,
        orders_until_ms=environment.orders_until_ms,
        tick_underlying=environment.tick_underlying,
        other_custody=environment.other_custody,
        operations=environment.operations,
        withdrawals=environment.withdrawals,
        core_only=environment.core_only,
    );
    return (environment=&environment_after);
}
