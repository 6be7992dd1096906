from starkware.cairo.common.builtin_poseidon.poseidon import poseidon_hash, poseidon_hash_many
from starkware.cairo.common.cairo_builtins import PoseidonBuiltin, SignatureBuiltin
from starkware.cairo.common.registers import get_fp_and_pc

from circuits.cairo.config import Config
from circuits.cairo.constants import MESSAGE_ORACLE_REPORT, RC_BOUND, TIME_BOUND
from circuits.cairo.environment import Environment
from circuits.cairo.oracle.medians import Report, check_medians
from circuits.cairo.oracle.prices import pack_prices
from circuits.cairo.state.markets import Price, write_prices

// The transaction as the prover gives it. `prices_x16` is padded like those of a report, and
// `price_words` is where its packed words are; `n_lower` is the index of the lower median.
struct OracleUpdate {
    oracle_time_ms: felt,
    n_reports: felt,
    n_lower: felt,
    n_words: felt,
    prices_x16: felt*,
    price_words: felt*,
    reports: Report*,
}

// A quorum of oracle nodes signed prices; their medians become index and mark. Returns the
// environment with the new prices.
func oracle_update{range_check_ptr, ecdsa_ptr: SignatureBuiltin*, poseidon_ptr: PoseidonBuiltin*}(
    environment: Environment*, time_ms
) -> (environment: Environment*) {
    alloc_locals;
    let (__fp__, _) = get_fp_and_pc();
    local message: OracleUpdate;
    %{ segments.write_arg(ids.message.address_, next(witness)) %}
    let config = environment.config;
    assert [range_check_ptr] = message.n_reports - config.oracle_quorum;
    assert [range_check_ptr + 1] = message.oracle_time_ms - environment.oracle_time_ms - 1;
    // n_lower = floor((n_reports - 1) / 2). Were it not an integer it would be a huge field element
    // and check_medians would fail: it is compared with a count in a range check.
    tempvar odd = message.n_reports - 1 - 2 * message.n_lower;
    assert odd = odd * odd;
    // n_words = ceil(n_markets / 5).
    tempvar n_spare = message.n_words * 5 - config.n_markets;
    assert [range_check_ptr + 2] = n_spare;
    assert [range_check_ptr + 3] = 4 - n_spare;
    let range_check_ptr = range_check_ptr + 4;

    check_reports(&message, message.reports, message.n_reports, -1, environment, time_ms, 1);
    check_medians(
        message.prices_x16, message.reports, message.n_reports, message.n_lower, 0, config.n_markets
    );
    pack_prices(message.prices_x16, config.n_markets, message.price_words);
    let (oracle_hash) = poseidon_hash(
        environment.oracle_hash, message.oracle_time_ms + message.n_reports * 2 ** 48
    );
    let (oracle_hash) = hash_words(oracle_hash, message.price_words, message.n_words);
    local oracle_hash = oracle_hash;

    // The table follows the last one: its address is new.
    let prices = environment.prices + config.n_markets * Price.SIZE;
    write_prices(prices, config.markets, message.prices_x16, config.n_markets);
    local environment_after: Environment = Environment(
        config=environment.config,
        domain_tag=environment.domain_tag,
        markets=environment.markets,
        prices=prices,
        oracle_time_ms=message.oracle_time_ms,
        oracle_hash=oracle_hash,
        operations=environment.operations,
        withdrawals=environment.withdrawals,
    );
    return (environment=&environment_after);
}

// Proves the signatures of the reports, by strictly ascending signers, and their times.
//
// Guarantee: no report is older than oracle_time_ms, and at least one has that very time: the
// product of the differences is 0 at the end.
func check_reports{range_check_ptr, ecdsa_ptr: SignatureBuiltin*, poseidon_ptr: PoseidonBuiltin*}(
    update: OracleUpdate*,
    report: Report*,
    n_reports,
    previous_signer,
    environment: Environment*,
    time_ms,
    product,
) {
    alloc_locals;
    if (n_reports == 0) {
        assert product = 0;
        assert [range_check_ptr] = environment.config.n_oracles - 1 - previous_signer;
        let range_check_ptr = range_check_ptr + 1;
        return ();
    }
    let config = environment.config;
    assert [range_check_ptr] = report.signer_index - previous_signer - 1;
    assert [range_check_ptr + 1] = report.time_ms;
    assert [range_check_ptr + 2] = report.time_ms + (RC_BOUND - TIME_BOUND);
    tempvar ahead = report.time_ms - time_ms;
    assert [range_check_ptr + 3] = config.oracle_max_age_ms - ahead;
    assert [range_check_ptr + 4] = config.oracle_max_age_ms + ahead;
    local newer = report.time_ms - update.oracle_time_ms;
    assert [range_check_ptr + 5] = newer;
    let range_check_ptr = range_check_ptr + 6;

    let message = report.message;
    assert message[0] = environment.domain_tag;
    assert message[1] = MESSAGE_ORACLE_REPORT + report.signer_index * 2 ** 8 + report.time_ms * 2 **
        16 + config.n_markets * 2 ** 64;
    pack_prices(report.prices_x16, config.n_markets, message + 2);
    let (hash) = poseidon_hash_many(update.n_words + 2, message);
    %{ ecdsa_builtin.add_signature(ids.ecdsa_ptr.address_, next(witness)) %}
    assert ecdsa_ptr.message = hash;
    assert ecdsa_ptr.pub_key = config.oracle_keys[report.signer_index];
    let ecdsa_ptr = ecdsa_ptr + SignatureBuiltin.SIZE;
    return check_reports(
        update,
        report + Report.SIZE,
        n_reports - 1,
        report.signer_index,
        environment,
        time_ms,
        product * newer,
    );
}

// Continues the hash chain of the oracle updates of a batch.
func hash_words{poseidon_ptr: PoseidonBuiltin*}(hash, word: felt*, n_words) -> (hash: felt) {
    if (n_words == 0) {
        return (hash=hash);
    }
    let (hash) = poseidon_hash(hash, [word]);
    return hash_words(hash, word + 1, n_words - 1);
}
