from starkware.cairo.common.alloc import alloc
from starkware.cairo.common.dict_access import DictAccess
from starkware.cairo.common.registers import get_fp_and_pc, get_label_location

from circuits.cairo.auction import Health, is_failing, sum_silent, with_auction
from circuits.cairo.constants import (
    AUCTION_LIFE_MS,
    DAY_MS,
    FEE_ACCOUNT_ID,
    INSURANCE_ACCOUNT_ID,
    POSITION_BOUND,
    PPM_ONE,
    PRICE_X16_ONE,
    TAKE_OVER_AFTER_MS,
)
from circuits.cairo.debts import Settlement, Sharing, add_longs, give_legs
from circuits.cairo.environment import Environment, with_prices
from circuits.cairo.legs import NO_MARKET, Leg, LegSums, write_legs
from circuits.cairo.margin import COLLATERAL_FACTOR, sum_surplus
from circuits.cairo.numeric import (
    assert_wide_nonnegative,
    is_wide_nonnegative,
    larger_of_zero,
    smaller_of,
    split,
)
from circuits.cairo.state.accounts import Account, Identity
from circuits.cairo.state.markets import Market
from circuits.cairo.state.positions import Position, close_slots, find_position, replace_position
from circuits.cairo.state.prices import Price
from circuits.cairo.transactions.liquidate import measure

// The transaction as the prover gives it: whose positions. `by_age` says which of two reasons holds; if
// both do, either leads to the same.
struct TakeOver {
    account_id: felt,
    by_age: felt,
}

// The orders of a hopeless account die, and all its positions go to insurance, or to the pools. Nobody
// signs this: the rules leave no choice. Returns the environment with what the pools have then.
func take_over{range_check_ptr, accounts_log: DictAccess*, markets_log: DictAccess*}(
    environment: Environment*, time_ms, next_order_id
) -> (environment: Environment*) {
    alloc_locals;
    let (__fp__, _) = get_fp_and_pc();
    local message: TakeOver;
    %{ segments.write_arg(ids.message.address_, next(witness)) %}
    let (local legs: Leg*) = alloc();
    let (local sums: LegSums, local is_solvent) = take_all(
        environment, &message, time_ms, next_order_id, legs
    );
    local account: Account*;
    let account_id = INSURANCE_ACCOUNT_ID;
    // If it was the fund that was taken over, it has nothing any more: it meets no margin, and cannot
    // pay. Duty 1 by the log entry below; duty 4 by its prices.
    %{ ids.account = latest_account(ids.accounts_log.address_, ids.account_id) %}
    let (local insured: Account*, is_taken) = insure(
        environment.prices, account, legs, sums.balance_quanta, is_solvent
    );
    if (is_taken != 0) {
        assert [accounts_log] = DictAccess(
            INSURANCE_ACCOUNT_ID, cast(account, felt), cast(insured, felt)
        );
        let accounts_log = accounts_log + DictAccess.SIZE;
        return (environment=environment);
    }
    let (environment, paid: Account*) = give_to_pools(environment, account, legs, sums, time_ms);
    assert [accounts_log] = DictAccess(INSURANCE_ACCOUNT_ID, cast(account, felt), cast(paid, felt));
    let accounts_log = accounts_log + DictAccess.SIZE;
    return (environment=environment);
}

