"""What has left the exchange, on the tape of the batch program."""

from collections.abc import Iterator, Sequence

from circuits.records import Argument, amount_cells
from novation.protocol.assets import AMOUNT_WORDS
from novation.protocol.constants import ASSETS_PER_WORD
from novation.protocol.markets import Globals
from novation.protocol.output import BatchOutput
from novation.protocol.witness import BatchWitness


def outflow_cells(counters: Globals) -> list[int]:
    """Return what counts of USD, and the words of the other assets."""
    return [counters.outflow_quanta, *amount_cells(counters.other_outflow_quanta)]


def outflow_items(witness: BatchWitness, output: BatchOutput) -> Iterator[Argument]:
    """Yield what follow_word() opens."""
    if witness.old_parameters.outflow_share_ppm == 0:
        return
    before, after = witness.old_globals, output.counters
    for index in range(AMOUNT_WORDS):
        outflows, old, new = (
            _triple(amounts, index)
            for amounts in (
                before.other_outflow_quanta,
                before.other_custody_quanta,
                after.other_custody_quanta,
            )
        )
        if any(outflows) or old != new:
            yield from (outflows, old, new)


def _triple(amounts_quanta: Sequence[int], index: int) -> list[int]:
    padded = [*amounts_quanta, *[0] * (AMOUNT_WORDS * ASSETS_PER_WORD)]
    return padded[index * ASSETS_PER_WORD :][:ASSETS_PER_WORD]
