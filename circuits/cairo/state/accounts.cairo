from starkware.cairo.common.builtin_poseidon.poseidon import poseidon_hash_many
from starkware.cairo.common.cairo_builtins import PoseidonBuiltin, SignatureBuiltin
from starkware.cairo.common.poseidon_state import PoseidonBuiltinState
from starkware.cairo.common.registers import get_fp_and_pc

from circuits.cairo.constants import FULL_KEY_WORD, MAX_VALIDITY_MS, RC_BOUND, TIME_BOUND
from circuits.cairo.state.amounts import Amounts, Holdings, change_amount, count_words
from circuits.cairo.state.nonce_windows import (
    Place,
    Windows,
    find_window,
    replace_window,
    use_nonce,
)
from circuits.cairo.state.positions import Position
from circuits.cairo.state.prices import Price

// What keys_hash commits to; the first slot is followed by the others, a key and a word each.
struct Owner {
    l1_address: felt,
    key_0: felt,
    // permissions + expiry_ms * 2^8.
    word_0: felt,
}

// Cells of a key slot.
const KEY_SIZE = 2;

// Who may act for an account.
struct Identity {
    owner: Owner*,
    keys_hash: felt,
    n_keys: felt,
    // Null with one key.
    windows: Windows*,
    // 1 if this batch changed a key slot: the output must then have them.
    is_changed: felt,
    // n_keys + HOLDING_WORD * (number of words of holdings) + AUCTION_MS * auction_start_ms, as the
    // balance word has them: 1 for most.
    counts: felt,
    // Balances of the other assets; null if the account's leaf has none.
    holdings: Holdings*,
    // Since when the account's positions are up for auction; 0: they are not.
    auction_start_ms: felt,
    // What it has paid of fees before this batch: see fee_tiers.cairo.
    fees_word: felt,
}

// One word of holdings, and a millisecond of the time at which an auction began, in `counts`.
const HOLDING_WORD = 2 ** 12;
const AUCTION_MS = 2 ** 70;

// One version of an account; an update makes a new record. Null stands for an absent account.
struct Account {
    identity: Identity*,
    // Of the first slot, see nonce_windows.cairo.
    window_0: felt,
    // Fees that it has paid in this batch: 0 in a record opened from a leaf.
    fees_quanta: felt,
    collateral_quanta: felt,
    // From then on all orders are dead that were placed before.
    cancel_all_at_ms: felt,
    positions: Position*,
    // The table of prices that `surplus` was computed with; null in a record opened from a leaf.
    prices: Price**,
    // Sum over the slots of value minus initial requirement, in the scale of equity_x16 * 10^6.
    surplus: felt,
}

// What every signed message of a user begins with, but for its type.
struct MessageHead {
    account_id: felt,
    key_index: felt,
    nonce: felt,
    valid_until_ms: felt,
}

// Proves that the account signed a message, and uses up the nonce.
//
// Assumption: account_id < 2^32 (account_leaves.cairo proves it of every key of the log); market_id <
// 2^16; `top`, what stands above all, has one reading and is below 2^60; so has word_1.
// Guarantee: key `key_index` of the account signed (type, head, market_id, top, word_1) for this
// deployment, may do so now, the message is valid now, and the slot had not used the nonce. The key
// of slot 0 may do everything or nothing, as AddKey leaves that slot alone. place_order.cairo repeats
// this to save steps: keep in step.
func authorize{range_check_ptr, ecdsa_ptr: SignatureBuiltin*, poseidon_ptr: PoseidonBuiltin*}(
    type,
    head: MessageHead,
    market_id,
    top,
    word_1,
    permission_bit,
    time_ms,
    domain,
    account: Account*,
) -> (identity: Identity*, window_0: felt) {
    // word_0 has one reading: type is a constant, the others are bounded here, by the caller, or
    // (key_index, nonce) below.
    assert poseidon_ptr.input.s0 = type + head.account_id * 2 ** 8 + head.key_index * 2 ** 40 +
        head.nonce * 2 ** 48 + market_id * 2 ** 109 + head.valid_until_ms * 2 ** 125 + top * 2 **
        173;
    assert poseidon_ptr.input.s1 = word_1;
    assert poseidon_ptr.input.s2 = domain;
    let message = poseidon_ptr.output.s0;
    let poseidon_ptr = poseidon_ptr + PoseidonBuiltin.SIZE;
    tempvar left_ms = head.valid_until_ms - time_ms;
    assert [range_check_ptr] = left_ms;
    assert [range_check_ptr + 1] = left_ms + (RC_BOUND - 1 - MAX_VALIDITY_MS);
    assert [range_check_ptr + 2] = head.valid_until_ms + (RC_BOUND - TIME_BOUND);
    let range_check_ptr = range_check_ptr + 3;
    // The builtin proves a signature of this very (key, message) pair.
    %{ ecdsa_builtin.add_signature(ids.ecdsa_ptr.address_, next(witness)) %}
    assert ecdsa_ptr.message = message;
    let signature = ecdsa_ptr;
    let ecdsa_ptr = ecdsa_ptr + SignatureBuiltin.SIZE;
    let identity = account.identity;
    if (head.key_index == 0) {
        assert identity.owner.word_0 = FULL_KEY_WORD;
        assert signature.pub_key = identity.owner.key_0;
        let (window_0) = use_nonce(account.window_0, head.nonce);
        return (identity=account.identity, window_0=window_0);
    }
    let (identity) = use_other_key(
        identity, head.key_index, head.nonce, signature, permission_bit, time_ms
    );
    return (identity=identity, window_0=account.window_0);
}

