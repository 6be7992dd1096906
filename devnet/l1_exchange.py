"""The exchange contract as the sequencer sees it: its queue, its state, its settlement entry."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Final, TypeVar

import requests
from hexbytes import HexBytes
from web3.exceptions import BlockNotFound, TransactionNotFound, Web3Exception, Web3RPCError

from devnet.contracts import FEE_HEADROOM, load_artifact
from devnet.errors import RevertedError
from devnet.l1_assets import read_assets
from devnet.l1_queue import QueueOnL1
from sequencer.l1 import (
    Fees,
    L1Asset,
    L1Queue,
    L1RefusedError,
    L1RejectedError,
    L1State,
    L1UnavailableError,
    SendAnswer,
    SignedTransaction,
    TransactionFate,
    TransactionTerms,
    Treatment,
    treatment_of_answer,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from eth_account.signers.local import LocalAccount
    from web3.contract import Contract
    from web3.eth import Eth

    from devnet.contracts import Chain
    from devnet.deployment import Deployment

T = TypeVar("T")
# The last three: an answer that is not one, as overloaded gateways give.
NO_ANSWER: Final = (
    OSError,
    requests.RequestException,
    Web3Exception,
    KeyError,
    TypeError,
    ValueError,
)


class L1DisagreementError(ValueError):
    """Two L1 nodes tell different things: like no answer, until they agree."""


class ExchangeOnL1:
    """Implements `sequencer.l1.L1` with a web3 client; calls run in a thread of their own."""

    def __init__(
        self,
        chain: Chain,
        deployment: Deployment,
        operator: LocalAccount,
        witness: Chain | None = None,
    ) -> None:
        """Settle as `operator`; what cannot be taken back must be so on `witness`, too.

        Nothing is sent yet.
        """
        self._chain = chain
        self._deployment = deployment
        self._operator = operator
        artifact = load_artifact("Exchange")
        self._contract = chain.contract(artifact, deployment.exchange)
        self._second = None if witness is None else witness.contract(artifact, deployment.exchange)
        self._queue = QueueOnL1(self._contract, deployment.deploy_block, self._second)

    async def read_state(self) -> L1State:
        """Return the state of the newest block."""
        return await self._ask(lambda: _state_at(self._contract, self._chain.web3.eth.block_number))

    async def confirmed_state(self, confirmations: int) -> L1State | None:
        """Return the state upon which that many blocks have been built, on both nodes."""

        def read() -> L1State | None:
            number = self._chain.web3.eth.block_number - confirmations
            address = self._contract.address
            if number < 0 or not self._chain.web3.eth.get_code(address, number):
                return None
            return self._agreed_state(number)

        return await self._ask(read)

    async def holes_at_head(self) -> int:
        """Count the entries taken out of the order at the head, as far as they are confirmed."""
        return await self._ask(self._queue.holes_at_head)

    def skip_call(self, limit: int) -> bytes:
        """Return the call of `skipReclaimed`."""
        return bytes.fromhex(self._contract.encode_abi("skipReclaimed", [limit])[2:])

    async def read_queue(self, first_index: int, limit: int, confirmations: int) -> L1Queue:
        """Return queue entries that `confirmations` blocks have been built upon, in queue order.

        Deposits whose reclaim was requested are left out, once the request is as deep: if a
        reorganisation took back a request that we had respected already, the contract would
        expect the deposit.
        """
        return await self._ask(lambda: self._queue.read(first_index, limit, confirmations))

    async def read_assets(self) -> tuple[L1Asset, ...]:
        """Return the assets of the newest block, by their ids."""

        def read() -> tuple[L1Asset, ...]:
            number = self._chain.web3.eth.block_number
            return tuple(
                L1Asset(
                    found.asset_id,
                    found.symbol,
                    found.asset.decimals,
                    int(found.token, 16),
                    found.min_deposit_quanta,
                )
                for found in read_assets(self._chain, self._contract, number)
            )

        return await self._ask(read)

    async def block_hash(self, number: int) -> bytes | None:
        """Return the hash of a block of the present chain, None if it is not that long.

        Nodes that are on different chains give no answer.
        """
        return await self._ask(lambda: self._agreed_hash(number))

    async def check_batch(self, calldata: bytes) -> int:
        """Let the newest block's contract judge an `updateState`; return the gas limit for it.

        Raises:
            L1RejectedError: if the contract would revert, or needs more gas than one may use.
            L1UnavailableError: if L1 does not answer.
        """
        sender = self._operator.address
        return await self._ask(
            lambda: self._chain.dry_run(self._deployment.exchange, calldata, sender)
        )

    async def fees(self) -> Fees:
        """Return fees with which the base fee may double before the transaction must wait."""

        def read() -> Fees:
            base_fee_wei = self._chain.web3.eth.get_block("latest")["baseFeePerGas"]
            priority_fee_wei = self._chain.web3.eth.max_priority_fee
            return Fees(FEE_HEADROOM * base_fee_wei + priority_fee_wei, priority_fee_wei)

        return await self._ask(read)

    async def next_nonce(self) -> int:
        """Return the number of the operator's transactions in blocks."""
        eth, sender = self._chain.web3.eth, self._operator.address
        return await self._ask(lambda: eth.get_transaction_count(sender, "latest"))

    async def sign_batch(self, calldata: bytes, terms: TransactionTerms) -> SignedTransaction:
        """Sign a call as the operator; the signature is deterministic (RFC 6979)."""
        signed = self._operator.sign_transaction(
            {
                "type": 2,
                "chainId": self._deployment.chain_id,
                "to": HexBytes(self._deployment.exchange),
                "data": HexBytes(calldata),
                "value": 0,
                "nonce": terms.nonce,
                "gas": terms.gas_limit,
                "maxFeePerGas": terms.fees.max_fee_wei,
                "maxPriorityFeePerGas": terms.fees.priority_fee_wei,
            }
        )
        return SignedTransaction(bytes(signed.hash), bytes(signed.raw_transaction))

    async def send(self, raw: bytes) -> SendAnswer:
        """Hand a signed transaction to the node.

        Raises:
            L1RefusedError: if it does not take the transaction, for a reason that is known.
            L1UnavailableError: if it does not answer, or in words that nobody knows.
        """
        return await self._ask(lambda: self._send(raw))

    async def fate(self, transaction_hash: bytes) -> TransactionFate:
        """Return what the newest block and the node's pool know of a transaction."""
        return await self._ask(lambda: self._fate(HexBytes(transaction_hash)))

    def _agreed_state(self, number: int) -> L1State:
        state = _state_at(self._contract, number)
        if self._second is None:
            return state
        if self._agreed_hash(number) is None:
            raise L1DisagreementError(f"the second L1 node has no block {number} yet")
        second = _state_at(self._second, number)
        if second != state:
            raise L1DisagreementError(
                f"block {number} has batch {state.batch_number}, root {state.state_root:#x}, and "
                f"batch {second.batch_number}, root {second.state_root:#x} for the second L1 node"
            )
        return state

    def _agreed_hash(self, number: int) -> bytes | None:
        found = _block_hash(self._contract, number)
        if found is None or self._second is None:
            return found
        second = _block_hash(self._second, number)
        if second is not None and second != found:
            raise L1DisagreementError(
                f"block {number} is 0x{found.hex()}, and 0x{second.hex()} for the second L1 node"
            )
        return second

    def _send(self, raw: bytes) -> SendAnswer:
        try:
            self._chain.web3.eth.send_raw_transaction(HexBytes(raw))
        except Web3RPCError as error:
            meaning = treatment_of_answer(str(error))
            if meaning is None:
                raise
            if isinstance(meaning, Treatment):
                raise L1RefusedError(_words_of(error), meaning) from error
            return meaning
        return SendAnswer.TAKEN

    def _fate(self, transaction_hash: HexBytes) -> TransactionFate:
        eth = self._chain.web3.eth
        try:
            receipt = eth.get_transaction_receipt(transaction_hash)
        except TransactionNotFound:
            return _fate_in_pool(eth, transaction_hash)
        return TransactionFate.SUCCEEDED if receipt["status"] == 1 else TransactionFate.REVERTED

    async def _ask(self, request: Callable[[], T]) -> T:
        try:
            return await asyncio.to_thread(request)
        except RevertedError as error:
            raise L1RejectedError(str(error), error.block_number) from error
        except NO_ANSWER as error:
            reason = f"{type(error).__name__}: {error}"
            raise L1UnavailableError(f"{self._deployment.exchange}: {reason}") from error


def _state_at(contract: Contract, number: int) -> L1State:
    functions = contract.functions
    state_root, batch_number, _, _ = functions.state().call(block_identifier=number)
    config_hash = functions.CONFIG_HASH().call(block_identifier=number)
    return L1State(batch_number, state_root, config_hash, number)


def _block_hash(contract: Contract, number: int) -> bytes | None:
    try:
        return bytes(contract.w3.eth.get_block(number)["hash"])
    except BlockNotFound:
        return None


def _words_of(error: Web3RPCError) -> str:
    response = error.rpc_response
    return str(response["error"]["message"]) if response and "error" in response else str(error)


def _fate_in_pool(eth: Eth, transaction_hash: HexBytes) -> TransactionFate:
    try:
        eth.get_transaction(transaction_hash)
    except TransactionNotFound:
        return TransactionFate.UNKNOWN
    return TransactionFate.PENDING
