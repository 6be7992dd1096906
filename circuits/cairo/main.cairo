%builtins output range_check ecdsa poseidon

from starkware.cairo.common.alloc import alloc
from starkware.cairo.common.builtin_poseidon.poseidon import poseidon_hash_many
from starkware.cairo.common.cairo_builtins import PoseidonBuiltin, SignatureBuiltin
from starkware.cairo.common.dict_access import DictAccess
from starkware.cairo.common.registers import get_fp_and_pc

from circuits.cairo.config import load_config
from circuits.cairo.constants import (
    DAY_MS,
    MAX_OPERATIONS_PER_BATCH,
    OUTPUT_VERSION,
    PRICE_VALIDITY_MS,
    RC_BOUND,
)
from circuits.cairo.environment import Environment, Operation
from circuits.cairo.execute import Progress, execute
from circuits.cairo.fee_tiers import FeeRule, check_fee_schedule
from circuits.cairo.numeric import divide, smaller_of
from circuits.cairo.outflow import follow_outflows
from circuits.cairo.parameters import Parameters, Underlying
from circuits.cairo.seal import Division, seal_trees, share_fees
from circuits.cairo.state.access_log import Squashed, squash
from circuits.cairo.state.amounts import Amounts
from circuits.cairo.state.globals import GLOBALS_WORDS, Globals, Roots, hash_state, pack_globals
from circuits.cairo.state.prices import (
    UNDERLYING_WORDS,
    Price,
    hash_parameters,
    open_underlyings,
    write_words,
)

// What the prover says about the batch as a whole.
struct Batch {
    globals: Globals,
    roots: Roots,
    first_time_ms: felt,
    n_transactions: felt,
    n_operations: felt,
    n_withdrawals: felt,
    division: Division,
    // What accounts get back of the fees that they paid in the batch.
    returned_quanta: felt,
}

// The parameters of the old state, as the prover reads them.
struct OldParameters {
    parameters: Parameters,
    underlyings: Underlying*,
}

// The first felts of the output; docs/spec/output.md.
struct Header {
    version: felt,
    config_hash: felt,
    old_root: felt,
    new_root: felt,
    times: felt,
    counts: felt,
    oracle_hash: felt,
}

const OUTPUT_COUNT_BOUND = MAX_OPERATIONS_PER_BATCH + 1;

// Proves a batch: from the old state root through every transaction to the new one.
//
// Before its arguments the loader left `core_only`, of which it has proven that it is 0 or 1.
func main{
    output_ptr: felt*, range_check_ptr, ecdsa_ptr: SignatureBuiltin*, poseidon_ptr: PoseidonBuiltin*
}() {
    alloc_locals;
    let (__fp__, _) = get_fp_and_pc();
    let (local config_hash) = load_config();
    local message: Batch;
    %{ segments.write_arg(ids.message.address_, next(witness)) %}
    let (local accounts_start: DictAccess*) = alloc();
    let (local orders_start: DictAccess*) = alloc();
    let (local markets_start: DictAccess*) = alloc();
    let (local prices: Price**) = alloc();
    let accounts_log = accounts_start;
    let orders_log = orders_start;
    let markets_log = markets_start;
    let (local parameters: Parameters*, local old_root) = open_state(&message, prices);
    with accounts_log, orders_log, markets_log {
        assert [range_check_ptr] = message.first_time_ms - message.globals.time_ms;
        assert [range_check_ptr + 1] = message.n_transactions - 1;
        let range_check_ptr = range_check_ptr + 2;

        local header: Header* = cast(output_ptr, Header*);
        let operations = cast(output_ptr + Header.SIZE, Operation*);
        local operations_end: Operation* = operations + message.n_operations * Operation.SIZE;
        local withdrawals_end: felt* = cast(operations_end, felt*) + message.n_withdrawals;
        let (local orders_until_ms) = smaller_of(
            message.globals.oracle_time_ms + PRICE_VALIDITY_MS, message.globals.next_tick_ms - 1
        );
        local environment: Environment = Environment(
            config_hash=config_hash,
            parameters=parameters,
            prices=prices,
            price_valid_until_ms=message.globals.oracle_time_ms + PRICE_VALIDITY_MS,
            oracle_hash=0,
            post_only_until_ms=message.globals.post_only_until_ms,
            custody_quanta=message.globals.custody_quanta,
            recorded_deficit_quanta=message.globals.recorded_deficit_quanta,
            next_tick_ms=message.globals.next_tick_ms,
            orders_until_ms=orders_until_ms,
            tick_underlying=message.globals.tick_underlying,
            other_custody=&message.globals.other_custody,
            operations=operations,
            withdrawals=cast(operations_end, felt*),
            core_only=[fp - 7],
        );
        let (local progress: Progress) = execute(
            message.n_transactions,
            Progress(&environment, message.first_time_ms, message.globals.next_order_id, 0),
        );
        let (local environment_after: Environment*) = share_fees(
            progress.environment,
            parameters.fee_schedule,
            progress.fees_quanta - message.returned_quanta,
        );
    }
    // The output has exactly the operations and withdrawals that the header counts.
    let output_ptr = withdrawals_end;
    assert environment_after.operations = operations_end;
    assert environment_after.withdrawals = withdrawals_end;

    let (local outflow_quanta, local other_outflows: Amounts) = follow_outflows(
        parameters.outflow_share_ppm,
        &message.globals,
        progress.time_ms,
        environment_after.custody_quanta,
        environment_after.other_custody,
    );
    local globals: Globals = Globals(
        batch_number=message.globals.batch_number + 1,
        time_ms=progress.time_ms,
        next_order_id=progress.next_order_id,
        l1_queue_position=message.globals.l1_queue_position + message.n_operations,
        oracle_time_ms=environment_after.price_valid_until_ms - PRICE_VALIDITY_MS,
        custody_quanta=environment_after.custody_quanta,
        recorded_deficit_quanta=environment_after.recorded_deficit_quanta,
        post_only_until_ms=environment_after.post_only_until_ms,
        next_tick_ms=environment_after.next_tick_ms,
        tick_underlying=environment_after.tick_underlying,
        other_custody=[environment_after.other_custody],
        outflow_quanta=outflow_quanta,
        other_outflows=other_outflows,
    );
    local accounts_end: DictAccess* = accounts_log;
    local orders_end: DictAccess* = orders_log;
    local markets_end: DictAccess* = markets_log;
    let (local accounts: Squashed) = squash(accounts_start, accounts_end);
    let (local orders: Squashed) = squash(orders_start, orders_end);
    let (local markets: Squashed) = squash(markets_start, markets_end);
    let (day) = divide(message.globals.time_ms, DAY_MS);
    local rule: FeeRule = FeeRule(schedule=parameters.fee_schedule, day=day);
    let (local new_root) = seal_state(
        &accounts, &orders, &markets, &message, environment_after, &globals, &rule
    );
    write_header(header, &message, &globals, environment_after, old_root, new_root);
    return ();
}

