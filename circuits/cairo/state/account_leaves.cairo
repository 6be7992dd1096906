from starkware.cairo.common.builtin_poseidon.poseidon import poseidon_hash
from starkware.cairo.common.cairo_builtins import PoseidonBuiltin
from starkware.cairo.common.dict_access import DictAccess
from starkware.cairo.common.poseidon_state import PoseidonBuiltinState
from starkware.cairo.common.registers import get_fp_and_pc

from circuits.cairo.constants import (
    ACCOUNT_ID_BOUND,
    ACCOUNT_TREE_HEIGHT,
    COLLATERAL_BOUND,
    LAST_TIME_MS,
    MAX_POSITIONS,
    RC_BOUND,
    TIME_BOUND,
)
from circuits.cairo.fee_tiers import FeeRule, settle_fees
from circuits.cairo.state.accounts import (
    AUCTION_MS,
    HOLDING_WORD,
    KEY_SIZE,
    Account,
    Identity,
    hash_owner,
)
from circuits.cairo.state.amounts import Holdings, hash_holdings
from circuits.cairo.state.cells import copy_cells
from circuits.cairo.state.merkle import Leaf
from circuits.cairo.state.nonce_windows import WINDOW_BOUND, Windows, check_pair
from circuits.cairo.state.positions import Position
from circuits.cairo.state.slot_leaves import (
    POSITION_BIAS,
    close_positions,
    open_position,
    open_positions,
)

// What the bias of collateral and the complement of the timer add to a balance word.
const BALANCE_BIAS = COLLATERAL_BOUND + LAST_TIME_MS * 2 ** 120;

// Where `has_keys` and `has_holdings` stand in the head of a record: behind account_id:32 and the part
// of the balance word below bit 168. Bits 168 and 169 are 0 in a leaf.
const HAS_KEYS = 2 ** 200;
const HAS_HOLDINGS = 2 ** 201;

// How many slots an account has before and after the batch.
struct SlotCounts {
    before: felt,
    after: felt,
}

