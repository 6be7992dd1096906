from circuits.cairo.constants import LEAVING_MARGIN_PPM, PPM_ONE, PRICE_X16_ONE
from circuits.cairo.numeric import divide, is_wide_nonnegative
from circuits.cairo.state.accounts import Account
from circuits.cairo.state.prices import Price
from circuits.cairo.state.positions import Position

// equity_x16 * 10^6 of one quantum of collateral.
const COLLATERAL_FACTOR = PRICE_X16_ONE * PPM_ONE;

// What a failing account's positions are worth, and must be backed with. Its orders do not count.
struct Legs {
    value_x16: felt,
    maintenance: felt,
    initial: felt,
}

// What positions are worth at the mark, what equity must be of them, and what they are worth whatever is
// charged of what they gained: in the scale of equity_x16 * 10^6, as the second is.
struct Sums {
    value_x16: felt,
    maintenance: felt,
    settled: felt,
}

// Returns Account.surplus at the given prices: what the account is worth whatever is charged of what it
// gained (see complete_price), but for its collateral, less its initial requirement. The cached sum is used while its table of prices is
// the current one. makers.cairo and place_order.cairo repeat this to save steps: keep in step.
func surplus_of(account: Account*, prices: Price**) -> (surplus: felt) {
    if (prices - account.prices == 0) {
        return (surplus=account.surplus);
    }
    return sum_surplus(account.positions, prices, 0);
}

func sum_surplus(position: Position*, prices: Price**, sum) -> (surplus: felt) {
    if (cast(position, felt) == 0) {
        return (surplus=sum);
    }
    tempvar price: Price* = prices[position.market_id];
    tempvar value = position.size_lots * price.value_factor;
    tempvar paid_more = position.long_lots * price.spread_factor;
    tempvar opening = position.exposure_lots * price.opening_factor;
    return sum_surplus(position.next, prices, sum + value - paid_more - opening);
}

// Returns what Account.surplus is with the initial requirement, which is not only for new risk. `sum` is
// the surplus.
func sum_initial(position: Position*, prices: Price**, sum) -> (excess: felt) {
    if (cast(position, felt) == 0) {
        return (excess=sum);
    }
    tempvar price: Price* = prices[position.market_id];
    tempvar forecast = position.exposure_lots * (price.opening_factor - price.initial_factor);
    return sum_initial(position.next, prices, sum + forecast);
}

// Returns what Account.surplus is with what settled equity must be of the positions when an amount leaves
// the account in place of what new risk needs. `sum` is the surplus. Sums stay below 2^145.
func sum_leaving(position: Position*, prices: Price**, sum) -> (excess: felt) {
    if (cast(position, felt) == 0) {
        return (excess=sum);
    }
    let price = prices[position.market_id];
    // |size| = 2 * max(size, 0) - size.
    tempvar absolute = 2 * position.long_lots - position.size_lots;
    tempvar kept = absolute * price.lot_value_x16 * LEAVING_MARGIN_PPM;
    tempvar opening = position.exposure_lots * price.opening_factor;
    return sum_leaving(position.next, prices, sum + opening - kept);
}

// The margin rule of docs/spec/protocol.md section 7, for accounts that the quick test of the
// callers (excess within one range-check cell) does not settle.
//
// Assumption: `excess` is equity_x16 * 10^6 minus what new risk needs after the operation, for which
// `fee_quanta` were paid out of `collateral_after`; `old` and `slot` are the slot of the operation's
// market before and after; `is_resting` is 1 if an order was filled that rested before, else 0.
// Guarantee: `is_allowed` is 1 if the operation is allowed, else 0; both answers are proven. The
// second result is the fee that it pays: all of it, or as much as the rule leaves.
func charge_by_margin_rule{range_check_ptr}(
    excess,
    fee_quanta,
    before: Account*,
    old: Position*,
    slot: Position*,
    collateral_after,
    positions_after: Position*,
    prices: Price**,
    is_resting,
) -> (is_allowed: felt, fee_quanta: felt) {
    alloc_locals;
    let (meets_opening) = is_wide_nonnegative(excess);
    if (meets_opening != 0) {
        return (is_allowed=1, fee_quanta=fee_quanta);
    }
    let (local shrinks) = does_not_grow(old, slot);
    let (excess) = sum_initial(positions_after, prices, excess);
    let (meets_initial) = is_wide_nonnegative(excess);
    // What a forecast adds is neither for what does not grow nor for what rested.
    if (meets_initial * (shrinks + is_resting) != 0) {
        return (is_allowed=1, fee_quanta=fee_quanta);
    }
    if (shrinks == 0) {
        return (is_allowed=0, fee_quanta=0);
    }
    let (local health_before: Sums) = sum_health(before.positions, prices, Sums(0, 0, 0));
    local maintenance_before = health_before.maintenance;
    local equity_before = before.collateral_quanta * PRICE_X16_ONE + health_before.value_x16;
    let (is_solvent) = is_wide_nonnegative(equity_before);
    if (is_solvent == 0) {
        return (is_allowed=0, fee_quanta=0);
    }
    let (local health: Sums) = sum_health(positions_after, prices, Sums(0, 0, 0));
    tempvar equity_after = collateral_after * PRICE_X16_ONE + health.value_x16;
    let (is_healthy, local healthy_fee_quanta) = cap_fee(
        fee_quanta,
        equity_after * maintenance_before - equity_before * health.maintenance,
        maintenance_before * PRICE_X16_ONE,
    );
    if (is_healthy == 0) {
        return (is_allowed=0, fee_quanta=0);
    }
    // Gains that are not settled are nobody's to give away.
    let (debt) = smaller_of_zero(
        before.collateral_quanta * COLLATERAL_FACTOR + health_before.settled
    );
    tempvar left_quanta = collateral_after + fee_quanta - healthy_fee_quanta;
    return cap_fee(
        healthy_fee_quanta,
        left_quanta * COLLATERAL_FACTOR + health.settled - debt,
        COLLATERAL_FACTOR,
    );
}

