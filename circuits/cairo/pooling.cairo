from starkware.cairo.common.dict_access import DictAccess
from starkware.cairo.common.registers import get_fp_and_pc

from circuits.cairo.constants import (
    CHARGED_BOUND,
    MARKET_KEY_BASE,
    POOL_CASH_BOUND,
    PREFIX_BOUND,
    PRICE_X16_ONE,
    RC_BOUND,
)
from circuits.cairo.numeric import smaller_of, split
from circuits.cairo.state.markets import Market
from circuits.cairo.state.pools import Pool, opposite_side
from circuits.cairo.state.prices import Price, complete_price
from circuits.cairo.state.references import Reference

// What pools change of an underlying, and what they could not charge to anybody.
struct Shares {
    long_prefix: felt,
    pool: Pool*,
    reference: Reference*,
    missing_quanta: felt,
    // 0 if all of it is as it was, and nothing is missing.
    change: felt,
}

// Multiples of what they are divided by, that make positive what is divided: what a pool is worth, with
// 2^16 for each lot of a side, is above -2^111; what a lot gained is above -2^80.
const VALUE_BIAS = 2 ** 95;
const GAIN_BIAS = 2 ** 64;

// Gives a side what a pool is worth, or charges it: each lot the same, a whole number of quanta. What is
// left is less than a quantum a lot, and never a debt.
//
// `received_quanta` is what each lot of the side just got as funding, which the pool paid, too.
// Assumption: `lots` are those of the side; `price` has the mark, and all that follows from it.
// Guarantee: docs/spec/protocol.md, section 14; what changed is within the widths of its words.
func pass_on{range_check_ptr}(
    price: Price*, long_prefix, pool: Pool*, reference: Reference*, side, lots, received_quanta
) -> (shares: Shares) {
    alloc_locals;
    let (__fp__, _) = get_fp_and_pc();
    local value_x16 = pool.cash_quanta * PRICE_X16_ONE + pool.lots * price.lot_value_x16;
    let (room_quanta) = room_of(price, reference, side, received_quanta);
    let (local each_quanta) = share_of(value_x16, lots, room_quanta);
    local given_quanta = each_quanta * lots;
    let (local missing_quanta) = debt_of(value_x16 - given_quanta * PRICE_X16_ONE);
    local pool_after: Pool = Pool(
        cash_quanta=pool.cash_quanta - given_quanta + missing_quanta,
        lots=pool.lots,
        short_prefix=pool.short_prefix + each_quanta * side,
        budget_quanta=pool.budget_quanta,
        budget_day=pool.budget_day,
    );
    // Only what changes is checked: see check_pool, check_prefix and check_reference.
    tempvar biased_cash = pool_after.cash_quanta + POOL_CASH_BOUND;
    assert [range_check_ptr] = biased_cash;
    assert [range_check_ptr + 1] = biased_cash + (RC_BOUND - 2 * POOL_CASH_BOUND);
    let range_check_ptr = range_check_ptr + 2;
    // Both are far below 2^100.
    tempvar moved = each_quanta * each_quanta + received_quanta * received_quanta;
    if (moved == 0) {
        return (shares=Shares(long_prefix, &pool_after, reference, missing_quanta, missing_quanta));
    }
    local long_after = long_prefix - each_quanta * (1 - side);
    tempvar biased_long = long_after + PREFIX_BOUND;
    assert [range_check_ptr] = biased_long;
    assert [range_check_ptr + 1] = biased_long + (RC_BOUND - 2 * PREFIX_BOUND);
    tempvar biased_short = pool_after.short_prefix + PREFIX_BOUND;
    assert [range_check_ptr + 2] = biased_short;
    assert [range_check_ptr + 3] = biased_short + (RC_BOUND - 2 * PREFIX_BOUND);
    // From now on nothing was charged: the next mark from which gains are counted.
    tempvar charged = (-each_quanta) - received_quanta;
    local reference_after: Reference = Reference(
        ref_x16=reference.ref_x16,
        window_x16=price.mark_price_x16,
        jumped_ms=reference.jumped_ms,
        long_charged_quanta=reference.long_charged_quanta + charged * (1 - side),
        short_charged_quanta=reference.short_charged_quanta + charged * side,
    );
    tempvar biased_charge = reference_after.long_charged_quanta + CHARGED_BOUND;
    assert [range_check_ptr + 4] = biased_charge;
    assert [range_check_ptr + 5] = biased_charge + (RC_BOUND - 2 * CHARGED_BOUND);
    tempvar biased_charge = reference_after.short_charged_quanta + CHARGED_BOUND;
    assert [range_check_ptr + 6] = biased_charge;
    assert [range_check_ptr + 7] = biased_charge + (RC_BOUND - 2 * CHARGED_BOUND);
    let range_check_ptr = range_check_ptr + 8;
    return (shares=Shares(long_after, &pool_after, &reference_after, missing_quanta, 1));
}

