"""Shows that the contract refuses a proof with one byte flipped, and one with another root."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from web3 import Web3
from web3.exceptions import ContractCustomError, ContractLogicError

from devnet.contracts import describe_revert, load_artifact
from prover.calldata import OUTPUT_OFFSET, decode_update_state

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
    public_input, proof = decode_update_state(bytes(transaction["input"]))

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
    # Output values follow each other, each with its length in the byte before it.
    position = OUTPUT_OFFSET
    for _ in range(NEW_ROOT_INDEX):
        position += 1 + public_input[position]
    last_byte = position + public_input[position]
    changed = bytes([public_input[last_byte] ^ 1])
    return public_input[:last_byte] + changed + public_input[last_byte + 1 :]
