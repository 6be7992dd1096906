"""The state of the exchange in memory, with an undo log for the current transaction."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Final, NamedTuple, Self

from novation.protocol.accounts import Account
from novation.protocol.book_index import BookIndex
from novation.protocol.config import ExchangeConfig
from novation.protocol.constants import (
    ACCOUNT_TREE_HEIGHT,
    FEE_ACCOUNT_ID,
    INSURANCE_ACCOUNT_ID,
    MARKET_TREE_HEIGHT,
    ORDER_TREE_HEIGHT,
    USD_ASSET_ID,
)
from novation.protocol.mark import mark_price_x16
from novation.protocol.markets import Globals, Market, Roots, UnderlyingState, state_root
from novation.protocol.merkle import MerkleTree, NodeKey, NodeStore
from novation.protocol.orders import OrderList, RestingOrder
from novation.protocol.parameters import Parameters, Underlying
from novation.protocol.slots import SlotAllocator

if TYPE_CHECKING:
    from novation.protocol.batch import OpenBatch

_ABSENT: Final = object()


NodeChanges = dict[NodeKey, int | None]
# What is needed to take back a write: the container, the key, and what was there.
_Write = tuple[Any, Any, Any]


class Savepoint(NamedTuple):
    """A point within a transaction: how much it had written, and the plain values then."""

    n_writes: int
    counters: Globals
    fees_quanta: int
    timed_out: tuple[int, ...]
    n_born: int


@dataclass(frozen=True, slots=True)
class Genesis:
    """Owners of the two accounts that exist from the start, and the first parameters.

    The perpetual of each of the underlyings is listed.
    """

    fee_l1_address: int
    fee_key: int
    insurance_l1_address: int
    insurance_key: int
    parameters: Parameters

    def accounts(self) -> dict[int, Account]:
        """Return the accounts of the genesis state."""
        return {
            FEE_ACCOUNT_ID: Account.new(self.fee_l1_address, self.fee_key),
            INSURANCE_ACCOUNT_ID: Account.new(self.insurance_l1_address, self.insurance_key),
        }

    def markets(self) -> dict[int, Market]:
        """Return the markets of the genesis state."""
        n_underlyings = len(self.parameters.underlyings)
        return {market_id: Market(underlying_id=market_id) for market_id in range(n_underlyings)}

    def underlyings(self) -> tuple[UnderlyingState, ...]:
        """Return what the underlyings have before the first price."""
        return tuple(UnderlyingState(is_listed=True) for _ in self.parameters.underlyings)


@dataclass(frozen=True, slots=True)
class TreeNodes:
    """Where the three trees keep their nodes."""

    accounts: NodeStore = field(default_factory=dict[NodeKey, int])
    orders: NodeStore = field(default_factory=dict[NodeKey, int])
    markets: NodeStore = field(default_factory=dict[NodeKey, int])


@dataclass(frozen=True, slots=True)
class StateParts:
    """Everything a state consists of; `orders` are by slot. The nodes belong to the trees."""

    parameters: Parameters
    underlyings: tuple[UnderlyingState, ...]
    accounts: dict[int, Account]
    orders: dict[int, RestingOrder]
    markets: dict[int, Market]
    counters: Globals
    nodes: TreeNodes


class State:
    """Parameters, prices, accounts, resting orders, listed markets and counters.

    Writes to the three trees go through `set_*`, `add_*` and `delete_order`; between `begin` and
    `commit` they and the attributes that are plain values can be taken back by `rollback`. Leaves
    and roots are computed when a batch is sealed, so `root` is that of the last sealed batch.
    """

    def __init__(self, config: ExchangeConfig, parts: StateParts) -> None:
        """Take over the parts of an existing state."""
        self.config = config
        self.parameters = parts.parameters
        self.underlyings = parts.underlyings
        self.globals = parts.counters
        self.fees_quanta = 0
        self.accounts = parts.accounts
        self.markets = parts.markets
        self.orders = {order.order_id: order for order in parts.orders.values()}
        self.slot_of_order = {order.order_id: slot for slot, order in parts.orders.items()}
        # Derived from the orders: those of an account, the one that a message placed, the newest
        # that an account has had in a market.
        self._order_ids: dict[int, dict[int, None]] = {}
        self._origins: dict[tuple[int, int], int] = {}
        self._newest: dict[tuple[int, int], int] = {}
        for order in self.orders.values():
            self._order_ids.setdefault(order.account_id, {})[order.order_id] = None
            self._origins[order.account_id, order.origin] = order.order_id
            place = order.account_id, order.market_id
            self._newest[place] = max(self.newest_order_id(*place), order.order_id)
        self._free_slots: SlotAllocator | None = None
        self.accounts_tree = MerkleTree(ACCOUNT_TREE_HEIGHT, parts.nodes.accounts)
        self.orders_tree = MerkleTree(ORDER_TREE_HEIGHT, parts.nodes.orders)
        self.markets_tree = MerkleTree(MARKET_TREE_HEIGHT, parts.nodes.markets)
        # By market and list; a side of the book has the number of its list.
        self.books: dict[tuple[int, int], BookIndex] = {
            (m, order_list): BookIndex() for m in self.markets for order_list in OrderList
        }
        for order in self.orders.values():
            self.books[order.market_id, order.order_list].insert(order)
        self.root = self._compute_root()
        self.batch: OpenBatch | None = None
        self._undo: list[_Write] = []
        self._saved: tuple[Any, ...] | None = None

    @classmethod
    def genesis(
        cls, config: ExchangeConfig, genesis: Genesis, nodes: TreeNodes | None = None
    ) -> Self:
        """Return the state before the first batch; the node stores given must be empty."""
        nodes = TreeNodes() if nodes is None else nodes
        accounts, markets = genesis.accounts(), genesis.markets()
        MerkleTree(ACCOUNT_TREE_HEIGHT, nodes.accounts).update(
            {account_id: account.leaf() for account_id, account in accounts.items()}
        )
        MerkleTree(MARKET_TREE_HEIGHT, nodes.markets).update(
            {market_id: market.leaf() for market_id, market in markets.items()}
        )
        parts = StateParts(
            parameters=genesis.parameters,
            underlyings=genesis.underlyings(),
            accounts=accounts,
            orders={},
            markets=markets,
            counters=Globals(),
            nodes=nodes,
        )
        return cls(config, parts)

    def get_account(self, account_id: int) -> Account | None:
        """Return an account, None if it does not exist."""
        return self.accounts.get(account_id)

    def account(self, account_id: int) -> Account:
        """Return an account that must exist."""
        return self.accounts[account_id]

    def open_account(self, account_id: int) -> Account | None:
        """Return an account and note that the batch proves its leaf."""
        account = self.accounts.get(account_id)
        assert self.batch is not None
        opened = self.batch.opened_accounts
        if account_id not in opened:
            self._write(opened, account_id, account)
            self._count(account_id, account)
        return account

    def set_account(self, account_id: int, account: Account) -> None:
        """Create or replace an account."""
        self.open_account(account_id)
        self._write(self.accounts, account_id, account)
        self._count(account_id, account)

    def note_timer(self, account_id: int) -> None:
        """Note that the current transaction applied the timer of an account."""
        assert self.batch is not None
        self.batch.timed_out += (account_id,)

    def set_keys(self, account_id: int, account: Account) -> None:
        """Replace an account whose keys changed, so that the batch's output has them."""
        self.set_account(account_id, account)
        assert self.batch is not None
        changed = self.batch.changed_keys
        self._write(changed, account_id, changed.get(account_id, 0) + 1)

    def change_balance(self, account_id: int, asset_id: int, change_quanta: int) -> None:
        """Give an account more or less of an asset; the batch's output has it if it is not USD."""
        account = self.account(account_id).with_balance_change(asset_id, change_quanta)
        self.set_account(account_id, account)
        if asset_id != USD_ASSET_ID:
            assert self.batch is not None
            changed = self.batch.changed_holdings
            self._write(changed, account_id, changed.get(account_id, 0) + 1)

    def get_order(self, order_id: int) -> RestingOrder | None:
        """Return a resting order, None if it does not exist."""
        return self.orders.get(order_id)

    def order(self, order_id: int) -> RestingOrder:
        """Return a resting order that must exist."""
        return self.orders[order_id]

    def orders_of(self, account_id: int) -> list[RestingOrder]:
        """Return the orders of an account that are in the book, the dead too, oldest first."""
        return [self.orders[order_id] for order_id in sorted(self._order_ids.get(account_id, ()))]

    def order_id_of(self, account_id: int, origin: int) -> int:
        """Return the id of the order that a message placed, if it is in the book, else 0."""
        return self._origins.get((account_id, origin), 0)

    def newest_order_id(self, account_id: int, market_id: int) -> int:
        """Return an id that none of the account's orders in the market is above."""
        return self._newest.get((account_id, market_id), 0)

    def open_order(self, order_id: int) -> RestingOrder:
        """Return a resting order that must exist, and note that the batch proves its leaf."""
        self._open_order(order_id)
        return self.orders[order_id]

    def set_order(self, order: RestingOrder) -> None:
        """Replace a resting order."""
        self._open_order(order.order_id)
        self._write(self.orders, order.order_id, order)

    def add_order(self, order: RestingOrder) -> None:
        """Add an order with the newest id; linking it into the list is the caller's."""
        assert self.batch is not None
        self.batch.n_born += 1
        index = self.books[order.market_id, order.order_list]
        index.insert(order)
        self._undo.append((index, order, False))
        self._write(self.orders, order.order_id, order)
        self._write(self._order_ids.setdefault(order.account_id, {}), order.order_id, None)
        self._write(self._origins, (order.account_id, order.origin), order.order_id)
        self._write(self._newest, (order.account_id, order.market_id), order.order_id)

    def delete_order(self, order: RestingOrder) -> None:
        """Remove an order; unlinking it is the caller's."""
        self._open_order(order.order_id)
        assert self.batch is not None
        self.batch.n_born -= order.order_id >= self.batch.old_globals.next_order_id
        index = self.books[order.market_id, order.order_list]
        index.remove(order)
        self._undo.append((index, order, True))
        self._write(self.orders, order.order_id, _ABSENT)
        self._write(self._order_ids[order.account_id], order.order_id, _ABSENT)
        self._write(self._origins, (order.account_id, order.origin), _ABSENT)

    def market(self, market_id: int) -> Market:
        """Return a market that must be listed."""
        return self.markets[market_id]

    def open_market(self, market_id: int) -> Market:
        """Return a market that must be listed, and note that the batch proves its leaf."""
        market = self.markets[market_id]
        assert self.batch is not None
        if market_id not in self.batch.opened_markets:
            self._write(self.batch.opened_markets, market_id, market)
        return market

    def set_market(self, market_id: int, market: Market) -> None:
        """Replace a listed market."""
        self.open_market(market_id)
        self._write(self.markets, market_id, market)

    def add_market(self, market_id: int, market: Market) -> None:
        """List a market."""
        assert self.batch is not None
        assert market_id not in self.markets
        self._write(self.batch.opened_markets, market_id, None)
        self._write(self.markets, market_id, market)
        for order_list in OrderList:
            self._write(self.books, (market_id, order_list), BookIndex())

    def underlying_of(self, market_id: int) -> Underlying:
        """Return the parameters of a listed market's underlying."""
        return self.parameters.underlyings[self.markets[market_id].underlying_id]

    def price_of(self, market_id: int) -> UnderlyingState:
        """Return index price and deaths of a listed market's underlying."""
        return self.underlyings[self.markets[market_id].underlying_id]

    def mark_price_x16(self, market_id: int) -> int:
        """Return the mark price of a listed market."""
        return mark_price_x16(self.price_of(market_id), self.underlying_of(market_id))

    def set_underlying(self, underlying_id: int, underlying: UnderlyingState) -> None:
        """Replace what an underlying has, or append one."""
        old = self.underlyings
        self.underlyings = (*old[:underlying_id], underlying, *old[underlying_id + 1 :])

    def kill_orders(self, underlying_id: int) -> None:
        """Let every order die that rests in a market of the underlying, and its premium with it."""
        old = self.underlyings[underlying_id]
        dead = replace(old, dead_below_order_id=self.globals.next_order_id, premium_x16=0)
        self.set_underlying(underlying_id, dead)

    def begin(self) -> None:
        """Start a transaction, or the sealing, of the open batch."""
        assert self._saved is None
        assert self.batch is not None
        values = self.globals, self.fees_quanta, self.parameters, self.underlyings
        batch = self.batch
        counts = batch.n_slots, batch.n_more_keys, batch.n_holding_words, batch.n_born
        self._saved = (*values, *counts)
        self.batch.timed_out = ()

    def commit(self) -> None:
        """Keep what was written since `begin`."""
        assert self._saved is not None
        self._saved = None
        self._undo.clear()

    def rollback(self) -> None:
        """Take back everything written since `begin`."""
        assert self._saved is not None
        assert self.batch is not None
        self.globals, self.fees_quanta, self.parameters, self.underlyings = self._saved[:4]
        batch = self.batch
        batch.n_slots, batch.n_more_keys, batch.n_holding_words, batch.n_born = self._saved[4:]
        self.batch.timed_out = ()
        _restore(self._undo)
        self.commit()

    def savepoint(self) -> Savepoint:
        """Return a point within the current transaction, for `take_back`."""
        assert self._saved is not None
        assert self.batch is not None
        batch = self.batch
        counts = self.globals, self.fees_quanta, batch.timed_out, batch.n_born
        return Savepoint(len(self._undo), *counts)

    def take_back(self, point: Savepoint) -> None:
        """Take back what the transaction wrote since a point, but for what the batch opened.

        What was looked at stays opened: the circuit has looked at it, too.
        """
        batch = self.batch
        assert batch is not None
        self.globals, self.fees_quanta, batch.timed_out, batch.n_born = point[1:]
        since = self._undo[point.n_writes :]
        kept = (
            *(batch.opened_accounts, batch.opened_orders, batch.opened_markets),
            *(batch.most_slots, batch.most_keys, batch.most_holdings, batch.longer_leaves),
        )
        is_kept = [any(write[0] is container for container in kept) for write in since]
        _restore([write for write, keep in zip(since, is_kept, strict=True) if not keep])
        self._undo[point.n_writes :] = [
            write for write, keep in zip(since, is_kept, strict=True) if keep
        ]

    def update_trees(
        self,
        account_leaves: dict[int, int],
        order_leaves: dict[int, int],
        market_leaves: dict[int, int],
    ) -> tuple[NodeChanges, NodeChanges, NodeChanges]:
        """Write leaves into the trees and return the nodes that changed."""
        accounts = self.accounts_tree.update(account_leaves)
        orders = self.orders_tree.update(order_leaves)
        markets = self.markets_tree.update(market_leaves)
        self.root = self._compute_root()
        return accounts, orders, markets

    @property
    def roots(self) -> Roots:
        """The roots of the trees, as the last sealed batch left them."""
        return Roots(self.accounts_tree.root, self.orders_tree.root, self.markets_tree.root)

    @property
    def free_slots(self) -> SlotAllocator:
        """The slots that no order has; found when they are first asked for."""
        if self._free_slots is None:
            self._free_slots = SlotAllocator(self.slot_of_order.values())
        return self._free_slots

    def forget_free_slots(self) -> None:
        """Look again at which slots are free: `slot_of_order` was written from outside."""
        self._free_slots = None

    def order_ids_born_since(self, first_order_id: int) -> list[int]:
        """Return the ids of resting orders not older than the given id, ascending."""
        ids = range(first_order_id, self.globals.next_order_id)
        return [order_id for order_id in ids if order_id in self.orders]

    def slots_needed(self) -> int:
        """Return an upper bound of the order slots that sealing the batch would use.

        Slots that the batch frees are not given out again before the next one.
        """
        assert self.batch is not None
        born = self.globals.next_order_id - self.batch.old_globals.next_order_id
        return len(self.slot_of_order) + born

    def _count(self, account_id: int, account: Account | None) -> None:
        """Note how many slots, keys and words of holdings an opened account has, if ever more."""
        if account is None:
            return
        batch, n_slots, n_more_keys = self.batch, len(account.positions), len(account.keys) - 1
        assert batch is not None
        if n_slots > (most := batch.most_slots.get(account_id, 0)):
            self._write(batch.most_slots, account_id, n_slots)
            batch.n_slots += n_slots - most
        if n_more_keys > (most := batch.most_keys.get(account_id, 0)):
            self._write(batch.most_keys, account_id, n_more_keys)
            batch.n_more_keys += n_more_keys - most
            self._write(batch.longer_leaves, account_id, None)
        if account.auction_start_ms:
            self._write(batch.longer_leaves, account_id, None)
        if not account.holdings_quanta:
            return
        n_words = len(account.holding_words())
        if n_words > (most := batch.most_holdings.get(account_id, 0)):
            self._write(batch.most_holdings, account_id, n_words)
            batch.n_holding_words += n_words - most
            self._write(batch.longer_leaves, account_id, None)

    def _open_order(self, order_id: int) -> None:
        assert self.batch is not None
        is_old = order_id < self.batch.old_globals.next_order_id
        if is_old and order_id not in self.batch.opened_orders:
            self._write(self.batch.opened_orders, order_id, self.orders[order_id])

    def _write(self, container: Any, key: Any, value: Any) -> None:  # noqa: ANN401
        self._undo.append((container, key, container.get(key, _ABSENT)))
        if value is _ABSENT:
            del container[key]
        else:
            container[key] = value

    def _compute_root(self) -> int:
        return state_root(self.roots, self.underlyings, self.parameters.hash, self.globals)


def _restore(writes: Sequence[_Write]) -> None:
    """Take back writes, the last one first."""
    for container, key, old in reversed(writes):
        if isinstance(container, BookIndex):
            if old:
                container.insert(key)
            else:
                container.remove(key)
        elif old is _ABSENT:
            del container[key]
        else:
            container[key] = old
