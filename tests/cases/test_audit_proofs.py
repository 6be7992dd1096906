"""What the auditors of settlement showed to be possible, tried again: docs/audits.md, A1 and A3.

Their programs took money at old prices, and other people's deposits. Each of these goes their way,
is refused where they were not, and lets the circuit run the batch.
"""

import pytest

from novation.protocol.constants import MINUTE_MS, RESOLVE_MS
from novation.protocol.errors import ErrorCode, InvalidTransaction
from novation.protocol.margin import margin_of
from novation.protocol.orders import TimeInForce
from novation.protocol.sealing import SealedBatch
from novation.protocol.transactions import TakeOver
from prover.runner import execute_only
from tests.support.builders import ONE_DOLLAR
from tests.support.exchange import BUY, SELL, Exchange

DAY_MS = 86_400_000
FRIEND, MAKER = 3, 2
VICTIM, LOSER, WINNER, BUYER, OTHER_FRIEND = 2, 3, 4, 5, 6
# What 9,000 USD of initial margin are enough for, at 1000 ticks, 10 quanta a tick, and 5 %.
LOTS = 18_000_000


def check_proven(sealed: SealedBatch) -> None:
    """The batch program writes the output that Python has."""
    assert execute_only(sealed.witness).output == tuple(sealed.output)


def refusal(exchange: Exchange, *order: int, **changes: object) -> ErrorCode:
    """Return why an order of the friend is refused."""
    with pytest.raises(InvalidTransaction) as caught:
        exchange.place(FRIEND, BUY, *order, **changes)  # type: ignore[arg-type]
    return caught.value.code