// Takes everything from an account: its orders, positions and collateral. Returns what its legs come to,
// its collateral with them, and whether it was worth anything.
func take_all{range_check_ptr, accounts_log: DictAccess*}(
    environment: Environment*, message: TakeOver*, time_ms, next_order_id, legs: Leg*
) -> (sums: LegSums, is_solvent: felt) {
    alloc_locals;
    let (__fp__, _) = get_fp_and_pc();
    local account: Account*;
    let account_id = message.account_id;
    // Duty 1 by the log entry below; duty 4 by its prices.
    %{ ids.account = latest_account(ids.accounts_log.address_, ids.account_id) %}
    // A timer that has run out is applied first: see apply_timer.
    assert [range_check_ptr] = account.cancel_all_at_ms - time_ms - 1;
    assert [range_check_ptr + 1] = environment.price_valid_until_ms - time_ms;
    assert [range_check_ptr + 2] = message.account_id - FEE_ACCOUNT_ID - 1;
    let range_check_ptr = range_check_ptr + 3;
    let (silent) = sum_silent(account.positions, environment.prices, 0);
    assert silent = 0;
    let (local health: Health) = measure(
        account.collateral_quanta, account.positions, environment.prices
    );
    assert_hopeless(health, account.identity.auction_start_ms, time_ms, message.by_age);
    let (local sums: LegSums, end) = write_legs(
        account.positions, environment.prices, legs, LegSums(account.collateral_quanta, 0, 0)
    );
    // There is a leg.
    assert [range_check_ptr] = cast(end, felt) - cast(legs, felt) - 1;
    let range_check_ptr = range_check_ptr + 1;
    let (local is_solvent) = is_wide_nonnegative(health.equity_x16);
    let (local positions: Position*) = close_slots(account.positions, next_order_id);
    let (identity) = end_auction(account.identity);
    local after: Account = Account(
        identity=identity,
        window_0=account.window_0,
        fees_quanta=account.fees_quanta,
        collateral_quanta=0,
        cancel_all_at_ms=account.cancel_all_at_ms,
        positions=positions,
        prices=environment.prices,
        surplus=0,
    );
    assert [accounts_log] = DictAccess(message.account_id, cast(account, felt), cast(&after, felt));
    let accounts_log = accounts_log + DictAccess.SIZE;
    return (sums=sums, is_solvent=is_solvent);
}

// Guarantee: the account is worth less than two thirds of what it must be, or it is worth less than that,
// and its positions have been up for auction for a minute.
func assert_hopeless{range_check_ptr}(health: Health, auction_start_ms, time_ms, by_age) {
    assert by_age = by_age * by_age;
    tempvar age_ms = time_ms - auction_start_ms;
    assert [range_check_ptr] = by_age * (age_ms - TAKE_OVER_AFTER_MS);
    assert [range_check_ptr + 1] = by_age * (AUCTION_LIFE_MS - 1 - age_ms);
    let range_check_ptr = range_check_ptr + 2;
    return assert_wide_nonnegative(
        (2 - by_age) * health.maintenance - (3 - 2 * by_age) * PPM_ONE * health.equity_x16 - 1
    );
}

func end_auction(identity: Identity*) -> (identity: Identity*) {
    if (identity.auction_start_ms == 0) {
        return (identity=identity);
    }
    let (after) = with_auction(identity, 0);
    return (identity=after);
}

// What the insurance fund would gain with a leg and those behind it.
struct Insured {
    // Less what they are worth.
    paid_quanta: felt,
    surplus_change: felt,
    // Positions that would be larger than an account may have.
    n_too_large: felt,
    // What the leg changes of the open interest; and the same of the legs behind it.
    long_change: felt,
    behind: Insured*,
}

// Gives all legs to the insurance fund, at the mark, with the collateral that stood behind them, if they
// are worth something and it has what new risk needs then. Both answers are proven.
func insure{range_check_ptr, markets_log: DictAccess*}(
    prices: Price**, fund: Account*, legs: Leg*, balance_quanta, is_solvent
) -> (fund: Account*, is_taken: felt) {
    alloc_locals;
    let (__fp__, _) = get_fp_and_pc();
    if (is_solvent == 0) {
        return (fund=fund, is_taken=0);
    }
    let (no_slot, _) = find_position(cast(0, Position*), 0, 0);
    let (local positions: Position*, local gained: Insured*) = add_legs(
        legs, fund.positions, prices, no_slot
    );
    let (surplus) = sum_surplus(fund.positions, prices, gained.surplus_change);
    local collateral_quanta = fund.collateral_quanta + balance_quanta + gained.paid_quanta;
    local after: Account = Account(
        identity=fund.identity,
        window_0=fund.window_0,
        fees_quanta=fund.fees_quanta,
        collateral_quanta=collateral_quanta,
        cancel_all_at_ms=fund.cancel_all_at_ms,
        positions=positions,
        prices=prices,
        surplus=surplus,
    );
    let (has_margin) = is_wide_nonnegative(collateral_quanta * COLLATERAL_FACTOR + surplus);
    if (has_margin == 0) {
        return (fund=fund, is_taken=0);
    }
    if (gained.n_too_large != 0) {
        return (fund=fund, is_taken=0);
    }
    move_longs(legs, gained);
    return (fund=&after, is_taken=1);
}

