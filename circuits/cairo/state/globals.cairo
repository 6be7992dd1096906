from starkware.cairo.common.builtin_poseidon.poseidon import poseidon_hash_many
from starkware.cairo.common.cairo_builtins import PoseidonBuiltin
from starkware.cairo.common.registers import get_fp_and_pc

from circuits.cairo.constants import RC_BOUND, STATE_VERSION

// Counters of the whole exchange.
struct Globals {
    batch_number: felt,
    time_ms: felt,
    next_order_id: felt,
    l1_queue_position: felt,
    oracle_time_ms: felt,
}

const COUNTER_BOUND = 2 ** 48;

// Guarantee: every counter is below 2^48, so that the word has one reading and packs them all.
func pack_globals{range_check_ptr}(globals: Globals*) -> (word: felt) {
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
    let range_check_ptr = range_check_ptr + 10;
    return (
        word=globals.batch_number + globals.time_ms * 2 ** 48 + globals.next_order_id * 2 ** 96 +
        globals.l1_queue_position * 2 ** 144 + globals.oracle_time_ms * 2 ** 192,
    );
}

// The parts of a state, as hashed.
struct StateParts {
    version: felt,
    accounts_root: felt,
    orders_root: felt,
    markets_hash: felt,
    globals_word: felt,
}

func hash_state{poseidon_ptr: PoseidonBuiltin*}(
    accounts_root, orders_root, markets_hash, globals_word
) -> (root: felt) {
    alloc_locals;
    let (__fp__, _) = get_fp_and_pc();
    local parts: StateParts = StateParts(
        STATE_VERSION, accounts_root, orders_root, markets_hash, globals_word
    );
    let (root) = poseidon_hash_many(StateParts.SIZE, cast(&parts, felt*));
    return (root=root);
}
