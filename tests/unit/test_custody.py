"""What is in custody: deposits add, withdrawals subtract, and nothing leaves that is not there."""

from dataclasses import replace

import pytest

from novation.protocol.errors import Broken, ErrorCode, InvalidTransaction
from tests.support.builders import ONE_DOLLAR
from tests.support.exchange import BUY, SELL, Exchange

DEPOSIT = 10_000 * ONE_DOLLAR


def winner_and_loser() -> Exchange:
    """Return an exchange in which account 2 won 25,000 dollars that account 3 does not have."""
    exchange = Exchange(sign=False)
    exchange.fund(2, 3, amount_quanta=DEPOSIT)
    exchange.place(3, SELL, 10_000_000, 1000)
    exchange.place(2, BUY, 10_000_000, 1000)
    exchange.set_price(1250)
    exchange.settle_gains()
    return exchange


def test_custody_when_money_comes_and_goes_then_counted() -> None:
    exchange = Exchange(sign=False)
    exchange.fund(2, 3, amount_quanta=DEPOSIT)
    exchange.withdraw(2, 7)
    assert exchange.state.globals.custody_quanta == 2 * DEPOSIT - 7
    exchange.apply(replace(exchange.deposit(2, 5), stark_key=99))
    assert exchange.state.globals.custody_quanta == 2 * DEPOSIT - 7
    exchange.seal()


def test_withdrawal_when_above_custody_then_refused_with_what_is_there() -> None:
    exchange = winner_and_loser()
    tx = exchange.withdrawal(2, 2 * DEPOSIT + 1)
    with pytest.raises(InvalidTransaction) as caught:
        exchange.apply(tx)
    assert caught.value.code is ErrorCode.CUSTODY_EXCEEDED
    assert caught.value.broken == Broken("amount_quanta", 2 * DEPOSIT + 1, 2 * DEPOSIT)
    assert exchange.refuse(tx) is ErrorCode.CUSTODY_EXCEEDED


def test_withdrawal_when_all_of_custody_then_paid_and_nothing_is_left() -> None:
    exchange = winner_and_loser()
    exchange.withdraw(2, 2 * DEPOSIT)
    assert exchange.state.globals.custody_quanta == 0
    assert exchange.refuse(exchange.withdrawal(2, 1)) is ErrorCode.CUSTODY_EXCEEDED
    exchange.seal()


def test_withdrawal_when_refused_then_custody_is_as_before() -> None:
    exchange = winner_and_loser()
    assert exchange.refuse(exchange.withdrawal(3, 1)) is (ErrorCode.INSUFFICIENT_MARGIN)
    assert exchange.state.globals.custody_quanta == 2 * DEPOSIT
