"""What L1's owner does not allow in a market: protocol.md, section 15."""

from dataclasses import replace

import pytest

from novation.protocol.constants import MODE_HALTED, MODE_POST_ONLY, MODE_REDUCE_ONLY
from novation.protocol.errors import Broken, ErrorCode, InvalidTransaction, ResultCode
from novation.protocol.orders import TimeInForce
from novation.protocol.transactions import Liquidate
from tests.support.builders import ONE_DOLLAR, parameters
from tests.support.exchange import BUY, SELL, Exchange

POST_ONLY, IOC = TimeInForce.POST_ONLY, TimeInForce.IOC


def trading() -> Exchange:
    """Return an exchange in which account 2 is short and 3 long 10 lots, with a quote each."""
    exchange = Exchange(parameters(2), sign=False)
    exchange.fund(2, 3, 4)
    exchange.place(2, SELL, 10, 1000)
    exchange.place(3, BUY, 10, 1000)
    exchange.place(2, SELL, 5, 1001)
    exchange.place(3, BUY, 5, 999)
    return exchange


def change(exchange: Exchange, **changes: int) -> None:
    """Let the owner change the first market's terms."""
    exchange.set_underlying(0, replace(exchange.state.parameters.underlyings[0], **changes))


def test_market_when_halted_then_takes_no_order_but_lets_go() -> None:
    exchange = trading()
    change(exchange, modes=MODE_HALTED)
    for kind in TimeInForce:
        order = exchange.order(4, BUY, 1, 990, time_in_force=kind)
        assert exchange.refuse(order) is ErrorCode.MARKET_HALTED
    closing = exchange.order(3, SELL, 1, 999, reduce_only=True, time_in_force=IOC)
    assert exchange.refuse(closing) is ErrorCode.MARKET_HALTED
    assert exchange.refuse(Liquidate(3, 0)) is ErrorCode.MARKET_HALTED
    exchange.cancel(2, 3)
    exchange.shrink(4, 2)
    exchange.withdraw(3, ONE_DOLLAR)
    assert exchange.place(4, BUY, 1, 990, market_id=1).result_code is ResultCode.RESTING
    change(exchange, modes=0)
    exchange.place(4, BUY, 1, 990)


def test_market_when_post_only_then_nobody_takes() -> None:
    exchange = trading()
    change(exchange, modes=MODE_POST_ONLY)
    order = exchange.order(4, BUY, 1, 1001)
    with pytest.raises(InvalidTransaction, match="post-only orders alone, not GTC") as refused:
        exchange.apply(order)
    assert refused.value.code is ErrorCode.MARKET_POST_ONLY
    assert refused.value.broken == Broken("modes", MODE_POST_ONLY, 0)
    exchange.place(4, BUY, 1, 1000, time_in_force=POST_ONLY)
    exchange.set_price(1000)
    assert exchange.refuse(exchange.order(4, BUY, 1, 1001)) is ErrorCode.MARKET_POST_ONLY
    change(exchange, modes=0)
    exchange.place(4, BUY, 1, 1001)


def test_market_when_reduce_only_then_only_who_reduces_trades() -> None:
    exchange = trading()
    change(exchange, modes=MODE_REDUCE_ONLY)
    assert exchange.refuse(exchange.order(4, BUY, 1, 1001)) is ErrorCode.MARKET_REDUCE_ONLY
    exchange.place(2, BUY, 5, 999, reduce_only=True)
    exchange.place(3, SELL, 4, 999, reduce_only=True, time_in_force=IOC)
    assert exchange.size(3) == 6


def test_modes_when_added_up_then_all_hold() -> None:
    exchange = trading()
    change(exchange, modes=MODE_POST_ONLY | MODE_REDUCE_ONLY)
    closing = exchange.order(3, SELL, 1, 999, reduce_only=True)
    assert exchange.refuse(closing) is ErrorCode.MARKET_POST_ONLY
    exchange.place(3, SELL, 1, 1005, reduce_only=True, time_in_force=POST_ONLY)
