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
    // PRICE_VALIDITY_MS behind the time of that update.
    price_valid_until_ms: felt,
    oracle_hash: felt,
    // What a gap of the prices left behind, and the money: see Globals.
    dead_below_order_id: felt,
    post_only_until_ms: felt,
    custody_quanta: felt,
    // Where the output's next operation and next withdrawal go.
    operations: Operation*,
    withdrawals: felt*,
}
