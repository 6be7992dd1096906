from starkware.cairo.common.cairo_builtins import PoseidonBuiltin, SignatureBuiltin
from starkware.cairo.common.dict_access import DictAccess
from starkware.cairo.common.registers import get_fp_and_pc

from circuits.cairo.constants import MESSAGE_SET_CANCEL_TIMER, RC_BOUND, TIME_BOUND, TRADE_BIT
from circuits.cairo.environment import Environment
from circuits.cairo.margin import surplus_of
from circuits.cairo.state.accounts import Account, MessageHead, authorize

struct SetCancelTimer {
    head: MessageHead,
    cancel_all_at_ms: felt,
}

// A dead man's switch: from some time on all orders of an account are dead that were placed before.
func set_cancel_timer{
    range_check_ptr,
    ecdsa_ptr: SignatureBuiltin*,
    poseidon_ptr: PoseidonBuiltin*,
    accounts_log: DictAccess*,
}(environment: Environment*, time_ms) {
    alloc_locals;
    let (__fp__, _) = get_fp_and_pc();
    local message: SetCancelTimer;
    %{ segments.write_arg(ids.message.address_, next(witness)) %}
    local account: Account*;
    let account_id = message.head.account_id;
    // Duty 1 by the log entry below; duty 4 by its prices.
    %{ ids.account = latest_account(ids.accounts_log.address_, ids.account_id) %}
    // One that has run out is applied first (see apply_timer): no other revives what died.
    assert [range_check_ptr] = account.cancel_all_at_ms - time_ms - 1;
    assert [range_check_ptr + 1] = message.cancel_all_at_ms - time_ms - 1;
    assert [range_check_ptr + 2] = message.cancel_all_at_ms + (RC_BOUND - TIME_BOUND);
    let range_check_ptr = range_check_ptr + 3;
    let (local identity, local window_0) = authorize(
        MESSAGE_SET_CANCEL_TIMER,
        message.head,
        0,
        0,
        message.cancel_all_at_ms,
        TRADE_BIT,
        time_ms,
        environment.config_hash,
        account,
    );
    let (surplus) = surplus_of(account, environment.prices);
    local after: Account = Account(
        identity=identity,
        window_0=window_0,
        fees_quanta=account.fees_quanta,
        collateral_quanta=account.collateral_quanta,
        cancel_all_at_ms=message.cancel_all_at_ms,
        positions=account.positions,
        prices=environment.prices,
        surplus=surplus,
    );
    assert [accounts_log] = DictAccess(account_id, cast(account, felt), cast(&after, felt));
    let accounts_log = accounts_log + DictAccess.SIZE;
    return ();
}
