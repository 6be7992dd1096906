"""SettlePosition: the pool of a market that has ended takes a position at the last price.

docs/spec/protocol.md, section 21. So longs equal shorts, with the pool's, until nobody has a
position; what the pool has then is less than a quantum a lot, and is given to insurance.
"""

from dataclasses import replace

from novation.protocol.batch import TransactionResult
from novation.protocol.constants import INSURANCE_ACCOUNT_ID, PRICE_X16_ONE, SETTLED_SAMPLES
from novation.protocol.errors import Broken, ErrorCode, InvalidTransaction, ResultCode
from novation.protocol.events import PositionSettled
from novation.protocol.margin import margin_of
from novation.protocol.numeric import div_floor
from novation.protocol.rules.dead_orders import apply_timer
from novation.protocol.rules.failing import check_not_bankrupt, known_account
from novation.protocol.rules.list_market import not_listed
from novation.protocol.rules.pools import credit_insurance, end_pool
from novation.protocol.rules.resolving import check_settled
from novation.protocol.state import State
from novation.protocol.transactions.settle_position import (
    SettlePosition,
    validate_settle_position,
)


def check_settle_position(state: State, tx: SettlePosition) -> None:
    """Check that the market has ended, that its jump is settled, and that nothing is owed.

    No price need be valid: what the position is worth never changes, and a debt is not hidden.
    """
    account = known_account(state, tx.account_id)
    if tx.market_id not in state.markets:
        raise not_listed(state, tx.market_id)
    prices = state.price_of(tx.market_id)
    if not prices.is_settled:
        raise InvalidTransaction(
            ErrorCode.NOT_SETTLED,
            f"market {tx.market_id} has not ended",
            Broken("missed_samples", prices.missed_samples, SETTLED_SAMPLES),
        )
    check_settled(state, tx.market_id, "positions are settled")
    if account.position(tx.market_id).size_lots == 0:
        raise InvalidTransaction(
            ErrorCode.NO_POSITION,
            f"account {tx.account_id} has no position in market {tx.market_id}",
            Broken("size_lots", 0, 1),
        )
    check_not_bankrupt(tx.account_id, margin_of(account, state.underlyings, state.parameters))


def apply_settle_position(state: State, tx: SettlePosition) -> TransactionResult:
    """Close a position at the settlement price, exactly and without a fee."""
    validate_settle_position(tx)
    timed_out = apply_timer(state, tx.account_id)
    check_settle_position(state, tx)
    account, prices = state.account(tx.account_id), state.price_of(tx.market_id)
    slot, market = account.position(tx.market_id), state.open_market(tx.market_id)
    n_slots = len(account.positions) + len(state.account(INSURANCE_ACCOUNT_ID).positions)
    price_ticks = div_floor(prices.index_price_x16, PRICE_X16_ONE)
    size_lots = slot.size_lots
    value_quanta = size_lots * price_ticks * state.underlying_of(tx.market_id).multiplier
    worth_quanta = value_quanta - prices.paid_quanta(size_lots)
    state.set_account(
        tx.account_id, account.with_position(replace(slot, size_lots=0), worth_quanta)
    )
    interest_lots = market.open_interest_lots - max(0, size_lots)
    state.set_market(tx.market_id, market.with_open_interest(interest_lots))
    taken = replace(
        prices,
        pool_lots=prices.pool_lots + size_lots,
        pool_cash_quanta=prices.pool_cash_quanta - value_quanta,
    )
    state.set_underlying(tx.market_id, taken)
    credit_insurance(state, end_pool(state, tx.market_id))
    event = PositionSettled(tx.account_id, tx.market_id, size_lots, price_ticks)
    return TransactionResult(ResultCode.DONE, (*timed_out, event), n_slots=n_slots)
