from starkware.cairo.common.builtin_poseidon.poseidon import poseidon_hash_many
from starkware.cairo.common.cairo_builtins import PoseidonBuiltin, SignatureBuiltin
from starkware.cairo.common.poseidon_state import PoseidonBuiltinState
from starkware.cairo.common.registers import get_fp_and_pc

from circuits.cairo.constants import FULL_KEY_WORD, NONCE_BOUND, RC_BOUND
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
    // nonce_1 + nonce_2 * 2^62 + nonce_3 * 2^124.
    other_nonces: felt,
    // nonce_4 + ... + nonce_7 * 2^186; 0 with up to four keys.
    high_nonces: felt,
    // 1 if this batch changed a key slot: the output must then have them.
    is_changed: felt,
}

// One version of an account; an update makes a new record. Null stands for an absent account.
struct Account {
    identity: Identity*,
    nonce_0: felt,
    collateral_quanta: felt,
    // From then on all orders are dead that were placed before.
    cancel_all_at_ms: felt,
    positions: Position*,
    // The table of prices that `surplus` was computed with; null in a record opened from a leaf.
    prices: Price*,
    // Sum over the slots of value minus initial requirement, in the scale of equity_x16 * 10^6.
    surplus: felt,
}

// What every signed message of a user begins with.
struct MessageHead {
    account_id: felt,
    key_index: felt,
    nonce: felt,
}

// Proves that the account signed a message, and uses up the nonce.
//
// Assumption: account_id < 2^32 (account_leaves.cairo proves it of every key of the log); `top`, what
// stands behind the nonce, has one reading and is below 2^76; so has word_1.
// Guarantee: key `key_index` of the account signed (type, head, top, word_1) for this deployment, may
// do so now, and the nonce is above the last one of that slot. The key of slot 0 may do everything or
// nothing, as AddKey leaves that slot alone. place_order.cairo repeats this to save
// steps: keep in step.
func authorize{range_check_ptr, ecdsa_ptr: SignatureBuiltin*, poseidon_ptr: PoseidonBuiltin*}(
    type, head: MessageHead, top, word_1, permission_bit, time_ms, domain, account: Account*
) -> (identity: Identity*, nonce_0: felt) {
    // word_0 has one reading: type is a constant, top is on top, and the others are bounded here, by
    // the caller, or (key_index) by the two branches below.
    assert poseidon_ptr.input.s0 = type + head.account_id * 2 ** 8 + head.key_index * 2 ** 40 +
        head.nonce * 2 ** 48 + top * 2 ** 110;
    assert poseidon_ptr.input.s1 = word_1;
    assert poseidon_ptr.input.s2 = domain;
    assert [range_check_ptr] = head.nonce + (RC_BOUND - NONCE_BOUND);
    let message = poseidon_ptr.output.s0;
    let poseidon_ptr = poseidon_ptr + PoseidonBuiltin.SIZE;
    // The builtin proves a signature of this very (key, message) pair.
    %{ ecdsa_builtin.add_signature(ids.ecdsa_ptr.address_, next(witness)) %}
    assert ecdsa_ptr.message = message;
    let signature = ecdsa_ptr;
    let ecdsa_ptr = ecdsa_ptr + SignatureBuiltin.SIZE;
    let identity = account.identity;
    if (head.key_index == 0) {
        assert identity.owner.word_0 = FULL_KEY_WORD;
        assert signature.pub_key = identity.owner.key_0;
        assert [range_check_ptr + 1] = head.nonce - account.nonce_0 - 1;
        let range_check_ptr = range_check_ptr + 2;
        return (identity=identity, nonce_0=head.nonce);
    }
    let range_check_ptr = range_check_ptr + 1;
    let (identity) = use_other_key(
        identity, head.key_index, head.nonce, signature, permission_bit, time_ms
    );
    return (identity=identity, nonce_0=account.nonce_0);
}

