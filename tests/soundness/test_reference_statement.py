"""Each rule on statements and parameters, one violation at a time.

Any change of the statement changes the transcript, too; these tests call the parsers alone, so
that a missing rule is noticed.
"""

from typing import Any

import pytest

from prover.reference.errors import ProofError, RejectedProof, UnreadableProof
from prover.reference.parameters import parse_parameters
from prover.reference.public_input import parse_public_input
from tests.soundness.mutations import lookup, replaced
from tests.soundness.proofs import STONE_PROOFS, load_proof

GOLDEN_K, GOLDEN_P, CAIRO_LANG, _ = STONE_PROOFS
# 65,536 steps, 2^20 rows; a memory unit every 2, range check every 4, diluted value every 16 rows.
STATEMENT_RULES = [
    ("n_steps", 65_535, "n_steps = 65535 is not a power of two"),
    ("n_steps", 0, "n_steps = 0 is not a power of two"),
    ("n_steps", 2**51, r"> 2\^50"),
    ("rc_min", 40_000, "range check bounds 40000, 32771"),
    ("rc_max", 2**16, "range check bounds 0, 65536"),
    ("memory_segments.output.stop_ptr", 0, "segment output stops before it begins"),
    ("memory_segments.ecdsa.stop_ptr", 9967, "segment ecdsa ends inside an instance"),
    ("memory_segments.ecdsa.stop_ptr", 9966 + 2 * 129, "129 ecdsa instances, the trace holds 128"),
    ("memory_segments.pedersen.stop_ptr", 1777, "1 pedersen instances, the trace holds 0"),
    ("memory_segments.keccak.stop_ptr", 10_238, "segment keccak of an absent builtin has cells"),
    ("public_memory", [], "0 public cells, the layout has 65536"),
    ("public_memory", [{"address": 1, "value": "0x1", "page": 0}] * 65_537, "65537 public cells"),
    ("dynamic_params.cpu_component_step", 3, "rows are not a power of two"),
    ("dynamic_params.cpu_component_step", 512, "cpu_component_step = 512"),
    ("dynamic_params.num_columns_first", 129, "num_columns_first = 129"),
    ("dynamic_params.num_columns_second", 0, "num_columns_second = 0"),
    ("dynamic_params.cpu__registers__ap_column", 6, r"ap_column = 6 is not in range\(0, 6\)"),
    ("dynamic_params.range_check16__perm__cum_prod0_column", 5, r"is not in range\(6, 7\)"),
    ("dynamic_params.mem_pool__addr_offset", 2**20, "mem_pool__addr_offset = 1048576 >="),
    ("dynamic_params.memory_units_row_ratio", 3, "memory_units_row_ratio = 3"),
    ("dynamic_params.memory_units_row_ratio", 16, "leaves its period"),
    ("dynamic_params.memory_units_row_ratio", 0, "memory_units_row_ratio = 0"),
    ("dynamic_params.diluted_units_row_ratio", 2**21, "diluted_units_row_ratio = 2097152"),
    ("dynamic_params.cpu__decode__off0_suboffset", 4, "off0_suboffset leaves its period"),
    ("dynamic_params.orig__public_memory_suboffset", 8, "public_memory_suboffset leaves"),
    ("dynamic_params.uses_ecdsa_builtin", 2, "uses_ecdsa_builtin = 2"),
    ("dynamic_params.uses_keccak_builtin", 1, "builtin keccak is used"),
    ("dynamic_params.uses_add_mod_builtin", 1, "builtin add_mod is used"),
    ("dynamic_params.ecdsa_builtin_row_ratio", 256, "ecdsa_builtin_row_ratio = 256"),
    ("dynamic_params.poseidon__row_ratio", 96, "poseidon__row_ratio = 96"),
    ("dynamic_params.poseidon__param_1__input_output_suboffset", 64, "leaves its period"),
]
UNREADABLE_STATEMENTS = [
    ("layout", "starknet", "not supported"),
    ("n_steps", True, "n_steps is not an unsigned 64-bit number"),
    ("rc_min", -1, "rc_min is not an unsigned 64-bit number"),
    ("memory_segments", {}, "memory_segments must be exactly"),
    ("dynamic_params", {}, "has not the 340 names"),
    ("public_memory.0.page", 1, "pages other than 0"),
    ("public_memory.0.value", hex(2**251 + 17 * 2**192 + 1), "not a field element"),
    ("public_memory.0.value", "1", "not a field element"),
]
PARAMETER_RULES = [
    ("stark.log_n_cosets", 0, r"log_n_cosets = 0 is not in \[1, 16\]"),
    ("stark.fri.n_queries", 0, "n_queries = 0"),
    ("stark.fri.n_queries", 257, "n_queries = 257"),
    ("stark.fri.proof_of_work_bits", 65, "proof_of_work_bits = 65"),
    ("stark.fri.last_layer_degree_bound", 0, "last_layer_degree_bound = 0"),
    ("stark.fri.last_layer_degree_bound", 2**16, "last_layer_degree_bound = 65536"),
    ("stark.fri.fri_step_list", [0], "1 FRI layers"),
    ("stark.fri.fri_step_list", [1, 3], "FRI step 0 is 1"),
    ("stark.fri.fri_step_list", [0, 5], "FRI steps"),
    ("stark.fri.fri_step_list", [0, 0, 3], "FRI steps"),
    ("n_verifier_friendly_commitment_layers", 1, "n_verifier_friendly_commitment_layers = 1"),
]
UNREADABLE_PARAMETERS = [
    ("field", "PrimeField1", "only PrimeField0"),
    ("use_extension_field", True, "without extension"),
    ("channel_hash", "blake256", "unsupported combination"),
    ("commitment_hash", "keccak256", "unsupported combination"),
    ("pow_hash", "blake256", "unsupported combination"),
    ("verifier_friendly_channel_updates", True, "unsupported combination"),
    ("statement.page_hash", "pedersen", "unsupported combination"),
]


