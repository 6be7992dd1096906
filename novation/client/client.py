"""The asynchronous client.

async with Client("127.0.0.1:50051", account_id=2, signer=LocalSigner(key)) as client:
    ack = await client.place_order("BTC-USD", Side.BUY, price="95000.1", size="0.01")
    await client.cancel_order(ack.order_id)
"""

from collections.abc import Sequence
from types import TracebackType
from typing import Any, Self

from novation.api.v1 import order_service_pb2
from novation.client import checks, conversion, models
from novation.client.accounts import check_l1_address, own_account_id
from novation.client.auction_models import BidAck
from novation.client.clock import now_ms
from novation.client.errors import InvalidInputError, RejectedError
from novation.client.exchange import Exchange, ask
from novation.client.keys import NonceLane, Signer
from novation.client.messages import (
    add_key_message,
    bid_message,
    cancel_all_message,
    cancel_message,
    cancel_timer_message,
    place_message,
    quotes_message,
    remove_key_message,
    replace_message,
    transfer_message,
    withdraw_message,
)
from novation.client.order_stream import OrderStream
from novation.client.orders import (
    DEFAULT_VALIDITY_MS,
    MessageFactory,
    OrderRequest,
    Replacement,
    SigningIdentity,
    default_fee_limit_ppm,
)
from novation.client.quotes import QuoteRequest, QuotesRequest
from novation.client.transport import Transport
from novation.client.triggers import TriggerClient
from novation.client.units import Market, Number
from novation.crypto import FIELD_PRIME
from novation.protocol.constants import LAST_TIME_MS, MAX_VALIDITY_MS, PPM_ONE
from novation.protocol.errors import ErrorCode
from novation.protocol.orders import SelfTradeMode, SelfTradeScope, Side, TimeInForce
from novation.protocol.transactions import MassQuote, PlaceOrder, ReplaceOrder

DEFAULT_LIFETIME_MS = 24 * 60 * 60 * 1000
DEFAULT_SLIPPAGE_PPM = 10_000


