from starkware.cairo.common.cairo_builtins import PoseidonBuiltin, SignatureBuiltin
from starkware.cairo.common.dict_access import DictAccess
from starkware.cairo.common.registers import get_fp_and_pc

from circuits.cairo.constants import (
    AMOUNT_BOUND,
    MESSAGE_TRANSFER,
    RC_BOUND,
    USD_ASSET_ID,
    WITHDRAW_BIT,
)
from circuits.cairo.environment import Environment
from circuits.cairo.state.accounts import Account, MessageHead, Owner, authorize
from circuits.cairo.transactions.deposit import add_amount
from circuits.cairo.transactions.withdraw import take_collateral, take_holding

struct Transfer {
    head: MessageHead,
    to_account_id: felt,
    asset_id: felt,
    amount_quanta: felt,
}

// An amount of an asset leaves an account for another one of the same owner.
func transfer{
    range_check_ptr,
    ecdsa_ptr: SignatureBuiltin*,
    poseidon_ptr: PoseidonBuiltin*,
    accounts_log: DictAccess*,
}(environment: Environment*, time_ms) {
    alloc_locals;
    let (__fp__, _) = get_fp_and_pc();
    local message: Transfer;
    %{ segments.write_arg(ids.message.address_, next(witness)) %}
    assert [range_check_ptr] = message.amount_quanta - 1;
    assert [range_check_ptr + 1] = message.amount_quanta + (RC_BOUND - AMOUNT_BOUND);
    local account: Account*;
    let account_id = message.head.account_id;
    // Duty 1 by the log entry below; duty 4 by the nonce.
    %{ ids.account = latest_account(ids.accounts_log.address_, ids.account_id) %}
    // A timer that has run out is applied first: see apply_timer.
    assert [range_check_ptr + 2] = account.cancel_all_at_ms - time_ms - 1;
    // Another account: the difference of two ids, which are below 2^32, has a square above 0.
    tempvar apart = message.to_account_id - account_id;
    assert [range_check_ptr + 3] = apart * apart - 1;
    let range_check_ptr = range_check_ptr + 4;
    // The asset is one of eight: USD, or take_holding proves it. Both ids are keys of the log.
    let (local identity, local window_0) = authorize(
        MESSAGE_TRANSFER,
        message.head,
        0,
        0,
        message.amount_quanta + message.asset_id * 2 ** 64 + message.to_account_id * 2 ** 72,
        WITHDRAW_BIT,
        time_ms,
        environment.config_hash,
        account,
    );
    local after: Account*;
    if (message.asset_id == USD_ASSET_ID) {
        let (less) = take_collateral(
            account, identity, window_0, message.amount_quanta, environment, time_ms
        );
        assert after = less;
        tempvar range_check_ptr = range_check_ptr;
    } else {
        let (less) = take_holding(
            account, identity, window_0, message.asset_id, message.amount_quanta
        );
        assert after = less;
        tempvar range_check_ptr = range_check_ptr;
    }
    let range_check_ptr = range_check_ptr;
    assert [accounts_log] = DictAccess(account_id, cast(account, felt), cast(after, felt));
    let accounts_log = accounts_log + DictAccess.SIZE;
    credit_owner(identity.owner, message.to_account_id, message.asset_id, message.amount_quanta);
    return ();
}

// Guarantee: the account exists, is of that owner's L1 address, and gets the amount; its orders and
// its timer stay as they are.
func credit_owner{range_check_ptr, accounts_log: DictAccess*}(
    owner: Owner*, account_id, asset_id, amount_quanta
) {
    alloc_locals;
    local account: Account*;
    // Duty 1 by the log entry below; duty 4: the amount is more than 0.
    %{ ids.account = latest_account(ids.accounts_log.address_, ids.account_id) %}
    // An account that does not exist is at address 0, where nothing can be read.
    assert account.identity.owner.l1_address = owner.l1_address;
    let (after) = add_amount(account, asset_id, amount_quanta);
    assert [accounts_log] = DictAccess(account_id, cast(account, felt), cast(after, felt));
    let accounts_log = accounts_log + DictAccess.SIZE;
    return ();
}
