"""`novation status`, `novation batch reprove`: what the operator watches and may do."""

import time
from typing import Annotated, Final

import typer

from devnet.commands.options import HomeOption
from devnet.connection import STATUS_REFUSED, ask_sequencer
from devnet.console import console, waiting
from devnet.errors import UserError
from novation.client.models import BatchState
from sequencer.proof_queue import FolderProofQueue

ANSWER_TIMEOUT_S: Final = 30.0
POLL_S: Final = 0.1


def status(home: HomeOption) -> None:
    """Show how far batches have come and why nothing settles, if so.

    Exit status 1 if settlement is halted: L1 rejects a proof for good.

    Example: `novation status`
    """
    now = ask_sequencer(home, lambda client: client.status())
    fields = {
        "journal entries": now.last_sequence,
        "batches sealed": now.last_batch_number,
        "batches proven": now.proven_batch_number,
        "batches final": now.final_batch_number,
        "open batch": f"{now.open_batch_transactions} transactions",
        "L1 queue position": now.l1_queue_position,
        "settlement": _settlement(now.settlement_error, is_halted=now.settlement_halted),
    }
    for name, value in fields.items():
        console.print(f"{name:<18} {value}", markup=False, soft_wrap=True)
    if now.settlement_halted:
        batch_number = now.final_batch_number + 1
        raise UserError(
            f"settlement is halted; `novation batch reprove {batch_number}` discards the proof of "
            f"batch {batch_number} and has it made again",
            STATUS_REFUSED,
        )


def reprove(
    batch_number: Annotated[int, typer.Argument(min=1, help="Number of the batch.")],
    home: HomeOption,
) -> None:
    """Discard the proof of a batch that is not final and have it made again.

    For a proof that L1 rejects, once its cause is gone. It asks through the sequencer's folder:
    whoever may write there may ask, and a sequencer that is stopped does it at its next start.

    Example: `novation batch reprove 3`
    """
    if not home.proof_queue_path.is_dir():
        raise UserError(f"batch reprove: there is no folder {home.proof_queue_path}")
    queue = FolderProofQueue(home.proof_queue_path)
    if not home.endpoints_path.exists():
        queue.request_reprove(batch_number)
        console.print("no devnet runs; its sequencer will discard the proof when it starts")
        return
    batch = ask_sequencer(home, lambda client: client.batch(batch_number))
    if batch.state is BatchState.FINAL:
        raise UserError(f"batch reprove: batch {batch_number} is final", STATUS_REFUSED)
    queue.request_reprove(batch_number)
    with waiting("waiting for the sequencer to discard the proof"):
        _wait_for_answer(queue, batch_number)
    console.print(f"batch {batch_number} waits for a new proof")


def _settlement(error: str, *, is_halted: bool) -> str:
    if is_halted:
        return f"halted: {error}"
    return f"waiting: {error}" if error else "working"


def _wait_for_answer(queue: FolderProofQueue, batch_number: int) -> None:
    deadline = time.monotonic() + ANSWER_TIMEOUT_S
    while batch_number in queue.reprove_requests():
        if time.monotonic() > deadline:
            raise UserError(
                f"batch reprove: no reaction within {ANSWER_TIMEOUT_S:.0f} s; the request stays",
                STATUS_REFUSED,
            )
        time.sleep(POLL_S)
