from starkware.cairo.common.cairo_builtins import PoseidonBuiltin
from starkware.cairo.common.dict_access import DictAccess
from starkware.cairo.common.poseidon_state import PoseidonBuiltinState

from circuits.cairo.constants import (
    ACCOUNT_ID_BOUND,
    DORMANT_LEAF_TAG,
    LIST_FALLS,
    LIST_RISES,
    MAX_KEYS,
    MAX_QUOTES,
    NONCE_BOUND,
    ORDER_ID_BOUND,
    ORDER_KEY_BASE,
    ORDER_LEAF_TAG,
    ORDER_SIZE_BOUND,
    ORDER_TREE_HEIGHT,
    PRICE_BOUND,
    RATE_BOUND,
    RC_BOUND,
    SELF_TRADE_MODES,
    TIME_BOUND,
)
from circuits.cairo.state.merkle import Leaf
from circuits.cairo.state.orders import DormantTerms, Order

// The bit above the slot in a data-availability record: the slot has an order.
const PRESENT = 2 ** ORDER_TREE_HEIGHT;

// Turns the squashed log entries of order slots into leaves, and writes their data-availability
// records to the output.
//
// Assumption: the keys ascend strictly within [ORDER_KEY_BASE, ORDER_KEY_BASE + 2^24) (the caller
// checks the first and the last).
// Guarantee (duty 5): each record that was open at the start of the batch is what the old leaf
// commits to; a slot that had an order holds that order or none, a slot that was empty holds one.
func seal_orders{range_check_ptr, poseidon_ptr: PoseidonBuiltin*, output_ptr: felt*}(
    entry: DictAccess*, leaf: Leaf*, n_orders
) {
    alloc_locals;
    if (n_orders == 0) {
        return ();
    }
    assert leaf.index = entry.key - ORDER_KEY_BASE + 2 ** ORDER_TREE_HEIGHT;
    if (entry.prev_value == 0) {
        assert leaf.before = 0;
        return keep_order(entry, leaf, n_orders);
    }
    let old = cast(entry.prev_value, Order*);
    let (before) = open_order(old);
    assert leaf.before = before;
    if (entry.new_value == 0) {
        assert leaf.after = 0;
        assert output_ptr[0] = entry.key - ORDER_KEY_BASE;
        let output_ptr = output_ptr + 1;
        return seal_orders(entry + DictAccess.SIZE, leaf + Leaf.SIZE, n_orders - 1);
    }
    let order = cast(entry.new_value, Order*);
    assert order.terms.order_id = old.terms.order_id;
    return keep_order(entry, leaf, n_orders);
}

