"""Messages signed without a client, valid for longer than a test moves the clock."""

from dataclasses import replace
from typing import Final, TypeVar

from novation.client.clock import now_ms
from novation.protocol import signing
from novation.protocol.config import ExchangeConfig
from novation.protocol.constants import MAX_VALIDITY_MS
from novation.protocol.transactions import UserTransaction

VALIDITY_MS: Final = MAX_VALIDITY_MS // 2

Message = TypeVar("Message", bound=UserTransaction)


def signed(
    tx: Message, private_key: int, config: ExchangeConfig, time_ms: int | None = None
) -> Message:
    """Return the message with a signature, and with an end if it has none."""
    if not tx.valid_until_ms:
        start_ms = now_ms() if time_ms is None else time_ms
        tx = replace(tx, valid_until_ms=start_ms + VALIDITY_MS)
    return signing.signed(tx, private_key, config)