def test_a1_prices_of_any_age_fill_nothing_and_pay_nothing_out() -> None:
    """A maker's ask is not filled six days later, at a price of then, by whoever knows today's."""
    exchange = Exchange()
    exchange.fund(MAKER, amount_quanta=100_000 * ONE_DOLLAR)
    exchange.fund(FRIEND, amount_quanta=10_000 * ONE_DOLLAR)
    in_a_month_ms = exchange.time_ms + 30 * DAY_MS
    exchange.place(MAKER, SELL, LOTS, 1000, expiry_time_ms=in_a_month_ms)
    check_proven(exchange.seal())
    exchange.time_ms += 6 * DAY_MS
    assert refusal(exchange, LOTS, 1000) is ErrorCode.STALE_PRICE
    # The price is 1500 now. For a minute nobody may take, and then the ask is dead.
    exchange.set_price(1500)
    ioc = {"time_in_force": TimeInForce.IOC}
    assert refusal(exchange, LOTS // 2, 1500, **ioc) is ErrorCode.POST_ONLY_PERIOD
    exchange.wait(MINUTE_MS)
    exchange.place(FRIEND, BUY, LOTS // 2, 1500, time_in_force=TimeInForce.IOC)
    assert exchange.size(FRIEND) == exchange.size(MAKER) == 0
    exchange.withdraw(FRIEND, 10_000 * ONE_DOLLAR)
    assert exchange.custody_quanta == 100_000 * ONE_DOLLAR
    check_proven(exchange.seal())


def test_a1_prices_of_any_age_pay_no_profit_out() -> None:
    """Whoever has a position and a profit at the last price waits for a price to take it out."""
    exchange = Exchange()
    exchange.fund(MAKER, FRIEND, amount_quanta=100_000 * ONE_DOLLAR)
    exchange.place(MAKER, SELL, LOTS, 1000)
    exchange.place(FRIEND, BUY, LOTS, 1000)
    exchange.set_price(1010)
    exchange.time_ms += 6 * DAY_MS
    with pytest.raises(InvalidTransaction) as caught:
        exchange.withdraw(FRIEND, ONE_DOLLAR)
    assert caught.value.code is ErrorCode.STALE_PRICE
    state = exchange.state
    margin = margin_of(state.account(FRIEND), state.underlyings, state.parameters)
    assert margin.meets_initial
    check_proven(exchange.seal())


def test_a3_losses_that_nobody_pays_are_not_withdrawn_from_others() -> None:
    """Two accounts of one person put in 20,000; a gap of 60 % brings 108,000 to the one that wins.

    He waits while it is settled who bears that, and then has what the two have put in, and no more.
    """
    exchange = Exchange()
    exchange.fund(VICTIM, amount_quanta=100_000 * ONE_DOLLAR)
    exchange.fund(LOSER, WINNER, amount_quanta=10_000 * ONE_DOLLAR)
    exchange.place(LOSER, SELL, LOTS, 1000)
    exchange.place(WINNER, BUY, LOTS, 1000)
    exchange.jump(1600)
    with pytest.raises(InvalidTransaction) as caught:
        exchange.withdraw(WINNER, ONE_DOLLAR)
    assert caught.value.code is ErrorCode.RESOLVING
    exchange.apply(TakeOver(LOSER))
    exchange.wait(RESOLVE_MS)
    exchange.fund(BUYER, amount_quanta=100_000 * ONE_DOLLAR)
    exchange.place(BUYER, BUY, LOTS, 1600)
    exchange.place(WINNER, SELL, LOTS, 1600, reduce_only=True)
    assert exchange.size(WINNER) == 0
    # What he gained is settled when two minutes have ended.
    exchange.settle_gains()
    # What the two have put in is more than he can have, and so he is told.
    with pytest.raises(InvalidTransaction) as caught:
        exchange.withdraw(WINNER, 20_000 * ONE_DOLLAR)
    assert caught.value.code is ErrorCode.INSUFFICIENT_MARGIN
    exchange.withdraw(WINNER, caught.value.broken.limit)
    with pytest.raises(InvalidTransaction) as caught:
        exchange.withdraw(WINNER, ONE_DOLLAR)
    assert caught.value.code is ErrorCode.INSUFFICIENT_MARGIN
    # The victim gets all of it, to the quantum.
    exchange.withdraw(VICTIM, 100_000 * ONE_DOLLAR)
    check_proven(exchange.seal())


def attack_without_takeover(own_quanta: int) -> Exchange:
    """The winner goes to a friend, while whoever orders transactions leaves the takeover out.

    The friend takes the lots over that have gained, and takes money in another market.
    """
    exchange = Exchange()
    exchange.fund(VICTIM, BUYER, amount_quanta=100_000 * ONE_DOLLAR)
    exchange.fund(LOSER, WINNER, amount_quanta=10_000 * ONE_DOLLAR)
    exchange.place(LOSER, SELL, LOTS, 1000)
    exchange.place(WINNER, BUY, LOTS, 1000)
    exchange.settle_gains()
    exchange.fund(OTHER_FRIEND, amount_quanta=own_quanta)
    return exchange


def test_a3_takeover_that_is_left_out_pays_no_friend() -> None:
    """What the winner gained by the jump is neither lost to a friend elsewhere nor sold to one."""
    exchange = attack_without_takeover(10_000 * ONE_DOLLAR)
    exchange.jump(1600, 1000)
    # In another market, which does not wait, he would buy far above the mark.
    exchange.place(OTHER_FRIEND, SELL, LOTS, 1090, market_id=1)
    lost = exchange.order(WINNER, BUY, LOTS, 1090, market_id=1)
    assert exchange.refuse(lost) is ErrorCode.INSUFFICIENT_MARGIN
    exchange.cancel_all(OTHER_FRIEND)
    exchange.settle()
    # Ten seconds later he would close, against somebody who could not pay the charge.
    sold = exchange.order(WINNER, SELL, LOTS, 1600, reduce_only=True)
    exchange.place(OTHER_FRIEND, BUY, 2_000_000, 1600)
    exchange.apply(sold)
    assert exchange.size(WINNER) == LOTS
    with pytest.raises(InvalidTransaction) as caught:
        exchange.withdraw(WINNER, ONE_DOLLAR)
    assert caught.value.code is ErrorCode.INSUFFICIENT_MARGIN
    check_all_is_paid(exchange)


def test_a3_jump_in_small_steps_pays_no_friend() -> None:
    """Each update is less than half the margin; after two of them nobody trades, either."""
    exchange = attack_without_takeover(10_000 * ONE_DOLLAR)
    price_ticks = 1000
    for _ in range(3):
        price_ticks = price_ticks * 1014 // 1000
        exchange.jump(price_ticks, 1000)
    sold = exchange.order(WINNER, SELL, LOTS, price_ticks, reduce_only=True)
    assert exchange.refuse(sold) is ErrorCode.RESOLVING
    while price_ticks < 1600:
        price_ticks = price_ticks * 1014 // 1000
        exchange.jump(price_ticks, 1000)
    check_all_is_paid(exchange)


def check_all_is_paid(exchange: Exchange) -> None:
    """Take over the loser, within the minute: the winner's lots pay all that he owes."""
    exchange.take_over(LOSER)
    assert exchange.state.globals.recorded_deficit_quanta == 0
    assert exchange.margin(WINNER).equity_x16 < (20_000 * ONE_DOLLAR) << 16
    exchange.withdraw(VICTIM, 100_000 * ONE_DOLLAR)
    check_proven(exchange.seal())
