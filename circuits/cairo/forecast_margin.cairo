from circuits.cairo.constants import (
    FORECAST_FALL_PPM,
    FORECAST_MEMORY_MS,
    FORECAST_RISE_PPM,
    FORECAST_SMALL_RISE_PPM,
    MOST_MARGIN_MULTIPLE,
    PPM_ONE,
    RC_BOUND,
    RETURN_LIMIT_PPM,
    VARIANCE_BOUND,
)
from circuits.cairo.numeric import clamp, divide, smaller_of, split
from circuits.cairo.state.prices import Price

// The third word of a market has funding in its lower bits (funding.cairo), then the variance that is
// forecast, in ppm^2 of the return of a second; then, from bit 128 on, the index of the last sample and
// its time.
const FUNDING_WIDTH = 2 ** 102;
const SAMPLE_SHIFT = 2 ** 128;
const SAMPLE_BOUND = 2 ** 96;
const PRICE_WIDTH = 2 ** 48;

const SECOND_MS = 1000;
// Deviations grow with the root of time: the square of this, in seconds, is an hour.
const HOUR_ROOT = 60;

// Samples the index for the forecast of volatility, unless it is too old, and lets the initial margin of
// new risk follow it. Returns the market's word in two parts, that of funding as it was and that of the
// forecast as it is now, and what new risk needs above the initial margin.
//
// Assumption: the word is that of a market: it packs its fields in 224 bits.
func follow_forecast{range_check_ptr}(word, price: Price*, price_valid_until_ms, time_ms) -> (
    funding_word: felt, forecast_word: felt, forecast_margin_ppm: felt
) {
    alloc_locals;
    let remainder = [range_check_ptr];
    let quotient = [range_check_ptr + 1];
    let value = word;
    let divisor = SAMPLE_SHIFT;
    %{ ids.quotient, ids.remainder = divmod(ids.value % PRIME, ids.divisor) %}
    // Both parts have one reading: they are below 2^224.
    assert value = quotient * divisor + remainder;
    assert [range_check_ptr + 2] = quotient + (RC_BOUND - SAMPLE_BOUND);
    local sample = quotient;
    let range_check_ptr = range_check_ptr + 3;
    let (local old_variance_ppm2, local funding_word) = split(remainder, FUNDING_WIDTH);
    if (price.underlying.margin_deviations == 0) {
        return (funding_word=funding_word, forecast_word=0, forecast_margin_ppm=0);
    }
    tempvar a = price_valid_until_ms - time_ms;
    %{ memory[ap] = 0 if 0 <= (ids.a % PRIME) < range_check_builtin.bound else 1 %}
    jmp stale if [ap] != 0, ap++;
    assert [range_check_ptr] = a;
    let range_check_ptr = range_check_ptr + 1;
    let (sampled_ms, sampled_x16) = split(sample, PRICE_WIDTH);
    let (local variance_ppm2) = next_variance(
        old_variance_ppm2, sampled_x16, price.index_price_x16, time_ms - sampled_ms
    );
    let (forecast_margin_ppm) = step_margin(price, variance_ppm2);
    return (
        funding_word=funding_word,
        forecast_word=variance_ppm2 * FUNDING_WIDTH + (
            price.index_price_x16 + time_ms * PRICE_WIDTH
        ) * SAMPLE_SHIFT,
        forecast_margin_ppm=forecast_margin_ppm,
    );

    stale:
    assert [range_check_ptr] = (-a) - 1;
    let range_check_ptr = range_check_ptr + 1;
    return (
        funding_word=funding_word,
        forecast_word=word - funding_word,
        forecast_margin_ppm=price.forecast_margin_ppm,
    );
}

