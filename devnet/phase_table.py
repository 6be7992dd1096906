"""What a proof cost, phase by phase, beside the time below which this machine could not do it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from rich.box import HORIZONTALS
from rich.table import Table

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from prover import _native
    from prover.measure import PhaseCost

GB: Final = 10**9
COLUMNS: Final = ("phase", "wall s", "CPU s", "floor s", "floor/CPU", "GB moved", "peak MB")


@dataclass(frozen=True, slots=True)
class PhaseRow:
    """One line of the table; floor and bytes are None where nothing is counted."""

    name: str
    seconds: float
    cpu_seconds: float
    peak_mb: float
    floor_seconds: float | None = None
    moved_bytes: int | None = None

    def cells(self) -> tuple[str, ...]:
        """Return the line's texts."""
        floor, moved = self.floor_seconds, self.moved_bytes
        return (
            self.name,
            f"{self.seconds:.2f}",
            f"{self.cpu_seconds:.2f}",
            "" if floor is None else f"{floor:.2f}",
            "" if floor is None else share_of_floor(floor, self.cpu_seconds),
            "" if moved is None else f"{moved / GB:.2f}",
            f"{self.peak_mb:.0f}",
        )


def share_of_floor(floor_seconds: float, cpu_seconds: float) -> str:
    """Return how much of the time was unavoidable; processor time is counted in hundredths."""
    return f"{100 * floor_seconds / cpu_seconds:.0f} %" if cpu_seconds > 0 else "-"


def proof_rows(phases: Iterable[_native.ProofPhase]) -> list[PhaseRow]:
    """Return the lines of a proof."""
    return [
        PhaseRow(
            phase.name,
            phase.seconds,
            phase.cpu_seconds,
            phase.peak_mb,
            phase.floor_seconds,
            phase.bytes,
        )
        for phase in phases
    ]


def pipeline_row(cost: PhaseCost) -> PhaseRow:
    """Return the line of a phase outside the proof."""
    return PhaseRow(cost.name, cost.wall_seconds, cost.cpu_seconds, cost.peak_mb)


def total_row(name: str, rows: Sequence[PhaseRow]) -> PhaseRow:
    """Return the sum of lines; floors and bytes are those of the lines that have some."""
    return PhaseRow(
        name,
        sum(row.seconds for row in rows),
        sum(row.cpu_seconds for row in rows),
        max((row.peak_mb for row in rows), default=0.0),
        sum(row.floor_seconds or 0.0 for row in rows),
        sum(row.moved_bytes or 0 for row in rows),
    )


def phase_table(
    phases: Iterable[_native.ProofPhase],
    before: Sequence[PhaseCost] = (),
    after: Sequence[PhaseCost] = (),
) -> Table:
    """Return the table of a proof, of what came before and after it, and of their sums."""
    # Without a frame a line fits a terminal of 80 characters.
    table = Table(*COLUMNS, box=HORIZONTALS, padding=(0, 1, 0, 0), show_edge=False)
    for column in table.columns[1:]:
        column.justify = "right"
    proof = proof_rows(phases)
    around = [[pipeline_row(cost) for cost in costs] for costs in (before, after)]
    for rows in (around[0], proof, [total_row("proof", proof)], around[1]):
        for row in rows:
            table.add_row(*row.cells())
        table.add_section()
    if before or after:
        table.add_row(*total_row("all", [*around[0], *proof, *around[1]]).cells())
    return table
