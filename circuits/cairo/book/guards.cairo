from starkware.cairo.common.dict_access import DictAccess
from starkware.cairo.common.registers import get_fp_and_pc

from circuits.cairo.book.taker import Taker
from circuits.cairo.constants import ORDER_ID_BOUND
from circuits.cairo.margin import surplus_of
from circuits.cairo.numeric import divide
from circuits.cairo.state.accounts import Account
from circuits.cairo.state.positions import Position, find_position, replace_position

// Splits what a slot has of its least living id: without a guard it is the id itself.
//
// Assumption: least < ORDER_ID_BOUND * GUARD_BOUND.
func split_least{range_check_ptr}(least) -> (min_order_id: felt, guarded_lots: felt) {
    alloc_locals;
    let (local guarded_lots) = divide(least, ORDER_ID_BOUND);
    return (min_order_id=least - guarded_lots * ORDER_ID_BOUND, guarded_lots=guarded_lots);
}

// Takes the guard off a slot, so that its orders are met like others.
//
// Assumption: `account` is the current record, which the entry of change_slot logs.
func lift_guard{range_check_ptr, accounts_log: DictAccess*}(
    taker: Taker*, account_id, account: Account*, old: Position*, min_order_id
) {
    return change_slot(
        taker, account_id, account, old, old.open_buy_lots, old.open_sell_lots, min_order_id
    );
}

// Puts the guard back, less what was filled. If nothing is left of it, all orders of the slot die; as
// for timers, the taker's order is the next one. A slot that is gone has no guard.
func spend_guard{range_check_ptr, accounts_log: DictAccess*}(
    taker: Taker*, account_id, min_order_id, left_lots
) {
    alloc_locals;
    local account: Account*;
    // Duty 1 by the log entry of each way out of here; duty 4 by its prices.
    %{ ids.account = latest_account(ids.accounts_log.address_, ids.account_id) %}
    let (local old: Position*, _) = find_position(account.positions, taker.market_id, 0);
    if (old.exposure_lots + old.n_orders == 0) {
        assert [accounts_log] = DictAccess(account_id, cast(account, felt), cast(account, felt));
        let accounts_log = accounts_log + DictAccess.SIZE;
        return ();
    }
    tempvar a = left_lots - 1;
    %{ memory[ap] = 0 if 0 <= (ids.a % PRIME) < range_check_builtin.bound else 1 %}
    jmp spent if [ap] != 0, ap++;
    assert [range_check_ptr] = a;
    let range_check_ptr = range_check_ptr + 1;
    return change_slot(
        taker,
        account_id,
        account,
        old,
        old.open_buy_lots,
        old.open_sell_lots,
        min_order_id + left_lots * ORDER_ID_BOUND,
    );

    spent:
    assert [range_check_ptr] = (-a) - 1;
    let range_check_ptr = range_check_ptr + 1;
    return change_slot(taker, account_id, account, old, 0, 0, taker.order_id);
}

// Writes an account with other open sums of a slot, and another least id.
func change_slot{range_check_ptr, accounts_log: DictAccess*}(
    taker: Taker*,
    account_id,
    account: Account*,
    old: Position*,
    open_buy_lots,
    open_sell_lots,
    least,
) {
    alloc_locals;
    let (__fp__, _) = get_fp_and_pc();
    local slot: Position;
    assert slot.market_id = taker.market_id;
    assert slot.size_lots = old.size_lots;
    assert slot.open_buy_lots = open_buy_lots;
    assert slot.open_sell_lots = open_sell_lots;
    assert slot.n_orders = old.n_orders;
    assert slot.min_order_id = least;
    let (local surplus) = surplus_of(account, taker.prices);
    let (positions, surplus_change, _) = replace_position(
        account.positions, old, &slot, taker.price
    );
    local after: Account = Account(
        identity=account.identity,
        window_0=account.window_0,
        fees_quanta=account.fees_quanta,
        collateral_quanta=account.collateral_quanta,
        cancel_all_at_ms=account.cancel_all_at_ms,
        positions=positions,
        prices=taker.prices,
        surplus=surplus + surplus_change,
    );
    assert [accounts_log] = DictAccess(account_id, cast(account, felt), cast(&after, felt));
    let accounts_log = accounts_log + DictAccess.SIZE;
    return ();
}
