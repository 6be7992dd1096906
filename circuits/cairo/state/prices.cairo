from starkware.cairo.common.alloc import alloc
from starkware.cairo.common.builtin_poseidon.poseidon import poseidon_hash_many
from starkware.cairo.common.cairo_builtins import PoseidonBuiltin
from starkware.cairo.common.registers import get_fp_and_pc, get_label_location

from circuits.cairo.constants import (
    ORDER_ID_BOUND,
    PPM_ONE,
    PREFIX_BOUND,
    PREMIUM_X16_BOUND,
    PRICE_X16_BOUND,
    PRICE_X16_ONE,
    RATE_BOUND,
    RC_BOUND,
    SETTLED_SAMPLES,
    TIME_BOUND,
)
from circuits.cairo.numeric import clamp, larger_of_zero, smaller_of, split
from circuits.cairo.parameters import Parameters, Underlying, check_underlying, pack_counts
from circuits.cairo.state.pools import Pool, check_pool, check_prefix, pack_pool
from circuits.cairo.state.references import (
    Reference,
    check_reference,
    pack_reference,
    refer_to,
    trading_start,
)

// What an underlying has, and what follows from it: a row of the table of prices. The table points to
// a row for each, and is written anew whenever a price, the terms or the premium of an underlying
// change, right behind the last one; rows that stay are pointed to again. The address of the table
// also names prices and terms: see Account.prices.
//
// The mark price of a perpetual is the index price of its underlying, whose index is its id, and the
// premium within its limit.
struct Price {
    index_price_x16: felt,
    // Orders of its markets with a lower id are dead.
    dead_below_order_id: felt,
    // Of its perpetual: see minute_tick.cairo.
    is_listed: felt,
    missed_samples: felt,
    premium_x16: felt,
    // What a lot held long has paid in all, in quanta. Until a pool passes something on, it is what a
    // lot held short has been paid.
    long_prefix: felt,
    // What the initial margin is above the terms', and what new risk needs above that: see
    // interest_margin.cairo, forecast_margin.cairo.
    added_margin_ppm: felt,
    forecast_margin_ppm: felt,
    // 1 if the last oracle update had no price of it: the index is an older one.
    is_silent: felt,
    pool: Pool*,
    underlying: Underlying*,
    reference: Reference*,
    // From then on users may trade with each other: prices came back long enough ago, and the last jump
    // is settled. The second is never while the market is post-only.
    free_from_ms: felt,
    trades_from_ms: felt,
    // The index times the maintenance margin, and half of that over 10^6, rounded down: how far the mark may
    // be from the index.
    index_margin: felt,
    premium_limit_x16: felt,
    mark_price_x16: felt,
    // What a lot held long has paid more than one held short was paid.
    spread_quanta: felt,
    // What follows is at the mark. A position is worth its value less what its lots have paid, which is
    // size * short_prefix + max(size, 0) * spread, whatever the side.
    lot_value_x16: felt,
    short_worth_x16: felt,
    // Per lot, in the scale of equity_x16 * 10^6: worth and spread less what a lot may still be charged of
    // what it gained, for whoever takes risk or money; then the requirements; opening_factor is what new
    // risk needs: more than anybody has while there is no price.
    value_factor: felt,
    spread_factor: felt,
    // That of the terms and what is added to it.
    initial_margin_ppm: felt,
    initial_factor: felt,
    opening_factor: felt,
    maintenance_factor: felt,
    // Limits of price_ticks * 2^16 * 10^6: of a buy, then of a sell.
    buy_limit: felt,
    sell_limit: felt,
    // The least fee limit of an order, and what one is worth at least that does not only reduce: more
    // than any has if none is accepted.
    least_fee_limit_ppm: felt,
    least_opening_quanta: felt,
    // What the open interest may be at most.
    interest_cap_lots: felt,
}

// Words of an underlying, and of its terms.
const UNDERLYING_WORDS = 3;
const TERMS_WORDS = 2;

// Of the samples that failed in a row.
const MISSED_BOUND = 2 ** 5;

// Twice a rate is below it.
const FORECAST_MARGIN_BOUND = 2 * RATE_BOUND;

