"""The circuit's median: any division into lower and upper reports proves the one median."""

from typing import Final

import z3

from formal.theorems.theorem import Statement, Theorem
from novation.protocol.constants import PRICE_X16_BOUND

_MAX_REPORTS: Final = 6
_NO_EQUAL: Final = "no report has to be equal"
_NO_COUNT: Final = "the sides are not counted"
_RC_BOUND: Final = 2**128


def _statement(n_reports: int, fault: str) -> Statement:
    """State what check_medians of oracle/medians.cairo proves for one column of reports."""
    claimed = z3.Int("claimed")
    prices = z3.Ints(" ".join(f"price{i}" for i in range(n_reports)))
    uppers = z3.Bools(" ".join(f"upper{i}" for i in range(n_reports)))
    # Which report is the claimed one; it is on neither side.
    equal = z3.Int("equal")
    n_lower = (n_reports - 1) // 2
    known = [_in_range(claimed - 1), _in_range(claimed + _RC_BOUND - PRICE_X16_BOUND)]
    lowers = []
    for index, (price, upper) in enumerate(zip(prices, uppers, strict=True)):
        above = z3.And(_in_range(price - claimed), _in_range(price + _RC_BOUND - PRICE_X16_BOUND))
        below = z3.And(_in_range(claimed - price), _in_range(price - 1))
        sided = z3.If(upper, above, below)
        # The fault: the one that counts as equal is not compared.
        same = z3.BoolVal(True) if fault == _NO_EQUAL else price == claimed
        known.append(z3.If(equal == index, same, sided))
        lowers.append(z3.If(z3.Or(upper, equal == index), 0, 1))
    known.append(z3.And(equal >= 0, equal < n_reports))
    if fault != _NO_COUNT:
        known.append(z3.Sum(lowers) == n_lower)
    return Statement(known, is_lower_median(claimed, list(prices)))


def is_lower_median(claimed: z3.ArithRef, prices: list[z3.ArithRef]) -> z3.BoolRef:
    """Return the formula that a value is at index (n - 1) // 2 of the sorted prices."""
    n_lower = (len(prices) - 1) // 2
    fewer = z3.Sum([z3.If(price < claimed, 1, 0) for price in prices])
    at_most = z3.Sum([z3.If(price <= claimed, 1, 0) for price in prices])
    return z3.And(fewer <= n_lower, at_most >= n_lower + 1)


def _in_range(value: z3.ArithRef) -> z3.BoolRef:
    return z3.And(value >= 0, value < _RC_BOUND)


def theorems() -> list[Theorem]:
    """Return the theorem for each number of reports up to a bound."""
    return [
        Theorem(
            f"a proven median of {n} reports is the lower median",
            lambda fault, n=n: _statement(n, fault),  # type: ignore[misc]
            (_NO_EQUAL, _NO_COUNT) if n > 1 else (_NO_EQUAL,),
        )
        for n in range(1, _MAX_REPORTS + 1)
    ]
