"""Signing transactions and oracle reports, for clients, oracle nodes and tests."""

from dataclasses import replace
from typing import TypeVar

from novation.crypto import sign
from novation.protocol.config import ExchangeConfig
from novation.protocol.signatures import Signature
from novation.protocol.transactions import OracleReport, UserTransaction

Signable = TypeVar("Signable", bound=UserTransaction | OracleReport)


def signed(message: Signable, private_key: int, config: ExchangeConfig) -> Signable:
    """Return the message with its signature.

    Raises:
        ValueError: its hash is not below 2^251 (one in 2^54): take another nonce.
    """
    r, s = sign(message.message_hash(config), private_key)
    return replace(message, signature=Signature(r, s))
