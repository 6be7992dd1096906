"""Stand-ins for what lies outside the sequencer: time, L1 and the prover's folder.

They simulate interfaces: nothing here proves anything, and nothing outside the tests uses them.
"""

import asyncio
import hashlib
import heapq
import itertools
import json
from dataclasses import replace
from pathlib import Path

from novation.protocol.transactions import ParameterKind
from sequencer.l1 import (
    Fees,
    L1Asset,
    L1Block,
    L1Deposit,
    L1Entry,
    L1Parameter,
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
from sequencer.proof_queue import CALLDATA_FILE, OUTPUT_FILE
from tests.support.builders import ONE_DOLLAR, START_MS, l1_address, private_key, public_key
from tests.support.simulated_pool import GWEI, PoolTransaction, SimulatedPool, signed

SKIP_PREFIX = b"skip "
_NEW_ROOT, _OLD_ROOT, _HEADER = 3, 2, 4


class ManualClock:
    """A clock that stands still until a test moves it."""

    def __init__(self, now_ms: int = START_MS) -> None:
        self._now_ms = now_ms
        self._sleepers: list[tuple[int, int, asyncio.Future[None]]] = []
        self._order = itertools.count()

    def now_ms(self) -> int:
        return self._now_ms

    def elapsed_ms(self) -> int:
        return self._now_ms

    async def sleep_ms(self, duration_ms: int) -> None:
        waker = asyncio.get_running_loop().create_future()
        heapq.heappush(self._sleepers, (self._now_ms + duration_ms, next(self._order), waker))
        await waker

    def move(self, duration_ms: int) -> None:
        """Move time and wake who has slept long enough."""
        self._now_ms += duration_ms
        while self._sleepers and self._sleepers[0][0] <= self._now_ms:
            waker = heapq.heappop(self._sleepers)[2]
            if not waker.done():
                waker.set_result(None)


class SimulatedL1:
    """The contract's rules about order and roots, without proofs; it can be taken down."""

    def __init__(self, genesis_root: int, config_hash: int) -> None:
        self.is_down = False
        self.drops_sent = False
        self.loses_answers = False
        self.pool = SimulatedPool()
        self.n_calls = 0
        self.block_number = 0
        self.stands_still = False
        self.n_checks = 0
        self.rejects_with = ""
        self.refuses_with = ""
        self.reverts_left = 0
        self.entries: list[L1Entry] = []
        self.left_out: set[int] = set()
        self.forks: list[int] = []
        self.n_confirmed: int | None = None
        self.finalised: list[int] = []
        self.n_holes = 0
        self.assets = (
            L1Asset(0, "USD", 6, 0x11, 1_000_000),
            L1Asset(1, "TETH", 8, 0x22, 10),
        )
        self._states = [(0, L1State(0, genesis_root, config_hash))]

    @property
    def _state(self) -> L1State:
        return replace(self._states[-1][1], block_number=self.block_number)

    @_state.setter
    def _state(self, state: L1State) -> None:
        """Let it be what the contract holds and always held."""
        self._states = [(0, state)]

    async def read_state(self) -> L1State:
        self._answer()
        if not self.stands_still:
            self.mine()
        return self._state

    async def confirmed_state(self, confirmations: int) -> L1State | None:
        self._answer()
        number = max(self.block_number - confirmations, 0)
        known = [state for since, state in self._states if since <= number]
        return replace(known[-1], block_number=number)

    async def holes_at_head(self) -> int:
        self._answer()
        return self.n_holes

    def skip_call(self, limit: int) -> bytes:
        return SKIP_PREFIX + str(limit).encode("ascii")

    async def read_queue(self, first_index: int, limit: int, confirmations: int) -> L1Queue:
        assert confirmations >= 0
        self._answer()
        confirmed = self.entries[: self.n_confirmed][first_index:]
        wanted = [item for item in confirmed if item.index not in self.left_out][:limit]
        return L1Queue(self._block(max(self.block_number - confirmations, 0)), tuple(wanted))

    async def read_assets(self) -> tuple[L1Asset, ...]:
        self._answer()
        return self.assets

    async def block_hash(self, number: int) -> bytes | None:
        self._answer()
        return self._block(number).block_hash if number <= self.block_number else None

    def replace_blocks(self, first: int) -> None:
        """Give the chain other blocks from a number on."""
        self.forks.append(first)

    async def check_batch(self, calldata: bytes) -> int:
        self._answer()
        self.n_checks += 1
        self._judge(calldata)
        return 1_000_000

    async def fees(self) -> Fees:
        self._answer()
        return Fees(2 * self.pool.base_fee_wei + GWEI, GWEI)

    async def next_nonce(self) -> int:
        self._answer()
        return self.pool.next_nonce

    async def sign_batch(self, calldata: bytes, terms: TransactionTerms) -> SignedTransaction:
        return signed(calldata, terms)

    async def send(self, raw: bytes) -> SendAnswer:
        self._answer()
        if self.drops_sent:
            raise L1UnavailableError("the connection broke before the transaction was sent")
        if self.refuses_with:
            meaning = treatment_of_answer(self.refuses_with)
            assert isinstance(meaning, Treatment)
            raise L1RefusedError(self.refuses_with, meaning)
        answer = self.pool.send(raw)
        if self.loses_answers:
            raise L1UnavailableError("the connection broke after the transaction was sent")
        return answer

    async def fate(self, transaction_hash: bytes) -> TransactionFate:
        self._answer()
        return self.pool.fate(transaction_hash)

    def settle(self, calldata: bytes) -> None:
        """Take a batch as the contract would, whoever brings it."""
        output = self._judge(calldata)
        batch_number = output[_HEADER] % 2**48
        state = L1State(batch_number, output[_NEW_ROOT], self._state.config_hash)
        self._states.append((self.block_number, state))
        self.finalised.append(batch_number)

    def take_back(self, genesis_root: int) -> None:
        """Forget all settled batches, as a reorganisation of the chain does."""
        self._state = L1State(0, genesis_root, self._state.config_hash)
        self.pool.next_nonce = 0
        self.pool.mined.clear()
        self.finalised.clear()

    def mine(self) -> None:
        """Add a block with what it can include."""
        self.block_number += 1
        while (tx := self.pool.take_next()) is not None:
            try:
                self._execute(tx)
            except L1RejectedError:
                self.pool.mined[tx.transaction_hash] = TransactionFate.REVERTED
            else:
                self.pool.mined[tx.transaction_hash] = TransactionFate.SUCCEEDED

    def _execute(self, tx: PoolTransaction) -> None:
        if self.reverts_left:
            self.reverts_left -= 1
            raise L1RejectedError("out of gas", self.block_number)
        if tx.calldata.startswith(SKIP_PREFIX):
            limit = int(tx.calldata.removeprefix(SKIP_PREFIX))
            self.n_holes = max(self.n_holes - limit, 0)
        else:
            self.settle(tx.calldata)

    def _judge(self, calldata: bytes) -> list[int]:
        if self.rejects_with:
            raise L1RejectedError(self.rejects_with, self.block_number)
        output = [int(felt, 16) for felt in json.loads(calldata)]
        expected, actual = self._state.batch_number + 1, output[_HEADER] % 2**48
        if actual != expected:
            reason = f"WrongBatchNumber(expected={expected}, actual={actual})"
            raise L1RejectedError(reason, self.block_number)
        if output[_OLD_ROOT] != self._state.state_root:
            raise L1RejectedError("WrongOldRoot()", self.block_number)
        return output

    def add_deposit(self, account_id: int, amount_quanta: int = 10_000 * ONE_DOLLAR) -> None:
        """Queue a deposit by the account's own owner and key."""
        self.entries.append(deposit_entry(len(self.entries), account_id, amount_quanta))

    def set_parameter(self, kind: ParameterKind, parameter_index: int, word: int) -> None:
        """Queue a parameter as the contract's owner would; its checks are not here."""
        self.entries.append(L1Parameter(len(self.entries), kind, parameter_index, word))

    def _block(self, number: int) -> L1Block:
        n_replaced = sum(first <= number for first in self.forks)
        return L1Block(number, hashlib.sha256(f"{number}/{n_replaced}".encode()).digest())

    def _answer(self) -> None:
        self.n_calls += 1
        if self.is_down:
            raise L1UnavailableError("connection refused")


def deposit_entry(index: int, account_id: int, amount_quanta: int) -> L1Deposit:
    """Return a queue entry of an account's own owner and key."""
    key = public_key(private_key(account_id))
    return L1Deposit(index, account_id, l1_address(account_id), key, amount_quanta)


def put_proof(queue_root: Path, batch_number: int) -> None:
    """Do what the prover's worker does last: put the L1 input beside the batch."""
    folder = queue_root / f"{batch_number:08d}"
    draft = folder / ".calldata.draft"
    draft.write_bytes((folder / OUTPUT_FILE).read_bytes())
    draft.rename(folder / CALLDATA_FILE)
