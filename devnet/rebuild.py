"""Rebuilds the whole state from L1 data alone: genesis and the settling transactions."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from devnet.batch_data import public_input_of
from devnet.contracts import load_artifact
from devnet.errors import UserError
from devnet.event_logs import EventReader
from novation.protocol.constants import MAX_ASSETS
from novation.protocol.errors import DecodeError
from novation.protocol.output import decode_output
from novation.protocol.rebuild import apply_output
from novation.protocol.state import State
from prover.calldata import CalldataError
from prover.calldata import decode_output as decode_output_felts

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from web3.contract import Contract

    from devnet.contracts import Chain
    from devnet.deployment import Deployment


@dataclass(frozen=True, slots=True)
class RebuiltState:
    """The state after the last batch on L1, and what L1 says its root is and has in custody.

    `l1_custody_quanta` is, of each asset, what the contract holds less what it owes to others than
    the state.
    """

    state: State
    n_batches: int
    l1_root: int
    l1_custody_quanta: tuple[int, ...]

    @property
    def matches(self) -> bool:
        """Whether root and custody of the rebuilt state are L1's."""
        return self.state.root == self.l1_root and self.has_l1_custody

    @property
    def has_l1_custody(self) -> bool:
        """Whether the rebuilt state counts in custody what L1 counts, of each asset."""
        custody = tuple(self.state.globals.custody(asset_id) for asset_id in range(MAX_ASSETS))
        return custody == self.l1_custody_quanta


def rebuild(chain: Chain, deployment: Deployment, note: Callable[[str], object]) -> RebuiltState:
    """Read every finalised batch and apply its data-availability records to the genesis state.

    Each record must lead to the root that its own proof claims, so that a wrong or missing batch
    is noticed where it is.

    Raises:
        UserError: if a batch's data do not lead to its root.
    """
    contract = chain.contract(load_artifact("Exchange"), deployment.exchange)
    state = State.genesis(deployment.config, deployment.genesis)
    newest = chain.web3.eth.block_number
    l1_root, n_batches, _, _ = contract.functions.state().call(block_identifier=newest)
    l1_custody_quanta = _custody(contract, newest)
    logs = list(EventReader(contract, ("BatchFinalised",)).read(deployment.deploy_block, newest))
    _check_complete([log["args"]["batchNumber"] for log in logs], n_batches)
    for log in logs:
        batch_number, output_hash = log["args"]["batchNumber"], log["args"]["outputHash"]
        note(f"batch {batch_number}")
        public_input = public_input_of(
            chain, deployment.exchange, log["transactionHash"], output_hash
        )
        try:
            apply_output(state, decode_output(decode_output_felts(public_input)))
        except (CalldataError, DecodeError) as error:
            raise UserError(f"batch {batch_number}: {error}", exit_code=1) from error
    return RebuiltState(state, n_batches, l1_root, l1_custody_quanta)


def _custody(contract: Contract, block_number: int) -> tuple[int, ...]:
    """Return what belongs to the state of each asset that there can be."""
    n_assets = contract.functions.nAssets().call(block_identifier=block_number)
    held = [0] * MAX_ASSETS
    for asset_id in range(n_assets):
        custody = contract.functions.custody(asset_id)
        total, payable, queued = custody.call(block_identifier=block_number)
        held[asset_id] = total - payable - queued
    return tuple(held)


def _check_complete(numbers: Sequence[int], n_batches: int) -> None:
    if list(numbers) != list(range(1, n_batches + 1)):
        raise UserError(
            f"L1 is at batch {n_batches}, and the node shows events of {len(numbers)} batches: "
            f"its logs are not complete",
            exit_code=1,
        )
