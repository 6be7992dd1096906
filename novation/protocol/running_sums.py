"""The invariants of `conservation`, followed batch by batch: the cost is that of the batch.

If they held before a batch, they hold after it exactly if what the batch changed fits together:
the balances that it left add up to the custody, every account's slots and counts moved as its
resting orders did, and every order that it touched is linked to its neighbours. A refused
transaction leaves nothing in the batch, so there is nothing to take back here.
"""

from collections import Counter

from novation.protocol.accounts import Account
from novation.protocol.constants import MAX_ASSETS, USD_ASSET_ID
from novation.protocol.orders import OrderList, RestingOrder, Side
from novation.protocol.sealing import SealedBatch
from novation.protocol.state import State

SlotSide = tuple[int, int, Side]


class RunningSums:
    """Sums over all accounts, kept exact with each sealed batch."""

    def __init__(self, state: State) -> None:
        """Add up a state that fulfils `check_conservation`, between two batches."""
        self.balances_quanta = [
            sum(account.balance(asset_id) for account in state.accounts.values())
            for asset_id in range(MAX_ASSETS)
        ]
        self.n_orders = len(state.orders)
        self.net_lots = dict.fromkeys(state.markets, 0)
        self.long_lots = dict.fromkeys(state.markets, 0)
        for account in state.accounts.values():
            self._count_positions(account, 1)

    def follow(self, state: State, sealed: SealedBatch) -> None:
        """Take in the batch that led to the state, and assert every invariant.

        Args:
            state: after the batch, before the next.
            sealed: the batch.
        """
        before = {opened.account_id: opened.account for opened in sealed.witness.accounts}
        after = sealed.writes.accounts
        assert before.keys() == after.keys()
        self._follow_markets(state)
        self._follow_accounts(before, after)
        self._check_sums(state)
        old_orders = [opened.order for opened in sealed.witness.orders]
        new_orders = [order for order in sealed.writes.orders.values() if order is not None]
        self.n_orders += len(new_orders) - len(old_orders)
        assert self.n_orders == len(state.orders), (self.n_orders, len(state.orders))
        _check_slots(before, after, old_orders, new_orders)
        for order in new_orders:
            _check_links(state, order)
        gone = {order.order_id for order in old_orders} - {order.order_id for order in new_orders}
        assert not any(order_id in state.orders for order_id in gone)
        for market_id in state.markets:
            for order_list in OrderList:
                _check_head(state, market_id, order_list)

    def _follow_markets(self, state: State) -> None:
        """Count from 0 in markets that the batch listed."""
        for market_id in state.markets:
            self.net_lots.setdefault(market_id, 0)
            self.long_lots.setdefault(market_id, 0)

    def _follow_accounts(
        self, before: dict[int, Account | None], after: dict[int, Account]
    ) -> None:
        for account_id, account in after.items():
            old = before[account_id]
            if old is not None:
                self._count_balances(old, -1)
                self._count_positions(old, -1)
            self._count_balances(account, 1)
            self._count_positions(account, 1)

    def _count_balances(self, account: Account, sign: int) -> None:
        self.balances_quanta[USD_ASSET_ID] += sign * account.collateral_quanta
        for asset_id, amount_quanta in enumerate(account.holdings_quanta, 1):
            self.balances_quanta[asset_id] += sign * amount_quanta

    def _count_positions(self, account: Account, sign: int) -> None:
        for position in account.positions:
            self.net_lots[position.market_id] += sign * position.size_lots
            self.long_lots[position.market_id] += sign * max(position.size_lots, 0)

    def _check_sums(self, state: State) -> None:
        for asset_id, total_quanta in enumerate(self.balances_quanta):
            besides_quanta = self._besides_balances(state) if asset_id == USD_ASSET_ID else 0
            custody_quanta = state.globals.custody(asset_id)
            assert total_quanta + besides_quanta == custody_quanta, (
                asset_id,
                total_quanta,
                besides_quanta,
                custody_quanta,
            )
        for market_id, market in state.markets.items():
            net, longs = self.net_lots[market_id], self.long_lots[market_id]
            pool_lots = state.price_of(market_id).pool_lots
            assert net + pool_lots == 0, (market_id, net, pool_lots)
            assert longs == market.open_interest_lots, (market_id, longs, market.open_interest_lots)

    def _besides_balances(self, state: State) -> int:
        """Return fees not yet credited and cash of the pools, less what positions have paid.

        And less what is recorded as missing.
        """
        besides_quanta = state.fees_quanta - state.globals.recorded_deficit_quanta
        for market_id, longs in self.long_lots.items():
            prices, shorts = state.price_of(market_id), longs - self.net_lots[market_id]
            besides_quanta += prices.pool_cash_quanta
            besides_quanta -= prices.paid_quanta(longs) + prices.paid_quanta(-shorts)
        return besides_quanta


