"""The AIR description (JSON written by the `describe` example of the AIR crate) as values."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

FIELD_PRIME = 2**251 + 17 * 2**192 + 1
FIELD_GENERATOR = 3


@dataclass(frozen=True, slots=True)
class Zerofier:
    """The polynomial x^(n/period) - g^(n*num/den + shift); `period` None means the power 1."""

    period: int | None
    num: int
    den: int
    shift: int


@dataclass(frozen=True, slots=True)
class Constraint:
    """An expression that vanishes where the denominators do and the numerators do not."""

    index: int
    name: str
    expr: int
    numerators: tuple[Zerofier, ...]
    denominators: tuple[Zerofier, ...]


@dataclass(frozen=True, slots=True)
class PeriodicColumn:
    """A public column as the coefficients, lowest first, of a polynomial in x^(n/period_rows)."""

    name: str
    period_rows: int
    coefficients: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Node:
    """`op` is c, m, y, p (leaves: constant, mask, periodic, parameter), +, -, * or neg."""

    op: str
    args: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Description:
    """One AIR. `mask` holds (column, row) pairs in the order of the transcript."""

    n_columns: tuple[int, int]
    n_interaction_elements: int
    mask: tuple[tuple[int, int], ...]
    periodic: tuple[PeriodicColumn, ...]
    params: tuple[str, ...]
    nodes: tuple[Node, ...]
    constraints: tuple[Constraint, ...]

    @property
    def distinct_mask(self) -> tuple[tuple[int, int], ...]:
        """The distinct mask points, in the order of their first appearance."""
        return tuple(dict.fromkeys(self.mask))

    @property
    def mask_value_index(self) -> tuple[int, ...]:
        """For each mask entry the position of its point in `distinct_mask`."""
        position = {point: i for i, point in enumerate(self.distinct_mask)}
        return tuple(position[point] for point in self.mask)


def parse(data: Mapping[str, Any]) -> Description:
    """Read the JSON; raises KeyError or ValueError on a malformed description."""
    first, second = data["n_columns"]
    return Description(
        n_columns=(first, second),
        n_interaction_elements=data["n_interaction_elements"],
        mask=tuple((column, row) for column, row in data["mask"]),
        periodic=tuple(_parse_periodic(column) for column in data["periodic"]),
        params=tuple(data["params"]),
        nodes=tuple(_parse_node(node) for node in data["nodes"]),
        constraints=tuple(_parse_constraint(item) for item in data["constraints"]),
    )


def _parse_node(node: Sequence[Any]) -> Node:
    op, *args = node
    return Node(op, tuple(int(arg, 16) if isinstance(arg, str) else arg for arg in args))


def _parse_constraint(item: Mapping[str, Any]) -> Constraint:
    return Constraint(
        index=item["index"],
        name=item["name"],
        expr=item["expr"],
        numerators=tuple(Zerofier(**factor) for factor in item["numerators"]),
        denominators=tuple(Zerofier(**factor) for factor in item["denominators"]),
    )


def _parse_periodic(column: Mapping[str, Any]) -> PeriodicColumn:
    values = [int(value, 16) for value in column["values"]]
    if len(values) * column["step_rows"] != column["period_rows"]:
        raise ValueError(f"periodic column {column['name']} has {len(values)} values")
    return PeriodicColumn(column["name"], column["period_rows"], _interpolate(values))


def _interpolate(values: Sequence[int]) -> tuple[int, ...]:
    """Coefficients of the polynomial with these values on the subgroup of their number."""
    size = len(values)
    root_inverse = pow(FIELD_GENERATOR, -(FIELD_PRIME - 1) // size, FIELD_PRIME)
    scale = pow(size, -1, FIELD_PRIME)
    powers = [pow(root_inverse, i, FIELD_PRIME) for i in range(size)]
    return tuple(
        scale * sum(value * powers[i * k % size] for i, value in enumerate(values)) % FIELD_PRIME
        for k in range(size)
    )
