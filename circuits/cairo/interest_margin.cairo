from circuits.cairo.constants import MARGIN_STEP_PPM, PRICE_X16_ONE, QUANTA_PER_KUSD, RATE_BOUND
from circuits.cairo.numeric import clamp, divide
from circuits.cairo.state.prices import Price

// A thousand USD in the scale of equity.
const KUSD_X16 = QUANTA_PER_KUSD * PRICE_X16_ONE;

// Returns what the initial margin is above the terms' a minute later: one step nearer to what the open
// interest asks for.
//
// Guarantee: it is between what it was and what is asked for, so that it stays below RATE_BOUND.
func follow_interest{range_check_ptr}(price: Price*, open_interest_lots) -> (
    added_margin_ppm: felt
) {
    let (wanted_ppm) = wanted_margin(price, open_interest_lots);
    let (step_ppm) = clamp(wanted_ppm - price.added_margin_ppm, MARGIN_STEP_PPM);
    return (added_margin_ppm=price.added_margin_ppm + step_ppm);
}

// Returns nothing up to the lower amount, and all that there is from the upper one on.
//
// What is compared is below 2^110: an open interest below 2^48, a lot's value below 2^61.
func wanted_margin{range_check_ptr}(price: Price*, open_interest_lots) -> (wanted_ppm: felt) {
    alloc_locals;
    let underlying = price.underlying;
    local span_x16 = (underlying.interest_upper_kusd - underlying.interest_lower_kusd) * KUSD_X16;
    if (span_x16 == 0) {
        return (wanted_ppm=0);
    }
    tempvar above_x16 = open_interest_lots * price.lot_value_x16 - underlying.interest_lower_kusd *
        KUSD_X16;
    // From 0 to the span: the middle of the span is where clamp has its 0.
    let (twice) = clamp(2 * above_x16 - span_x16, span_x16);
    tempvar within_x16 = (twice + span_x16) / 2;
    let (wanted_ppm) = divide(
        within_x16 * (RATE_BOUND - 1 - price.underlying.initial_margin_ppm), span_x16
    );
    return (wanted_ppm=wanted_ppm);
}
