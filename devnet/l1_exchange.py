"""The exchange contract as the sequencer sees it: its queue, its state, its settlement entry."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, TypeVar

import requests
from web3.exceptions import TimeExhausted, Web3RPCError

from devnet.contracts import RevertedError, load_artifact
from sequencer.l1 import L1Deposit, L1RejectedError, L1State, L1UnavailableError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from eth_account.signers.local import LocalAccount

    from devnet.contracts import Chain
    from devnet.deployment import Deployment

T = TypeVar("T")


class ExchangeOnL1:
    """Implements `sequencer.l1.L1` with a web3 client; calls run in a thread of their own."""

    def __init__(self, chain: Chain, deployment: Deployment, operator: LocalAccount) -> None:
        """Settle as `operator`; nothing is sent yet."""
        self._chain = chain
        self._deployment = deployment
        self._operator = operator
        self._contract = chain.contract(load_artifact("Exchange"), deployment.exchange)
        self._deposits: dict[int, L1Deposit] = {}
        self._reclaimed: set[int] = set()
        self._next_block = deployment.deploy_block

    async def read_state(self) -> L1State:
        """Return the state of the newest block."""

        def read() -> L1State:
            state_root, batch_number, _, _ = self._contract.functions.state().call()
            config_hash = self._contract.functions.CONFIG_HASH().call()
            return L1State(batch_number, state_root, config_hash)

        return await self._ask(read)

    async def read_deposits(
        self, first_position: int, limit: int, confirmations: int
    ) -> Sequence[L1Deposit]:
        """Return queue entries that `confirmations` blocks have been built upon, in queue order.

        A reclaimed deposit keeps its index in the contract but has no position: batches count
        only what they consume.
        """
        return await self._ask(lambda: self._read_deposits(first_position, limit, confirmations))

    async def check_batch(self, calldata: bytes) -> None:
        """Let the newest block's contract judge an `updateState` without a transaction.

        Raises:
            L1RejectedError: if the contract would revert, or needs more gas than one may use.
            L1UnavailableError: if L1 does not answer.
        """
        await self._ask(lambda: self._check(calldata))

    async def submit_batch(self, calldata: bytes) -> bytes:
        """Send `updateState` and return the transaction's hash once a block includes it.

        Raises:
            L1RejectedError: if the contract reverts.
            L1UnavailableError: if L1 does not answer, or no block includes it in time.
        """
        return await self._ask(lambda: self._submit(calldata))

    def _read_deposits(
        self, first_position: int, limit: int, confirmations: int
    ) -> Sequence[L1Deposit]:
        self._follow_logs(self._chain.web3.eth.block_number - confirmations)
        indices = [index for index in sorted(self._deposits) if index not in self._reclaimed]
        wanted = indices[first_position : first_position + limit]
        return [
            L1Deposit(first_position + offset, *_fields(self._deposits[index]))
            for offset, index in enumerate(wanted)
        ]

    def _follow_logs(self, last_block: int) -> None:
        if last_block < self._next_block:
            return
        span = {"from_block": self._next_block, "to_block": last_block}
        events = self._contract.events
        for log in events.DepositQueued().get_logs(**span):
            values = log["args"]
            self._deposits[values["index"]] = L1Deposit(
                queue_position=values["index"],
                account_id=values["accountId"],
                l1_address=int(values["l1Address"], 16),
                stark_key=values["starkKey"],
                amount_quanta=values["amountQuanta"],
            )
        for log in events.DepositReclaimed().get_logs(**span):
            self._reclaimed.add(log["args"]["index"])
        self._next_block = last_block + 1

    def _check(self, calldata: bytes) -> None:
        self._chain.dry_run(self._deployment.exchange, calldata, self._operator.address)

    def _submit(self, calldata: bytes) -> bytes:
        receipt = self._chain.send_data(self._deployment.exchange, calldata, self._operator)
        return bytes(receipt["transactionHash"])

    async def _ask(self, request: Callable[[], T]) -> T:
        try:
            return await asyncio.to_thread(request)
        except RevertedError as error:
            number = error.block_number or self._chain.web3.eth.block_number
            raise L1RejectedError(str(error), number) from error
        except (OSError, requests.RequestException, TimeExhausted, Web3RPCError) as error:
            raise L1UnavailableError(f"{self._deployment.exchange}: {error}") from error


def _fields(deposit: L1Deposit) -> tuple[int, int, int, int]:
    return deposit.account_id, deposit.l1_address, deposit.stark_key, deposit.amount_quanta
