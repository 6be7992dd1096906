"""Transfer: between accounts of one owner, by the rule of what may leave an account."""

from dataclasses import replace

import pytest

from novation.protocol.constants import LAST_TIME_MS, PRICE_VALIDITY_MS
from novation.protocol.errors import Broken, ErrorCode, InvalidTransaction, ResultCode
from novation.protocol.events import CancelReason, OrderCancelled, Transferred
from novation.protocol.margin import margin_of
from novation.protocol.signing_keys import Permission
from novation.protocol.transactions import AddKey, Transfer
from tests.support.builders import (
    ONE_DOLLAR,
    l1_address,
    private_key,
    public_key,
    slot_private_key,
)
from tests.support.exchange import BUY, SELL, Exchange

OWN, SISTER, STRANGER = 2, 3, 4
ETH = 1


def exchange_of_sisters(*, sign: bool = False) -> Exchange:
    """Return an exchange in which two accounts have one owner, and a third another one."""
    exchange = Exchange(sign=sign)
    exchange.fund(OWN, STRANGER, amount_quanta=100 * ONE_DOLLAR)
    deposit = exchange.deposit(SISTER, 100 * ONE_DOLLAR)
    exchange.apply(replace(deposit, l1_address=l1_address(OWN)))
    return exchange


def test_transfer_when_of_usd_then_moved_at_once_and_nothing_leaves() -> None:
    exchange = exchange_of_sisters(sign=True)
    before_quanta = exchange.custody_quanta
    result = exchange.transfer(OWN, SISTER, 30 * ONE_DOLLAR)
    assert result.result_code is ResultCode.DONE
    assert result.events == (Transferred(OWN, SISTER, 30 * ONE_DOLLAR),)
    assert exchange.balance(OWN) == 70 * ONE_DOLLAR
    assert exchange.balance(SISTER) == 130 * ONE_DOLLAR
    assert exchange.custody_quanta == before_quanta
    assert exchange.seal().output


def test_transfer_when_of_another_asset_then_that_and_no_more_than_there_is() -> None:
    exchange = exchange_of_sisters()
    exchange.apply(exchange.deposit(OWN, 50, ETH))
    exchange.seal()
    too_much = exchange.transferral(OWN, SISTER, 51, ETH)
    with pytest.raises(InvalidTransaction) as caught:
        exchange.apply(too_much)
    assert caught.value.code is ErrorCode.INSUFFICIENT_BALANCE
    assert caught.value.broken == Broken("amount_quanta", 51, 50)
    # Margin does not count it, so prices do not matter.
    exchange.time_ms += PRICE_VALIDITY_MS + 1
    exchange.transfer(OWN, SISTER, 50, ETH)
    state = exchange.state
    assert (state.account(OWN).balance(ETH), state.account(SISTER).balance(ETH)) == (0, 50)
    exchange.seal()


@pytest.mark.parametrize(
    ("to_account_id", "code"),
    [
        (OWN, ErrorCode.SAME_ACCOUNT),
        (STRANGER, ErrorCode.NOT_SAME_OWNER),
        (0, ErrorCode.NOT_SAME_OWNER),
        (77, ErrorCode.UNKNOWN_ACCOUNT),
    ],
)
def test_transfer_when_not_to_another_account_of_the_owner_then_refused(
    to_account_id: int, code: ErrorCode
) -> None:
    exchange = exchange_of_sisters()
    assert exchange.refuse(exchange.transferral(OWN, to_account_id, 1)) is code


def test_transfer_when_positions_need_it_then_refused_as_a_withdrawal() -> None:
    exchange = exchange_of_sisters()
    exchange.place(STRANGER, SELL, 1_000, 1000)
    exchange.place(OWN, BUY, 1_000, 1000)
    # A tenth of 10 USD stays, and the fee of half a cent is paid.
    free = 100 * ONE_DOLLAR - 5_000 - ONE_DOLLAR
    for make in (exchange.transferral, lambda *args: exchange.withdrawal(args[0], args[2])):
        with pytest.raises(InvalidTransaction) as caught:
            exchange.apply(make(OWN, SISTER, free + 1))
        assert caught.value.code is ErrorCode.INSUFFICIENT_MARGIN
        assert caught.value.broken == Broken("amount_quanta", free + 1, free)
    exchange.transfer(OWN, SISTER, free)
    exchange.time_ms += PRICE_VALIDITY_MS + 1
    exchange.state.globals = replace(exchange.state.globals, next_tick_ms=LAST_TIME_MS)
    assert exchange.refuse(exchange.transferral(OWN, SISTER, 1)) is ErrorCode.STALE_PRICE
    # The sister has no slot: nothing of it depends on prices.
    exchange.transfer(SISTER, OWN, 1)


