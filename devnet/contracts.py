"""Calls and deployments on L1, with the contracts' own errors decoded."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import rlp  # type: ignore[import-untyped]
from hexbytes import HexBytes
from web3 import Web3
from web3.exceptions import ContractCustomError, ContractLogicError, Web3RPCError
from web3.types import RPCEndpoint

from devnet.errors import RevertedError, UserError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from eth_account.signers.local import LocalAccount
    from web3.contract import Contract
    from web3.contract.contract import ContractFunction
    from web3.types import TxParams, TxReceipt

ARTIFACTS: Final = Path(__file__).resolve().parent.parent / "l1_contracts" / "out"
RECEIPT_TIMEOUT_S: Final = 60
RECEIPT_POLL_S: Final = 0.05
FEE_HEADROOM: Final = 2
# Over an estimate: the block's time, or who comes first in it, can make a call dearer.
GAS_HEADROOM_PERCENT: Final = 25
# As anvil, geth and others say it.
OUT_OF_GAS: Final = ("out of gas", "outofgas", "gas required exceeds", "intrinsic gas")
# How contracts name a parameter in an error.
NAME: Final = re.compile(rb"[a-z_]{3,}")
# EIP-7825: no transaction may use more.
MAX_TRANSACTION_GAS: Final = 2**24
# What the compiler itself reverts with: `require` with a text, and failed checks.
SOLIDITY_ERRORS: Final[dict[str, dict[str, Any]]] = {
    "08c379a0": {"name": "Error", "inputs": [{"name": "message", "type": "string"}]},
    "4e487b71": {"name": "Panic", "inputs": [{"name": "code", "type": "uint256"}]},
}


@dataclass(frozen=True, slots=True)
class Artifact:
    """A compiled contract."""

    name: str
    abi: list[dict[str, Any]]
    bytecode: str
    runtime_code: str
    immutable_places: tuple[tuple[int, int], ...]


@cache
def load_artifact(name: str, folder: Path = ARTIFACTS) -> Artifact:
    """Read what forge wrote for contract `name` into `folder`.

    Raises:
        UserError: if forge has not been run.
    """
    path = folder / f"{name}.sol" / f"{name}.json"
    try:
        compiled = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise UserError(f"contracts: no {path}; build them with `make setup`") from error
    if "bytecode" not in compiled:
        # What a build that failed half-way leaves, and the next build takes for up to date.
        raise UserError(
            f"contracts: {path} has no bytecode; run `npx forge build --root l1_contracts --force`"
        )
    runtime = compiled["deployedBytecode"]
    places = (runtime.get("immutableReferences") or {}).values()
    return Artifact(
        name,
        compiled["abi"],
        compiled["bytecode"]["object"],
        runtime["object"],
        tuple((place["start"], place["length"]) for entry in places for place in entry),
    )


@cache
def known_errors() -> dict[str, dict[str, Any]]:
    """Return the custom errors of all compiled contracts by selector: errors cross contracts."""
    errors = {}
    for path in ARTIFACTS.glob("*.sol/*.json"):
        for entry in json.loads(path.read_text(encoding="utf-8")).get("abi", []):
            if entry.get("type") == "error":
                types = ",".join(item["type"] for item in entry["inputs"])
                selector = Web3.keccak(text=f"{entry['name']}({types})")[:4].hex()
                errors[selector] = entry
    return errors


def describe_revert(data: str | bytes | None) -> str:
    """Return a contract's error as `Name(field=value, ...)`."""
    raw = bytes.fromhex(data.removeprefix("0x")) if isinstance(data, str) else data or b""
    entry = known_errors().get(raw[:4].hex()) or SOLIDITY_ERRORS.get(raw[:4].hex())
    if entry is None:
        return f"reverted with {raw.hex() or 'no data'}"
    codec = Web3().codec
    values = codec.decode([item["type"] for item in entry["inputs"]], raw[4:])
    shown = (
        f"{item['name']}={_shown(value) if isinstance(value, bytes) else value}"
        for item, value in zip(entry["inputs"], values, strict=True)
    )
    return f"{entry['name']}({', '.join(shown)})"


def _shown(value: bytes) -> str:
    """Return the name in a word that holds one, else the bytes in hexadecimal."""
    name = value.rstrip(b"\0")
    return name.decode("ascii") if NAME.fullmatch(name) else value.hex()