// Adds legs to a list of slots.
//
// Assumption: legs and slots ascend strictly; `no_slot` is a record of zeros.
// Guarantee: so does the result.
func add_legs{range_check_ptr}(
    leg: Leg*, slots: Position*, prices: Price**, no_slot: Position*
) -> (positions: Position*, gained: Insured*) {
    alloc_locals;
    if (leg.market_id == NO_MARKET) {
        let (nothing) = get_label_location(no_gain);
        return (positions=slots, gained=cast(nothing, Insured*));
    }
    jmp compare if slots != 0;
    return add_leg(leg, no_slot, slots, prices, no_slot);

    compare:
    tempvar a = slots.market_id - leg.market_id;
    if (a == 0) {
        return add_leg(leg, slots, slots.next, prices, no_slot);
    }
    %{ memory[ap] = 0 if 0 <= (ids.a % PRIME) < range_check_builtin.bound else 1 %}
    jmp ascend if [ap] != 0, ap++;
    assert [range_check_ptr] = a;
    let range_check_ptr = range_check_ptr + 1;
    return add_leg(leg, no_slot, slots, prices, no_slot);

    ascend:
    assert [range_check_ptr] = -a;
    let range_check_ptr = range_check_ptr + 1;
    let (__fp__, _) = get_fp_and_pc();
    local copy: Position;
    let (rest: Position*, gained: Insured*) = add_legs(leg, slots.next, prices, no_slot);
    assert copy = Position(
        market_id=slots.market_id,
        size_lots=slots.size_lots,
        open_buy_lots=slots.open_buy_lots,
        open_sell_lots=slots.open_sell_lots,
        n_orders=slots.n_orders,
        min_order_id=slots.min_order_id,
        exposure_lots=slots.exposure_lots,
        long_lots=slots.long_lots,
        next=rest,
    );
    return (positions=&copy, gained=gained);

    no_gain:
    dw 0;
    dw 0;
    dw 0;
    dw 0;
    dw 0;
}

// The same, where `old` is the slot of the leg's market, a record of zeros if there is none, and `rest`
// what is behind it.
func add_leg{range_check_ptr}(
    leg: Leg*, old: Position*, rest: Position*, prices: Price**, no_slot: Position*
) -> (positions: Position*, gained: Insured*) {
    alloc_locals;
    let (__fp__, _) = get_fp_and_pc();
    let (local behind: Position*, local sum: Insured*) = add_legs(
        leg + Leg.SIZE, rest, prices, no_slot
    );
    local price: Price* = prices[leg.market_id];
    local slot: Position;
    assert slot.market_id = leg.market_id;
    assert slot.size_lots = old.size_lots + leg.size_lots;
    assert slot.open_buy_lots = old.open_buy_lots;
    assert slot.open_sell_lots = old.open_sell_lots;
    assert slot.n_orders = old.n_orders;
    assert slot.min_order_id = old.min_order_id;
    // The list begins with a later market: the slot is put before it.
    let (local positions: Position*, local surplus_change, local long_change) = replace_position(
        behind, old, &slot, price
    );
    let (is_too_large) = exceeds(slot.exposure_lots);
    tempvar paid_quanta = leg.size_lots * price.pool.short_prefix + long_change *
        price.spread_quanta;
    local gained: Insured = Insured(
        sum.paid_quanta + paid_quanta - leg.value_quanta,
        sum.surplus_change + surplus_change,
        sum.n_too_large + is_too_large,
        long_change - leg.long_lots,
        sum,
    );
    return (positions=positions, gained=&gained);
}

