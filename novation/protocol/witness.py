"""The witness of a batch: what the Cairo program needs, as plain data, and its JSON form."""

import json
from dataclasses import dataclass

from novation.protocol.accounts import Account
from novation.protocol.batch import BatchEntry
from novation.protocol.config import ExchangeConfig
from novation.protocol.errors import DecodeError
from novation.protocol.json_codec import from_plain, to_plain
from novation.protocol.markets import Globals, Market, Roots, UnderlyingState
from novation.protocol.orders import RestingOrder
from novation.protocol.parameters import Parameters


@dataclass(frozen=True, slots=True)
class OpenedAccount:
    """An account whose leaf the batch opens, as it was before; None: it did not exist."""

    account_id: int
    account: Account | None


@dataclass(frozen=True, slots=True)
class OpenedOrder:
    """An order from before the batch that the batch visits, cancels, removes or links to."""

    slot: int
    order: RestingOrder


@dataclass(frozen=True, slots=True)
class OpenedMarket:
    """A market whose leaf the batch opens, as it was before; None: it was not listed."""

    market_id: int
    market: Market | None


@dataclass(frozen=True, slots=True)
class NewOrder:
    """An order born in the batch that survives it, and the slot (empty before) it gets."""

    slot: int
    order_id: int


@dataclass(frozen=True, slots=True)
class NodeValue:
    """A node of a tree as it was before the batch; level 0 holds the leaves."""

    level: int
    index: int
    value: int


@dataclass(frozen=True, slots=True)
class BatchWitness:
    """Everything the circuit needs to prove a batch.

    `accounts` and `markets` ascend by id, `orders` and `new_orders` by slot and id. The siblings
    are the nodes of the old trees beside the paths of all these leaves; one that is missing is the
    root of an empty subtree (`merkle.empty_node`). `output` is what the circuit must write,
    `fees_returned_quanta` what of the batch's fees went back to the accounts that paid them.
    """

    config: ExchangeConfig
    old_globals: Globals
    old_parameters: Parameters
    old_underlyings: tuple[UnderlyingState, ...]
    old_roots: Roots
    entries: tuple[BatchEntry, ...]
    accounts: tuple[OpenedAccount, ...]
    orders: tuple[OpenedOrder, ...]
    new_orders: tuple[NewOrder, ...]
    markets: tuple[OpenedMarket, ...]
    account_siblings: tuple[NodeValue, ...]
    order_siblings: tuple[NodeValue, ...]
    market_siblings: tuple[NodeValue, ...]
    output: tuple[int, ...]
    fees_returned_quanta: int

    def to_json(self) -> str:
        """Return the canonical JSON text: integers of 2^53 and more are hexadecimal strings."""
        return json.dumps(to_plain(self), separators=(",", ":"))

    @classmethod
    def from_json(cls, text: str) -> "BatchWitness":
        """Decode `to_json`; DecodeError if it is anything else."""
        try:
            return from_plain(cls, json.loads(text))
        except (ValueError, TypeError, KeyError, RecursionError) as error:
            raise DecodeError(f"not a batch witness: {error}") from error