// Above what an order can be worth: lots below 2^32, a price below 2^32, a multiplier below 2^12.
const NOTIONAL_BOUND = 2 ** 76;

// Above what any account is worth, in the scale of equity_x16 * 10^6; times all exposures below 2^204.
const SILENT_FACTOR = 2 ** 160;

// A limit is half the maintenance margin of the index, rounded down.
const LIMIT_DIVISOR = 2 * PPM_ONE;

// Returns a row, given what the rest of it follows from. Who makes it writes `reference`, and calls
// complete_price.
//
// Assumption: price and premium are below 2^48, prefixes below 2^56 and rates below 2^21, so that
// nothing reaches 2^100.
func make_price{range_check_ptr}(
    underlying: Underlying*,
    index_price_x16,
    dead_below_order_id,
    is_listed,
    missed_samples,
    premium_x16,
    long_prefix,
    added_margin_ppm,
    forecast_margin_ppm,
    is_silent,
    pool: Pool*,
) -> (price: Price*) {
    alloc_locals;
    let (__fp__, _) = get_fp_and_pc();
    local price: Price;
    assert price.index_price_x16 = index_price_x16;
    assert price.dead_below_order_id = dead_below_order_id;
    assert price.is_listed = is_listed;
    assert price.missed_samples = missed_samples;
    assert price.premium_x16 = premium_x16;
    assert price.long_prefix = long_prefix;
    assert price.added_margin_ppm = added_margin_ppm;
    assert price.forecast_margin_ppm = forecast_margin_ppm;
    assert price.is_silent = is_silent;
    assert price.pool = pool;
    assert price.underlying = underlying;
    let remainder = [range_check_ptr];
    let quotient = [range_check_ptr + 1];
    assert price.index_margin = index_price_x16 * underlying.maintenance_margin_ppm;
    let value = price.index_margin;
    let divisor = LIMIT_DIVISOR;
    %{ ids.quotient, ids.remainder = divmod(ids.value % PRIME, ids.divisor) %}
    tempvar rest = remainder;
    assert price.premium_limit_x16 = quotient;
    assert value = price.premium_limit_x16 * divisor + rest;
    assert [range_check_ptr + 2] = rest + (RC_BOUND - LIMIT_DIVISOR);
    let range_check_ptr = range_check_ptr + 3;
    let (within) = clamp(premium_x16, price.premium_limit_x16);
    // More than 0 if the index is: the limit is less than 0.53 of it.
    tempvar mark_price_x16 = index_price_x16 + within;
    assert price.mark_price_x16 = mark_price_x16;
    assert price.lot_value_x16 = mark_price_x16 * underlying.multiplier;
    tempvar short_prefix = pool.short_prefix;
    assert price.short_worth_x16 = price.lot_value_x16 - short_prefix * PRICE_X16_ONE;
    assert price.spread_quanta = long_prefix - short_prefix;
    assert price.initial_margin_ppm = underlying.initial_margin_ppm + added_margin_ppm;
    assert price.initial_factor = price.lot_value_x16 * price.initial_margin_ppm;
    assert price.opening_factor = price.initial_factor + price.lot_value_x16 * forecast_margin_ppm +
        is_silent * SILENT_FACTOR;
    assert price.maintenance_factor = price.lot_value_x16 * underlying.maintenance_margin_ppm;
    assert price.buy_limit = mark_price_x16 * (PPM_ONE + underlying.price_band_ppm);
    // As far below the mark as the other is above.
    assert price.sell_limit = mark_price_x16 * (2 * PPM_ONE) - price.buy_limit;
    // Without a price, and once the market is settled, no order is accepted.
    tempvar is_open = index_price_x16 * (missed_samples - SETTLED_SAMPLES);
    if (is_open == 0) {
        assert price.least_fee_limit_ppm = RATE_BOUND;
    } else {
        assert price.least_fee_limit_ppm = underlying.highest_fee_ppm + (
            underlying.is_halted + is_silent
        ) * RATE_BOUND;
    }
    write_least_opening(&price);
    return (price=&price);
}

