from starkware.cairo.common.alloc import alloc
from starkware.cairo.common.builtin_poseidon.poseidon import poseidon_hash_many
from starkware.cairo.common.cairo_builtins import PoseidonBuiltin

from circuits.cairo.constants import (
    DEVIATIONS_BOUND,
    GAP_BUDGETS_BOUND,
    INTEREST_KUSD_BOUND,
    LEAST_LOT_BOUND,
    MAX_ORACLES,
    MAX_UNDERLYINGS,
    MIN_ORDER_BOUND,
    MULTIPLIER_BOUND,
    OPEN_INTEREST_BOUND,
    POSITION_BOUND,
    PPM_ONE,
    QUANTA_PER_USD,
    RATE_BOUND,
    RC_BOUND,
    TIME_BOUND,
)
from circuits.cairo.fee_tiers import FeeSchedule

// The terms of an underlying. `display` is its symbol and the decimals of a tick, which nothing here
// depends on. `word` packs all fields down to margin_deviations, `limits_word` the six behind them.
struct Underlying {
    multiplier: felt,
    initial_margin_ppm: felt,
    maintenance_margin_ppm: felt,
    maker_fee_ppm: felt,
    taker_fee_ppm: felt,
    price_band_ppm: felt,
    min_order_usd: felt,
    display: felt,
    // Thousands of USD of open interest between which the initial margin rises: interest_margin.cairo.
    interest_lower_kusd: felt,
    interest_upper_kusd: felt,
    // 1 if only orders are accepted that never take, that reduce positions, none; else 0.
    is_post_only: felt,
    is_reduce_only: felt,
    is_halted: felt,
    // Of an hour's return, for which the initial margin of new risk is: forecast_margin.cairo.
    margin_deviations: felt,
    // What the open interest may be at most, and what an account may come to hold of a side by orders
    // that may open.
    interest_cap_lots: felt,
    position_limit_lots: felt,
    // While a lot is worth less at the mark, positions are only reduced.
    least_lot_quanta: felt,
    // What a gap of so much takes beyond the maintenance margin may cost insurance so many times what it may
    // pay for the market on a day; 0 if nothing asks for that.
    gap_ppm: felt,
    gap_budgets: felt,
    // When its market is settled, 0 if never: ending.cairo. Until then it is reduce-only.
    ends_ms: felt,
    // max(maker_fee_ppm, taker_fee_ppm).
    highest_fee_ppm: felt,
    min_order_quanta: felt,
    word: felt,
    limits_word: felt,
}

// One version of the parameters; an operation of L1 makes a new record. The terms of the underlyings
// are in the rows of the table of prices.
struct Parameters {
    n_underlyings: felt,
    n_oracles: felt,
    oracle_quorum: felt,
    oracle_max_age_ms: felt,
    // What part of an asset's custody may leave in an hour, 0 if all: outflow.cairo.
    outflow_share_ppm: felt,
    oracle_keys: felt*,
    fee_schedule: FeeSchedule*,
}

// Where a word has when the market ends, above the limits.
const END_SHIFT = 2 ** 200;
// The mode that a market has which ends.
const REDUCE_ONLY_SHIFT = 2 ** 245;

// The word of an underlying of which only the widths of lots are limits.
const NO_LIMITS = OPEN_INTEREST_BOUND * POSITION_BOUND - 1;

const MAX_AGE_BOUND = 2 ** 32;
// Of 64 bits of a symbol and four of decimals.
const DISPLAY_BOUND = 2 ** 68;

// Guarantee: every field is within its bound; the word packs the first five and has one reading.
func pack_counts{range_check_ptr}(parameters: Parameters*) -> (word: felt) {
    let n_underlyings = parameters.n_underlyings;
    let n_oracles = parameters.n_oracles;
    let quorum = parameters.oracle_quorum;
    let max_age_ms = parameters.oracle_max_age_ms;
    assert [range_check_ptr] = n_underlyings - 1;
    assert [range_check_ptr + 1] = MAX_UNDERLYINGS - n_underlyings;
    // 1 <= quorum <= n_oracles <= 16 bounds both.
    assert [range_check_ptr + 2] = quorum - 1;
    assert [range_check_ptr + 3] = n_oracles - quorum;
    assert [range_check_ptr + 4] = MAX_ORACLES - n_oracles;
    assert [range_check_ptr + 5] = max_age_ms;
    assert [range_check_ptr + 6] = max_age_ms + (RC_BOUND - MAX_AGE_BOUND);
    assert [range_check_ptr + 7] = parameters.outflow_share_ppm;
    assert [range_check_ptr + 8] = PPM_ONE - parameters.outflow_share_ppm;
    let range_check_ptr = range_check_ptr + 9;
    return (
        word=n_underlyings + n_oracles * 2 ** 8 + quorum * 2 ** 16 + max_age_ms * 2 ** 24 +
        parameters.outflow_share_ppm * 2 ** 56,
    );
}

