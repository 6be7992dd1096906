"""`novation batch`: sealed batches, and what the operator may do about their proofs."""

import time
from typing import Annotated, Final

import typer
from rich.table import Table

from devnet.commands.options import HomeOption
from devnet.connection import STATUS_REFUSED, ask_sequencer
from devnet.console import console, waiting
from devnet.errors import UserError
from novation.client import Client
from novation.client.models import Batch, BatchState
from sequencer.proof_queue import FolderProofQueue

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode="markdown",
    help="Sealed batches and how far they have come.",
)

MS: Final = 1000
ANSWER_TIMEOUT_S: Final = 30.0
POLL_S: Final = 0.1


@app.command("list")
def list_batches(
    home: HomeOption,
    limit: Annotated[int, typer.Option(min=1, help="How many, newest first.")] = 20,
) -> None:
    """List sealed batches, newest first.

    Example: `novation batch list --limit 5`
    """

    async def collect(client: Client) -> list[Batch]:
        found: list[Batch] = []
        async for batch in client.batches(min(limit, 100)):
            found.append(batch)
            if len(found) == limit:
                break
        return found

    table = Table("batch", "state", "transactions", "sealed", "proven after", "final after")
    for batch in ask_sequencer(home, collect):
        table.add_row(
            str(batch.batch_number),
            batch.state.value,
            str(batch.n_transactions),
            time.strftime("%H:%M:%S", time.localtime(batch.sealed_time_ms // MS)),
            _seconds_between(batch.sealed_time_ms, batch.proven_time_ms),
            _seconds_between(batch.sealed_time_ms, batch.final_time_ms),
        )
    console.print(table)


@app.command("show")
def show_batch(
    batch_number: Annotated[int, typer.Argument(min=1, help="Number of the batch.")],
    home: HomeOption,
) -> None:
    """Show one batch.

    Example: `novation batch show 3`
    """
    batch = ask_sequencer(home, lambda client: client.batch(batch_number))
    fields = {
        "state": batch.state.value,
        "old root": f"{batch.old_root:#066x}",
        "new root": f"{batch.new_root:#066x}",
        "transactions": batch.n_transactions,
        "journal entries": f"{batch.first_sequence} to {batch.last_sequence}",
        "cost, Cairo steps at most": batch.cost_steps,
        "L1 transaction": batch.l1_transaction_hash or "none yet",
        "proven after": _seconds_between(batch.sealed_time_ms, batch.proven_time_ms),
        "final after": _seconds_between(batch.sealed_time_ms, batch.final_time_ms),
    }
    for name, value in fields.items():
        console.print(f"{name:<26} {value}", markup=False)


@app.command()
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


def _seconds_between(start_ms: int, end_ms: int | None) -> str:
    return "" if end_ms is None else f"{(end_ms - start_ms) / MS:.1f} s"


def _wait_for_answer(queue: FolderProofQueue, batch_number: int) -> None:
    deadline = time.monotonic() + ANSWER_TIMEOUT_S
    while batch_number in queue.reprove_requests():
        if time.monotonic() > deadline:
            raise UserError(
                f"batch reprove: no reaction within {ANSWER_TIMEOUT_S:.0f} s; the request stays",
                STATUS_REFUSED,
            )
        time.sleep(POLL_S)
