from starkware.cairo.common.cairo_builtins import PoseidonBuiltin
from starkware.cairo.common.dict_access import DictAccess
from starkware.cairo.common.poseidon_state import PoseidonBuiltinState

from circuits.cairo.constants import (
    INDEX_SUM_BOUND,
    MARKET_KEY_BASE,
    MARKET_TREE_HEIGHT,
    OPEN_INTEREST_BOUND,
    ORDER_ID_BOUND,
    PRICE_BOUND,
    RC_BOUND,
    TIME_BOUND,
)
from circuits.cairo.state.markets import Market, Triggers
from circuits.cairo.state.merkle import Leaf

// Below the first word in a data-availability record: the market's id.
const ID_BOUND = 2 ** 16;
// A millisecond of the top field of the fourth word.
const UNWOUND_UNIT = 2 ** 160;

// Of the sum of the last indices and their number: at most 32, once a minute in half an hour.
const INDEX_SUMS_BOUND = INDEX_SUM_BOUND * 2 ** 6;

// Turns the squashed log entries of markets into leaves, and writes their data-availability records
// to the output.
//
// Assumption: the keys ascend strictly within [MARKET_KEY_BASE, MARKET_KEY_BASE + 2^11) (the caller
// checks the first and the last).
// Guarantee (duty 5): each record that was open at the start of the batch is what the old leaf
// commits to; a market that was not listed had none.
func seal_markets{range_check_ptr, poseidon_ptr: PoseidonBuiltin*, output_ptr: felt*}(
    entry: DictAccess*, leaf: Leaf*, n_markets
) {
    if (n_markets == 0) {
        return ();
    }
    alloc_locals;
    assert leaf.index = entry.key - MARKET_KEY_BASE + 2 ** MARKET_TREE_HEIGHT;
    if (entry.prev_value == 0) {
        assert leaf.before = 0;
        return keep_market(entry, leaf, n_markets);
    }
    let (before) = open_market(cast(entry.prev_value, Market*), entry.key - MARKET_KEY_BASE);
    assert leaf.before = before;
    return keep_market(entry, leaf, n_markets);
}

// Writes the record of a market to the output, sets its leaf and goes on.
//
// Assumption: the fields of the record are within their bounds, as the transactions keep them. There
// is one: who logs an entry has made it.
func keep_market{range_check_ptr, poseidon_ptr: PoseidonBuiltin*, output_ptr: felt*}(
    entry: DictAccess*, leaf: Leaf*, n_markets
) {
    alloc_locals;
    local market_id = entry.key - MARKET_KEY_BASE;
    local market: Market* = cast(entry.new_value, Market*);
    let (triggers_word) = trigger_word(market.others.triggers);
    local word_3 = triggers_word + market.others.unwound_ms * UNWOUND_UNIT;
    let (word_0, word_1, after) = hash_market(market, market_id, word_3);
    assert leaf.after = after;
    assert output_ptr[0] = market_id + word_0 * ID_BOUND;
    assert output_ptr[1] = word_1;
    assert output_ptr[2] = market.others.funding_word;
    assert output_ptr[3] = word_3;
    let output_ptr = output_ptr + 4;
    return seal_markets(entry + DictAccess.SIZE, leaf + Leaf.SIZE, n_markets - 1);
}

// Returns the leaf of a record that the prover claims to be in the old tree.
// Guarantee: the record is the only one with this leaf, and not one that a transaction made.
func open_market{range_check_ptr, poseidon_ptr: PoseidonBuiltin*}(market: Market*, market_id) -> (
    leaf: felt
) {
    alloc_locals;
    assert market.is_made = 0;
    assert [range_check_ptr] = market.bid_head_id;
    assert [range_check_ptr + 1] = market.bid_head_id + (RC_BOUND - ORDER_ID_BOUND);
    assert [range_check_ptr + 2] = market.bid_head_price_ticks;
    assert [range_check_ptr + 3] = market.bid_head_price_ticks + (RC_BOUND - PRICE_BOUND);
    assert [range_check_ptr + 4] = market.ask_head_id;
    assert [range_check_ptr + 5] = market.ask_head_id + (RC_BOUND - ORDER_ID_BOUND);
    // The top fields begin at bits 128 and 147: with the bound 2^128 alone the words could pass the
    // prime and have a second reading.
    assert [range_check_ptr + 6] = market.ask_head_price_ticks;
    assert [range_check_ptr + 7] = market.ask_head_price_ticks + (RC_BOUND - PRICE_BOUND);
    assert [range_check_ptr + 8] = market.others.listed_ms;
    assert [range_check_ptr + 9] = market.others.listed_ms + (RC_BOUND - TIME_BOUND);
    assert [range_check_ptr + 10] = market.open_interest_lots;
    assert [range_check_ptr + 11] = market.open_interest_lots + (RC_BOUND - OPEN_INTEREST_BOUND);
    assert [range_check_ptr + 12] = market.others.unwound_ms;
    assert [range_check_ptr + 13] = market.others.unwound_ms + (RC_BOUND - TIME_BOUND);
    assert [range_check_ptr + 14] = market.others.index_sums;
    assert [range_check_ptr + 15] = market.others.index_sums + (RC_BOUND - INDEX_SUMS_BOUND);
    let range_check_ptr = range_check_ptr + 16;
    let triggers = market.others.triggers;
    if (cast(triggers, felt) == 0) {
        let (_, _, leaf) = hash_market(market, market_id, market.others.unwound_ms * UNWOUND_UNIT);
        return (leaf=leaf);
    }
    let (word_3) = open_triggers(triggers);
    let (_, _, leaf) = hash_market(
        market, market_id, word_3 + market.others.unwound_ms * UNWOUND_UNIT
    );
    return (leaf=leaf);
}

