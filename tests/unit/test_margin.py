from dataclasses import replace

import pytest

from novation.protocol.accounts import Account, Position
from novation.protocol.margin import (
    capped_fee_quanta,
    charged_fee_quanta,
    does_not_grow,
    exposure_lots,
    margin_of,
)
from novation.protocol.markets import UnderlyingState
from novation.protocol.signing_keys import SigningKey
from tests.support.builders import parameters

PRICES = tuple(UnderlyingState(mark << 16, ref_x16=mark << 16) for mark in (1000, 500))
PARAMETERS = parameters()


def account(collateral: int, *positions: Position) -> Account:
    """Return an account with a balance and positions."""
    return Account(1, (SigningKey.full(2),), (0,), collateral, positions)


@pytest.mark.parametrize(
    ("position", "lots"),
    [
        (Position(0, 10), 10),
        (Position(0, -10), 10),
        (Position(0, 10, 3, 0), 13),
        (Position(0, 10, 3, 30), 20),
        (Position(0, -10, 25, 3), 15),
        (Position(0, 0, 3, 4), 4),
    ],
)
def test_exposure_when_orders_rest_then_worse_direction(position: Position, lots: int) -> None:
    assert exposure_lots(position) == lots


def test_margin_when_two_markets_then_sums() -> None:
    margin = margin_of(
        account(-1_000_000, Position(0, 200), Position(1, -4, 0, 6)), PRICES, PARAMETERS
    )
    # Market 0: 10 quanta per lot and tick; market 1: 11.
    value_0, value_1 = 1000 * 10, 500 * 11
    assert margin.equity_x16 == (-1_000_000 + 200 * value_0 - 4 * value_1) << 16
    assert margin.initial_x16_ppm == (200 * value_0 + 10 * value_1) * 50_000 << 16
    assert margin.maintenance_x16_ppm == (200 * value_0 + 4 * value_1) * 30_000 << 16
    assert margin.meets_initial
    assert margin.meets_maintenance


def test_margin_when_exactly_met_then_enough() -> None:
    position = Position(0, 100)
    needed = -1_000_000 + 50_000
    assert margin_of(account(needed, position), PRICES, PARAMETERS).meets_initial
    assert not margin_of(account(needed - 1, position), PRICES, PARAMETERS).meets_initial
    assert margin_of(account(needed - 20_000, position), PRICES, PARAMETERS).meets_maintenance
    assert not margin_of(account(needed - 20_001, position), PRICES, PARAMETERS).meets_maintenance


@pytest.mark.parametrize(
    ("before", "after", "holds"),
    [
        (Position(0, 10), Position(0, 9), True),
        (Position(0, 10), Position(0, 0), True),
        (Position(0, -10), Position(0, -1), True),
        (Position(0, 10), Position(0, 10), True),
        (Position(0), Position(0), True),
        (Position(0), Position(0, 1), False),
        (Position(0, 10), Position(0, -5), False),
        (Position(0, -10), Position(0, 5), False),
        (Position(0, 10), Position(0, 11), False),
        (Position(0, 10, 5, 5), Position(0, 9, 5, 5), True),
        (Position(0, 10, 5, 5), Position(0, 9, 6, 5), False),
        (Position(0, 10, 5, 5), Position(0, 9, 5, 6), False),
    ],
)
def test_does_not_grow_when_compared_then_as_specified(
    before: Position,
    after: Position,
    holds: bool,  # noqa: FBT001 - a parameter of the table
) -> None:
    assert does_not_grow(before, after) is holds


def charged(before: Account, after: Account, fee_quanta: int = 0) -> int | None:
    """Return the fee that an operation on market 0 pays; `after` has paid all of it."""
    return charged_fee_quanta(before, after, 0, PRICES, PARAMETERS, fee_quanta)


def test_rule_when_reducing_keeps_health_then_allowed_below_initial() -> None:
    before = account(-960_000, Position(0, 100))
    fair = account(-950_000, Position(0, 99))
    assert not margin_of(fair, PRICES, PARAMETERS).meets_initial
    assert charged(before, fair) == 0
    dear = replace(fair, collateral_quanta=-951_000)
    assert charged(before, dear) is None
    # Equity 40,000 per requirement 30,000 before; 39,600 per 29,700 is exactly as healthy.
    assert charged(before, account(-950_400, Position(0, 99))) == 0
    assert charged(before, account(-950_401, Position(0, 99))) is None


