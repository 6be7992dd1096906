from starkware.cairo.common.alloc import alloc
from starkware.cairo.common.builtin_poseidon.poseidon import poseidon_hash_many
from starkware.cairo.common.cairo_builtins import PoseidonBuiltin
from starkware.cairo.common.registers import get_fp_and_pc

from circuits.cairo.state.accounts import KEY_SIZE, Identity, Owner
from circuits.cairo.state.cells import copy_cells
from circuits.cairo.state.nonce_windows import Windows

// Returns the identity with other content in one of its `n_keys_after` slots, and other windows.
//
// Assumption: 0 <= slot < n_keys_after, which is n_keys, or slot + 1 if that slot is new.
func write_key{poseidon_ptr: PoseidonBuiltin*}(
    identity: Identity*, slot, public_key, word, n_keys_after, windows: Windows*
) -> (identity: Identity*) {
    alloc_locals;
    let (__fp__, _) = get_fp_and_pc();
    let (local owner: felt*) = alloc();
    let before = cast(identity.owner, felt*);
    local n_below = slot * KEY_SIZE + 1;
    copy_cells(before, owner, n_below);
    assert owner[n_below] = public_key;
    assert owner[n_below + 1] = word;
    local n_cells = n_keys_after * KEY_SIZE + 1;
    let n_passed = n_below + KEY_SIZE;
    copy_cells(before + n_passed, owner + n_passed, n_cells - n_passed);
    let (keys_hash) = poseidon_hash_many(n_cells, owner);
    local after: Identity = Identity(
        owner=cast(owner, Owner*),
        keys_hash=keys_hash,
        n_keys=n_keys_after,
        windows=windows,
        is_changed=1,
        counts=identity.counts + n_keys_after - identity.n_keys,
        holdings=identity.holdings,
        auction_start_ms=identity.auction_start_ms,
        fees_word=identity.fees_word,
    );
    return (identity=&after);
}