// The bits of a key's permissions.
struct Permissions {
    trade: felt,
    withdraw: felt,
    admin: felt,
}

// Assumption: key_index is not 0; the words of keys are those of slots (permissions below 8).
// Guarantee: it is that of a key of the account, which is the signature's, may do what is asked, and
// is not expired; the returned identity differs in the window of that slot only, where the nonce was
// free and is used.
func use_other_key{range_check_ptr}(
    identity: Identity*, key_index, nonce, signature: SignatureBuiltin*, permission_bit, time_ms
) -> (identity: Identity*) {
    alloc_locals;
    let (__fp__, _) = get_fp_and_pc();
    // From 1 to 7: see find_window.
    assert [range_check_ptr] = identity.n_keys - 1 - key_index;
    tempvar slot = &identity.owner.key_0 + key_index * KEY_SIZE;
    assert signature.pub_key = slot[0];
    local permissions: Permissions;
    let message = permissions;
    // A guess: the word and the range of the time leave one.
    %{ segments.write_arg(ids.message.address_, next(witness)) %}
    assert permissions.trade = permissions.trade * permissions.trade;
    assert permissions.withdraw = permissions.withdraw * permissions.withdraw;
    assert permissions.admin = permissions.admin * permissions.admin;
    assert [&permissions.trade + permission_bit] = 1;
    tempvar expiry_ms = (
        slot[1] - permissions.trade - permissions.withdraw * 2 - permissions.admin * 4
    ) / 2 ** 8;
    assert [range_check_ptr + 1] = expiry_ms - time_ms - 1;
    let range_check_ptr = range_check_ptr + 2;
    let (local place) = find_window(identity.windows, key_index);
    let (window) = use_nonce(place.window, nonce);
    let (windows) = replace_window(identity.windows, place, window);
    local after: Identity = Identity(
        owner=identity.owner,
        keys_hash=identity.keys_hash,
        n_keys=identity.n_keys,
        windows=windows,
        is_changed=identity.is_changed,
        counts=identity.counts,
        holdings=identity.holdings,
        auction_start_ms=identity.auction_start_ms,
        fees_word=identity.fees_word,
    );
    return (identity=&after);
}

// Returns the identity after an amount of an asset besides USD came or left.
//
// Guarantee: 1 <= asset_id < MAX_ASSETS; that balance changes and no other, and was and is below
// AMOUNT_BOUND.
func change_holding{range_check_ptr}(identity: Identity*, asset_id, change_quanta) -> (
    identity: Identity*
) {
    alloc_locals;
    let (__fp__, _) = get_fp_and_pc();
    local none: Amounts = Amounts(word_0=0, word_1=0, word_2=0);
    local before: Amounts*;
    if (cast(identity.holdings, felt) == 0) {
        assert before = &none;
    } else {
        assert before = &identity.holdings.amounts;
    }
    let (local amounts: Amounts*) = change_amount(before, asset_id, change_quanta);
    let (n_words) = count_words(amounts);
    local holdings: Holdings = Holdings(amounts=[amounts], is_changed=1);
    local after: Identity = Identity(
        owner=identity.owner,
        keys_hash=identity.keys_hash,
        n_keys=identity.n_keys,
        windows=identity.windows,
        is_changed=identity.is_changed,
        counts=identity.n_keys + n_words * HOLDING_WORD + identity.auction_start_ms * AUCTION_MS,
        holdings=&holdings,
        auction_start_ms=identity.auction_start_ms,
        fees_word=identity.fees_word,
    );
    return (identity=&after);
}

// Returns keys_hash of 1 to 8 keys.
func hash_owner{poseidon_ptr: PoseidonBuiltin*}(owner: Owner*, n_keys) -> (keys_hash: felt) {
    if (n_keys != 1) {
        let (keys_hash) = poseidon_hash_many(n_keys * KEY_SIZE + 1, cast(owner, felt*));
        return (keys_hash=keys_hash);
    }
    // The sponge over three felts: two blocks, the last one padded.
    assert poseidon_ptr.input = PoseidonBuiltinState(owner.l1_address, owner.key_0, 0);
    let padding = poseidon_ptr + PoseidonBuiltin.SIZE;
    assert padding.input.s0 = poseidon_ptr.output.s0 + owner.word_0;
    assert padding.input.s1 = poseidon_ptr.output.s1 + 1;
    assert padding.input.s2 = poseidon_ptr.output.s2;
    let poseidon_ptr = poseidon_ptr + 2 * PoseidonBuiltin.SIZE;
    return (keys_hash=padding.output.s0);
}
