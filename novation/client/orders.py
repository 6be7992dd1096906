"""Orders as signed messages, and their answers as checked acknowledgements."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Final, TypeVar

from novation.api.v1 import order_service_pb2, types_pb2
from novation.client import checks, conversion, models
from novation.client.auction_models import BidAck
from novation.client.clock import now_ms
from novation.client.errors import FeeLimitError, InvalidInputError, ReceiptError
from novation.client.exchange import Exchange
from novation.client.keys import NonceLane, Signer, is_provable
from novation.client.quotes import QuotesRequest
from novation.client.trigger_models import BracketAck, TriggerAck
from novation.client.units import Market, Number, to_ppm, to_quanta, to_share_x16
from novation.crypto import FIELD_PRIME
from novation.protocol.constants import (
    ACCOUNT_ID_BOUND,
    AMOUNT_BOUND,
    LABEL_BOUND,
    LAST_TIME_MS,
    MAX_KEYS,
    MAX_QUOTES,
    PERMISSIONS_BOUND,
    RATE_BOUND,
    USD_ASSET_ID,
)
from novation.protocol.errors import InvalidTransaction, ResultCode
from novation.protocol.orders import (
    SelfTradeMode,
    SelfTradeScope,
    Side,
    TimeInForce,
    TriggerDirection,
)
from novation.protocol.transactions import (
    AddKey,
    Bid,
    CancelAll,
    CancelOrder,
    MassQuote,
    PlaceBracket,
    PlaceOrder,
    PlaceTrigger,
    RemoveKey,
    ReplaceOrder,
    SetCancelTimer,
    Transfer,
    UserTransaction,
    Withdraw,
)
from novation.protocol.transactions.add_key import validate_add_key
from novation.protocol.transactions.bid import validate_bid
from novation.protocol.transactions.cancel_all import validate_cancel_all
from novation.protocol.transactions.cancel_order import validate_cancel_order
from novation.protocol.transactions.mass_quote import validate_mass_quote
from novation.protocol.transactions.place_bracket import validate_place_bracket
from novation.protocol.transactions.place_order import validate_place_order
from novation.protocol.transactions.place_trigger import validate_place_trigger
from novation.protocol.transactions.remove_key import validate_remove_key
from novation.protocol.transactions.replace_order import validate_replace_order
from novation.protocol.transactions.set_cancel_timer import validate_set_cancel_timer
from novation.protocol.transactions.transfer import validate_transfer
from novation.protocol.transactions.withdraw import validate_withdraw
from novation.receipts import Receipt

UserMessage = TypeVar(
    "UserMessage",
    PlaceBracket,
    PlaceOrder,
    PlaceTrigger,
    ReplaceOrder,
    MassQuote,
    CancelOrder,
    CancelAll,
    SetCancelTimer,
    Withdraw,
    Transfer,
    AddKey,
    RemoveKey,
    Bid,
)

# 1 %: a higher fee is signed only for who asks for it.
UNASKED_FEE_LIMIT_PPM = 10_000
# Long enough for a message to arrive, and too short for whoever withholds it to wait for prices.
DEFAULT_VALIDITY_MS = 5_000


@dataclass(frozen=True, slots=True)
class OrderRequest:
    """An order in human units.

    Attributes:
        market: symbol or id.
        side: buy or sell.
        price: limit in USD, on the market's tick grid.
        size: in the base asset, on the market's lot grid.
        expiry_time_ms: Unix milliseconds after which the order no longer trades.
        time_in_force: rest (GTC), cancel what is not filled at once (IOC), be filled at once or
            refused (FOK), only rest (POST_ONLY), or only rest, behind the other side's best price
            where need be (POST_ONLY_SLIDE).
        reduce_only: only make the position smaller.
        self_trade_mode: what happens instead of a trade with oneself.
        self_trade_scope: whether that is one's account, or all accounts of its L1 address.
        label: a number of one's own, which comes back with the order; 0 for none.
        max_fee_ppm: the highest fee rate accepted, whatever the client's limit is; by default the
            market's at the last look, if that is within the client's limit.
    """

    market: str | int
    side: Side
    price: Number
    size: Number
    expiry_time_ms: int
    time_in_force: TimeInForce = TimeInForce.GTC
    reduce_only: bool = False
    max_fee_ppm: int | None = None
    self_trade_mode: SelfTradeMode = SelfTradeMode.CANCEL_RESTING
    self_trade_scope: SelfTradeScope = SelfTradeScope.ACCOUNT
    label: int = 0


@dataclass(frozen=True, slots=True)
class Replacement:
    """An order that takes the place of another one of its market.

    Attributes:
        order: the new order. Its size is what may still be filled, as of `seen`.
        seen: what is left of the old order as far as its owner knows. What is filled before the
            message counts, so that nothing more is filled than was wanted.
        order_id: the old order's number; or
        nonce: that of the message that placed it.
        key_index: slot of the key that signed that message, by default the client's own.
        quote_index: which of the quotes of that message it is, from 0 on.
        in_place: the old order keeps its number and its place; only its size and end may shrink.
    """

    order: OrderRequest
    seen: Number
    order_id: int | None = None
    nonce: int | None = None
    key_index: int | None = None
    quote_index: int | None = None
    in_place: bool = False


@dataclass(frozen=True, slots=True)
class SigningIdentity:
    """Who signs: one key of one account, with its lane of nonces."""

    account_id: int
    key_index: int
    signer: Signer
    nonces: NonceLane


class MessageFactory:
    """Signs messages for one identity on one exchange and checks the receipts."""

    def __init__(
        self,
        exchange: Exchange,
        identity: SigningIdentity,
        max_fee_ppm: int | None = None,
        validity_ms: int = DEFAULT_VALIDITY_MS,
    ) -> None:
        """Sign with `identity` for `exchange`, and fees up to a limit that is not the server's.

        A message is valid for `validity_ms` by the clock of this machine: by the server's, it
        could be kept alive.
        """
        self._exchange = exchange
        self._identity = identity
        self._max_fee_ppm = default_fee_limit_ppm(exchange) if max_fee_ppm is None else max_fee_ppm
        self._validity_ms = validity_ms

    @property
    def exchange(self) -> Exchange:
        """Where the messages are for."""
        return self._exchange

    def place_order(self, request: OrderRequest) -> PlaceOrder:
        """Return a signed order.

        Raises:
            OffGridError: price or size is not on the market's grid.
            FeeLimitError: the market's fee is above the client's limit.
            InvalidInputError: unknown market, an argument of the wrong type, or a number that is
                not exact.
        """
        return self._sign(self._order(request))

    def replace_order(self, request: Replacement) -> ReplaceOrder:
        """Return a signed order in the place of another one; see `place_order`."""
        checks.instance("request", request, Replacement)
        make = self._order(request.order)
        named = request.order_id, request.nonce, request.key_index, request.quote_index
        name = self._order_name(*named)
        in_place = checks.flag("in_place", request.in_place)
        seen_lots = self._exchange.market(request.order.market).lots(request.seen)
        return self._sign(
            lambda nonce: ReplaceOrder.of(
                make(nonce),
                order_id=name[0],
                placed_key_index=name[1],
                placed_nonce=name[2],
                placed_quote_index=name[3],
                seen_lots=seen_lots,
                in_place=in_place,
            )
        )

    def place_trigger(
        self,
        request: OrderRequest,
        trigger_price: Number,
        direction: TriggerDirection,
        *,
        ends_others: bool = False,
    ) -> PlaceTrigger:
        """Return a signed order that lies dormant until the mark price reaches a trigger."""
        make = self._order(request)
        checks.choice("trigger_direction", direction, TriggerDirection)
        checks.flag("ends_others", ends_others)
        trigger_price_ticks = self._exchange.market(request.market).ticks(trigger_price)
        return self._sign(
            lambda nonce: PlaceTrigger.of(
                make(nonce),
                trigger_price_ticks=trigger_price_ticks,
                trigger_direction=direction,
                ends_others=ends_others,
            )
        )

    def place_bracket(self, request: OrderRequest, exits: Mapping[str, int]) -> PlaceBracket:
        """Return a signed order with its exits, which are in ticks and milliseconds."""
        make = self._order(request)
        return self._sign(lambda nonce: PlaceBracket.of(make(nonce), **exits))

    def _order(self, request: OrderRequest) -> Callable[[int], PlaceOrder]:
        """Return what makes an order with a nonce, after checking what it is made of."""
        checks.instance("request", request, OrderRequest)
        side = checks.choice("side", request.side, Side)
        time_in_force = checks.choice("time_in_force", request.time_in_force, TimeInForce)
        reduce_only = checks.flag("reduce_only", request.reduce_only)
        mode = checks.choice("self_trade_mode", request.self_trade_mode, SelfTradeMode)
        scope = checks.choice("self_trade_scope", request.self_trade_scope, SelfTradeScope)
        label = checks.integer("label", request.label, 0, LABEL_BOUND)
        expiry_time_ms = checks.time_ms("expiry_time_ms", request.expiry_time_ms)
        market = self._exchange.market(request.market)
        price_ticks, size_lots = market.ticks(request.price), market.lots(request.size)
        max_fee_ppm = self._fee_to_sign(market, request.max_fee_ppm)
        return lambda nonce: PlaceOrder(
            account_id=self._identity.account_id,
            key_index=self._identity.key_index,
            nonce=nonce,
            market_id=market.market_id,
            side=side,
            price_ticks=price_ticks,
            size_lots=size_lots,
            expiry_time_ms=expiry_time_ms,
            max_fee_ppm=max_fee_ppm,
            reduce_only=reduce_only,
            time_in_force=time_in_force,
            self_trade_mode=mode,
            self_trade_scope=scope,
            label=label,
        )

    def mass_quote(self, request: QuotesRequest) -> MassQuote:
        """Return signed quotes; see `place_order`."""
        checks.instance("request", request, QuotesRequest)
        market = self._exchange.market(request.market)
        terms = request.terms(market, self._fee_to_sign(market, request.max_fee_ppm))
        quotes, cancels = request.in_lots(market), request.named(market)
        account, market_id = (self._identity.account_id, self._identity.key_index), market.market_id
        return self._sign(
            lambda nonce: MassQuote(*account, nonce, market_id, terms, quotes, cancels=cancels)
        )

    def cancel_order(
        self,
        order_id: int | None = None,
        *,
        nonce: int | None = None,
        key_index: int | None = None,
        quote_index: int | None = None,
    ) -> CancelOrder:
        """Return a signed cancellation of an order, named by its id or by the message behind it.

        `nonce` is that of the message, `key_index` the slot of the key that signed it: by default
        the client's own; `quote_index` tells its quotes apart.
        """
        identity = self._identity
        name = self._order_name(order_id, nonce, key_index, quote_index)
        return self._sign(
            lambda nonce: CancelOrder(identity.account_id, identity.key_index, nonce, *name)
        )

    def _order_name(
        self,
        order_id: int | None,
        nonce: int | None,
        key_index: int | None,
        quote_index: int | None,
    ) -> tuple[int, int, int, int]:
        """Return what names an order: its id; or key slot and nonce, and which quote it is."""
        if (order_id is None) == (nonce is None):
            raise InvalidInputError("order_id: either it or nonce names the order")
        if nonce is None:
            if key_index is not None:
                raise InvalidInputError("key_index: only beside nonce")
            if quote_index is not None:
                raise InvalidInputError("quote_index: only beside nonce")
            return checks.order_id(order_id), 0, 0, 0
        slot = self._identity.key_index if key_index is None else key_index
        return (
            0,
            checks.integer("key_index", slot, 0, MAX_KEYS),
            checks.placed_nonce(nonce),
            checks.integer("quote_index", quote_index or 0, 0, MAX_QUOTES),
        )

    def cancel_all(self, market: str | int | None = None) -> CancelAll:
        """Return a signed cancellation of all orders, of one market if there is one given."""
        identity = self._identity
        market_id = None if market is None else self._exchange.market(market).market_id
        return self._sign(
            lambda nonce: CancelAll(identity.account_id, identity.key_index, nonce, market_id)
        )

    def set_cancel_timer(self, time_ms: int | None) -> SetCancelTimer:
        """Return a signed request to cancel all orders at a time; None switches that off."""
        identity = self._identity
        at_ms = LAST_TIME_MS if time_ms is None else checks.time_ms("time_ms", time_ms)
        return self._sign(
            lambda nonce: SetCancelTimer(identity.account_id, identity.key_index, nonce, at_ms)
        )

    def bid(
        self, failing_account_id: int, share: Number, min_discount: Number, max_notional: Number
    ) -> Bid:
        """Return a signed bid for a share of a failing account's positions; see `Client.bid`."""
        identity = self._identity
        failing_id, share_x16 = checks.account_id(failing_account_id), to_share_x16(share)
        discount_ppm = checks.integer(
            "min_discount", to_ppm("min_discount", min_discount), 0, RATE_BOUND
        )
        notional_quanta = to_quanta("max_notional", max_notional)
        checks.integer("max_notional", notional_quanta, 1, AMOUNT_BOUND)
        limits = discount_ppm, notional_quanta
        return self._sign(
            lambda nonce: Bid(
                identity.account_id, identity.key_index, nonce, failing_id, share_x16, *limits
            )
        )

    def withdraw(self, amount: Number, asset: str | int = USD_ASSET_ID) -> Withdraw:
        """Return a signed withdrawal of an amount of an asset; OffGridError below a quantum."""
        identity, known = self._identity, self._exchange.asset(asset)
        what = known.quanta(amount), known.asset_id
        return self._sign(
            lambda nonce: Withdraw(identity.account_id, identity.key_index, nonce, *what)
        )

    def transfer(
        self, amount: Number, to_account_id: int, asset: str | int = USD_ASSET_ID
    ) -> Transfer:
        """Return a signed transfer of an amount of an asset; OffGridError below a quantum."""
        identity, known = self._identity, self._exchange.asset(asset)
        checks.integer("to_account_id", to_account_id, 0, ACCOUNT_ID_BOUND)
        what = to_account_id, known.quanta(amount), known.asset_id
        return self._sign(
            lambda nonce: Transfer(identity.account_id, identity.key_index, nonce, *what)
        )

    def add_key(self, slot: int, public_key: int, permissions: int, expiry_ms: int) -> AddKey:
        """Return a signed request to put a key into a slot."""
        checks.integer("slot", slot, 1, MAX_KEYS)
        checks.integer("public_key", public_key, 0, FIELD_PRIME)
        checks.integer("permissions", permissions, 1, PERMISSIONS_BOUND)
        checks.time_ms("expiry_time_ms", expiry_ms)
        return self._sign(
            lambda nonce: AddKey(
                account_id=self._identity.account_id,
                key_index=self._identity.key_index,
                nonce=nonce,
                slot=slot,
                permissions=permissions,
                expiry_ms=expiry_ms,
                public_key=public_key,
            )
        )

    def remove_key(self, slot: int) -> RemoveKey:
        """Return a signed request to take the permissions of the key in a slot."""
        identity, number = self._identity, checks.integer("slot", slot, 0, MAX_KEYS)
        return self._sign(
            lambda nonce: RemoveKey(identity.account_id, identity.key_index, nonce, number)
        )

    def order_ack(
        self, tx: PlaceOrder, response: order_service_pb2.PlaceOrderResponse
    ) -> models.OrderAck:
        """Return the checked answer to an order."""
        return models.OrderAck(**self._answer(tx, response))

    def replace_ack(
        self, tx: ReplaceOrder, response: order_service_pb2.ReplaceOrderResponse
    ) -> models.ReplaceAck:
        """Return the checked answer to an order in the place of another one."""
        market = self._exchange.market(tx.market_id)
        cancelled = market.size(response.cancelled_lots)
        return models.ReplaceAck(**self._answer(tx, response), cancelled=cancelled)

    def trigger_ack(
        self, tx: PlaceTrigger, response: order_service_pb2.PlaceTriggerResponse
    ) -> TriggerAck:
        """Return the checked answer to an order that lies dormant."""
        receipt = self._checked(tx, response.receipt)
        return TriggerAck(receipt.order_id, receipt)

    def bracket_ack(
        self, tx: PlaceBracket, response: order_service_pb2.PlaceBracketResponse
    ) -> BracketAck:
        """Return the checked answer to an order with exits."""
        stop_id, profit_id = response.stop_order_id or None, response.profit_order_id or None
        return BracketAck(self.order_ack(tx, response.order), stop_id, profit_id)

    def _answer(
        self,
        tx: PlaceOrder,
        response: order_service_pb2.PlaceOrderResponse | order_service_pb2.ReplaceOrderResponse,
    ) -> dict[str, Any]:
        market = self._exchange.market(tx.market_id)
        receipt = self._checked(tx, response.receipt)
        return {
            "order_id": receipt.order_id,
            "result": ResultCode(receipt.result_code),
            "fills": tuple(conversion.fill(fill, market) for fill in response.fills),
            "resting": market.size(response.resting_lots),
            "receipt": receipt,
            "price": market.price(response.price_ticks),
            "decremented": market.size(response.decremented_lots),
        }

    def quotes_ack(
        self, tx: MassQuote, response: order_service_pb2.MassQuoteResponse
    ) -> models.QuotesAck:
        """Return the checked answer to quotes: an order for each of them."""
        receipt = self._checked(tx, response.receipt)
        order_ids = [placed.order_id for placed in response.quotes]
        expected = list(range(receipt.order_id, receipt.order_id + len(tx.quotes)))
        if order_ids != expected:
            raise ReceiptError(f"the receipt is for orders {expected}, told are {order_ids}")
        market = self._exchange.market(tx.market_id)
        prices = tuple(market.price(placed.price_ticks) for placed in response.quotes)
        n_told = len(response.cancelled_lots)
        if n_told != len(tx.cancels):
            raise ReceiptError(f"{len(tx.cancels)} orders were to cancel, told is of {n_told}")
        return models.QuotesAck(
            order_ids=tuple(order_ids),
            prices=prices,
            n_cancelled=response.n_cancelled_orders,
            nonce=tx.nonce,
            receipt=receipt,
            cancelled=tuple(map(market.size, response.cancelled_lots)),
        )

    def cancel_ack(
        self, tx: CancelOrder, response: order_service_pb2.CancelOrderResponse, market: Market
    ) -> models.CancelAck:
        """Return the checked answer to a cancellation of an order in a market."""
        receipt = self.cancel_receipt(tx, response)
        return models.CancelAck(receipt.order_id, market.size(response.cancelled_lots), receipt)

    def cancel_receipt(
        self, tx: CancelOrder, response: order_service_pb2.CancelOrderResponse
    ) -> Receipt:
        """Return the checked receipt of a cancellation, which has the number of the order."""
        receipt = self._checked(tx, response.receipt)
        if receipt.order_id == 0 or tx.order_id not in (0, receipt.order_id):
            raise ReceiptError(
                f"the receipt is for order {receipt.order_id}, to cancel was {tx.order_id}"
            )
        return receipt

    def cancel_all_ack(
        self, tx: CancelAll, response: order_service_pb2.CancelAllResponse
    ) -> models.CancelAllAck:
        """Return the checked answer to the cancellation of all orders."""
        receipt = self._checked(tx, response.receipt)
        return models.CancelAllAck(response.n_cancelled_orders, receipt)

    def cancel_timer_ack(
        self, tx: SetCancelTimer, response: order_service_pb2.SetCancelTimerResponse
    ) -> models.CancelTimerAck:
        """Return the checked answer to a timer."""
        receipt = self._checked(tx, response.receipt)
        is_off = tx.cancel_all_at_ms == LAST_TIME_MS
        return models.CancelTimerAck(None if is_off else tx.cancel_all_at_ms, receipt)

    def bid_ack(self, tx: Bid, response: order_service_pb2.BidResponse) -> BidAck:
        """Return the checked answer to a bid."""
        receipt = self._checked(tx, response.receipt)
        return BidAck(conversion.bid_fill(response.fill, self._exchange), receipt)

    def withdraw_ack(
        self, tx: Withdraw, response: order_service_pb2.WithdrawResponse
    ) -> models.WithdrawAck:
        """Return the checked answer to a withdrawal."""
        receipt = self._checked(tx, response.receipt)
        asset = self._exchange.asset(tx.asset_id)
        return models.WithdrawAck(asset.amount(tx.amount_quanta), receipt, asset.symbol)

    def transfer_ack(
        self, tx: Transfer, response: order_service_pb2.TransferResponse
    ) -> models.TransferAck:
        """Return the checked answer to a transfer."""
        receipt = self._checked(tx, response.receipt)
        asset = self._exchange.asset(tx.asset_id)
        amount = asset.amount(tx.amount_quanta)
        return models.TransferAck(amount, receipt, tx.to_account_id, asset.symbol)

    def key_ack(self, tx: AddKey | RemoveKey, receipt: types_pb2.Receipt) -> models.KeyAck:
        """Return the checked answer to a change of a key slot."""
        return models.KeyAck(tx.slot, self._checked(tx, receipt))

    def _fee_to_sign(self, market: Market, wanted_ppm: int | None) -> int:
        """Return the limit of an order: what its author says, or the fee that the server says.

        What the server says now is not what the author has agreed to: it may have risen.
        """
        if wanted_ppm is not None:
            return checks.rate_ppm("max_fee_ppm", wanted_ppm)
        fee_ppm = market.terms.highest_fee_ppm
        if fee_ppm > self._max_fee_ppm:
            raise FeeLimitError(market.symbol, fee_ppm, self._max_fee_ppm)
        return fee_ppm

    def _sign(self, make: Callable[[int], UserMessage]) -> UserMessage:
        while True:
            until_ms = now_ms() + self._validity_ms
            tx = replace(make(self._identity.nonces.next()), valid_until_ms=until_ms)
            _check_fields(tx)
            message_hash = tx.message_hash(self._exchange.config)
            signature = self._identity.signer.sign(message_hash)
            if is_provable(message_hash, signature):
                return replace(tx, signature=signature)

    def _checked(self, tx: UserTransaction, message: types_pb2.Receipt) -> Receipt:
        receipt = conversion.receipt(message)
        expected = tx.message_hash(self._exchange.config)
        if receipt.message_hash != expected:
            raise ReceiptError(
                f"the receipt is for message {receipt.message_hash:#x}, sent was {expected:#x}"
            )
        key = self._exchange.sequencer_public_key
        if not receipt.is_signed_by(self._exchange.config.config_hash, key):
            raise ReceiptError(f"receipt {receipt.sequence} is not signed by sequencer {key:#x}")
        return receipt


def default_fee_limit_ppm(exchange: Exchange) -> int:
    """Return the limit of who has named none: the fees that he has seen, if they are usual."""
    fees_ppm = (terms.highest_fee_ppm for terms in exchange.parameters.underlyings)
    return min(max(fees_ppm), UNASKED_FEE_LIMIT_PPM)


def _check_fields(tx: UserTransaction) -> None:
    """Refuse what no exchange would take before it is packed into a message to sign."""
    try:
        _VALIDATORS[type(tx)](tx)
    except InvalidTransaction as refusal:
        raise InvalidInputError(str(refusal)) from None


_VALIDATORS: Final[Mapping[type, Callable[[Any], None]]] = {
    PlaceOrder: validate_place_order,
    PlaceTrigger: validate_place_trigger,
    PlaceBracket: validate_place_bracket,
    ReplaceOrder: validate_replace_order,
    MassQuote: validate_mass_quote,
    CancelOrder: validate_cancel_order,
    CancelAll: validate_cancel_all,
    SetCancelTimer: validate_set_cancel_timer,
    Withdraw: validate_withdraw,
    Bid: validate_bid,
    Transfer: validate_transfer,
    AddKey: validate_add_key,
    RemoveKey: validate_remove_key,
}