// Returns the heads in the fourth word of a leaf. Guarantee: they are the only ones that it has.
func open_triggers{range_check_ptr}(triggers: Triggers*) -> (word: felt) {
    assert [range_check_ptr] = triggers.fall_head_id;
    assert [range_check_ptr + 1] = triggers.fall_head_id + (RC_BOUND - ORDER_ID_BOUND);
    assert [range_check_ptr + 2] = triggers.fall_head_price_ticks;
    assert [range_check_ptr + 3] = triggers.fall_head_price_ticks + (RC_BOUND - PRICE_BOUND);
    assert [range_check_ptr + 4] = triggers.rise_head_id;
    assert [range_check_ptr + 5] = triggers.rise_head_id + (RC_BOUND - ORDER_ID_BOUND);
    // The top field begins at bit 128.
    assert [range_check_ptr + 6] = triggers.rise_head_price_ticks;
    assert [range_check_ptr + 7] = triggers.rise_head_price_ticks + (RC_BOUND - PRICE_BOUND);
    let range_check_ptr = range_check_ptr + 8;
    return (
        word=triggers.fall_head_id + triggers.fall_head_price_ticks * 2 ** 48 +
        triggers.rise_head_id * 2 ** 80 + triggers.rise_head_price_ticks * 2 ** 128,
    );
}

func trigger_word(triggers: Triggers*) -> (word: felt) {
    if (cast(triggers, felt) == 0) {
        return (word=0);
    }
    return (
        word=triggers.fall_head_id + triggers.fall_head_price_ticks * 2 ** 48 +
        triggers.rise_head_id * 2 ** 80 + triggers.rise_head_price_ticks * 2 ** 128,
    );
}

// Kind, expiry slot, the bits behind the sums and the status are 0 in every market; the id of a
// perpetual's underlying is the market's.
func hash_market{poseidon_ptr: PoseidonBuiltin*}(market: Market*, market_id, word_3) -> (
    word_0: felt, word_1: felt, leaf: felt
) {
    tempvar word_0 = market_id * 2 ** 4 + market.others.index_sums * 2 ** 13 +
        market.others.listed_ms * 2 ** 99 + market.open_interest_lots * 2 ** 147;
    tempvar word_1 = market.bid_head_id + market.bid_head_price_ticks * 2 ** 48 +
        market.ask_head_id * 2 ** 80 + market.ask_head_price_ticks * 2 ** 128;
    // The sponge over four felts: two blocks, then the padding.
    assert poseidon_ptr.input = PoseidonBuiltinState(word_0, word_1, 0);
    let middle = poseidon_ptr + PoseidonBuiltin.SIZE;
    assert middle.input.s0 = poseidon_ptr.output.s0 + market.others.funding_word;
    assert middle.input.s1 = poseidon_ptr.output.s1 + word_3;
    assert middle.input.s2 = poseidon_ptr.output.s2;
    let last = poseidon_ptr + 2 * PoseidonBuiltin.SIZE;
    assert last.input.s0 = middle.output.s0 + 1;
    assert last.input.s1 = middle.output.s1;
    assert last.input.s2 = middle.output.s2;
    let poseidon_ptr = poseidon_ptr + 3 * PoseidonBuiltin.SIZE;
    return (word_0=word_0, word_1=word_1, leaf=last.output.s0);
}
