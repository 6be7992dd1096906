from starkware.cairo.common.builtin_poseidon.poseidon import poseidon_hash
from starkware.cairo.common.cairo_builtins import PoseidonBuiltin, SignatureBuiltin
from starkware.cairo.common.dict_access import DictAccess
from starkware.cairo.common.poseidon_state import PoseidonBuiltinState
from starkware.cairo.common.registers import get_fp_and_pc

from circuits.cairo.constants import (
    LAST_TIME_MS,
    MESSAGE_ORACLE_REPORT,
    POST_ONLY_MS,
    PRICE_VALIDITY_MS,
    PRICES_PER_WORD,
    REPORT_SPREAD_MS,
    RESUME_GAP_MS,
    TIME_BOUND,
)
from circuits.cairo.environment import Environment
from circuits.cairo.numeric import smaller_of
from circuits.cairo.oracle.medians import EQUAL, UPPER, check_medians
from circuits.cairo.oracle.prices import absorb_prices, chain_prices
from circuits.cairo.oracle.rows import Arrival, write_prices
from circuits.cairo.parameters import Parameters
from circuits.cairo.pooling import pass_on_all
from circuits.cairo.state.prices import Price
from circuits.cairo.transactions.minute_tick import next_minute

// What one oracle node signed, besides its prices.
struct Report {
    signer_index: felt,
    time_ms: felt,
}

// The transaction as the prover gives it. `table` has a row of prices per report, `prices_x16` is
// such a row too; `n_lower` is the index of the lower median, `n_last` how many prices the last word of
// a row has.
struct OracleUpdate {
    oracle_time_ms: felt,
    n_reports: felt,
    n_lower: felt,
    n_words: felt,
    n_last: felt,
    prices_x16: felt*,
    table: felt*,
    reports: Report*,
}

// A quorum of oracle nodes signed prices; their medians become the index prices. Returns the
// environment with the new prices.
func oracle_update{
    range_check_ptr,
    ecdsa_ptr: SignatureBuiltin*,
    poseidon_ptr: PoseidonBuiltin*,
    markets_log: DictAccess*,
}(environment: Environment*, time_ms, next_order_id) -> (environment: Environment*) {
    alloc_locals;
    let (__fp__, _) = get_fp_and_pc();
    local message: OracleUpdate;
    %{ segments.write_arg(ids.message.address_, next(witness)) %}
    local parameters: Parameters* = environment.parameters;
    local n_underlyings = parameters.n_underlyings;
    assert [range_check_ptr] = message.n_reports - parameters.oracle_quorum;
    let valid_until_ms = message.oracle_time_ms + PRICE_VALIDITY_MS;
    assert [range_check_ptr + 1] = valid_until_ms - environment.price_valid_until_ms - 1;
    // n_lower = floor((n_reports - 1) / 2): twice n_lower is n_reports - 1 or n_reports - 2. If
    // that were odd, n_lower would be a half, and twice n_left an odd number; twice what
    // check_medians can count down is even, and both are below 2^98, far from the prime: it would
    // never come to 0.
    tempvar odd = message.n_reports - 1 - 2 * message.n_lower;
    assert odd = odd * odd;
    // n_words = ceil(n_underlyings / 5).
    assert n_underlyings = (message.n_words - 1) * PRICES_PER_WORD + message.n_last;
    assert [range_check_ptr + 2] = message.n_last - 1;
    assert [range_check_ptr + 3] = PRICES_PER_WORD - message.n_last;
    // Prices that are too far ahead could be used for too long.
    assert [range_check_ptr + 4] = time_ms + PRICE_VALIDITY_MS - message.oracle_time_ms;
    let range_check_ptr = range_check_ptr + 5;

    let (local committee: Committee*) = convene(environment, &message, time_ms);
    check_reports(committee, message.reports, message.table, message.n_reports, -1, 1);
    check_medians(
        message.prices_x16,
        message.table,
        n_underlyings,
        message.n_lower + (message.n_reports - 1 - message.n_lower) * UPPER + EQUAL,
        message.n_reports,
        message.n_reports - parameters.oracle_quorum,
        n_underlyings,
    );
    let (oracle_hash) = poseidon_hash(
        environment.oracle_hash, message.oracle_time_ms + message.n_reports * 2 ** 48
    );
    let (local oracle_hash) = chain_prices(
        oracle_hash, message.prices_x16, message.n_words, message.n_last
    );

    let (is_kept, dead_below_order_id, post_only_until_ms) = resume_after_gap(
        environment, time_ms, next_order_id
    );
    local arrival: Arrival = Arrival(
        time_ms,
        is_kept,
        dead_below_order_id,
        post_only_until_ms,
        margin_lost=1 + (1 - is_kept) * 2 ** 100,
    );
    let (local next_tick_ms) = first_tick(environment, time_ms);
    let (local orders_until_ms) = smaller_of(
        message.oracle_time_ms + PRICE_VALIDITY_MS, next_tick_ms - 1
    );
    // The table of prices follows the last one: its address is new.
    local updated: Price** = environment.prices + n_underlyings;
    let (pools) = write_prices(
        updated, environment.prices, message.prices_x16, &arrival, n_underlyings, 0
    );
    let (local prices: Price**, local missing_quanta) = pass_on_all(updated, n_underlyings, pools);
    local environment_after: Environment = Environment(
        config_hash=environment.config_hash,
        parameters=environment.parameters,
        prices=prices,
        price_valid_until_ms=message.oracle_time_ms + PRICE_VALIDITY_MS,
        oracle_hash=oracle_hash,
        post_only_until_ms=arrival.post_only_until_ms,
        custody_quanta=environment.custody_quanta,
        recorded_deficit_quanta=environment.recorded_deficit_quanta + missing_quanta,
        next_tick_ms=next_tick_ms,
        orders_until_ms=orders_until_ms,
        tick_underlying=environment.tick_underlying,
        other_custody=environment.other_custody,
        operations=environment.operations,
        withdrawals=environment.withdrawals,
        core_only=environment.core_only,
    );
    return (environment=&environment_after);
}

