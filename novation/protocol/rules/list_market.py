"""ListMarket: rules alone decide what may be listed, so that nobody has to be trusted with it."""

from dataclasses import replace

from novation.protocol.batch import TransactionResult
from novation.protocol.constants import MIN_LOT_VALUE_QUANTA, PRICE_X16_ONE
from novation.protocol.errors import Broken, ErrorCode, InvalidTransaction, ResultCode
from novation.protocol.events import MarketListed
from novation.protocol.mark import mark_price_x16
from novation.protocol.markets import Market
from novation.protocol.numeric import div_ceil
from novation.protocol.rules.price_validity import (
    check_has_price,
    check_not_silent,
    check_prices_are_valid,
)
from novation.protocol.rules.resolving import from_now_on
from novation.protocol.state import State
from novation.protocol.transactions.list_market import ListMarket, validate_list_market


def check_underlying(tx: ListMarket, n_underlyings: int) -> None:
    """Check that there is an underlying of the market's number."""
    if tx.market_id >= n_underlyings:
        raise InvalidTransaction(
            ErrorCode.UNKNOWN_UNDERLYING,
            f"market {tx.market_id} would be of underlying {tx.market_id} of {n_underlyings}",
            Broken("market_id", tx.market_id, n_underlyings - 1),
        )


def check_list_market(state: State, tx: ListMarket) -> None:
    """Check that the underlying exists, has a valid price, and that a lot is worth enough."""
    check_underlying(tx, len(state.underlyings))
    if tx.market_id in state.markets:
        listed_ms = state.market(tx.market_id).listed_ms
        raise InvalidTransaction(
            ErrorCode.MARKET_LISTED,
            f"market {tx.market_id} is listed since {listed_ms}",
            Broken("listed_ms", listed_ms, 0),
        )
    terms = state.parameters.underlyings[tx.market_id]
    mark_x16 = mark_price_x16(state.underlyings[tx.market_id], terms)
    check_has_price(tx.market_id, mark_x16)
    check_not_silent(state, tx.market_id)
    check_prices_are_valid(state)
    least_x16 = MIN_LOT_VALUE_QUANTA * PRICE_X16_ONE
    if mark_x16 * terms.multiplier < least_x16:
        raise InvalidTransaction(
            ErrorCode.LOT_TOO_SMALL,
            f"a lot is worth {mark_x16 * terms.multiplier} / 2^16 quanta, at least "
            f"{MIN_LOT_VALUE_QUANTA}",
            Broken("mark_price_x16", mark_x16, div_ceil(least_x16, terms.multiplier)),
        )


def not_listed(state: State, market_id: int) -> InvalidTransaction:
    """Return the refusal of what needs a market that is not there.

    Markets are listed in any order: none of them is a bound, so the limit is the nearest one.
    """
    nearest_id = min(state.markets, key=lambda listed_id: abs(listed_id - market_id))
    return InvalidTransaction(
        ErrorCode.UNKNOWN_MARKET,
        f"market {market_id} is not listed",
        Broken("market_id", market_id, nearest_id),
    )


def note_listed(state: State, underlying_id: int) -> None:
    """Note that an underlying has its perpetual: ticks sample it from now on."""
    listed = replace(state.underlyings[underlying_id], is_listed=True)
    terms = state.parameters.underlyings[underlying_id]
    state.set_underlying(underlying_id, from_now_on(listed, terms))


def apply_list_market(state: State, tx: ListMarket) -> TransactionResult:
    """List the perpetual of an underlying."""
    validate_list_market(tx)
    check_list_market(state, tx)
    market = Market(underlying_id=tx.market_id, listed_ms=state.globals.time_ms)
    state.add_market(tx.market_id, market)
    note_listed(state, market.underlying_id)
    event = MarketListed(tx.market_id, market.underlying_id)
    return TransactionResult(ResultCode.DONE, (event,))