// The bits of a key's permissions.
struct Permissions {
    trade: felt,
    withdraw: felt,
    admin: felt,
}

// Assumption: key_index is not 0; the words of keys are those of slots (permissions below 8).
// Guarantee: it is that of a key of the account, which is the signature's, may do what is asked, and
// is not expired; the returned identity differs in the nonce of that slot only, which grew.
func use_other_key{range_check_ptr}(
    identity: Identity*, key_index, nonce, signature: SignatureBuiltin*, permission_bit, time_ms
) -> (identity: Identity*) {
    alloc_locals;
    let (__fp__, _) = get_fp_and_pc();
    // From 1 to 7 by the branches below.
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
    local other_nonces;
    local high_nonces;
    tempvar above_three = (key_index - 1) * (key_index - 2) * (key_index - 3);
    if (above_three == 0) {
        let (word) = use_nonce(identity.other_nonces, key_index - 1, nonce);
        assert other_nonces = word;
        assert high_nonces = identity.high_nonces;
        tempvar range_check_ptr = range_check_ptr;
    } else {
        let (word) = use_nonce(identity.high_nonces, key_index - 4, nonce);
        assert other_nonces = identity.other_nonces;
        assert high_nonces = word;
        tempvar range_check_ptr = range_check_ptr;
    }
    local after: Identity = Identity(
        owner=identity.owner,
        keys_hash=identity.keys_hash,
        n_keys=identity.n_keys,
        other_nonces=other_nonces,
        high_nonces=high_nonces,
        is_changed=identity.is_changed,
    );
    return (identity=&after);
}

// Four nonces of a word.
struct Nonces {
    nonce_0: felt,
    nonce_1: felt,
    nonce_2: felt,
    nonce_3: felt,
}

// Returns a word of nonces after one of them was used.
//
// Assumption: 0 <= lane < 4.
// Guarantee: the nonce of the lane grew, the others are as they were.
func use_nonce{range_check_ptr}(word, lane, nonce) -> (word: felt) {
    alloc_locals;
    local nonces: Nonces;
    let message = nonces;
    %{ segments.write_arg(ids.message.address_, next(witness)) %}
    check_nonces(nonces, word);
    // The position of the nonce in the word, and its old value.
    local scale;
    local last;
    if (lane == 0) {
        assert scale = 1;
        assert last = nonces.nonce_0;
    } else {
        if (lane == 1) {
            assert scale = 2 ** 62;
            assert last = nonces.nonce_1;
        } else {
            if (lane == 2) {
                assert scale = 2 ** 124;
                assert last = nonces.nonce_2;
            } else {
                assert lane = 3;
                assert scale = 2 ** 186;
                assert last = nonces.nonce_3;
            }
        }
    }
    assert [range_check_ptr] = nonce - last - 1;
    let range_check_ptr = range_check_ptr + 1;
    return (word=word + (nonce - last) * scale);
}

// Guarantee: the four nonces are below 2^62 and the word is theirs.
func check_nonces{range_check_ptr}(nonces: Nonces, word) {
    let limit = RC_BOUND - NONCE_BOUND;
    assert [range_check_ptr] = nonces.nonce_0;
    assert [range_check_ptr + 1] = nonces.nonce_0 + limit;
    assert [range_check_ptr + 2] = nonces.nonce_1;
    assert [range_check_ptr + 3] = nonces.nonce_1 + limit;
    assert [range_check_ptr + 4] = nonces.nonce_2;
    assert [range_check_ptr + 5] = nonces.nonce_2 + limit;
    assert [range_check_ptr + 6] = nonces.nonce_3;
    assert [range_check_ptr + 7] = nonces.nonce_3 + limit;
    let range_check_ptr = range_check_ptr + 8;
    assert word = nonces.nonce_0 + nonces.nonce_1 * 2 ** 62 + nonces.nonce_2 * 2 ** 124 +
        nonces.nonce_3 * 2 ** 186;
    return ();
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
