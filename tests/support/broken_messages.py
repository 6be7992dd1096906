"""Messages that break one rule each, on whatever state an exchange has come to.

Random messages break the rarer rules by luck alone, and a change of anything before takes the luck
away. These are made from the state, so that each breaks its rule whatever the state is.
"""

from collections.abc import Iterator
from dataclasses import replace

from novation.protocol.constants import MAX_VALIDITY_MS, NONCE_STEP, SKIPPED_NONCES
from novation.protocol.errors import ErrorCode
from novation.protocol.orders import Side, TimeInForce
from novation.protocol.transactions import CancelAll, ParameterKind, SetParameter, UserTransaction
from tests.support.exchange import Exchange
from tests.support.random_batches import RandomTrading
from tests.support.sample_plans import NEAR_X16, settle

Broken = tuple[ErrorCode, UserTransaction]

_ASSET = 5
_LEAST_USD = 3
_LATER_MS = 200


def broken_by_nonce(exchange: Exchange, account_id: int, key_index: int) -> Iterator[Broken]:
    """Yield messages that a key slot of any account may not send, and those that come too late.

    Nonce and time are looked at before the key, so it does not matter what the key may.
    """
    high = exchange.state.account(account_id).windows[key_index].high
    fresh = CancelAll(account_id, key_index, high + 1)
    if high:
        yield ErrorCode.NONCE_USED, exchange.signed(replace(fresh, nonce=high))
    if high > SKIPPED_NONCES + 1:
        too_old = high - SKIPPED_NONCES - 1
        yield ErrorCode.NONCE_TOO_OLD, exchange.signed(replace(fresh, nonce=too_old))
    too_far = replace(fresh, nonce=high + NONCE_STEP + 1)
    yield ErrorCode.NONCE_TOO_FAR, exchange.signed(too_far)
    for until_ms, code in (
        (exchange.time_ms - 1, ErrorCode.MESSAGE_EXPIRED),
        (exchange.time_ms + MAX_VALIDITY_MS + 1, ErrorCode.VALIDITY_TOO_LONG),
    ):
        yield code, exchange.signed(replace(fresh, valid_until_ms=until_ms))


def open_account(exchange: Exchange) -> int:
    """Return a new account that has used a nonce far above the others."""
    account_id = len(exchange.state.accounts)
    exchange.fund(account_id)
    nonce = exchange.next_nonce(account_id) + 2 * SKIPPED_NONCES
    exchange.apply(exchange.signed(CancelAll(account_id, 0, nonce)))
    return account_id


def broken_by_amount(trading: RandomTrading, account_id: int) -> Iterator[Broken]:
    """Yield messages of an account, whose first key may all, that are too small or too large.

    The last market gets a least order. Prices are valid, and nothing is being settled.
    """
    exchange = trading.exchange
    _report(trading, 100)
    settle(trading)
    *_, market_id = exchange.state.markets
    terms = replace(exchange.state.underlying_of(market_id), min_order_usd=_LEAST_USD, modes=0)
    exchange.apply(SetParameter(ParameterKind.UNDERLYING, market_id, terms.word()))
    price = _mark_ticks(exchange, market_id)
    lots = (terms.min_order_quanta - 1) // terms.notional_quanta(1, price)
    order = exchange.order(account_id, Side.BUY, lots, price, market_id=market_id)
    yield (
        ErrorCode.ORDER_TOO_SMALL,
        exchange.signed(replace(order, time_in_force=TimeInForce.POST_ONLY_SLIDE)),
    )
    balance = exchange.state.account(account_id).balance(_ASSET)
    yield (
        ErrorCode.INSUFFICIENT_BALANCE,
        exchange.withdrawal(account_id, balance + 1, asset_id=_ASSET),
    )


def broken_by_jump(trading: RandomTrading, account_id: int) -> Iterator[Broken]:
    """Let all prices fall by a tenth, half the margin and more; yield an order that may trade.

    If prices have come back after a gap the minute of post-only orders is over then.
    """
    exchange = trading.exchange
    exchange.time_ms = max(exchange.time_ms, exchange.state.globals.post_only_until_ms)
    _report(trading, 100)
    _report(trading, 90)
    market_id = next(iter(exchange.state.markets))
    order = exchange.order(account_id, Side.BUY, 1, _mark_ticks(exchange, market_id))
    yield ErrorCode.RESOLVING, order


def _report(trading: RandomTrading, percent: int) -> None:
    """Let the committee, whoever is in it now, report a part of each price."""
    trading.prices = [max(1, price * percent // 100) for price in trading.prices]
    # Later than any report before.
    trading.exchange.time_ms += _LATER_MS
    trading.exchange.apply(trading._reports(noises_x16=(NEAR_X16,)))


def _mark_ticks(exchange: Exchange, market_id: int) -> int:
    return exchange.state.mark_price_x16(market_id) >> 16
