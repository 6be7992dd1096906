"""Connects a command with the running sequencer, and tells in one line why it cannot."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, TypeVar

from devnet.endpoints import Endpoints
from devnet.errors import UserError
from devnet.keys import load_keys
from novation.client import (
    AccountChoiceError,
    Client,
    ConnectionLostError,
    LocalSigner,
    NovationError,
    RejectedError,
)
from novation.client.orders import DEFAULT_VALIDITY_MS

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from devnet.home import Home

T = TypeVar("T")
STATUS_REFUSED = 1


def ask_sequencer(
    home: Home,
    work: Callable[[Client], Awaitable[T]],
    key: str = "",
    validity_ms: int = DEFAULT_VALIDITY_MS,
) -> T:
    """Run `work` with a connected client; with a key's name, one that can sign.

    The key `NAME@ID` signs for that account; without, the account is the one that deposits from
    the key file's L1 address have opened for its Stark key.

    Raises:
        UserError: if no devnet runs, it does not answer, or it refuses: with its code and values.
    """
    endpoints = Endpoints.load(home.endpoints_path)
    name, separator, number = key.partition("@")
    if separator and not number.isdecimal():
        raise UserError(f"key: {key!r} is not NAME or NAME@ACCOUNT_ID")
    account_id = int(number) if number else None
    keys = load_keys(home.keys_path, name) if name else None

    async def run() -> T:
        async with Client(
            endpoints.sequencer,
            account_id=account_id,
            l1_address=keys.l1_address if keys and account_id is None else None,
            signer=LocalSigner(keys.stark_private) if keys else None,
            validity_ms=validity_ms,
        ) as client:
            return await work(client)

    try:
        return asyncio.run(run())
    except RejectedError as error:
        raise UserError(f"refused: {describe_refusal(error)}", STATUS_REFUSED) from error
    except ConnectionLostError as error:
        raise UserError(
            f"sequencer: no answer at {endpoints.sequencer}; is `novation devnet` running?"
        ) from error
    except AccountChoiceError as error:
        hint = f", here as `--key {name}@ACCOUNT_ID`" if error.account_ids else ""
        raise UserError(f"{error}{hint}") from error
    except NovationError as error:
        raise UserError(str(error)) from error


def describe_refusal(error: RejectedError) -> str:
    """Return code, sentence, and the field, limit and value where the exchange names them."""
    detail = error.detail
    parts = [str(error)]
    for name in ("field", "limit", "value"):
        content = getattr(detail, name)
        if content and content not in detail.message:
            parts.append(f"{name} {content}")
    if detail.expected_hash:
        parts.append(f"expected hash {detail.expected_hash:#x}")
    return "; ".join(parts)
