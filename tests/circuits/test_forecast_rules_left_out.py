"""A sequencer that has its own mind about forecasts, or about whom they bind: no proof.

Nobody tells the program a number: it finds the right ones, and proves another output.
"""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from circuits.program_input import program_input
from novation.protocol import margin as margin_module
from novation.protocol.accounts import Account
from novation.protocol.constants import FORECAST_FALL_PPM, FORECAST_RISE_PPM
from novation.protocol.forecast_margin import (
    Forecast,
    followed_forecast_ppm,
    next_variance_ppm2,
)
from novation.protocol.margin import Margin, charged_fee_quanta, maker_fee_quanta
from novation.protocol.rules import leaving, matching, minute_tick, place_order
from novation.protocol.sealing import SealedBatch
from tests.circuits.forecast_batches import following, know
from tests.circuits.forgery import assert_no_lie_gives_output, run_dishonestly
from tests.support.builders import ONE_DOLLAR
from tests.support.exchange import BUY, SELL, Exchange

Patch = pytest.MonkeyPatch
# Variance before, and what new risk needs: as for a rise, a small one, neither, a fall.
CASES = ((160_000, 0), (17_000, 7_000), (17_600, 10_000), (0, 300), (0, 3))


def a_minute(variance: int, forecast_ppm: int) -> SealedBatch:
    exchange = following(1)
    know(exchange.state, 0, Forecast(variance, 1001 << 16, exchange.time_ms), forecast_ppm)
    exchange.seal()
    exchange.end_minute()
    return exchange.seal()


@pytest.mark.parametrize(("variance", "forecast_ppm"), CASES)
def test_margin_when_as_the_rule_says_then_proven_and_else_not(
    variance: int, forecast_ppm: int, monkeypatch: Patch
) -> None:
    sealed = a_minute(variance, forecast_ppm)
    assert run_dishonestly(program_input(sealed.witness)) == sealed.output
    for change in (1, -1, FORECAST_RISE_PPM, -FORECAST_FALL_PPM):

        def followed(*args: Any, more: int = change) -> int:
            return max(followed_forecast_ppm(*args) + more, 0)

        monkeypatch.setattr(minute_tick, "followed_forecast_ppm", followed)
        lie = a_minute(variance, forecast_ppm)
        # Nothing can be taken off what is nothing.
        if lie.output != sealed.output:
            assert_no_lie_gives_output(lie)


@pytest.mark.parametrize("change", [1, -1])
def test_variance_when_another_then_not_proven(change: int, monkeypatch: Patch) -> None:
    monkeypatch.setattr(
        "novation.protocol.forecast_margin.next_variance_ppm2",
        lambda *args: next_variance_ppm2(*args) + change,
    )
    assert_no_lie_gives_output(a_minute(10_000, 0))


def test_sample_when_left_out_or_of_old_prices_then_not_proven(monkeypatch: Patch) -> None:
    for is_valid in (False, True):
        exchange = following(1)
        know(exchange.state, 0, Forecast(9, 1001 << 16, exchange.time_ms), 0)
        exchange.seal()
        if is_valid:
            exchange.time_ms = exchange.state.globals.next_tick_ms
        monkeypatch.setattr(minute_tick, "_is_price_valid", lambda *_, answer=is_valid: answer)
        if is_valid:
            exchange.tick()
        else:
            exchange.end_minute()
        assert_no_lie_gives_output(exchange.seal())


def resting() -> Exchange:
    """Return an exchange in which a storm asks three times as much of account 2 as calm did."""
    exchange = following(2)
    exchange.fund(2, 3, 4, amount_quanta=1_000 * ONE_DOLLAR)
    exchange.place(2, BUY, 1_900_000, 1000)
    know(exchange.state, 0, Forecast(10**6, 1000 << 16, exchange.time_ms), 100_000)
    exchange.seal()
    return exchange


def taker_as_in_calm(exchange: Exchange, patch: Patch) -> None:
    """Whoever takes is asked for no more than in calm."""
    patch.setattr(place_order, "charged_fee_quanta", maker_fee_quanta)
    exchange.place(3, SELL, 1, 1000)
    exchange.place(4, SELL, 1_900_000, 1001)


def withdrawal_as_in_calm(exchange: Exchange, patch: Patch) -> None:
    """What leaves an account is measured as in calm."""
    exchange.place(3, SELL, 400_000, 1000)
    patch.setattr(leaving, "margin_of", _calm_margin)
    exchange.withdraw(3, 500 * ONE_DOLLAR)


def maker_as_new(exchange: Exchange, patch: Patch) -> None:
    """An order that rested before is asked for what new risk needs: its account misses a trade."""
    patch.setattr(matching, "maker_fee_quanta", charged_fee_quanta)
    exchange.place(3, SELL, 500_000, 1000)


def _calm_margin(account: Account, *args: Any) -> Margin:
    return replace(margin_module.margin_of(account, *args), forecast_x16_ppm=0)


@pytest.mark.parametrize("act", [taker_as_in_calm, withdrawal_as_in_calm, maker_as_new])
def test_account_when_a_storm_binds_it_as_it_should_not_then_not_proven(
    act: Callable[[Exchange, Patch], None], monkeypatch: Patch
) -> None:
    exchange = resting()
    act(exchange, monkeypatch)
    assert_no_lie_gives_output(exchange.seal())
