"""Canonical bytes of transactions, for journals and wires; and the codecs of the batch output.

A user transaction is a tag, its two message words and its signature, so that nothing that is not
signed can be in it. Integers are big endian.
"""

from collections.abc import Callable, Mapping
from typing import Final

from novation.crypto import FIELD_PRIME
from novation.protocol.byte_reader import ByteReader, decode_enum
from novation.protocol.constants import (
    AMOUNT_BOUND,
    MAX_ASSETS,
    MAX_KEYS,
    MAX_MARKETS,
    MAX_ORACLES,
    MAX_UNDERLYINGS,
    MESSAGE_ADD_KEY,
    MESSAGE_BID,
    MESSAGE_CANCEL_ALL,
    MESSAGE_CANCEL_ORDER,
    MESSAGE_MASS_QUOTE,
    MESSAGE_PLACE_ORDER,
    MESSAGE_PLACE_TRIGGER,
    MESSAGE_REMOVE_KEY,
    MESSAGE_SET_CANCEL_TIMER,
    MESSAGE_TRANSFER,
    MESSAGE_WITHDRAW,
    TIME_BOUND,
)
from novation.protocol.errors import DecodeError
from novation.protocol.numeric import pack, unpack
from novation.protocol.orders import (
    ORIGIN_BITS,
    SelfTradeMode,
    SelfTradeScope,
    Side,
    TimeInForce,
    TriggerDirection,
    unpack_origin,
)
from novation.protocol.output import BatchOutput, decode_output, encode_output
from novation.protocol.signatures import MESSAGE_WORD_0_WIDTHS, Signature
from novation.protocol.transactions import (
    AddKey,
    Bid,
    CancelAll,
    CancelOrder,
    Deposit,
    Liquidate,
    ListMarket,
    MassQuote,
    MinuteTick,
    OracleReport,
    OracleUpdate,
    ParameterKind,
    PlaceBracket,
    PlaceOrder,
    PlaceTrigger,
    PruneOrder,
    Quote,
    RemoveKey,
    ReplaceOrder,
    SetAuction,
    SetCancelTimer,
    SetParameter,
    SettlePosition,
    TakeOver,
    Transaction,
    Transfer,
    TriggerOrder,
    Unsigned,
    Unwind,
    UserTransaction,
    Withdraw,
)
from novation.protocol.transactions.mass_quote import QUOTE_BITS, unpack_terms
from novation.protocol.transactions.place_bracket import EXITS_WIDTHS

__all__ = [
    "BatchOutput",
    "decode_output",
    "decode_transaction",
    "encode_output",
    "encode_transaction",
    "pack",
    "unpack",
]

