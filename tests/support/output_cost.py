"""What an output that is known takes of its settlement transaction, besides its records' gas."""

from collections.abc import Sequence

from sequencer.l1_cost import OutputCost, felts_cost


def output_cost(felts: Sequence[int]) -> OutputCost:
    """Count the felts' bytes, each with its length."""
    return felts_cost(sum(1 + (felt.bit_length() + 7) // 8 for felt in felts), len(felts))