// Writes what an order is worth at least: no worth is enough while a lot is worth too little.
func write_least_opening{range_check_ptr}(price: Price*) {
    let underlying = price.underlying;
    tempvar a = price.lot_value_x16 - underlying.least_lot_quanta * PRICE_X16_ONE;
    %{ memory[ap] = 0 if 0 <= (ids.a % PRIME) < range_check_builtin.bound else 1 %}
    jmp dust if [ap] != 0, ap++;
    assert [range_check_ptr] = a;
    let range_check_ptr = range_check_ptr + 1;
    assert price.least_opening_quanta = underlying.min_order_quanta + underlying.is_reduce_only *
        NOTIONAL_BOUND;
    return ();

    dust:
    assert [range_check_ptr] = (-a) - 1;
    let range_check_ptr = range_check_ptr + 1;
    assert price.least_opening_quanta = NOTIONAL_BOUND;
    return ();
}

// Writes what follows from the reference marks of a row, and from when on users may trade with each other.
func complete_price{range_check_ptr}(price: Price*, free_from_ms) {
    alloc_locals;
    let (interest_cap_lots) = insured_cap(price);
    assert price.interest_cap_lots = interest_cap_lots;
    return follow_mark(price, free_from_ms);
}

// Returns what the open interest may be at most: the terms' cap, or what is insured if that is less. See
// novation/protocol/insured_interest.py.
//
// Assumption: the mark of the window is below 2^49, so that the divisor is below 2^81.
func insured_cap{range_check_ptr}(price: Price*) -> (interest_cap_lots: felt) {
    alloc_locals;
    local underlying: Underlying* = price.underlying;
    if (underlying.gap_ppm == 0) {
        return (interest_cap_lots=underlying.interest_cap_lots);
    }
    let (excess_ppm) = larger_of_zero(underlying.gap_ppm - underlying.maintenance_margin_ppm);
    tempvar loss_per_lot = price.reference.window_x16 * underlying.multiplier * excess_ppm;
    if (loss_per_lot == 0) {
        return (interest_cap_lots=underlying.interest_cap_lots);
    }
    let (insured_lots, _) = split(
        underlying.gap_budgets * price.pool.budget_quanta * (PRICE_X16_ONE * PPM_ONE), loss_per_lot
    );
    let (smaller) = smaller_of(insured_lots, underlying.interest_cap_lots);
    return (interest_cap_lots=smaller);
}

// Writes what follows from the mark and the reference mark of a row.
//
// Guarantee: a lot of either side counts as what it is worth less what it may still be charged: what it
// gained since the reference mark less what it was charged since, or nothing if that is less. Gains are
// below 2^68.
func follow_mark{range_check_ptr}(price: Price*, free_from_ms) {
    alloc_locals;
    assert price.free_from_ms = free_from_ms;
    assert price.trades_from_ms = free_from_ms + price.underlying.is_post_only * TIME_BOUND;
    let reference = price.reference;
    local rise_x16 = (price.mark_price_x16 - reference.ref_x16) * price.underlying.multiplier;
    // Zero may go either way: both give the same.
    local of_long_x16;
    tempvar a = rise_x16 - reference.long_charged_quanta * PRICE_X16_ONE;
    %{ memory[ap] = 0 if 0 <= (ids.a % PRIME) < range_check_builtin.bound else 1 %}
    jmp no_long if [ap] != 0, ap++;
    assert [range_check_ptr] = a;
    assert of_long_x16 = a;
    jmp shorts;

    no_long:
    assert [range_check_ptr] = -a;
    assert of_long_x16 = 0;

    shorts:
    local of_short_x16;
    tempvar a = (-rise_x16) - price.reference.short_charged_quanta * PRICE_X16_ONE;
    %{ memory[ap] = 0 if 0 <= (ids.a % PRIME) < range_check_builtin.bound else 1 %}
    jmp no_short if [ap] != 0, ap++;
    assert [range_check_ptr + 1] = a;
    assert of_short_x16 = a;
    jmp done;

    no_short:
    assert [range_check_ptr + 1] = -a;
    assert of_short_x16 = 0;

    done:
    let range_check_ptr = range_check_ptr + 2;
    assert price.value_factor = (price.short_worth_x16 + of_short_x16) * PPM_ONE;
    assert price.spread_factor = (
        price.spread_quanta * PRICE_X16_ONE + of_long_x16 + of_short_x16
    ) * PPM_ONE;
    return ();
}