// Turns the squashed log entries of accounts into leaves, and writes their data-availability
// records to the output.
//
// Most accounts have one key and nothing else, before and after: their keys are hashed once for both
// leaves. What is proven of them is what open_account proves and seal_other writes: keep in step.
//
// Assumption: the keys ascend strictly and are below 2^32 (the caller checks the last one).
// Guarantee (duty 5): each record that was open at the start of the batch is what the old leaf
// commits to; `left_quanta` is what these accounts get back of the fees that they paid.
func seal_accounts{range_check_ptr, poseidon_ptr: PoseidonBuiltin*, output_ptr: felt*}(
    entry: DictAccess*, leaf: Leaf*, n_accounts, rule: FeeRule*, left_quanta
) {
    alloc_locals;
    if (n_accounts == 0) {
        assert left_quanta = 0;
        return ();
    }
    let (__fp__, _) = get_fp_and_pc();
    assert leaf.index = entry.key + 2 ** ACCOUNT_TREE_HEIGHT;
    // Guesses, pinned by the ends of the lists.
    local message: SlotCounts;
    %{ segments.write_arg(ids.message.address_, next(witness)) %}
    assert [range_check_ptr] = message.after + (RC_BOUND - 1 - MAX_POSITIONS);
    local before: Account* = cast(entry.prev_value, Account*);
    local after: Account* = cast(entry.new_value, Account*);
    jmp known if before != 0;
    jmp other;

    known:
    local identity: Identity* = before.identity;
    tempvar more = identity.counts - 1;
    jmp other if more != 0;
    tempvar more = after.identity.counts - 1;
    jmp other if more != 0;
    local none = 0;
    assert cast(before.prices, felt) = none;
    assert before.fees_quanta = none;
    assert identity.n_keys = identity.counts;
    assert identity.is_changed = none;
    assert identity.auction_start_ms = none;
    assert cast(identity.windows, felt) = none;
    assert cast(identity.holdings, felt) = none;
    let hashes = poseidon_ptr;
    // The sponge over the three felts of an owner: two blocks, the last one padded.
    tempvar owner = identity.owner;
    assert hashes[0].input = PoseidonBuiltinState(owner.l1_address, owner.key_0, none);
    assert hashes[1].input = PoseidonBuiltinState(
        hashes[0].output.s0 + owner.word_0, hashes[0].output.s1 + 1, hashes[0].output.s2
    );
    tempvar keys_hash = hashes[1].output.s0;
    assert identity.keys_hash = keys_hash;
    // Same as check_pair().
    tempvar window_0 = before.window_0;
    local fees_word = identity.fees_word;
    assert [range_check_ptr + 1] = window_0;
    assert [range_check_ptr + 2] = window_0 + (RC_BOUND - WINDOW_BOUND);
    assert [range_check_ptr + 3] = fees_word;
    assert [range_check_ptr + 4] = fees_word + (RC_BOUND - WINDOW_BOUND);
    assert hashes[2].input = PoseidonBuiltinState(
        keys_hash, window_0 + fees_word * WINDOW_BOUND, none
    );
    tempvar collateral_quanta = before.collateral_quanta;
    assert [range_check_ptr + 5] = collateral_quanta + (COLLATERAL_BOUND - 1);
    assert [range_check_ptr + 6] = collateral_quanta + (RC_BOUND - COLLATERAL_BOUND);
    tempvar cancel_all_at_ms = before.cancel_all_at_ms;
    assert [range_check_ptr + 7] = cancel_all_at_ms;
    let range_check_ptr = range_check_ptr + 8;
    let poseidon_ptr = hashes + 3 * PoseidonBuiltin.SIZE;
    let (leaf_before) = open_positions(
        collateral_quanta + message.before * 2 ** 104 - cancel_all_at_ms * 2 ** 120 + (
            2 ** 100 + BALANCE_BIAS
        ),
        before.positions,
        message.before,
    );
    assert leaf.before = leaf_before;

    // What an account that has paid fees gets back is in its leaf only.
    local fees_word_after;
    local returned_quanta;
    local range_check_settled;
    tempvar fees_quanta = after.fees_quanta;
    jmp settle if fees_quanta != 0;
    assert fees_word_after = fees_word;
    assert returned_quanta = fees_quanta;
    assert range_check_settled = range_check_ptr;
    jmp settled;

    settle:
    let (word_settled, quanta) = settle_fees(rule, fees_word, fees_quanta);
    assert fees_word_after = word_settled;
    assert returned_quanta = quanta;
    assert range_check_settled = range_check_ptr;

    settled:
    let range_check_ptr = range_check_settled;
    tempvar collateral_quanta = after.collateral_quanta + returned_quanta;
    assert [range_check_ptr] = collateral_quanta + (COLLATERAL_BOUND - 1);
    assert [range_check_ptr + 1] = collateral_quanta + (RC_BOUND - COLLATERAL_BOUND);
    tempvar word = collateral_quanta + message.after * 2 ** 104 - after.cancel_all_at_ms * 2 **
        120 + (2 ** 100 + BALANCE_BIAS);
    tempvar window_word = after.window_0 + fees_word_after * WINDOW_BOUND;
    assert output_ptr[0] = entry.key + word * ACCOUNT_ID_BOUND;
    assert output_ptr[1] = window_word;
    // A single key never changes.
    assert poseidon_ptr.input = PoseidonBuiltinState(identity.keys_hash, window_word, none);
    let range_check_ptr = range_check_ptr + 2;
    let poseidon_ptr = poseidon_ptr + PoseidonBuiltin.SIZE;
    let output_ptr = output_ptr + 2;
    let (leaf_after) = close_positions(word, after.positions, message.after);
    assert leaf.after = leaf_after;
    return seal_accounts(
        entry + DictAccess.SIZE,
        leaf + Leaf.SIZE,
        n_accounts - 1,
        rule,
        left_quanta - returned_quanta,
    );

    other:
    let range_check_ptr = range_check_ptr + 1;
    return seal_other(entry, leaf, message.before, message.after, n_accounts, rule, left_quanta);
}

