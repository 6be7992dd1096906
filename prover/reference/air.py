"""The AIR as data, and its composition polynomial at one point.

The description lists the mask, the nodes of one expression graph and the constraints that use
them; it is made from the public input by the crate that defines the constraints.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Self

from prover.reference.field import P, inverse, product, root_of_unity


@dataclass(frozen=True, slots=True)
class Zerofier:
    """A set of rows as the factor x^(n/period) - g^(n*num/den + shift); no period: x^1."""

    period: int | None
    num: int
    den: int
    shift: int

    def evaluate(self, x: int, log_trace_length: int) -> int:
        """Return the factor at x."""
        n = 1 << log_trace_length
        power = 1 if self.period is None else n // self.period
        exponent = (n * self.num // self.den + self.shift) % n
        return pow(x, power, P) - pow(root_of_unity(log_trace_length), exponent, P)


@dataclass(frozen=True, slots=True)
class Constraint:
    """The quotient node * numerators / denominators, with coefficient alpha^index."""

    index: int
    name: str
    node: int
    numerators: tuple[Zerofier, ...]
    denominators: tuple[Zerofier, ...]


@dataclass(frozen=True, slots=True)
class PeriodicColumn:
    """A public column: a polynomial in x^(n/period_rows), given by values at `step_rows`."""

    period_rows: int
    values: tuple[int, ...]

    def evaluate(self, x: int, log_trace_length: int) -> int:
        """Interpolate the values at x (barycentric formula over the roots of unity)."""
        m = len(self.values)
        root = root_of_unity(m.bit_length() - 1)
        y = pow(x, (1 << log_trace_length) // self.period_rows, P)
        total, w = 0, 1
        for value in self.values:
            total += value * w * inverse(y - w)
            w = w * root % P
        return total * (pow(y, m, P) - 1) * inverse(m) % P


Node = tuple[Any, ...]  # an operation and its operands, as in the description


@dataclass(frozen=True, slots=True)
class Air:
    """The constraints of one statement."""

    log_trace_length: int
    n_columns: tuple[int, int]
    n_interaction_elements: int
    n_constraints: int  # coefficient slots, live or not
    mask: tuple[tuple[int, int], ...]  # (column, row)
    params: tuple[str, ...]
    periodic: tuple[PeriodicColumn, ...]
    nodes: tuple[Node, ...]
    constraints: tuple[Constraint, ...]

    @classmethod
    def from_description(cls, description: str) -> Self:
        """Read the JSON of `prover._native.air_description`, which is ours and well-formed."""
        raw = json.loads(description)

        def zerofiers(items: list[dict[str, Any]]) -> tuple[Zerofier, ...]:
            return tuple(Zerofier(**item) for item in items)

        return cls(
            log_trace_length=raw["log_trace_length"],
            n_columns=(raw["n_columns"][0], raw["n_columns"][1]),
            n_interaction_elements=raw["n_interaction_elements"],
            n_constraints=raw["n_constraints"],
            mask=tuple((column, row) for column, row in raw["mask"]),
            params=tuple(raw["params"]),
            periodic=tuple(
                PeriodicColumn(c["period_rows"], tuple(int(v, 16) for v in c["values"]))
                for c in raw["periodic"]
            ),
            nodes=tuple(
                (op, int(args[0], 16) if op == "c" else args[0], *args[1:])
                for op, *args in raw["nodes"]
            ),
            constraints=tuple(
                Constraint(
                    c["index"],
                    c["name"],
                    c["expr"],
                    zerofiers(c["numerators"]),
                    zerofiers(c["denominators"]),
                )
                for c in raw["constraints"]
            ),
        )

    def evaluate_composition(
        self, mask_values: Sequence[int], params: Sequence[int], alpha: int, x: int
    ) -> int:
        """Return sum_i alpha^index_i * node_i * numerators_i / denominators_i at x.

        Raises:
            RejectedProof: if x lies on the trace domain.
        """
        periodic = [column.evaluate(x, self.log_trace_length) for column in self.periodic]
        values = self.evaluate_nodes(mask_values, periodic, params)
        # Many constraints share their rows.
        zerofiers = {f for c in self.constraints for f in (*c.numerators, *c.denominators)}
        at_x = {factor: factor.evaluate(x, self.log_trace_length) for factor in zerofiers}
        total = 0
        for constraint in self.constraints:
            numerator = product(at_x[factor] for factor in constraint.numerators)
            denominator = product(at_x[factor] for factor in constraint.denominators)
            quotient = values[constraint.node] * numerator * inverse(denominator)
            total += pow(alpha, constraint.index, P) * quotient
        return total % P

    def evaluate_nodes(
        self, mask: Sequence[int], periodic: Sequence[int], params: Sequence[int]
    ) -> list[int]:
        """Evaluate the graph; operands stand before the nodes that use them."""
        leaves = {"m": mask, "y": periodic, "p": params}
        values: list[int] = []
        for operation, a, *b in self.nodes:
            if operation == "c":
                value = a
            elif operation in leaves:
                value = leaves[operation][a]
            elif operation == "neg":
                value = -values[a]
            elif operation == "+":
                value = values[a] + values[b[0]]
            elif operation == "-":
                value = values[a] - values[b[0]]
            else:
                value = values[a] * values[b[0]]
            values.append(value % P)
        return values
