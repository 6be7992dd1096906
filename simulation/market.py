"""The simulated day: START READING HERE.

    run = run_market(plan, say)       # agents trade on the exchange, tick by tick
    report = report_of(run)           # see report.py

Each tick the oracles report, if they do, and some agents act. Everything is drawn from the seed.
"""

import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final

from novation.protocol.orders import Side
from novation.protocol.transactions import OracleReport
from simulation.agents.agent import Agent
from simulation.agents.arbitrageur import Arbitrageur
from simulation.agents.bidder import Bidder
from simulation.agents.governor import Governor
from simulation.agents.hedger import Hedger
from simulation.agents.isolator import Isolator
from simulation.agents.keeper import Keeper
from simulation.agents.liquidator import Liquidator
from simulation.agents.maker import Maker
from simulation.agents.quoter import Quoter
from simulation.agents.strangler import Strangler
from simulation.agents.taker import Taker
from simulation.agents.trend_follower import TrendFollower
from simulation.agents.whale import Whale
from simulation.desk import Desk
from simulation.exchange import Exchange
from simulation.oracles import oracle_update
from simulation.plan import (
    FIRST_ACCOUNT_ID,
    N_ORACLES,
    ONE_DOLLAR_QUANTA,
    QUORUM,
    START_MS,
    Phase,
    Plan,
    first_prices_ticks,
    phases,
)
from simulation.prices import PricePaths, driven_factor
from simulation.record import Recorder
from simulation.view import View

Say = Callable[[str], None]

# How often each kind is asked, per hundred. Liquidators and bidders are asked after every update.
_ASKED: Final[dict[type[Agent], int]] = {
    Maker: 13,
    Quoter: 12,
    Taker: 45,
    TrendFollower: 14,
    Whale: 2,
    Arbitrageur: 7,
    Strangler: 3,
    Hedger: 4,
    Isolator: 4,
    Keeper: 4,
    Governor: 1,
}
_SETUP: Final = "set-up"
_ORACLES: Final = "oracles"
# An update is lost now and then, so that prices run out for a second.
_LOST_UPDATE_CHANCE: Final = 0.02
_ORACLE_NOISE: Final = 0.0001
_ORACLE_DELAY_MS: Final = 300
_N_PROGRESS_LINES: Final = 20
# What an agent of a kind brings, in dollars.
_WEALTH: Final[dict[type[Agent], tuple[int, int]]] = {
    Maker: (200_000, 400_000),
    Quoter: (200_000, 400_000),
    Taker: (500, 40_000),
    TrendFollower: (2_000, 60_000),
    Whale: (1_500_000, 2_500_000),
    Arbitrageur: (100_000, 300_000),
    Strangler: (50_000, 50_000),
    Hedger: (20_000, 80_000),
    Isolator: (10_000, 30_000),
    Bidder: (200_000, 500_000),
    Keeper: (1, 1),
    Governor: (1, 1),
    Liquidator: (1, 1),
}


@dataclass(frozen=True, slots=True)
class MarkedPhase:
    """When a phase of the day was, since the start."""

    name: str
    start_ms: int
    end_ms: int


@dataclass(frozen=True, slots=True)
class Run:
    """A day that is over."""

    plan: Plan
    exchange: Exchange
    recorder: Recorder
    phases: tuple[MarkedPhase, ...]
    agents: dict[str, list[Agent]]
    n_dead_left: int


def run_market(plan: Plan, say: Say) -> Run:
    """Simulate a day; `say` gets a line of progress now and then."""
    market = _Market(plan, say)
    market.fund()
    marked = tuple(market.live(phase) for phase in phases(plan))
    market.settle()
    market.exchange.seal()
    agents = {kind.kind: agents for kind, agents in market.agents.items()}
    n_dead_left = len(market.view.prunable_orders())
    return Run(plan, market.exchange, market.recorder, marked, agents, n_dead_left)