// What seal_accounts does with any account: opens the old record and writes the new one.
func seal_other{range_check_ptr, poseidon_ptr: PoseidonBuiltin*, output_ptr: felt*}(
    entry: DictAccess*, leaf: Leaf*, n_before, n_after, n_accounts, rule: FeeRule*, left_quanta
) {
    alloc_locals;
    let (before) = open_account(cast(entry.prev_value, Account*), n_before);
    assert leaf.before = before;
    // Windows, timer, slots and sums are within their bounds, as the transactions keep them;
    // collateral is checked here.
    local account: Account* = cast(entry.new_value, Account*);
    let (local fees_word, returned_quanta) = settle_if_paid(
        rule, account.identity.fees_word, account.fees_quanta
    );
    local left_quanta = left_quanta - returned_quanta;
    tempvar collateral_quanta = account.collateral_quanta + returned_quanta;
    assert [range_check_ptr] = collateral_quanta + (COLLATERAL_BOUND - 1);
    assert [range_check_ptr + 1] = collateral_quanta + (RC_BOUND - COLLATERAL_BOUND);
    let range_check_ptr = range_check_ptr + 2;
    tempvar identity: Identity* = account.identity;
    tempvar counts = identity.counts;
    tempvar balance_word = collateral_quanta + counts * 2 ** 100 + n_after * 2 ** 104 -
        account.cancel_all_at_ms * 2 ** 120 + BALANCE_BIAS;
    tempvar more = counts - 1;
    jmp longer if more != 0;
    // Nothing held, no auction, and one key, that of the deposit: it never changed.
    tempvar window_word = account.window_0 + fees_word * WINDOW_BOUND;
    assert output_ptr[0] = entry.key + balance_word * ACCOUNT_ID_BOUND;
    assert output_ptr[1] = window_word;
    let output_ptr = output_ptr + 2;
    assert poseidon_ptr.input = PoseidonBuiltinState(identity.keys_hash, window_word, 0);
    let poseidon_ptr = poseidon_ptr + PoseidonBuiltin.SIZE;
    let (after) = close_positions(balance_word, account.positions, n_after);
    assert leaf.after = after;
    return seal_accounts(
        entry + DictAccess.SIZE, leaf + Leaf.SIZE, n_accounts - 1, rule, left_quanta
    );

    longer:
    let (after) = close_account(entry.key, account, balance_word, fees_word, n_after);
    assert leaf.after = after;
    return seal_accounts(
        entry + DictAccess.SIZE, leaf + Leaf.SIZE, n_accounts - 1, rule, left_quanta
    );
}

// Returns the word of an account with what it has paid of fees in the batch, and what goes back to it.
func settle_if_paid{range_check_ptr}(rule: FeeRule*, word, fees_quanta) -> (
    word: felt, returned_quanta: felt
) {
    if (fees_quanta == 0) {
        return (word=word, returned_quanta=0);
    }
    return settle_fees(rule, word, fees_quanta);
}

