"""The L1 Protocol, its values and its two kinds of failure."""

from dataclasses import dataclass
from typing import Protocol

from novation.protocol.constants import USD_ASSET_ID
from novation.protocol.transactions import ParameterKind
from sequencer.l1.remedies import Treatment
from sequencer.l1.transactions import (
    Fees,
    SendAnswer,
    SignedTransaction,
    TransactionFate,
    TransactionTerms,
)


class L1UnavailableError(Exception):
    """L1 gave no answer. Trying again later is right."""


class L1RejectedError(Exception):
    """L1 executed the request and refused it.

    The message is the contract's error with its values; `block_number` is the block on whose state
    the contract decided.
    """

    def __init__(self, reason: str, block_number: int) -> None:
        """Keep what the contract said and when."""
        super().__init__(reason)
        self.block_number = block_number


class L1RefusedError(Exception):
    """The L1 node does not take a transaction; nothing has been spent."""

    def __init__(self, reason: str, treatment: Treatment) -> None:
        """Keep the node's words and what they mean."""
        super().__init__(reason)
        self.treatment = treatment


@dataclass(frozen=True, slots=True)
class L1Deposit:
    """A deposit in the contract's queue; `index` also counts entries that batches leave out."""

    index: int
    account_id: int
    l1_address: int
    stark_key: int
    amount_quanta: int
    asset_id: int = USD_ASSET_ID


@dataclass(frozen=True, slots=True)
class L1Parameter:
    """A parameter that the contract's owner set, in the queue as deposits are.

    `kind` says what it is, `parameter_index` of which underlying or oracle, `word` the new value.
    """

    index: int
    kind: ParameterKind
    parameter_index: int
    word: int


L1Entry = L1Deposit | L1Parameter


@dataclass(frozen=True, slots=True)
class L1Asset:
    """An asset that the contract takes, and what people call it."""

    asset_id: int
    symbol: str
    decimals: int
    token: int
    min_deposit_quanta: int


@dataclass(frozen=True, slots=True)
class L1Block:
    """A block's place and its identity: after a reorganisation another one has its place."""

    number: int
    block_hash: bytes


@dataclass(frozen=True, slots=True)
class L1Queue:
    """Entries of the contract's queue, as of a block."""

    block: L1Block
    entries: tuple[L1Entry, ...]


@dataclass(frozen=True, slots=True)
class L1State:
    """What the contract holds after its last settled batch, as of a block."""

    batch_number: int
    state_root: int
    config_hash: int
    block_number: int = 0


class L1(Protocol):
    """The exchange contract. Every method may raise `L1UnavailableError`."""

    async def read_state(self) -> L1State:
        """Return the state of the newest block."""
        ...

    async def confirmed_state(self, confirmations: int) -> L1State | None:
        """Return the state upon which that many blocks have been built.

        None if the contract did not exist then.
        """
        ...

    async def holes_at_head(self) -> int:
        """Return how many entries before the queue's next one were taken out of the order."""
        ...

    def skip_call(self, limit: int) -> bytes:
        """Return the call that moves the queue's head over at most `limit` such entries."""
        ...

    async def read_queue(self, first_index: int, limit: int, confirmations: int) -> L1Queue:
        """Return at most `limit` queue entries from `first_index` on, in queue order.

        Only what the returned block and those before it hold counts, entries as well as requests
        to reclaim entries, which take these out; `confirmations` blocks have been built upon it.
        """
        ...

    async def read_assets(self) -> tuple[L1Asset, ...]:
        """Return the assets that the contract takes, by their ids."""
        ...

    async def block_hash(self, number: int) -> bytes | None:
        """Return the hash of a block of the present chain, None if it is not that long."""
        ...

    async def check_batch(self, calldata: bytes) -> int:
        """Let the newest block's contract judge an `updateState` without a transaction.

        Returns the gas limit for its transaction: the most that one may use. What is not used
        costs nothing, and what the batch needs can rise until it is included.

        Raises:
            L1RejectedError: if the contract would revert.
        """
        ...

    async def fees(self) -> Fees:
        """Return what a transaction should pay now to be included soon."""
        ...

    async def next_nonce(self) -> int:
        """Return the number of the operator's transactions in blocks."""
        ...

    async def sign_batch(self, calldata: bytes, terms: TransactionTerms) -> SignedTransaction:
        """Return the operator's transaction of a call of the contract; nothing is sent."""
        ...

    async def send(self, raw: bytes) -> SendAnswer:
        """Hand a signed transaction to L1; sending it again changes nothing.

        Raises:
            L1RefusedError: if L1 does not take it, for a reason that is known.
        """
        ...

    async def fate(self, transaction_hash: bytes) -> TransactionFate:
        """Return what the newest block and the pool know of a transaction."""
        ...
