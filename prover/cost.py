"""What a run costs, and where its steps go."""

from bisect import bisect_right
from collections import Counter
from dataclasses import dataclass
from typing import Final

from circuits.program import functions, loader_offset
from prover._native import CairoRun

# The name under which the steps of the loader are counted.
LOADER: Final = "loader"


@dataclass(frozen=True, slots=True)
class Cost:
    """Steps and builtin instances; the difference of two costs is what the one does more."""

    n_steps: int
    range_checks: int
    signatures: int
    permutations: int
    output_felts: int

    def __sub__(self, other: "Cost") -> "Cost":
        """Return how much more this costs."""
        return Cost(
            self.n_steps - other.n_steps,
            self.range_checks - other.range_checks,
            self.signatures - other.signatures,
            self.permutations - other.permutations,
            self.output_felts - other.output_felts,
        )


def cost_of(run: CairoRun) -> Cost:
    """Return what a finished run cost."""
    used = run.builtin_cells
    return Cost(
        n_steps=run.n_steps,
        range_checks=used["range_check"],
        signatures=used["ecdsa"] // 2,
        permutations=used["poseidon"] // 6,
        output_felts=used["output"],
    )


def steps_by_function(run: CairoRun) -> Counter[str]:
    """Return how many steps each function of the batch program took itself, and the loader."""
    names = [*functions(), (loader_offset(), LOADER)]
    starts = [pc for pc, _ in names]
    steps: Counter[str] = Counter()
    for pc, count in enumerate(run.steps_by_pc()):
        if count:
            steps[names[bisect_right(starts, pc) - 1][1]] += count
    return steps
