from starkware.cairo.common.dict_access import DictAccess
from starkware.cairo.common.registers import get_fp_and_pc

from circuits.cairo.book.fees import fees_of
from circuits.cairo.book.guards import lift_guard, spend_guard, split_least
from circuits.cairo.book.release import release_lots
from circuits.cairo.book.taker import Taker
from circuits.cairo.margin import COLLATERAL_FACTOR, charge_by_margin_rule, sum_surplus
from circuits.cairo.state.accounts import Account
from circuits.cairo.state.orders import Order, OrderTerms
from circuits.cairo.state.positions import Position, find_position, replace_position

// What a visit did. `lots` = 0 says that the maker was removed from its account and must leave the
// book, which update_maker does; a fill has at least one lot.
struct Fill {
    lots: felt,
    // The price of the lots, less what a lot held short has been paid before.
    net_quanta: felt,
    maker_fee_quanta: felt,
    // Before the rule that decides what it pays of it.
    taker_fee_quanta: felt,
    long_change: felt,
}

// Fills the best order of the other side, which is of another account, or removes it.
//
// Assumption: `maker` is the current record of the head (its caller logs it).
// Guarantee: the account of the maker is updated as docs/spec/protocol.md section 6 step 5 says;
// each reason to skip is proven, and so is its absence.
func visit_maker{range_check_ptr, accounts_log: DictAccess*}(
    taker: Taker*, remaining_lots, maker: Order*
) -> (fill: Fill) {
    alloc_locals;
    let (__fp__, _) = get_fp_and_pc();
    local terms: OrderTerms* = maker.terms;
    local account: Account*;
    let account_id = terms.account_id;
    // Duty 1 by the log entry that each way out of here writes; duty 4 by its prices.
    %{ ids.account = latest_account(ids.accounts_log.address_, ids.account_id) %}
    local old: Position*;
    if (account.positions.market_id == taker.market_id) {
        assert old = account.positions;
    } else {
        let (found, _) = find_position(account.positions, taker.market_id, 0);
        assert old = found;
    }

    // A timer that has run out is applied first: see apply_timer.
    assert [range_check_ptr] = account.cancel_all_at_ms - taker.time_ms - 1;
    tempvar a = terms.order_id - old.min_order_id;
    %{ memory[ap] = 0 if 0 <= (ids.a % PRIME) < range_check_builtin.bound else 1 %}
    jmp cancelled if [ap] != 0, ap++;
    assert [range_check_ptr + 1] = a;
    tempvar a = terms.expiry_time_ms - taker.time_ms - 1;
    %{ memory[ap] = 0 if 0 <= (ids.a % PRIME) < range_check_builtin.bound else 1 %}
    jmp expired if [ap] != 0, ap++;
    assert [range_check_ptr + 2] = a;
    tempvar a = terms.order_id - taker.dead_below_order_id;
    %{ memory[ap] = 0 if 0 <= (ids.a % PRIME) < range_check_builtin.bound else 1 %}
    jmp killed if [ap] != 0, ap++;
    assert [range_check_ptr + 3] = a;
    tempvar a = terms.max_fee_ppm - taker.underlying.maker_fee_ppm;
    %{ memory[ap] = 0 if 0 <= (ids.a % PRIME) < range_check_builtin.bound else 1 %}
    jmp dearer if [ap] != 0, ap++;
    assert [range_check_ptr + 4] = a;
    // The least of the taker's and the maker's rest; equal ones may go either way.
    local least_lots;
    tempvar a = maker.remaining_lots - remaining_lots;
    %{ memory[ap] = 0 if 0 <= (ids.a % PRIME) < range_check_builtin.bound else 1 %}
    jmp smaller if [ap] != 0, ap++;
    assert [range_check_ptr + 5] = a;
    assert least_lots = remaining_lots;
    jmp sized;

    smaller:
    assert [range_check_ptr + 5] = -a;
    assert least_lots = maker.remaining_lots;

    sized:
    let range_check_ptr = range_check_ptr + 6;
    local lots;
    local range_check_after;
    if (terms.reduce_only == 0) {
        assert lots = least_lots;
        assert range_check_after = range_check_ptr;
    } else {
        // The maker's side is the other one: a fill reduces a position of the taker's direction.
        let (reducible) = reducible_lots(taker.direction * old.size_lots, least_lots);
        if (reducible == 0) {
            return release_maker(taker, maker, account, old, maker.remaining_lots);
        }
        assert lots = reducible;
        assert range_check_after = range_check_ptr;
    }
    let range_check_ptr = range_check_after;

    // The trade, unless the maker's account then fails the margin rule.
    local notional = lots * terms.price_ticks * taker.underlying.multiplier;
    local net = notional - lots * taker.price.pool.short_prefix;
    let (local fee, local taker_fee) = fees_of(notional, taker);
    local brought_quanta = taker_fee * taker.brings + account.fees_quanta;
    // The maker's open sum is on the side that the taker is not on; reduce-only orders are in none.
    local slot: Position;
    tempvar reserved_lots = lots - lots * terms.reduce_only;
    tempvar buys = reserved_lots * taker.side;
    assert slot.market_id = taker.market_id;
    assert slot.size_lots = old.size_lots - taker.direction * lots;
    assert slot.open_buy_lots = old.open_buy_lots - buys;
    assert slot.open_sell_lots = old.open_sell_lots + buys - reserved_lots;
    local is_filled;
    if (maker.remaining_lots == lots) {
        assert is_filled = 1;
    } else {
        assert is_filled = 0;
    }
    assert slot.n_orders = old.n_orders - is_filled;
    assert slot.min_order_id = old.min_order_id;
    // Same as surplus_of(), keep in step: a call would cost more than the most frequent case.
    local surplus;
    if (taker.prices - account.prices == 0) {
        assert surplus = account.surplus;
    } else {
        let (sum) = sum_surplus(account.positions, taker.prices, 0);
        assert surplus = sum;
    }
    let (local positions: Position*, surplus_change, local long_change) = replace_position(
        account.positions, old, &slot, taker.price
    );
    local after: Account;
    assert after.identity = account.identity;
    assert after.window_0 = account.window_0;
    assert after.cancel_all_at_ms = account.cancel_all_at_ms;
    assert after.positions = positions;
    assert after.prices = taker.prices;
    assert after.surplus = surplus + surplus_change;
    tempvar settled = long_change * taker.price.spread_quanta;
    local collateral_quanta = account.collateral_quanta + taker.direction * net + settled - fee;
    tempvar a = collateral_quanta * COLLATERAL_FACTOR + after.surplus;
    %{ memory[ap] = 0 if 0 <= (ids.a % PRIME) < range_check_builtin.bound else 1 %}
    jmp examine if [ap] != 0, ap++;
    assert [range_check_ptr] = a;
    assert after.collateral_quanta = collateral_quanta;
    assert after.fees_quanta = brought_quanta + fee;
    let range_check_ptr = range_check_ptr + 1;
    assert [accounts_log] = DictAccess(terms.account_id, cast(account, felt), cast(&after, felt));
    let accounts_log = accounts_log + DictAccess.SIZE;
    return (fill=Fill(lots, net, fee, taker_fee, long_change));

    examine:
    // No claim is made by coming here: the rule itself decides.
    let (is_allowed, local paid_fee) = charge_by_margin_rule(
        a, fee, account, old, &slot, collateral_quanta, positions, taker.prices, 1
    );
    if (is_allowed == 0) {
        return release_maker(taker, maker, account, old, maker.remaining_lots);
    }
    assert after.collateral_quanta = collateral_quanta + fee - paid_fee;
    assert after.fees_quanta = brought_quanta + paid_fee;
    assert [accounts_log] = DictAccess(terms.account_id, cast(account, felt), cast(&after, felt));
    let accounts_log = accounts_log + DictAccess.SIZE;
    return (fill=Fill(lots, net, paid_fee, taker_fee, long_change));

    cancelled:
    assert [range_check_ptr + 1] = (-a) - 1;
    let range_check_ptr = range_check_ptr + 2;
    return visit_guarded(taker, remaining_lots, maker, account, old);

    expired:
    assert [range_check_ptr + 2] = (-a) - 1;
    let range_check_ptr = range_check_ptr + 3;
    return release_maker(taker, maker, account, old, maker.remaining_lots);

    killed:
    assert [range_check_ptr + 3] = (-a) - 1;
    let range_check_ptr = range_check_ptr + 4;
    return release_maker(taker, maker, account, old, maker.remaining_lots);

    dearer:
    assert [range_check_ptr + 4] = (-a) - 1;
    let range_check_ptr = range_check_ptr + 5;
    return release_maker(taker, maker, account, old, maker.remaining_lots);
}

