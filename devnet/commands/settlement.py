"""`novation status`: what the operator watches."""

from devnet.commands.options import HomeOption
from devnet.connection import STATUS_REFUSED, ask_sequencer
from devnet.console import console
from devnet.errors import UserError


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


def _settlement(error: str, *, is_halted: bool) -> str:
    if is_halted:
        return f"halted: {error}"
    return f"waiting: {error}" if error else "working"
