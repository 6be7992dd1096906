"""Where an entry of the contract's queue is among what batches consume."""

from __future__ import annotations

from typing import TYPE_CHECKING

from devnet.event_logs import EventReader

if TYPE_CHECKING:
    from web3.contract import Contract


def queue_position(exchange: Contract, deploy_block: int, index: int) -> int:
    """Return the position of the entry with an index, or a little less.

    Deposits that the sequencer took before their reclaim was requested are counted only once they
    have settled.
    """
    reader = EventReader(exchange, ("ReclaimRequested", "ReclaimOvertaken"))
    n_left_out = 0
    for event in reader.read(deploy_block, exchange.w3.eth.block_number):
        if event["event"] == "ReclaimOvertaken":
            n_left_out -= 1
        elif event["args"]["index"] < index:
            n_left_out += 1
    return index - n_left_out
