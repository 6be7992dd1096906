from starkware.cairo.common.cairo_builtins import PoseidonBuiltin, SignatureBuiltin
from starkware.cairo.common.dict_access import DictAccess
from starkware.cairo.common.registers import get_fp_and_pc

from circuits.cairo.constants import ADMIN_BIT, MAX_KEYS, MESSAGE_ADD_KEY, RC_BOUND, TIME_BOUND
from circuits.cairo.environment import Environment
from circuits.cairo.state.accounts import Account, Identity, MessageHead, Permissions, authorize
from circuits.cairo.state.key_slots import write_key
from circuits.cairo.state.nonce_windows import Windows, find_window, open_window, replace_window

// The transaction as the prover gives it: the signed fields.
struct AddKey {
    head: MessageHead,
    slot: felt,
    permissions: Permissions,
    expiry_ms: felt,
    public_key: felt,
}

// An administrator puts a key into the next slot, or in place of another.
//
// The key may be any felt: with one that is no abscissa of the curve nobody can sign.
func add_key{
    range_check_ptr,
    ecdsa_ptr: SignatureBuiltin*,
    poseidon_ptr: PoseidonBuiltin*,
    accounts_log: DictAccess*,
}(environment: Environment*, time_ms) {
    alloc_locals;
    let (__fp__, _) = get_fp_and_pc();
    local message: AddKey;
    %{ segments.write_arg(ids.message.address_, next(witness)) %}
    local account: Account*;
    let account_id = message.head.account_id;
    // Duty 1 by the log entry at the end; duty 4: a nonce is used.
    %{ ids.account = latest_account(ids.accounts_log.address_, ids.account_id) %}
    let permissions = message.permissions;
    assert permissions.trade = permissions.trade * permissions.trade;
    assert permissions.withdraw = permissions.withdraw * permissions.withdraw;
    assert permissions.admin = permissions.admin * permissions.admin;
    local word = permissions.trade + permissions.withdraw * 2 + permissions.admin * 4 +
        message.expiry_ms * 2 ** 8;
    assert [range_check_ptr] = permissions.trade + permissions.withdraw + permissions.admin - 1;
    assert [range_check_ptr + 1] = message.expiry_ms - time_ms - 1;
    assert [range_check_ptr + 2] = message.expiry_ms + (RC_BOUND - TIME_BOUND);
    local slot = message.slot;
    local n_keys = account.identity.n_keys;
    // Deposits name the key of slot 0, which never changes.
    assert [range_check_ptr + 3] = slot - 1;
    assert [range_check_ptr + 4] = MAX_KEYS - 1 - slot;
    assert [range_check_ptr + 5] = n_keys - slot;
    // The signer's slot is another one.
    tempvar distance = slot - message.head.key_index;
    assert [range_check_ptr + 6] = distance * distance - 1;
    let range_check_ptr = range_check_ptr + 7;
    let (local identity: Identity*, local window_0) = authorize(
        MESSAGE_ADD_KEY,
        message.head,
        0,
        slot + word * 2 ** 4,
        message.public_key,
        ADMIN_BIT,
        time_ms,
        environment.config_hash,
        account,
    );
    let (local windows: Windows*) = close_window(identity, slot);
    local n_keys_after;
    if (slot == n_keys) {
        assert n_keys_after = n_keys + 1;
    } else {
        assert n_keys_after = n_keys;
    }
    let (identity_after) = write_key(
        identity, slot, message.public_key, word, n_keys_after, windows
    );
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

// Returns the windows after another key took a slot: what the old one has skipped, nobody may use. A
// new slot has used nothing.
func close_window{range_check_ptr}(identity: Identity*, slot) -> (windows: Windows*) {
    alloc_locals;
    let (__fp__, _) = get_fp_and_pc();
    if (identity.n_keys == 1) {
        local unused: Windows = Windows(window_1=0, pair_1=0, pair_2=0, pair_3=0);
        return (windows=&unused);
    }
    let (local place) = find_window(identity.windows, slot);
    let (high, _) = open_window(place.window);
    let (windows) = replace_window(identity.windows, place, high);
    return (windows=windows);
}
