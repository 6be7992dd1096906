"""What the node sends by itself: transactions that nobody signs, several together."""

import asyncio
import logging
from collections.abc import Iterable

from novation.protocol.errors import InvalidTransaction
from novation.protocol.transactions import Transaction
from sequencer.engine import Accepted, Command
from sequencer.errors import RequestRefusedError
from sequencer.runner import EngineRunner

logger = logging.getLogger(__name__)


async def submit_duties(
    runner: EngineRunner, transactions: Iterable[Transaction], now_ms: int
) -> int:
    """Submit transactions, which do not wait for each other; return how many were accepted.

    One that the rules refuse is left: prices are old or have moved, or somebody was quicker. Those
    for which the engine has no room are left for the next round.
    """
    answers = []
    for tx in transactions:
        try:
            answers.append(runner.enqueue(Command(tx, now_ms)))
        except RequestRefusedError as refusal:
            logger.info("%s waits: %s", type(tx).__name__, refusal)
            break
    outcomes = await asyncio.gather(*answers, return_exceptions=True)
    for outcome in outcomes:
        if isinstance(outcome, InvalidTransaction):
            logger.debug("refused: %s", outcome)
        elif isinstance(outcome, BaseException):
            raise outcome
    return sum(isinstance(outcome, Accepted) for outcome in outcomes)
