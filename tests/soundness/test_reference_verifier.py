"""The Python reference verifier accepts what Stone proved, and nothing near it."""

import json
import random
from collections.abc import Callable
from typing import Any

import pytest

from prover.reference import (
    ProofError,
    RejectedProof,
    UnreadableProof,
    UnsupportedProof,
    verify,
    verify_text,
)
from prover.reference.document import MAX_PROOF_BYTES
from tests.soundness.mutations import (
    Mutation,
    Path,
    fields_by_kind,
    leaf_paths,
    lookup,
    mutations,
    replaced,
)
from tests.soundness.proofs import STONE_PROOFS, load_proof

SEED = 20_261_121
GOLDEN_K, GOLDEN_P, CAIRO_LANG, SWIFTNESS = STONE_PROOFS
# Python's Poseidon makes a mutation of suite P cost up to a second.
N_MUTATIONS = {GOLDEN_K: 300, GOLDEN_P: 100, CAIRO_LANG: 100, SWIFTNESS: 100}


@pytest.fixture(scope="module")
def golden() -> dict[str, Any]:
    return load_proof(GOLDEN_K)


@pytest.mark.parametrize("name", STONE_PROOFS)
def test_stone_proof_when_genuine_then_accepted(name: str) -> None:
    verify(load_proof(name))


@pytest.mark.parametrize("name", STONE_PROOFS)
def test_stone_proof_when_any_field_changed_then_rejected(name: str) -> None:
    changed = mutations(load_proof(name), SEED)
    assert len(changed) >= N_MUTATIONS[name]
    sample = random.Random(SEED).sample(changed, N_MUTATIONS[name])
    assert accepted(verify, sample) == []


def accepted(verifier: Callable[[Any], None], changed: list[Mutation]) -> list[str]:
    """Return the names of the mutations that a verifier lets pass; let other exceptions out."""
    names = []
    for mutation in changed:
        try:
            verifier(mutation.proof)
        except ProofError:
            continue
        names.append(mutation.name)
    return names


def test_proof_when_security_is_below_the_minimum_then_rejected(golden: dict[str, Any]) -> None:
    verify(golden, minimum_security_bits=47)
    with pytest.raises(RejectedProof, match=r"47\.680 bits of .* security, 48 are required"):
        verify(golden, minimum_security_bits=48)


def test_fri_parameters_when_they_test_another_degree_then_rejected(golden: dict[str, Any]) -> None:
    path = ("proof_parameters", "stark", "fri", "last_layer_degree_bound")
    with pytest.raises(RejectedProof, match=r"give degree 2\^21, the trace has length 2\^20"):
        verify(replaced(golden, path, 128))


def test_domain_when_it_exceeds_the_machine_word_then_rejected(golden: dict[str, Any]) -> None:
    huge = replaced(golden, ("public_input", "n_steps"), 2**50)
    fri = {**golden["proof_parameters"]["stark"]["fri"], "fri_step_list": [0] + [4] * 12}
    huge = replaced(huge, ("proof_parameters", "stark"), {"log_n_cosets": 8, "fri": fri})
    with pytest.raises(UnsupportedProof, match="log2 of the evaluation domain is 62"):
        verify(huge)


def test_nonce_when_longer_than_8_bytes_then_rejected() -> None:
    proof = load_proof(GOLDEN_P)
    (nonce,) = fields_by_kind(proof["annotations"])["FRI/Proof of Work Data"]
    text = proof["proof_hex"]
    digit = 2 + 2 * nonce.end - 17  # the digit above the last 16
    assert text[digit] == "0"
    with pytest.raises(RejectedProof, match="nonce exceeds 64 bits"):
        verify({**proof, "proof_hex": text[:digit] + "1" + text[digit + 1 :]})


@pytest.mark.parametrize(
    "path",
    [
        ("public_input",),
        ("public_input", "memory_segments", "output"),
        ("public_input", "public_memory", 0),
        ("proof_parameters",),
        ("proof_parameters", "statement"),
        ("proof_parameters", "stark"),
        ("proof_parameters", "stark", "fri"),
    ],
)
def test_section_when_it_has_an_unknown_key_then_unreadable(
    golden: dict[str, Any], path: Path
) -> None:
    with pytest.raises(UnreadableProof, match='has the unknown key "unknown"'):
        verify(replaced(golden, path, {**lookup(golden, path), "unknown": 0}))


def test_binary_when_cut_or_too_long_then_rejected(golden: dict[str, Any]) -> None:
    text = golden["proof_hex"]
    for length, message in ((len(text) - 2, "truncated"), (len(text) - 64, "truncated")):
        with pytest.raises(RejectedProof, match=message):
            verify({**golden, "proof_hex": text[:length]})
    with pytest.raises(RejectedProof, match="1 bytes after the proof"):
        verify({**golden, "proof_hex": text + "00"})
    with pytest.raises(UnsupportedProof, match="has 16777217 bytes, supported are 16777216"):
        verify({**golden, "proof_hex": "0x" + "00" * (MAX_PROOF_BYTES + 1)})


def test_binary_when_random_then_typed_error(golden: dict[str, Any]) -> None:
    rng = random.Random(SEED)
    length = len(golden["proof_hex"]) // 2 - 1
    for n_bytes in (0, 1, 31, 32, 33, 96, 30_272, length, length + 1):
        with pytest.raises(ProofError):
            verify({**golden, "proof_hex": "0x" + rng.randbytes(n_bytes).hex()})


def test_binary_when_all_words_are_alike_then_typed_error(golden: dict[str, Any]) -> None:
    length = len(golden["proof_hex"]) // 2 - 1
    for byte in (0, 1, 7, 255):
        with pytest.raises(ProofError):
            verify({**golden, "proof_hex": "0x" + bytes([byte] * length).hex()})


def test_text_when_random_then_unreadable() -> None:
    rng = random.Random(SEED)
    texts = [rng.randbytes(rng.randrange(60)) for _ in range(300)]
    texts += [b"[" * 100_000, b'{"a":' * 100_000, b"1" * 10_000, b'"\\ud800"', b"null", b"{}", b""]
    for text in texts:
        with pytest.raises(UnreadableProof):
            verify_text(text)


def test_json_when_a_value_is_replaced_by_any_other_then_typed_error(
    golden: dict[str, Any],
) -> None:
    rng = random.Random(SEED)
    proof = {key: golden[key] for key in ("proof_hex", "public_input", "proof_parameters")}
    paths = list(leaf_paths(proof))
    values: list[object] = [None, True, -1, 0, 2**63, 2**64, 10**400, 0.5, float("nan"), "", "\0"]
    values += ["0x" + "f" * 64, "\ud800", [], [[]], {}, {"": None}, [None] * 1000]
    for _ in range(400):
        path = rng.choice(paths)
        # Cut the path anywhere, so that whole sections are replaced, too.
        path = path[: rng.randrange(1, len(path) + 1)]
        value = rng.choice(values)
        if value != lookup(proof, path):
            with pytest.raises(ProofError):
                verify(replaced(proof, path, value))


def test_text_when_a_byte_is_changed_then_typed_error_or_same_proof(golden: dict[str, Any]) -> None:
    rng = random.Random(SEED)
    proof = {key: golden[key] for key in ("public_input", "proof_parameters", "proof_hex")}
    text = json.dumps(proof).encode()
    header = text.index(b'"proof_hex"')
    for _ in range(150):
        changed = bytearray(text)
        changed[rng.randrange(header)] = rng.randrange(256)
        try:
            verify_text(bytes(changed))
        except ProofError:
            continue
        assert json.loads(changed) == proof