class Chain:
    """One L1 node, and transactions signed with keys that we hold."""

    def __init__(self, url: str) -> None:
        """Talk to the node at `url`; nothing is sent yet."""
        self.url = url
        self.web3 = Web3(Web3.HTTPProvider(url, request_kwargs={"timeout": 120}))

    def require_chain_id(self, expected: int) -> None:
        """Check that the node answers and belongs to the expected chain.

        Raises:
            UserError: if it does not.
        """
        try:
            actual = self.web3.eth.chain_id
        except OSError as error:
            raise UserError(
                f"L1: no answer at {self.url}; is `novation devnet` running?"
            ) from error
        if actual != expected:
            raise UserError(f"L1: {self.url} is chain {actual}, the deployment is on {expected}")

    def mine_every(self, seconds: int) -> None:
        """Make a local chain's blocks come by time, as a public chain's do; 0: by transaction."""
        if seconds:
            self.local("evm_setIntervalMining", seconds)
        else:
            self.local("evm_setAutomine", arguments=True)

    def set_ahead(self, time_s: int) -> None:
        """Let a local chain's next block have this time at least, and those behind it follow on."""
        block_s = self.web3.eth.get_block("pending")["timestamp"]
        if time_s > block_s:
            self.local("evm_increaseTime", time_s - block_s)

    def local(self, method: str, arguments: object) -> None:
        """Call a method that only a local chain has; `arguments` is one value or a list."""
        listed = arguments if isinstance(arguments, list) else [arguments]
        answer = self.web3.provider.make_request(RPCEndpoint(method), listed)
        if "error" in answer:
            raise UserError(f"L1: {method}: {answer['error']}")

    def give_ether(self, address: str, ether: int = 10) -> None:
        """Give an address of a local chain ether for gas."""
        self.local("anvil_setBalance", [address, hex(Web3.to_wei(ether, "ether"))])

    def contract(self, artifact: Artifact, address: str) -> Contract:
        """Return a handle on a deployed contract."""
        return self.web3.eth.contract(Web3.to_checksum_address(address), abi=artifact.abi)

    def deploy(self, artifact: Artifact, arguments: Sequence[object], sender: LocalAccount) -> str:
        """Create a contract and return its address.

        Raises:
            RevertedError: if the constructor refuses.
        """
        factory = self.web3.eth.contract(abi=artifact.abi, bytecode=artifact.bytecode)
        constructor = factory.constructor(*arguments)
        receipt = self._send(constructor.build_transaction, sender)
        return str(receipt["contractAddress"])

    def deploy_raw(self, creation_code: bytes, sender: LocalAccount) -> str:
        """Create a contract from creation code that no compiler made."""
        receipt = self._send(lambda options: {**options, "data": creation_code}, sender)
        return str(receipt["contractAddress"])

    def dry_run(self, address: str, data: bytes, sender: str) -> int:
        """Let the newest block's state judge a call; return the gas limit for its transaction.

        That is all that a transaction may use, not an estimate: whoever comes first in the block
        can make a call dearer, and what is not used costs nothing.

        Raises:
            RevertedError: if the contract refuses, or more gas than a transaction's is needed.
        """
        block = self.web3.eth.get_block("latest")
        gas_limit = min(MAX_TRANSACTION_GAS, block["gasLimit"])
        call: TxParams = {
            "from": Web3.to_checksum_address(sender),
            "to": Web3.to_checksum_address(address),
            "data": HexBytes(data),
            "gas": gas_limit,
        }
        try:
            self.web3.eth.call(call, block["number"])
        except (ContractCustomError, ContractLogicError) as error:
            # Some nodes call it a revert when the gas is used up.
            data_of_error = _revert_data(error)
            reason = describe_revert(data_of_error)
            if not data_of_error and tells_of_gas(error):
                reason = _out_of_gas(gas_limit)
            raise RevertedError(reason, block["number"]) from error
        except Web3RPCError as error:
            if tells_of_gas(error):
                raise RevertedError(_out_of_gas(gas_limit), block["number"]) from error
            raise
        return gas_limit

    def next_contract_address(self, sender: LocalAccount) -> str:
        """Return the address of the contract that the sender's next transaction would create."""
        nonce = self.web3.eth.get_transaction_count(sender.address)
        encoded = rlp.encode([bytes.fromhex(sender.address[2:]), nonce])
        return Web3.to_checksum_address(Web3.keccak(encoded)[12:])

    def transact(self, call: ContractFunction, sender: LocalAccount) -> TxReceipt:
        """Send a call and wait until it is in a block.

        Raises:
            RevertedError: if the contract refuses.
        """
        return self._send(call.build_transaction, sender)

    def transact_all(
        self, calls: Sequence[tuple[ContractFunction, LocalAccount]]
    ) -> list[TxReceipt]:
        """Send calls, several of one sender too, and wait until all are in blocks, maybe in one.

        Raises:
            RevertedError: if the contract refuses one.
        """
        hashes = [self._submit(call.build_transaction, sender) for call, sender in calls]
        return [self._receipt(tx_hash) for tx_hash in hashes]

    def _send(self, build: Any, sender: LocalAccount) -> TxReceipt:  # noqa: ANN401  (web3's own)
        return self._receipt(self._submit(build, sender))

    def _submit(self, build: Any, sender: LocalAccount) -> HexBytes:  # noqa: ANN401
        eth = self.web3.eth
        options = {
            "from": sender.address,
            "nonce": eth.get_transaction_count(sender.address, "pending"),
            "chainId": eth.chain_id,
            # The fee cap leaves room for the base fee to rise while the transaction waits.
            "maxFeePerGas": FEE_HEADROOM * eth.gas_price,
            "maxPriorityFeePerGas": 0,
        }
        try:
            transaction = build(options)
            if "gas" not in transaction:
                transaction["gas"] = eth.estimate_gas(transaction)
            headroom = transaction["gas"] * GAS_HEADROOM_PERCENT // 100
            transaction["gas"] = min(transaction["gas"] + headroom, MAX_TRANSACTION_GAS)
        except (ContractCustomError, ContractLogicError) as error:
            raise RevertedError(describe_revert(_revert_data(error))) from error
        signed = sender.sign_transaction(transaction)
        return eth.send_raw_transaction(signed.raw_transaction)

    def _receipt(self, tx_hash: HexBytes) -> TxReceipt:
        receipt = self.web3.eth.wait_for_transaction_receipt(
            tx_hash, RECEIPT_TIMEOUT_S, RECEIPT_POLL_S
        )
        if receipt["status"] != 1:
            raise RevertedError(f"transaction {tx_hash.hex()} reverted in its block")
        return receipt


def tells_of_gas(error: Exception) -> bool:
    """Return whether a node's error is about too little gas."""
    return any(phrase in str(error).lower() for phrase in OUT_OF_GAS)


def _out_of_gas(gas_limit: int) -> str:
    return f"OutOfGas(limit={gas_limit}): needs more than {gas_limit} gas"


def _revert_data(error: ContractLogicError) -> str | None:
    data = error.data
    return data if isinstance(data, str) else None
