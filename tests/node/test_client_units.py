"""The client's edge: exact numbers, refusal off the grid, keys, receipts, errors."""

from dataclasses import replace
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from novation.client import (
    InvalidInputError,
    LocalSigner,
    Market,
    NonceRejectedError,
    OffGridError,
    OrderRequest,
    ReceiptError,
    Side,
)
from novation.client.errors import rejected
from novation.client.exchange import Exchange
from novation.client.keys import NonceLane
from novation.client.orders import MessageFactory, SigningIdentity
from novation.client.units import from_quanta, to_quanta
from novation.display import plain
from novation.protocol.constants import MAX_VALIDITY_MS
from novation.protocol.errors import ErrorCode
from novation.receipts import Receipt
from sequencer.messages import acknowledgement
from tests.support.builders import exchange_config, parameters, private_key, public_key, underlying

SEQUENCER_KEY = 0xABC
MARKET = Market(0, underlying())


def factory() -> MessageFactory:
    now = parameters()
    markets = (MARKET, Market(1, now.underlyings[1]))
    exchange = Exchange(exchange_config(), now, markets, public_key(SEQUENCER_KEY), 16_384)
    signer = LocalSigner(private_key(2))
    return MessageFactory(exchange, SigningIdentity(2, 0, signer, NonceLane(5)))


def request(**changes: object) -> OrderRequest:
    return replace(OrderRequest("BTC-USD", Side.BUY, "100.0", "0.01", 10**12), **changes)  # type: ignore[arg-type]


@given(st.integers(1, 2**32 - 1), st.integers(1, 2**32 - 1))
def test_units_when_on_the_grid_survive_the_round_trip(ticks: int, lots: int) -> None:
    assert MARKET.ticks(MARKET.price(ticks)) == ticks
    assert MARKET.lots(str(MARKET.size(lots))) == lots


@given(st.integers(-(2**99), 2**99))
def test_amounts_in_usd_are_exact(quanta: int) -> None:
    assert to_quanta("amount", from_quanta(quanta)) == quanta


@given(st.integers(1, 10**9), st.integers(1, 9))
def test_price_between_two_ticks_is_refused_and_names_them(ticks: int, digit: int) -> None:
    price = MARKET.price(ticks) + Decimal(digit) / 100
    with pytest.raises(OffGridError) as caught:
        MARKET.ticks(price)
    assert str(MARKET.price(ticks)) in str(caught.value)
    assert str(MARKET.price(ticks + 1)) in str(caught.value)
    assert "tick 0.1" in str(caught.value)


@pytest.mark.parametrize(
    "value", [0.1, float("nan"), True, None, "ten", "NaN", Decimal("Infinity")]
)
def test_number_that_is_not_exact_is_refused(value: object) -> None:
    with pytest.raises(InvalidInputError):
        MARKET.ticks(value)  # type: ignore[arg-type]


def test_quantize_rounds_only_when_asked() -> None:
    assert MARKET.quantize_price("100.07") == Decimal("100.1")
    assert MARKET.quantize_price("100.07", "ROUND_DOWN") == Decimal("100.0")
    assert MARKET.quantize_size("0.00019") == Decimal("0.0001")


@pytest.mark.parametrize(
    ("multiplier", "tick_decimals", "tick", "lot"),
    [
        (10, 1, "0.1", "0.0001"),
        (11, 2, "0.01", "0.0011"),
        (4_095, 0, "1", "0.004095"),
        (4_000, 6, "0.000001", "4000"),
        (1, 15, "0.000000000000001", "1000000000"),
    ],
)
def test_market_shows_the_units_that_its_terms_give(
    multiplier: int, tick_decimals: int, tick: str, lot: str
) -> None:
    terms = underlying(multiplier=multiplier, tick_decimals=tick_decimals)
    market = Market(0, terms)
    assert (plain(market.tick_size), plain(market.lot_size)) == (tick, lot)
    assert to_quanta("value", market.tick_size * market.lot_size) == multiplier