_TAG_USER: Final = b"\x00"
_TAG_DEPOSIT: Final = b"\x01"
_TAG_ORACLE_UPDATE: Final = b"\x02"
_TAG_SET_PARAMETER: Final = b"\x03"
_TAG_LIST_MARKET: Final = b"\x04"
_TAG_ADD_KEY: Final = b"\x05"
_TAG_PRUNE_ORDER: Final = b"\x06"
_TAG_MINUTE_TICK: Final = b"\x07"
_TAG_LIQUIDATE: Final = b"\x08"
_TAG_REPLACE_ORDER: Final = b"\x09"
_TAG_TAKE_OVER: Final = b"\x10"
_TAG_UNWIND: Final = b"\x11"
_TAG_SET_AUCTION: Final = b"\x12"
_TAG_SETTLE_POSITION: Final = b"\x13"
_TAG_MASS_QUOTE: Final = b"\x15"
_TAG_PLACE_TRIGGER: Final = b"\x0a"
_TAG_TRIGGER_ORDER: Final = b"\x0b"
_TAG_PLACE_BRACKET: Final = b"\x0c"
_WORD_0_BYTES: Final = 22
_WORD_1_BYTES: Final = 26
_TRIGGER_WORD_1_BYTES: Final = 30
_ORDER_WORD_1_WIDTHS: Final = (32, 32, 48, 20, 1, 1, 4, 2, 2, 64)
_ADD_KEY_WORD_0_BYTES: Final = 30
_REPLACED_WORD_BYTES: Final = 13
_EXITS_WORD_BYTES: Final = sum(EXITS_WIDTHS) // 8
_QUOTE_BYTES: Final = -(-QUOTE_BITS // 8)
_FELT_BYTES: Final = 32


def encode_transaction(tx: Transaction) -> bytes:
    """Return the canonical bytes of a transaction whose fields are in range."""
    if isinstance(tx, Deposit):
        return _encode_deposit(tx)
    if isinstance(tx, OracleUpdate):
        return _encode_oracle_update(tx)
    if isinstance(tx, SetParameter):
        return _encode_set_parameter(tx)
    if isinstance(tx, Unsigned):
        return _encode_unsigned(tx)
    return _encode_user_transaction(tx)


def _encode_unsigned(tx: Unsigned) -> bytes:
    if isinstance(tx, ListMarket):
        return _TAG_LIST_MARKET + tx.market_id.to_bytes(2, "big")
    if isinstance(tx, PruneOrder):
        return _TAG_PRUNE_ORDER + tx.order_id.to_bytes(6, "big")
    if isinstance(tx, MinuteTick):
        return _TAG_MINUTE_TICK
    if isinstance(tx, SetAuction | TakeOver):
        tag = _TAG_SET_AUCTION if isinstance(tx, SetAuction) else _TAG_TAKE_OVER
        return tag + tx.account_id.to_bytes(4, "big")
    if isinstance(tx, TriggerOrder | Unwind):
        tag = _TAG_UNWIND if isinstance(tx, Unwind) else _TAG_TRIGGER_ORDER
        return tag + tx.market_id.to_bytes(2, "big")
    tag = _TAG_LIQUIDATE if isinstance(tx, Liquidate) else _TAG_SETTLE_POSITION
    return tag + tx.account_id.to_bytes(4, "big") + tx.market_id.to_bytes(2, "big")


def _encode_user_transaction(tx: UserTransaction) -> bytes:
    word_0, word_1 = tx.message_words()
    if isinstance(tx, AddKey):
        return (
            _TAG_ADD_KEY
            + word_0.to_bytes(_ADD_KEY_WORD_0_BYTES, "big")
            + word_1.to_bytes(_FELT_BYTES, "big")
            + _encode_signature(tx.signature)
        )
    tag, quotes = _TAG_USER, b""
    if isinstance(tx, ReplaceOrder):
        tag = _TAG_REPLACE_ORDER + tx.replaced_word().to_bytes(_REPLACED_WORD_BYTES, "big")
    elif isinstance(tx, PlaceBracket):
        tag = _TAG_PLACE_BRACKET + tx.exits_word().to_bytes(_EXITS_WORD_BYTES, "big")
    elif isinstance(tx, MassQuote):
        tag = _TAG_MASS_QUOTE
        quotes = b"".join(quote.word().to_bytes(_QUOTE_BYTES, "big") for quote in tx.quotes)
    word_1_bytes = _WORD_1_BYTES
    if isinstance(tx, PlaceTrigger):
        tag, word_1_bytes = _TAG_PLACE_TRIGGER, _TRIGGER_WORD_1_BYTES
    return (
        tag
        + word_0.to_bytes(_WORD_0_BYTES, "big")
        + word_1.to_bytes(word_1_bytes, "big")
        + quotes
        + _encode_signature(tx.signature)
    )


def decode_transaction(data: bytes) -> Transaction:
    """Return the transaction of some bytes; DecodeError unless `encode_transaction` wrote them."""
    reader = ByteReader(data)
    tag = reader.integer(1).to_bytes(1, "big")
    if tag not in _DECODERS:
        raise DecodeError(f"unknown kind of transaction {tag!r}")
    tx = _DECODERS[tag](reader)
    reader.finish()
    return tx


def _decode_user_transaction(reader: ByteReader) -> UserTransaction:
    message_type, account_id, key_index, nonce, market_id, valid_until_ms = unpack(
        reader.integer(_WORD_0_BYTES), *MESSAGE_WORD_0_WIDTHS
    )
    word_1 = reader.integer(_WORD_1_BYTES)
    tail = valid_until_ms, _decode_signature(reader)
    head = account_id, key_index, nonce
    if message_type == MESSAGE_PLACE_ORDER:
        return _decode_order(head, market_id, unpack(word_1, *_ORDER_WORD_1_WIDTHS), tail)
    if message_type == MESSAGE_CANCEL_ALL and (word_1 == 1 or word_1 == market_id == 0):
        return CancelAll(*head, market_id if word_1 else None, *tail)
    if market_id != 0:
        raise DecodeError(f"market {market_id} in a message that has none")
    if message_type == MESSAGE_CANCEL_ORDER:
        order_id, origin = unpack(word_1, 48, ORIGIN_BITS)
        return CancelOrder(*head, order_id, *unpack_origin(origin), *tail)
    if message_type == MESSAGE_BID:
        failing_id, share_x16, discount_ppm, notional_quanta = unpack(word_1, 32, 17, 20, 63)
        return Bid(*head, failing_id, share_x16, discount_ppm, notional_quanta, *tail)
    if message_type in (MESSAGE_WITHDRAW, MESSAGE_TRANSFER):
        return _decode_leaving(message_type, head, word_1, tail)
    return _decode_one_number(message_type, head, word_1, tail)


def _decode_order(
    head: tuple[int, int, int],
    market_id: int,
    fields: tuple[int, ...],
    tail: tuple[int, Signature],
) -> PlaceOrder:
    price, size, expiry, max_fee, side, reduce_only, force, mode, scope, label = fields
    return PlaceOrder(
        *head,
        market_id,
        Side(side),
        price,
        size,
        expiry,
        max_fee,
        bool(reduce_only),
        decode_enum(TimeInForce, force),
        SelfTradeMode(mode),
        decode_enum(SelfTradeScope, scope),
        label,
        *tail,
    )


def _decode_place_trigger(reader: ByteReader) -> PlaceTrigger:
    message_type, *head, market_id, valid_until_ms = unpack(
        reader.integer(_WORD_0_BYTES), *MESSAGE_WORD_0_WIDTHS
    )
    if message_type != MESSAGE_PLACE_TRIGGER:
        raise DecodeError(f"message type {message_type} in place of a trigger")
    account_id, key_index, nonce = head
    word_1 = reader.integer(_TRIGGER_WORD_1_BYTES)
    *fields, trigger_price_ticks, direction, ends_others = unpack(
        word_1, *_ORDER_WORD_1_WIDTHS, 32, 1, 1
    )
    tail = valid_until_ms, _decode_signature(reader)
    order = _decode_order((account_id, key_index, nonce), market_id, tuple(fields), tail)
    return PlaceTrigger.of(
        order,
        trigger_price_ticks=trigger_price_ticks,
        trigger_direction=TriggerDirection(direction),
        ends_others=bool(ends_others),
    )


def _decode_leaving(
    message_type: int, head: tuple[int, int, int], word_1: int, tail: tuple[int, Signature]
) -> Withdraw | Transfer:
    is_transfer = message_type == MESSAGE_TRANSFER
    amount_quanta, asset_id, *receiver = unpack(word_1, 64, 8, *([32] if is_transfer else []))
    if amount_quanta >= AMOUNT_BOUND or asset_id >= MAX_ASSETS:
        kind = "transfer" if is_transfer else "withdrawal"
        raise DecodeError(f"{kind} of {amount_quanta} of asset {asset_id}")
    if is_transfer:
        return Transfer(*head, receiver[0], amount_quanta, asset_id, *tail)
    return Withdraw(*head, amount_quanta, asset_id, *tail)


def _decode_replace_order(reader: ByteReader) -> ReplaceOrder:
    name, by_message, in_place, seen_lots = unpack(
        reader.integer(_REPLACED_WORD_BYTES), ORIGIN_BITS, 1, 1, 32
    )
    if name == by_message == 0:
        raise DecodeError("a replacement that names no order")
    order = _decode_plain_order(reader)
    if by_message:
        order_id, placed = 0, unpack_origin(name)
    else:
        order_id, placed = name, (0, 0, 0)
    return ReplaceOrder.of(
        order,
        order_id=order_id,
        placed_key_index=placed[0],
        placed_nonce=placed[1],
        placed_quote_index=placed[2],
        seen_lots=seen_lots,
        in_place=bool(in_place),
    )


def _decode_place_bracket(reader: ByteReader) -> PlaceBracket:
    exits = unpack(reader.integer(_EXITS_WORD_BYTES), *EXITS_WIDTHS)
    stop_trigger_ticks, stop_price_ticks, profit_trigger_ticks, profit_price_ticks, expiry = exits
    return PlaceBracket.of(
        _decode_plain_order(reader),
        stop_trigger_ticks=stop_trigger_ticks,
        stop_price_ticks=stop_price_ticks,
        profit_trigger_ticks=profit_trigger_ticks,
        profit_price_ticks=profit_price_ticks,
        exits_expiry_time_ms=expiry,
    )


def _decode_plain_order(reader: ByteReader) -> PlaceOrder:
    order = _decode_user_transaction(reader)
    if not isinstance(order, PlaceOrder):
        raise DecodeError(f"{type(order).__name__} in place of an order")
    return order


def _decode_mass_quote(reader: ByteReader) -> MassQuote:
    message_type, account_id, key_index, nonce, market_id, valid_until_ms = unpack(
        reader.integer(_WORD_0_BYTES), *MESSAGE_WORD_0_WIDTHS
    )
    if message_type != MESSAGE_MASS_QUOTE:
        raise DecodeError(f"message type {message_type} with quotes")
    n_quotes, terms = unpack_terms(reader.integer(_WORD_1_BYTES))
    quotes = tuple(Quote.from_word(reader.integer(_QUOTE_BYTES)) for _ in range(n_quotes))
    signature = _decode_signature(reader)
    return MassQuote(
        account_id, key_index, nonce, market_id, terms, quotes, valid_until_ms, signature
    )


def _decode_one_number(
    message_type: int, head: tuple[int, int, int], number: int, tail: tuple[int, Signature]
) -> UserTransaction:
    if message_type == MESSAGE_SET_CANCEL_TIMER and number < TIME_BOUND:
        return SetCancelTimer(*head, number, *tail)
    if message_type == MESSAGE_REMOVE_KEY and number < MAX_KEYS:
        return RemoveKey(*head, number, *tail)
    raise DecodeError(f"message type {message_type} with {number:#x}")


def _decode_add_key(reader: ByteReader) -> AddKey:
    word_0 = reader.integer(_ADD_KEY_WORD_0_BYTES)
    message_type, *head, market_id, valid_until_ms, slot, permissions, expiry_ms = unpack(
        word_0, *MESSAGE_WORD_0_WIDTHS, 4, 8, 48
    )
    if (message_type, market_id) != (MESSAGE_ADD_KEY, 0):
        raise DecodeError(f"message type {message_type} with market {market_id}")
    account_id, key_index, nonce = head
    public_key = reader.integer(_FELT_BYTES, FIELD_PRIME)
    signature = _decode_signature(reader)
    return AddKey(
        account_id,
        key_index,
        nonce,
        slot,
        permissions,
        expiry_ms,
        public_key,
        valid_until_ms,
        signature,
    )


def _encode_deposit(tx: Deposit) -> bytes:
    return (
        _TAG_DEPOSIT
        + tx.account_id.to_bytes(4, "big")
        + tx.l1_address.to_bytes(20, "big")
        + tx.stark_key.to_bytes(_FELT_BYTES, "big")
        + tx.amount_quanta.to_bytes(8, "big")
        + tx.asset_id.to_bytes(1, "big")
    )


def _decode_deposit(reader: ByteReader) -> Deposit:
    return Deposit(
        account_id=reader.integer(4),
        l1_address=reader.integer(20),
        stark_key=reader.integer(_FELT_BYTES, FIELD_PRIME),
        amount_quanta=reader.integer(8, AMOUNT_BOUND),
        asset_id=reader.integer(1, MAX_ASSETS),
    )


def _encode_set_parameter(tx: SetParameter) -> bytes:
    head = _TAG_SET_PARAMETER + tx.kind.to_bytes(1, "big") + tx.index.to_bytes(1, "big")
    return head + tx.word.to_bytes(_FELT_BYTES, "big")


def _decode_set_parameter(reader: ByteReader) -> SetParameter:
    return SetParameter(
        kind=decode_enum(ParameterKind, reader.integer(1)),
        index=reader.integer(1),
        word=reader.integer(_FELT_BYTES, FIELD_PRIME),
    )


def _encode_oracle_update(tx: OracleUpdate) -> bytes:
    parts = [
        _TAG_ORACLE_UPDATE,
        tx.oracle_time_ms.to_bytes(6, "big"),
        _encode_prices(tx.prices_x16),
        len(tx.reports).to_bytes(1, "big"),
    ]
    for report in tx.reports:
        parts.append(report.signer_index.to_bytes(1, "big"))
        parts.append(report.time_ms.to_bytes(6, "big"))
        parts.append(_encode_prices(report.prices_x16))
        parts.append(_encode_signature(report.signature))
    return b"".join(parts)


def _decode_oracle_update(reader: ByteReader) -> OracleUpdate:
    oracle_time_ms = reader.integer(6)
    prices_x16 = _decode_prices(reader)
    n_reports = reader.integer(1, MAX_ORACLES + 1)
    reports = tuple(_decode_report(reader) for _ in range(n_reports))
    return OracleUpdate(oracle_time_ms, prices_x16, reports)


def _decode_report(reader: ByteReader) -> OracleReport:
    return OracleReport(
        signer_index=reader.integer(1),
        time_ms=reader.integer(6),
        prices_x16=_decode_prices(reader),
        signature=_decode_signature(reader),
    )


def _encode_prices(prices_x16: tuple[int, ...]) -> bytes:
    prices = b"".join(price.to_bytes(6, "big") for price in prices_x16)
    return len(prices_x16).to_bytes(1, "big") + prices


def _decode_prices(reader: ByteReader) -> tuple[int, ...]:
    return tuple(reader.integer(6) for _ in range(reader.integer(1, MAX_UNDERLYINGS + 1)))


def _encode_signature(signature: Signature) -> bytes:
    return signature.r.to_bytes(_FELT_BYTES, "big") + signature.s.to_bytes(_FELT_BYTES, "big")


def _decode_signature(reader: ByteReader) -> Signature:
    return Signature(r=reader.integer(_FELT_BYTES), s=reader.integer(_FELT_BYTES))


_DECODERS: Final[Mapping[bytes, Callable[[ByteReader], Transaction]]] = {
    _TAG_USER: _decode_user_transaction,
    _TAG_REPLACE_ORDER: _decode_replace_order,
    _TAG_MASS_QUOTE: _decode_mass_quote,
    _TAG_PLACE_TRIGGER: _decode_place_trigger,
    _TAG_PLACE_BRACKET: _decode_place_bracket,
    _TAG_ADD_KEY: _decode_add_key,
    _TAG_DEPOSIT: _decode_deposit,
    _TAG_ORACLE_UPDATE: _decode_oracle_update,
    _TAG_SET_PARAMETER: _decode_set_parameter,
    _TAG_LIST_MARKET: lambda reader: ListMarket(reader.integer(2, MAX_MARKETS)),
    _TAG_PRUNE_ORDER: lambda reader: PruneOrder(reader.integer(6)),
    _TAG_MINUTE_TICK: lambda _: MinuteTick(),
    _TAG_TRIGGER_ORDER: lambda reader: TriggerOrder(reader.integer(2, MAX_MARKETS)),
    _TAG_UNWIND: lambda reader: Unwind(reader.integer(2, MAX_MARKETS)),
    _TAG_LIQUIDATE: lambda reader: Liquidate(reader.integer(4), reader.integer(2, MAX_MARKETS)),
    _TAG_SETTLE_POSITION: lambda reader: SettlePosition(
        reader.integer(4), reader.integer(2, MAX_MARKETS)
    ),
    _TAG_TAKE_OVER: lambda reader: TakeOver(reader.integer(4)),
    _TAG_SET_AUCTION: lambda reader: SetAuction(reader.integer(4)),
}
