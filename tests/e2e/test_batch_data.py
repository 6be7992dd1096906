"""The data of a batch are found in whatever form, and through whatever contract, they came."""

from collections.abc import Iterator
from typing import Any

import pytest
from hexbytes import HexBytes
from web3 import Web3

from devnet.anvil import Anvil
from devnet.batch_data import public_input_of
from devnet.contracts import Chain
from devnet.errors import UserError
from devnet.keys import derive_keys
from devnet.program_code import creation_code
from prover.calldata import UPDATE_STATE_SELECTOR, encode_update_state

INPUT, OTHER = b"the data of the batch" * 5, b"the data of another batch"
HASH = bytes(Web3.keccak(INPUT))
SENDER = derive_keys("alice", seed=3).l1_account


@pytest.fixture(scope="module")
def chain(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Chain]:
    anvil = Anvil(tmp_path_factory.mktemp("chain") / "chain.json")
    chain = Chain(anvil.url)
    chain.give_ether(SENDER.address)
    yield chain
    anvil.stop()


@pytest.fixture(scope="module")
def exchange(chain: Chain) -> str:
    """Return a contract that takes every call: only the way to it is of interest here."""
    return chain.deploy_raw(creation_code(b""), SENDER)


def relay_from_its_code(chain: Chain, target: str, *calls: bytes) -> str:
    """Deploy a contract whose code holds the calls that it makes; none is in an input."""
    code, data = b"", b"".join(calls)
    # CODECOPY(0, at, size); CALL(gas, target, 0, 0, size, 0, 0): 40 bytes; then STOP.
    at = 40 * len(calls) + 1
    for call in calls:
        size = len(call).to_bytes(2, "big")
        code += b"\x61" + size + b"\x61" + at.to_bytes(2, "big") + b"\x5f\x39"
        code += b"\x5f\x5f\x61" + size + b"\x5f\x5f\x73" + bytes.fromhex(target[2:])
        code += b"\x5a\xf1\x50\x5b"
        at += len(call)
    code += b"\x00"
    assert len(code) == 40 * len(calls) + 1
    runtime = code + data
    prefix = b"\x61" + len(runtime).to_bytes(2, "big") + b"\x80\x60\x0a\x5f\x39\x5f\xf3"
    return chain.deploy_raw(prefix + runtime, SENDER)


def send(chain: Chain, to: str, data: bytes) -> HexBytes:
    receipt = chain._send(
        lambda options: {**options, "to": Web3.to_checksum_address(to), "data": data}, SENDER
    )
    return HexBytes(receipt["transactionHash"])


def swapped(public_input: bytes) -> bytes:
    def word(value: int) -> bytes:
        return value.to_bytes(32, "big")

    proof = word(5) + b"proof" + bytes(27)
    head = word(0x60 + len(proof)) + word(0x60) + word(7)
    return UPDATE_STATE_SELECTOR + head + proof + word(len(public_input)) + public_input


@pytest.mark.parametrize("encoded", [encode_update_state(INPUT, b"proof"), swapped(INPUT)])
def test_data_when_sent_to_the_exchange_then_found_in_the_input(
    chain: Chain, exchange: str, encoded: bytes
) -> None:
    assert public_input_of(chain, exchange, send(chain, exchange, encoded), HASH) == INPUT


def test_data_when_a_contract_made_the_calls_then_found_by_their_hash(
    chain: Chain, exchange: str
) -> None:
    calls = (encode_update_state(OTHER, b"proof"), swapped(INPUT))
    relay = relay_from_its_code(chain, exchange, *calls)
    # What the input says is of no interest, even if it looks like a call.
    transaction = send(chain, relay, encode_update_state(OTHER, b""))
    assert public_input_of(chain, exchange, transaction, HASH) == INPUT
    assert public_input_of(chain, exchange, transaction, Web3.keccak(OTHER)) == OTHER


def test_data_when_the_call_went_to_another_contract_then_not_taken(
    chain: Chain, exchange: str
) -> None:
    other = chain.deploy_raw(creation_code(b"other"), SENDER)
    relay = relay_from_its_code(chain, other, encode_update_state(INPUT, b"proof"))
    with pytest.raises(UserError, match=f"no call of {exchange} in it has data of the hash 0x"):
        public_input_of(chain, exchange, send(chain, relay, b""), HASH)


def test_data_when_the_node_keeps_no_traces_then_told(
    chain: Chain, exchange: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    relay = relay_from_its_code(chain, exchange, encode_update_state(INPUT, b"proof"))
    transaction = send(chain, relay, b"")
    ask = chain.web3.provider.make_request

    def without_traces(method: Any, params: Any) -> Any:
        if method == "debug_traceTransaction":
            return {"error": {"code": -32601, "message": "the method does not exist"}}
        return ask(method, params)

    monkeypatch.setattr(chain.web3.provider, "make_request", without_traces)
    with pytest.raises(UserError, match=r"came through another contract.* method does not exist"):
        public_input_of(chain, exchange, transaction, HASH)
