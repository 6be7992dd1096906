"""`novation status`: what the operator watches."""

from devnet.commands.options import HomeOption
from devnet.connection import STATUS_REFUSED, ask_sequencer
from devnet.console import console
from devnet.errors import UserError


def status(home: HomeOption) -> None:
    """Show how far batches have come, and why nothing is proven, settled or deposited, if so.

    Exit status 1 if somebody must do something: a batch cannot be proven, or L1 rejects it.

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
        "proofs": _told(now.proof_error, is_halted=now.proof_halted),
        "settlement": _told(now.settlement_error, is_halted=now.settlement_halted),
        "deposits": _told(now.l1_queue_error, is_halted=False),
    }
    for name, value in fields.items():
        console.print(f"{name:<18} {value}", markup=False, soft_wrap=True)
    if now.settlement_halted:
        raise UserError(f"settlement is halted; {now.settlement_advice}", STATUS_REFUSED)
    if now.proof_halted:
        raise UserError(f"proofs are halted; {now.proof_error}", STATUS_REFUSED)


def _told(error: str, *, is_halted: bool) -> str:
    if is_halted:
        return f"halted: {error}"
    return f"waiting: {error}" if error else "working"
