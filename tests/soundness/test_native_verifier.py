"""The native verifier, on the list of mutations that the reference verifier rejects."""

import json
import random

import pytest

from prover import _native
from tests.soundness.mutations import Mutation, mutations
from tests.soundness.proofs import STONE_PROOFS, load_proof

SEED = 20_261_121
GOLDEN_K, GOLDEN_P, CAIRO_LANG, SWIFTNESS = STONE_PROOFS
# The public memory of the largest statement takes 6,561 Pedersen hashes, every time.
N_MUTATIONS = {GOLDEN_K: 600, GOLDEN_P: 600, CAIRO_LANG: 100, SWIFTNESS: 300}


def accepts(proof_text: bytes) -> bool:
    """Tell the native verdict; let other exceptions than its two out."""
    try:
        _native.stark_verify(proof_text)
    except (_native.ProofRejected, _native.ProofUnsupported, _native.ProofUnreadable):
        return False
    return True


def sampled_mutations(name: str) -> list[Mutation]:
    changed = mutations(load_proof(name), SEED)
    return random.Random(SEED).sample(changed, N_MUTATIONS[name])


@pytest.mark.parametrize("name", STONE_PROOFS)
def test_stone_proof_when_genuine_then_accepted_natively(name: str) -> None:
    assert accepts(json.dumps(load_proof(name)).encode())


@pytest.mark.parametrize("name", STONE_PROOFS)
def test_stone_proof_when_any_field_changed_then_rejected_natively(name: str) -> None:
    accepted = [
        mutation.name
        for mutation in sampled_mutations(name)
        if accepts(json.dumps(mutation.proof).encode())
    ]
    assert accepted == []


def test_text_when_random_then_typed_error_natively() -> None:
    rng = random.Random(SEED)
    texts = [rng.randbytes(rng.randrange(60)) for _ in range(300)]
    texts += [b"[" * 100_000, b'{"a":' * 100_000, b"1" * 10_000, b'"\\ud800"', b"null", b"{}", b""]
    assert not any(accepts(text) for text in texts)
