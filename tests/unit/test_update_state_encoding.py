"""The input of `updateState` in every encoding that Solidity decodes, and in no other."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from eth_abi.abi import decode, encode
from hypothesis import given
from hypothesis import strategies as st

from prover.calldata import (
    UPDATE_STATE_SELECTOR,
    CalldataError,
    ProofParameters,
    decode_update_state,
    encode_update_state,
)

WORD = 32
INPUT, PROOF = b"public input" * 9, b"proof" * 20


def word(value: int) -> bytes:
    return value.to_bytes(WORD, "big")


def tail(data: bytes, *, padded: bool = True) -> bytes:
    return word(len(data)) + data + bytes(-len(data) % WORD if padded else 0)


def swapped_with_a_gap() -> bytes:
    first = tail(PROOF)
    return word(0x60 + len(first)) + word(0x60) + word(0xDEAD) + first + tail(INPUT)


def with_bytes_behind() -> bytes:
    return encode_update_state(INPUT, PROOF)[4:] + b"anything"


def without_padding() -> bytes:
    first = tail(INPUT, padded=False)
    return word(64) + word(64 + len(first)) + first + tail(PROOF, padded=False)


def at_odd_offsets() -> bytes:
    first = tail(INPUT)
    return word(67) + word(67 + len(first)) + b"abc" + first + tail(PROOF)


def with_dirty_padding() -> bytes:
    return encode_update_state(INPUT, PROOF)[4:-20] + b"\x01" * 20


ENCODINGS = [
    swapped_with_a_gap,
    with_bytes_behind,
    without_padding,
    at_odd_offsets,
    with_dirty_padding,
]


@pytest.mark.parametrize("arguments", ENCODINGS)
def test_arguments_when_encoded_otherwise_then_found(arguments: Callable[[], bytes]) -> None:
    assert decode_update_state(UPDATE_STATE_SELECTOR + arguments()) == (INPUT, PROOF)


def test_arguments_when_they_overlap_then_found() -> None:
    calldata = UPDATE_STATE_SELECTOR + word(64) + word(64) + tail(INPUT)
    assert decode_update_state(calldata) == (INPUT, INPUT)


def test_arguments_when_the_head_is_a_tail_then_found() -> None:
    # The second offset word, 32, is the length of the first argument as well.
    calldata = UPDATE_STATE_SELECTOR + word(32) + word(32) + bytes(range(32))
    assert decode_update_state(calldata) == (bytes(range(32)), bytes(range(32)))


@given(st.binary(max_size=200), st.binary(max_size=200))
def test_arguments_when_encoded_as_usual_then_found(first: bytes, second: bytes) -> None:
    calldata = encode_update_state(first, second)
    assert calldata[4:] == encode(["bytes", "bytes"], [first, second])
    assert decode_update_state(calldata) == (first, second)
    assert decode(["bytes", "bytes"], calldata[4:]) == (first, second)


@pytest.mark.parametrize(
    ("calldata", "words"),
    [
        (b"", "selector 0x is not"),
        (b"\x01\x02\x03\x04" + bytes(200), "selector 0x01020304 is not"),
        (UPDATE_STATE_SELECTOR, "no word at byte 0"),
        (UPDATE_STATE_SELECTOR + word(64), "no word at byte 64"),
        (UPDATE_STATE_SELECTOR + word(64) + word(64), "no word at byte 64"),
        (UPDATE_STATE_SELECTOR + word(2**256 - 1) + word(64), "no word at byte 1157"),
        (UPDATE_STATE_SELECTOR + word(64) + word(64) + word(1), "1 bytes from byte 96"),
        (UPDATE_STATE_SELECTOR + word(64) + word(64) + word(2**256 - 1), "bytes from byte 96"),
        (encode_update_state(INPUT, PROOF)[:-40], "argument 1 has 100 bytes"),
    ],
)
def test_arguments_when_solidity_would_refuse_them_then_named(calldata: bytes, words: str) -> None:
    with pytest.raises(CalldataError, match=words):
        decode_update_state(calldata)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"n_queries": 256}, "n_queries 256 is above 255"),
        ({"log_blowup": 2**40}, "log_n_cosets 1099511627776 is above 255"),
        ({"proof_of_work_bits": 300}, "proof_of_work_bits 300 is above 255"),
        ({"fri_steps": (4, 256)}, "FRI step 256 is above 255"),
        ({"fri_steps": (1,) * 256}, "number of FRI steps 256 is above 255"),
        ({"last_layer_degree_bound": 0}, "last layer bound 0 is no power of 2"),
        ({"last_layer_degree_bound": 3}, "last layer bound 3 is no power of 2"),
        ({"last_layer_degree_bound": 2**256}, "log2 of the last layer bound 256 is above 255"),
    ],
)
def test_header_when_a_number_does_not_fit_then_it_is_named(
    change: dict[str, Any], words: str
) -> None:
    good = ProofParameters(3, 23, 25, 64, (4, 4, 3), 24)
    assert good.header() == bytes([3, 23, 25, 6, 3, 4, 4, 3])
    with pytest.raises(CalldataError, match=words):
        replace(good, **change).header()


def test_parameters_when_no_hash_is_named_then_stones_default() -> None:
    fri = {
        "fri_step_list": [0, 4, 3],
        "n_queries": 20,
        "proof_of_work_bits": 20,
        "last_layer_degree_bound": 64,
    }
    parameters = {"stark": {"log_n_cosets": 3, "fri": fri}}
    assert ProofParameters.from_json(parameters) == ProofParameters(3, 20, 20, 64, (4, 3), 20)
