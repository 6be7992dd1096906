from starkware.cairo.common.alloc import alloc
from starkware.cairo.common.registers import get_fp_and_pc

from circuits.cairo.constants import (
    OPERATION_SET_FEE_SCHEDULE,
    OPERATION_END_MARKET,
    OPERATION_SET_LIMITS,
    OPERATION_SET_ORACLE_KEY,
    OPERATION_SET_ORACLE_RULE,
    OPERATION_SET_OUTFLOW_SHARE,
    OPERATION_SET_UNDERLYING,
)
from circuits.cairo.environment import Environment, Operation
from circuits.cairo.parameters import (
    END_SHIFT,
    NO_LIMITS,
    REDUCE_ONLY_SHIFT,
    Parameters,
    Underlying,
    check_underlying,
    pack_counts,
)
from circuits.cairo.state.prices import Price, copy_felts, replace_terms
from circuits.cairo.fee_tiers import FeeSchedule, check_fee_schedule

// An operation of the L1 queue. The output repeats every field, and L1 compares them with its queue.
struct SetParameter {
    kind: felt,
    index: felt,
    word: felt,
}

// The owner of the L1 contract set a parameter. Returns the environment in which it holds, with the
// operation written to the output.
func set_parameter{range_check_ptr}(environment: Environment*) -> (environment: Environment*) {
    alloc_locals;
    let (__fp__, _) = get_fp_and_pc();
    local message: SetParameter;
    %{ segments.write_arg(ids.message.address_, next(witness)) %}
    let (local parameters: Parameters*, local prices: Price**) = change(
        environment, message.kind, message.index, message.word
    );
    let operation = environment.operations;
    assert operation.head = message.kind + message.index * 2 ** 16;
    assert operation.l1_address = 0;
    assert operation.stark_key = message.word;
    local environment_after: Environment = Environment(
        config_hash=environment.config_hash,
        parameters=parameters,
        prices=prices,
        price_valid_until_ms=environment.price_valid_until_ms,
        oracle_hash=environment.oracle_hash,
        post_only_until_ms=environment.post_only_until_ms,
        custody_quanta=environment.custody_quanta,
        recorded_deficit_quanta=environment.recorded_deficit_quanta,
        next_tick_ms=environment.next_tick_ms,
        orders_until_ms=environment.orders_until_ms,
        tick_underlying=environment.tick_underlying,
        other_custody=environment.other_custody,
        operations=operation + Operation.SIZE,
        withdrawals=environment.withdrawals,
        core_only=environment.core_only,
    );
    return (environment=&environment_after);
}

// Returns the parameters and the table of prices after an operation.
func change{range_check_ptr}(environment: Environment*, kind, index, word) -> (
    parameters: Parameters*, prices: Price**
) {
    if (kind == OPERATION_SET_UNDERLYING) {
        return set_underlying(environment, index, word);
    }
    if (kind == OPERATION_SET_LIMITS) {
        return set_limits(environment, index, word);
    }
    if (kind == OPERATION_END_MARKET) {
        return end_market(environment, index, word);
    }
    if (kind == OPERATION_SET_ORACLE_KEY) {
        let (parameters) = set_oracle_key(environment.parameters, index, word);
        return (parameters=parameters, prices=environment.prices);
    }
    assert index = 0;
    if (kind == OPERATION_SET_OUTFLOW_SHARE) {
        let (parameters) = set_outflow_share(environment.parameters, word);
        return (parameters=parameters, prices=environment.prices);
    }
    if (kind == OPERATION_SET_FEE_SCHEDULE) {
        let (parameters) = set_fee_schedule(environment.parameters, word);
        return (parameters=parameters, prices=environment.prices);
    }
    assert kind = OPERATION_SET_ORACLE_RULE;
    let (parameters) = set_oracle_rule(environment.parameters, word);
    return (parameters=parameters, prices=environment.prices);
}

