"""What one account sends: signed messages, one after the other, and what came of each."""

from dataclasses import dataclass, replace
from typing import Final, TypeVar

from novation.crypto import public_key
from novation.protocol.batch import TransactionResult
from novation.protocol.constants import AMOUNT_BOUND, LAST_TIME_MS, USD_ASSET_ID
from novation.protocol.events import Withdrawn
from novation.protocol.orders import (
    RestingOrder,
    SelfTradeScope,
    Side,
    TimeInForce,
    TriggerDirection,
)
from novation.protocol.signing import signed
from novation.protocol.signing_keys import Permission
from novation.protocol.transactions import (
    AddKey,
    Bid,
    CancelAll,
    CancelOrder,
    Deposit,
    Liquidate,
    MassQuote,
    ParameterKind,
    PlaceOrder,
    PlaceTrigger,
    PruneOrder,
    Quote,
    QuoteTerms,
    ReplaceOrder,
    SetAuction,
    SetCancelTimer,
    SetParameter,
    TakeOver,
    Transaction,
    Transfer,
    Unwind,
    UserTransaction,
    Withdraw,
)
from simulation.plan import account_secret, l1_address, trading_secret
from simulation.record import Recorder
from simulation.view import View

Message = TypeVar("Message", bound=UserTransaction)

MAX_FEE_PPM: Final = 1_000
_VALIDITY_MS: Final = 5_000
_FIRST_KEY, _TRADING_KEY = 0, 1


@dataclass(frozen=True, slots=True)
class Terms:
    """How an order is placed, besides where, how much and at what price."""

    time_in_force: TimeInForce = TimeInForce.GTC
    lives_ms: int = 3_600_000
    reduce_only: bool = False
    scope: SelfTradeScope = SelfTradeScope.ACCOUNT


