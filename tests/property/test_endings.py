"""Markets that end: whoever is settled first, nothing is lost, and all of it becomes money."""

from random import Random

from hypothesis import given, settings
from hypothesis import strategies as st

from novation.protocol.constants import INSURANCE_ACCOUNT_ID
from novation.protocol.errors import InvalidTransaction
from tests.support.builders import ONE_DOLLAR, parameters
from tests.support.exchange import BUY, SELL, Exchange

FUND = INSURANCE_ACCOUNT_ID
USERS = (2, 3, 4, 5, 6)


def trading(rng: Random) -> Exchange:
    """Return an exchange in which users trade with each other, some of them with all they have."""
    exchange = Exchange(parameters(2), sign=False)
    for account_id in USERS:
        exchange.fund(account_id, amount_quanta=rng.randint(100, 1000) * ONE_DOLLAR)
    for _ in range(8):
        maker, taker = rng.sample(USERS, 2)
        lots, price, market_id = rng.randint(1, 150_000), rng.randint(960, 1040), rng.randrange(2)
        side = rng.choice((BUY, SELL))
        try:
            exchange.place(maker, side.other, lots, price, market_id=market_id)
            exchange.place(taker, side, lots, price, market_id=market_id)
        except InvalidTransaction:
            continue
    return exchange


@settings(max_examples=40)
@given(seed=st.integers(0, 2**32))
def test_market_when_it_ends_then_all_positions_become_money_to_the_quantum(seed: int) -> None:
    rng = Random(seed)
    exchange = trading(rng)
    exchange.end_market(0, exchange.state.globals.next_tick_ms + 2 * 60_000)
    for _ in range(3):
        exchange.jump(rng.randint(850, 1150), rng.randint(980, 1020))
        exchange.end_minute()
    exchange.settle()
    exchange.seal()
    left = list(USERS)
    rng.shuffle(left)
    for account_id in left:
        if exchange.margin(account_id).equity_x16 < 0:
            exchange.take_over(account_id)
        elif exchange.state.account(account_id).position(0).size_lots:
            exchange.settle_position(account_id)
        if rng.random() < 0.3:
            exchange.jump(1, 1000)
            exchange.settle()
    if exchange.state.account(FUND).position(0).size_lots:
        exchange.settle_position(FUND)
    exchange.seal()
    prices = exchange.state.underlyings[0]
    assert prices.is_settled
    assert exchange.state.market(0).open_interest_lots == 0
    assert (prices.pool_lots, prices.pool_cash_quanta) == (0, 0)
    assert not any(a.position(0).size_lots for a in exchange.state.accounts.values())