// Returns when the next tick is due: behind the first prices of all, when that minute is over.
func first_tick{range_check_ptr}(environment: Environment*, time_ms) -> (next_tick_ms: felt) {
    if (environment.next_tick_ms != LAST_TIME_MS) {
        return (next_tick_ms=environment.next_tick_ms);
    }
    return next_minute(time_ms);
}

// Returns what a gap changes: whether orders are kept, else below which id they are dead, and until
// when orders must be post-only. The first prices of all end no gap.
//
// Guarantee: both answers to whether there was a gap are proven.
func resume_after_gap{range_check_ptr}(environment: Environment*, time_ms, next_order_id) -> (
    is_kept: felt, dead_below_order_id: felt, post_only_until_ms: felt
) {
    if (environment.price_valid_until_ms == PRICE_VALIDITY_MS) {
        return (1, 0, environment.post_only_until_ms);
    }
    tempvar a = environment.price_valid_until_ms - time_ms + (RESUME_GAP_MS - PRICE_VALIDITY_MS);
    %{ memory[ap] = 0 if 0 <= (ids.a % PRIME) < range_check_builtin.bound else 1 %}
    jmp gap if [ap] != 0, ap++;
    assert [range_check_ptr] = a;
    let range_check_ptr = range_check_ptr + 1;
    return (1, 0, environment.post_only_until_ms);

    gap:
    assert [range_check_ptr] = (-a) - 1;
    let range_check_ptr = range_check_ptr + 1;
    return (0, next_order_id, time_ms + POST_ONLY_MS);
}

// What all reports of an update must agree with.
struct Committee {
    n_oracles: felt,
    oracle_keys: felt*,
    // The time of the oldest report, and how much newer another one may be.
    oracle_time_ms: felt,
    spread_ms: felt,
    // Of the signed message: its domain, its first word but for signer and time; and its prices.
    config_hash: felt,
    head: felt,
    n_underlyings: felt,
    n_words: felt,
    n_last: felt,
}

// Guarantee: a report that is as old as the oldest one, or newer by no more than the spread, has a time
// below TIME_BOUND, and is neither older nor younger than a report may be.
func convene{range_check_ptr}(environment: Environment*, update: OracleUpdate*, time_ms) -> (
    committee: Committee*
) {
    alloc_locals;
    let (__fp__, _) = get_fp_and_pc();
    local parameters: Parameters* = environment.parameters;
    local oracle_time_ms = update.oracle_time_ms;
    assert [range_check_ptr] = oracle_time_ms;
    assert [range_check_ptr + 1] = oracle_time_ms + parameters.oracle_max_age_ms - time_ms;
    let range_check_ptr = range_check_ptr + 2;
    let (last_ms) = smaller_of(time_ms + parameters.oracle_max_age_ms, TIME_BOUND - 1);
    let (spread_ms) = smaller_of(last_ms - oracle_time_ms, REPORT_SPREAD_MS);
    local committee: Committee = Committee(
        n_oracles=parameters.n_oracles,
        oracle_keys=parameters.oracle_keys,
        oracle_time_ms=oracle_time_ms,
        spread_ms=spread_ms,
        config_hash=environment.config_hash,
        head=MESSAGE_ORACLE_REPORT + parameters.n_underlyings * 2 ** 64,
        n_underlyings=parameters.n_underlyings,
        n_words=update.n_words,
        n_last=update.n_last,
    );
    return (committee=&committee);
}

// Proves the signatures of the reports, by strictly ascending signers, and their times.
//
// Guarantee: no report is older than oracle_time_ms, or newer by more than the spread, and at least one
// has that very time: the product of the differences is 0 at the end.
func check_reports{range_check_ptr, ecdsa_ptr: SignatureBuiltin*, poseidon_ptr: PoseidonBuiltin*}(
    committee: Committee*, report: Report*, row: felt*, n_reports, previous_signer, product
) {
    alloc_locals;
    if (n_reports == 0) {
        assert product = 0;
        assert [range_check_ptr] = committee.n_oracles - 1 - previous_signer;
        let range_check_ptr = range_check_ptr + 1;
        return ();
    }
    local signer_index = report.signer_index;
    local newer_ms = report.time_ms - committee.oracle_time_ms;
    assert [range_check_ptr] = signer_index - previous_signer - 1;
    assert [range_check_ptr + 1] = newer_ms;
    assert [range_check_ptr + 2] = committee.spread_ms - newer_ms;
    let range_check_ptr = range_check_ptr + 3;

    // The sponge over domain, head and packed prices.
    assert poseidon_ptr.input = PoseidonBuiltinState(
        committee.config_hash, committee.head + signer_index * 2 ** 8 + report.time_ms * 2 ** 16, 0
    );
    let poseidon_ptr = poseidon_ptr + PoseidonBuiltin.SIZE;
    let (hash) = absorb_prices(row, committee.n_words, committee.n_last);
    %{ ecdsa_builtin.add_signature(ids.ecdsa_ptr.address_, next(witness)) %}
    assert ecdsa_ptr.message = hash;
    assert ecdsa_ptr.pub_key = committee.oracle_keys[signer_index];
    let ecdsa_ptr = ecdsa_ptr + SignatureBuiltin.SIZE;
    return check_reports(
        committee,
        report + Report.SIZE,
        row + committee.n_underlyings,
        n_reports - 1,
        signer_index,
        product * newer_ms,
    );
}