class Client(TriggerClient):
    """Orders, queries and streams of one account; queries and market data need no account.

    `account_id` says whose money it is, `signer` which key signs: they are separate because an
    account may have several keys. Nothing is sent before `connect` or `async with`.
    """

    def __init__(  # noqa: PLR0913 - one option per part, by keyword
        self,
        target: str,
        *,
        account_id: int | None = None,
        l1_address: str | None = None,
        signer: Signer | None = None,
        sequencer_public_key: int | None = None,
        max_fee_ppm: int | None = None,
        validity_ms: int = DEFAULT_VALIDITY_MS,
    ) -> None:
        """Name the server; pin `sequencer_public_key` to accept receipts of that key only.

        Without `account_id` the account is the only one whose first key the signer's is. Strangers
        can deposit for anybody's key, too: `l1_address` leaves only accounts of that address.

        `max_fee_ppm` is the highest fee rate that an order is signed with unless it names its own.
        By default it is the highest fee of any underlying when the client connects first, but at
        most 10,000 (1 %): fees that L1's owner raises later are not accepted silently.

        Each message is valid for `validity_ms` from when it is signed, by this machine's clock: who
        withholds it has no longer to see where prices go. A day is the most that is accepted.
        """
        if account_id is not None:
            checks.account_id(account_id)
        if l1_address is not None:
            l1_address = check_l1_address(l1_address)
        if sequencer_public_key is not None:
            checks.integer("sequencer_public_key", sequencer_public_key, 1, FIELD_PRIME)
        if max_fee_ppm is not None:
            checks.rate_ppm("max_fee_ppm", max_fee_ppm)
        checks.integer("validity_ms", validity_ms, 1, MAX_VALIDITY_MS + 1)
        if signer is not None and not callable(getattr(signer, "sign", None)):
            raise InvalidInputError(
                f"signer: a {type(signer).__name__}; wanted is a Signer, as LocalSigner"
            )
        super().__init__(Transport(checks.text("target", target)), account_id)
        self._l1_address = l1_address
        self._signer = signer
        self._pinned_key = sequencer_public_key
        self._max_fee_ppm = max_fee_ppm
        self._validity_ms = validity_ms
        self._factory = None

    async def connect(self) -> Self:
        """Read the exchange's configuration and find the signer's key in the account.

        Raises:
            AccountChoiceError: without account_id, if the key is not the first of just one account.
            InvalidInputError: the key is not one of the account's, or the L1 address is another.
            NotFoundError: there is no such account.
            ConnectionLostError: the server cannot be reached.
        """
        self._exchange = Exchange.from_message(await ask(self._transport))
        if self._pinned_key not in (None, self._exchange.sequencer_public_key):
            raise InvalidInputError(
                f"the server signs with {self._exchange.sequencer_public_key:#x}, "
                f"expected is {self._pinned_key:#x}"
            )
        if self._max_fee_ppm is None:
            self._max_fee_ppm = default_fee_limit_ppm(self._exchange)
        await self.refresh_nonce()
        return self

    async def close(self) -> None:
        """Close the connection."""
        await self._transport.close()

    async def __aenter__(self) -> Self:
        """Connect."""
        try:
            return await self.connect()
        except BaseException:
            await self.close()
            raise

    async def __aexit__(
        self,
        _type: type[BaseException] | None,
        _value: BaseException | None,
        _traceback: TracebackType | None,
    ) -> None:
        """Close the connection."""
        await self.close()

    async def place_order(  # noqa: PLR0913 - the fields of an order, by keyword
        self,
        market: str | int,
        side: Side,
        *,
        price: Number,
        size: Number,
        time_in_force: TimeInForce = TimeInForce.GTC,
        reduce_only: bool = False,
        expiry_time_ms: int | None = None,
        max_fee_ppm: int | None = None,
        self_trade_mode: SelfTradeMode = SelfTradeMode.CANCEL_RESTING,
        self_trade_scope: SelfTradeScope = SelfTradeScope.ACCOUNT,
        label: int = 0,
    ) -> models.OrderAck:
        """Place a limit order; returns when it is durable. The order lives for a day by default.

        Args:
            market: symbol or id.
            side: buy or sell.
            price: in USD, on the market's tick grid.
            size: in the base asset, on the market's lot grid.
            time_in_force: what happens to the part that is not filled at once.
            reduce_only: only make the position smaller.
            expiry_time_ms: Unix milliseconds.
            max_fee_ppm: highest accepted fee rate; by default the market's at the last look, if
                that is within the client's own limit.
            self_trade_mode: what happens instead of a trade with oneself.
            self_trade_scope: whether that is the account, or all of its L1 address.
            label: a number of one's own, which comes back with the order.

        Raises:
            FeeLimitError: the market's fee is above the client's limit; nothing was sent.
            OffGridError: price or size is between two ticks or lots; nothing was sent.
            RejectedError: the exchange refused; nothing has changed.
            ConnectionLostError: no answer after several attempts. To be able to repeat it later,
                use `sign_order` and `submit_order`.
        """
        request = OrderRequest(
            market=market,
            side=side,
            price=price,
            size=size,
            expiry_time_ms=now_ms() + DEFAULT_LIFETIME_MS
            if expiry_time_ms is None
            else expiry_time_ms,
            time_in_force=time_in_force,
            reduce_only=reduce_only,
            max_fee_ppm=max_fee_ppm,
            self_trade_mode=self_trade_mode,
            self_trade_scope=self_trade_scope,
            label=label,
        )
        if self._factory is not None:
            await self.exchange.find_market(self._transport, market)
        return await self.submit_order(self.sign_order(request))

    async def place_market_order(
        self,
        market: str | int,
        side: Side,
        *,
        size: Number,
        worst_price: Number | None = None,
        slippage_ppm: int = DEFAULT_SLIPPAGE_PPM,
        **fields: Any,  # noqa: ANN401 - those of place_order
    ) -> models.OrderAck:
        """Trade at once at the best prices there are; what is left is cancelled.

        Args:
            market: symbol or id.
            side: buy or sell.
            size: in the base asset, on the market's lot grid.
            worst_price: nothing trades at a worse one. By default it is derived from the mark price
                that the server tells: give it if you do not trust that.
            slippage_ppm: how much worse than the mark price it may then be; 1 % by default.
            **fields: others of `place_order`.
        """
        checks.choice("side", side, Side)
        checks.integer("slippage_ppm", slippage_ppm, 0, PPM_ONE)
        if worst_price is None:
            mark_price = await self.mark_price(market)
            if mark_price is None:
                raise InvalidInputError(f"worst_price: needed, market {market} has no price yet")
            worst_price = self.exchange.market(market).worst_price(side, mark_price, slippage_ppm)
        force = TimeInForce.IOC
        return await self.place_order(
            market, side, price=worst_price, size=size, time_in_force=force, **fields
        )

    def sign_order(self, request: OrderRequest) -> PlaceOrder:
        """Sign an order without sending it; `submit_order` sends it, as often as needed.

        `markets` makes a market known that was listed after the client connected.
        """
        return self._signing().place_order(request)

    async def submit_order(self, tx: PlaceOrder) -> models.OrderAck:
        """Send a signed order; see `place_order`. Sent again, it gets its first answer.

        If the market's fee has risen above what was signed, the client knows the fee afterwards;
        it signs that only within its own limit.
        """
        checks.instance("tx", tx, PlaceOrder)
        message = place_message(tx)
        try:
            response = await self._transport.call(self._transport.orders.PlaceOrder, message)
        except RejectedError as refusal:
            if refusal.code == ErrorCode.FEE_ABOVE_LIMIT:
                await self.exchange.refresh(self._transport)
            raise
        return self._signing().order_ack(tx, response)

    def sign_replacement(self, request: Replacement) -> ReplaceOrder:
        """Sign an order in the place of another one without sending it; see `sign_order`."""
        return self._signing().replace_order(request)

    async def submit_replacement(self, tx: ReplaceOrder) -> models.ReplaceAck:
        """Send a signed order in the place of another one; see `replace_order`."""
        checks.instance("tx", tx, ReplaceOrder)
        message = replace_message(tx)
        response = await self._transport.call(self._transport.orders.ReplaceOrder, message)
        return self._signing().replace_ack(tx, response)

    async def replace_order(
        self,
        order_id: int,
        *,
        price: Number | None = None,
        size: Number | None = None,
        expiry_time_ms: int | None = None,
        **fields: Any,  # noqa: ANN401 - those of OrderRequest
    ) -> models.ReplaceAck:
        """Put another order in the place of one that rests: both happen, or nothing.

        What is not given is as of the old order. If only the size shrinks, and the end is no later,
        the order keeps its number and its place; else the new one stands behind all others at its
        price. `submit_replacement` does without asking what the old order is.

        Args:
            order_id: the old order's number.
            price: limit in USD.
            size: what may still be filled. What was filled when the message arrives, and not yet
                when the server was asked, counts.
            expiry_time_ms: Unix milliseconds after which the order no longer trades.
            **fields: others of `OrderRequest`.

        Raises:
            OrderFilledError, OrderCancelledError, OrderExpiredError: the old order is closed.
            RejectedError: the new order breaks a rule; the old one stays as it is.
        """
        old = await self.order(order_id)
        market = self.exchange.market(old.symbol)
        request = OrderRequest(
            market=old.symbol,
            price=old.price if price is None else price,
            size=old.remaining if size is None else size,
            expiry_time_ms=old.expiry_time_ms if expiry_time_ms is None else expiry_time_ms,
            **{
                "side": old.side,
                "reduce_only": old.reduce_only,
                "time_in_force": old.time_in_force,
                "label": old.label,
            }
            | fields,
        )
        # Of a closed order: the server says how it was closed.
        seen = max(old.remaining, market.lot_size)
        replacement = Replacement(request, seen, order_id, in_place=_shrinks(request, old, market))
        return await self.submit_replacement(self.sign_replacement(replacement))

    def sign_mass_quote(self, request: QuotesRequest) -> MassQuote:
        """Sign quotes without sending them; see `sign_order`."""
        return self._signing().mass_quote(request)

    async def submit_mass_quote(self, tx: MassQuote) -> models.QuotesAck:
        """Send signed quotes; see `mass_quote`. Sent again, they get their first answer."""
        checks.instance("tx", tx, MassQuote)
        message = quotes_message(tx)
        response = await self._transport.call(self._transport.orders.MassQuote, message)
        return self._signing().quotes_ack(tx, response)

    async def mass_quote(
        self,
        market: str | int,
        quotes: Sequence[QuoteRequest],
        *,
        expiry_time_ms: int | None = None,
        **fields: Any,  # noqa: ANN401 - those of QuotesRequest
    ) -> models.QuotesAck:
        """Quote a market anew under one signature: all quotes are placed, or none.

        By default the account's orders in the market are cancelled first, and a quote that would
        trade at once rests behind the other side's best price. None of them ever takes.

        Args:
            market: symbol or id.
            quotes: at least one, and 16 with those of `cancels`.
            expiry_time_ms: Unix milliseconds; a day by default.
            **fields: others of `QuotesRequest`.

        Raises:
            RejectedError: a quote breaks a rule; `field` says which: `quotes[3].price_ticks`. The
                old orders stay: `cancel_all` needs no prices and no margin.
        """
        at_ms = now_ms() + DEFAULT_LIFETIME_MS if expiry_time_ms is None else expiry_time_ms
        request = QuotesRequest(market, quotes, at_ms, **fields)
        if self._factory is not None:
            await self.exchange.find_market(self._transport, market)
        return await self.submit_mass_quote(self.sign_mass_quote(request))

    async def cancel_order(
        self,
        order_id: int | None = None,
        *,
        nonce: int | None = None,
        key_index: int | None = None,
        quote_index: int | None = None,
    ) -> models.CancelAck:
        """Cancel a resting order.

        Args:
            order_id: its number; or
            nonce: that of the message that placed it, known before there is an answer.
            key_index: slot of the key that signed that message, by default the client's own.
            quote_index: which of the quotes of that message it is, from 0 on.

        Raises:
            OrderFilledError, OrderCancelledError, OrderExpiredError: the order is closed already.
            OrderClosedError: so it is, but how is no longer kept.
            NotFoundError: there was never such an order.
        """
        factory = self._signing()
        named = {"nonce": nonce, "key_index": key_index, "quote_index": quote_index}
        tx = factory.cancel_order(order_id, **named)
        response = await self._transport.call(
            self._transport.orders.CancelOrder, cancel_message(tx)
        )
        order = await self.order(factory.cancel_receipt(tx, response).order_id)
        # Known since the order was converted.
        return factory.cancel_ack(tx, response, self.exchange.market(order.symbol))

    async def cancel_all(self, market: str | int | None = None) -> models.CancelAllAck:
        """Cancel all orders that rest, of one market or of all; none of them is filled any more.

        Raises:
            UnknownMarketError: there is no such market.
        """
        factory = self._signing()
        if market is not None:
            await self.exchange.find_market(self._transport, market)
        tx = factory.cancel_all(market)
        message = cancel_all_message(tx)
        response = await self._transport.call(self._transport.orders.CancelAll, message)
        return factory.cancel_all_ack(tx, response)

    async def set_cancel_timer(self, time_ms: int | None) -> models.CancelTimerAck:
        """Let all orders die at a time unless it is set anew before: a dead man's switch.

        Args:
            time_ms: Unix milliseconds of the exchange's clock; None switches the timer off. Orders
                placed after that time are not touched.

        Raises:
            TimerInPastError: the exchange's clock is not before it.
        """
        factory = self._signing()
        tx = factory.set_cancel_timer(time_ms)
        message = cancel_timer_message(tx)
        response = await self._transport.call(self._transport.orders.SetCancelTimer, message)
        return factory.cancel_timer_ack(tx, response)

    async def bid(
        self,
        failing_account_id: int,
        *,
        min_discount: Number,
        max_notional: Number,
        share: Number = 1,
    ) -> BidAck:
        """Take a share of each position of an account that is up for auction; see `auctions`.

        The positions come at the mark; for that the bidder is paid. No more is taken than what
        gives the failing account its initial margin back.

        Args:
            failing_account_id: of one of `auctions`.
            min_discount: what must be given at least, as a part of what is taken at the mark. A
                discount is a part of what equity the account has left, which prices change.
            max_notional: what may be taken at most, in USD at the mark.
            share: the part of each position that is wanted, up to 1.

        Raises:
            BidLimitError: less would be given, or more taken.
            NoAuctionError: the account is not up for auction, or does not fail any more.
            MarginRejectedError: the bidder would not meet its initial margin, or the account owes
                money.
        """
        factory = self._signing()
        tx = factory.bid(failing_account_id, share, min_discount, max_notional)
        response = await self._transport.call(self._transport.orders.Bid, bid_message(tx))
        return await self._converted(lambda: factory.bid_ack(tx, response))

    async def withdraw(self, amount: Number, asset: str | int = "USD") -> models.WithdrawAck:
        """Take an amount of an asset out of the exchange; L1 pays it once the batch is final.

        Args:
            amount: in whole units of the asset, at most with its decimals.
            asset: its symbol or id. Margin and prices matter to USD only.

        Raises:
            BalanceRejectedError: the account has less of another asset than USD.
            UnknownAssetError: L1 takes no such asset.
            MarginRejectedError: the account would not meet its initial margin without it.
            StalePriceError: the account has positions or orders, and the prices are too old.
            CustodyRejectedError: nobody has paid in yet what the account has won.
        """
        factory = self._signing()
        await self.exchange.find_asset(self._transport, asset)
        tx = factory.withdraw(amount, asset)
        response = await self._transport.call(self._transport.orders.Withdraw, withdraw_message(tx))
        return factory.withdraw_ack(tx, response)

    async def transfer(
        self, amount: Number, to_account_id: int, asset: str | int = "USD"
    ) -> models.TransferAck:
        """Move an amount of an asset to another account of the same L1 address, at once.

        An account for a market of its own is isolated margin: a deposit with another key opens it.

        Raises:
            OwnerRejectedError: the other account is of another L1 address, or the same account.
            NotFoundError: there is no such account. And those of `withdraw`.
        """
        factory = self._signing()
        await self.exchange.find_asset(self._transport, asset)
        tx = factory.transfer(amount, to_account_id, asset)
        response = await self._transport.call(self._transport.orders.Transfer, transfer_message(tx))
        return factory.transfer_ack(tx, response)

    async def add_key(
        self,
        public_key: int,
        permissions: int,
        *,
        expiry_time_ms: int = LAST_TIME_MS,
        slot: int | None = None,
    ) -> models.KeyAck:
        """Let another key sign for the account; the client's own must be an administrator.

        Args:
            public_key: abscissa of a point of the Stark curve.
            permissions: sum of `Permission`: TRADE, WITHDRAW, ADMIN.
            expiry_time_ms: Unix milliseconds from which it signs no more.
            slot: where it goes; by default the first behind slot 0 without a key, or the next.

        Raises:
            PermissionRejectedError: the client's key may not administer, has expired, or is in
                this slot.
        """
        factory = self._signing()
        if slot is None:
            keys = (await self.account()).keys
            free = (key.slot for key in keys[1:] if not key.permissions)
            slot = next(free, len(keys))
        tx = factory.add_key(slot, public_key, permissions, expiry_time_ms)
        response = await self._transport.call(self._transport.orders.AddKey, add_key_message(tx))
        return factory.key_ack(tx, response.receipt)

    async def remove_key(self, slot: int) -> models.KeyAck:
        """Take the permissions of another key of the account; its orders stay.

        Raises:
            PermissionRejectedError: see `add_key`.
        """
        factory = self._signing()
        tx = factory.remove_key(slot)
        message = remove_key_message(tx)
        response = await self._transport.call(self._transport.orders.RemoveKey, message)
        return factory.key_ack(tx, response.receipt)

    async def list_market(self, underlying: str | int) -> models.ListAck:
        """Open the market of an underlying that has prices and none yet; anybody may.

        Raises:
            UnknownMarketError: there is no such underlying.
            RejectedError: it is listed, has no price, a stale one, or a lot is worth too little.
        """
        exchange = self.exchange
        await exchange.refresh(self._transport)
        market_id = exchange.underlying_id(underlying)
        request = order_service_pb2.ListMarketRequest(market_id=market_id)
        response = await self._transport.call(self._transport.orders.ListMarket, request)
        await exchange.refresh(self._transport)
        symbol = exchange.market(market_id).symbol
        return conversion.list_ack(market_id, symbol, response.receipt, exchange)

    def order_stream(self) -> OrderStream:
        """Return a connection for many orders at once; use it with `async with`."""
        return OrderStream(self._transport, self._signing())

    async def refresh_nonce(self) -> None:
        """Ask the exchange for the last used nonce, after another program has used the key."""
        if self._signer is not None and self._exchange is not None:
            identity = await self._find_identity(self._signer)
            self._factory = MessageFactory(
                self._exchange, identity, self._max_fee_ppm, self._validity_ms
            )

    async def _find_identity(self, signer: Signer) -> SigningIdentity:
        if self._account_id is None:
            self._account_id = await own_account_id(
                self._transport, signer.public_key, self._l1_address
            )
        account = await self.account(self._account_id)
        if self._l1_address not in (None, account.l1_address):
            raise InvalidInputError(
                f"l1_address: account {self._account_id} is that of {account.l1_address}, "
                f"not of {self._l1_address}"
            )
        found_keys = [key for key in account.keys if key.public_key == signer.public_key]
        if not found_keys:
            raise InvalidInputError(
                f"key {signer.public_key:#x} is not a key of account {self._account_id}"
            )
        # In several slots: one that has not expired, and of those that with most rights.
        time_ms = now_ms()
        key = max(
            found_keys,
            key=lambda found: (
                found.expiry_time_ms > time_ms,
                found.permissions,
                found.expiry_time_ms,
            ),
        )
        return SigningIdentity(self._account_id, key.slot, signer, NonceLane(key.last_nonce))


def _shrinks(request: OrderRequest, old: models.Order, market: Market) -> bool:
    """Return whether an order is the old one, but smaller, and with no later end."""
    return (
        (request.side, request.reduce_only) == (old.side, old.reduce_only)
        and market.ticks(request.price) == market.ticks(old.price)
        and market.lots(request.size) < market.lots(old.remaining)
        and request.expiry_time_ms <= old.expiry_time_ms
        and request.time_in_force not in (TimeInForce.IOC, TimeInForce.FOK)
    )
