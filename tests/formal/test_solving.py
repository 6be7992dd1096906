import z3

from formal.solving import has_solution

UNITS = 1_000_000


def test_solution_when_asked_again_then_same_answer() -> None:
    x = z3.Int("x")
    for _ in range(2):
        assert has_solution([x > 3, 2 * x < 9], UNITS) is True
        assert has_solution([x > 3, 2 * x < 9, x > 4], UNITS) is False


def test_solution_when_resources_are_used_up_then_none() -> None:
    numbers = z3.Ints("a b c")
    cubes = z3.Sum([number * number * number for number in numbers])
    assert has_solution([cubes == 114], UNITS // 10) is None
