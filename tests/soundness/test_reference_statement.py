"""Each rule on statements and parameters, one violation at a time.

Any change of the statement changes the transcript, too; these tests call the parsers alone, so
that a missing rule is noticed.
"""

from typing import Any

import pytest

from prover.reference.errors import (
    ProofError,
    RejectedProof,
    UnreadableProof,
    UnsupportedProof,
)
from prover.reference.parameters import parse_parameters
from prover.reference.public_input import parse_public_input
from prover.reference.security import conjectured
from tests.soundness.mutations import lookup, replaced
from tests.soundness.proofs import STONE_PROOFS, load_proof

GOLDEN_K, GOLDEN_P, CAIRO_LANG, _ = STONE_PROOFS
# 65,536 steps, 2^20 rows; a memory unit every 2, range check every 4, diluted value every 16 rows.
STATEMENT_RULES = [
    ("n_steps", 65_535, "n_steps is 65535, a power of two is expected"),
    ("n_steps", 0, "n_steps is 0, a power of two is expected"),
    ("rc_min", 40_000, "rc_min is 40000 and rc_max 32771, expected rc_min <= rc_max <= 65535"),
    ("rc_max", 2**16, "rc_min is 0 and rc_max 65536"),
    ("memory_segments.output.stop_ptr", 0, "segment output begins at 1772 and stops before, at 0"),
    ("memory_segments.ecdsa.stop_ptr", 9967, "segment ecdsa has 1 cells, an instance has 2"),
    ("memory_segments.ecdsa.stop_ptr", 9966 + 2 * 129, "has 129 instances, the trace has 128"),
    ("memory_segments.pedersen.stop_ptr", 1777, "pedersen has 1 instances, the trace has 0"),
    ("memory_segments.keccak.stop_ptr", 10_238, "keccak has 16 instances, the trace has 0"),
    ("public_memory", [], "public_memory has 0 cells, at least 1 is needed"),
    ("public_memory", [{"address": 1, "value": "0x1"}] * 65_537, "has 65537 cells, .* has 65536"),
    ("public_memory.2.page", 2, "has page 2, but no page 1"),
    ("dynamic_params.cpu_component_step", 3, "cpu_component_step is 3, no power of two"),
    ("dynamic_params.cpu_component_step", 512, "is 512, at most 256 is allowed"),
    ("dynamic_params.num_columns_first", 129, "num_columns_first is 129, expected 1 to 128"),
    ("dynamic_params.num_columns_second", 0, "num_columns_second is 0, expected 1 to 128"),
    ("dynamic_params.cpu__registers__ap_column", 6, "ap_column is 6, expected 0 to 5"),
    ("dynamic_params.range_check16__perm__cum_prod0_column", 5, "is 5, expected 6 to 6"),
    ("dynamic_params.mem_pool__addr_offset", 2**20, "is 1048576, the trace has 1048576"),
    ("dynamic_params.memory_units_row_ratio", 3, "is 3, expected a power of two of at least 1"),
    (
        "dynamic_params.memory_units_row_ratio",
        16,
        "dst_suboffset is 4: row 64 is beyond",
    ),
    ("dynamic_params.memory_units_row_ratio", 0, "memory_units_row_ratio is 0"),
    ("dynamic_params.diluted_units_row_ratio", 2**21, "is 2097152, .* and at most 1048576"),
    ("dynamic_params.cpu__decode__off0_suboffset", 4, "off0_suboffset is 4: row 16 is beyond"),
    ("dynamic_params.orig__public_memory_suboffset", 8, "public_memory_suboffset is 8: row 16"),
    ("dynamic_params.uses_ecdsa_builtin", 2, "uses_ecdsa_builtin is 2, expected 0 or 1"),
    ("dynamic_params.ecdsa_builtin_row_ratio", 256, "ratio is 256, .* at least 512"),
    ("dynamic_params.poseidon__row_ratio", 96, "poseidon__row_ratio is 96, expected a power of"),
    ("dynamic_params.poseidon__param_1__input_output_suboffset", 64, "is beyond its 128 rows"),
]
UNSUPPORTED_STATEMENTS = [
    ("n_steps", 2**51, "n_steps is 2251799813685248, supported are at most 1125899906842624"),
    ("layout", "starknet", 'layout "starknet" is not supported, only "dynamic"'),
    ("dynamic_params.uses_keccak_builtin", 1, "builtin keccak is switched on"),
    ("dynamic_params.uses_add_mod_builtin", 1, "builtin add_mod is switched on"),
    ("dynamic_params.bitwise__row_ratio", 2048, "is 2048, but its builtin is switched off"),
]
UNREADABLE_STATEMENTS = [
    ("n_steps", True, "n_steps is true, expected an unsigned 64-bit number"),
    ("rc_min", -1, "rc_min is -1, expected an unsigned 64-bit number"),
    ("memory_segments", {}, "memory_segments.program is missing"),
    ("dynamic_params", {}, "dynamic_params has not exactly the 340 names"),
    ("public_memory.0.value", hex(2**251 + 17 * 2**192 + 1), r"public_memory\[0\].value is \"0x8"),
    ("public_memory.0.value", "1", 'is "1", expected 0x and the digits of a number below p'),
]
PARAMETER_RULES = [
    ("stark.log_n_cosets", 0, "log_n_cosets is 0, allowed are 1 to 8"),
    ("stark.fri.n_queries", 0, "n_queries is 0, allowed are 1 to 256"),
    ("stark.fri.last_layer_degree_bound", 0, "is 0, a power of two is expected"),
    ("stark.fri.last_layer_degree_bound", 63, "is 63, a power of two is expected"),
    ("stark.fri.fri_step_list", [0], "number of FRI steps is 1, allowed are 2 to 15"),
    ("stark.fri.fri_step_list", [1, 3], "first FRI step is 1, allowed are 0 to 0"),
    ("stark.fri.fri_step_list", [0, 0, 3], "FRI step is 0, allowed are 1 to 4"),
]
UNSUPPORTED_PARAMETERS = [
    ("stark.log_n_cosets", 9, "log_n_cosets is 9, supported are at most 8"),
    ("stark.fri.n_queries", 257, "n_queries is 257, supported are at most 256"),
    ("stark.fri.proof_of_work_bits", 65, "proof_of_work_bits is 65, supported are at most 64"),
    ("stark.fri.last_layer_degree_bound", 2**16, "is 65536, supported are at most 32768"),
    ("stark.fri.fri_step_list", [0, 5], "FRI step is 5, supported are at most 4"),
    ("n_verifier_friendly_commitment_layers", 1, "is 1, supported are at most 0"),
    ("field", "PrimeField1", 'field "PrimeField1" is not supported, only PrimeField0'),
    ("use_extension_field", True, "use_extension_field true is not supported"),
    ("channel_hash", "blake256", "combination of hashes .* is not supported"),
    ("commitment_hash", "keccak256", "combination of hashes"),
    ("pow_hash", "blake256", "combination of hashes"),
    ("verifier_friendly_channel_updates", True, "combination of hashes"),
    ("statement.page_hash", "pedersen", "combination of hashes"),
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


@pytest.mark.parametrize(("path", "new", "message"), UNSUPPORTED_STATEMENTS)
def test_statement_when_it_cannot_be_judged_then_unsupported(
    path: str, new: object, message: str
) -> None:
    with pytest.raises(UnsupportedProof, match=message):
        parse_public_input(changed(load_proof(GOLDEN_K)["public_input"], path, new))


@pytest.mark.parametrize(("path", "new", "message"), PARAMETER_RULES)
def test_parameters_when_out_of_range_then_rejected(path: str, new: object, message: str) -> None:
    parameters = load_proof(GOLDEN_K)["proof_parameters"]
    parse_parameters(parameters)
    with pytest.raises(RejectedProof, match=message):
        parse_parameters(changed(parameters, path, new))


@pytest.mark.parametrize(("path", "new", "message"), UNSUPPORTED_PARAMETERS)
def test_parameters_when_they_cannot_be_judged_then_unsupported(
    path: str, new: object, message: str
) -> None:
    with pytest.raises(UnsupportedProof, match=message):
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
    parameters = replaced(parameters, ("stark", "log_n_cosets"), 2)
    assert conjectured(parse_parameters(parameters)) == 1000 * bits


@pytest.mark.parametrize("name", [GOLDEN_K, CAIRO_LANG])
def test_dynamic_params_when_one_is_a_word_larger_than_any_row_then_typed_error(
    name: str,
) -> None:
    statement = load_proof(name)["public_input"]
    for param in statement["dynamic_params"]:
        try:
            parse_public_input(changed(statement, f"dynamic_params.{param}", 2**64 - 1))
        except ProofError:
            continue
        raise AssertionError(param)
