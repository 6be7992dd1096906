from starkware.cairo.common.registers import get_fp_and_pc

from circuits.cairo.constants import PPM_ONE, PRICE_X16_ONE, RC_BOUND, SETTLED_SAMPLES
from circuits.cairo.numeric import clamp
from circuits.cairo.state.prices import (
    LIMIT_DIVISOR,
    Price,
    complete_price,
    follow_mark,
    make_price,
    write_least_opening,
)
from circuits.cairo.state.references import refer_behind_jump, refer_to, trading_start

// What an oracle update changes for all underlyings. `is_kept` is 1 if the orders live on that lived
// before it, and `dead_below_order_id` is then 0; else 0: every older order is dead, and the premium
// that the book had with it.
struct Arrival {
    time_ms: felt,
    is_kept: felt,
    dead_below_order_id: felt,
    post_only_until_ms: felt,
    // What no jump is may be, in the scale of index_margin: 1 less if orders live on; else no move is.
    margin_lost: felt,
}

// Writes the table that holds from an oracle update on. Returns a sum that is 0 if no pool has lots,
// which begins with `pools`.
//
// What is settled stays as it is. In most rows nothing but the index changes, neither jumps nor slides, there is a price as
// there was, and the premium stays within its limit: those are made here. Same as follow_index for them, keep in step. Both answers are proven to
// whether a row is one of them.
func write_prices{range_check_ptr}(
    prices: Price**,
    old_prices: Price**,
    medians_x16: felt*,
    arrival: Arrival*,
    n_underlyings,
    pools,
) -> (pools: felt) {
    alloc_locals;
    if (n_underlyings == 0) {
        return (pools=pools);
    }
    let (__fp__, _) = get_fp_and_pc();
    local old: Price* = old_prices[0];
    if (old.missed_samples == SETTLED_SAMPLES) {
        assert prices[0] = old;
        tempvar lots = old.pool.lots;
        return write_prices(
            prices + 1,
            old_prices + 1,
            medians_x16 + 1,
            arrival,
            n_underlyings - 1,
            pools + lots * lots,
        );
    }
    local price: Price;
    assert price.index_price_x16 = medians_x16[0];
    assert price.is_silent = 0;
    assert price.premium_x16 = old.premium_x16;
    assert price.pool = old.pool;
    assert price.underlying = old.underlying;
    assert price.mark_price_x16 = price.index_price_x16 + price.premium_x16;
    local margin_ppm = price.underlying.maintenance_margin_ppm;
    assert price.index_margin = price.index_price_x16 * margin_ppm;
    local premium = price.premium_x16 * LIMIT_DIVISOR;
    let (within) = clamp(premium, price.index_margin);
    local beyond_premium = within - premium;
    local window_x16 = old.reference.window_x16;
    local slid = (price.mark_price_x16 - window_x16) * PPM_ONE;
    let (within) = clamp(slid, window_x16 * margin_ppm - 1);
    local range_check_ptr = range_check_ptr;
    // Squares are below 2^180.
    tempvar beyond = beyond_premium * beyond_premium + (within - slid) * (within - slid) +
        old.is_silent;
    jmp slides if beyond != 0;
    // All below 2^70, but for what is lost by a gap, so that no index keeps up with it.
    tempvar change = (price.index_price_x16 - old.index_price_x16) * LIMIT_DIVISOR;
    tempvar may_move = old.index_margin - arrival.margin_lost;
    tempvar fallen = may_move + change;
    tempvar a = may_move - change;
    %{ memory[ap] = 0 if 0 <= (ids.a % PRIME) < range_check_builtin.bound else 1 %}
    jmp up if [ap] != 0, ap++;
    let a = fallen;
    %{ memory[ap] = 0 if 0 <= (ids.a % PRIME) < range_check_builtin.bound else 1 %}
    jmp down if [ap] != 0, ap++;
    assert [range_check_ptr] = may_move - change;
    assert [range_check_ptr + 1] = fallen;
    let remainder = [range_check_ptr + 2];
    let quotient = [range_check_ptr + 3];
    let value = price.index_margin;
    let divisor = LIMIT_DIVISOR;
    %{ ids.quotient, ids.remainder = divmod(ids.value % PRIME, ids.divisor) %}
    tempvar rest = remainder;
    assert price.premium_limit_x16 = quotient;
    assert value = price.premium_limit_x16 * divisor + rest;
    assert [range_check_ptr + 4] = rest + (RC_BOUND - LIMIT_DIVISOR);
    let range_check_ptr = range_check_ptr + 5;
    assert price.lot_value_x16 = price.mark_price_x16 * price.underlying.multiplier;
    assert price.short_worth_x16 = price.lot_value_x16 - price.pool.short_prefix * PRICE_X16_ONE;
    assert price.initial_margin_ppm = old.initial_margin_ppm;
    assert price.initial_factor = price.lot_value_x16 * price.initial_margin_ppm;
    assert price.forecast_margin_ppm = old.forecast_margin_ppm;
    assert price.opening_factor = price.initial_factor + price.lot_value_x16 *
        price.forecast_margin_ppm;
    assert price.maintenance_factor = price.lot_value_x16 * margin_ppm;
    assert price.buy_limit = price.mark_price_x16 * (PPM_ONE + price.underlying.price_band_ppm);
    assert price.sell_limit = price.mark_price_x16 * (2 * PPM_ONE) - price.buy_limit;
    assert price.dead_below_order_id = old.dead_below_order_id;
    assert price.is_listed = old.is_listed;
    assert price.missed_samples = old.missed_samples;
    assert price.long_prefix = old.long_prefix;
    assert price.added_margin_ppm = old.added_margin_ppm;
    assert price.reference = old.reference;
    assert price.spread_quanta = old.spread_quanta;
    assert price.least_fee_limit_ppm = old.least_fee_limit_ppm;
    // The window's mark and the budget are as they were.
    assert price.interest_cap_lots = old.interest_cap_lots;
    write_least_opening(&price);
    follow_mark(&price, old.free_from_ms);
    assert prices[0] = &price;
    tempvar lots = price.pool.lots;
    return write_prices(
        prices + 1, old_prices + 1, medians_x16 + 1, arrival, n_underlyings - 1, pools + lots * lots
    );

    slides:
    // As many cells as the others take.
    assert [range_check_ptr] = 0;
    jmp elsewhere;

    up:
    assert [range_check_ptr] = (change - may_move) - 1;
    jmp elsewhere;

    down:
    assert [range_check_ptr] = (-fallen) - 1;

    elsewhere:
    let range_check_ptr = range_check_ptr + 1;
    let (row) = follow_index(old, medians_x16[0], arrival);
    assert prices[0] = row;
    tempvar lots = row.pool.lots;
    return write_prices(
        prices + 1, old_prices + 1, medians_x16 + 1, arrival, n_underlyings - 1, pools + lots * lots
    );
}