// Guarantee: every packed field is bounded by its width, so that the words have one reading; the
// highest fee is the larger one, and the least order is also given in quanta.
func check_underlying{range_check_ptr}(underlying: Underlying*) {
    let rate_limit = RC_BOUND - RATE_BOUND;
    assert [range_check_ptr] = underlying.multiplier;
    assert [range_check_ptr + 1] = underlying.multiplier + (RC_BOUND - MULTIPLIER_BOUND);
    assert [range_check_ptr + 2] = underlying.initial_margin_ppm -
        underlying.maintenance_margin_ppm;
    assert [range_check_ptr + 3] = underlying.initial_margin_ppm + rate_limit;
    assert [range_check_ptr + 4] = underlying.maintenance_margin_ppm;
    assert [range_check_ptr + 5] = underlying.highest_fee_ppm + rate_limit;
    assert [range_check_ptr + 6] = underlying.maker_fee_ppm;
    assert [range_check_ptr + 7] = underlying.taker_fee_ppm;
    // The higher fee is not below either and equal to one of them.
    tempvar above_maker = underlying.highest_fee_ppm - underlying.maker_fee_ppm;
    tempvar above_taker = underlying.highest_fee_ppm - underlying.taker_fee_ppm;
    assert [range_check_ptr + 8] = above_maker;
    assert [range_check_ptr + 9] = above_taker;
    assert above_maker * above_taker = 0;
    assert [range_check_ptr + 10] = underlying.price_band_ppm;
    assert [range_check_ptr + 11] = PPM_ONE - 1 - underlying.price_band_ppm;
    assert [range_check_ptr + 12] = underlying.min_order_usd;
    assert [range_check_ptr + 13] = underlying.min_order_usd + (RC_BOUND - MIN_ORDER_BOUND);
    assert underlying.min_order_quanta = underlying.min_order_usd * QUANTA_PER_USD;
    assert [range_check_ptr + 14] = underlying.display;
    assert [range_check_ptr + 15] = underlying.display + (RC_BOUND - DISPLAY_BOUND);
    assert [range_check_ptr + 16] = underlying.interest_lower_kusd;
    assert [range_check_ptr + 17] = underlying.interest_upper_kusd - underlying.interest_lower_kusd;
    assert [range_check_ptr + 18] = underlying.interest_upper_kusd + (
        RC_BOUND - INTEREST_KUSD_BOUND
    );
    assert [range_check_ptr + 19] = underlying.interest_cap_lots;
    assert [range_check_ptr + 20] = underlying.interest_cap_lots + (RC_BOUND - OPEN_INTEREST_BOUND);
    assert [range_check_ptr + 21] = underlying.position_limit_lots;
    assert [range_check_ptr + 22] = underlying.position_limit_lots + (RC_BOUND - POSITION_BOUND);
    assert [range_check_ptr + 23] = underlying.least_lot_quanta;
    assert [range_check_ptr + 24] = underlying.least_lot_quanta + (RC_BOUND - LEAST_LOT_BOUND);
    assert [range_check_ptr + 25] = underlying.gap_ppm;
    assert [range_check_ptr + 26] = underlying.gap_ppm + rate_limit;
    assert [range_check_ptr + 27] = underlying.gap_budgets;
    assert [range_check_ptr + 28] = underlying.gap_budgets + (RC_BOUND - GAP_BUDGETS_BOUND);
    // The top field of its word, at bit 200.
    assert [range_check_ptr + 29] = underlying.ends_ms;
    assert [range_check_ptr + 30] = underlying.ends_ms + (RC_BOUND - TIME_BOUND);
    let range_check_ptr = range_check_ptr + 31;
    assert underlying.limits_word = underlying.interest_cap_lots + underlying.position_limit_lots *
        OPEN_INTEREST_BOUND + underlying.least_lot_quanta * (OPEN_INTEREST_BOUND * POSITION_BOUND) +
        underlying.gap_ppm * 2 ** 104 + underlying.gap_budgets * 2 ** 124 + underlying.ends_ms *
        END_SHIFT;
    let is_post_only = underlying.is_post_only;
    assert is_post_only = is_post_only * is_post_only;
    let is_reduce_only = underlying.is_reduce_only;
    assert is_reduce_only = is_reduce_only * is_reduce_only;
    // What ends is reduce-only.
    assert underlying.ends_ms = underlying.ends_ms * is_reduce_only;
    let is_halted = underlying.is_halted;
    assert is_halted = is_halted * is_halted;
    // The top field, at bit 247: the word stays below 2^251, and that below the prime.
    assert [range_check_ptr] = underlying.margin_deviations;
    assert [range_check_ptr + 1] = underlying.margin_deviations + (RC_BOUND - DEVIATIONS_BOUND);
    let range_check_ptr = range_check_ptr + 2;
    assert underlying.word = underlying.multiplier + underlying.initial_margin_ppm * 2 ** 12 +
        underlying.maintenance_margin_ppm * 2 ** 32 + underlying.maker_fee_ppm * 2 ** 52 +
        underlying.taker_fee_ppm * 2 ** 72 + underlying.price_band_ppm * 2 ** 92 +
        underlying.min_order_usd * 2 ** 112 + underlying.display * 2 ** 128 +
        underlying.interest_lower_kusd * 2 ** 196 + underlying.interest_upper_kusd * 2 ** 220 +
        is_post_only * 2 ** 244 + is_reduce_only * REDUCE_ONLY_SHIFT + is_halted * 2 ** 246 +
        underlying.margin_deviations * 2 ** 247;
    return ();
}