// Returns the leaf of an account with two keys or more, with holdings, or in an auction, and writes its
// record to the output.
func close_account{poseidon_ptr: PoseidonBuiltin*, output_ptr: felt*}(
    account_id, account: Account*, balance_word, fees_word, n_positions
) -> (leaf: felt) {
    alloc_locals;
    local identity: Identity* = account.identity;
    local n_keys = identity.n_keys;
    let n_words = (identity.counts - n_keys - identity.auction_start_ms * AUCTION_MS) /
        HOLDING_WORD;
    let (local owner_hash, local n_written, local head) = close_holdings(
        identity, n_words, account_id + balance_word * ACCOUNT_ID_BOUND
    );
    if (n_keys == 1) {
        tempvar window_word = account.window_0 + fees_word * WINDOW_BOUND;
        assert output_ptr[0] = head;
        assert output_ptr[1] = window_word;
        assert poseidon_ptr.input = PoseidonBuiltinState(owner_hash, window_word, 0);
        let poseidon_ptr = poseidon_ptr + PoseidonBuiltin.SIZE;
        copy_cells(cast(identity.holdings, felt*), output_ptr + 2, n_written);
        let output_ptr = output_ptr + 2 + n_written;
        return close_positions(balance_word, account.positions, n_positions);
    }
    local is_changed = identity.is_changed;
    local windows: Windows* = identity.windows;
    local window_word = account.window_0 + windows.window_1 * WINDOW_BOUND;
    assert output_ptr[0] = head + is_changed * HAS_KEYS;
    assert output_ptr[1] = fees_word;
    assert output_ptr[2] = window_word;
    let (owner_hash) = poseidon_hash(owner_hash, fees_word);
    assert poseidon_ptr.input = PoseidonBuiltinState(owner_hash, window_word, 0);
    let poseidon_ptr = poseidon_ptr + PoseidonBuiltin.SIZE;
    let (local n_pairs, local is_pending) = count_pairs(n_keys);
    copy_cells(&windows.pair_1, output_ptr + 3, n_pairs);
    local keys_place: felt* = output_ptr + 3 + n_pairs;
    local n_cells = is_changed * n_keys * KEY_SIZE;
    copy_cells(&identity.owner.key_0, keys_place, n_cells);
    local holdings_place: felt* = keys_place + n_cells;
    copy_cells(cast(identity.holdings, felt*), holdings_place, n_written);
    let output_ptr = holdings_place + n_written;
    let (pending) = absorb_pairs(windows, n_pairs, balance_word);
    if (is_pending != 0) {
        return close_positions(pending, account.positions, n_positions);
    }
    tempvar position: Position* = account.positions;
    if (n_positions == 0) {
        assert cast(position, felt) = 0;
        let (leaf) = absorb_padding();
        return (leaf=leaf);
    }
    tempvar word = position.market_id + position.size_lots * 2 ** 16 + position.open_buy_lots * 2 **
        53 + position.open_sell_lots * 2 ** 90 + position.n_orders * 2 ** 127 +
        position.min_order_id * 2 ** 135 + POSITION_BIAS;
    assert output_ptr[0] = word;
    let output_ptr = output_ptr + 1;
    return close_positions(word, position.next, n_positions - 1);
}

// Returns the first word of an account's leaf, how many words of holdings its record has, and the
// record's head, which says whether it has any.
func close_holdings{poseidon_ptr: PoseidonBuiltin*}(identity: Identity*, n_words, head) -> (
    owner_hash: felt, n_written: felt, head: felt
) {
    alloc_locals;
    if (n_words == 0) {
        return (owner_hash=identity.keys_hash, n_written=0, head=head);
    }
    local holdings: Holdings* = identity.holdings;
    let (owner_hash) = hash_holdings(identity.keys_hash, &holdings.amounts, n_words);
    return (
        owner_hash=owner_hash,
        n_written=n_words * holdings.is_changed,
        head=head + holdings.is_changed * HAS_HOLDINGS,
    );
}

// Guarantee: how many words the windows behind those of the first two slots take, of 2 to 8 keys; and
// whether the balance word, which follows, is the first of a pair then.
func count_pairs(n_keys) -> (n_pairs: felt, is_pending: felt) {
    if (n_keys == 2) {
        return (n_pairs=0, is_pending=1);
    }
    tempvar above_four = (n_keys - 3) * (n_keys - 4);
    if (above_four == 0) {
        return (n_pairs=1, is_pending=0);
    }
    tempvar above_six = (n_keys - 5) * (n_keys - 6);
    if (above_six == 0) {
        return (n_pairs=2, is_pending=1);
    }
    return (n_pairs=3, is_pending=0);
}

