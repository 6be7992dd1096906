"""What an order would do to its account: the rules themselves, run on a state of one account.

Not consensus; for who wants to know before he sends. Of the book it knows nothing, so it tells both
ends of what can happen: the order meets nobody and rests, or somebody takes all of it at its own
price. What fills in part, or at better prices, lies between them: equity falls at most as much, and
by a quantum more for each further trade, as each rounds its fee up.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Final

from novation.protocol.accounts import Account, Position
from novation.protocol.config import ExchangeConfig
from novation.protocol.constants import (
    LAST_TIME_MS,
    ORDER_ID_BOUND,
    ORDER_SIZE_BOUND,
    RATE_BOUND,
)
from novation.protocol.errors import ErrorCode, InvalidTransaction, ResultCode
from novation.protocol.margin import Margin, margin_of
from novation.protocol.markets import Globals, Market, UnderlyingState
from novation.protocol.nonces import NonceWindow
from novation.protocol.numeric import div_ceil
from novation.protocol.orders import RestingOrder, TimeInForce
from novation.protocol.parameters import Parameters
from novation.protocol.rules.place_order import apply_place_order
from novation.protocol.sealing import open_batch
from novation.protocol.signing_keys import SigningKey
from novation.protocol.state import State, StateParts, TreeNodes
from novation.protocol.transactions import PlaceOrder

# No rule that an order can break asks for the exchange, or for more than that a key may sign.
_CONFIG: Final = ExchangeConfig(chain_id=1, exchange_address=1)
_KEY: Final = SigningKey.full(1)
# Behind every order that there is: whoever died before is not meant.
_NEXT_ORDER_ID: Final = ORDER_ID_BOUND - 1
_OTHERS_BALANCE_QUANTA: Final = 2**98
_NEVER_RESTS: Final = (TimeInForce.FOK,)
_NEVER_TAKES: Final = (TimeInForce.POST_ONLY, TimeInForce.POST_ONLY_SLIDE)


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What the rules read besides the account, as of one moment; `market` is the order's."""

    parameters: Parameters
    underlyings: tuple[UnderlyingState, ...]
    market: Market
    counters: Globals


@dataclass(frozen=True, slots=True)
class Outcome:
    """The order's result, or why it is refused, and the account's margin after it.

    Where only margin does not suffice, `margin` is what it would be, else None if it is refused.
    """

    result_code: ResultCode | None
    refusal: InvalidTransaction | None
    margin: Margin | None


@dataclass(frozen=True, slots=True)
class Preview:
    """Both ends of what can happen; None is what an order of this kind never does."""

    rests: Outcome | None
    fills: Outcome | None

    @property
    def is_accepted(self) -> bool:
        """Whether the order is accepted whichever of the two happens."""
        return all(way is None or way.refusal is None for way in (self.rests, self.fills))


def preview(account: Account, around: Surroundings, tx: PlaceOrder) -> Preview:
    """Return what an order would do; its key, nonce, end and signature do not matter."""
    rests = fills = None
    if tx.time_in_force not in _NEVER_RESTS:
        rests = _outcome(_state(account, around, tx), tx)
    if tx.time_in_force not in _NEVER_TAKES:
        fills = _outcome(_with_somebody(account, around, tx), tx)
    return Preview(rests, fills)


def largest_size_lots(account: Account, around: Surroundings, tx: PlaceOrder) -> int:
    """Return the largest size with which an order is accepted whatever happens, 0 if none is.

    The size in `tx` does not matter. Of reduce-only orders it is at most the position.
    """
    held_lots = abs(account.position(tx.market_id).size_lots)
    if tx.reduce_only and held_lots == 0:
        return 0

    def is_accepted(size_lots: int) -> bool:
        return preview(account, around, replace(tx, size_lots=size_lots)).is_accepted

    terms = around.parameters.underlyings[around.market.underlying_id]
    lot_quanta = terms.notional_quanta(1, tx.price_ticks)
    least_lots = max(div_ceil(terms.min_order_quanta, lot_quanta), 1)
    highest = held_lots if tx.reduce_only else ORDER_SIZE_BOUND - 1
    return _last_accepted(is_accepted, (least_lots, held_lots), min(highest, ORDER_SIZE_BOUND - 1))