def _check_slots(
    before: dict[int, Account | None],
    after: dict[int, Account],
    old_orders: list[RestingOrder],
    new_orders: list[RestingOrder],
) -> None:
    """Assert that each slot moved as its orders in the book did: what is left over is zero.

    Where all orders were cancelled at once, those of before count no more: what the slot has are
    the lots of orders that the batch has placed since.
    """
    is_cancelled = _slots_with_another_min(before, after)
    lots: Counter[SlotSide] = Counter()
    counts: Counter[tuple[int, int]] = Counter()
    for sign, orders, accounts in ((1, new_orders, after), (-1, old_orders, before)):
        for order in orders:
            assert order.remaining_lots > 0, order
            key = order.account_id, order.market_id, order.side
            counts[key[:2]] += sign
            if sign > 0 or key[:2] not in is_cancelled:
                # An order that only got another neighbour is there before and after.
                account = accounts.get(order.account_id)
                slot = None if account is None else account.position(order.market_id)
                min_order_id = 0 if slot is None else slot.min_order_id
                lots[key] += sign * order.reserved_lots * (order.order_id >= min_order_id)
    for account_id, account in after.items():
        market_ids = [position.market_id for position in account.positions]
        assert market_ids == sorted(set(market_ids)), market_ids
        assert not any(position.is_empty for position in account.positions), account_id
        for sign, version in ((-1, account), (1, before[account_id])):
            for position in () if version is None else version.positions:
                slot_key = account_id, position.market_id
                counts[slot_key] += sign * position.n_orders
                if sign < 0 or slot_key not in is_cancelled:
                    for side in Side:
                        lots[*slot_key, side] += sign * position.open_lots(side)
    assert not any(counts.values()), {key: n for key, n in counts.items() if n}
    assert not any(lots.values()), {key: n for key, n in lots.items() if n}


def _slots_with_another_min(
    before: dict[int, Account | None], after: dict[int, Account]
) -> set[tuple[int, int]]:
    """Return (account, market) of slots all of whose earlier orders the batch cancelled.

    Or which it left and took again: such a slot has no orders of before either.
    """
    found = set()
    for account_id, account in after.items():
        old = before[account_id]
        for position in () if old is None else old.positions:
            now = account.position(position.market_id)
            if now.min_order_id != position.min_order_id:
                found.add((account_id, position.market_id))
    return found


def _check_links(state: State, order: RestingOrder) -> None:
    """Assert that an order is linked to what stands before and behind it."""
    assert state.orders.get(order.order_id) == order
    index = state.books[order.market_id, order.order_list]
    before_id, behind_id = index.neighbours(order)
    link = order.order_id, order.list_price_ticks
    if before_id == 0:
        assert state.market(order.market_id).head(order.order_list) == link
    else:
        before = state.order(before_id)
        assert (before.next_id, before.next_price_ticks) == link
    behind = state.get_order(behind_id)
    expected = (0, 0) if behind is None else (behind_id, behind.list_price_ticks)
    assert (order.next_id, order.next_price_ticks) == expected


def _check_head(state: State, market_id: int, order_list: OrderList) -> None:
    head_id = state.books[market_id, order_list].head_id()
    head = state.get_order(head_id)
    expected = (0, 0) if head is None else (head_id, head.list_price_ticks)
    assert state.market(market_id).head(order_list) == expected, (market_id, order_list, expected)
