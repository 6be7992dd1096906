from starkware.cairo.common.dict_access import DictAccess
from starkware.cairo.common.registers import get_fp_and_pc

from circuits.cairo.constants import (
    BUDGET_BOUND,
    BUDGET_SHARE,
    DAY_BOUND,
    MARKET_KEY_BASE,
    POOL_LOTS_BOUND,
    RC_BOUND,
)
from circuits.cairo.legs import Leg
from circuits.cairo.numeric import smaller_of, split
from circuits.cairo.pooling import Shares, make_shared, pass_on
from circuits.cairo.state.markets import Market
from circuits.cairo.state.pools import Pool
from circuits.cairo.state.prices import Price

// How the debt of an account is shared.
struct Sharing {
    // 1 if legs bear it by their losses, 0 if by what they are worth, as none has lost anything.
    by_loss: felt,
    // What the insurance fund is worth, 0 if it may not pay; and the day of its budgets.
    worth_quanta: felt,
    day: felt,
}

// What is left to be shared, and by how much weight; what came of the rest.
struct Settlement {
    debt_quanta: felt,
    weight: felt,
    // By the insurance fund, and to it by pools that have no lots any more.
    insured_quanta: felt,
    income_quanta: felt,
    // Charged to nobody.
    missing_quanta: felt,
}

// Writes the table of prices that holds once each leg has gone to its pool, with its part of the debt.
//
// Assumption: the legs ascend by market, are of rows of the table, and end with one of no market.
// Guarantee: docs/spec/protocol.md, section 14.
func give_legs{range_check_ptr, markets_log: DictAccess*}(
    prices: Price**,
    old_prices: Price**,
    market_id,
    n_left,
    leg: Leg*,
    sharing: Sharing*,
    before: Settlement,
) -> (settlement: Settlement) {
    alloc_locals;
    if (n_left == 0) {
        return (settlement=before);
    }
    if (leg.market_id != market_id) {
        assert prices[0] = old_prices[0];
        return give_legs(
            prices + 1, old_prices + 1, market_id + 1, n_left - 1, leg, sharing, before
        );
    }
    let (row, settlement) = give_leg(old_prices[0], leg, sharing, before);
    assert prices[0] = row;
    return give_legs(
        prices + 1, old_prices + 1, market_id + 1, n_left - 1, leg + Leg.SIZE, sharing, settlement
    );
}

// Gives a leg to its pool, with its part of the debt: insurance pays first, then who gained what the leg
// lost, as far as it did, then nobody. What a pool has that is without lots then is insurance's.
func give_leg{range_check_ptr, markets_log: DictAccess*}(
    old: Price*, leg: Leg*, sharing: Sharing*, before: Settlement
) -> (price: Price*, settlement: Settlement) {
    alloc_locals;
    let (__fp__, _) = get_fp_and_pc();
    local weight = leg.notional_quanta + sharing.by_loss * (leg.loss_quanta - leg.notional_quanta);
    let (local part_quanta) = part_of(before.debt_quanta, weight, before.weight);
    let (local budget: Budget) = pay_part(
        old.pool, part_quanta, sharing, sharing.worth_quanta - before.insured_quanta
    );
    let (local charged_quanta) = smaller_of(part_quanta - budget.paid_quanta, leg.loss_quanta);
    local pool: Pool = Pool(
        cash_quanta=old.pool.cash_quanta - leg.value_quanta - charged_quanta,
        lots=old.pool.lots + leg.size_lots,
        short_prefix=old.pool.short_prefix,
        budget_quanta=budget.left_quanta,
        budget_day=budget.day,
    );
    // What pass_on does not change: see check_pool.
    tempvar biased_lots = pool.lots + POOL_LOTS_BOUND;
    assert [range_check_ptr] = biased_lots;
    assert [range_check_ptr + 1] = biased_lots + (RC_BOUND - 2 * POOL_LOTS_BOUND);
    assert [range_check_ptr + 2] = budget.left_quanta;
    assert [range_check_ptr + 3] = budget.left_quanta + (RC_BOUND - BUDGET_BOUND);
    assert [range_check_ptr + 4] = budget.day;
    assert [range_check_ptr + 5] = budget.day + (RC_BOUND - DAY_BOUND);
    let range_check_ptr = range_check_ptr + 6;
    let (local side, lots) = close_leg(leg, pool.lots);
    let (local shares: Shares) = pass_on(old, old.long_prefix, &pool, old.reference, side, lots, 0);
    local settlement: Settlement;
    assert settlement.debt_quanta = before.debt_quanta - part_quanta;
    assert settlement.weight = before.weight - weight;
    assert settlement.insured_quanta = before.insured_quanta + budget.paid_quanta;
    assert settlement.missing_quanta = before.missing_quanta + part_quanta - budget.paid_quanta -
        charged_quanta + shares.missing_quanta;
    if (pool.lots != 0) {
        assert settlement.income_quanta = before.income_quanta;
        let (price) = make_shared(old, shares);
        return (price=price, settlement=settlement);
    }
    // It is worth what it has, which is not less than nothing.
    assert settlement.income_quanta = before.income_quanta + shares.pool.cash_quanta;
    local empty: Pool = Pool(
        cash_quanta=0,
        lots=0,
        short_prefix=shares.pool.short_prefix,
        budget_quanta=budget.left_quanta,
        budget_day=budget.day,
    );
    let (price) = make_shared(old, Shares(shares.long_prefix, &empty, shares.reference, 0, 1));
    return (price=price, settlement=settlement);
}

