"""Readers of a node's streams, for a node under load."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, Final, Self

import grpc

from novation.api.v1 import stream_service_pb2, stream_service_pb2_grpc

if TYPE_CHECKING:
    from collections.abc import Sequence
    from types import TracebackType

_TIMEOUT_S: Final = 60.0


class Subscribers:
    """One stream for each account, and one each for a market's book and trades."""

    def __init__(self, target: str, account_ids: Sequence[int], market_id: int) -> None:
        """Connect within `async with`."""
        self._channel = grpc.aio.insecure_channel(target)
        self._account_ids = account_ids
        self._market_id = market_id
        self._n_snapshots = 0
        self._readers: list[asyncio.Task[None]] = []
        self.n_messages = 0

    async def __aenter__(self) -> Self:
        """Open the streams and wait for the snapshots."""
        stub: Any = stream_service_pb2_grpc.StreamServiceStub(self._channel)  # type: ignore[no-untyped-call]
        accounts = (
            stub.StreamAccount(stream_service_pb2.StreamAccountRequest(account_id=account_id))
            for account_id in self._account_ids
        )
        book = stub.StreamBook(stream_service_pb2.StreamBookRequest(market_id=self._market_id))
        trades = stub.StreamTrades(
            stream_service_pb2.StreamTradesRequest(market_id=self._market_id)
        )
        for call in (*accounts, book, trades):
            self._readers.append(asyncio.create_task(self._read(call)))
        async with asyncio.timeout(_TIMEOUT_S):
            # Trades have no snapshot.
            while self._n_snapshots <= len(self._account_ids):  # noqa: ASYNC110
                await asyncio.sleep(0.01)
        return self

    async def __aexit__(
        self,
        exception_type: type[BaseException] | None,
        exception: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Close the streams."""
        for reader in self._readers:
            reader.cancel()
        await asyncio.gather(*self._readers, return_exceptions=True)
        await self._channel.close()

    async def _read(self, call: Any) -> None:  # noqa: ANN401
        async for message in call:
            if _is_snapshot(message):
                self._n_snapshots += 1
            else:
                self.n_messages += 1


def _is_snapshot(message: object) -> bool:
    if isinstance(message, stream_service_pb2.StreamBookResponse):
        return message.is_snapshot
    if isinstance(message, stream_service_pb2.StreamAccountResponse):
        return message.HasField("snapshot")
    return False
