"""A slot's guard: so many lots may be filled of its orders, then all of them are dead.

docs/spec/protocol.md, section 9. A MassQuote sets it; whoever takes too much of a market maker's
quotes before he has quoted anew meets the rest of them no more.
"""

from dataclasses import replace

from novation.protocol.events import CancelReason, OrderCancelled
from novation.protocol.orders import RestingOrder
from novation.protocol.rules.dead_orders import cancellations
from novation.protocol.state import State


def spend_guard(
    state: State, maker: RestingOrder, lots: int, taker_order_id: int
) -> tuple[OrderCancelled, ...]:
    """Count lots that were filled of an order; return what dies of it.

    As with timers, the taker's own id is the next one as far as makers are concerned.
    """
    account = state.account(maker.account_id)
    slot = account.position(maker.market_id)
    if slot.guarded_lots == 0:
        return ()
    left_lots = slot.guarded_lots - lots
    if left_lots > 0:
        slot = replace(slot, guarded_lots=left_lots)
        state.set_account(maker.account_id, account.with_position(slot))
        return ()
    events = cancellations(state, maker.account_id, CancelReason.GUARD, maker.market_id)
    slot = replace(slot.all_cancelled(taker_order_id), guarded_lots=0, min_order_id=taker_order_id)
    state.set_account(maker.account_id, account.with_position(slot))
    return events