// Returns the leaf of a record that the prover claims to be in the old tree.
// Guarantee: the record is the only one with this leaf, but for `key`, which is the log's.
func open_order{range_check_ptr, poseidon_ptr: PoseidonBuiltin*}(order: Order*) -> (leaf: felt) {
    alloc_locals;
    tempvar terms = order.terms;
    tempvar order_id = terms.order_id;
    assert [range_check_ptr] = order_id;
    assert [range_check_ptr + 1] = order_id + (RC_BOUND - ORDER_ID_BOUND);
    tempvar account_id = terms.account_id;
    assert [range_check_ptr + 2] = account_id;
    assert [range_check_ptr + 3] = account_id + (RC_BOUND - ACCOUNT_ID_BOUND);
    tempvar market_id = terms.market_id;
    assert [range_check_ptr + 4] = market_id;
    assert [range_check_ptr + 5] = market_id + (RC_BOUND - 2 ** 16);
    tempvar reduce_only = terms.reduce_only;
    assert reduce_only = reduce_only * reduce_only;
    tempvar price_ticks = terms.price_ticks;
    assert [range_check_ptr + 6] = price_ticks;
    assert [range_check_ptr + 7] = price_ticks + (RC_BOUND - PRICE_BOUND);
    tempvar expiry_time_ms = terms.expiry_time_ms;
    assert [range_check_ptr + 8] = expiry_time_ms;
    assert [range_check_ptr + 9] = expiry_time_ms + (RC_BOUND - TIME_BOUND);
    tempvar next_id = order.next_id;
    assert [range_check_ptr + 10] = next_id;
    assert [range_check_ptr + 11] = next_id + (RC_BOUND - ORDER_ID_BOUND);
    // The top field of the second word begins at bit 128: with the bound 2^128 alone the word could
    // pass the prime and have a second reading, with another price.
    tempvar next_price_ticks = order.next_price_ticks;
    assert [range_check_ptr + 12] = next_price_ticks;
    assert [range_check_ptr + 13] = next_price_ticks + (RC_BOUND - PRICE_BOUND);
    tempvar remaining_lots = order.remaining_lots;
    assert [range_check_ptr + 14] = remaining_lots;
    assert [range_check_ptr + 15] = remaining_lots + (RC_BOUND - ORDER_SIZE_BOUND);
    tempvar max_fee_ppm = terms.max_fee_ppm;
    assert [range_check_ptr + 16] = max_fee_ppm;
    assert [range_check_ptr + 17] = max_fee_ppm + (RC_BOUND - RATE_BOUND);
    // The top field of the first word, as that of the second: within its own bound.
    tempvar origin = terms.origin;
    assert [range_check_ptr + 18] = origin;
    assert [range_check_ptr + 19] = origin + (RC_BOUND - MAX_KEYS * NONCE_BOUND * MAX_QUOTES);
    tempvar side = terms.side;
    tempvar is_dormant = side * (side - 1);
    jmp dormant if is_dormant != 0;
    // Same as hash_resting(), keep in step: here the fields are read already.
    assert poseidon_ptr.input = PoseidonBuiltinState(
        order_id + account_id * 2 ** 48 + market_id * 2 ** 80 + side * 2 ** 96 + reduce_only * 2 **
        97 + remaining_lots * 2 ** 104 + max_fee_ppm * 2 ** 136 + origin * 2 ** 156,
        price_ticks + expiry_time_ms * 2 ** 32 + next_id * 2 ** 80 + next_price_ticks * 2 ** 128,
        ORDER_LEAF_TAG,
    );
    let range_check_ptr = range_check_ptr + 20;
    let poseidon_ptr = poseidon_ptr + PoseidonBuiltin.SIZE;
    return (leaf=[poseidon_ptr - PoseidonBuiltin.SIZE].output.s0);

    dormant:
    let range_check_ptr = range_check_ptr + 20;
    let dormant_terms = cast(order.terms, DormantTerms*);
    check_dormant(dormant_terms);
    let (_, _, leaf) = hash_dormant(order, dormant_terms);
    return (leaf=leaf);
}

// Guarantee: the order is in one of the lists of dormant orders, and what a resting order has not is
// within its width.
func check_dormant{range_check_ptr}(terms: DormantTerms*) {
    assert (terms.side - LIST_FALLS) * (terms.side - LIST_RISES) = 0;
    assert terms.reduce_only = 1;
    assert terms.order_side = terms.order_side * terms.order_side;
    assert terms.time_in_force = terms.time_in_force * terms.time_in_force;
    assert terms.ends_others = terms.ends_others * terms.ends_others;
    assert [range_check_ptr] = terms.limit_price_ticks;
    assert [range_check_ptr + 1] = terms.limit_price_ticks + (RC_BOUND - PRICE_BOUND);
    // The top field of the second word.
    assert [range_check_ptr + 2] = terms.self_trade;
    assert [range_check_ptr + 3] = terms.self_trade + (RC_BOUND - 2 * SELF_TRADE_MODES);
    let range_check_ptr = range_check_ptr + 4;
    return ();
}