// Guarantee: the terms in the table's new row are the only reading of the word.
func set_underlying{range_check_ptr}(environment: Environment*, index, word) -> (
    parameters: Parameters*, prices: Price**
) {
    alloc_locals;
    let (__fp__, _) = get_fp_and_pc();
    local underlying: Underlying;
    let message = underlying;
    %{ segments.write_arg(ids.message.address_, next(witness)) %}
    check_underlying(&underlying);
    assert underlying.word = word;
    let parameters = environment.parameters;
    local n_underlyings = parameters.n_underlyings;
    // One that exists, or the next one.
    tempvar n_behind = n_underlyings - index;
    assert [range_check_ptr] = index;
    assert [range_check_ptr + 1] = n_behind;
    let range_check_ptr = range_check_ptr + 2;
    // Limits are those of before: of a new one there are none.
    if (n_behind == 0) {
        assert underlying.limits_word = NO_LIMITS;
    } else {
        assert underlying.limits_word = environment.prices[index].underlying.limits_word;
    }
    local prices: Price** = environment.prices + n_underlyings;
    let (is_new) = replace_terms(prices, environment.prices, &underlying, index, n_underlyings);
    local after: Parameters = Parameters(
        n_underlyings=n_underlyings + is_new,
        n_oracles=parameters.n_oracles,
        oracle_quorum=parameters.oracle_quorum,
        oracle_max_age_ms=parameters.oracle_max_age_ms,
        outflow_share_ppm=parameters.outflow_share_ppm,
        oracle_keys=parameters.oracle_keys,
        fee_schedule=parameters.fee_schedule,
    );
    pack_counts(&after);
    return (parameters=&after, prices=prices);
}

// Guarantee: the limits in the table's new row are the only reading of the word; the other terms are
// those of before.
func set_limits{range_check_ptr}(environment: Environment*, index, word) -> (
    parameters: Parameters*, prices: Price**
) {
    let old = environment.prices[index].underlying;
    // The end is not among them: it stays.
    return bound_market(environment, index, old.word, word + old.ends_ms * END_SHIFT);
}

// Guarantee: the time in the table's new row is the only reading of the word, and the market reduce-only;
// the other terms are those of before.
func end_market{range_check_ptr}(environment: Environment*, index, word) -> (
    parameters: Parameters*, prices: Price**
) {
    let old = environment.prices[index].underlying;
    return bound_market(
        environment,
        index,
        old.word + (1 - old.is_reduce_only) * REDUCE_ONLY_SHIFT,
        old.limits_word + (word - old.ends_ms) * END_SHIFT,
    );
}

// Writes a table in which an underlying that exists has these words.
//
// Guarantee: its terms are the only reading of both.
func bound_market{range_check_ptr}(environment: Environment*, index, word, limits_word) -> (
    parameters: Parameters*, prices: Price**
) {
    alloc_locals;
    let (__fp__, _) = get_fp_and_pc();
    local underlying: Underlying;
    let message = underlying;
    %{ segments.write_arg(ids.message.address_, next(witness)) %}
    check_underlying(&underlying);
    assert underlying.word = word;
    assert underlying.limits_word = limits_word;
    local n_underlyings = environment.parameters.n_underlyings;
    assert [range_check_ptr] = index;
    assert [range_check_ptr + 1] = n_underlyings - 1 - index;
    let range_check_ptr = range_check_ptr + 2;
    local prices: Price** = environment.prices + n_underlyings;
    replace_terms(prices, environment.prices, &underlying, index, n_underlyings);
    return (parameters=environment.parameters, prices=prices);
}

