from starkware.cairo.common.builtin_poseidon.poseidon import poseidon_hash_many
from starkware.cairo.common.cairo_builtins import PoseidonBuiltin, SignatureBuiltin
from starkware.cairo.common.poseidon_state import PoseidonBuiltinState
from starkware.cairo.common.registers import get_fp_and_pc

from circuits.cairo.constants import NONCE_BOUND, RC_BOUND
from circuits.cairo.state.positions import Position
from circuits.cairo.state.prices import Price

// What keys_hash commits to; `key_0` is followed by the other keys.
struct Owner {
    l1_address: felt,
    key_0: felt,
}

// Who may act for an account.
struct Identity {
    owner: Owner*,
    keys_hash: felt,
    n_keys: felt,
    // nonce_1 + nonce_2 * 2^62 + nonce_3 * 2^124.
    other_nonces: felt,
}

// One version of an account; an update makes a new record. Null stands for an absent account.
struct Account {
    identity: Identity*,
    nonce_0: felt,
    collateral_quanta: felt,
    open_orders: felt,
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
// Assumption: account_id < 2^32 (account_leaves.cairo proves it of every key of the log) and
// market_id < 2^16 or 0; word_1 has one reading only.
// Guarantee: key `key_index` of the account signed (type, head, market_id, word_1) for this
// deployment, and the nonce is above the last one of that key. place_order.cairo repeats this to save
// steps: keep in step.
func authorize{range_check_ptr, ecdsa_ptr: SignatureBuiltin*, poseidon_ptr: PoseidonBuiltin*}(
    type, head: MessageHead, market_id, word_1, domain, account: Account*
) -> (identity: Identity*, nonce_0: felt) {
    // word_0 has one reading: type is a constant, market_id is on top, and the others are bounded
    // here, by the caller, or (key_index) by the two branches below.
    assert poseidon_ptr.input.s0 = type + head.account_id * 2 ** 8 + head.key_index * 2 ** 40 +
        head.nonce * 2 ** 48 + market_id * 2 ** 110;
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
        assert signature.pub_key = identity.owner.key_0;
        assert [range_check_ptr + 1] = head.nonce - account.nonce_0 - 1;
        let range_check_ptr = range_check_ptr + 2;
        return (identity=identity, nonce_0=head.nonce);
    }
    let range_check_ptr = range_check_ptr + 1;
    let (identity) = use_other_key(identity, head.key_index, head.nonce, signature);
    return (identity=identity, nonce_0=account.nonce_0);
}

// Nonces of the keys 1, 2 and 3.
struct OtherNonces {
    nonce_1: felt,
    nonce_2: felt,
    nonce_3: felt,
}

// Assumption: key_index is not 0.
// Guarantee: it is that of a key of the account, which is the signature's; the returned identity
// differs in the nonce of that key only, which grew.
func use_other_key{range_check_ptr}(
    identity: Identity*, key_index, nonce, signature: SignatureBuiltin*
) -> (identity: Identity*) {
    alloc_locals;
    assert [range_check_ptr] = key_index - 1;
    assert [range_check_ptr + 1] = identity.n_keys - 1 - key_index;
    let range_check_ptr = range_check_ptr + 2;
    assert signature.pub_key = [&identity.owner.key_0 + key_index];
    local nonces: OtherNonces;
    let message = nonces;
    %{ segments.write_arg(ids.message.address_, next(witness)) %}
    check_other_nonces(nonces, identity.other_nonces);
    // The position of the nonce in the word, and its old value.
    local scale;
    local last;
    if (key_index == 1) {
        assert scale = 1;
        assert last = nonces.nonce_1;
    } else {
        if (key_index == 2) {
            assert scale = 2 ** 62;
            assert last = nonces.nonce_2;
        } else {
            assert key_index = 3;
            assert scale = 2 ** 124;
            assert last = nonces.nonce_3;
        }
    }
    assert [range_check_ptr] = nonce - last - 1;
    let range_check_ptr = range_check_ptr + 1;
    let (__fp__, _) = get_fp_and_pc();
    local after: Identity = Identity(
        owner=identity.owner,
        keys_hash=identity.keys_hash,
        n_keys=identity.n_keys,
        other_nonces=identity.other_nonces + (nonce - last) * scale,
    );
    return (identity=&after);
}

// Guarantee: the three nonces are below 2^62 and the word is theirs.
func check_other_nonces{range_check_ptr}(nonces: OtherNonces, other_nonces) {
    let limit = RC_BOUND - NONCE_BOUND;
    assert [range_check_ptr] = nonces.nonce_1;
    assert [range_check_ptr + 1] = nonces.nonce_1 + limit;
    assert [range_check_ptr + 2] = nonces.nonce_2;
    assert [range_check_ptr + 3] = nonces.nonce_2 + limit;
    assert [range_check_ptr + 4] = nonces.nonce_3;
    assert [range_check_ptr + 5] = nonces.nonce_3 + limit;
    let range_check_ptr = range_check_ptr + 6;
    assert other_nonces = nonces.nonce_1 + nonces.nonce_2 * 2 ** 62 + nonces.nonce_3 * 2 ** 124;
    return ();
}

// Returns keys_hash of 1 to 4 keys.
func hash_owner{poseidon_ptr: PoseidonBuiltin*}(owner: Owner*, n_keys) -> (keys_hash: felt) {
    if (n_keys != 1) {
        let (keys_hash) = poseidon_hash_many(n_keys + 1, cast(owner, felt*));
        return (keys_hash=keys_hash);
    }
    // The sponge over two felts: one block, then the padding.
    assert poseidon_ptr.input = PoseidonBuiltinState(owner.l1_address, owner.key_0, 0);
    let padding = poseidon_ptr + PoseidonBuiltin.SIZE;
    assert padding.input.s0 = poseidon_ptr.output.s0 + 1;
    assert padding.input.s1 = poseidon_ptr.output.s1;
    assert padding.input.s2 = poseidon_ptr.output.s2;
    let poseidon_ptr = poseidon_ptr + 2 * PoseidonBuiltin.SIZE;
    return (keys_hash=padding.output.s0);
}
