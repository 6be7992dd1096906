"""Two batches in which L1 sets every kind of parameter, and a market is listed and traded."""

from dataclasses import replace

from novation.protocol.orders import TimeInForce
from novation.protocol.parameters import oracle_rule_word
from novation.protocol.sealing import SealedBatch
from novation.protocol.transactions import ParameterKind, SetParameter
from tests.support.builders import (
    oracle_private_key,
    oracle_report,
    oracle_update,
    parameters,
    public_key,
    underlying,
)
from tests.support.exchange import BUY, SELL, Exchange

LISTED = 2
NEW_ORACLE_SECRET = 9


def registries() -> tuple[SealedBatch, SealedBatch]:
    """Return two consecutive batches; the second opens the market that the first lists."""
    exchange = Exchange()
    _set_parameters(exchange)
    exchange.time_ms += 1
    prices, secret = (1000 << 16,) * 3, oracle_private_key(NEW_ORACLE_SECRET)
    report = oracle_report(exchange.config, 1, exchange.time_ms, prices, secret)
    exchange.apply(oracle_update((report,)))
    exchange.list_market(LISTED)
    exchange.place(2, SELL, 5, 1000, market_id=LISTED)
    # What rested in market 0 is dead, in market 1 it lives.
    for market_id in (0, 1):
        exchange.place(3, BUY, 1, 1001, market_id=market_id, time_in_force=TimeInForce.IOC)
    first = exchange.seal()
    exchange.place(3, BUY, 2, 1000, market_id=LISTED)
    return first, exchange.seal()


def _set_parameters(exchange: Exchange) -> None:
    """Raise a fee, lower one, set limits, append an underlying; oracles: replace, append, need."""
    exchange.fund(2, 3)
    for market_id in (0, 1):
        exchange.place(2, SELL, 1, 1001, market_id=market_id)
    first, second = parameters().underlyings
    exchange.set_underlying(0, replace(first, maker_fee_ppm=first.maker_fee_ppm + 1))
    exchange.set_underlying(1, replace(second, maker_fee_ppm=second.maker_fee_ppm - 1))
    exchange.set_limits(0, interest_cap_lots=2**40, position_limit_lots=2**30)
    exchange.set_underlying(LISTED, underlying(symbol="SOL-USD", multiplier=100))
    exchange.set_outflow_share(10**6)
    for index, name in ((1, NEW_ORACLE_SECRET), (3, 3)):
        key = public_key(oracle_private_key(name))
        exchange.apply(SetParameter(ParameterKind.ORACLE_KEY, index, key))
    exchange.apply(SetParameter(ParameterKind.ORACLE_RULE, 0, oracle_rule_word(1, 7_000)))