// Writes the record of a slot that has an order to the output, sets its leaf and goes on.
//
// Assumption: the fields of the record are within their bounds, as PlaceOrder checked them.
// Guarantee: there is a record. A null one would be read at address 0, which no memory of a proof
// has (see open_account), so that a slot which was empty and stays so is never listed.
func keep_order{range_check_ptr, poseidon_ptr: PoseidonBuiltin*, output_ptr: felt*}(
    entry: DictAccess*, leaf: Leaf*, n_orders
) {
    let (word_0, word_1, after) = hash_order(cast(entry.new_value, Order*));
    assert leaf.after = after;
    assert output_ptr[0] = entry.key - ORDER_KEY_BASE + PRESENT + word_0 * (2 * PRESENT);
    assert output_ptr[1] = word_1;
    let output_ptr = output_ptr + 2;
    return seal_orders(entry + DictAccess.SIZE, leaf + Leaf.SIZE, n_orders - 1);
}

func hash_order{poseidon_ptr: PoseidonBuiltin*}(order: Order*) -> (
    word_0: felt, word_1: felt, leaf: felt
) {
    let terms = order.terms;
    tempvar is_dormant = terms.side * (terms.side - 1);
    if (is_dormant == 0) {
        return hash_resting(order);
    }
    return hash_dormant(order, cast(terms, DormantTerms*));
}

func hash_resting{poseidon_ptr: PoseidonBuiltin*}(order: Order*) -> (
    word_0: felt, word_1: felt, leaf: felt
) {
    tempvar terms = order.terms;
    tempvar word_0 = terms.order_id + terms.account_id * 2 ** 48 + terms.market_id * 2 ** 80 +
        terms.side * 2 ** 96 + terms.reduce_only * 2 ** 97 + order.remaining_lots * 2 ** 104 +
        terms.max_fee_ppm * 2 ** 136 + terms.origin * 2 ** 156;
    tempvar word_1 = terms.price_ticks + terms.expiry_time_ms * 2 ** 32 + order.next_id * 2 ** 80 +
        order.next_price_ticks * 2 ** 128;
    assert poseidon_ptr.input = PoseidonBuiltinState(word_0, word_1, ORDER_LEAF_TAG);
    let poseidon_ptr = poseidon_ptr + PoseidonBuiltin.SIZE;
    return (word_0=word_0, word_1=word_1, leaf=[poseidon_ptr - PoseidonBuiltin.SIZE].output.s0);
}

// As hash_resting, in a domain of its own. Flags of the first word say that it is dormant, in which
// list, and whether it ends others.
func hash_dormant{poseidon_ptr: PoseidonBuiltin*}(order: Order*, terms: DormantTerms*) -> (
    word_0: felt, word_1: felt, leaf: felt
) {
    tempvar word_0 = terms.order_id + terms.account_id * 2 ** 48 + terms.market_id * 2 ** 80 +
        terms.order_side * 2 ** 96 + terms.reduce_only * 2 ** 97 + 2 ** 98 + (
            terms.side - LIST_FALLS
        ) * 2 ** 99 + terms.ends_others * 2 ** 100 + order.remaining_lots * 2 ** 104 +
        terms.max_fee_ppm * 2 ** 136 + terms.origin * 2 ** 156;
    tempvar word_1 = terms.price_ticks + terms.expiry_time_ms * 2 ** 32 + order.next_id * 2 ** 80 +
        order.next_price_ticks * 2 ** 128 + terms.limit_price_ticks * 2 ** 160 +
        terms.time_in_force * 2 ** 192 + terms.self_trade * 2 ** 196;
    assert poseidon_ptr.input = PoseidonBuiltinState(word_0, word_1, DORMANT_LEAF_TAG);
    let poseidon_ptr = poseidon_ptr + PoseidonBuiltin.SIZE;
    return (word_0=word_0, word_1=word_1, leaf=[poseidon_ptr - PoseidonBuiltin.SIZE].output.s0);
}