// Returns how much a lot of a side may be charged: what it gained since the reference mark, less what it
// was charged since; 0 if that is less.
func room_of{range_check_ptr}(price: Price*, reference: Reference*, side, received_quanta) -> (
    room_quanta: felt
) {
    alloc_locals;
    local charged_quanta = reference.long_charged_quanta + side * (
        reference.short_charged_quanta - reference.long_charged_quanta
    );
    tempvar rise_x16 = (price.mark_price_x16 - reference.ref_x16) * price.underlying.multiplier;
    let (biased, _) = split(
        rise_x16 - 2 * side * rise_x16 + GAIN_BIAS * PRICE_X16_ONE, PRICE_X16_ONE
    );
    local gain_quanta = biased - GAIN_BIAS - charged_quanta + received_quanta;
    let (least) = smaller_of(gain_quanta, 0);
    return (room_quanta=gain_quanta - least);
}

// Returns what each lot gets, rounded down; what it is charged is no more than there is room for.
func share_of{range_check_ptr}(value_x16, lots, room_quanta) -> (each_quanta: felt) {
    alloc_locals;
    if (lots == 0) {
        return (each_quanta=0);
    }
    local divisor = lots * PRICE_X16_ONE;
    // Fewer than 2^48 lots.
    let (biased, _) = split(value_x16 + divisor * VALUE_BIAS, divisor);
    let (charged_quanta) = smaller_of(VALUE_BIAS - biased, room_quanta);
    return (each_quanta=-charged_quanta);
}

// Returns what is lacking of nothing, rounded up: 0 if nothing is.
func debt_of{range_check_ptr}(left_x16) -> (missing_quanta: felt) {
    tempvar a = left_x16;
    %{ memory[ap] = 0 if 0 <= (ids.a % PRIME) < range_check_builtin.bound else 1 %}
    jmp lacking if [ap] != 0, ap++;
    assert [range_check_ptr] = a;
    let range_check_ptr = range_check_ptr + 1;
    return (missing_quanta=0);

    lacking:
    // More than nothing is lacking, so that at least a quantum is.
    assert [range_check_ptr] = (-a) - 1;
    let range_check_ptr = range_check_ptr + 1;
    let (missing_quanta, _) = split((-a) + PRICE_X16_ONE - 1, PRICE_X16_ONE);
    return (missing_quanta=missing_quanta);
}

// Returns the lots that accounts hold on a side; those of the pool are not among them. The market is
// looked at only.
func lots_held{markets_log: DictAccess*}(market_id, side, pool_lots) -> (lots: felt) {
    alloc_locals;
    local market: Market*;
    // Duty 1 by the entry below: the chain of records still has to reach this one.
    %{ ids.market = latest_market(ids.markets_log.address_, ids.market_id) %}
    assert [markets_log] = DictAccess(
        MARKET_KEY_BASE + market_id, cast(market, felt), cast(market, felt)
    );
    let markets_log = markets_log + DictAccess.SIZE;
    return (lots=market.open_interest_lots + side * pool_lots);
}

