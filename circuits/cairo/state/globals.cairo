from starkware.cairo.common.builtin_poseidon.poseidon import poseidon_hash_many
from starkware.cairo.common.cairo_builtins import PoseidonBuiltin
from starkware.cairo.common.registers import get_fp_and_pc

from circuits.cairo.constants import (
    AMOUNT_BOUND,
    CUSTODY_BOUND,
    DEFICIT_BOUND,
    MAX_UNDERLYINGS,
    RC_BOUND,
    STATE_VERSION,
    TIME_BOUND,
)
from circuits.cairo.state.amounts import Amounts

// Counters of the whole exchange, and what guards its money and its books.
struct Globals {
    batch_number: felt,
    time_ms: felt,
    next_order_id: felt,
    l1_queue_position: felt,
    oracle_time_ms: felt,
    // All credited deposits of USD minus all withdrawals.
    custody_quanta: felt,
    // How much more all balances and pools add up to than is in custody.
    recorded_deficit_quanta: felt,
    // Until then orders must be post-only; 0 if prices were never away for too long.
    post_only_until_ms: felt,
    // From then on nothing may happen before the next minute_tick, which is that of this underlying.
    next_tick_ms: felt,
    tick_underlying: felt,
    // What is in custody of the other assets. Who changes an amount opens its word.
    other_custody: Amounts,
    // What counts at the end of a batch of what has left, of USD and of the other assets. The output does
    // not have it: it follows from the batches.
    outflow_quanta: felt,
    other_outflows: Amounts,
}

// Two of pack_globals, and those of other_custody.
const GLOBALS_WORDS = 2 + Amounts.SIZE;

const COUNTER_BOUND = 2 ** 48;

// Guarantee: every field but those of other assets is within its bound, so that the words have one reading and
// pack them all; outflow_quanta is a word itself.
func pack_globals{range_check_ptr}(globals: Globals*) -> (word_0: felt, word_1: felt) {
    let slack = RC_BOUND - COUNTER_BOUND;
    assert [range_check_ptr] = globals.batch_number;
    assert [range_check_ptr + 1] = globals.batch_number + slack;
    assert [range_check_ptr + 2] = globals.time_ms;
    assert [range_check_ptr + 3] = globals.time_ms + slack;
    assert [range_check_ptr + 4] = globals.next_order_id;
    assert [range_check_ptr + 5] = globals.next_order_id + slack;
    assert [range_check_ptr + 6] = globals.l1_queue_position;
    assert [range_check_ptr + 7] = globals.l1_queue_position + slack;
    assert [range_check_ptr + 8] = globals.oracle_time_ms;
    assert [range_check_ptr + 9] = globals.oracle_time_ms + slack;
    assert [range_check_ptr + 10] = globals.custody_quanta;
    assert [range_check_ptr + 11] = globals.custody_quanta + (RC_BOUND - CUSTODY_BOUND);
    // A time and a minute.
    assert [range_check_ptr + 12] = globals.post_only_until_ms;
    assert [range_check_ptr + 13] = globals.post_only_until_ms + (RC_BOUND - 2 * TIME_BOUND);
    // A time, and up to a minute behind it.
    assert [range_check_ptr + 14] = globals.next_tick_ms;
    assert [range_check_ptr + 15] = globals.next_tick_ms + (RC_BOUND - 2 * TIME_BOUND);
    assert [range_check_ptr + 16] = globals.tick_underlying;
    assert [range_check_ptr + 17] = MAX_UNDERLYINGS - 1 - globals.tick_underlying;
    assert [range_check_ptr + 18] = globals.recorded_deficit_quanta;
    assert [range_check_ptr + 19] = globals.recorded_deficit_quanta + (RC_BOUND - DEFICIT_BOUND);
    assert [range_check_ptr + 20] = globals.outflow_quanta;
    assert [range_check_ptr + 21] = globals.outflow_quanta + (RC_BOUND - AMOUNT_BOUND);
    let range_check_ptr = range_check_ptr + 22;
    return (
        word_0=globals.batch_number + globals.time_ms * 2 ** 48 + globals.next_order_id * 2 ** 96 +
        globals.l1_queue_position * 2 ** 144 + globals.oracle_time_ms * 2 ** 192,
        word_1=globals.custody_quanta + globals.post_only_until_ms * 2 ** 63 +
        globals.next_tick_ms * 2 ** 112 + globals.tick_underlying * 2 ** 161 +
        globals.recorded_deficit_quanta * 2 ** 165,
    );
}

// Of the three trees.
struct Roots {
    accounts: felt,
    orders: felt,
    markets: felt,
}

// The parts of a state, as hashed.
struct StateParts {
    version: felt,
    accounts_root: felt,
    orders_root: felt,
    markets_root: felt,
    underlyings_hash: felt,
    params_hash: felt,
    globals_word_0: felt,
    globals_word_1: felt,
    other_custody: Amounts,
    outflow_quanta: felt,
    other_outflows: Amounts,
}

func hash_state{poseidon_ptr: PoseidonBuiltin*}(
    roots: Roots*, underlyings_hash, params_hash, globals_word_0, globals_word_1, globals: Globals*
) -> (root: felt) {
    alloc_locals;
    let (__fp__, _) = get_fp_and_pc();
    local parts: StateParts = StateParts(
        STATE_VERSION,
        roots.accounts,
        roots.orders,
        roots.markets,
        underlyings_hash,
        params_hash,
        globals_word_0,
        globals_word_1,
        globals.other_custody,
        globals.outflow_quanta,
        globals.other_outflows,
    );
    let (root) = poseidon_hash_many(StateParts.SIZE, cast(&parts, felt*));
    return (root=root);
}
