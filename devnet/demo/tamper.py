"""Shows that the contract refuses a proof with one byte flipped, and one with another root."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from web3 import Web3
from web3.exceptions import ContractCustomError, ContractLogicError

from devnet.contracts import describe_revert, load_artifact
from devnet.rebuild import PUBLIC_INPUT_HEADER_BYTES, WORD_BYTES

if TYPE_CHECKING:
    from hexbytes import HexBytes

    from devnet.contracts import Chain
    from devnet.deployment import Deployment

# Place of the new root in the public output, docs/spec/output.md.
NEW_ROOT_INDEX: Final = 3


@dataclass(frozen=True, slots=True)
class TamperResult:
    """What the contract said to a transaction; empty: it accepted."""

    original: str
    flipped_byte: str
    changed_root: str


def tamper(chain: Chain, deployment: Deployment, transaction_hash: HexBytes) -> TamperResult:
    """Repeat a settling transaction at the block before it, as it was and changed in two ways.

    The state of that block is the one that the batch builds upon, so that the unchanged repetition
    is accepted: what refuses the others is the proof, not their coming too late.
    """
    transaction = chain.web3.eth.get_transaction(transaction_hash)
    contract = chain.contract(load_artifact("Exchange"), deployment.exchange)
    _, arguments = contract.decode_function_input(transaction["input"])
    public_input, proof = bytes(arguments["publicInput"]), bytes(arguments["proof"])

    def answer(changed_input: bytes, changed_proof: bytes) -> str:
        call = contract.functions.updateState(changed_input, changed_proof)
        sender = Web3.to_checksum_address(transaction["from"])
        try:
            call.call({"from": sender}, block_identifier=transaction["blockNumber"] - 1)
        except (ContractCustomError, ContractLogicError) as error:
            return describe_revert(error.data if isinstance(error.data, str) else None)
        return ""

    return TamperResult(
        original=answer(public_input, proof),
        flipped_byte=answer(public_input, flip_byte(proof, len(proof) // 2)),
        changed_root=answer(change_new_root(public_input), proof),
    )


def flip_byte(data: bytes, position: int) -> bytes:
    """Return the bytes with one of them inverted."""
    return data[:position] + bytes([data[position] ^ 0xFF]) + data[position + 1 :]


def change_new_root(public_input: bytes) -> bytes:
    """Return the public input with another new root: the lowest bit is the other one."""
    last_byte = PUBLIC_INPUT_HEADER_BYTES + (NEW_ROOT_INDEX + 1) * WORD_BYTES - 1
    changed = public_input[last_byte] ^ 1
    return public_input[:last_byte] + bytes([changed]) + public_input[last_byte + 1 :]
