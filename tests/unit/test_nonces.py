"""Each message of a key slot at most once, in any order, and not after it has expired."""

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from novation.protocol.constants import (
    LAST_TIME_MS,
    MAX_VALIDITY_MS,
    NONCE_BOUND,
    NONCE_STEP,
    SKIPPED_NONCES,
    TIME_BOUND,
)
from novation.protocol.errors import DecodeError, ErrorCode
from novation.protocol.nonces import (
    WINDOW_BITS,
    NonceWindow,
    n_window_words,
    pack_windows,
    unpack_windows,
)
from novation.protocol.transactions import AddKey, Withdraw
from tests.support.builders import private_key, public_key, slot_private_key
from tests.support.exchange import BUY, Exchange


class Model:
    """The rule in plain words: all nonces that were ever used, and where a key began."""

    def __init__(self, high: int = 0) -> None:
        self.high, self.floor, self.used = high, high, {high}

    def refusal(self, nonce: int) -> ErrorCode | None:
        if nonce > self.high + NONCE_STEP:
            return ErrorCode.NONCE_TOO_FAR
        if nonce < self.high - SKIPPED_NONCES:
            return ErrorCode.NONCE_TOO_OLD
        return ErrorCode.NONCE_USED if nonce <= self.floor or nonce in self.used else None

    def use(self, nonce: int) -> None:
        self.used.add(nonce)
        self.high = max(self.high, nonce)


def refusal(window: NonceWindow, nonce: int) -> ErrorCode | None:
    found = window.refusal(nonce)
    if found is None:
        return None
    assert (found.broken.field, found.broken.value) == ("nonce", nonce)
    assert window.refusal(found.broken.limit) is None
    return found.code


STEPS = st.one_of(
    st.integers(-70, 70),
    st.integers(1, 3),
    st.sampled_from((63, 64, 65, 66, NONCE_STEP - 1, NONCE_STEP, NONCE_STEP + 1, -64, -65, -66)),
)


