from starkware.cairo.common.registers import get_fp_and_pc

from circuits.cairo.parameters import Parameters
from circuits.cairo.state.amounts import Amounts
from circuits.cairo.state.prices import Price

// What an L1 operation writes to the output.
struct Operation {
    head: felt,
    l1_address: felt,
    stark_key: felt,
}

// The part of the state that most transactions only read; one that changes it makes a new record.
struct Environment {
    // Also the domain of signatures.
    config_hash: felt,
    parameters: Parameters*,
    // A row for each underlying: see state/prices.cairo.
    prices: Price**,
    // PRICE_VALIDITY_MS behind the time of the last oracle update.
    price_valid_until_ms: felt,
    oracle_hash: felt,
    // What a gap of the prices left behind, and the money: see Globals.
    post_only_until_ms: felt,
    custody_quanta: felt,
    recorded_deficit_quanta: felt,
    // Which minute is sampled next, and where that goes on: see Globals.
    next_tick_ms: felt,
    // The last time at which orders may be placed: prices are valid and no tick is due.
    orders_until_ms: felt,
    tick_underlying: felt,
    other_custody: Amounts*,
    // Where the output's next operation and next withdrawal go.
    operations: Operation*,
    withdrawals: felt*,
    // 1 if only the core of the program is loaded, 0 if the rest is, too: see loader.cairo.
    core_only: felt,
}

// Returns an environment with another table of prices, and another deficit.
func with_prices(environment: Environment*, prices: Price**, recorded_deficit_quanta) -> (
    environment: Environment*
) {
    alloc_locals;
    let (__fp__, _) = get_fp_and_pc();
    local after: Environment = Environment(
        config_hash=environment.config_hash,
        parameters=environment.parameters,
        prices=prices,
        price_valid_until_ms=environment.price_valid_until_ms,
        oracle_hash=environment.oracle_hash,
        post_only_until_ms=environment.post_only_until_ms,
        custody_quanta=environment.custody_quanta,
        recorded_deficit_quanta=recorded_deficit_quanta,
        next_tick_ms=environment.next_tick_ms,
        orders_until_ms=environment.orders_until_ms,
        tick_underlying=environment.tick_underlying,
        other_custody=environment.other_custody,
        operations=environment.operations,
        withdrawals=environment.withdrawals,
        core_only=environment.core_only,
    );
    return (environment=&after);
}

// Returns an environment in which messages are signed in another domain.
func with_domain(environment: Environment*, domain) -> (environment: Environment*) {
    alloc_locals;
    let (__fp__, _) = get_fp_and_pc();
    local inside: Environment = Environment(
        config_hash=domain,
        parameters=environment.parameters,
        prices=environment.prices,
        price_valid_until_ms=environment.price_valid_until_ms,
        oracle_hash=environment.oracle_hash,
        post_only_until_ms=environment.post_only_until_ms,
        custody_quanta=environment.custody_quanta,
        recorded_deficit_quanta=environment.recorded_deficit_quanta,
        next_tick_ms=environment.next_tick_ms,
        orders_until_ms=environment.orders_until_ms,
        tick_underlying=environment.tick_underlying,
        other_custody=environment.other_custody,
        operations=environment.operations,
        withdrawals=environment.withdrawals,
        core_only=environment.core_only,
    );
    return (environment=&inside);
}
