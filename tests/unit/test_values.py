"""Packing, configuration and the words behind the leaves."""

from dataclasses import replace
from typing import Any

import pytest

from novation.crypto import FIELD_PRIME, poseidon_hash, poseidon_hash_many
from novation.protocol.accounts import Account, Position
from novation.protocol.constants import NONCE_BOUND
from novation.protocol.errors import DecodeError, ErrorCode, InvalidTransaction
from novation.protocol.fee_tiers import FeesPaid
from novation.protocol.markets import Globals, Market, UnderlyingState
from novation.protocol.nonces import NonceWindow
from novation.protocol.numeric import check_field, div_ceil, pack, unpack
from novation.protocol.orders import (
    RestingOrder,
    SelfTradeMode,
    SelfTradeScope,
    Side,
    TimeInForce,
    Trigger,
    TriggerDirection,
    crosses,
)
from novation.protocol.parameters import Parameters, Underlying
from novation.protocol.signing_keys import SigningKey
from tests.support.builders import exchange_config, parameters, underlying

KEY = SigningKey.full(2)


def test_pack_when_fields_given_then_first_is_lowest() -> None:
    assert pack((5, 4), (3, 2), (1, 1)) == 5 + 3 * 16 + 64
    assert unpack(5 + 3 * 16 + 64, 4, 2, 1) == (5, 3, 1)


@pytest.mark.parametrize("value", [-1, 16])
def test_pack_when_value_too_wide_then_our_fault(value: int) -> None:
    with pytest.raises(AssertionError):
        pack((value, 4))


@pytest.mark.parametrize("word", [-1, 128])
def test_unpack_when_bits_left_then_refused(word: int) -> None:
    with pytest.raises(DecodeError):
        unpack(word, 4, 3)


def test_div_ceil_when_not_exact_then_up() -> None:
    assert [div_ceil(n, 5) for n in (-6, -5, 0, 1, 5, 6)] == [-1, -1, 0, 1, 1, 2]


def test_check_field_when_at_bounds_then_half_open() -> None:
    check_field("x", 1, 1, 5)
    for value in (0, 5):
        with pytest.raises(InvalidTransaction, match=f"x {value} not in 1..4") as caught:
            check_field("x", value, 1, 5)
        assert caught.value.code is ErrorCode.INVALID_FIELD


@pytest.mark.parametrize(
    "changes",
    [
        {"symbol": ""},
        {"symbol": "TOO-LONG-"},
        {"symbol": "€"},
        {"symbol": "\0A"},
        {"multiplier": 0},
        {"multiplier": 2**12},
        {"maintenance_margin_ppm": 0},
        {"maintenance_margin_ppm": 50_001},
        {"initial_margin_ppm": 2**20},
        {"maker_fee_ppm": 2**20},
        {"taker_fee_ppm": -1},
        {"price_band_ppm": 10**6},
        {"min_order_usd": 2**16},
        {"min_order_usd": -1},
        {"tick_decimals": 16},
        {"tick_decimals": -1},
    ],
)
def test_underlying_when_out_of_range_then_refused(changes: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="parameters out of range"):
        underlying(**changes)


@pytest.mark.parametrize(
    "changes",
    [
        {"underlyings": ()},
        {"underlyings": (underlying(),) * 17},
        {"oracle_keys": (1,) * 17},
        {"oracle_quorum": 0},
        {"oracle_quorum": 4},
        {"oracle_keys": (0, 1, 2)},
        {"oracle_keys": (FIELD_PRIME, 1, 2)},
        {"oracle_max_age_ms": 2**32},
        {"oracle_max_age_ms": 0},
    ],
)
def test_parameters_when_out_of_range_then_refused(changes: dict[str, Any]) -> None:
    fields: dict[str, Any] = {
        "underlyings": (underlying(),),
        "oracle_keys": (3, 4, 5),
        "oracle_quorum": 2,
        "oracle_max_age_ms": 1000,
    }
    with pytest.raises(ValueError, match="parameters out of range"):
        Parameters(**(fields | changes))


@pytest.mark.parametrize("changes", [{"chain_id": -1}, {"exchange_address": 2**160}])
def test_exchange_config_when_out_of_range_then_refused(changes: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="configuration out of range"):
        replace(exchange_config(), **changes)


