"""Signers, deposits, withdrawals and cancellations: every rule once."""

from dataclasses import replace
from typing import Any

import pytest

from novation.crypto import FIELD_PRIME, SIGNATURE_BOUND, STARK_CURVE_ORDER
from novation.protocol.constants import NONCE_BOUND, NONCE_STEP, TIME_BOUND
from novation.protocol.errors import ErrorCode, InvalidTransaction, ResultCode
from novation.protocol.events import (
    CancelReason,
    Deposited,
    DepositFailed,
    OrderCancelled,
    Withdrawn,
)
from novation.protocol.nonces import NonceWindow
from novation.protocol.signatures import Signature, check_signature
from novation.protocol.signing_keys import SigningKey
from novation.protocol.transactions import CancelOrder, Deposit, Withdraw
from tests.support.builders import ONE_DOLLAR, START_MS, l1_address, private_key, public_key
from tests.support.exchange import BUY, SELL, Exchange


def withdrawal(**changes: Any) -> Withdraw:
    """Return a withdrawal of account 2 with some fields changed, unsigned."""
    fields = {"account_id": 2, "key_index": 0, "nonce": 5, "amount_quanta": 1} | changes
    return Withdraw(**fields)


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"account_id": 2**32}, ErrorCode.INVALID_FIELD),
        ({"account_id": -1}, ErrorCode.INVALID_FIELD),
        ({"key_index": 8}, ErrorCode.INVALID_FIELD),
        ({"nonce": 0}, ErrorCode.INVALID_FIELD),
        ({"nonce": NONCE_BOUND}, ErrorCode.INVALID_FIELD),
        ({"valid_until_ms": -1}, ErrorCode.INVALID_FIELD),
        ({"valid_until_ms": TIME_BOUND}, ErrorCode.INVALID_FIELD),
        ({"amount_quanta": 0}, ErrorCode.INVALID_FIELD),
        ({"amount_quanta": 2**63}, ErrorCode.INVALID_FIELD),
        ({"account_id": 9}, ErrorCode.UNKNOWN_ACCOUNT),
        ({"key_index": 1}, ErrorCode.UNKNOWN_KEY),
        ({"nonce": 5}, ErrorCode.NONCE_USED),
        ({"nonce": 6}, ErrorCode.MESSAGE_EXPIRED),
        ({"nonce": 6, "valid_until_ms": START_MS + 10}, ErrorCode.INVALID_SIGNATURE),
    ],
)
def test_signer_when_a_rule_is_broken_then_refused(
    changes: dict[str, int], code: ErrorCode
) -> None:
    exchange = Exchange()
    exchange.fund(2)
    exchange.apply(exchange.signed(withdrawal()))
    assert exchange.refuse(withdrawal(**changes)) is code


def test_signature_when_of_another_message_then_refused_with_the_expected_hash() -> None:
    exchange = Exchange()
    exchange.fund(2)
    tx = exchange.signed(withdrawal())
    forged = replace(tx, amount_quanta=2)
    with pytest.raises(InvalidTransaction, match=hex(forged.message_hash(exchange.config))):
        exchange.apply(forged)
    exchange.sign = False
    assert exchange.apply(forged).result_code is ResultCode.DONE


@pytest.mark.parametrize(
    ("hashed", "r", "s", "code"),
    [
        (0, 1, 1, ErrorCode.UNPROVABLE_SIGNATURE),
        (SIGNATURE_BOUND, 1, 1, ErrorCode.UNPROVABLE_SIGNATURE),
        (1, 0, 1, ErrorCode.INVALID_SIGNATURE),
        (1, SIGNATURE_BOUND, 1, ErrorCode.INVALID_SIGNATURE),
        (1, 1, 0, ErrorCode.INVALID_SIGNATURE),
        (1, 1, STARK_CURVE_ORDER, ErrorCode.INVALID_SIGNATURE),
        (1, 1, STARK_CURVE_ORDER - 1, ErrorCode.UNPROVABLE_SIGNATURE),
    ],
)
def test_signature_when_out_of_range_then_refused(
    hashed: int, r: int, s: int, code: ErrorCode
) -> None:
    with pytest.raises(InvalidTransaction) as caught:
        check_signature(hashed, Signature(r, s), public_key(1))
    assert caught.value.code is code


def test_nonce_when_gaps_then_accepted_and_stored() -> None:
    exchange = Exchange()
    exchange.fund(2)
    for nonce in (5, 900, 900 + NONCE_STEP):
        tx = exchange.signed(withdrawal(nonce=nonce))
        exchange.apply(tx)
        assert exchange.state.account(2).windows[0].high == nonce


def test_deposit_when_account_is_new_then_created() -> None:
    exchange = Exchange()
    result = exchange.apply(exchange.deposit(2, 7))
    assert result.events == (Deposited(2, 7, is_new_account=True),)
    account = exchange.state.account(2)
    key = SigningKey.full(public_key(private_key(2)))
    assert (account.l1_address, account.keys) == (l1_address(2), (key,))
    assert (account.collateral_quanta, account.windows) == (7, (NonceWindow(),))
    again = exchange.apply(exchange.deposit(2, 8))
    assert again.events == (Deposited(2, 8, is_new_account=False),)
    assert exchange.balance(2) == 15
    assert exchange.state.globals.l1_queue_position == 2


