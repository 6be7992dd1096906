from starkware.cairo.common.dict_access import DictAccess
from starkware.cairo.common.registers import get_fp_and_pc

from circuits.cairo.book.impact import Sampler, find_impact
from circuits.cairo.budgets import begin_day
from circuits.cairo.constants import (
    IMPACT_MARGIN_QUANTA,
    MARKET_KEY_BASE,
    MAX_MISSED_SAMPLES,
    MAX_ORDERS_PER_SAMPLE,
    MINUTE_MS,
    PPM_ONE,
    PRICE_X16_ONE,
    RC_BOUND,
    SAMPLE_WEIGHT_FIFTHS,
    SETTLED_SAMPLES,
    SIDE_BUY,
)
from circuits.cairo.ending import count_index, settle_if_due
from circuits.cairo.environment import Environment
from circuits.cairo.forecast_margin import follow_forecast
from circuits.cairo.funding import count_minute
from circuits.cairo.interest_margin import follow_interest
from circuits.cairo.numeric import clamp, smaller_of
from circuits.cairo.pooling import pass_on_row
from circuits.cairo.state.markets import Market, MarketOthers
from circuits.cairo.state.pools import Pool, check_pool, check_prefix
from circuits.cairo.state.prices import Price, complete_price, make_price, replace_row
from circuits.cairo.state.references import refer_to_window

const IMPACT_MARGIN = IMPACT_MARGIN_QUANTA * PPM_ONE;

// Makes a change of the premium positive: a multiple of five above all that it may be.
const CHANGE_BIAS = 5 * 2 ** 52;

// The minute is over: samples the underlying whose turn it is. Behind the last one the next minute is
// due. Returns the environment with what follows.
//
// Nothing else happens from then on until all underlyings have had theirs (execute.cairo): nobody
// chooses when a sample is taken, or leaves one out.
func minute_tick{
    range_check_ptr, accounts_log: DictAccess*, orders_log: DictAccess*, markets_log: DictAccess*
}(environment: Environment*, time_ms, next_order_id) -> (environment: Environment*) {
    alloc_locals;
    let (__fp__, _) = get_fp_and_pc();
    assert [range_check_ptr] = time_ms - environment.next_tick_ms;
    let range_check_ptr = range_check_ptr + 1;
    let (local prices: Price**, local missing_quanta) = sample(
        environment, environment.tick_underlying, time_ms, next_order_id
    );
    let (local next_tick_ms, local tick_underlying) = next_turn(environment, time_ms);
    let (orders_until_ms) = smaller_of(environment.price_valid_until_ms, next_tick_ms - 1);
    local environment_after: Environment = Environment(
        config_hash=environment.config_hash,
        parameters=environment.parameters,
        prices=prices,
        price_valid_until_ms=environment.price_valid_until_ms,
        oracle_hash=environment.oracle_hash,
        post_only_until_ms=environment.post_only_until_ms,
        custody_quanta=environment.custody_quanta,
        recorded_deficit_quanta=environment.recorded_deficit_quanta + missing_quanta,
        next_tick_ms=next_tick_ms,
        orders_until_ms=orders_until_ms,
        tick_underlying=tick_underlying,
        other_custody=environment.other_custody,
        operations=environment.operations,
        withdrawals=environment.withdrawals,
        core_only=environment.core_only,
    );
    return (environment=&environment_after);
}

// Returns when the next tick is due, and of which underlying.
func next_turn{range_check_ptr}(environment: Environment*, time_ms) -> (
    next_tick_ms: felt, tick_underlying: felt
) {
    tempvar next = environment.tick_underlying + 1;
    if (next == environment.parameters.n_underlyings) {
        let (next_tick_ms) = next_minute(time_ms);
        return (next_tick_ms=next_tick_ms, tick_underlying=0);
    }
    return (next_tick_ms=environment.next_tick_ms, tick_underlying=next);
}

// Guarantee: the first full minute behind a time.
func next_minute{range_check_ptr}(time_ms) -> (next_tick_ms: felt) {
    let remainder = [range_check_ptr];
    let quotient = [range_check_ptr + 1];
    let value = time_ms;
    let divisor = MINUTE_MS;
    %{ ids.quotient, ids.remainder = divmod(ids.value % PRIME, ids.divisor) %}
    assert value = quotient * divisor + remainder;
    assert [range_check_ptr + 2] = remainder + (RC_BOUND - MINUTE_MS);
    let range_check_ptr = range_check_ptr + 3;
    return (next_tick_ms=quotient * MINUTE_MS + MINUTE_MS);
}