// Absorbs the words of windows behind the first and, if that makes pairs, the balance word. Returns
// the word that is pending, 0 if there is none. Words that the account does not have are 0.
func absorb_pairs{poseidon_ptr: PoseidonBuiltin*}(windows: Windows*, n_pairs, balance_word) -> (
    pending: felt
) {
    tempvar none = 0;
    if (n_pairs == 0) {
        assert windows.pair_1 = none;
        assert windows.pair_2 = none;
        assert windows.pair_3 = none;
        return (pending=balance_word);
    }
    let state = [poseidon_ptr - PoseidonBuiltin.SIZE].output;
    if (n_pairs == 1) {
        assert windows.pair_2 = none;
        assert windows.pair_3 = none;
        assert poseidon_ptr.input = PoseidonBuiltinState(
            state.s0 + windows.pair_1, state.s1 + balance_word, state.s2
        );
        let poseidon_ptr = poseidon_ptr + PoseidonBuiltin.SIZE;
        return (pending=0);
    }
    assert poseidon_ptr.input = PoseidonBuiltinState(
        state.s0 + windows.pair_1, state.s1 + windows.pair_2, state.s2
    );
    let poseidon_ptr = poseidon_ptr + PoseidonBuiltin.SIZE;
    if (n_pairs == 2) {
        assert windows.pair_3 = none;
        return (pending=balance_word);
    }
    let state = [poseidon_ptr - PoseidonBuiltin.SIZE].output;
    assert poseidon_ptr.input = PoseidonBuiltinState(
        state.s0 + windows.pair_3, state.s1 + balance_word, state.s2
    );
    let poseidon_ptr = poseidon_ptr + PoseidonBuiltin.SIZE;
    return (pending=0);
}

// Absorbs the padding of an even length, and returns the leaf.
func absorb_padding{poseidon_ptr: PoseidonBuiltin*}() -> (leaf: felt) {
    let state = [poseidon_ptr - PoseidonBuiltin.SIZE].output;
    assert poseidon_ptr.input = PoseidonBuiltinState(state.s0 + 1, state.s1, state.s2);
    let poseidon_ptr = poseidon_ptr + PoseidonBuiltin.SIZE;
    return (leaf=[poseidon_ptr - PoseidonBuiltin.SIZE].output.s0);
}

// Returns the leaf of a record that the prover claims to be in the old tree; 0 for an absent one.
//
// Guarantee: the record is the only one with this leaf. Fields of packed words are bounded by their
// widths (the top field of a word by less), so that a word has one reading; sums that the record
// caches are recomputed.
func open_account{range_check_ptr, poseidon_ptr: PoseidonBuiltin*}(
    account: Account*, n_positions
) -> (leaf: felt) {
    alloc_locals;
    if (cast(account, felt) == 0) {
        assert n_positions = 0;
        return (leaf=0);
    }
    // No table of prices has the address 0, so `surplus`, which nothing else pins, is never used as
    // it is. The table is where the prover likes: what excludes the address are the AIR's
    // constraints memory/initial_addr (the first is 1) and memory/diff_is_bit (each is at most 1
    // more).
    assert cast(account.prices, felt) = 0;
    assert account.fees_quanta = 0;
    local identity: Identity* = account.identity;
    let (local keys_hash) = hash_owner(identity.owner, identity.n_keys);
    assert identity.keys_hash = keys_hash;
    tempvar none = 0;
    assert identity.is_changed = none;
    tempvar collateral_quanta = account.collateral_quanta;
    assert [range_check_ptr] = collateral_quanta + (COLLATERAL_BOUND - 1);
    assert [range_check_ptr + 1] = collateral_quanta + (RC_BOUND - COLLATERAL_BOUND);
    // keys_hash fixes n_keys, the length of the leaf's hash n_positions, and there are at most three
    // words of holdings. So the time from the timer to the last one, and the start of an auction, are
    // what is left of the balance word. This bound keeps the former below 2^48, so that without an
    // auction it cannot stand for one; with one, open_longer does more.
    assert [range_check_ptr + 2] = account.cancel_all_at_ms;
    let range_check_ptr = range_check_ptr + 3;
    tempvar counts = identity.counts;
    tempvar balance_word = collateral_quanta + counts * 2 ** 100 + n_positions * 2 ** 104 -
        account.cancel_all_at_ms * 2 ** 120 + BALANCE_BIAS;
    tempvar more = counts - 1;
    jmp longer if more != 0;
    // One key, nothing held, and no auction.
    assert identity.n_keys = counts;
    assert identity.auction_start_ms = none;
    assert cast(identity.windows, felt) = none;
    assert cast(identity.holdings, felt) = none;
    // What was paid of fees stands where another account has the window of its second key.
    check_pair(account.window_0, identity.fees_word);
    assert poseidon_ptr.input = PoseidonBuiltinState(
        keys_hash, account.window_0 + identity.fees_word * WINDOW_BOUND, 0
    );
    let poseidon_ptr = poseidon_ptr + PoseidonBuiltin.SIZE;
    return open_positions(balance_word, account.positions, n_positions);

    longer:
    return open_longer(account, keys_hash, balance_word, n_positions);
}

