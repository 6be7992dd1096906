from starkware.cairo.common.cairo_builtins import PoseidonBuiltin
from starkware.cairo.common.dict_access import DictAccess
from starkware.cairo.common.poseidon_state import PoseidonBuiltinState

from circuits.cairo.constants import (
    ACCOUNT_ID_BOUND,
    ACCOUNT_TREE_HEIGHT,
    COLLATERAL_BOUND,
    LAST_TIME_MS,
    MAX_POSITIONS,
    OPEN_LOTS_BOUND,
    GUARD_BOUND,
    ORDER_ID_BOUND,
    POSITION_BOUND,
    RC_BOUND,
    TIME_BOUND,
)
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

// What the bias of the size adds to a position word.
const POSITION_BIAS = POSITION_BOUND * 2 ** 16;

// What the bias of collateral and the complement of the timer add to a balance word.
const BALANCE_BIAS = COLLATERAL_BOUND + LAST_TIME_MS * 2 ** 120;

const N_ORDERS_BOUND = 2 ** 8;

// Where `has_keys` and `has_holdings` stand in the head of a record: behind account_id:32 and the part
// of the balance word below bit 168. Bits 168 and 169 are 0 in a leaf.
const HAS_KEYS = 2 ** 200;
const HAS_HOLDINGS = 2 ** 201;

// Turns the squashed log entries of accounts into leaves, and writes their data-availability
// records to the output.
//
// Assumption: the keys ascend strictly and are below 2^32 (the caller checks the last one).
// Guarantee (duty 5): each record that was open at the start of the batch is what the old leaf
// commits to.
func seal_accounts{range_check_ptr, poseidon_ptr: PoseidonBuiltin*, output_ptr: felt*}(
    entry: DictAccess*, leaf: Leaf*, n_accounts
) {
    alloc_locals;
    if (n_accounts == 0) {
        return ();
    }
    tempvar account_id = entry.key;
    assert leaf.index = account_id + 2 ** ACCOUNT_TREE_HEIGHT;
    let (before) = open_account(cast(entry.prev_value, Account*));
    assert leaf.before = before;

    // Windows, timer, slots and sums are within their bounds, as the transactions keep them;
    // collateral is checked here.
    tempvar account: Account* = cast(entry.new_value, Account*);
    tempvar collateral_quanta = account.collateral_quanta;
    assert [range_check_ptr] = collateral_quanta + (COLLATERAL_BOUND - 1);
    assert [range_check_ptr + 1] = collateral_quanta + (RC_BOUND - COLLATERAL_BOUND);
    tempvar identity: Identity* = account.identity;
    tempvar counts = identity.counts;
    // A guess, pinned by the end of the list.
    %{ memory[ap] = next(witness) %}
    tempvar n_positions;
    assert [range_check_ptr + 2] = n_positions + (RC_BOUND - 1 - MAX_POSITIONS);
    let range_check_ptr = range_check_ptr + 3;
    tempvar balance_word = collateral_quanta + counts * 2 ** 100 + n_positions * 2 ** 104 -
        account.cancel_all_at_ms * 2 ** 120 + BALANCE_BIAS;
    tempvar more = counts - 1;
    jmp longer if more != 0;
    // Nothing held, no auction, and one key, that of the deposit: it never changed.
    tempvar window_0 = account.window_0;
    assert output_ptr[0] = entry.key + balance_word * ACCOUNT_ID_BOUND;
    assert output_ptr[1] = window_0;
    let output_ptr = output_ptr + 2;
    assert poseidon_ptr.input = PoseidonBuiltinState(identity.keys_hash, window_0, 0);
    let poseidon_ptr = poseidon_ptr + PoseidonBuiltin.SIZE;
    let (after) = close_positions(balance_word, account.positions, n_positions);
    assert leaf.after = after;
    return seal_accounts(entry + DictAccess.SIZE, leaf + Leaf.SIZE, n_accounts - 1);

    longer:
    let (after) = close_account(entry.key, account, balance_word, n_positions);
    assert leaf.after = after;
    return seal_accounts(entry + DictAccess.SIZE, leaf + Leaf.SIZE, n_accounts - 1);
}

