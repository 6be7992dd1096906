from dataclasses import replace

import pytest

from novation.protocol.accounts import Account, Position
from novation.protocol.margin import (
    does_not_grow,
    exposure_lots,
    health_not_worse,
    margin_of,
    satisfies_margin_rule,
)
from novation.protocol.markets import UnderlyingState
from novation.protocol.signing_keys import SigningKey
from tests.support.builders import parameters

PRICES = (UnderlyingState(1000 << 16), UnderlyingState(500 << 16))
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


def test_rule_when_reducing_keeps_health_then_allowed_below_initial() -> None:
    before = account(-960_000, Position(0, 100))
    fair = account(-950_000, Position(0, 99))
    assert not margin_of(fair, PRICES, PARAMETERS).meets_initial
    assert satisfies_margin_rule(before, fair, 0, PRICES, PARAMETERS)
    dear = replace(fair, collateral_quanta=-951_000)
    assert not satisfies_margin_rule(before, dear, 0, PRICES, PARAMETERS)
    # Equity 40,000 per requirement 30,000 before; 39,600 per 29,700 is exactly as healthy.
    assert satisfies_margin_rule(before, account(-950_400, Position(0, 99)), 0, PRICES, PARAMETERS)
    worse = account(-950_401, Position(0, 99))
    assert not satisfies_margin_rule(before, worse, 0, PRICES, PARAMETERS)


def test_rule_when_not_reducing_then_needs_initial() -> None:
    before = account(-1_010_000, Position(0, 100))
    bigger = account(-1_010_000 + 1, Position(0, 101))
    assert not satisfies_margin_rule(before, bigger, 0, PRICES, PARAMETERS)
    rich = account(0, Position(0, 101))
    assert satisfies_margin_rule(before, rich, 0, PRICES, PARAMETERS)


def test_health_when_equity_is_negative_then_less_debt_per_risk_is_not_worse() -> None:
    before = margin_of(account(-1_100_000, Position(0, 100)), PRICES, PARAMETERS)
    half = margin_of(account(-550_000, Position(0, 50)), PRICES, PARAMETERS)
    closed = margin_of(account(-100_000), PRICES, PARAMETERS)
    assert health_not_worse(before, half)
    assert not health_not_worse(
        before, margin_of(account(-551_000, Position(0, 50)), PRICES, PARAMETERS)
    )
    # Closing for good leaves debt against no requirement: never better than anything.
    assert not health_not_worse(before, closed)
