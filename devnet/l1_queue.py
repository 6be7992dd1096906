"""The contract's queue, read from a node that is not believed.

What is consumed is in receipts and cannot be given back, so an entry that is invented, altered or
left out by the node would end the exchange. Events only bring the entries' content: how many there
are, and a digest of each, the contract itself tells.
"""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING, Any, Final

from eth_abi.abi import encode
from web3 import Web3

from devnet.event_logs import EventLogError, EventReader
from novation.protocol.constants import OPERATION_DEPOSIT, USD_ASSET_ID
from novation.protocol.transactions import ParameterKind
from sequencer.l1 import L1Block, L1Deposit, L1Entry, L1Parameter, L1Queue

if TYPE_CHECKING:
    from collections.abc import Sequence

    from web3.contract import Contract
    from web3.types import EventData

# What the contract stores of a hash of 256 bits.
DIGEST_SHIFT: Final = 40
ENTRY_TYPES: Final = ("uint8", "uint32", "uint64", "address", "uint256", "uint8")
NO_ADDRESS: Final = "0x" + "00" * 20
EVENTS: Final = ("DepositQueued", "ParameterQueued", "ReclaimRequested")


def digest_of(entry: L1Entry) -> int:
    """Return what the contract keeps of an entry in its queue."""
    if isinstance(entry, L1Parameter):
        values = (int(entry.kind), entry.parameter_index, 0, NO_ADDRESS, entry.word, USD_ASSET_ID)
    else:
        address = Web3.to_checksum_address(entry.l1_address.to_bytes(20, "big"))
        what = (entry.amount_quanta, address, entry.stark_key, entry.asset_id)
        values = (OPERATION_DEPOSIT, entry.account_id, *what)
    return int.from_bytes(Web3.keccak(encode(ENTRY_TYPES, values)), "big") >> DIGEST_SHIFT


