"""A sequencer that has its own mind about the margin that open interest asks for: no proof.

Nobody tells the program the number: it finds the right one, and proves another output.
"""

from dataclasses import replace

import pytest

from circuits.program_input import program_input
from novation.protocol.constants import MARGIN_STEP_PPM
from novation.protocol.interest_margin import followed_margin_ppm
from novation.protocol.rules import minute_tick
from novation.protocol.sealing import SealedBatch
from tests.circuits.forgery import assert_no_lie_gives_output, run_dishonestly
from tests.support.builders import ONE_DOLLAR, parameters, underlying
from tests.support.exchange import BUY, SELL, Exchange

Patch = pytest.MonkeyPatch
LOTS_OF_KUSD = 100_000
# What is held, and what was added before: below, between and above the amounts, near and far.
CASES = (
    (1, MARGIN_STEP_PPM + 1),
    (1, 3 * MARGIN_STEP_PPM),
    (2 * LOTS_OF_KUSD, 0),
    (2 * LOTS_OF_KUSD, 499_000),
    (2 * LOTS_OF_KUSD, 700_000),
    (9 * LOTS_OF_KUSD, 990_000),
)


def margin_of_its_own(patch: Patch, lots: int, added_ppm: int, change: int) -> SealedBatch:
    terms = underlying(interest_lower_kusd=1, interest_upper_kusd=3)
    exchange = Exchange(parameters(1).with_underlying(0, terms))
    exchange.fund(2, 3, amount_quanta=10**6 * ONE_DOLLAR)
    exchange.place(3, SELL, lots, 1000)
    exchange.place(2, BUY, lots, 1000)
    exchange.state.set_underlying(
        0, replace(exchange.state.underlyings[0], added_margin_ppm=added_ppm)
    )
    exchange.seal()
    patch.setattr(
        minute_tick, "followed_margin_ppm", lambda *args: followed_margin_ppm(*args) + change
    )
    exchange.end_minute()
    return exchange.seal()


@pytest.mark.parametrize(("lots", "added_ppm"), CASES)
def test_margin_when_as_the_rule_says_then_proven_and_else_not(
    lots: int, added_ppm: int, monkeypatch: Patch
) -> None:
    sealed = margin_of_its_own(monkeypatch, lots, added_ppm, 0)
    assert run_dishonestly(program_input(sealed.witness)) == sealed.output
    for change in (1, -1):
        sealed = margin_of_its_own(monkeypatch, lots, added_ppm, change)
        assert_no_lie_gives_output(sealed)