// Returns the row of an underlying at a new index, or, if the median is 0, without a price.
func follow_index{range_check_ptr}(old: Price*, median_x16, arrival: Arrival*) -> (price: Price*) {
    alloc_locals;
    let is_kept = arrival.is_kept;
    local index_price_x16;
    local is_silent;
    if (median_x16 == 0) {
        assert index_price_x16 = old.index_price_x16;
        assert is_silent = 1;
    } else {
        assert index_price_x16 = median_x16;
        assert is_silent = 0;
    }
    let (local price) = make_price(
        old.underlying,
        index_price_x16,
        old.dead_below_order_id * is_kept + arrival.dead_below_order_id,
        old.is_listed,
        old.missed_samples,
        old.premium_x16 * is_kept,
        old.long_prefix,
        old.added_margin_ppm,
        old.forecast_margin_ppm,
        is_silent,
        old.pool,
    );
    refer(price, old, arrival);
    return (price=price);
}

// Writes from where gains are counted once an underlying has a new index, and from when on users may
// trade.
//
// Guarantee: both answers are proven to whether the index moved by half the maintenance margin, or the
// mark by all of it since the window's. All products are below 2^70.
func refer{range_check_ptr}(price: Price*, old: Price*, arrival: Arrival*) {
    alloc_locals;
    if (old.index_price_x16 == 0) {
        return begin(price, old.reference.jumped_ms, arrival.post_only_until_ms);
    }
    local margin_ppm = old.underlying.maintenance_margin_ppm;
    local change = (price.index_price_x16 - old.index_price_x16) * LIMIT_DIVISOR;
    let (within) = clamp(change, old.index_margin - 1);
    if (within - change != 0) {
        return jump(price, old, arrival);
    }
    local window_x16 = old.reference.window_x16;
    local slid = (price.mark_price_x16 - window_x16) * PPM_ONE;
    let (within) = clamp(slid, window_x16 * margin_ppm - 1);
    if (within - slid != 0) {
        return jump(price, old, arrival);
    }
    assert price.reference = old.reference;
    // What a gap leaves behind lasts longer than any jump of before.
    tempvar kept_ms = old.free_from_ms - arrival.post_only_until_ms;
    complete_price(price, arrival.post_only_until_ms + arrival.is_kept * kept_ms);
    return ();
}

// The first price: nobody has gained anything yet.
func begin{range_check_ptr}(price: Price*, jumped_ms, post_only_until_ms) {
    let (reference) = refer_to(price.mark_price_x16, price.mark_price_x16, jumped_ms);
    assert price.reference = reference;
    let (free_from_ms) = trading_start(post_only_until_ms, jumped_ms);
    complete_price(price, free_from_ms);
    return ();
}

// The index jumped, or the mark slid.
func jump{range_check_ptr}(price: Price*, old: Price*, arrival: Arrival*) {
    let (reference) = refer_behind_jump(
        old.reference, old.mark_price_x16, price.mark_price_x16, arrival.time_ms
    );
    assert price.reference = reference;
    let (free_from_ms) = trading_start(arrival.post_only_until_ms, arrival.time_ms);
    complete_price(price, free_from_ms);
    return ();
}