// Opens the old state: proves the parameters, underlyings and counters that the old root commits to,
// and writes the first table of prices.
func open_state{range_check_ptr, poseidon_ptr: PoseidonBuiltin*}(
    batch: Batch*, prices: Price**
) -> (parameters: Parameters*, root: felt) {
    alloc_locals;
    let (__fp__, _) = get_fp_and_pc();
    local message: OldParameters;
    %{ segments.write_arg(ids.message.address_, next(witness)) %}
    check_fee_schedule(message.parameters.fee_schedule);
    let (local words: felt*) = alloc();
    let n_underlyings = message.parameters.n_underlyings;
    open_underlyings(
        prices, message.underlyings, words, batch.globals.post_only_until_ms, n_underlyings
    );
    let (local params_hash) = hash_parameters(&message.parameters, prices);
    let (local underlyings_hash) = poseidon_hash_many(n_underlyings * UNDERLYING_WORDS, words);
    let (globals_word_0, globals_word_1) = pack_globals(&batch.globals);
    let (root) = hash_state(
        &batch.roots, underlyings_hash, params_hash, globals_word_0, globals_word_1, &batch.globals
    );
    return (parameters=&message.parameters, root=root);
}

// Writes the data-availability part of the output and returns the new state root.
func seal_state{range_check_ptr, poseidon_ptr: PoseidonBuiltin*, output_ptr: felt*}(
    accounts: Squashed*,
    orders: Squashed*,
    markets: Squashed*,
    batch: Batch*,
    environment: Environment*,
    globals: Globals*,
    rule: FeeRule*,
) -> (root: felt) {
    alloc_locals;
    let (__fp__, _) = get_fp_and_pc();
    let (local roots: Roots) = seal_trees(
        accounts, orders, markets, &batch.division, &batch.roots, rule, batch.returned_quanta
    );
    let parameters = environment.parameters;
    local n_underlyings = parameters.n_underlyings;
    let words = output_ptr;
    write_words(words, environment.prices, n_underlyings);
    let n_words = n_underlyings * UNDERLYING_WORDS;
    let output_ptr = output_ptr + n_words;
    let (local underlyings_hash) = poseidon_hash_many(n_words, words);
    let (local params_hash) = hash_parameters(parameters, environment.prices);
    let (globals_word_0, globals_word_1) = pack_globals(globals);
    assert output_ptr[0] = globals_word_0;
    assert output_ptr[1] = globals_word_1;
    assert [cast(output_ptr + 2, Amounts*)] = globals.other_custody;
    let output_ptr = output_ptr + GLOBALS_WORDS;
    let (root) = hash_state(
        &roots, underlyings_hash, params_hash, globals_word_0, globals_word_1, globals
    );
    return (root=root);
}

func write_header{range_check_ptr}(
    header: Header*, batch: Batch*, globals: Globals*, environment: Environment*, old_root, new_root
) {
    // Counts of accounts, orders and markets are bounded in seal_trees, that of underlyings in
    // pack_counts, times and positions in pack_globals (the first time is not above the last).
    assert [range_check_ptr] = batch.n_operations;
    assert [range_check_ptr + 1] = batch.n_operations + (RC_BOUND - OUTPUT_COUNT_BOUND);
    assert [range_check_ptr + 2] = batch.n_withdrawals;
    assert [range_check_ptr + 3] = batch.n_withdrawals + (RC_BOUND - OUTPUT_COUNT_BOUND);
    let range_check_ptr = range_check_ptr + 4;
    assert [header] = Header(
        version=OUTPUT_VERSION,
        config_hash=environment.config_hash,
        old_root=old_root,
        new_root=new_root,
        times=globals.batch_number + batch.first_time_ms * 2 ** 48 + globals.time_ms * 2 ** 96,
        counts=batch.globals.l1_queue_position + batch.n_operations * 2 ** 48 +
        batch.n_withdrawals * 2 ** 64 + batch.division.n_accounts * 2 ** 80 +
        batch.division.n_orders * 2 ** 104 + batch.division.n_markets * 2 ** 128 +
        environment.parameters.n_underlyings * 2 ** 144,
        oracle_hash=environment.oracle_hash,
    );
    return ();
}