class Desk:
    """Signs and sends the messages of an account; a refusal is told by None and recorded."""

    def __init__(self, account_id: int, view: View, recorder: Recorder, owner: int) -> None:
        """Send for an account; `owner` names its L1 address."""
        self.account_id = account_id
        self.view = view
        self._recorder = recorder
        self.paid_in_quanta = 0
        self.withdrawn_quanta = 0
        self._owner = owner
        self._key_index = _FIRST_KEY
        self._nonces = [0, 0]
        # Key slot and nonce of the last order's message, by which it may be cancelled.
        self.last_origin = (0, 0)

    def place(
        self, market_id: int, side: Side, size_lots: int, price_ticks: int, terms: Terms
    ) -> TransactionResult | None:
        """Place an order."""
        order = self._order(market_id, side, size_lots, price_ticks, terms)
        return self._send_order(order)

    def wait_for(
        self,
        market_id: int,
        side: Side,
        size_lots: int,
        trigger_ticks: int,
        price_ticks: int,
        direction: TriggerDirection,
    ) -> TransactionResult | None:
        """Let an order that closes lie dormant until the mark is there; it ends its sisters."""
        terms = Terms(TimeInForce.IOC, reduce_only=True)
        order = self._order(market_id, side, size_lots, price_ticks, terms)
        tx = PlaceTrigger.of(
            order,
            trigger_price_ticks=trigger_ticks,
            trigger_direction=direction,
            ends_others=True,
        )
        return self._send_signed(tx)

    def mass_quote(
        self, market_id: int, terms: QuoteTerms, quotes: tuple[Quote, ...]
    ) -> TransactionResult | None:
        """Place quotes, all or none."""
        nonce = self._next_nonce(self._key_index)
        tx = MassQuote(self.account_id, self._key_index, nonce, market_id, terms, quotes)
        return self._send_signed(tx)

    def replace(
        self, old: RestingOrder, size_lots: int, price_ticks: int, terms: Terms, *, by_id: bool
    ) -> TransactionResult | None:
        """Put an order in the place of another one, named by its id or by its message."""
        order = self._order(old.market_id, old.side, size_lots, price_ticks, terms)
        name = (old.order_id, 0, 0) if by_id else (0, old.key_index, old.nonce)
        return self._send_order(_replacing(order, name, old.remaining_lots, in_place=False))

    def shrink(self, old: RestingOrder, size_lots: int) -> TransactionResult | None:
        """Make an order smaller where it stands; it keeps its message's name."""
        terms = Terms(lives_ms=old.expiry_time_ms - self.view.now_ms, reduce_only=old.reduce_only)
        order = self._order(old.market_id, old.side, size_lots, old.price_ticks, terms)
        name = old.order_id, 0, 0
        return self._send_signed(_replacing(order, name, old.remaining_lots, in_place=True))

    def cancel(self, order_id: int) -> TransactionResult | None:
        """Cancel an order by its id."""
        nonce = self._next_nonce(self._key_index)
        return self._send_signed(CancelOrder(self.account_id, self._key_index, nonce, order_id))

    def cancel_placed_by(self, key_index: int, nonce: int) -> TransactionResult | None:
        """Cancel the order that a message has placed."""
        own = self._next_nonce(self._key_index)
        tx = CancelOrder(self.account_id, self._key_index, own, 0, key_index, nonce)
        return self._send_signed(tx)

    def cancel_all(self, market_id: int | None = None) -> TransactionResult | None:
        """Cancel all orders, in a market or everywhere."""
        nonce = self._next_nonce(self._key_index)
        return self._send_signed(CancelAll(self.account_id, self._key_index, nonce, market_id))

    def set_timer(self, after_ms: int) -> TransactionResult | None:
        """Let all orders die after some time, unless this is sent again before."""
        nonce, at_ms = self._next_nonce(self._key_index), self.view.now_ms + after_ms
        return self._send_signed(SetCancelTimer(self.account_id, self._key_index, nonce, at_ms))

    def withdraw(self, amount_quanta: int) -> TransactionResult | None:
        """Withdraw collateral; the first key may."""
        nonce = self._next_nonce(_FIRST_KEY)
        result = self._send_signed(Withdraw(self.account_id, _FIRST_KEY, nonce, amount_quanta))
        if result is not None:
            # While something is missing, a part is paid.
            self.withdrawn_quanta += sum(
                event.amount_quanta for event in result.events if isinstance(event, Withdrawn)
            )
        return result

    def transfer(
        self, to_account_id: int, amount_quanta: int, asset_id: int = USD_ASSET_ID
    ) -> TransactionResult | None:
        """Move an amount to another account; the first key may."""
        nonce = self._next_nonce(_FIRST_KEY)
        tx = Transfer(self.account_id, _FIRST_KEY, nonce, to_account_id, amount_quanta, asset_id)
        return self._send_signed(tx)

    def use_trading_key(self) -> TransactionResult | None:
        """Add a key that may only trade, and sign with it from now on."""
        tx = AddKey(
            account_id=self.account_id,
            key_index=_FIRST_KEY,
            nonce=self._next_nonce(_FIRST_KEY),
            slot=_TRADING_KEY,
            permissions=Permission.TRADE,
            expiry_ms=LAST_TIME_MS,
            public_key=public_key(trading_secret(self.account_id)),
        )
        result = self._send_signed(tx)
        if result is not None:
            self._key_index = _TRADING_KEY
        return result

    def withdraw_asset(self, asset_id: int, amount_quanta: int) -> TransactionResult | None:
        """Withdraw an asset besides USD."""
        nonce = self._next_nonce(_FIRST_KEY)
        tx = Withdraw(self.account_id, _FIRST_KEY, nonce, amount_quanta, asset_id=asset_id)
        return self._send_signed(tx)

    def deposit_asset(self, asset_id: int, amount_quanta: int) -> TransactionResult | None:
        """Pay an asset besides USD in on L1."""
        key, owner = public_key(account_secret(self.account_id)), l1_address(self._owner)
        return self._send(Deposit(self.account_id, owner, key, amount_quanta, asset_id))

    def deposit(self, amount_quanta: int) -> TransactionResult | None:
        """Pay collateral in on L1."""
        assert 0 < amount_quanta < AMOUNT_BOUND
        key = public_key(account_secret(self.account_id))
        self.paid_in_quanta += amount_quanta
        tx = Deposit(self.account_id, l1_address(self._owner), key, amount_quanta)
        return self._send(tx)

    def prune(self, order_id: int) -> TransactionResult | None:
        """Take a dead order, of whomever, out of the book."""
        return self._send(PruneOrder(order_id))

    def liquidate(self, account_id: int, market_id: int) -> TransactionResult | None:
        """Reduce a position of a failing account."""
        return self._send(Liquidate(account_id, market_id))

    def set_auction(self, account_id: int) -> TransactionResult | None:
        """Start the auction of a failing account, or end that of one that does not fail."""
        return self._send(SetAuction(account_id))

    def bid(
        self, failing_account_id: int, share_x16: int, min_discount_ppm: int, most_quanta: int
    ) -> TransactionResult | None:
        """Bid for a share of what a failing account holds."""
        tx = Bid(
            account_id=self.account_id,
            key_index=self._key_index,
            nonce=self._next_nonce(self._key_index),
            failing_account_id=failing_account_id,
            share_x16=share_x16,
            min_discount_ppm=min_discount_ppm,
            max_notional_quanta=most_quanta,
        )
        return self._send_signed(tx)

    def take_over(self, account_id: int) -> TransactionResult | None:
        """Give away all positions of a hopeless account."""
        return self._send(TakeOver(account_id))

    def unwind(self, market_id: int) -> TransactionResult | None:
        """Trade a part of what a pool has, or the insurance fund."""
        return self._send(Unwind(market_id))

    def set_modes(self, market_id: int, modes: int) -> TransactionResult | None:
        """Set what L1's owner does not allow in a market."""
        terms = replace(self.view.terms(market_id), modes=modes)
        return self._send(SetParameter(ParameterKind.UNDERLYING, market_id, terms.word()))

    def _order(
        self, market_id: int, side: Side, size_lots: int, price_ticks: int, terms: Terms
    ) -> PlaceOrder:
        return PlaceOrder(
            account_id=self.account_id,
            key_index=self._key_index,
            nonce=self._next_nonce(self._key_index),
            market_id=market_id,
            side=side,
            price_ticks=price_ticks,
            size_lots=size_lots,
            expiry_time_ms=self.view.now_ms + terms.lives_ms,
            max_fee_ppm=MAX_FEE_PPM,
            reduce_only=terms.reduce_only,
            time_in_force=terms.time_in_force,
            self_trade_scope=terms.scope,
        )

    def _send_order(self, order: PlaceOrder) -> TransactionResult | None:
        self.last_origin = order.key_index, order.nonce
        return self._send_signed(order)

    def _next_nonce(self, key_index: int) -> int:
        self._nonces[key_index] += 1
        return self._nonces[key_index]

    def _send_signed(self, tx: Message) -> TransactionResult | None:
        secret = account_secret if tx.key_index == _FIRST_KEY else trading_secret
        tx = replace(tx, valid_until_ms=self.view.now_ms + _VALIDITY_MS)
        return self._send(signed(tx, secret(self.account_id), self._recorder.config))

    def _send(self, tx: Transaction) -> TransactionResult | None:
        return self._recorder.submit(tx)


def _replacing(
    order: PlaceOrder, name: tuple[int, int, int], seen_lots: int, *, in_place: bool
) -> ReplaceOrder:
    order_id, placed_key_index, placed_nonce = name
    return ReplaceOrder.of(
        order,
        order_id=order_id,
        placed_key_index=placed_key_index,
        placed_nonce=placed_nonce,
        seen_lots=seen_lots,
        in_place=in_place,
    )
