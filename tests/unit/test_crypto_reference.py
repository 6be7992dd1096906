from pathlib import Path

import pytest

from novation import crypto
from novation.crypto import FIELD_PRIME, SIGNATURE_BOUND, STARK_CURVE_ORDER
from novation.crypto.reference import ecdsa, poseidon
from tests.support.builders import private_key


def test_hades_when_state_is_zero_then_starknet_value() -> None:
    assert poseidon.hades_permutation(0, 0, 0) == (
        3446325744004048536138401612021367625846492093718951375866996507163446763827,
        1590252087433376791875644726012779423683501236913937337746052470473806035332,
        867921192302518434283879514999422690776342565400001269945778456016268852423,
    )


def test_poseidon_when_many_then_pads_with_one() -> None:
    inner = poseidon.hades_permutation(7, 1, 0)[0]
    assert poseidon.poseidon_hash_many([7]) == inner
    assert poseidon.poseidon_hash_many([]) == poseidon.hades_permutation(1, 0, 0)[0]
    assert poseidon.poseidon_hash(7, 8) == poseidon.hades_permutation(7, 8, 2)[0]
    assert poseidon.poseidon_hash_pairs([(7, 8)]) == [poseidon.poseidon_hash(7, 8)]


@pytest.mark.parametrize("state", [(FIELD_PRIME, 0, 0), (0, -1, 0), (0, 0, FIELD_PRIME)])
def test_hades_when_not_a_field_element_then_refused(state: tuple[int, int, int]) -> None:
    with pytest.raises(ValueError, match="field elements"):
        poseidon.hades_permutation(*state)


def test_verify_when_anything_is_changed_then_false() -> None:
    secret, message = private_key(2), 0x1234567890ABCDEF << 180
    key = ecdsa.ecdsa_public_key(secret)
    r, s = ecdsa.ecdsa_sign(secret, message)
    assert ecdsa.ecdsa_verify(key, message, r, s)
    assert ecdsa.ecdsa_verify_many([(key, message, r, s), (key, message, s, r)]) == [True, False]
    assert ecdsa.ecdsa_verify(key, message, r, STARK_CURVE_ORDER - s)
    for broken in ((key, message + 1, r, s), (key, message, r + 1, s), (key, message, r, s + 1)):
        assert not ecdsa.ecdsa_verify(*broken)
    assert not ecdsa.ecdsa_verify(ecdsa.ecdsa_public_key(secret + 1), message, r, s)


@pytest.mark.parametrize(
    ("message", "r", "s"),
    [(0, 1, 1), (SIGNATURE_BOUND, 1, 1), (1, 0, 1), (1, SIGNATURE_BOUND, 1), (1, 1, 0)],
)
def test_verify_when_out_of_range_then_false(message: int, r: int, s: int) -> None:
    key = ecdsa.ecdsa_public_key(1)
    assert not ecdsa.ecdsa_verify(key, message, r, s)
    assert not ecdsa.ecdsa_verify(key, message, r, STARK_CURVE_ORDER)


def test_verify_when_inverse_is_too_long_then_false() -> None:
    s = pow(STARK_CURVE_ORDER - 1, -1, STARK_CURVE_ORDER)
    assert not ecdsa.ecdsa_verify(ecdsa.ecdsa_public_key(1), 1, 1, s)


@pytest.mark.parametrize("secret", [0, -1, STARK_CURVE_ORDER])
def test_private_key_when_out_of_range_then_refused(secret: int) -> None:
    with pytest.raises(ValueError, match="private key"):
        ecdsa.ecdsa_public_key(secret)
    with pytest.raises(ValueError, match="private key"):
        ecdsa.ecdsa_sign(secret, 1)


@pytest.mark.parametrize("message", [0, SIGNATURE_BOUND])
def test_sign_when_message_is_not_provable_then_refused(message: int) -> None:
    with pytest.raises(ValueError, match="message hash"):
        ecdsa.ecdsa_sign(1, message)


def test_public_key_when_not_on_the_curve_then_recognised() -> None:
    assert ecdsa.ecdsa_is_public_key(ecdsa.GENERATOR[0])
    assert [ecdsa.ecdsa_is_public_key(x) for x in (-1, FIELD_PRIME)] == [False, False]
    on_curve = [ecdsa.ecdsa_is_public_key(x) for x in range(40)]
    assert True in on_curve
    assert False in on_curve
    off_curve = on_curve.index(False)
    assert not ecdsa.ecdsa_verify(off_curve, 1, 1, 1)


def test_order_when_generator_is_multiplied_then_infinity() -> None:
    # The last scalar whose multiple exists, and the group law at its edges.
    assert ecdsa.ecdsa_public_key(STARK_CURVE_ORDER - 1) == ecdsa.GENERATOR[0]
    assert ecdsa._multiply(STARK_CURVE_ORDER, ecdsa.GENERATOR)[2] == 0
    assert ecdsa._double((1, 0, 1)) == ecdsa._INFINITY
    assert ecdsa._square_root(0) == 0


def test_facade_when_used_then_same_values_as_reference() -> None:
    secret = private_key(5)
    key = crypto.public_key(secret)
    assert key == ecdsa.ecdsa_public_key(secret)
    r, s = crypto.sign(77, secret)
    assert (r, s) == ecdsa.ecdsa_sign(secret, 77)
    assert crypto.verify(77, r, s, key)
    assert crypto.verify_many([(77, r, s, key), (78, r, s, key)]) == [True, False]
    assert crypto.is_public_key(key)
    huge = 2**300
    wild = [(huge, r, s, key), (77, huge, s, key), (77, r, -1, key), (77, r, s, huge)]
    assert [crypto.verify(*item) for item in wild] == [False] * 4
    assert crypto.verify_many([wild[0], (77, r, s, key), wild[1]]) == [False, True, False]


def test_facade_when_implementation_is_unknown_then_import_error(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("NOVATION_CRYPTO", "fast")
    source = Path(crypto.__file__).read_text()
    with pytest.raises(ImportError, match="neither 'native' nor 'reference'"):
        exec(compile(source, "crypto", "exec"), {"__name__": "crypto"})  # noqa: S102 - our module