@given(st.lists(STEPS, max_size=60), st.sampled_from((0, 1, 70, NONCE_BOUND // 2)))
def test_window_when_used_in_any_order_then_as_the_set_of_all_that_were(
    steps: list[int], start: int
) -> None:
    window, model = NonceWindow(start), Model(start)
    for step in steps:
        nonce = window.high + step
        code = model.refusal(nonce)
        assert refusal(window, nonce) is code, (window, nonce)
        if code is None:
            window = window.with_used(nonce)
            model.use(nonce)
            assert refusal(window, nonce) in (ErrorCode.NONCE_USED, ErrorCode.NONCE_TOO_OLD)
        assert window.high == model.high
        assert window.skipped < 1 << SKIPPED_NONCES
        for below in range(SKIPPED_NONCES + 3):
            near = window.high - below
            assert refusal(window, near) is model.refusal(near), (window, near)
        assert NonceWindow.from_word(window.word()) == window


@pytest.mark.parametrize(
    ("skipped", "step", "expected"),
    [
        (0, 1, 0),
        (0b101, 1, 0b1010),
        (1 << 63, 1, 0),
        (0, 2, 0b01),
        (0b1, 3, 0b1011),
        (0, 63, 2**62 - 1),
        (3, 63, 2**63 + 2**62 - 1),
        # The old highest is the lowest of the window, and used; one further it is out of it.
        (2**64 - 1, 64, 2**63 - 1),
        (0, 64, 2**63 - 1),
        (0, 65, 2**64 - 1),
        (2**64 - 1, 65, 2**64 - 1),
        (0, NONCE_STEP, 2**64 - 1),
        (0b1, -1, 0),
        (2**64 - 1, -64, 2**63 - 1),
        (0b110, -2, 0b100),
    ],
)
def test_window_when_a_nonce_is_used_then_shifted(skipped: int, step: int, expected: int) -> None:
    window = NonceWindow(1000, skipped)
    assert window.refusal(1000 + step) is None
    assert window.with_used(1000 + step) == NonceWindow(1000 + max(step, 0), expected)


def test_words_when_windows_are_packed_then_two_in_each() -> None:
    windows = tuple(NonceWindow(NONCE_BOUND - 1 - i, 2**64 - 1 - i) for i in range(8))
    for n_keys in range(1, 9):
        words = pack_windows(windows[:n_keys])
        assert len(words) == n_window_words(n_keys) == (n_keys + 1) // 2
        assert unpack_windows(words, n_keys) == windows[:n_keys]
        assert all(word < 1 << 2 * WINDOW_BITS for word in words)
        if n_keys % 2:
            with pytest.raises(DecodeError):
                unpack_windows((*words[:-1], words[-1] + (1 << WINDOW_BITS)), n_keys)


def funded() -> Exchange:
    exchange = Exchange()
    exchange.fund(2)
    return exchange


def withdrawal(exchange: Exchange, nonce: int, **changes: Any) -> Withdraw:
    tx = replace(Withdraw(2, 0, nonce, 1), **changes)
    secret = slot_private_key(2, tx.key_index) if tx.key_index else private_key(2)
    return exchange.signed(tx, secret)


def test_messages_when_overtaken_then_accepted_once() -> None:
    exchange = funded()
    early = [withdrawal(exchange, nonce) for nonce in (1, 2, 4, 67)]
    exchange.apply(withdrawal(exchange, 3))
    exchange.apply(withdrawal(exchange, 68))
    assert exchange.refuse(early[0]) is ErrorCode.NONCE_TOO_OLD
    assert exchange.refuse(withdrawal(exchange, 3)) is ErrorCode.NONCE_TOO_OLD
    for tx in early[2:]:
        exchange.apply(tx)
        assert exchange.refuse(tx) is ErrorCode.NONCE_USED
    exchange.seal()
    for tx in early[2:]:
        assert exchange.refuse(tx) is ErrorCode.NONCE_USED
    assert exchange.refuse(withdrawal(exchange, 68)) is ErrorCode.NONCE_USED
    assert exchange.refuse(withdrawal(exchange, 69 + NONCE_STEP)) is ErrorCode.NONCE_TOO_FAR
    exchange.apply(withdrawal(exchange, 68 + NONCE_STEP))
    assert exchange.refuse(withdrawal(exchange, 69)) is ErrorCode.NONCE_TOO_OLD


def test_nonces_when_at_their_last_then_no_more() -> None:
    exchange = funded()
    last = NonceWindow(NONCE_BOUND - 3)
    exchange.state.accounts[2] = exchange.state.account(2).with_window(0, last)
    exchange.apply(withdrawal(exchange, NONCE_BOUND - 1))
    exchange.apply(withdrawal(exchange, NONCE_BOUND - 2))
    assert exchange.refuse(withdrawal(exchange, NONCE_BOUND - 2)) is ErrorCode.NONCE_USED


def test_slot_when_it_gets_another_key_then_nothing_below_is_free() -> None:
    """Not even what the old key has skipped: the new key may be the same."""
    exchange = funded()
    key = public_key(slot_private_key(2, 1))

    def put(slot: int) -> None:
        tx = AddKey(2, 0, exchange.next_nonce(2), slot, 7, LAST_TIME_MS, key)
        exchange.apply(exchange.signed(tx))

    put(1)
    exchange.apply(withdrawal(exchange, 9, key_index=1))
    withheld = [withdrawal(exchange, nonce, key_index=1) for nonce in (7, 8, 9)]
    put(1)
    assert exchange.state.account(2).windows[1] == NonceWindow(9)
    for tx in withheld:
        assert exchange.refuse(tx) is ErrorCode.NONCE_USED
    exchange.apply(withdrawal(exchange, 11, key_index=1))
    exchange.apply(withdrawal(exchange, 10, key_index=1))
    assert exchange.state.account(2).windows == (NonceWindow(2), NonceWindow(11))


def test_message_when_withheld_then_dies() -> None:
    exchange = funded()
    now_ms = exchange.time_ms
    tx = withdrawal(exchange, 1, valid_until_ms=now_ms + 5)
    exchange.time_ms += 6
    assert exchange.refuse(tx) is ErrorCode.MESSAGE_EXPIRED
    exchange.time_ms -= 1
    exchange.apply(tx)
    # Sent again it is known by its nonce, whatever the time.
    exchange.time_ms += 1
    assert exchange.refuse(tx) is ErrorCode.NONCE_USED


def test_message_when_valid_for_more_than_a_day_then_refused() -> None:
    exchange = funded()
    until_ms = exchange.time_ms + MAX_VALIDITY_MS
    long_lived = withdrawal(exchange, 1, valid_until_ms=until_ms + 1)
    assert exchange.refuse(long_lived) is ErrorCode.VALIDITY_TOO_LONG
    exchange.apply(withdrawal(exchange, 1, valid_until_ms=until_ms))


def test_message_when_without_validity_then_refused() -> None:
    exchange = Exchange(sign=False)
    exchange.fund(2)
    assert exchange.refuse(Withdraw(2, 0, 1, 1)) is ErrorCode.MESSAGE_EXPIRED


@pytest.mark.parametrize("valid_until_ms", [-1, TIME_BOUND])
def test_validity_when_out_of_range_then_invalid_field(valid_until_ms: int) -> None:
    exchange = Exchange(sign=False)
    exchange.fund(2)
    tx = replace(exchange.order(2, BUY, 1, 990), valid_until_ms=valid_until_ms)
    assert exchange.refuse(tx) is ErrorCode.INVALID_FIELD


def test_check_order_is_nonce_then_validity_then_key() -> None:
    exchange = funded()
    exchange.apply(withdrawal(exchange, 1))
    stranger = slot_private_key(2, 5)
    wrong = Withdraw(2, 0, 1, 1, valid_until_ms=1)
    assert exchange.refuse(exchange.signed(wrong, stranger)) is ErrorCode.NONCE_USED
    wrong = replace(wrong, nonce=2)
    assert exchange.refuse(exchange.signed(wrong, stranger)) is ErrorCode.MESSAGE_EXPIRED
    wrong = replace(wrong, valid_until_ms=exchange.time_ms)
    assert exchange.refuse(exchange.signed(wrong, stranger)) is ErrorCode.INVALID_SIGNATURE


def test_validity_when_changed_then_signature_is_wrong() -> None:
    exchange = funded()
    tx = withdrawal(exchange, 1)
    longer = replace(tx, valid_until_ms=tx.valid_until_ms + 1)
    assert exchange.refuse(longer) is ErrorCode.INVALID_SIGNATURE