def test_nonces_grow_from_the_last_used_one() -> None:
    maker = factory()
    nonces = [maker.place_order(request()).nonce for _ in range(3)]
    assert nonces == [6, 7, 8]


def test_messages_when_signed_then_valid_for_so_long_by_this_machine(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("novation.client.orders.now_ms", lambda: 1_000)
    maker = factory()
    identity = SigningIdentity(2, 0, LocalSigner(private_key(2)), NonceLane(5))
    patient = MessageFactory(maker.exchange, identity, validity_ms=MAX_VALIDITY_MS)
    for make, until_ms in ((maker, 6_000), (patient, 1_000 + MAX_VALIDITY_MS)):
        for tx in (
            make.place_order(request()),
            make.cancel_order(1),
            make.cancel_all(),
            make.set_cancel_timer(5),
            make.withdraw("1"),
            make.add_key(1, identity.signer.public_key, 1, 5),
            make.remove_key(1),
        ):
            assert tx.valid_until_ms == until_ms


@pytest.mark.parametrize(
    ("changes", "word"),
    [
        ({"size": "0"}, "size_lots"),
        ({"size": "-0.01"}, "size_lots"),
        ({"price": "429496729.6"}, "price_ticks"),
        ({"expiry_time_ms": 2**48}, "expiry_time_ms"),
        ({"max_fee_ppm": -1}, "max_fee_ppm"),
        ({"market": "DOGE-USD"}, "BTC-USD"),
    ],
)
def test_order_that_no_exchange_would_take_is_not_signed(
    changes: dict[str, object], word: str
) -> None:
    with pytest.raises(InvalidInputError, match=word):
        factory().place_order(request(**changes))


def test_receipt_of_another_message_or_by_another_key_is_refused() -> None:
    maker, config = factory(), exchange_config()
    tx = maker.withdraw("1")
    good = Receipt(9, tx.message_hash(config), 10, 0, 0).signed(config.config_hash, SEQUENCER_KEY)
    ack = maker.withdraw_ack(tx, acknowledgement(tx, good, ()).withdrawn)
    assert ack.receipt == good
    other = maker.withdraw("2")
    with pytest.raises(ReceiptError, match="sent was"):
        maker.withdraw_ack(other, acknowledgement(tx, good, ()).withdrawn)
    for name in ("sequence", "time_ms", "result_code", "order_id", "signature_r"):
        forged = replace(good, **{name: getattr(good, name) + 1})
        with pytest.raises(ReceiptError, match="not signed by"):
            maker.withdraw_ack(tx, acknowledgement(tx, forged, ()).withdrawn)


def test_signer_refuses_a_key_that_is_none() -> None:
    for key in (0, -1, 2**252):
        with pytest.raises(InvalidInputError):
            LocalSigner(key)
    generated = LocalSigner.generate()
    assert LocalSigner(generated.private_key).public_key == generated.public_key


def test_refusal_becomes_the_exception_of_its_code() -> None:
    from novation.api.v1 import types_pb2  # noqa: PLC0415

    code = ErrorCode.NONCE_USED
    message = types_pb2.ErrorDetail(
        code=code, name=code.name, message="m", field="nonce", limit="7"
    )
    error = rejected(message)
    assert isinstance(error, NonceRejectedError)
    assert (error.code, error.detail.field, error.detail.limit) == (code, "nonce", "7")


@pytest.mark.parametrize(
    ("side", "slippage_ppm", "worst"),
    [
        (Side.BUY, 0, "100.0"),
        (Side.SELL, 0, "100.1"),
        (Side.BUY, 1_000, "100.1"),
        (Side.SELL, 1_000, "100.0"),
    ],
)
def test_worst_price_when_between_two_ticks_then_the_one_that_risks_less(
    side: Side, slippage_ppm: int, worst: str
) -> None:
    market = Market(0, underlying(tick_decimals=1))
    assert market.worst_price(side, "100.05", slippage_ppm) == Decimal(worst)
