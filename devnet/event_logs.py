"""A contract's events, read in ranges of blocks that nodes answer for."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import requests
from eth_abi.exceptions import DecodingError
from eth_typing import HexStr
from web3.exceptions import Web3Exception, Web3RPCError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from web3.contract import Contract
    from web3.types import EventData, LogReceipt

# Public nodes refuse wider spans, or answers above some size; then a half is tried.
SPAN_BLOCKS: Final = 5_000


class EventLogError(ValueError):
    """What a node returned is no answer to what it was asked."""


class EventReader:
    """Reads several events of one contract together, in the order of the chain."""

    def __init__(self, contract: Contract, names: Sequence[str]) -> None:
        """Look for the events of these names."""
        self._contract = contract
        events = [contract.events[name]() for name in names]
        self._events = {event.topic: event for event in events}

    def read(self, first_block: int, last_block: int) -> Iterator[EventData]:
        """Yield the events of a range of blocks, both ends included.

        Raises:
            EventLogError: if the node returns what is no such event.
            Web3Exception, OSError, requests.RequestException: if it does not answer.
        """
        # Every time anew: a node that is out of order for a while refuses every width.
        span = SPAN_BLOCKS
        while first_block <= last_block:
            last = min(first_block + span - 1, last_block)
            try:
                logs = self._ask(first_block, last)
            except (Web3RPCError, requests.HTTPError):
                # Why a node refuses it says in many words; a single block no node refuses.
                if first_block == last:
                    raise
                span = (last - first_block + 1) // 2
                continue
            for log in sorted(logs, key=lambda log: (log["blockNumber"], log["logIndex"])):
                yield self._decode(log, first_block, last)
            first_block = last + 1

    def _ask(self, first_block: int, last_block: int) -> Sequence[LogReceipt]:
        return self._contract.w3.eth.get_logs(
            {
                "address": self._contract.address,
                "fromBlock": first_block,
                "toBlock": last_block,
                "topics": [[HexStr(topic) for topic in self._events]],
            }
        )

    def _decode(self, log: LogReceipt, first_block: int, last_block: int) -> EventData:
        number, address = log["blockNumber"], log["address"]
        if address != self._contract.address or not first_block <= number <= last_block:
            raise EventLogError(
                f"asked for {self._contract.address} in blocks {first_block} to {last_block}, "
                f"told of {address} in {number}"
            )
        topic = HexStr(log["topics"][0].to_0x_hex()) if log["topics"] else HexStr("")
        event = self._events.get(topic)
        if event is None:
            raise EventLogError(f"block {number} has a log that was not asked for")
        try:
            decoded: EventData = event.process_log(log)
        except (Web3Exception, DecodingError) as error:
            raise EventLogError(f"block {number} has a log that cannot be read: {error}") from error
        return decoded
