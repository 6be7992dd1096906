"""Nothing is created or lost: sums that must hold between any two transactions.

These follow from the transition; a violation is our fault, hence assertions. `check_conservation`
looks at the whole state; `novation.protocol.running_sums` follows it batch by batch.
"""

from collections import Counter

from novation.protocol.accounts import Position
from novation.protocol.constants import MAX_ASSETS, USD_ASSET_ID
from novation.protocol.orders import OrderList, RestingOrder, Side
from novation.protocol.state import State


def check_conservation(state: State) -> None:
    """Assert every invariant of a state, with or without an open batch."""
    check_collateral(state)
    check_positions(state)
    check_open_orders(state)
    n_listed = sum(check_list(state, m, kind) for m in state.markets for kind in OrderList)
    assert n_listed == len(state.orders), (n_listed, len(state.orders))


def check_collateral(state: State) -> None:
    """Assert that all balances are exactly what is in custody.

    Of USD, balances less what positions have paid, the cash of the pools and the fees not yet
    credited are together what is in custody, and what is recorded as missing.
    """
    for asset_id in range(MAX_ASSETS):
        total = sum(account.balance(asset_id) for account in state.accounts.values())
        if asset_id == USD_ASSET_ID:
            positions = (slot for account in state.accounts.values() for slot in account.positions)
            total -= sum(state.price_of(p.market_id).paid_quanta(p.size_lots) for p in positions)
            total += sum(item.pool_cash_quanta for item in state.underlyings) + state.fees_quanta
            total -= state.globals.recorded_deficit_quanta
        custody_quanta = state.globals.custody(asset_id)
        assert total == custody_quanta, (asset_id, total, custody_quanta)


def check_positions(state: State) -> None:
    """Assert that longs equal shorts, with the pool's, and the open interest, in every market."""
    for market_id, market in state.markets.items():
        sizes = [account.position(market_id).size_lots for account in state.accounts.values()]
        pool_lots = state.price_of(market_id).pool_lots
        assert sum(sizes) + pool_lots == 0, (market_id, sum(sizes), pool_lots)
        longs = sum(size for size in sizes if size > 0)
        assert longs == market.open_interest_lots, (market_id, longs, market.open_interest_lots)


def check_open_orders(state: State) -> None:
    """Assert that every account's slots agree with its orders in the book."""
    lots: Counter[tuple[int, int, Side]] = Counter()
    counts: Counter[tuple[int, int]] = Counter()
    for order in state.orders.values():
        assert order.remaining_lots > 0
        key = order.account_id, order.market_id, order.side
        slot = state.account(order.account_id).position(order.market_id)
        lots[key] += order.reserved_lots * (order.order_id >= slot.min_order_id)
        counts[key[:2]] += 1
    for account_id, account in state.accounts.items():
        market_ids = [position.market_id for position in account.positions]
        assert market_ids == sorted(set(market_ids))
        for position in account.positions:
            _check_slot(account_id, position, lots, counts)
    assert not lots, lots
    assert not counts, counts


def _check_slot(
    account_id: int,
    position: Position,
    lots: "Counter[tuple[int, int, Side]]",
    counts: "Counter[tuple[int, int]]",
) -> None:
    assert not position.is_empty
    n_orders = counts.pop((account_id, position.market_id), 0)
    assert position.n_orders == n_orders, (account_id, position)
    for side in Side:
        key = account_id, position.market_id, side
        assert position.open_lots(side) == lots.pop(key, 0), (key, position)


def check_list(state: State, market_id: int, order_list: OrderList) -> int:
    """Assert that the linked list is in priority order and that the index agrees with it.

    Returns the number of orders in the list.
    """
    order_id, price_ticks = state.market(market_id).head(order_list)
    listed: list[RestingOrder] = []
    while order_id != 0:
        order = state.order(order_id)
        place = order.market_id, order.order_list, order.list_price_ticks
        assert place == (market_id, order_list, price_ticks)
        listed.append(order)
        order_id, price_ticks = order.next_id, order.next_price_ticks
    assert price_ticks == 0
    sign = -1 if order_list.is_descending else 1
    keys = [(sign * order.list_price_ticks, order.order_id) for order in listed]
    assert keys == sorted(set(keys)), keys
    assert [order.order_id for order in listed] == list(state.books[market_id, order_list])
    return len(listed)
