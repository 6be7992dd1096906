"""Price paths: what they are driven to, how they spread, and that a seed fixes them."""

import itertools
import math
import random

import pytest

from simulation.prices import Garch, PricePaths, driven_factor, gauss


@pytest.mark.parametrize("first_percent", [0, 60, 100])
@pytest.mark.parametrize("ends_at_percent", [60, 120, 100])
def test_drive_when_all_ticks_are_over_then_where_it_should_end(
    ends_at_percent: int, first_percent: int
) -> None:
    factors = [driven_factor(tick, 30, ends_at_percent, first_percent) for tick in range(30)]
    assert math.prod(factors) == pytest.approx(ends_at_percent / 100)
    if first_percent:
        way = (ends_at_percent - 100) / 100
        assert factors[0] == pytest.approx(1 + way * first_percent / 100)
    falls = ends_at_percent < 100
    assert all(factor <= 1 if falls else factor >= 1 for factor in factors)


def test_garch_when_long_then_the_variance_it_was_made_for() -> None:
    rng = random.Random(1)
    garch = Garch.around(4.0, 0.05, 0.9)
    returns = [garch.next_return(gauss(rng)) for _ in range(100_000)]
    assert sum(change * change for change in returns) / len(returns) == pytest.approx(4.0, rel=0.05)
    # Large returns come together.
    squares = [change * change for change in returns]
    pairs = sum(a * b for a, b in itertools.pairwise(squares)) / len(squares)
    assert pairs > 1.1 * 16


def test_paths_when_of_one_seed_then_equal_and_correlated() -> None:
    def path(seed: int) -> list[tuple[int, ...]]:
        paths = PricePaths(random.Random(seed), [100_000, 50_000], 2_000)
        found = []
        for _ in range(2_000):
            paths.step()
            found.append(paths.prices_x16())
        return found

    first = path(7)
    assert path(7) == first
    assert path(8) != first
    moves = [
        [after[i] / before[i] - 1 for before, after in itertools.pairwise(first)] for i in range(2)
    ]
    same_way = sum(a * b > 0 for a, b in zip(*moves, strict=True)) / len(moves[0])
    assert 0.6 < same_way < 0.85