// Returns a row that differs from an old one in what pools change: neither the mark, nor what follows
// from it alone. Same as make_price, keep in step.
func make_shared{range_check_ptr}(old: Price*, shares: Shares) -> (price: Price*) {
    alloc_locals;
    let (__fp__, _) = get_fp_and_pc();
    tempvar short_prefix = shares.pool.short_prefix;
    local price: Price;
    assert price.long_prefix = shares.long_prefix;
    assert price.pool = shares.pool;
    assert price.reference = shares.reference;
    assert price.spread_quanta = shares.long_prefix - short_prefix;
    assert price.short_worth_x16 = old.lot_value_x16 - short_prefix * PRICE_X16_ONE;
    assert price.index_price_x16 = old.index_price_x16;
    assert price.dead_below_order_id = old.dead_below_order_id;
    assert price.is_listed = old.is_listed;
    assert price.missed_samples = old.missed_samples;
    assert price.premium_x16 = old.premium_x16;
    assert price.added_margin_ppm = old.added_margin_ppm;
    assert price.forecast_margin_ppm = old.forecast_margin_ppm;
    assert price.is_silent = old.is_silent;
    assert price.underlying = old.underlying;
    assert price.index_margin = old.index_margin;
    assert price.premium_limit_x16 = old.premium_limit_x16;
    assert price.mark_price_x16 = old.mark_price_x16;
    assert price.lot_value_x16 = old.lot_value_x16;
    assert price.initial_margin_ppm = old.initial_margin_ppm;
    assert price.initial_factor = old.initial_factor;
    assert price.opening_factor = old.opening_factor;
    assert price.maintenance_factor = old.maintenance_factor;
    assert price.buy_limit = old.buy_limit;
    assert price.sell_limit = old.sell_limit;
    assert price.least_fee_limit_ppm = old.least_fee_limit_ppm;
    assert price.least_opening_quanta = old.least_opening_quanta;
    complete_price(&price, old.free_from_ms);
    return (price=&price);
}

// Lets all pools pass on what they are worth at the marks of a table. Returns the table that holds then,
// which is the same if there is none, and what could not be charged.
//
// Assumption: `pools` is 0 only if no pool has lots.
func pass_on_all{range_check_ptr, markets_log: DictAccess*}(
    prices: Price**, n_underlyings, pools
) -> (prices: Price**, missing_quanta: felt) {
    alloc_locals;
    if (pools == 0) {
        return (prices=prices, missing_quanta=0);
    }
    local after: Price** = prices + n_underlyings;
    let (missing_quanta) = pass_on_rows(after, prices, 0, n_underlyings, 0);
    return (prices=after, missing_quanta=missing_quanta);
}

func pass_on_rows{range_check_ptr, markets_log: DictAccess*}(
    prices: Price**, old_prices: Price**, market_id, n_left, missing_quanta
) -> (missing_quanta: felt) {
    alloc_locals;
    if (n_left == 0) {
        return (missing_quanta=missing_quanta);
    }
    if (old_prices[0].pool.lots == 0) {
        assert prices[0] = old_prices[0];
        return pass_on_rows(prices + 1, old_prices + 1, market_id + 1, n_left - 1, missing_quanta);
    }
    let (row, missing) = pass_on_row(old_prices[0], market_id, 0);
    assert prices[0] = row;
    return pass_on_rows(
        prices + 1, old_prices + 1, market_id + 1, n_left - 1, missing_quanta + missing
    );
}

// Returns a row after its pool has passed on what it is worth to the side that stands against it.
//
// Assumption: the pool has lots. `paid_quanta` is what each lot held long just paid those held short.
func pass_on_row{range_check_ptr, markets_log: DictAccess*}(
    old: Price*, market_id, paid_quanta
) -> (price: Price*, missing_quanta: felt) {
    alloc_locals;
    let (local side, _) = opposite_side(old.pool.lots);
    let (lots) = lots_held(market_id, side, old.pool.lots);
    let (local shares) = pass_on(
        old, old.long_prefix, old.pool, old.reference, side, lots, (2 * side - 1) * paid_quanta
    );
    if (shares.change == 0) {
        return (price=old, missing_quanta=0);
    }
    let (price) = make_shared(old, shares);
    return (price=price, missing_quanta=shares.missing_quanta);
}
