"""The circuit's median: any division into lower and upper reports proves the one median."""

from typing import Final

import z3

from formal.theorems.theorem import Statement, Theorem
from novation.protocol.constants import AGREEMENT_PPM, PPM_ONE, PRICE_X16_BOUND

_MAX_REPORTS: Final = 6
_NO_EQUAL: Final = "no report has to be equal"
_NO_COUNT: Final = "the sides are not counted"
_NO_REACH: Final = "reports may be anywhere"
_NO_FAR: Final = "far reports are not told"
_RC_BOUND: Final = 2**128


def _close_statement(n_reports: int, fault: str) -> Statement:
    """State what the shorter way of check_medians proves for one column of reports.

    All reports are close to the claimed price, which is the lower median, and all are prices.
    """
    claimed = z3.Int("claimed")
    prices = z3.Ints(" ".join(f"price{i}" for i in range(n_reports)))
    uppers = z3.Bools(" ".join(f"upper{i}" for i in range(n_reports)))
    # Which report is the claimed one; it is on neither side.
    equal = z3.Int("equal")
    n_lower = (n_reports - 1) // 2
    reach = claimed * AGREEMENT_PPM
    known = [
        _in_range(claimed - 1),
        _in_range(claimed * PPM_ONE + reach + _RC_BOUND - PRICE_X16_BOUND * PPM_ONE),
    ]
    lowers = []
    for index, (price, upper) in enumerate(zip(prices, uppers, strict=True)):
        distance = z3.If(upper, price - claimed, claimed - price)
        near = z3.BoolVal(True) if fault == _NO_REACH else _in_range(reach - distance * PPM_ONE)
        # The fault: the one that counts as equal is not compared.
        same = z3.BoolVal(True) if fault == _NO_EQUAL else price == claimed
        known.append(z3.If(equal == index, same, z3.And(_in_range(distance), near)))
        lowers.append(z3.If(z3.Or(upper, equal == index), 0, 1))
    known.append(z3.And(equal >= 0, equal < n_reports))
    if fault != _NO_COUNT:
        known.append(z3.Sum(lowers) == n_lower)
    agreed = [z3.And(_is_price(price), is_close(claimed, price)) for price in prices]
    return Statement(known, z3.And(is_lower_median(claimed, list(prices)), *agreed))


def _parted_statement(n_reports: int, fault: str) -> Statement:
    """State what check_parted proves of the reports that have a price, and which of them are close.

    One has a price at least: without any there is nothing to prove.
    """
    claimed = z3.Int("claimed")
    prices = z3.Ints(" ".join(f"price{i}" for i in range(n_reports)))
    uppers = z3.Bools(" ".join(f"upper{i}" for i in range(n_reports)))
    fars = z3.Bools(" ".join(f"far{i}" for i in range(n_reports)))
    equal, n_lower = z3.Ints("equal n_lower")
    odd = z3.Sum([z3.If(price == 0, 0, 1) for price in prices]) - 1 - 2 * n_lower
    known = [_in_range(claimed - 1), equal >= 0, equal < n_reports, n_lower >= 0]
    known.append(z3.Or(odd == 0, odd == 1))
    lowers = []
    columns = zip(prices, uppers, fars, strict=True)
    for index, (price, upper, far) in enumerate(columns):
        distance = z3.If(upper, price - claimed, claimed - price)
        excess = distance * PPM_ONE - claimed * AGREEMENT_PPM
        told = z3.BoolVal(True) if fault == _NO_FAR else _in_range(z3.If(far, excess - 1, -excess))
        is_price = z3.And(price > 0, price < PRICE_X16_BOUND)
        known.append(z3.Or(price == 0, z3.And(is_price, _in_range(distance), told)))
        same = z3.BoolVal(True) if fault == _NO_EQUAL else price == claimed
        known.append(z3.Implies(equal == index, z3.And(price > 0, same)))
        lowers.append(z3.If(z3.Or(price == 0, upper, equal == index), 0, 1))
    if fault != _NO_COUNT:
        known.append(z3.Sum(lowers) == n_lower)
    present = [price > 0 for price in prices]
    fewer = [z3.If(z3.And(price > 0, price < claimed), 1, 0) for price in prices]
    at_most = [z3.If(z3.And(price > 0, price <= claimed), 1, 0) for price in prices]
    is_median = z3.And(z3.Sum(fewer) <= n_lower, z3.Sum(at_most) >= n_lower + 1)
    told = z3.And(
        *(
            z3.Implies(is_there, far == z3.Not(is_close(claimed, price)))
            for is_there, price, far in zip(present, prices, fars, strict=True)
        )
    )
    return Statement(known, z3.And(is_median, told))


def is_lower_median(claimed: z3.ArithRef, prices: list[z3.ArithRef]) -> z3.BoolRef:
    """Return the formula that a value is at index (n - 1) // 2 of the sorted prices."""
    n_lower = (len(prices) - 1) // 2
    fewer = z3.Sum([z3.If(price < claimed, 1, 0) for price in prices])
    at_most = z3.Sum([z3.If(price <= claimed, 1, 0) for price in prices])
    return z3.And(fewer <= n_lower, at_most >= n_lower + 1)


def is_close(claimed: z3.ArithRef, price: z3.ArithRef) -> z3.BoolRef:
    """Return the formula that a reported price speaks for a median."""
    reach = claimed * AGREEMENT_PPM
    higher = (price - claimed) * PPM_ONE
    return z3.And(higher <= reach, -higher <= reach)


def _is_price(price: z3.ArithRef) -> z3.BoolRef:
    return z3.And(price >= 1, price < PRICE_X16_BOUND)


def _in_range(value: z3.ArithRef) -> z3.BoolRef:
    return z3.And(value >= 0, value < _RC_BOUND)


def theorems() -> list[Theorem]:
    """Return the theorems for each number of reports up to a bound."""
    return [
        Theorem(
            f"a proven median of {n} reports is the lower median, {kind}",
            lambda fault, n=n, statement=statement: statement(n, fault),  # type: ignore[misc]
            (_NO_EQUAL, _NO_COUNT, further) if n > 1 else (_NO_EQUAL,),
        )
        for kind, statement, further in (
            ("and all are close to it", _close_statement, _NO_REACH),
            ("and the close ones are counted", _parted_statement, _NO_FAR),
        )
        for n in range(1, _MAX_REPORTS + 1)
    ]
