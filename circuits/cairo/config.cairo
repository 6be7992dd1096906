from starkware.cairo.common.builtin_poseidon.poseidon import poseidon_hash_many
from starkware.cairo.common.cairo_builtins import PoseidonBuiltin
from starkware.cairo.common.registers import get_fp_and_pc

from circuits.cairo.constants import (
    CONFIG_TAG,
    CONFIG_VERSION,
    MAX_MARKETS,
    MAX_ORACLES,
    MULTIPLIER_BOUND,
    PPM_ONE,
    RATE_BOUND,
    RC_BOUND,
)

struct MarketConfig {
    multiplier: felt,
    initial_margin_ppm: felt,
    maintenance_margin_ppm: felt,
    maker_fee_ppm: felt,
    taker_fee_ppm: felt,
    price_band_ppm: felt,
    symbol: felt,
    // max(maker_fee_ppm, taker_fee_ppm).
    highest_fee_ppm: felt,
}

// The configuration of the deployment, opened from config_hash.
struct Config {
    config_hash: felt,
    domain_tag: felt,
    n_markets: felt,
    n_oracles: felt,
    oracle_quorum: felt,
    oracle_max_age_ms: felt,
    markets: MarketConfig*,
    oracle_keys: felt*,
}

// The felts before those of the markets, as in docs/spec/protocol.md section 3.
struct ConfigHead {
    tag: felt,
    version: felt,
    chain_id: felt,
    exchange_address: felt,
    counts: felt,
}

const DOMAIN_FELTS = 4;

// The configuration as the prover reads it from config_felts, and where it put them.
struct ConfigGuess {
    n_markets: felt,
    n_oracles: felt,
    oracle_quorum: felt,
    oracle_max_age_ms: felt,
    markets: MarketConfig*,
    felts: felt*,
}

// Guarantee: the returned configuration is the only reading of config_felts, whose hash is
// config_hash: every packed field is bounded by its width.
func load_config{range_check_ptr, poseidon_ptr: PoseidonBuiltin*}() -> (config: Config*) {
    alloc_locals;
    let (__fp__, _) = get_fp_and_pc();
    local message: ConfigGuess;
    %{ segments.write_arg(ids.message.address_, next(witness)) %}
    let head = cast(message.felts, ConfigHead*);
    assert head.tag = CONFIG_TAG;
    assert head.version = CONFIG_VERSION;
    // n_markets <= 16 and quorum <= n_oracles <= 16 bound three fields and the array's length.
    assert [range_check_ptr] = message.n_markets - 1;
    assert [range_check_ptr + 1] = MAX_MARKETS - message.n_markets;
    assert [range_check_ptr + 2] = message.oracle_quorum - 1;
    assert [range_check_ptr + 3] = message.n_oracles - message.oracle_quorum;
    assert [range_check_ptr + 4] = MAX_ORACLES - message.n_oracles;
    assert [range_check_ptr + 5] = message.oracle_max_age_ms;
    assert [range_check_ptr + 6] = message.oracle_max_age_ms + (RC_BOUND - 2 ** 32);
    let range_check_ptr = range_check_ptr + 7;
    assert head.counts = message.n_markets + message.n_oracles * 2 ** 8 + message.oracle_quorum *
        2 ** 16 + message.oracle_max_age_ms * 2 ** 24;

    let market_felts = message.felts + ConfigHead.SIZE;
    check_markets(message.markets, market_felts, message.n_markets);
    let (local domain_tag) = poseidon_hash_many(DOMAIN_FELTS, message.felts);
    let (config_hash) = poseidon_hash_many(
        ConfigHead.SIZE + message.n_markets + message.n_oracles, message.felts
    );
    local config: Config = Config(
        config_hash=config_hash,
        domain_tag=domain_tag,
        n_markets=message.n_markets,
        n_oracles=message.n_oracles,
        oracle_quorum=message.oracle_quorum,
        oracle_max_age_ms=message.oracle_max_age_ms,
        markets=message.markets,
        oracle_keys=market_felts + message.n_markets,
    );
    return (config=&config);
}

func check_markets{range_check_ptr}(market: MarketConfig*, word: felt*, n_markets) {
    if (n_markets == 0) {
        return ();
    }
    let rate_limit = RC_BOUND - RATE_BOUND;
    assert [range_check_ptr] = market.multiplier;
    assert [range_check_ptr + 1] = market.multiplier + (RC_BOUND - MULTIPLIER_BOUND);
    assert [range_check_ptr + 2] = market.initial_margin_ppm - market.maintenance_margin_ppm;
    assert [range_check_ptr + 3] = market.initial_margin_ppm + rate_limit;
    assert [range_check_ptr + 4] = market.maintenance_margin_ppm;
    assert [range_check_ptr + 5] = market.highest_fee_ppm + rate_limit;
    assert [range_check_ptr + 6] = market.maker_fee_ppm;
    assert [range_check_ptr + 7] = market.taker_fee_ppm;
    // The higher fee is not below either and equal to one of them.
    tempvar above_maker = market.highest_fee_ppm - market.maker_fee_ppm;
    tempvar above_taker = market.highest_fee_ppm - market.taker_fee_ppm;
    assert [range_check_ptr + 8] = above_maker;
    assert [range_check_ptr + 9] = above_taker;
    assert above_maker * above_taker = 0;
    assert [range_check_ptr + 10] = market.price_band_ppm;
    assert [range_check_ptr + 11] = PPM_ONE - 1 - market.price_band_ppm;
    assert [range_check_ptr + 12] = market.symbol;
    let range_check_ptr = range_check_ptr + 13;
    assert [word] = market.multiplier + market.initial_margin_ppm * 2 ** 12 +
        market.maintenance_margin_ppm * 2 ** 32 + market.maker_fee_ppm * 2 ** 52 +
        market.taker_fee_ppm * 2 ** 72 + market.price_band_ppm * 2 ** 92 + market.symbol * 2 ** 112;
    return check_markets(market + MarketConfig.SIZE, word + 1, n_markets - 1);
}
