"""Security is counted by the same tables everywhere, and the tables are what their formulas say."""

import json
import re
from math import e, log2
from pathlib import Path
from typing import Any

import pytest

from prover import _native
from prover.profiles import (
    COLLISION_MILLIBITS,
    FIRST_ORDER,
    JOHNSON_PER_LOG_BLOWUP,
    MIN_PROVEN_BITS,
    MIN_SECURITY_BITS,
    PROFILES,
    RANDOM_WORDS,
    Profile,
    parameters_json,
)
from prover.reference import RejectedProof, security, verify
from prover.reference.air import Air
from prover.reference.parameters import parse_parameters
from tests.soundness.mutations import replaced
from tests.soundness.proofs import STONE_PROOFS, load_proof

ROOT = Path(__file__).resolve().parents[2]
GOLDEN_K = STONE_PROOFS[0]
FIELD_BITS = 251
N_STEPS = 1 << 17


@pytest.fixture(scope="module")
def air() -> Air:
    """Return the AIR of the golden run, of 2^20 rows."""
    return Air.from_description(
        _native.air_description(json.dumps(load_proof(GOLDEN_K)["public_input"]))
    )


def rust_table(name: str) -> list[int]:
    """Return the figures of one name in the table of the Rust verifier."""
    text = (ROOT / "prover/stark/src/security.rs").read_text()
    return [int(figure) for figure in re.findall(rf"\b{name}: (\d+)", text)]


def solidity_table() -> list[int]:
    """Return the table of the L1 contract."""
    text = (ROOT / "l1_contracts/src/verifier/ProofParameters.sol").read_text()
    match = re.search(r'RANDOM_WORDS = hex"([0-9a-f]+)"', text)
    assert match is not None
    return [int(match[1][i : i + 4], 16) for i in range(0, len(match[1]), 4)]


def test_tables_when_compared_then_the_same_in_all_four_places() -> None:
    expected = list(RANDOM_WORDS.values())
    assert [*RANDOM_WORDS] == [*security.RANDOM_WORDS] == list(range(2, 9))
    assert list(security.RANDOM_WORDS.values()) == expected
    assert rust_table("random_words") == solidity_table() == expected
    assert security.FIRST_ORDER == FIRST_ORDER
    assert rust_table("first_order") == list(FIRST_ORDER.values())
    solidity = (ROOT / "l1_contracts/src/verifier/ProofParameters.sol").read_text()
    rust = (ROOT / "prover/stark/src/security.rs").read_text()
    assert f"JOHNSON = {JOHNSON_PER_LOG_BLOWUP};" in solidity
    assert f"JOHNSON_PER_LOG_BLOWUP: Millibits = {JOHNSON_PER_LOG_BLOWUP};" in rust
    assert security.JOHNSON_PER_LOG_BLOWUP == JOHNSON_PER_LOG_BLOWUP


@pytest.mark.parametrize("log_blowup", RANDOM_WORDS)
def test_table_when_computed_again_then_the_nearest_thousandth(log_blowup: int) -> None:
    rho = 2.0**-log_blowup
    exact = -1000 * log2(rho + rho * log2(e / rho) / FIELD_BITS)
    assert abs(RANDOM_WORDS[log_blowup] - exact) <= 0.5
    # First order: below the curve of ePrint 2026/2056, equation (31), and above Johnson.
    curve = first_order_agreement(rho)
    assert 500 * log_blowup < FIRST_ORDER[log_blowup] < -1000 * log2(curve)


def first_order_agreement(rho: float) -> float:
    """Return sqrt(rho/2) (1 + u), where u^2 (u + 3) is that root."""
    root = (rho / 2) ** 0.5
    low, high = 0.0, 1.0
    for _ in range(100):
        middle = (low + high) / 2
        low, high = (middle, high) if middle**2 * (middle + 3) < root else (low, middle)
    return float(root * (1 + low))


@pytest.mark.parametrize("name", sorted(PROFILES))
def test_profile_when_counted_by_the_verifier_then_the_same_figures(name: str, air: Air) -> None:
    profile = PROFILES[name]
    found = security.security(parse_parameters(parameters_json(profile, N_STEPS)), air)
    assert found == security.Security(
        proven=profile.proven_millibits,
        proven_beyond_johnson=profile.proven_beyond_johnson_millibits,
        conjectured=profile.conjectured_millibits,
        collision=COLLISION_MILLIBITS,
    )
    assert found.conjectured >= 1000 * MIN_SECURITY_BITS
    assert found.proven >= 1000 * MIN_PROVEN_BITS