def _last_accepted(
    is_accepted: Callable[[int], bool], starts: tuple[int, ...], highest: int
) -> int:
    """Return an accepted size whose successor is not, above the largest accepted start.

    What margin is left is a concave function of the size, but for fees that are rounded: from an
    accepted size on it falls below zero once. A closing order may begin to be accepted only with
    the whole position.
    """
    if is_accepted(highest):
        return highest
    low = max((size for size in starts if 0 < size < highest and is_accepted(size)), default=0)
    if low == 0:
        return 0
    high = highest
    while high - low > 1:
        middle = (low + high) // 2
        if is_accepted(middle):
            low = middle
        else:
            high = middle
    return low


def _outcome(state: State, tx: PlaceOrder) -> Outcome:
    open_batch(state)
    state.begin()
    sent = replace(tx, key_index=0, nonce=1, valid_until_ms=state.globals.time_ms)
    try:
        result = apply_place_order(state, sent, verify_signature=False)
    except InvalidTransaction as refusal:
        # It is the last rule, so that the state is that after the order.
        is_last = refusal.code in (ErrorCode.INSUFFICIENT_MARGIN, ErrorCode.BANKRUPT)
        return Outcome(None, refusal, _margin(state, tx) if is_last else None)
    return Outcome(result.result_code, None, _margin(state, tx))


def _margin(state: State, tx: PlaceOrder) -> Margin:
    return margin_of(state.account(tx.account_id), state.underlyings, state.parameters)


def _state(
    account: Account,
    around: Surroundings,
    tx: PlaceOrder,
    others: tuple[tuple[RestingOrder, Account], ...] = (),
) -> State:
    """Return a state of the account and of others, each with an order on the other side."""
    signing = replace(account, keys=(_KEY,), windows=(NonceWindow(),))
    market = replace(
        around.market,
        bid_head_id=0,
        bid_head_price_ticks=0,
        ask_head_id=0,
        ask_head_price_ticks=0,
    )
    for order, _ in others:
        market = market.with_head(order.side, order.order_id, order.price_ticks)
    alive = (replace(underlying, dead_below_order_id=0) for underlying in around.underlyings)
    parts = StateParts(
        parameters=around.parameters,
        underlyings=tuple(alive),
        accounts={tx.account_id: signing} | {order.account_id: other for order, other in others},
        orders={slot: order for slot, (order, _) in enumerate(others)},
        markets={tx.market_id: market},
        counters=replace(around.counters, next_order_id=_NEXT_ORDER_ID, next_tick_ms=LAST_TIME_MS),
        nodes=TreeNodes(),
    )
    return State(_CONFIG, parts)


def _with_somebody(account: Account, around: Surroundings, tx: PlaceOrder) -> State:
    """Return a state in which somebody offers all of it at the order's price, and can pay."""
    side = tx.side.other
    order = RestingOrder(
        order_id=_NEXT_ORDER_ID - 1,
        account_id=tx.account_id ^ 1,
        market_id=tx.market_id,
        side=side,
        reduce_only=False,
        remaining_lots=tx.size_lots,
        price_ticks=tx.price_ticks,
        expiry_time_ms=LAST_TIME_MS,
        max_fee_ppm=RATE_BOUND - 1,
        key_index=0,
        nonce=1,
    )
    other = Account.new(account.l1_address ^ 1, key=1).with_balance(_OTHERS_BALANCE_QUANTA)
    slot = Position(tx.market_id).with_open_change(side, tx.size_lots, 1)
    return _state(account, around, tx, ((order, other.with_position(slot)),))