class _Market:
    def __init__(self, plan: Plan, say: Say) -> None:
        self.plan = plan
        self.exchange = Exchange(plan)
        self.view = View(self.exchange)
        self.recorder = Recorder(self.exchange, self.view)
        # What one part draws does not change what another one does.
        self._prices_rng, self._agents_rng, self._order_rng = (
            random.Random(f"{plan.seed} {part}") for part in ("prices", "agents", "order")
        )
        self.agents = self._make_agents()
        day = phases(plan)
        self._paths = PricePaths(
            self._prices_rng, first_prices_ticks(plan.n_instruments), day[0].tick_ms
        )
        self._n_shares = sum(phase.n_ticks * phase.activity for phase in day)
        self._shares_done = 0
        self._say = say
        self._n_said = 0

    def _make_agents(self) -> dict[type[Agent], list[Agent]]:
        """Return the agents: an eighth are makers, some are special, the rest are traders.

        Every other maker sends its quotes together.
        """
        n_accounts, n_markets, rng = self.plan.n_accounts, self.plan.n_instruments, self._agents_rng
        account_ids = iter(range(FIRST_ACCOUNT_ID, FIRST_ACCOUNT_ID + n_accounts))
        n_makers = max(n_accounts // 8, min(n_markets, n_accounts // 3))
        n_followers = n_accounts // 5
        agents: dict[type[Agent], list[Agent]] = {kind: [] for kind in _WEALTH}
        for index in range(n_makers):
            markets = sorted({index % n_markets, rng.randrange(n_markets)})
            kind = Quoter if index % 2 else Maker
            agents[kind].append(kind(self._desk(next(account_ids)), _child(rng), markets))
        agents[Whale].append(Whale(self._desk(next(account_ids)), _child(rng), 0))
        for desk in self._pair(next(account_ids), next(account_ids)):
            agents[Arbitrageur].append(Arbitrageur(desk, _child(rng)))
        pair = self._pair(next(account_ids), next(account_ids))
        for desk, side in zip(pair, Side, strict=True):
            agents[Strangler].append(Strangler(desk, _child(rng), n_markets - 1, side))
        for index in range(max(1, n_accounts // 40)):
            legs = index % n_markets, (index + 1) % n_markets
            agents[Hedger].append(Hedger(self._desk(next(account_ids)), _child(rng), *legs))
        for index in range(max(1, n_accounts // 40)):
            pair = self._pair(next(account_ids), next(account_ids))
            for desk, other, trades in zip(pair, reversed(pair), (False, True), strict=True):
                isolator = Isolator(
                    desk, _child(rng), other.account_id, index % n_markets, trades=trades
                )
                agents[Isolator].append(isolator)
        for _ in range(max(1, n_accounts // 60)):
            agents[Bidder].append(Bidder(self._desk(next(account_ids)), _child(rng)))
        agents[Keeper].append(Keeper(self._desk(next(account_ids)), _child(rng)))
        agents[Governor].append(Governor(self._desk(next(account_ids)), _child(rng)))
        agents[Liquidator].append(Liquidator(self._desk(next(account_ids)), _child(rng)))
        for index in range(n_followers):
            desk = self._desk(next(account_ids))
            agents[TrendFollower].append(TrendFollower(desk, _child(rng), index % n_markets))
        agents[Taker].extend(Taker(self._desk(i), _child(rng)) for i in account_ids)
        return agents

    def _desk(self, account_id: int, owner: int | None = None) -> Desk:
        return Desk(account_id, self.view, self.recorder, account_id if owner is None else owner)

    def _pair(self, first_id: int, second_id: int) -> tuple[Desk, Desk]:
        """Return the desks of two accounts of one owner."""
        return self._desk(first_id), self._desk(second_id, owner=first_id)

    def fund(self) -> None:
        """Let everybody pay in."""
        self.recorder.agent_kind = _SETUP
        for kind, agents in self.agents.items():
            for agent in agents:
                dollars = self._agents_rng.randint(*_WEALTH[kind])
                agent.desk.deposit(dollars * ONE_DOLLAR_QUANTA)

    def live(self, phase: Phase) -> MarkedPhase:
        """Let a phase go by."""
        start_ms = self.exchange.time_ms
        for tick in range(phase.n_ticks):
            tick_ms = start_ms + tick * phase.tick_ms
            self._paths.step(
                driven_factor(tick, phase.n_ticks, phase.ends_at_percent, phase.first_percent)
            )
            self.exchange.time_ms = tick_ms
            if phase.has_prices and not self._is_lost(phase):
                self._update_prices()
            self.recorder.look()
            if self.plan.with_liquidator:
                for agent in (*self.agents[Liquidator], *self.agents[Bidder]):
                    self._ask(agent)
            self._shares_done += phase.activity
            self._let_act(tick_ms, phase.tick_ms)
            self._tell(phase.name)
        self.exchange.time_ms = start_ms + phase.n_ticks * phase.tick_ms
        return MarkedPhase(phase.name, start_ms - START_MS, self.exchange.time_ms - START_MS)

    def settle(self) -> None:
        """Let what has to be done be done once more, and look at what is left."""
        self._update_prices()
        if self.plan.with_liquidator:
            self._ask(*self.agents[Liquidator])
        self.recorder.look()

    def _is_lost(self, phase: Phase) -> bool:
        """Return whether the update of this tick is lost; none is while prices are driven."""
        return not phase.is_driven and self._prices_rng.random() < _LOST_UPDATE_CHANCE

    def _update_prices(self) -> None:
        rng = self._prices_rng
        reports = [
            OracleReport(
                index,
                self.exchange.time_ms - rng.randint(0, _ORACLE_DELAY_MS),
                self._paths.prices_x16(_ORACLE_NOISE),
            )
            for index in sorted(rng.sample(range(N_ORACLES), QUORUM))
        ]
        self.recorder.agent_kind, self.recorder.expected_names = _ORACLES, frozenset()
        self.recorder.submit(oracle_update(self.exchange.config, reports))

    def _let_act(self, tick_ms: int, duration_ms: int) -> None:
        """Ask agents until as much was sent as is due by the end of the tick."""
        first = self.recorder.n_operations
        due = self.plan.n_operations * self._shares_done // self._n_shares
        for agent in self._askings():
            done = self.recorder.n_operations
            if done >= due:
                return
            passed_ms = (duration_ms - 1) * (done - first) // max(1, due - first)
            self.exchange.time_ms = tick_ms + passed_ms
            self._ask(agent)

    def _ask(self, agent: Agent) -> None:
        # What an agent sees must not change before it has acted.
        self.recorder.catch_up()
        self.recorder.agent_kind = agent.kind
        self.recorder.expected_names = frozenset(code.name for code in agent.expects)
        agent.act()

    def _askings(self) -> Iterator[Agent]:
        """Yield agents, each kind as often as it should be asked, for ever."""
        rng = self._order_rng
        kinds, weights = list(_ASKED), list(_ASKED.values())
        while True:
            (kind,) = rng.choices(kinds, weights)
            yield rng.choice(self.agents[kind])

    def _tell(self, phase: str) -> None:
        """Say how far the day is, some times."""
        done, total = self.recorder.n_operations, self.plan.n_operations
        if done * _N_PROGRESS_LINES < (self._n_said + 1) * total:
            return
        self._n_said = done * _N_PROGRESS_LINES // total
        moment, checks = self.recorder.moments[-1], self.exchange.checks
        minutes = moment.at_ms // 60_000
        self._say(
            f"{done:7,} of {total:,} operations, minute {minutes:3}, {phase}: "
            f"{len(checks.n_transactions)} batches, {moment.n_below_maintenance} accounts below "
            f"maintenance, they owe {moment.negative_quanta // ONE_DOLLAR_QUANTA:,} USD"
        )


def _child(rng: random.Random) -> random.Random:
    """Return a generator of its own for one agent."""
    return random.Random(rng.getrandbits(64))
