"""FRI and Merkle openings of the reference verifier against provers that cheat consistently.

Changing bytes of a proof changes the challenges, so that early checks hide the later ones; here
the cheater commits to what suits him and only one check can notice.
"""

import random
from collections.abc import Sequence

import pytest

from prover.reference.deep import claims_by_point, evaluate_quotient
from prover.reference.errors import RejectedProof
from prover.reference.field import P, domain_element, evaluate, inverse
from prover.reference.fri import check_low_degree
from prover.reference.hashes import MaskedHash, node_hash
from prover.reference.merkle import check_opening
from prover.reference.parameters import ProofParameters
from prover.reference.proof import ProofReader
from tests.soundness.fri_prover import (
    FRI,
    LOG_DOMAIN,
    FriProof,
    Table,
    fold,
    parameters,
    prove,
)

SEED = 7
DOMAIN = [domain_element(i, LOG_DOMAIN) for i in range(1 << LOG_DOMAIN)]
# Rows 3, 17, 20, 24 of the first layer, two queries sharing the last one.
QUERIES = (12, 70, 83, 97, 98)
CHALLENGES = (5**50 % P, 7**60 % P)
HASHES = ["keccak256_masked160_msb", "keccak256_masked192_msb", "blake256_masked248_lsb"]
# Poseidon takes field elements, hence the nodes of blake2s but not those of keccak.
TREES = [*((name, 0) for name in HASHES), *((HASHES[2], layers) for layers in (2, 3, 6, 20))]


def random_felts(count: int, seed: int = SEED) -> list[int]:
    rng = random.Random(seed)
    return [rng.randrange(P) for _ in range(count)]


def low_degree_layer(degree_bound: int = 32, seed: int = SEED) -> list[int]:
    coefficients = random_felts(degree_bound, seed)
    return [evaluate(coefficients, x) for x in DOMAIN]


def folded_layers(first: list[int]) -> list[list[int]]:
    layers = [first]
    for step, challenge in zip(FRI.steps, CHALLENGES, strict=True):
        layers.append(fold(layers[-1], step, challenge))
    return layers


def check(first: Sequence[int], proof: FriProof, rules: ProofParameters) -> None:
    reader = ProofReader(proof.openings, rules)
    known = {query: first[query] for query in QUERIES}
    check_low_degree(known, LOG_DOMAIN, proof.commitment, reader)
    reader.finish()


@pytest.mark.parametrize(("hash_name", "n_friendly_layers"), TREES)
def test_fri_when_degree_is_low_then_accepted(hash_name: str, n_friendly_layers: int) -> None:
    rules = parameters(hash_name, n_friendly_layers)
    layers = folded_layers(low_degree_layer())
    check(layers[0], prove(layers, CHALLENGES, QUERIES, rules), rules)


@pytest.mark.parametrize("degree_bound", [33, 64, 128])
def test_fri_when_degree_is_too_high_then_the_last_layer_gives_it_away(degree_bound: int) -> None:
    rules = parameters(HASHES[0])
    layers = folded_layers(low_degree_layer(degree_bound))
    with pytest.raises(RejectedProof, match="last layer is not on its polynomial"):
        check(layers[0], prove(layers, CHALLENGES, QUERIES, rules), rules)


def test_fri_when_a_layer_is_not_the_folded_one_then_its_opening_fails() -> None:
    rules = parameters(HASHES[0])
    first = random_felts(1 << LOG_DOMAIN)
    layers = [first, *folded_layers(low_degree_layer())[1:]]
    with pytest.raises(RejectedProof, match="does not match its Merkle root"):
        check(first, prove(layers, CHALLENGES, QUERIES, rules), rules)


def test_fri_when_the_tested_values_are_not_the_committed_ones_then_rejected() -> None:
    rules = parameters(HASHES[0])
    layers = folded_layers(low_degree_layer())
    proof = prove(layers, CHALLENGES, QUERIES, rules)
    other = low_degree_layer(seed=SEED + 1)
    with pytest.raises(RejectedProof, match="does not match its Merkle root"):
        check(other, proof, rules)


def test_deep_quotient_when_a_claim_is_false_then_its_degree_is_high() -> None:
    rules = parameters(HASHES[0])
    columns = [random_felts(32, seed) for seed in (1, 2)]
    cells = [(0, 1234567), (1, 1234567), (1, 7654321)]
    claims = [evaluate(columns[column], point) for column, point in cells]
    rows = [[evaluate(column, x) for column in columns] for x in DOMAIN]
    for wrong in (None, 0, 1, 2):
        values = [claim + (i == wrong) for i, claim in enumerate(claims)]
        grouped = claims_by_point(cells, values, alpha=99)
        quotient = [evaluate_quotient(grouped, row, x) for row, x in zip(rows, DOMAIN, strict=True)]
        layers = folded_layers(quotient)
        proof = prove(layers, CHALLENGES, QUERIES, rules)
        if wrong is None:
            check(quotient, proof, rules)
        else:
            with pytest.raises(RejectedProof, match="last layer is not on its polynomial"):
                check(quotient, proof, rules)


def test_deep_quotient_when_evaluated_at_its_own_point_then_rejected() -> None:
    grouped = claims_by_point([(0, DOMAIN[3])], [1], alpha=99)
    with pytest.raises(RejectedProof, match="division by zero"):
        evaluate_quotient(grouped, [1], DOMAIN[3])
    with pytest.raises(RejectedProof, match="division by zero"):
        inverse(P)


@pytest.mark.parametrize(("hash_name", "n_friendly_layers"), TREES)
@pytest.mark.parametrize("log_columns", [0, 1, 2])
def test_opening_when_any_cell_or_sibling_differs_then_rejected(
    hash_name: str, n_friendly_layers: int, log_columns: int
) -> None:
    rules = parameters(hash_name, n_friendly_layers)
    table = Table(random_felts(1 << LOG_DOMAIN), log_columns, rules)
    indices = (0, 1, 5, 30)
    rows = {index: table.rows[index] for index in indices}
    siblings = table.siblings(indices)
    check_opening(table.root, table.shape, rows, siblings, rules)
    for i in range(len(siblings)):
        changed = [*siblings]
        changed[i] = bytes([*changed[i][:1], changed[i][1] ^ 1, *changed[i][2:]])
        with pytest.raises(RejectedProof):
            check_opening(table.root, table.shape, rows, changed, rules)
    for index in indices:
        for column in range(table.shape.n_columns):
            row = [*rows[index]]
            row[column] = (row[column] + 1) % P
            with pytest.raises(RejectedProof):
                check_opening(table.root, table.shape, {**rows, index: row}, siblings, rules)


def test_node_when_masked_bytes_are_set_then_rejected() -> None:
    for name, allowed, forbidden in (
        ("keccak256_masked160_msb", 19, 20),
        ("keccak256_masked192_msb", 23, 24),
        ("blake256_masked248_lsb", 1, 0),
    ):
        rules = parameters(name)
        ProofReader(with_byte(allowed), rules).node(0)
        with pytest.raises(RejectedProof, match="outside of the hash mask"):
            ProofReader(with_byte(forbidden), rules).node(0)
        masked = node_hash(name)
        assert isinstance(masked, MaskedHash)
        assert masked.is_canonical(masked.leaf(b"row"))


def with_byte(position: int) -> bytes:
    return bytes(1 if i == position else 0 for i in range(32))
