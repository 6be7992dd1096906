"""PlaceTrigger: an order lies dormant until the mark reaches its price.

docs/spec/protocol.md, section 16.
"""

from dataclasses import replace

from novation.protocol.batch import PlaceOrderHints, TransactionResult
from novation.protocol.errors import ResultCode
from novation.protocol.events import TriggerPlaced
from novation.protocol.rules.dead_orders import apply_timer
from novation.protocol.rules.market_modes import check_not_halted, check_not_settled
from novation.protocol.rules.place_order import (
    check_active,
    check_free_slot,
    check_terms,
    check_worth,
    give_id,
    rest_order,
)
from novation.protocol.rules.signer import apply_nonce, check_signer
from novation.protocol.signing_keys import Permission
from novation.protocol.state import State
from novation.protocol.transactions.place_trigger import PlaceTrigger, validate_place_trigger


def apply_place_trigger(
    state: State, tx: PlaceTrigger, *, verify_signature: bool
) -> TransactionResult:
    """Link the order into the list of those that wait for the same direction."""
    validate_place_trigger(tx)
    timed_out = apply_timer(state, tx.account_id)
    account = check_signer(state, tx, Permission.TRADE, verify_signature=verify_signature)
    check_active(state, tx.market_id)
    check_not_settled(state, tx.market_id)
    check_not_halted(state, tx.market_id)
    check_terms(state, tx)
    check_free_slot(account, tx.market_id)
    check_worth(state, tx.market_id, tx.size_lots, tx.price_ticks)
    apply_nonce(state, tx, account)
    state.open_market(tx.market_id)
    order = replace(give_id(state, tx, tx.size_lots), trigger=tx.trigger)
    predecessor_id = rest_order(state, order)
    hints = PlaceOrderHints(
        order.order_id, resting_lots=order.remaining_lots, predecessor_id=predecessor_id
    )
    placed = TriggerPlaced(
        order_id=order.order_id,
        account_id=tx.account_id,
        nonce=tx.nonce,
        market_id=tx.market_id,
        side=tx.side,
        price_ticks=tx.price_ticks,
        size_lots=tx.size_lots,
        trigger=tx.trigger,
        label=tx.label,
    )
    n_slots = len(account.positions) + 1
    return TransactionResult(ResultCode.DORMANT, (*timed_out, placed), hints, n_slots)
