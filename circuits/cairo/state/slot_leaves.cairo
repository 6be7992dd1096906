from starkware.cairo.common.cairo_builtins import PoseidonBuiltin
from starkware.cairo.common.poseidon_state import PoseidonBuiltinState

from circuits.cairo.constants import (
    GUARD_BOUND,
    OPEN_LOTS_BOUND,
    ORDER_ID_BOUND,
    POSITION_BOUND,
    RC_BOUND,
)
from circuits.cairo.state.positions import Position

// The words of slots in the leaf of an account: the last part of what its sponge absorbs.

// What the bias of the size adds to a position word.
const POSITION_BIAS = POSITION_BOUND * 2 ** 16;

const N_ORDERS_BOUND = 2 ** 8;

// Guarantee: the record is the only reading of the returned word, and its two derived fields are right.
// A slot without orders has no open sums, as the transactions keep it; another word cannot be opened.
func open_position{range_check_ptr}(position: Position*) -> (word: felt) {
    tempvar market_id = position.market_id;
    assert [range_check_ptr] = market_id;
    assert [range_check_ptr + 1] = market_id + (RC_BOUND - 2 ** 16);
    // The top field, with a guard above the id: with its own bound the word stays below 2^219.
    tempvar min_order_id = position.min_order_id;
    assert [range_check_ptr + 2] = min_order_id;
    assert [range_check_ptr + 3] = min_order_id + (RC_BOUND - ORDER_ID_BOUND * GUARD_BOUND);
    tempvar size_lots = position.size_lots;
    tempvar word = market_id + size_lots * 2 ** 16 + min_order_id * 2 ** 135 + POSITION_BIAS;
    tempvar n_orders = position.n_orders;
    jmp ordered if n_orders != 0;
    assert position.open_buy_lots = n_orders;
    assert position.open_sell_lots = n_orders;
    // Long, or short; zero may be either, which gives the same record. The other bound follows.
    let a = size_lots;
    %{ memory[ap] = 0 if 0 <= (ids.a % PRIME) < range_check_builtin.bound else 1 %}
    jmp short if [ap] != 0, ap++;
    assert [range_check_ptr + 4] = size_lots;
    assert [range_check_ptr + 5] = size_lots + (RC_BOUND - POSITION_BOUND);
    assert position.long_lots = size_lots;
    assert position.exposure_lots = size_lots;
    let range_check_ptr = range_check_ptr + 6;
    return (word=word);

    short:
    tempvar short_lots = -size_lots;
    assert [range_check_ptr + 4] = short_lots;
    assert [range_check_ptr + 5] = size_lots + POSITION_BOUND;
    assert position.long_lots = n_orders;
    assert position.exposure_lots = short_lots;
    let range_check_ptr = range_check_ptr + 6;
    return (word=word);

    ordered:
    assert [range_check_ptr + 4] = n_orders;
    assert [range_check_ptr + 5] = n_orders + (RC_BOUND - N_ORDERS_BOUND);
    tempvar buys = position.open_buy_lots;
    assert [range_check_ptr + 6] = buys;
    assert [range_check_ptr + 7] = buys + (RC_BOUND - OPEN_LOTS_BOUND);
    tempvar sells = position.open_sell_lots;
    assert [range_check_ptr + 8] = sells;
    assert [range_check_ptr + 9] = sells + (RC_BOUND - OPEN_LOTS_BOUND);
    // A maximum is not below either argument and equal to one.
    tempvar exposure = position.exposure_lots;
    tempvar above_buys = exposure - size_lots - buys;
    tempvar above_sells = exposure - sells + size_lots;
    assert [range_check_ptr + 10] = above_buys;
    assert [range_check_ptr + 11] = above_sells;
    assert above_buys * above_sells = 0;
    tempvar word = word + buys * 2 ** 53 + sells * 2 ** 90 + n_orders * 2 ** 127;
    let a = size_lots;
    %{ memory[ap] = 0 if 0 <= (ids.a % PRIME) < range_check_builtin.bound else 1 %}
    jmp ordered_short if [ap] != 0, ap++;
    assert [range_check_ptr + 12] = size_lots;
    assert [range_check_ptr + 13] = size_lots + (RC_BOUND - POSITION_BOUND);
    assert position.long_lots = size_lots;
    let range_check_ptr = range_check_ptr + 14;
    return (word=word);

    ordered_short:
    assert [range_check_ptr + 12] = -size_lots;
    assert [range_check_ptr + 13] = size_lots + POSITION_BOUND;
    assert position.long_lots = 0;
    let range_check_ptr = range_check_ptr + 14;
    return (word=word);
}

// Absorbs two words and the words of the slots, whose records are checked.
func open_words{range_check_ptr, poseidon_ptr: PoseidonBuiltin*}(
    balance_word, volume_word, position: Position*, n_positions
) -> (leaf: felt) {
    let state = [poseidon_ptr - PoseidonBuiltin.SIZE].output;
    assert poseidon_ptr.input = PoseidonBuiltinState(
        state.s0 + balance_word, state.s1 + volume_word, state.s2
    );
    let poseidon_ptr = poseidon_ptr + PoseidonBuiltin.SIZE;
    if (n_positions == 0) {
        assert cast(position, felt) = 0;
        let (leaf) = absorb_padding();
        return (leaf=leaf);
    }
    let (word) = open_position(position);
    return open_positions(word, position.next, n_positions - 1);
}

// Absorbs the padding of an even length, and returns the leaf.
func absorb_padding{poseidon_ptr: PoseidonBuiltin*}() -> (leaf: felt) {
    let state = [poseidon_ptr - PoseidonBuiltin.SIZE].output;
    assert poseidon_ptr.input = PoseidonBuiltinState(state.s0 + 1, state.s1, state.s2);
    let poseidon_ptr = poseidon_ptr + PoseidonBuiltin.SIZE;
    return (leaf=[poseidon_ptr - PoseidonBuiltin.SIZE].output.s0);
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

// Absorbs two words and the words of the slots, which it also writes to the output.
func close_words{poseidon_ptr: PoseidonBuiltin*, output_ptr: felt*}(
    balance_word, volume_word, position: Position*, n_positions
) -> (leaf: felt) {
    let state = [poseidon_ptr - PoseidonBuiltin.SIZE].output;
    assert poseidon_ptr.input = PoseidonBuiltinState(
        state.s0 + balance_word, state.s1 + volume_word, state.s2
    );
    let poseidon_ptr = poseidon_ptr + PoseidonBuiltin.SIZE;
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

// Absorbs a pending word and the words of the slots, which it also writes to the output.
func close_positions{poseidon_ptr: PoseidonBuiltin*, output_ptr: felt*}(
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