def test_config_felts_when_listed_then_as_specified() -> None:
    config = exchange_config()
    tag = int.from_bytes(b"NOVATION", "big")
    assert config.felts() == (tag, 2, config.chain_id, config.exchange_address)
    assert config.config_hash == poseidon_hash_many(config.felts())


def test_params_felts_when_listed_then_as_specified() -> None:
    params = parameters()
    felts = params.felts()
    assert felts[0] == 2 + (3 << 8) + (2 << 16) + (60_000 << 24)
    assert felts[1] == params.fee_schedule.word()
    assert felts[1] % 2**42 == pack((2**32 - 1, 32), (0, 10))
    assert felts[2] >> 128 == int.from_bytes(b"BTC-USD", "big") + (1 << 64)
    assert felts[2] % 2**112 == pack((10, 12), (50_000, 20), (30_000, 20), (200, 20), (500, 20)) + (
        100_000 << 92
    )
    assert felts[3] == felts[5] == 2**84 - 1
    assert felts[6:] == params.oracle_keys
    assert params.hash == poseidon_hash_many(felts)
    assert Parameters.from_felts(felts) == params


@pytest.mark.parametrize(
    "felts",
    [
        (),
        parameters().felts()[:-1],
        (*parameters().felts(), 1),
        (0, *parameters().felts()[1:]),
        (*parameters().felts()[:2], 0, *parameters().felts()[3:]),
        (*parameters().felts()[:2], parameters().felts()[2] + 2**251, *parameters().felts()[3:]),
        (*parameters().felts()[:3], 2**132, *parameters().felts()[4:]),
        (parameters().felts()[0], 401 << 32, *parameters().felts()[2:]),
        (parameters().felts()[0] + 2**76, *parameters().felts()[1:]),
        (*parameters().felts()[:-1], 0),
    ],
)
def test_params_felts_when_malformed_then_refused(felts: tuple[int, ...]) -> None:
    with pytest.raises(DecodeError):
        Parameters.from_felts(felts)


def test_symbols_when_of_any_bytes_then_read_back() -> None:
    """L1's owner writes 8 bytes; whatever they are, the state can be read."""
    for symbol in ("A", "\xe9\x00\xff", "12345678"):
        assert Underlying.from_word(underlying(symbol=symbol).word()).symbol == symbol


def test_account_when_position_is_emptied_then_slot_goes() -> None:
    account = Account.new(1, 2)
    for market_id in (3, 1, 2):
        account = account.with_position(Position(market_id, size_lots=market_id))
    assert [p.market_id for p in account.positions] == [1, 2, 3]
    account = account.with_position(Position(2), collateral_change=-5)
    assert [p.market_id for p in account.positions] == [1, 3]
    assert account.collateral_quanta == -5
    assert account.position(2) == Position(2)
    assert not account.has_position(2)


def test_account_when_hashed_then_words_as_specified() -> None:
    position = Position(7, -3, 2**37 - 1, 1, 255, 2**48 - 1)
    keys = SigningKey.full(11), SigningKey(12, 1, 99)
    windows = NonceWindow(5, 7), NonceWindow(6)
    fees = FeesPaid(20_000, 9)
    account = Account(0xABC, keys, windows, -9, (position,), 1, 77, fees_paid=fees)
    assert fees.word() == pack((20_000, 22), (9, 95))
    assert account.window_words() == (5 + (7 << 61) + (6 << 125),)
    assert account.balance_word() == pack(
        (2**99 - 9, 100), (2, 4), (1, 8), (0, 2), (1, 6), (2**48 - 1 - 77, 48)
    )
    sizes = (7, 16), (2**36 - 3, 37), (2**37 - 1, 37), (1, 37)
    word = pack(*sizes, (255, 8), (2**48 - 1, 48))
    assert word < 2**183
    assert position.word() == word
    assert Position.from_word(word) == position
    full, traders = 7 + (2**48 - 1 << 8), 1 + (99 << 8)
    keys_hash = poseidon_hash_many([0xABC, 11, full, 12, traders])
    head = [poseidon_hash(keys_hash, fees.word()), *account.window_words(), account.balance_word()]
    expected = [*head, word]
    assert account.leaf() == poseidon_hash_many(expected)
    assert account.with_window(1, NonceWindow(9)).windows == (NonceWindow(5, 7), NonceWindow(9))