// Visits an order whose slot has a guard, or that was cancelled with all others of its slot: what
// stands above the least id makes a number that no id reaches.
//
// Assumption: the order's id is below what the slot has of its least id.
func visit_guarded{range_check_ptr, accounts_log: DictAccess*}(
    taker: Taker*, remaining_lots, maker: Order*, account: Account*, old: Position*
) -> (fill: Fill) {
    alloc_locals;
    local account_id = maker.terms.account_id;
    let (local min_order_id, local guarded_lots) = split_least(old.min_order_id);
    if (guarded_lots == 0) {
        return release_maker(taker, maker, account, old, 0);
    }
    lift_guard(taker, account_id, account, old, min_order_id);
    let (local fill: Fill) = visit_maker(taker, remaining_lots, maker);
    spend_guard(taker, account_id, min_order_id, guarded_lots - fill.lots);
    return (fill=fill);
}

// Guarantee: min(position, lots), 0 if the position is not positive. Assumption: lots > 0.
func reducible_lots{range_check_ptr}(position_lots, lots) -> (lots: felt) {
    let a = position_lots - lots;
    %{ memory[ap] = 0 if 0 <= (ids.a % PRIME) < range_check_builtin.bound else 1 %}
    jmp less if [ap] != 0, ap++;
    assert [range_check_ptr] = a;
    let range_check_ptr = range_check_ptr + 1;
    return (lots=lots);

    less:
    assert [range_check_ptr] = -a;
    let a = position_lots;
    %{ memory[ap] = 0 if 0 <= (ids.a % PRIME) < range_check_builtin.bound else 1 %}
    jmp none if [ap] != 0, ap++;
    assert [range_check_ptr + 1] = position_lots;
    let range_check_ptr = range_check_ptr + 2;
    return (lots=position_lots);

    none:
    assert [range_check_ptr + 1] = -position_lots;
    let range_check_ptr = range_check_ptr + 2;
    return (lots=0);
}

// Takes an order off its account. `counted_lots` is what remains of it, or nothing if it was cancelled
// with all others.
func release_maker{range_check_ptr, accounts_log: DictAccess*}(
    taker: Taker*, maker: Order*, account: Account*, old: Position*, counted_lots
) -> (fill: Fill) {
    release_lots(
        account, account.identity, account.window_0, old, maker.terms, taker.prices, counted_lots, 1
    );
    // No lots: removed, see Fill.
    return (fill=Fill(lots=0, net_quanta=0, maker_fee_quanta=0, taker_fee_quanta=0, long_change=0));
}
