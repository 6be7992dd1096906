from circuits.cairo.constants import (
    DAMPING,
    FUNDING_PERIOD_HOURS,
    FUNDING_SUM_BOUND,
    HOUR_MS,
    INTEREST_DIVISOR,
    PRICE_X16_ONE,
    SAMPLES_PER_HOUR,
)
from circuits.cairo.numeric import clamp, split
from circuits.cairo.state.prices import Price

// The lower bits of a market's third word: the sum of the premiums of an hour, what is owed of a quantum a lot, and
// the hour, 0 before the first tick.
const SUM_WIDTH = 2 * FUNDING_SUM_BOUND;
// Parts of a quantum in which a payment is exact.
const FUNDING_PARTS = FUNDING_PERIOD_HOURS * PRICE_X16_ONE;
// That of a market without ticks.
const NO_FUNDING = FUNDING_SUM_BOUND;

// Multiples of what they are divided by, above all that a sum and a payment may be: make them positive.
const SUM_BIAS = SAMPLES_PER_HOUR * FUNDING_SUM_BOUND;
const PAYMENT_BIAS = FUNDING_PARTS * 2 ** 64;

// Counts another minute, whose premium is given. Returns the market's word after it, and what a lot
// held long pays if the hour of before is over, else 0.
//
// Assumption: the word packs three fields in 102 bits.
// Guarantee: docs/spec/protocol.md, section 12.
func count_minute{range_check_ptr}(word, premium_x16, price: Price*, time_ms) -> (
    word: felt, quanta_per_lot: felt
) {
    alloc_locals;
    let (upper, biased_sum) = split(word, SUM_WIDTH);
    local sum_x16 = biased_sum - FUNDING_SUM_BOUND + premium_x16;
    let (local old_hour, local carry) = split(upper, FUNDING_PARTS);
    let (local hour, _) = split(time_ms, HOUR_MS);
    if (old_hour == hour) {
        // At most 60 minutes of an hour have a tick, so that the sum is below 2^54.
        return (word=word + premium_x16, quanta_per_lot=0);
    }
    if (old_hour == 0) {
        return (word=NO_FUNDING + hour * (SUM_WIDTH * FUNDING_PARTS), quanta_per_lot=0);
    }
    let (rate_x16) = funding_rate(sum_x16, price);
    let (biased, new_carry) = split(
        carry + rate_x16 * price.underlying.multiplier + PAYMENT_BIAS, FUNDING_PARTS
    );
    return (
        word=NO_FUNDING + new_carry * SUM_WIDTH + hour * (SUM_WIDTH * FUNDING_PARTS),
        quanta_per_lot=biased - PAYMENT_BIAS / FUNDING_PARTS,
    );
}

// Returns what is paid in 8 hours on a price, given the sum of an hour's premiums.
func funding_rate{range_check_ptr}(sum_x16, price: Price*) -> (rate_x16: felt) {
    alloc_locals;
    let (biased, _) = split(sum_x16 + SUM_BIAS, SAMPLES_PER_HOUR);
    local average_x16 = biased - FUNDING_SUM_BOUND;
    let (local interest_x16, _) = split(price.index_price_x16, INTEREST_DIVISOR);
    let (pull_x16) = clamp(interest_x16 - average_x16, DAMPING * interest_x16);
    let (rate_x16) = clamp(
        average_x16 + pull_x16, (FUNDING_PERIOD_HOURS / 2) * price.premium_limit_x16
    );
    return (rate_x16=rate_x16);
}