// Returns the leaf of an account with two keys or more, with holdings, or in an auction: what is left
// of open_account for it.
func open_longer{range_check_ptr, poseidon_ptr: PoseidonBuiltin*}(
    account: Account*, keys_hash, balance_word, n_positions
) -> (leaf: felt) {
    alloc_locals;
    local identity: Identity* = account.identity;
    local n_keys = identity.n_keys;
    let auction_start_ms = identity.auction_start_ms;
    // With open_account's bound the timer's part of the word has one reading.
    assert [range_check_ptr] = LAST_TIME_MS - account.cancel_all_at_ms;
    assert [range_check_ptr + 1] = auction_start_ms;
    assert [range_check_ptr + 2] = auction_start_ms + (RC_BOUND - TIME_BOUND);
    let range_check_ptr = range_check_ptr + 3;
    let (local owner_hash) = open_holdings(
        keys_hash,
        identity.holdings,
        (identity.counts - n_keys - auction_start_ms * AUCTION_MS) / HOLDING_WORD,
    );
    local window_0 = account.window_0;
    if (n_keys == 1) {
        assert cast(identity.windows, felt) = 0;
        check_pair(window_0, identity.fees_word);
        assert poseidon_ptr.input = PoseidonBuiltinState(
            owner_hash, window_0 + identity.fees_word * WINDOW_BOUND, 0
        );
        let poseidon_ptr = poseidon_ptr + PoseidonBuiltin.SIZE;
        return open_positions(balance_word, account.positions, n_positions);
    }
    let windows = identity.windows;
    check_pair(window_0, windows.window_1);
    // The word is hashed as it is: whoever opens it checks its parts.
    let (owner_hash) = poseidon_hash(owner_hash, identity.fees_word);
    assert poseidon_ptr.input = PoseidonBuiltinState(
        owner_hash, window_0 + identity.windows.window_1 * WINDOW_BOUND, 0
    );
    let poseidon_ptr = poseidon_ptr + PoseidonBuiltin.SIZE;
    let (n_pairs, local is_pending) = count_pairs(n_keys);
    let (pending) = absorb_pairs(identity.windows, n_pairs, balance_word);
    if (is_pending != 0) {
        return open_positions(pending, account.positions, n_positions);
    }
    let position = account.positions;
    if (n_positions == 0) {
        assert cast(position, felt) = 0;
        let (leaf) = absorb_padding();
        return (leaf=leaf);
    }
    let (word) = open_position(position);
    return open_positions(word, position.next, n_positions - 1);
}

// Returns the first word of a leaf.
//
// Guarantee: the record of holdings is the only one with this word.
func open_holdings{poseidon_ptr: PoseidonBuiltin*}(keys_hash, holdings: Holdings*, n_words) -> (
    owner_hash: felt
) {
    if (n_words == 0) {
        assert cast(holdings, felt) = 0;
        return (owner_hash=keys_hash);
    }
    assert holdings.is_changed = 0;
    return hash_holdings(keys_hash, &holdings.amounts, n_words);
}
