"""Rebuilds the whole state from L1 data alone: genesis and the settling transactions."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from devnet.contracts import load_artifact
from devnet.errors import UserError
from novation.protocol.errors import DecodeError
from novation.protocol.output import decode_output
from novation.protocol.rebuild import apply_output
from novation.protocol.state import State
from prover.calldata import CalldataError, decode_update_state
from prover.calldata import decode_output as decode_output_felts

if TYPE_CHECKING:
    from collections.abc import Callable

    from devnet.contracts import Chain
    from devnet.deployment import Deployment


@dataclass(frozen=True, slots=True)
class RebuiltState:
    """The state after the last batch on L1, and what L1 says its root is."""

    state: State
    n_batches: int
    l1_root: int

    @property
    def matches(self) -> bool:
        """Whether the rebuilt root is L1's."""
        return self.state.root == self.l1_root


def rebuild(chain: Chain, deployment: Deployment, note: Callable[[str], object]) -> RebuiltState:
    """Read every finalised batch and apply its data-availability records to the genesis state.

    Each record must lead to the root that its own proof claims, so that a wrong or missing batch
    is noticed where it is.

    Raises:
        UserError: if a batch's data do not lead to its root.
    """
    contract = chain.contract(load_artifact("Exchange"), deployment.exchange)
    state = State.genesis(deployment.config, deployment.genesis)
    logs = contract.events.BatchFinalised().get_logs(from_block=deployment.deploy_block)
    for log in logs:
        batch_number = log["args"]["batchNumber"]
        note(f"batch {batch_number}")
        transaction = chain.web3.eth.get_transaction(log["transactionHash"])
        try:
            public_input, _ = decode_update_state(bytes(transaction["input"]))
            apply_output(state, decode_output(decode_output_felts(public_input)))
        except (CalldataError, DecodeError) as error:
            raise UserError(f"batch {batch_number}: {error}", exit_code=1) from error
    l1_root = contract.functions.state().call()[0]
    return RebuiltState(state, len(logs), l1_root)