// Returns the leaf of an account with two keys or more, with holdings, or in an auction, and writes its
// record to the output.
func close_account{range_check_ptr, poseidon_ptr: PoseidonBuiltin*, output_ptr: felt*}(
    account_id, account: Account*, balance_word, n_positions
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
        tempvar window_0 = account.window_0;
        assert output_ptr[0] = head;
        assert output_ptr[1] = window_0;
        assert poseidon_ptr.input = PoseidonBuiltinState(owner_hash, window_0, 0);
        let poseidon_ptr = poseidon_ptr + PoseidonBuiltin.SIZE;
        copy_cells(cast(identity.holdings, felt*), output_ptr + 2, n_written);
        let output_ptr = output_ptr + 2 + n_written;
        return close_positions(balance_word, account.positions, n_positions);
    }
    local is_changed = identity.is_changed;
    local windows: Windows* = identity.windows;
    tempvar window_word = account.window_0 + windows.window_1 * WINDOW_BOUND;
    assert output_ptr[0] = head + is_changed * HAS_KEYS;
    assert output_ptr[1] = window_word;
    assert poseidon_ptr.input = PoseidonBuiltinState(owner_hash, window_word, 0);
    let poseidon_ptr = poseidon_ptr + PoseidonBuiltin.SIZE;
    let (local n_pairs, local is_pending) = count_pairs(n_keys);
    copy_cells(&windows.pair_1, output_ptr + 2, n_pairs);
    local keys_place: felt* = output_ptr + 2 + n_pairs;
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
func open_account{range_check_ptr, poseidon_ptr: PoseidonBuiltin*}(account: Account*) -> (
    leaf: felt
) {
    alloc_locals;
    if (cast(account, felt) == 0) {
        return (leaf=0);
    }
    // No table of prices has the address 0, so `surplus`, which nothing else pins, is never used as
    // it is. The table is where the prover likes: what excludes the address are the AIR's
    // constraints memory/initial_addr (the first is 1) and memory/diff_is_bit (each is at most 1
    // more).
    assert cast(account.prices, felt) = 0;
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
    // A guess, pinned by the end of the list.
    %{ memory[ap] = next(witness) %}
    tempvar n_positions;
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
    // The window is the whole word: whoever uses it opens it.
    assert poseidon_ptr.input = PoseidonBuiltinState(keys_hash, account.window_0, 0);
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
        assert poseidon_ptr.input = PoseidonBuiltinState(owner_hash, window_0, 0);
        let poseidon_ptr = poseidon_ptr + PoseidonBuiltin.SIZE;
        return open_positions(balance_word, account.positions, n_positions);
    }
    let windows = identity.windows;
    check_pair(window_0, windows.window_1);
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

// Absorbs a pending word and the words of the slots, whose records are checked. The sponge state is
// the output of the last permutation.
func open_positions{range_check_ptr, poseidon_ptr: PoseidonBuiltin*}(
    pending, position: Position*, n_positions
) -> (leaf: felt) {
    alloc_locals;
    let state = [poseidon_ptr - PoseidonBuiltin.SIZE].output;
    assert poseidon_ptr.input.s0 = state.s0 + pending;
    assert poseidon_ptr.input.s2 = state.s2;
    if (n_positions == 0) {
        assert cast(position, felt) = 0;
        assert poseidon_ptr.input.s1 = state.s1 + 1;
        let poseidon_ptr = poseidon_ptr + PoseidonBuiltin.SIZE;
        return (leaf=[poseidon_ptr - PoseidonBuiltin.SIZE].output.s0);
    }
    let (word) = open_position(position);
    assert poseidon_ptr.input.s1 = state.s1 + word;
    let poseidon_ptr = poseidon_ptr + PoseidonBuiltin.SIZE;
    if (n_positions == 1) {
        assert cast(position.next, felt) = 0;
        // The padding of an even length.
        let state = [poseidon_ptr - PoseidonBuiltin.SIZE].output;
        assert poseidon_ptr.input = PoseidonBuiltinState(state.s0 + 1, state.s1, state.s2);
        let poseidon_ptr = poseidon_ptr + PoseidonBuiltin.SIZE;
        return (leaf=[poseidon_ptr - PoseidonBuiltin.SIZE].output.s0);
    }
    let (pending) = open_position(position.next);
    return open_positions(pending, position.next.next, n_positions - 2);
}

