"""Finds the data of a settled batch, in whatever form and from whomever they came to L1.

The contract says in its event which bytes they are: their hash. Mostly they are an argument of the
settling transaction; a call that came through another contract is in the transaction's trace.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from hexbytes import HexBytes
from web3 import Web3
from web3.types import RPCEndpoint

from devnet.errors import UserError
from prover.calldata import CalldataError, decode_update_state

if TYPE_CHECKING:
    from collections.abc import Iterator

    from devnet.contracts import Chain


def public_input_of(
    chain: Chain, exchange: str, transaction_hash: HexBytes, output_hash: bytes
) -> bytes:
    """Return the public input that a transaction gave to `updateState`, by its hash.

    Raises:
        UserError: if it cannot be found; the message says where it was looked for.
    """
    transaction = chain.web3.eth.get_transaction(transaction_hash)
    found = _matching(bytes(transaction["input"]), output_hash)
    if found is not None:
        return found
    for call in _calls(_trace(chain, transaction_hash)):
        if str(call.get("to", "")).lower() == exchange.lower():
            found = _matching(bytes(HexBytes(call.get("input", "0x"))), output_hash)
            if found is not None:
                return found
    raise UserError(
        f"transaction {transaction_hash.to_0x_hex()}: no call of {exchange} in it has data of the "
        f"hash 0x{output_hash.hex()} that the contract told",
        exit_code=1,
    )


def _matching(calldata: bytes, output_hash: bytes) -> bytes | None:
    try:
        public_input, _ = decode_update_state(calldata)
    except CalldataError:
        return None
    return public_input if bytes(Web3.keccak(public_input)) == output_hash else None


def _trace(chain: Chain, transaction_hash: HexBytes) -> dict[str, Any]:
    name = transaction_hash.to_0x_hex()
    method = "debug_traceTransaction"
    answer = chain.web3.provider.make_request(RPCEndpoint(method), [name, {"tracer": "callTracer"}])
    result = answer.get("result")
    if isinstance(result, dict):
        return result
    reason = answer.get("error", "no answer")
    raise UserError(
        f"transaction {name}: the batch came through another contract, so its data are in the "
        f"trace, and {chain.url} has none ({method}: {reason}); ask a node that keeps traces",
        exit_code=1,
    )


def _calls(root: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Yield all calls of a trace that were not taken back."""
    waiting = [root]
    while waiting:
        call = waiting.pop()
        if not call.get("error"):
            yield call
            waiting += call.get("calls", [])