@pytest.mark.parametrize(
    "account",
    [
        Account(1, (KEY,), (0,), collateral_quanta=2**99),
        Account(1, (KEY,), (0,), collateral_quanta=-(2**99)),
        Account(1, (), ()),
        Account(1, (KEY,) * 9, (0,) * 9),
        Account(1, (KEY,), (0,), positions=tuple(Position(i, 1) for i in range(33))),
    ],
)
def test_account_when_invariant_is_broken_then_no_leaf(account: Account) -> None:
    with pytest.raises(AssertionError):
        account.balance_word()


def test_order_when_packed_then_round_trip() -> None:
    order = RestingOrder(9, 8, 7, Side.SELL, True, 6, 5, 4, 10, 7, NONCE_BOUND - 1, 15, 3, 2)
    assert RestingOrder.from_words(*order.words()) == order
    word_0, word_1 = order.words()
    origin = (7, 3), (NONCE_BOUND - 1, NONCE_BOUND.bit_length() - 1), (15, 4)
    assert word_0 == pack(
        (9, 48), (8, 32), (7, 16), (1, 1), (1, 1), (0, 6), (6, 32), (10, 20), *origin
    )
    assert word_1 == pack((5, 32), (4, 48), (3, 48), (2, 32))
    with pytest.raises(DecodeError, match="flags"):
        RestingOrder.from_words(word_0 | 1 << 100, word_1)
    with pytest.raises(DecodeError, match="flags"):
        RestingOrder.from_words(word_0 | 1 << 99, word_1)
    trigger = Trigger(
        77, TriggerDirection.RISE, TimeInForce.IOC, SelfTradeMode.DECREMENT, SelfTradeScope.OWNER
    )
    dormant = replace(order, trigger=trigger)
    assert RestingOrder.from_words(*dormant.words()) == dormant
    assert dormant.leaf() != order.leaf()


def test_market_and_globals_when_packed_then_round_trip() -> None:
    market = Market(1, 2**48 - 1, 0, 3, 4, 5, 6, 7, -8, 9, 10)
    assert Market.from_words(market.words()) == market
    assert (market.head(Side.BUY), market.head(Side.SELL)) == ((4, 5), (6, 7))
    counters = Globals(1, 2, 3, 4, 5, 2**63 - 1, 2**49 - 1, 2**49 - 1, 15, (), 2**63 - 1)
    assert Globals.from_words(counters.words()) == counters
    assert [word.bit_length() for word in counters.words()] == [195, 228, 0, 0, 0]
    last = 2**84 - 1, 2**48 - 1, 2**45 - 1, 2**15 - 1
    for underlying_state in (
        UnderlyingState(2**48 - 1, 5, True, 16, -3, -4, -5, *last),
        UnderlyingState(0, 5, False, 0, 3, 4, 2**56 - 1, -(2**84), -(2**48)),
        UnderlyingState(
            ref_x16=2**49 - 1,
            window_x16=2**49 - 1,
            jumped_ms=2**48 - 1,
            long_charged_quanta=2**45 - 1,
            short_charged_quanta=2**45 - 1,
        ),
    ):
        assert UnderlyingState.from_words(underlying_state.words()) == underlying_state
    assert market.leaf() == poseidon_hash_many(market.words())


@pytest.mark.parametrize("bit", [0, 8, 12, 72, 90, 195])
def test_market_word_when_of_another_kind_then_refused(bit: int) -> None:
    """Kind, expiry slot, strike and its logarithm are 0 in every perpetual."""
    words = Market(3, 2**48 - 1, 0, 2**48 - 1).words()
    assert words[0] == pack((0, 4), (3, 4), (0, 91), (2**48 - 1, 48), (2**48 - 1, 48))
    with pytest.raises(DecodeError):
        Market.from_words((words[0] ^ 1 << bit, *words[1:]))


def test_crosses_when_prices_equal_then_true_on_both_sides() -> None:
    assert crosses(Side.BUY, 10, 10)
    assert crosses(Side.SELL, 10, 10)
    assert not crosses(Side.BUY, 10, 11)
    assert not crosses(Side.SELL, 10, 9)