// Guarantee: the record is the only reading of the returned position word, and its two derived
// fields are right.
func open_position{range_check_ptr}(position: Position*) -> (word: felt) {
    tempvar market_id = position.market_id;
    assert [range_check_ptr] = market_id;
    assert [range_check_ptr + 1] = market_id + (RC_BOUND - 2 ** 16);
    tempvar size_lots = position.size_lots;
    tempvar biased_size = size_lots + POSITION_BOUND;
    assert [range_check_ptr + 2] = biased_size;
    assert [range_check_ptr + 3] = biased_size + (RC_BOUND - 2 * POSITION_BOUND);
    tempvar buys = position.open_buy_lots;
    assert [range_check_ptr + 4] = buys;
    assert [range_check_ptr + 5] = buys + (RC_BOUND - OPEN_LOTS_BOUND);
    tempvar sells = position.open_sell_lots;
    assert [range_check_ptr + 6] = sells;
    assert [range_check_ptr + 11] = sells + (RC_BOUND - OPEN_LOTS_BOUND);
    tempvar n_orders = position.n_orders;
    assert [range_check_ptr + 12] = n_orders;
    assert [range_check_ptr + 13] = n_orders + (RC_BOUND - N_ORDERS_BOUND);
    // The top field, with a guard above the id: with its own bound the word stays below 2^219.
    tempvar min_order_id = position.min_order_id;
    assert [range_check_ptr + 14] = min_order_id;
    assert [range_check_ptr + 15] = min_order_id + (RC_BOUND - ORDER_ID_BOUND * GUARD_BOUND);
    // A maximum is not below either argument and equal to one.
    tempvar long = position.long_lots;
    tempvar above_size = long - size_lots;
    assert [range_check_ptr + 7] = long;
    assert [range_check_ptr + 8] = above_size;
    assert long * above_size = 0;
    tempvar above_buys = position.exposure_lots - size_lots - buys;
    tempvar above_sells = position.exposure_lots - sells + size_lots;
    assert [range_check_ptr + 9] = above_buys;
    assert [range_check_ptr + 10] = above_sells;
    assert above_buys * above_sells = 0;
    let range_check_ptr = range_check_ptr + 16;
    return (
        word=market_id + biased_size * 2 ** 16 + buys * 2 ** 53 + sells * 2 ** 90 + n_orders * 2 **
        127 + min_order_id * 2 ** 135,
    );
}

// Absorbs a pending word and the words of the slots, which it also writes to the output.
func close_positions{range_check_ptr, poseidon_ptr: PoseidonBuiltin*, output_ptr: felt*}(
    pending, position: Position*, n_positions
) -> (leaf: felt) {
    let state = [poseidon_ptr - PoseidonBuiltin.SIZE].output;
    assert poseidon_ptr.input.s0 = state.s0 + pending;
    assert poseidon_ptr.input.s2 = state.s2;
    if (n_positions == 0) {
        assert cast(position, felt) = 0;
        assert poseidon_ptr.input.s1 = state.s1 + 1;
        let poseidon_ptr = poseidon_ptr + PoseidonBuiltin.SIZE;
        return (leaf=[poseidon_ptr - PoseidonBuiltin.SIZE].output.s0);
    }
    tempvar word = position.market_id + position.size_lots * 2 ** 16 + position.open_buy_lots * 2 **
        53 + position.open_sell_lots * 2 ** 90 + position.n_orders * 2 ** 127 +
        position.min_order_id * 2 ** 135 + POSITION_BIAS;
    assert output_ptr[0] = word;
    assert poseidon_ptr.input.s1 = state.s1 + word;
    let poseidon_ptr = poseidon_ptr + PoseidonBuiltin.SIZE;
    tempvar next: Position* = position.next;
    if (n_positions == 1) {
        assert cast(next, felt) = 0;
        let output_ptr = output_ptr + 1;
        // The padding of an even length.
        let state = [poseidon_ptr - PoseidonBuiltin.SIZE].output;
        assert poseidon_ptr.input = PoseidonBuiltinState(state.s0 + 1, state.s1, state.s2);
        let poseidon_ptr = poseidon_ptr + PoseidonBuiltin.SIZE;
        return (leaf=[poseidon_ptr - PoseidonBuiltin.SIZE].output.s0);
    }
    tempvar word = next.market_id + next.size_lots * 2 ** 16 + next.open_buy_lots * 2 ** 53 +
        next.open_sell_lots * 2 ** 90 + next.n_orders * 2 ** 127 + next.min_order_id * 2 ** 135 +
        POSITION_BIAS;
    assert output_ptr[1] = word;
    let output_ptr = output_ptr + 2;
    return close_positions(word, next.next, n_positions - 2);
}
