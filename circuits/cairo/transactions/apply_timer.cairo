from starkware.cairo.common.dict_access import DictAccess
from starkware.cairo.common.registers import get_fp_and_pc

from circuits.cairo.constants import LAST_TIME_MS
from circuits.cairo.environment import Environment
from circuits.cairo.margin import sum_surplus
from circuits.cairo.state.accounts import Account
from circuits.cairo.state.positions import Position, cancel_slots

struct ApplyTimer {
    account_id: felt,
}

// The timer of an account has run out: all its orders are dead.
//
// In the specification this is a part of each transaction that reads the slots of an account. Here it
// is a step of its own, which the prover puts before such a transaction: that proves of each account
// that its timer has not run out, so there is no way around this.
func apply_timer{range_check_ptr, accounts_log: DictAccess*}(
    environment: Environment*, time_ms, next_order_id
) {
    alloc_locals;
    let (__fp__, _) = get_fp_and_pc();
    local message: ApplyTimer;
    %{ segments.write_arg(ids.message.address_, next(witness)) %}
    local account: Account*;
    let account_id = message.account_id;
    // Duty 1 by the log entry below; duty 4 by its prices.
    %{ ids.account = latest_account(ids.accounts_log.address_, ids.account_id) %}
    assert [range_check_ptr] = time_ms - account.cancel_all_at_ms;
    let range_check_ptr = range_check_ptr + 1;
    let (local positions: Position*) = cancel_slots(account.positions, next_order_id);
    let (surplus) = sum_surplus(positions, environment.prices, 0);
    local after: Account = Account(
        identity=account.identity,
        window_0=account.window_0,
        fees_quanta=account.fees_quanta,
        collateral_quanta=account.collateral_quanta,
        cancel_all_at_ms=LAST_TIME_MS,
        positions=positions,
        prices=environment.prices,
        surplus=surplus,
    );
    assert [accounts_log] = DictAccess(account_id, cast(account, felt), cast(&after, felt));
    let accounts_log = accounts_log + DictAccess.SIZE;
    return ();
}
