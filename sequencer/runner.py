"""Runs the engine on its own thread and forms groups of commands in front of it.

    submit -> waiting room -> group -> signatures (all cores) -> payment -> engine -> answers

While the engine applies and writes one group, the signatures of the next one are verified.
"""

import asyncio
import functools
import logging
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Protocol, TypeVar

from novation.protocol.config import ExchangeConfig
from novation.protocol.errors import InvalidTransaction
from novation.protocol.nonces import NonceWindow
from novation.protocol.transactions import OracleUpdate
from sequencer.admission import Admission
from sequencer.clock import Clock
from sequencer.config import ServerLimits
from sequencer.engine import Accepted, Command, Engine, GroupResult, Outcome
from sequencer.errors import NodeErrorCode, RequestRefusedError
from sequencer.rates import RatePolicy
from sequencer.signature_check import KeyDirectory, verify_group
from sequencer.waiting_room import Ticket, WaitingRoom

logger = logging.getLogger(__name__)

SEAL_CHECK_MS = 100

T = TypeVar("T")
Listener = Callable[[GroupResult], None]


class PriceSource(Protocol):
    """Has prices ready for whoever needs them."""

    def update_for(self, commands: Sequence[Command]) -> Command | None:
        """Return the update that must come before a group of commands, None if none must or can."""
        ...

    def refused(self, update: OracleUpdate, refusal: InvalidTransaction) -> None:
        """Hear that the exchange does not take an update."""
        ...


class EngineRunner:
    """The only way to the engine for everything that runs in the event loop."""

    def __init__(
        self, engine: Engine, clock: Clock, limits: ServerLimits, rates: RatePolicy
    ) -> None:
        """Take over the engine; nobody else may call it from now on."""
        self._engine = engine
        self._clock = clock
        self._keys = KeyDirectory(engine.settings.exchange, engine.state.accounts)
        # As of the last durable result; whoever builds on them is checked again by the engine.
        self.parameters = engine.state.parameters
        self._admission = Admission(rates, clock, self._window)
        self._waiting = WaitingRoom(limits, self._admission)
        self._verified: asyncio.Queue[Sequence[Ticket]] = asyncio.Queue(1)
        self._engine_thread = ThreadPoolExecutor(1, thread_name_prefix="engine")
        self._verify_thread = ThreadPoolExecutor(1, thread_name_prefix="verify")
        self._listeners: list[Listener] = []
        self._prices: PriceSource | None = None
        self._is_closing = False

    @property
    def exchange(self) -> ExchangeConfig:
        """The exchange that the engine serves."""
        return self._keys.config

    @property
    def n_pending(self) -> int:
        """Commands that wait for the engine."""
        return self._waiting.n_waiting

    def add_listener(self, listener: Listener) -> None:
        """Call `listener` in the event loop with every durable result, in order."""
        self._listeners.append(listener)

    def take_prices_from(self, source: PriceSource) -> None:
        """Ask `source` for an update before each group."""
        self._prices = source

    def is_doubtful(self, connection: str) -> bool:
        """Whether a connection has brought too much that no key pays for."""
        return self._admission.is_doubtful(connection)

    def enqueue(self, command: Command, connection: str = "") -> asyncio.Future[Accepted]:
        """Take a place in the queue now; awaiting the result gives the answer once it is durable.

        `connection` names who brought a user's message.

        Raises:
            RequestRefusedError: the node is overloaded or shutting down, or the key has sent too
                much (perhaps only when awaited).
            InvalidTransaction: (when awaited) the command breaks a rule of the protocol.
        """
        if self._is_closing:
            raise RequestRefusedError(NodeErrorCode.SHUTTING_DOWN, "the sequencer is stopping")
        ticket = Ticket(command, connection)
        self._waiting.enter(ticket)
        return ticket.answer

    async def call(self, function: Callable[[Engine], T]) -> T:
        """Run a function on the engine's thread, between two groups: it sees durable state."""
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._engine_thread, function, self._engine)

    async def change(self, function: Callable[[Engine], GroupResult | None]) -> None:
        """Run a function that changes the engine and tell the listeners."""
        result = await self.call(function)
        if result is not None:
            self._tell(result)

    async def run(self) -> None:
        """Serve until cancelled; a failure of the engine ends it with that exception."""
        await self.change(Engine.replayed)
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._verify_groups())
            tasks.create_task(self._apply_groups())
            tasks.create_task(self._seal_old_batches())

    async def drain(self) -> None:
        """Refuse new commands and return when the queued ones are answered."""
        self._is_closing = True
        await self._waiting.emptied()

    def close(self) -> None:
        """Stop the threads. `run` must have ended."""
        self._is_closing = True
        self._verify_thread.shutdown()
        self._engine_thread.shutdown()
        self._waiting.close()

    async def _verify_groups(self) -> None:
        loop = asyncio.get_running_loop()
        while True:
            group = await self._waiting.next_group()
            commands = [ticket.command for ticket in group]
            checked = await loop.run_in_executor(
                self._verify_thread, verify_group, self._keys, self.parameters.oracle_keys, commands
            )
            tickets = [replace(t, command=c) for t, c in zip(group, checked, strict=True)]
            paid = [ticket for ticket in tickets if self._waiting.settle(ticket)]
            if paid:
                await self._verified.put(paid)

    async def _apply_groups(self) -> None:
        while True:
            group = await self._verified.get()
            commands = [ticket.command for ticket in group]
            update = None if self._prices is None else self._prices.update_for(commands)
            if update is not None:
                commands.insert(0, update)
            result = await self.call(functools.partial(Engine.process, commands=commands))
            self._tell(result)
            outcomes = list(result.outcomes)
            if update is not None:
                self._hear_of_update(update, outcomes.pop(0))
            for ticket, outcome in zip(group, outcomes, strict=True):
                _answer(ticket.answer, outcome)
                self._waiting.leave()

    def _hear_of_update(self, update: Command, outcome: Outcome) -> None:
        if self._prices is not None and isinstance(outcome, InvalidTransaction):
            assert isinstance(update.transaction, OracleUpdate)
            self._prices.refused(update.transaction, outcome)

    async def _seal_old_batches(self) -> None:
        while True:
            await self._clock.sleep_ms(SEAL_CHECK_MS)
            await self.change(Engine.seal_if_old)

    def _window(self, account_id: int, key_index: int) -> NonceWindow | None:
        # Read beside the engine's thread: an account is never changed, only replaced, and a window
        # that is one group old makes the key pay for what the engine will refuse as used.
        account = self._engine.state.get_account(account_id)
        if account is None or key_index >= len(account.windows):
            return None
        return account.windows[key_index]

    def _tell(self, result: GroupResult) -> None:
        self.parameters = result.parameters
        self._keys.learn(result.events, self._engine.state.accounts)
        for listener in self._listeners:
            listener(result)


def _answer(future: asyncio.Future[Accepted], outcome: Outcome) -> None:
    # The caller may have gone away; the command is durable all the same.
    if future.done():
        return
    if isinstance(outcome, Accepted):
        future.set_result(outcome)
    else:
        future.set_exception(outcome)