func set_oracle_key{range_check_ptr}(parameters: Parameters*, index, key) -> (
    parameters: Parameters*
) {
    alloc_locals;
    let (__fp__, _) = get_fp_and_pc();
    local n_oracles = parameters.n_oracles;
    assert [range_check_ptr] = index;
    assert [range_check_ptr + 1] = n_oracles - index;
    let range_check_ptr = range_check_ptr + 2;
    let (local keys: felt*) = alloc();
    let (is_new) = replace_key(keys, parameters.oracle_keys, key, index, n_oracles);
    local after: Parameters = Parameters(
        n_underlyings=parameters.n_underlyings,
        n_oracles=n_oracles + is_new,
        oracle_quorum=parameters.oracle_quorum,
        oracle_max_age_ms=parameters.oracle_max_age_ms,
        outflow_share_ppm=parameters.outflow_share_ppm,
        oracle_keys=keys,
        fee_schedule=parameters.fee_schedule,
    );
    pack_counts(&after);
    return (parameters=&after);
}

// Copies keys, all but the one at `index`; returns 1 if that is the new last one, else 0.
// Assumption: 0 <= index <= n_keys.
func replace_key(cell: felt*, old: felt*, key, index, n_keys) -> (is_new: felt) {
    if (index != 0) {
        assert [cell] = [old];
        return replace_key(cell + 1, old + 1, key, index - 1, n_keys - 1);
    }
    assert [cell] = key;
    if (n_keys == 0) {
        return (is_new=1);
    }
    copy_felts(cell + 1, old + 1, n_keys - 1);
    return (is_new=0);
}

// The packed fields of an operation that sets the rule.
struct OracleRule {
    quorum: felt,
    max_age_ms: felt,
}

// Guarantee: the fields are those of the word, which has one reading.
func set_oracle_rule{range_check_ptr}(parameters: Parameters*, word) -> (parameters: Parameters*) {
    alloc_locals;
    let (__fp__, _) = get_fp_and_pc();
    local message: OracleRule;
    %{ segments.write_arg(ids.message.address_, next(witness)) %}
    assert word = message.quorum + message.max_age_ms * 2 ** 8;
    local after: Parameters = Parameters(
        n_underlyings=parameters.n_underlyings,
        n_oracles=parameters.n_oracles,
        oracle_quorum=message.quorum,
        oracle_max_age_ms=message.max_age_ms,
        outflow_share_ppm=parameters.outflow_share_ppm,
        oracle_keys=parameters.oracle_keys,
        fee_schedule=parameters.fee_schedule,
    );
    pack_counts(&after);
    return (parameters=&after);
}

// The guard of outflows asks for it from the next batch on.
func set_outflow_share{range_check_ptr}(parameters: Parameters*, word) -> (
    parameters: Parameters*
) {
    alloc_locals;
    let (__fp__, _) = get_fp_and_pc();
    local after: Parameters = Parameters(
        n_underlyings=parameters.n_underlyings,
        n_oracles=parameters.n_oracles,
        oracle_quorum=parameters.oracle_quorum,
        oracle_max_age_ms=parameters.oracle_max_age_ms,
        outflow_share_ppm=word,
        oracle_keys=parameters.oracle_keys,
        fee_schedule=parameters.fee_schedule,
    );
    pack_counts(&after);
    return (parameters=&after);
}

// Guarantee: the tiers are those of the word, which has one reading.
func set_fee_schedule{range_check_ptr}(parameters: Parameters*, word) -> (parameters: Parameters*) {
    alloc_locals;
    let (__fp__, _) = get_fp_and_pc();
    local schedule: FeeSchedule;
    let message = schedule;
    %{ segments.write_arg(ids.message.address_, next(witness)) %}
    check_fee_schedule(&schedule);
    assert schedule.word = word;
    local after: Parameters = Parameters(
        n_underlyings=parameters.n_underlyings,
        n_oracles=parameters.n_oracles,
        oracle_quorum=parameters.oracle_quorum,
        oracle_max_age_ms=parameters.oracle_max_age_ms,
        outflow_share_ppm=parameters.outflow_share_ppm,
        oracle_keys=parameters.oracle_keys,
        fee_schedule=&schedule,
    );
    return (parameters=&after);
}