// Samples the premium of an underlying's perpetual, if that is listed, and lets lots pay when an hour
// is over. Returns the table of prices after it, and what its pool could not charge to anybody.
func sample{
    range_check_ptr, accounts_log: DictAccess*, orders_log: DictAccess*, markets_log: DictAccess*
}(environment: Environment*, underlying_id, time_ms, next_order_id) -> (
    prices: Price**, missing_quanta: felt
) {
    alloc_locals;
    let (__fp__, _) = get_fp_and_pc();
    local old: Price* = environment.prices[underlying_id];
    // Before it is listed, and once it is settled, there is nothing to sample.
    tempvar is_open = old.is_listed * (old.missed_samples - SETTLED_SAMPLES);
    if (is_open == 0) {
        return (prices=environment.prices, missing_quanta=0);
    }
    let (local pool_before: Pool*) = begin_day(old, environment.prices, time_ms);
    local market: Market*;
    let market_id = underlying_id;
    // Duty 1 by the log entry below; duty 4 by is_made.
    %{ ids.market = latest_market(ids.markets_log.address_, ids.market_id) %}
    local sampler: Sampler = Sampler(
        market_id=market_id,
        time_ms=time_ms,
        price=old,
        tick_margin=old.underlying.multiplier * old.underlying.initial_margin_ppm,
    );
    // Without a price nothing is sampled, as if it were too old: time is not negative.
    local valid_until_ms = environment.price_valid_until_ms * (1 - old.is_silent) - old.is_silent;
    let (is_full, sample_x16) = sample_premium(&sampler, market, valid_until_ms);
    let (local missed_samples, local premium_x16) = count_sample(old, is_full, sample_x16);
    let (funding_word, local forecast_word, local forecast_margin_ppm) = follow_forecast(
        market.others.funding_word, old, valid_until_ms, time_ms
    );
    let (funding_word, local quanta_per_lot) = count_minute(
        funding_word, premium_x16, old, time_ms
    );
    let (local index_sums) = count_index(market.others.index_sums, old, time_ms);
    local others: MarketOthers = MarketOthers(
        listed_ms=market.others.listed_ms,
        index_sums=index_sums,
        funding_word=funding_word + forecast_word,
        triggers=market.others.triggers,
        unwound_ms=market.others.unwound_ms,
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
    let (local long_prefix, local pool: Pool*) = pay_funding(old, pool_before, quanta_per_lot);
    let (local added_margin_ppm) = follow_interest(old, market.open_interest_lots);
    local n_underlyings = environment.parameters.n_underlyings;
    local prices: Price** = environment.prices + n_underlyings;
    let (local price: Price*) = make_price(
        old.underlying,
        old.index_price_x16,
        old.dead_below_order_id,
        1,
        missed_samples,
        premium_x16,
        long_prefix,
        added_margin_ppm,
        forecast_margin_ppm,
        old.is_silent,
        pool,
    );
    let (reference) = refer_to_window(old.reference, price.mark_price_x16, time_ms);
    assert price.reference = reference;
    complete_price(price, old.free_from_ms);
    let (local price: Price*) = settle_if_due(
        price, index_sums, environment.post_only_until_ms, time_ms, next_order_id
    );
    if (pool.lots == 0) {
        replace_row(prices, environment.prices, price, underlying_id, n_underlyings);
        return (prices=prices, missing_quanta=0);
    }
    // The mark has moved, and the pool has paid funding, too.
    let (row, local missing_quanta) = pass_on_row(price, underlying_id, quanta_per_lot);
    replace_row(prices, environment.prices, row, underlying_id, n_underlyings);
    return (prices=prices, missing_quanta=missing_quanta);
}

// Lets each lot held long pay so much to those held short, those of the pool too. Returns what follows of
// the row.
//
// Guarantee: what changed is within the widths of its words.
func pay_funding{range_check_ptr}(old: Price*, before: Pool*, quanta_per_lot) -> (
    long_prefix: felt, pool: Pool*
) {
    alloc_locals;
    if (quanta_per_lot == 0) {
        return (long_prefix=old.long_prefix, pool=before);
    }
    let (__fp__, _) = get_fp_and_pc();
    local long_prefix = old.long_prefix + quanta_per_lot;
    local pool: Pool = Pool(
        cash_quanta=before.cash_quanta - before.lots * quanta_per_lot,
        lots=before.lots,
        short_prefix=before.short_prefix + quanta_per_lot,
        budget_quanta=before.budget_quanta,
        budget_day=before.budget_day,
    );
    check_prefix(long_prefix);
    check_pool(&pool);
    return (long_prefix=long_prefix, pool=&pool);
}

// Returns how far the middle of the two impact prices is above the index, within the limit, and 1; or
// 0 and 0 if prices are too old or a side is not worth enough. Both answers are proven.
func sample_premium{range_check_ptr, accounts_log: DictAccess*, orders_log: DictAccess*}(
    sampler: Sampler*, market: Market*, price_valid_until_ms
) -> (is_full: felt, sample_x16: felt) {
    alloc_locals;
    tempvar a = price_valid_until_ms - sampler.time_ms;
    %{ memory[ap] = 0 if 0 <= (ids.a % PRIME) < range_check_builtin.bound else 1 %}
    jmp stale if [ap] != 0, ap++;
    assert [range_check_ptr] = a;
    let range_check_ptr = range_check_ptr + 1;
    let (local bid_ticks) = find_impact(
        sampler, SIDE_BUY, market.bid_head_id, IMPACT_MARGIN, MAX_ORDERS_PER_SAMPLE
    );
    if (bid_ticks == 0) {
        return (is_full=0, sample_x16=0);
    }
    let (ask_ticks) = find_impact(
        sampler, 1 - SIDE_BUY, market.ask_head_id, IMPACT_MARGIN, MAX_ORDERS_PER_SAMPLE
    );
    if (ask_ticks == 0) {
        return (is_full=0, sample_x16=0);
    }
    let price = sampler.price;
    let (sample_x16) = clamp(
        (bid_ticks + ask_ticks) * (PRICE_X16_ONE / 2) - price.index_price_x16,
        price.premium_limit_x16,
    );
    return (is_full=1, sample_x16=sample_x16);

    stale:
    assert [range_check_ptr] = (-a) - 1;
    let range_check_ptr = range_check_ptr + 1;
    return (is_full=0, sample_x16=0);
}

// Returns how many samples have failed since the last one that did not, and the premium. It stays
// while few have failed, and then goes back to 0.
func count_sample{range_check_ptr}(old: Price*, is_full, sample_x16) -> (
    missed_samples: felt, premium_x16: felt
) {
    if (is_full != 0) {
        let (premium_x16) = move_premium(old.premium_x16, sample_x16);
        return (missed_samples=0, premium_x16=premium_x16);
    }
    tempvar above = old.missed_samples - MAX_MISSED_SAMPLES;
    tempvar may_go_on = above * (above - 1);
    if (may_go_on == 0) {
        let (premium_x16) = move_premium(old.premium_x16, 0);
        return (missed_samples=MAX_MISSED_SAMPLES + 1, premium_x16=premium_x16);
    }
    return (missed_samples=old.missed_samples + 1, premium_x16=old.premium_x16);
}

// Guarantee: premium + floor((sample - premium) * 2 / 5), which is between the two.
func move_premium{range_check_ptr}(premium_x16, sample_x16) -> (premium_x16: felt) {
    let remainder = [range_check_ptr];
    let quotient = [range_check_ptr + 1];
    tempvar value = (sample_x16 - premium_x16) * SAMPLE_WEIGHT_FIFTHS + CHANGE_BIAS;
    let divisor = 5;
    %{ ids.quotient, ids.remainder = divmod(ids.value % PRIME, ids.divisor) %}
    assert value = quotient * divisor + remainder;
    assert [range_check_ptr + 2] = remainder + (RC_BOUND - 5);
    let range_check_ptr = range_check_ptr + 3;
    return (premium_x16=premium_x16 + quotient - CHANGE_BIAS / 5);
}
