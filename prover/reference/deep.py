"""The DEEP quotient: ties the committed columns to their claimed values out of domain.

If every (column(x) - value) / (x - point) is a polynomial of low degree, then value is the
evaluation of the committed column at the point; FRI tests one random combination of them all.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from prover.reference.field import P, inverse


@dataclass(frozen=True, slots=True)
class Claim:
    """A column has this value at a point, and this coefficient in the combination."""

    column: int
    value: int
    coefficient: int


def claims_by_point(
    cells: Iterable[tuple[int, int]], values: Sequence[int], alpha: int
) -> dict[int, list[Claim]]:
    """Group the claims by point; the i-th one has coefficient alpha^i.

    Args:
        cells: (column, point) of each claim.
        values: the claimed value of each.
        alpha: the challenge.
    """
    claims: dict[int, list[Claim]] = defaultdict(list)
    coefficient = 1
    for (column, point), value in zip(cells, values, strict=True):
        claims[point].append(Claim(column, value, coefficient))
        coefficient = coefficient * alpha % P
    return claims


def evaluate_quotient(claims: Mapping[int, Sequence[Claim]], columns: Sequence[int], x: int) -> int:
    """Return sum_i alpha^i * (column_i(x) - value_i) / (x - point_i).

    Args:
        claims: from `claims_by_point`.
        columns: the opened row: all trace columns, then the composition halves.
        x: the point of that row in the evaluation domain.

    Raises:
        RejectedProof: if x is one of the points, as the quotient is then undefined.
    """
    total = 0
    for point, group in claims.items():
        numerator = sum(c.coefficient * (columns[c.column] - c.value) for c in group)
        total += numerator * inverse(x - point)
    return total % P
