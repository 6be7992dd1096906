"""Lists that the server gives in pages, newest first."""

from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

Item = TypeVar("Item")


@dataclass(frozen=True, slots=True)
class Page(Generic[Item]):
    """One answer: items, what to ask for the next ones with (empty: there are none).

    `first_sequence`: items of smaller numbers are no longer kept.
    """

    items: Sequence[Item]
    next_token: bytes
    first_sequence: int = 0


class PagedList(Generic[Item]):
    """All items of a list, each once, for `async for`, whatever comes while they are read.

    Attributes:
        first_sequence: what is older than this number is no longer kept and not in the list; 0 if
            everything is there. Known when the first item has come, exact at the end.
    """

    def __init__(self, ask: Callable[[bytes], Awaitable[Page[Item]]]) -> None:
        """Ask for a page with the token of the one before."""
        self._ask = ask
        self.first_sequence = 0

    async def __aiter__(self) -> AsyncGenerator[Item]:
        """Yield the items, newest first."""
        token = b""
        while True:
            page = await self._ask(token)
            self.first_sequence = page.first_sequence
            for item in page.items:
                yield item
            token = page.next_token
            if not token:
                return