def test_transfer_when_to_a_failing_account_then_it_fails_no_more() -> None:
    exchange = exchange_of_sisters()
    exchange.place(STRANGER, SELL, 150_000, 1000)
    exchange.place(OWN, BUY, 150_000, 1000)
    exchange.set_price(960)
    state = exchange.state

    def is_failing() -> bool:
        margin = margin_of(state.account(OWN), state.underlyings, state.parameters)
        return not margin.meets_maintenance

    assert is_failing()
    exchange.transfer(SISTER, OWN, 90 * ONE_DOLLAR)
    assert not is_failing()
    exchange.seal()


def test_transfer_when_the_senders_timer_has_run_out_then_applied_and_the_receivers_not() -> None:
    exchange = exchange_of_sisters()
    for account_id, price in ((OWN, 990), (SISTER, 991)):
        exchange.place(account_id, BUY, 10, price)
        exchange.set_cancel_timer(account_id, exchange.time_ms + 10)
    exchange.time_ms += 10
    result = exchange.transfer(OWN, SISTER, 1)
    gone = [event for event in result.events if isinstance(event, OrderCancelled)]
    assert [(e.account_id, e.reason) for e in gone] == [(OWN, CancelReason.TIMER)]
    assert exchange.state.account(SISTER).cancel_all_at_ms == exchange.time_ms
    exchange.seal()


def test_transfer_when_by_a_key_that_may_not_withdraw_then_refused() -> None:
    exchange = exchange_of_sisters(sign=True)
    for slot, permissions in ((1, Permission.TRADE), (2, Permission.WITHDRAW)):
        key = public_key(slot_private_key(OWN, slot))
        nonce = exchange.next_nonce(OWN)
        tx = AddKey(OWN, 0, nonce, slot, int(permissions), LAST_TIME_MS, key)
        exchange.apply(exchange.signed(tx))
    by_trader = exchange.signed(Transfer(OWN, 1, 1, SISTER, 5), slot_private_key(OWN, 1))
    assert exchange.refuse(by_trader) is ErrorCode.KEY_LACKS_PERMISSION
    exchange.apply(exchange.signed(Transfer(OWN, 2, 1, SISTER, 5), slot_private_key(OWN, 2)))
    # What was signed for one receiver is for no other, and for no other amount.
    signed = exchange.signed(Transfer(OWN, 0, 9, SISTER, 5), private_key(OWN))
    for changed in (replace(signed, amount_quanta=6), replace(signed, asset_id=ETH)):
        assert exchange.refuse(changed) is ErrorCode.INVALID_SIGNATURE
    exchange.apply(signed)
    assert exchange.refuse(signed) is ErrorCode.NONCE_USED


@pytest.mark.parametrize(
    "change",
    [
        {"amount_quanta": 0},
        {"amount_quanta": 2**63},
        {"asset_id": 8},
        {"asset_id": -1},
        {"to_account_id": 2**32},
        {"to_account_id": -1},
        {"account_id": 2**32},
    ],
)
def test_transfer_when_a_field_is_out_of_range_then_invalid(change: dict[str, int]) -> None:
    exchange = exchange_of_sisters()
    tx = replace(exchange.transferral(OWN, SISTER, 1), **change)
    assert exchange.refuse(tx) is ErrorCode.INVALID_FIELD


def test_profit_when_nobody_has_paid_it_in_then_moves_but_does_not_leave() -> None:
    exchange = exchange_of_sisters()
    exchange.place(STRANGER, SELL, 100_000, 1000)
    exchange.place(OWN, BUY, 100_000, 1000)
    exchange.set_price(2000)
    exchange.settle_gains()
    exchange.transfer(OWN, SISTER, 800 * ONE_DOLLAR)
    assert exchange.refuse(exchange.withdrawal(SISTER, 900 * ONE_DOLLAR)) is (
        ErrorCode.CUSTODY_EXCEEDED
    )
