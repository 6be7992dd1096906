from starkware.cairo.common.cairo_builtins import PoseidonBuiltin, SignatureBuiltin
from starkware.cairo.common.dict_access import DictAccess
from starkware.cairo.common.registers import get_fp_and_pc

from circuits.cairo.constants import ADMIN_BIT, MESSAGE_REMOVE_KEY
from circuits.cairo.environment import Environment
from circuits.cairo.state.accounts import KEY_SIZE, Account, MessageHead, authorize
from circuits.cairo.state.key_slots import write_key

struct RemoveKey {
    head: MessageHead,
    slot: felt,
}

// An administrator takes the permissions of a key, whose orders stay: they are the account's.
func remove_key{
    range_check_ptr,
    ecdsa_ptr: SignatureBuiltin*,
    poseidon_ptr: PoseidonBuiltin*,
    accounts_log: DictAccess*,
}(environment: Environment*, time_ms) {
    alloc_locals;
    let (__fp__, _) = get_fp_and_pc();
    local message: RemoveKey;
    %{ segments.write_arg(ids.message.address_, next(witness)) %}
    local account: Account*;
    let account_id = message.head.account_id;
    // Duty 1 by the log entry at the end; duty 4: a nonce is used.
    %{ ids.account = latest_account(ids.accounts_log.address_, ids.account_id) %}
    local slot = message.slot;
    local n_keys = account.identity.n_keys;
    assert [range_check_ptr] = slot;
    assert [range_check_ptr + 1] = n_keys - 1 - slot;
    // The signer's slot is another one.
    tempvar distance = slot - message.head.key_index;
    assert [range_check_ptr + 2] = distance * distance - 1;
    let range_check_ptr = range_check_ptr + 3;
    let (identity, local window_0) = authorize(
        MESSAGE_REMOVE_KEY,
        message.head,
        0,
        0,
        slot,
        ADMIN_BIT,
        time_ms,
        environment.config_hash,
        account,
    );
    tempvar place = &identity.owner.key_0 + slot * KEY_SIZE;
    let (identity_after) = write_key(identity, slot, place[0], 0, n_keys, identity.windows);
    local after: Account = Account(
        identity=identity_after,
        window_0=window_0,
        fees_quanta=account.fees_quanta,
        collateral_quanta=account.collateral_quanta,
        cancel_all_at_ms=account.cancel_all_at_ms,
        positions=account.positions,
        prices=account.prices,
        surplus=account.surplus,
    );
    assert [accounts_log] = DictAccess(account_id, cast(account, felt), cast(&after, felt));
    let accounts_log = accounts_log + DictAccess.SIZE;
    return ();
}