// Writes the table that holds once the underlying `index` has other terms, or is the new last one.
//
// Assumption: 0 <= index <= n_underlyings, the number of rows of the old table.
// Guarantee: the other rows are as they were. A new row has no price; an old one keeps its price, its
// dead orders and its premium. Returns 1 if there is a new row, else 0.
func replace_terms{range_check_ptr}(
    prices: Price**, old_prices: Price**, underlying: Underlying*, index, n_underlyings
) -> (is_new: felt) {
    alloc_locals;
    tempvar n_behind = n_underlyings - index;
    if (n_behind == 0) {
        copy_felts(prices, old_prices, index);
        let (no_pool) = get_label_location(new_pool);
        let (price) = make_price(underlying, 0, 0, 0, 0, 0, 0, 0, 0, 0, cast(no_pool, Pool*));
        assert prices[index] = price;
        let (reference) = refer_to(0, 0, 0);
        assert prices[index].reference = reference;
        // Without a price there is no market in which to trade.
        complete_price(prices[index], 0);
        return (is_new=1);
    }
    let old = old_prices[index];
    let (price) = make_price(
        underlying,
        old.index_price_x16,
        old.dead_below_order_id,
        old.is_listed,
        old.missed_samples,
        old.premium_x16,
        old.long_prefix,
        old.added_margin_ppm,
        old.forecast_margin_ppm,
        old.is_silent,
        old.pool,
    );
    let old = old_prices[index];
    assert price.reference = old.reference;
    complete_price(price, old.free_from_ms);
    replace_row(prices, old_prices, price, index, n_underlyings);
    return (is_new=0);

    new_pool:
    dw 0;
    dw 0;
    dw 0;
    dw 0;
    dw 0;
}

// Writes a table that has another row at `index`.
// Assumption: 0 <= index < n_rows.
func replace_row(prices: Price**, old_prices: Price**, row: Price*, index, n_rows) {
    copy_felts(prices, old_prices, index);
    assert prices[index] = row;
    let behind = index + 1;
    return copy_felts(prices + behind, old_prices + behind, n_rows - behind);
}

// An underlying's words of the old state, as the prover reads it.
struct OldUnderlying {
    index_price_x16: felt,
    dead_below_order_id: felt,
    is_listed: felt,
    missed_samples: felt,
    premium_x16: felt,
    long_prefix: felt,
    added_margin_ppm: felt,
    forecast_margin_ppm: felt,
    is_silent: felt,
    pool: Pool*,
    reference: Reference*,
}

// Writes the first table, and the words of the old state that it was read from.
//
// Assumption: the caller proves that words and terms are those of the old state.
// Guarantee: the rows are the only reading of both.
func open_underlyings{range_check_ptr}(
    prices: Price**, underlying: Underlying*, word: felt*, post_only_until_ms, n_underlyings
) {
    alloc_locals;
    if (n_underlyings == 0) {
        return ();
    }
    let (__fp__, _) = get_fp_and_pc();
    local message: OldUnderlying;
    %{ segments.write_arg(ids.message.address_, next(witness)) %}
    assert [range_check_ptr] = message.index_price_x16;
    assert [range_check_ptr + 1] = message.index_price_x16 + (RC_BOUND - PRICE_X16_BOUND);
    assert [range_check_ptr + 2] = message.dead_below_order_id;
    assert [range_check_ptr + 3] = message.dead_below_order_id + (RC_BOUND - ORDER_ID_BOUND);
    assert message.is_listed = message.is_listed * message.is_listed;
    assert [range_check_ptr + 4] = message.missed_samples;
    assert [range_check_ptr + 5] = message.missed_samples + (RC_BOUND - MISSED_BOUND);
    tempvar biased_premium = message.premium_x16 + PREMIUM_X16_BOUND;
    assert [range_check_ptr + 6] = biased_premium;
    assert [range_check_ptr + 7] = biased_premium + (RC_BOUND - 2 * PREMIUM_X16_BOUND);
    assert [range_check_ptr + 8] = message.added_margin_ppm;
    assert [range_check_ptr + 9] = message.added_margin_ppm + (RC_BOUND - RATE_BOUND);
    assert [range_check_ptr + 10] = message.forecast_margin_ppm;
    assert [range_check_ptr + 11] = message.forecast_margin_ppm + (
        RC_BOUND - FORECAST_MARGIN_BOUND
    );
    let range_check_ptr = range_check_ptr + 12;
    // The top field, at bit 249.
    assert message.is_silent = message.is_silent * message.is_silent;
    check_prefix(message.long_prefix);
    let (pool_word) = check_pool(message.pool);
    assert word[1] = pool_word;
    let (reference_word) = check_reference(message.reference);
    assert word[2] = reference_word;
    check_underlying(underlying);
    let (price) = make_price(
        underlying,
        message.index_price_x16,
        message.dead_below_order_id,
        message.is_listed,
        message.missed_samples,
        message.premium_x16,
        message.long_prefix,
        message.added_margin_ppm,
        message.forecast_margin_ppm,
        message.is_silent,
        message.pool,
    );
    // It begins as a row does.
    write_word(word, cast(&message, Price*));
    assert prices[0] = price;
    assert price.reference = message.reference;
    let (free_from_ms) = trading_start(post_only_until_ms, message.reference.jumped_ms);
    complete_price(prices[0], free_from_ms);
    return open_underlyings(
        prices + 1,
        underlying + Underlying.SIZE,
        word + UNDERLYING_WORDS,
        post_only_until_ms,
        n_underlyings - 1,
    );
}

