from circuits.cairo.config import Config, MarketConfig
from circuits.cairo.state.markets import Price

// What an L1 operation writes to the output.
struct Operation {
    head: felt,
    l1_address: felt,
    stark_key: felt,
}

// The part of the state that most transactions only read; one that changes it makes a new record.
struct Environment {
    config: Config*,
    domain_tag: felt,
    markets: MarketConfig*,
    // The table of the last oracle update.
    prices: Price*,
    oracle_time_ms: felt,
    oracle_hash: felt,
    // Where the output's next operation and next withdrawal go.
    operations: Operation*,
    withdrawals: felt*,
}
