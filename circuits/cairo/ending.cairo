from circuits.cairo.constants import (
    INDEX_SUM_BOUND,
    PRICE_X16_ONE,
    SETTLED_SAMPLES,
    SETTLEMENT_WINDOW_MS,
)
from circuits.cairo.funding import split
from circuits.cairo.state.prices import Price, complete_price, make_price
from circuits.cairo.state.references import refer_behind_jump, trading_start

// Returns the sum of the indices and their number (see MarketOthers) after a minute, which counts if the
// market ends within half an hour. Both answers are proven.
//
// No carry: fewer than 33 minutes count, each with an index below 2^48.
func count_index{range_check_ptr}(index_sums, price: Price*, time_ms) -> (index_sums: felt) {
    if (price.underlying.ends_ms == 0) {
        return (index_sums=index_sums);
    }
    tempvar a = price.underlying.ends_ms - SETTLEMENT_WINDOW_MS - time_ms;
    %{ memory[ap] = 0 if 0 <= (ids.a % PRIME) < range_check_builtin.bound else 1 %}
    jmp counts if [ap] != 0, ap++;
    assert [range_check_ptr] = a;
    let range_check_ptr = range_check_ptr + 1;
    return (index_sums=index_sums);

    counts:
    assert [range_check_ptr] = (-a) - 1;
    let range_check_ptr = range_check_ptr + 1;
    return (index_sums=index_sums + price.index_price_x16 + INDEX_SUM_BOUND);
}

// Returns the row of a market after a tick: that of before, or, once its time has come, the one that it has
// for ever. Both answers are proven.
//
// Assumption: the minute has counted.
func settle_if_due{range_check_ptr}(
    price: Price*, index_sums, post_only_until_ms, time_ms, next_order_id
) -> (price: Price*) {
    if (price.underlying.ends_ms == 0) {
        return (price=price);
    }
    tempvar a = time_ms - price.underlying.ends_ms;
    %{ memory[ap] = 0 if 0 <= (ids.a % PRIME) < range_check_builtin.bound else 1 %}
    jmp early if [ap] != 0, ap++;
    assert [range_check_ptr] = a;
    let range_check_ptr = range_check_ptr + 1;
    return settle(price, index_sums, post_only_until_ms, time_ms, next_order_id);

    early:
    assert [range_check_ptr] = (-a) - 1;
    let range_check_ptr = range_check_ptr + 1;
    return (price=price);
}

// Returns the row of a market that ends: all its orders are dead, and its mark is the average of the indices,
// rounded up to a tick. It is a jump: who gained by it waits until it is known who cannot pay.
func settle{range_check_ptr}(
    old: Price*, index_sums, post_only_until_ms, time_ms, next_order_id
) -> (price: Price*) {
    alloc_locals;
    let (local n_samples, sum_x16) = split(index_sums, INDEX_SUM_BOUND);
    // A minute has just counted, so that there is one.
    local divisor = n_samples * PRICE_X16_ONE;
    let (price_ticks, _) = split(sum_x16 + divisor - 1, divisor);
    let (local price: Price*) = make_price(
        old.underlying,
        price_ticks * PRICE_X16_ONE,
        next_order_id,
        1,
        SETTLED_SAMPLES,
        0,
        old.long_prefix,
        old.added_margin_ppm,
        old.forecast_margin_ppm,
        0,
        old.pool,
    );
    let (reference) = refer_behind_jump(
        old.reference, old.mark_price_x16, price.mark_price_x16, time_ms
    );
    assert price.reference = reference;
    let (free_from_ms) = trading_start(post_only_until_ms, time_ms);
    complete_price(price, free_from_ms);
    return (price=price);
}