def test_minimum_of_proven_bits_when_compared_then_that_of_the_weakest_profile() -> None:
    assert min(profile.proven_millibits for profile in PROFILES.values()) == 1000 * MIN_PROVEN_BITS


def test_profiles_when_written_down_then_as_designed() -> None:
    grinding = {name: profile.proof_of_work_bits for name, profile in PROFILES.items()}
    assert grinding == {"fast": 25, "balanced": 25, "cheap-l1": 27}
    assert PROFILES["cheap-l1"] == Profile("cheap-l1", 5, 14, 27, fits_l1=True)


def with_parameters(**fri: Any) -> dict[str, Any]:
    """Return the golden proof with other claims about blowup, queries and grinding."""
    proof = load_proof(GOLDEN_K)
    if "log_n_cosets" in fri:
        path = ("proof_parameters", "stark", "log_n_cosets")
        proof = replaced(proof, path, fri.pop("log_n_cosets"))
    stark = proof["proof_parameters"]["stark"]
    path = ("proof_parameters", "stark", "fri")
    return dict(replaced(proof, path, {**stark["fri"], **fri}))


def refusals(proof: Any, minimum: int) -> set[str]:
    """Return what each verifier says that rejects the proof."""
    with pytest.raises(_native.ProofRejected) as native:
        _native.stark_verify(json.dumps(proof).encode(), minimum)
    with pytest.raises(RejectedProof) as reference:
        verify(proof, minimum)
    return {str(native.value).removeprefix("rejected: "), str(reference.value)}


@pytest.mark.parametrize(
    ("n_queries", "grinding", "minimum", "actual"),
    [
        # 16 queries at blowup 4 and 16 bits, which the old count called 48.
        (16, 16, 48, "47.680"),
        (27, 25, 79, "78.460"),
        (24, 25, 73, "72.520"),
        # Nodes of 160 bits collide first.
        (64, 64, 81, "80.000"),
    ],
)
def test_security_when_a_fraction_of_a_bit_is_missing_then_both_say_how_much(
    n_queries: int, grinding: int, minimum: int, actual: str
) -> None:
    proof = with_parameters(n_queries=n_queries, proof_of_work_bits=grinding)
    message = f"{actual} bits of conjectured security, {minimum} are required"
    assert refusals(proof, minimum) == {message}


def test_security_when_it_is_enough_then_both_accept() -> None:
    proof = load_proof(GOLDEN_K)
    report = _native.stark_verify(json.dumps(proof).encode(), 47)
    found = verify(proof, 47)
    assert found == security.Security(32_000, 33_344, 47_680, 80_000)
    assert report["security_bits_proven"] == 32.0
    assert report["security_bits_proven_beyond_johnson"] == 33.344
    assert report["security_bits_conjectured"] == 47.68
    assert report["security_bits_collision"] == 80.0


def test_security_when_192_bit_nodes_and_enough_queries_then_exactly_96_accepted() -> None:
    balanced = parse_parameters(parameters_json(PROFILES["balanced"], N_STEPS))
    security.require(balanced, MIN_SECURITY_BITS)
    with pytest.raises(RejectedProof, match=r"96\.000 bits of conjectured security, 97 are"):
        security.require(balanced, MIN_SECURITY_BITS + 1)
    # As the profile was: 24 bits of grinding.
    old = Profile("old", log_blowup=3, n_queries=24, proof_of_work_bits=24, fits_l1=True)
    with pytest.raises(RejectedProof, match=r"95\.400 bits of conjectured security, 96 are"):
        security.require(parse_parameters(parameters_json(old, N_STEPS)), MIN_SECURITY_BITS)


def test_security_when_one_coefficient_is_left_then_counted_and_none_of_it_proven(air: Air) -> None:
    parameters = with_parameters(fri_step_list=[0, 4, 4, 4, 4, 4], last_layer_degree_bound=1)
    found = security.security(parse_parameters(parameters["proof_parameters"]), air)
    assert found == security.Security(0, 33_344, 47_680, 80_000)


def test_blowup_when_nothing_is_counted_for_it_then_both_name_the_limits() -> None:
    proof = with_parameters(log_n_cosets=1, n_queries=256, proof_of_work_bits=64)
    (message,) = refusals(proof, 1)
    assert message == (
        "log_n_cosets is 1, security is counted for 2 to 8 only, and 1 bits are required"
    )
    with pytest.raises(
        _native.ProofUnsupported, match="log_n_cosets is 9, supported are at most 8"
    ):
        _native.stark_verify(json.dumps(with_parameters(log_n_cosets=9)).encode())
