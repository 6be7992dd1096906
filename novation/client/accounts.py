"""Which accounts there are, and the one that a client takes for its key's unasked.

Strangers can put a key into their accounts, and with a deposit even make it the first of a new
one. So only the one account whose first key it is counts, and a caller who names the L1 address
of his deposits is safe from strangers' deposits, too.
"""

import re
from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import dataclass
from typing import Final

from novation.api.v1 import query_service_pb2
from novation.client import checks
from novation.client.errors import AccountChoiceError, InvalidInputError
from novation.client.messages import FELT_BYTES
from novation.client.transport import Transport
from novation.crypto import FIELD_PRIME

# Candidates that a refusal names.
MAX_NAMED: Final = 20
_L1_ADDRESS: Final = re.compile(r"0x[0-9a-fA-F]{40}")


@dataclass(frozen=True, slots=True)
class Wanted:
    """Accounts that have the key and the L1 address; None is any, but not both."""

    public_key: int | None
    l1_address: str | None = None
    is_first_key: bool = False

    def request(self) -> query_service_pb2.FindAccountsRequest:
        """Return the API message; InvalidInputError if nothing is wanted, or no such thing."""
        if self.public_key is None and (self.l1_address is None or self.is_first_key):
            raise InvalidInputError("public_key: None; wanted is a key, an L1 address, or both")
        key, address = b"", b""
        if self.public_key is not None:
            checks.integer("public_key", self.public_key, 0, FIELD_PRIME)
            key = self.public_key.to_bytes(FELT_BYTES, "big")
        if self.l1_address is not None:
            address = bytes.fromhex(check_l1_address(self.l1_address)[2:])
        return query_service_pb2.FindAccountsRequest(
            public_key=key,
            l1_address=address,
            is_first_key=checks.flag("is_first_key", self.is_first_key),
        )


def check_l1_address(value: object) -> str:
    """Return an L1 address as `Account` has it; it is given as text, 0x and 40 digits."""
    if isinstance(value, str) and _L1_ADDRESS.fullmatch(value):
        return value.lower()
    raise InvalidInputError(f"l1_address: {value!r} is not a text of 0x and 40 hexadecimal digits")


async def found_ids(transport: Transport, wanted: Wanted) -> AsyncGenerator[int, None]:
    """Yield the ids of accounts, ascending."""
    request = wanted.request()
    while True:
        page = await transport.call(transport.queries.FindAccounts, request)
        for account_id in page.account_ids:
            yield account_id
        if not page.HasField("next_account_id"):
            return
        request.from_account_id = page.next_account_id


async def own_account_id(transport: Transport, public_key: int, l1_address: str | None) -> int:
    """Return the only account whose first key it is, among those of the L1 address if given.

    Raises:
        AccountChoiceError: there is none, or there are several.
    """
    chosen = await _some(transport, Wanted(public_key, l1_address, is_first_key=True), 2)
    if len(chosen) == 1:
        return chosen[0]
    first = await _some(transport, Wanted(public_key, is_first_key=True), MAX_NAMED)
    named = await _some(transport, Wanted(public_key), MAX_NAMED)
    raise AccountChoiceError(public_key, l1_address, first, named)


async def _some(transport: Transport, wanted: Wanted, at_most: int) -> tuple[int, ...]:
    some: list[int] = []
    async with aclosing(found_ids(transport, wanted)) as ids:
        async for account_id in ids:
            some.append(account_id)
            if len(some) == at_most:
                break
    return tuple(some)
