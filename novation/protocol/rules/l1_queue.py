"""The L1 queue: operations are consumed one by one, in its order."""

from dataclasses import replace

from novation.protocol.state import State


def consume_operation(state: State) -> None:
    """Move the queue on by one."""
    counters = state.globals
    state.globals = replace(counters, l1_queue_position=counters.l1_queue_position + 1)