class QueueOnL1:
    """Entries in queue order; another node's copy of the contract may be asked as well."""

    def __init__(self, contract: Contract, first_block: int, witness: Contract | None) -> None:
        """Read the events of `contract` from `first_block` on; nothing is asked yet."""
        self._contract = contract
        self._witness = witness
        self._first_block = first_block
        self._events = EventReader(contract, EVENTS)
        self._forget()

    def read(self, first_index: int, limit: int, confirmations: int) -> L1Queue:
        """Return queue entries upon which `confirmations` blocks have been built.

        Raises:
            EventLogError: if events and contract, or the two nodes, do not agree.
        """
        eth = self._contract.w3.eth
        number = max(eth.block_number - confirmations, 0)
        block = L1Block(number, bytes(eth.get_block(number)["hash"]))
        self._forget_holes_of_another_chain()
        self._follow(number)
        indices = range(first_index, len(self._entries))
        wanted = list(itertools.islice((i for i in indices if i not in self._left_out), limit))
        stop = wanted[-1] + 1 if len(wanted) == limit else len(self._entries)
        contracts = [self._contract]
        if self._witness is not None and first_index < stop:
            self._check_witness(self._witness, block)
            contracts.append(self._witness)
        for index in range(first_index, stop):
            if index not in self._holes:
                self._check_entry(contracts, index, block)
        # Without those of which the contract said only now that nobody waits for them.
        entries = (self._entries[index] for index in wanted if index not in self._left_out)
        return L1Queue(block, tuple(entries))

    def holes_at_head(self) -> int:
        """Count the entries taken out of the order at the head, as far as they are confirmed."""
        head, tail, _ = map(int, self._contract.functions.queue().call())
        index = head
        while index < tail and index in self._left_out:
            index += 1
        # What a reorganisation brought back is no hole.
        is_pending = self._contract.functions.queuedAt
        if index > head and any(is_pending(end).call() for end in (head, index - 1)):
            return 0
        return index - head

    def _forget(self) -> None:
        self._entries: list[L1Entry] = []
        self._left_out: set[int] = set()
        # Those of them of which the contract has said so itself, and the last block at which it
        # did: anybody can make thousands, and they stay before the next entry until it comes.
        self._holes: set[int] = set()
        self._holes_block: L1Block | None = None
        self._next_block = self._first_block

    def _forget_holes_of_another_chain(self) -> None:
        known = self._holes_block
        if known is None:
            return
        found = bytes(self._contract.w3.eth.get_block(known.number)["hash"])
        if found != known.block_hash:
            self._forget()

    def _follow(self, last_block: int) -> None:
        """Take in the events up to a block: all of them or, if they do not add up, none."""
        if last_block < self._next_block:
            return
        entries: dict[int, L1Entry] = {}
        left_out: set[int] = set()
        for event in self._events.read(self._next_block, last_block):
            if event["event"] == "ReclaimRequested":
                left_out.add(event["args"]["index"])
                continue
            entry = _entry(event)
            if entries.setdefault(entry.index, entry) != entry:
                raise EventLogError(f"two different events of queue entry {entry.index}")
        _, tail, _ = self._contract.functions.queue().call(block_identifier=last_block)
        known = len(self._entries)
        if tail < known:
            self._forget()
            raise EventLogError(f"the queue had {known} entries and has {tail} at {last_block}")
        if sorted(entries) != list(range(known, tail)):
            if any(index < known for index in entries):
                # One came again: what was read before is of another chain.
                self._forget()
            raise EventLogError(
                f"the contract has queue entries {known} to {tail - 1} new in blocks "
                f"{self._next_block} to {last_block}, the node shows events of "
                f"{_shown(sorted(entries))}"
            )
        self._entries += [entries[index] for index in range(known, tail)]
        self._check_requests(left_out, last_block)
        self._left_out |= left_out
        self._next_block = last_block + 1

    def _check_requests(self, indices: set[int], last_block: int) -> None:
        """Refuse requests that the contract cannot have taken: only a deposit can be reclaimed."""
        for index in sorted(indices):
            is_known = index < len(self._entries)
            if is_known and isinstance(self._entries[index], L1Deposit):
                continue
            what = "a parameter, which nobody can" if is_known else "none yet, so nobody could"
            # What the node said of this entry or of its reclaim is not true: all is read again.
            self._forget()
            raise EventLogError(
                f"queue entry {index}: by the events up to block {last_block} its reclaim was "
                f"requested, but it is {what} reclaim"
            )

    def _check_entry(self, contracts: Sequence[Contract], index: int, block: L1Block) -> None:
        """Compare an entry with the contract in a block; leave out what it does not wait for.

        A parameter it always waits for: nobody can take one out of the order, so the head passes it
        only with the batch that consumes it.
        """
        functions = [contract.functions for contract in contracts]
        digests = [f.digestAt(index).call(block_identifier=block.number) for f in functions]
        is_deposit = isinstance(self._entries[index], L1Deposit)
        is_unexplained = index not in self._left_out and not any(digests)
        if is_deposit and is_unexplained and self._is_behind_head(index, block.number):
            self._left_out.add(index)
        for found in digests:
            self._check_digest(index, found, block.number)
        if index in self._left_out:
            self._holes.add(index)
            self._holes_block = block

    def _is_behind_head(self, index: int, number: int) -> bool:
        """Whether the head has passed an entry that we have not consumed.

        Then its reclaim was requested, or a batch has consumed it for an equal one whose reclaim
        was: that one can be reclaimed now, and this one is in no later batch.
        """
        head, _, _ = self._contract.functions.queue().call(block_identifier=number)
        return index < int(head)

    def _check_digest(self, index: int, found: int, number: int) -> None:
        expected = 0 if index in self._left_out else digest_of(self._entries[index])
        if found == expected:
            return
        # What the events said of this entry is not true: they are read again.
        self._forget()
        said = "its reclaim was requested" if expected == 0 else f"its digest is {expected:#x}"
        is_now = "it is not pending" if found == 0 else f"it is {found:#x}"
        raise EventLogError(
            f"queue entry {index}: by its events {said}, in the contract at block {number} {is_now}"
        )

    def _check_witness(self, witness: Contract, block: L1Block) -> None:
        found = bytes(witness.w3.eth.get_block(block.number)["hash"])
        if found != block.block_hash:
            raise EventLogError(
                f"block {block.number} is 0x{block.block_hash.hex()}, and 0x{found.hex()} for the "
                f"second node"
            )


def _entry(event: EventData) -> L1Entry:
    values: dict[str, Any] = dict(event["args"])
    if event["event"] == "ParameterQueued":
        index, kind = values["queueIndex"], values["kind"]
        if kind not in ParameterKind.__members__.values():
            raise EventLogError(f"queue entry {index}: a parameter of the unknown kind {kind}")
        return L1Parameter(index, ParameterKind(kind), values["index"], values["word"])
    return L1Deposit(
        index=values["index"],
        account_id=values["accountId"],
        l1_address=int(values["l1Address"], 16),
        stark_key=values["starkKey"],
        amount_quanta=values["amountQuanta"],
        asset_id=values["assetId"],
    )


def _shown(indices: list[int]) -> str:
    if not indices:
        return "none"
    return f"{len(indices)}, from {indices[0]} to {indices[-1]}"