// Returns a leg's part of what is left of a debt: all of it if the leg is the last with any weight.
func part_of{range_check_ptr}(debt_quanta, weight, weight_left) -> (part_quanta: felt) {
    if (debt_quanta == 0) {
        return (part_quanta=0);
    }
    if (weight == 0) {
        return (part_quanta=0);
    }
    // A debt is below 2^96, a weight below 2^97, and so many below 2^102.
    let (part_quanta, _) = split(debt_quanta * weight, weight_left);
    return (part_quanta=part_quanta);
}

// What insurance pays for a market, and what it may still pay on that day.
struct Budget {
    paid_quanta: felt,
    left_quanta: felt,
    day: felt,
}

// Guarantee: insurance pays all of a debt, or as much as it has and may. The first debt of a day gives the
// market a budget, if there is a fund that can pay.
func pay_part{range_check_ptr}(pool: Pool*, debt_quanta, sharing: Sharing*, worth_left_quanta) -> (
    budget: Budget
) {
    alloc_locals;
    if (debt_quanta * sharing.worth_quanta == 0) {
        return (budget=Budget(0, pool.budget_quanta, pool.budget_day));
    }
    let (local budget_quanta) = budget_of(pool, sharing);
    let (affordable_quanta) = smaller_of(budget_quanta, worth_left_quanta);
    let (paid_quanta) = smaller_of(debt_quanta, affordable_quanta);
    return (budget=Budget(paid_quanta, budget_quanta - paid_quanta, sharing.day));
}

func budget_of{range_check_ptr}(pool: Pool*, sharing: Sharing*) -> (budget_quanta: felt) {
    if (pool.budget_day == sharing.day) {
        return (budget_quanta=pool.budget_quanta);
    }
    let (share_quanta, _) = split(sharing.worth_quanta, BUDGET_SHARE);
    let (budget_quanta) = smaller_of(share_quanta, BUDGET_BOUND - 1);
    return (budget_quanta=budget_quanta);
}

// Takes a leg's lots out of the open interest. Returns the side that stands against it, and the lots that
// accounts hold there.
func close_leg{markets_log: DictAccess*}(leg: Leg*, pool_lots) -> (side: felt, lots: felt) {
    alloc_locals;
    let (__fp__, _) = get_fp_and_pc();
    local market: Market*;
    let market_id = leg.market_id;
    // Duty 1 by the entry of add_longs; duty 4 by is_made.
    %{ ids.market = latest_market(ids.markets_log.address_, ids.market_id) %}
    let (open_interest_lots) = add_longs(market_id, market, -leg.long_lots);
    if (leg.long_lots == 0) {
        return (side=0, lots=open_interest_lots);
    }
    return (side=1, lots=open_interest_lots + pool_lots);
}

// Writes a market with more or fewer long lots. Returns how many there are.
func add_longs{markets_log: DictAccess*}(market_id, market: Market*, lots) -> (
    open_interest_lots: felt
) {
    alloc_locals;
    let (__fp__, _) = get_fp_and_pc();
    local after: Market = Market(
        bid_head_id=market.bid_head_id,
        bid_head_price_ticks=market.bid_head_price_ticks,
        ask_head_id=market.ask_head_id,
        ask_head_price_ticks=market.ask_head_price_ticks,
        open_interest_lots=market.open_interest_lots + lots,
        others=market.others,
        is_made=1,
    );
    assert [markets_log] = DictAccess(
        MARKET_KEY_BASE + market_id, cast(market, felt), cast(&after, felt)
    );
    let markets_log = markets_log + DictAccess.SIZE;
    return (open_interest_lots=after.open_interest_lots);
}