// Returns min(value, 0). Assumption: |value| < 2^248.
func smaller_of_zero{range_check_ptr}(value) -> (smaller: felt) {
    let (is_positive) = is_wide_nonnegative(value);
    if (is_positive != 0) {
        return (smaller=0);
    }
    return (smaller=value);
}

// Returns whether nothing is lost without a fee, and how much of the fee is not more than is gained.
//
// Assumption: `gain` is what is gained with the whole fee, and `quantum` what each quantum of it
// costs, not negative. Equity is below 2^117 and a requirement below 2^122, so that a gain stays
// below 2^240; what is settled is below 2^145.
func cap_fee{range_check_ptr}(fee_quanta, gain, quantum) -> (is_allowed: felt, fee_quanta: felt) {
    alloc_locals;
    let (is_enough) = is_wide_nonnegative(gain);
    if (is_enough != 0) {
        return (is_allowed=1, fee_quanta=fee_quanta);
    }
    local gain_without_fee = gain + fee_quanta * quantum;
    let (is_allowed) = is_wide_nonnegative(gain_without_fee);
    if (is_allowed == 0) {
        return (is_allowed=0, fee_quanta=0);
    }
    // The fee made the difference: a quantum of it is not nothing, and less than all of it is paid.
    let (capped_quanta) = divide(gain_without_fee, quantum);
    return (is_allowed=1, fee_quanta=capped_quanta);
}

// Guarantee: 1 if the slot did not grow or flip, else 0, both proven; no open sum grew.
//
// The last is asserted, not answered: a maker's open sums never grow, and a taker whose did may not
// trade.
func does_not_grow{range_check_ptr}(old: Position*, slot: Position*) -> (res: felt) {
    alloc_locals;
    // Of absolute values the squares are compared: both are below 2^72.
    tempvar size = old.size_lots;
    tempvar size_after = slot.size_lots;
    let (no_larger) = is_wide_nonnegative(size * size - size_after * size_after);
    if (no_larger == 0) {
        return (res=0);
    }
    let (same_sign) = is_wide_nonnegative(old.size_lots * slot.size_lots);
    if (same_sign == 0) {
        return (res=0);
    }
    assert [range_check_ptr] = old.open_buy_lots - slot.open_buy_lots;
    assert [range_check_ptr + 1] = old.open_sell_lots - slot.open_sell_lots;
    let range_check_ptr = range_check_ptr + 2;
    return (res=1);
}

// Returns the same sums as sum_maintenance, and what is settled of the worth.
func sum_health(position: Position*, prices: Price**, sums: Sums) -> (sums: Sums) {
    if (cast(position, felt) == 0) {
        return (sums=sums);
    }
    tempvar price: Price* = prices[position.market_id];
    tempvar size = position.size_lots;
    tempvar longs = position.long_lots;
    // |size| = 2 * max(size, 0) - size.
    tempvar requirement = (2 * longs - size) * price.maintenance_factor;
    tempvar paid_more = longs * price.spread_quanta;
    tempvar value_of_slot = size * price.short_worth_x16 - paid_more * PRICE_X16_ONE;
    tempvar settled_more = longs * price.spread_factor;
    tempvar settled = size * price.value_factor - settled_more;
    return sum_health(
        position.next,
        prices,
        Sums(
            sums.value_x16 + value_of_slot, sums.maintenance + requirement, sums.settled + settled
        ),
    );
}

func sum_maintenance(position: Position*, prices: Price**, value, maintenance) -> (
    value_x16: felt, maintenance: felt
) {
    if (cast(position, felt) == 0) {
        return (value_x16=value, maintenance=maintenance);
    }
    tempvar price: Price* = prices[position.market_id];
    // |size| = 2 * max(size, 0) - size.
    tempvar absolute = 2 * position.long_lots - position.size_lots;
    tempvar paid_more = position.long_lots * price.spread_quanta;
    tempvar value_of_slot = position.size_lots * price.short_worth_x16 - paid_more * PRICE_X16_ONE;
    tempvar requirement = absolute * price.maintenance_factor;
    return sum_maintenance(position.next, prices, value + value_of_slot, maintenance + requirement);
}

// Returns sums over slots: of worth, and of both requirements of the positions.
func sum_legs(position: Position*, prices: Price**, value, maintenance, initial) -> (legs: Legs) {
    if (cast(position, felt) == 0) {
        return (legs=Legs(value_x16=value, maintenance=maintenance, initial=initial));
    }
    tempvar price: Price* = prices[position.market_id];
    // |size| = 2 * max(size, 0) - size.
    tempvar absolute = 2 * position.long_lots - position.size_lots;
    tempvar paid_more = position.long_lots * price.spread_quanta;
    tempvar value_of_slot = position.size_lots * price.short_worth_x16 - paid_more * PRICE_X16_ONE;
    tempvar maintenance_of_slot = absolute * price.maintenance_factor;
    tempvar initial_of_slot = absolute * price.initial_factor;
    return sum_legs(
        position.next,
        prices,
        value + value_of_slot,
        maintenance + maintenance_of_slot,
        initial + initial_of_slot,
    );
}
