from starkware.cairo.common.builtin_poseidon.poseidon import poseidon_hash_many
from starkware.cairo.common.cairo_builtins import PoseidonBuiltin
from starkware.cairo.common.registers import get_fp_and_pc

from circuits.cairo.constants import CONFIG_TAG, CONFIG_VERSION

// config_felts of docs/spec/protocol.md section 3: what never changes about a deployment.
struct Config {
    tag: felt,
    version: felt,
    chain_id: felt,
    exchange_address: felt,
}

// Returns the hash of a configuration that the prover knows; it is also the domain of signatures.
func load_config{poseidon_ptr: PoseidonBuiltin*}() -> (config_hash: felt) {
    alloc_locals;
    let (__fp__, _) = get_fp_and_pc();
    local message: Config;
    %{ segments.write_arg(ids.message.address_, next(witness)) %}
    assert message.tag = CONFIG_TAG;
    assert message.version = CONFIG_VERSION;
    let (config_hash) = poseidon_hash_many(Config.SIZE, cast(&message, felt*));
    return (config_hash=config_hash);
}
