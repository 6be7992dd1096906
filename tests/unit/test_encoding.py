from dataclasses import replace

import pytest

from novation.protocol.constants import NONCE_BOUND
from novation.protocol.encoding import decode_transaction, encode_transaction
from novation.protocol.errors import DecodeError
from novation.protocol.orders import Side, TimeInForce
from novation.protocol.signatures import Signature
from novation.protocol.transactions import (
    Bid,
    CancelAll,
    CancelOrder,
    Deposit,
    Liquidate,
    MassQuote,
    OracleReport,
    OracleUpdate,
    PlaceOrder,
    PruneOrder,
    Quote,
    QuoteTerms,
    ReplaceOrder,
    SetAuction,
    SetCancelTimer,
    TakeOver,
    Transaction,
    Withdraw,
)

SIGNATURE = Signature(2**251 - 1, 2**251 + 5)
UNTIL = 2**48 - 1
PLACE = PlaceOrder(
    account_id=2**32 - 1,
    key_index=3,
    nonce=NONCE_BOUND - 1,
    market_id=15,
    side=Side.SELL,
    price_ticks=2**32 - 1,
    size_lots=2**32 - 2,
    expiry_time_ms=2**48 - 1,
    max_fee_ppm=2**20 - 1,
    reduce_only=True,
    time_in_force=TimeInForce.POST_ONLY,
    valid_until_ms=UNTIL,
    signature=SIGNATURE,
)
CANCEL = CancelOrder(1, 2, 3, 2**48 - 1, signature=SIGNATURE)
CANCEL_BY_MESSAGE = CancelOrder(1, 2, 3, 0, 7, NONCE_BOUND - 1, 15, UNTIL, SIGNATURE)
CANCEL_ALL = CancelAll(1, 2, 3, None, UNTIL, SIGNATURE)
CANCEL_MARKET = CancelAll(1, 2, 3, 2047, UNTIL, SIGNATURE)
TIMER = SetCancelTimer(1, 2, 3, 2**48 - 1, UNTIL, SIGNATURE)
BID = Bid(1, 2, 3, 2**32 - 1, 2**16, 2**20 - 1, 2**63 - 1, UNTIL, SIGNATURE)
WITHDRAW = Withdraw(1, 2, 3, 2**63 - 1, 7, UNTIL, SIGNATURE)
REPORT = OracleReport(1, 2**48 - 1, (5, 2**48 - 1), SIGNATURE)
UPDATE = OracleUpdate(7, (5, 6), (REPORT, replace(REPORT, signer_index=2)))
REPLACE = ReplaceOrder.of(PLACE, order_id=2**48 - 1, seen_lots=2**32 - 1)
REPLACE_BY_MESSAGE = ReplaceOrder.of(
    PLACE,
    placed_key_index=7,
    placed_nonce=NONCE_BOUND - 1,
    placed_quote_index=15,
    seen_lots=1,
    in_place=True,
)
QUOTES = MassQuote(
    1,
    2,
    3,
    2047,
    QuoteTerms(2**48 - 1, 2**20 - 1, cancels_first=True, slides=True, label=2**64 - 1),
    (Quote(Side.SELL, 2**32 - 1, 2**32 - 1), Quote(Side.BUY, 1, 2)) * 8,
    UNTIL,
    SIGNATURE,
)
ALL: list[Transaction] = [
    PLACE,
    REPLACE,
    REPLACE_BY_MESSAGE,
    QUOTES,
    CANCEL,
    CANCEL_BY_MESSAGE,
    CANCEL_ALL,
    CANCEL_MARKET,
    TIMER,
    BID,
    WITHDRAW,
    UPDATE,
    PruneOrder(2**48 - 1),
    Liquidate(2**32 - 1, 2047),
    SetAuction(2**32 - 1),
    TakeOver(2**32 - 1),
    Deposit(1, 2**160 - 1, 3, 2**63 - 1),
]


@pytest.mark.parametrize("tx", ALL)
def test_transaction_when_encoded_then_round_trip(tx: Transaction) -> None:
    assert decode_transaction(encode_transaction(tx)) == tx


@pytest.mark.parametrize("tx", ALL)
def test_transaction_when_cut_or_longer_then_refused(tx: Transaction) -> None:
    data = encode_transaction(tx)
    for length in range(len(data)):
        with pytest.raises(DecodeError):
            decode_transaction(data[:length])
    with pytest.raises(DecodeError):
        decode_transaction(data + b"\0")


@pytest.mark.parametrize("tx", ALL)
def test_transaction_when_a_bit_flips_then_another_or_refused(tx: Transaction) -> None:
    data = encode_transaction(tx)
    for bit in range(8 * len(data)):
        broken = bytearray(data)
        broken[bit // 8] ^= 1 << bit % 8
        try:
            other = decode_transaction(bytes(broken))
        except DecodeError:
            continue
        assert other != tx
        assert encode_transaction(other) == bytes(broken)


def user_bytes(word_0: int, word_1: int) -> bytes:
    """Return the bytes of a user transaction with the given words."""
    return b"\0" + word_0.to_bytes(22, "big") + word_1.to_bytes(26, "big") + bytes(64)


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"\xf0", "unknown kind"),
        (b"\x09" + bytes(13) + user_bytes(1, 1)[1:], "names no order"),
        (b"\x09" + b"\xff" * 13 + user_bytes(1, 1)[1:], "does not fit"),
        (b"\x09" + bytes(12) + b"\1" + user_bytes(2, 1)[1:], "CancelOrder in place of an order"),
        (b"\x15" + user_bytes(1, 1)[1:], "message type 1 with quotes"),
        (user_bytes(9, 1), "message type 9"),
        (b"\3\1" + bytes(33), "ParameterKind"),
        (b"\3\2\0" + b"\xff" * 32, "not below"),
        (b"\4" + b"\x08\0", "not below"),
        (user_bytes(4, 1), "message type 4"),
        (user_bytes(2, 2**116), "does not fit"),
        (user_bytes(6, 2), "message type 6"),
        (user_bytes(6 | 1 << 109, 0), "market 1"),
        (user_bytes(7, 2**48), "message type 7"),
        (user_bytes(3, 2**63), "withdrawal of"),
        (user_bytes(3, 1 | 8 << 64), "of asset 8"),
        (user_bytes(3, 1 << 72), "does not fit"),
        (b"\1" + bytes(4 + 20 + 32 + 8) + b"\x08", "not below"),
        (user_bytes(2 | 1 << 109, 1), "market 1"),
        (user_bytes(1 | 1 << 173, 1), "does not fit"),
        (user_bytes(1, 5 << 134), "TimeInForce"),
        (user_bytes(1, 2 << 140), "SelfTradeScope"),
        (user_bytes(1, 1 << 206), "does not fit"),
        (b"\1" + bytes(24) + b"\xff" * 32 + bytes(8), "not below"),
        (b"\2" + bytes(6) + b"\x11", "not below"),
    ],
)
def test_bytes_when_no_transaction_then_refused(data: bytes, reason: str) -> None:
    with pytest.raises(DecodeError, match=reason):
        decode_transaction(data)