@pytest.mark.parametrize("changes", [{"stark_key": 3}, {"l1_address": 3}])
def test_deposit_when_owner_differs_then_consumed_without_credit(changes: dict[str, int]) -> None:
    exchange = Exchange()
    exchange.fund(2)
    exchange.seal()
    before = exchange.state.account(2)
    result = exchange.apply(replace(exchange.deposit(2, 7), **changes))
    assert result.result_code is ResultCode.DEPOSIT_KEY_MISMATCH
    assert result.events == (DepositFailed(2, 7, ResultCode.DEPOSIT_KEY_MISMATCH),)
    assert exchange.state.account(2) == before
    assert exchange.state.globals.l1_queue_position == 2
    assert [opened.account_id for opened in exchange.seal().witness.accounts] == [2]


@pytest.mark.parametrize(
    "deposit",
    [
        Deposit(2**32, 1, 1, 1),
        Deposit(2, 2**160, 1, 1),
        Deposit(2, 1, FIELD_PRIME, 1),
        Deposit(2, 1, 1, 0),
        Deposit(2, 1, 1, 2**63),
    ],
)
def test_deposit_when_l1_could_not_have_sent_it_then_our_fault(deposit: Deposit) -> None:
    with pytest.raises(AssertionError):
        Exchange().apply(deposit)


def test_withdraw_when_collateral_is_free_then_paid_out() -> None:
    exchange = Exchange()
    exchange.fund(2, amount_quanta=100)
    result = exchange.withdraw(2, 100)
    assert result.events == (Withdrawn(2, l1_address(2), 100),)
    assert exchange.balance(2) == 0
    sealed = exchange.seal()
    assert sealed.output[10] == 100 + (l1_address(2) << 64)


def test_withdraw_when_more_than_free_then_refused() -> None:
    exchange = Exchange()
    exchange.fund(2, 3, amount_quanta=ONE_DOLLAR)
    exchange.place(3, SELL, 100, 1000)
    exchange.place(2, BUY, 100, 1000)
    # A tenth of 100 lots x 1000 ticks x 10 quanta stays; the taker paid 500 in fees.
    free = ONE_DOLLAR - 500 - 100_000
    code = exchange.refuse(exchange.signed(withdrawal(amount_quanta=free + 1)))
    assert code is ErrorCode.INSUFFICIENT_MARGIN
    exchange.nonces[2] = 9
    exchange.withdraw(2, free)
    assert exchange.balance(2) == -1_000_000 + 100_000


def test_withdraw_when_orders_need_more_than_a_tenth_of_positions_then_that_stays() -> None:
    exchange = Exchange()
    exchange.fund(2, 3, amount_quanta=ONE_DOLLAR)
    exchange.place(3, SELL, 10, 1000)
    exchange.place(2, BUY, 10, 1000)
    exchange.place(2, BUY, 90, 990)
    # What may be bought needs 50,000 at 5 %, a tenth of what is held 10,000.
    free = ONE_DOLLAR - 50 - 50_000
    code = exchange.refuse(exchange.signed(withdrawal(amount_quanta=free + 1)))
    assert code is ErrorCode.INSUFFICIENT_MARGIN
    exchange.nonces[2] = 9
    exchange.withdraw(2, free)


def test_cancel_when_own_order_then_gone() -> None:
    exchange = Exchange()
    exchange.fund(2)
    for price in (998, 997, 996):
        exchange.place(2, BUY, 3, price)
    result = exchange.cancel(2, 2)
    reason = CancelReason.USER
    assert result.events == (OrderCancelled(2, 2, 0, BUY, 997, 3, reason),)
    assert exchange.book(BUY) == [(1, 998, 3), (3, 996, 3)]
    assert exchange.state.account(2).position(0).open_buy_lots == 6
    assert exchange.state.account(2).position(0).n_orders == 2
    exchange.cancel(2, 1)
    exchange.cancel(2, 3)
    assert exchange.book(BUY) == []
    assert exchange.state.account(2).positions == ()


def test_cancel_when_named_by_its_message_then_that_order_alone_is_gone() -> None:
    exchange = Exchange()
    exchange.fund(2, 3)
    for account_id in (2, 3):
        # Both messages have key slot 0 and one nonce.
        exchange.place(account_id, BUY, 3, 998, nonce=7)
    exchange.place(2, BUY, 1, 997, nonce=9)
    result = exchange.cancel_placed_by(2, 7)
    assert result.events == (OrderCancelled(1, 2, 0, BUY, 998, 3, CancelReason.USER),)
    assert exchange.book(BUY) == [(2, 998, 3), (3, 997, 1)]
    for nonce in (7, 8):
        tx = CancelOrder(2, 0, exchange.next_nonce(2), 0, 0, nonce)
        assert exchange.refuse(exchange.signed(tx)) is ErrorCode.UNKNOWN_ORDER


@pytest.mark.parametrize(
    ("account_id", "order_id", "code"),
    [
        (2, 9, ErrorCode.UNKNOWN_ORDER),
        (3, 1, ErrorCode.NOT_ORDER_OWNER),
        (2, 0, ErrorCode.INVALID_FIELD),
        (2, 2**48, ErrorCode.INVALID_FIELD),
    ],
)
def test_cancel_when_not_allowed_then_refused(
    account_id: int, order_id: int, code: ErrorCode
) -> None:
    exchange = Exchange()
    exchange.fund(2, 3)
    exchange.place(2, BUY, 3, 998)
    tx = CancelOrder(account_id, 0, exchange.next_nonce(account_id), order_id)
    if 0 < order_id < 2**48:
        tx = exchange.signed(tx)
    assert exchange.refuse(tx) is code