def test_rule_when_the_fee_is_what_lacks_then_so_much_less_of_it() -> None:
    before, after = account(-960_000, Position(0, 100)), Position(0, 99)
    # 39,600 is as healthy, and 40,000 is left without a fee.
    assert charged(before, account(-950_000 - 400, after), 400) == 400
    assert charged(before, account(-950_000 - 401, after), 401) == 400
    assert charged(before, account(-950_000 - 10_000, after), 10_000) == 400
    # At a price so much worse nothing is left for a fee, and a quantum more is refused.
    assert charged(before, account(-950_400 - 7, after), 7) == 0
    assert charged(before, account(-950_401 - 7, after), 7) is None


def test_rule_when_initial_margin_is_met_then_the_whole_fee() -> None:
    before, after = account(0, Position(0, 100)), account(10_000 - 7, Position(0, 99))
    assert charged(before, after, 7) == 7


def test_rule_when_equity_is_below_zero_then_nothing_that_only_reduces() -> None:
    position, half = Position(0, 100), Position(0, 50)
    # Debt of 100,000, and of as much or less, in any share of the position.
    before = account(-1_100_000, position)
    for collateral in (-600_000, -550_000, -510_000, -500_001):
        assert charged(before, account(collateral, half)) is None
    assert charged(before, account(-100_000)) is None
    # Zero is not below it.
    assert charged(account(-1_000_000, position), account(-500_000, half)) == 0
    assert charged(account(-1_000_001, position), account(-500_000, half)) is None
    # Who pays all debt, and initial margin, has paid all that anybody could ask for.
    assert charged(before, account(-475_000, half)) == 0


@pytest.mark.parametrize(
    ("size_lots", "charged_quanta", "unsettled_quanta"),
    [(7, 0, 7 * 300), (7, 299, 7), (7, 301, 0), (7, -2, 7 * 302), (-7, 0, 0), (0, -5, 0)],
)
def test_gain_since_the_reference_mark_then_so_much_is_not_settled(
    size_lots: int, charged_quanta: int, unsettled_quanta: int
) -> None:
    """10 quanta per lot and tick: a lot gained 300."""
    for sign in (1, -1):
        side = "long" if sign > 0 else "short"
        prices = UnderlyingState(
            1000 << 16,
            ref_x16=(1000 - sign * 30) << 16,
            **{f"{side}_charged_quanta": charged_quanta},
        )
        margin = margin_of(account(0, Position(0, sign * size_lots)), (prices,), PARAMETERS)
        assert margin.unsettled_x16 == unsettled_quanta << 16
        assert margin.settled_x16 == (sign * size_lots * 10_000 - unsettled_quanta) << 16


def test_gain_below_a_quantum_then_not_settled_either() -> None:
    prices = UnderlyingState((1000 << 16) + 3, ref_x16=1000 << 16)
    assert margin_of(account(0, Position(0, 2)), (prices,), PARAMETERS).unsettled_x16 == 2 * 3 * 10


def gained(before: Account, after: Account, fee_quanta: int = 0) -> int | None:
    """Return as `charged` what is paid if lots of market 1 have gained 1,100 quanta each."""
    prices = (PRICES[0], replace(PRICES[1], ref_x16=400 << 16))
    return charged_fee_quanta(before, after, 0, prices, PARAMETERS, fee_quanta)


def test_rule_when_gains_are_not_settled_then_none_are_given_away() -> None:
    """1,100 quanta are gained in market 1: none of them are paid for a position in market 0."""
    winner = Position(1, 10)
    # Worth 1,000,000 + 55,000, of which 11,000 may be charged: 3,000 are settled.
    before = account(-1_000_000 - 41_000, Position(0, 100), winner)
    assert gained(before, account(-41_000 - 3_000, winner)) == 0
    assert gained(before, account(-41_000 - 3_001, winner)) is None
    # A fee may take what is settled, and no more; health would allow all of it.
    assert gained(before, account(-41_000 - 5_000, winner), 5_000) == 3_000
    assert gained(before, account(-41_000 - 4_000 - 5_000, winner), 5_000) is None
    # Whoever is worth less than nothing without those gains closes at the mark, without a fee.
    lost = account(-1_000_000 - 45_000, Position(0, 100), winner)
    assert gained(lost, account(-45_000, winner)) == 0
    assert gained(lost, account(-45_000 - 7, winner), 7) == 0
    assert gained(lost, account(-45_000 - 1, winner)) is None
    assert charged(lost, account(-45_000 - 1, winner)) == 0


def test_rule_when_not_reducing_then_needs_initial() -> None:
    before = account(-1_010_000, Position(0, 100))
    bigger = account(-1_010_000 + 1, Position(0, 101))
    assert charged(before, bigger) is None
    rich = account(0, Position(0, 101))
    assert charged(before, rich) == 0


def test_fee_when_nothing_is_required_then_none_is_divided() -> None:
    nothing = margin_of(account(5), PRICES, PARAMETERS)
    assert capped_fee_quanta(nothing, nothing, 0) == 0