// Returns the average of squared returns after another sample; the first sample only begins it. After a
// gap longer than the memory only its return counts, for all of its length.
//
// Assumption: prices and times are below 2^48, and time has passed.
// Guarantee: the result is below VARIANCE_BOUND.
func next_variance{range_check_ptr}(variance_ppm2, sampled_x16, index_price_x16, elapsed_ms) -> (
    variance_ppm2: felt
) {
    alloc_locals;
    if (sampled_x16 == 0) {
        return (variance_ppm2=0);
    }
    let (ratio_ppm) = divide(index_price_x16 * PPM_ONE, sampled_x16);
    let (local returned_ppm) = clamp(ratio_ppm - PPM_ONE, RETURN_LIMIT_PPM);
    let (shorter_ms) = smaller_of(elapsed_ms, FORECAST_MEMORY_MS);
    let whole_ms = elapsed_ms + FORECAST_MEMORY_MS - shorter_ms;
    tempvar kept = variance_ppm2 * (FORECAST_MEMORY_MS - shorter_ms);
    let (averaged) = divide(kept + returned_ppm * returned_ppm * SECOND_MS, whole_ms);
    let (variance_ppm2) = smaller_of(averaged, VARIANCE_BOUND - 1);
    return (variance_ppm2=variance_ppm2);
}

// Returns what new risk needs above the initial margin a minute later: a step more, or a small one, if the
// forecast asks for as much; less if it asks for less than there is.
//
// What is compared are squares: below 2^46, three times a rate below 2^22.
// Guarantee: it grows to no more than MOST_MARGIN_MULTIPLE - 1 times the terms' margin.
func step_margin{range_check_ptr}(price: Price*, variance_ppm2) -> (forecast_margin_ppm: felt) {
    alloc_locals;
    let underlying = price.underlying;
    tempvar deviations = underlying.margin_deviations * HOUR_ROOT;
    tempvar most_ppm = underlying.initial_margin_ppm * MOST_MARGIN_MULTIPLE;
    let (asked) = smaller_of(deviations * deviations * variance_ppm2, most_ppm * most_ppm);
    local forecast_margin_ppm = price.forecast_margin_ppm;
    local level_ppm = price.underlying.initial_margin_ppm + forecast_margin_ppm;
    tempvar a = asked - level_ppm * level_ppm;
    %{ memory[ap] = 0 if 0 <= (ids.a % PRIME) < range_check_builtin.bound else 1 %}
    jmp falls if [ap] != 0, ap++;
    assert [range_check_ptr] = a;
    tempvar higher_ppm = level_ppm + FORECAST_RISE_PPM;
    tempvar a = asked - higher_ppm * higher_ppm;
    %{ memory[ap] = 0 if 0 <= (ids.a % PRIME) < range_check_builtin.bound else 1 %}
    jmp small if [ap] != 0, ap++;
    assert [range_check_ptr + 1] = a;
    let range_check_ptr = range_check_ptr + 2;
    return (forecast_margin_ppm=forecast_margin_ppm + FORECAST_RISE_PPM);

    small:
    assert [range_check_ptr + 1] = (-a) - 1;
    tempvar higher_ppm = level_ppm + FORECAST_SMALL_RISE_PPM;
    tempvar a = asked - higher_ppm * higher_ppm;
    %{ memory[ap] = 0 if 0 <= (ids.a % PRIME) < range_check_builtin.bound else 1 %}
    jmp stays if [ap] != 0, ap++;
    assert [range_check_ptr + 2] = a;
    let range_check_ptr = range_check_ptr + 3;
    return (forecast_margin_ppm=forecast_margin_ppm + FORECAST_SMALL_RISE_PPM);

    falls:
    assert [range_check_ptr] = (-a) - 1;
    let range_check_ptr = range_check_ptr + 1;
    let (fall_ppm) = smaller_of(forecast_margin_ppm, FORECAST_FALL_PPM);
    return (forecast_margin_ppm=forecast_margin_ppm - fall_ppm);

    stays:
    assert [range_check_ptr + 2] = (-a) - 1;
    let range_check_ptr = range_check_ptr + 3;
    return (forecast_margin_ppm=forecast_margin_ppm);
}
