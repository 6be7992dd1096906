"""The native functions against the textbook ones, on random and on edge values."""

import itertools

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from novation.crypto import FIELD_PRIME, SIGNATURE_BOUND, STARK_CURVE_ORDER
from novation.crypto.reference import ecdsa, poseidon
from tests.support.made_signatures import is_textbook_signature, made_signatures

native = pytest.importorskip(
    "novation._native", reason="the extension is not built: make setup", exc_type=ImportError
)

EDGES = st.sampled_from([0, 1, 2, FIELD_PRIME - 1, FIELD_PRIME - 2, 2**251, 2**251 - 1, 2**128])
FELTS = st.one_of(EDGES, st.integers(0, FIELD_PRIME - 1))
SECRETS = st.one_of(st.sampled_from([1, 2, STARK_CURVE_ORDER - 1]), st.integers(1, 2**251))
MESSAGES = st.one_of(
    st.sampled_from([1, 2**248 - 1, SIGNATURE_BOUND - 1]), st.integers(1, SIGNATURE_BOUND - 1)
)
SETTINGS = settings(max_examples=50, deadline=None)


@given(FELTS, FELTS, FELTS)
@SETTINGS
def test_hades_when_native_then_as_reference(a: int, b: int, c: int) -> None:
    assert native.hades_permutation(a, b, c) == poseidon.hades_permutation(a, b, c)
    assert native.poseidon_hash(a, b) == poseidon.poseidon_hash(a, b)


@given(st.lists(FELTS, max_size=9))
@SETTINGS
def test_sponge_when_native_then_as_reference(values: list[int]) -> None:
    assert native.poseidon_hash_many(values) == poseidon.poseidon_hash_many(values)
    pairs = list(itertools.pairwise(values))
    assert native.poseidon_hash_pairs(pairs) == poseidon.poseidon_hash_pairs(pairs)


@given(SECRETS, MESSAGES, st.integers(0, 2))
@SETTINGS
def test_signature_when_native_then_as_reference(secret: int, message: int, change: int) -> None:
    key = native.ecdsa_public_key(secret)
    assert key == ecdsa.ecdsa_public_key(secret)
    assert native.ecdsa_is_public_key(key)
    r, s = native.ecdsa_sign(secret, message)
    assert (r, s) == ecdsa.ecdsa_sign(secret, message)
    assert native.ecdsa_verify(key, message, r, s)
    broken = [(key, message ^ 1, r, s), (key, message, r ^ 1, s), (key, message, r, s ^ 1)][change]
    assert native.ecdsa_verify(*broken) == ecdsa.ecdsa_verify(*broken)
    assert native.ecdsa_verify_many([(key, message, r, s), broken]) == [
        True,
        ecdsa.ecdsa_verify(*broken),
    ]


@given(FELTS, FELTS, FELTS, FELTS)
@SETTINGS
def test_verify_when_anything_goes_in_then_native_as_reference(
    key: int, message: int, r: int, s: int
) -> None:
    assert native.ecdsa_verify(key, message, r, s) == ecdsa.ecdsa_verify(key, message, r, s)
    assert native.ecdsa_is_public_key(key) == ecdsa.ecdsa_is_public_key(key)


@pytest.mark.parametrize("function", ["hades_permutation", "poseidon_hash"])
def test_hash_when_not_a_field_element_then_both_refuse(function: str) -> None:
    arguments = (FIELD_PRIME,) * (3 if function == "hades_permutation" else 2)
    for module in (native, poseidon):
        with pytest.raises(ValueError, match=r".*"):
            getattr(module, function)(*arguments)


@pytest.mark.parametrize("message", [1, SIGNATURE_BOUND - 1, 3**150])
def test_verify_when_the_key_was_made_for_the_message_then_what_the_builtin_proves(
    message: int,
) -> None:
    """Textbook ECDSA accepts all of these; the builtin cannot prove those whose sums meet."""
    made = made_signatures(message, seed=message % 1000)
    assert {signature.is_provable for signature in made} == {True, False}
    claims = []
    for signature in made:
        assert is_textbook_signature(signature), signature.kind
        claim = (signature.public_key, message, signature.r, signature.s)
        assert ecdsa.ecdsa_verify(*claim) == signature.is_provable, signature.kind
        assert native.ecdsa_verify(*claim) == signature.is_provable, signature.kind
        claims.append(claim)
    assert native.ecdsa_verify_many(claims) == [signature.is_provable for signature in made]