def changed(value: Any, dotted: str, new: object) -> Any:
    path = tuple(int(key) if key.isdigit() else key for key in dotted.split("."))
    assert lookup(value, path) != new
    return replaced(value, path, new)


@pytest.mark.parametrize(("path", "new", "message"), STATEMENT_RULES)
def test_statement_when_a_rule_is_broken_then_rejected(
    path: str, new: object, message: str
) -> None:
    statement = load_proof(GOLDEN_K)["public_input"]
    parse_public_input(statement)
    with pytest.raises(RejectedProof, match=message):
        parse_public_input(changed(statement, path, new))


def test_statement_when_a_pool_is_too_small_then_rejected() -> None:
    statement = load_proof(GOLDEN_K)["public_input"]
    with_bitwise = changed(statement, "dynamic_params.uses_bitwise_builtin", 1)
    with_bitwise = changed(with_bitwise, "dynamic_params.bitwise__row_ratio", 64)
    with pytest.raises(RejectedProof, match="1114112 units are used, diluted_units_row_ratio"):
        parse_public_input(with_bitwise)


@pytest.mark.parametrize(("path", "new", "message"), UNREADABLE_STATEMENTS)
def test_statement_when_malformed_then_unreadable(path: str, new: object, message: str) -> None:
    with pytest.raises(UnreadableProof, match=message):
        parse_public_input(changed(load_proof(GOLDEN_K)["public_input"], path, new))


@pytest.mark.parametrize(("path", "new", "message"), PARAMETER_RULES)
def test_parameters_when_out_of_range_then_rejected(path: str, new: object, message: str) -> None:
    parameters = load_proof(GOLDEN_K)["proof_parameters"]
    parse_parameters(parameters)
    with pytest.raises(RejectedProof, match=message):
        parse_parameters(changed(parameters, path, new))


@pytest.mark.parametrize(("path", "new", "message"), UNREADABLE_PARAMETERS)
def test_parameters_when_unsupported_then_unreadable(path: str, new: object, message: str) -> None:
    with pytest.raises(UnreadableProof, match=message):
        parse_parameters(changed(load_proof(GOLDEN_K)["proof_parameters"], path, new))


def test_parameters_when_keys_are_absent_then_stones_defaults_apply() -> None:
    full = load_proof(GOLDEN_K)["proof_parameters"]
    needed = {key: full[key] for key in ("field", "stark", "use_extension_field")}
    assert parse_parameters(needed) == parse_parameters(full)


@pytest.mark.parametrize(
    ("name", "commitment_hash", "n_friendly_layers", "bits"),
    [
        (GOLDEN_K, "keccak256_masked160_msb", 0, 80),
        (GOLDEN_K, "keccak256_masked192_msb", 0, 96),
        (GOLDEN_P, "blake256_masked248_lsb", 0, 124),
        (GOLDEN_P, "blake256_masked248_lsb", 99, 124),
    ],
)
def test_security_when_queries_abound_then_limited_by_collisions_of_the_commitment(
    name: str, commitment_hash: str, n_friendly_layers: int, bits: int
) -> None:
    parameters = load_proof(name)["proof_parameters"] | {
        "commitment_hash": commitment_hash,
        "n_verifier_friendly_commitment_layers": n_friendly_layers,
    }
    if name == GOLDEN_K:
        parameters["verifier_friendly_commitment_hash"] = commitment_hash
    parameters = replaced(parameters, ("stark", "fri", "n_queries"), 256)
    assert parse_parameters(parameters).security_bits == bits


@pytest.mark.parametrize("name", [GOLDEN_K, CAIRO_LANG])
def test_dynamic_params_when_one_is_a_word_larger_than_any_row_then_typed_error_or_harmless(
    name: str,
) -> None:
    statement = load_proof(name)["public_input"]
    for param in statement["dynamic_params"]:
        try:
            parse_public_input(changed(statement, f"dynamic_params.{param}", 2**64 - 1))
        except ProofError:
            continue
        # Only slots of builtins that are off may hold anything.
        assert param.endswith(("_suboffset", "_row_ratio"))