// Writes the words of a table, whose fields are within their widths.
func write_words(word: felt*, prices: Price**, n_underlyings) {
    if (n_underlyings == 0) {
        return ();
    }
    write_word(word, prices[0]);
    let (pool_word) = pack_pool(prices[0].pool);
    assert word[1] = pool_word;
    let (reference_word) = pack_reference(prices[0].reference);
    assert word[2] = reference_word;
    return write_words(word + UNDERLYING_WORDS, prices + 1, n_underlyings - 1);
}

// Writes the first word of a row.
func write_word(word: felt*, price: Price*) {
    assert [word] = price.index_price_x16 + price.dead_below_order_id * 2 ** 48 + price.is_listed *
        2 ** 96 + price.missed_samples * 2 ** 97 + (price.premium_x16 + PREMIUM_X16_BOUND) * 2 **
        102 + (price.long_prefix + PREFIX_BOUND) * 2 ** 151 + price.added_margin_ppm * 2 ** 208 +
        price.forecast_margin_ppm * 2 ** 228 + price.is_silent * 2 ** 249;
    return ();
}

// Returns params_hash; the terms are those of the table's rows.
func hash_parameters{range_check_ptr, poseidon_ptr: PoseidonBuiltin*}(
    parameters: Parameters*, prices: Price**
) -> (params_hash: felt) {
    alloc_locals;
    let (local felts: felt*) = alloc();
    write_parameters(felts, parameters, prices);
    let (params_hash) = poseidon_hash_many(
        2 + TERMS_WORDS * parameters.n_underlyings + parameters.n_oracles, felts
    );
    return (params_hash=params_hash);
}

// Writes params_felts.
func write_parameters{range_check_ptr}(felts: felt*, parameters: Parameters*, prices: Price**) {
    alloc_locals;
    let (counts) = pack_counts(parameters);
    assert felts[0] = counts;
    assert felts[1] = parameters.fee_schedule.word;
    write_terms(felts + 2, prices, parameters.n_underlyings);
    copy_felts(
        felts + 2 + TERMS_WORDS * parameters.n_underlyings,
        parameters.oracle_keys,
        parameters.n_oracles,
    );
    return ();
}

func write_terms(word: felt*, prices: Price**, n_underlyings) {
    if (n_underlyings == 0) {
        return ();
    }
    let underlying = prices[0].underlying;
    assert word[0] = underlying.word;
    assert word[1] = underlying.limits_word;
    return write_terms(word + TERMS_WORDS, prices + 1, n_underlyings - 1);
}

func copy_felts(cell: felt*, old: felt*, n_felts) {
    if (n_felts == 0) {
        return ();
    }
    assert [cell] = [old];
    return copy_felts(cell + 1, old + 1, n_felts - 1);
}
