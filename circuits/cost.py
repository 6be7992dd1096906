"""What a run costs, and where its steps go."""

from bisect import bisect_right
from collections import Counter
from dataclasses import dataclass

from circuits.vm.machine import Machine


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


def cost_of(machine: Machine) -> Cost:
    """Return what a finished run cost."""
    used = {
        name: machine.stop_pointer(name) - machine.builtin_bases[name]
        for name in machine.code.builtins
    }
    return Cost(
        n_steps=machine.n_steps,
        range_checks=used["range_check"],
        signatures=used["ecdsa"] // 2,
        permutations=used["poseidon"] // 6,
        output_felts=used["output"],
    )


def steps_by_function(machine: Machine) -> Counter[str]:
    """Return how many steps each function took, without the functions that it called."""
    code = machine.code
    starts = [pc for pc, _ in code.functions]
    steps: Counter[str] = Counter()
    for pc, _, _ in machine.trace:
        function = code.functions[bisect_right(starts, pc) - 1][1]
        steps[function] += len(code.translator.block(pc).steps)
    return steps