// Guarantee: 1 if a position could become larger than an account's may, else 0; both proven.
func exceeds{range_check_ptr}(exposure_lots) -> (is_too_large: felt) {
    tempvar a = POSITION_BOUND - 1 - exposure_lots;
    %{ memory[ap] = 0 if 0 <= (ids.a % PRIME) < range_check_builtin.bound else 1 %}
    jmp too_large if [ap] != 0, ap++;
    assert [range_check_ptr] = a;
    let range_check_ptr = range_check_ptr + 1;
    return (is_too_large=0);

    too_large:
    assert [range_check_ptr] = (-a) - 1;
    let range_check_ptr = range_check_ptr + 1;
    return (is_too_large=1);
}

// Writes the markets of legs that went from an account to the fund.
func move_longs{markets_log: DictAccess*}(leg: Leg*, gained: Insured*) {
    alloc_locals;
    if (leg.market_id == NO_MARKET) {
        return ();
    }
    local market: Market*;
    let market_id = leg.market_id;
    // Duty 1 by the entry of add_longs; duty 4 by is_made.
    %{ ids.market = latest_market(ids.markets_log.address_, ids.market_id) %}
    add_longs(market_id, market, gained.long_change);
    return move_longs(leg + Leg.SIZE, gained.behind);
}

// Gives each leg to the pool of its market, and shares what the account cannot pay. What it has left is
// insurance's.
func give_to_pools{range_check_ptr, markets_log: DictAccess*}(
    environment: Environment*, fund: Account*, legs: Leg*, sums: LegSums, time_ms
) -> (environment: Environment*, fund: Account*) {
    alloc_locals;
    let (__fp__, _) = get_fp_and_pc();
    let (local worth_quanta) = worth_of(fund, environment.prices);
    let (local day, _) = split(time_ms, DAY_MS);
    let (local by_loss) = is_not_zero(sums.loss_quanta);
    local sharing: Sharing = Sharing(by_loss=by_loss, worth_quanta=worth_quanta, day=day);
    let (local left_quanta) = larger_of_zero(sums.balance_quanta);
    local n_underlyings = environment.parameters.n_underlyings;
    local prices: Price** = environment.prices + n_underlyings;
    let (local settlement: Settlement) = give_legs(
        prices,
        environment.prices,
        0,
        n_underlyings,
        legs,
        &sharing,
        Settlement(
            debt_quanta=left_quanta - sums.balance_quanta,
            weight=sums.notional_quanta + by_loss * (sums.loss_quanta - sums.notional_quanta),
            insured_quanta=0,
            income_quanta=left_quanta,
            missing_quanta=0,
        ),
    );
    // What is left of the debt if nothing has any weight is missing, too. Income makes that up first.
    local missing_quanta = environment.recorded_deficit_quanta + settlement.missing_quanta +
        settlement.debt_quanta;
    let (local repaid_quanta) = smaller_of(missing_quanta, settlement.income_quanta);
    let (surplus) = sum_surplus(fund.positions, prices, 0);
    local after: Account = Account(
        identity=fund.identity,
        window_0=fund.window_0,
        fees_quanta=fund.fees_quanta,
        collateral_quanta=fund.collateral_quanta + settlement.income_quanta - repaid_quanta -
        settlement.insured_quanta,
        cancel_all_at_ms=fund.cancel_all_at_ms,
        positions=fund.positions,
        prices=prices,
        surplus=surplus,
    );
    let (environment) = with_prices(environment, prices, missing_quanta - repaid_quanta);
    return (environment=environment, fund=&after);
}

// Returns what the insurance fund is worth, in quanta; 0 if it fails itself.
func worth_of{range_check_ptr}(fund: Account*, prices: Price**) -> (worth_quanta: felt) {
    alloc_locals;
    let (local health: Health) = measure(fund.collateral_quanta, fund.positions, prices);
    let (fails) = is_failing(health);
    if (fails != 0) {
        return (worth_quanta=0);
    }
    let (worth_quanta, _) = split(health.equity_x16, PRICE_X16_ONE);
    return (worth_quanta=worth_quanta);
}

func is_not_zero(value) -> (res: felt) {
    if (value == 0) {
        return (res=0);
    }
    return (res=1);
}
