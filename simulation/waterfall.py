"""What becomes of accounts that cannot pay: who takes their positions, and who pays what they owe.

The rules are not trusted here. Charges are added up anew, and compared with what a lot has gained;
an account that was taken over is looked at as if it had not been charged, and as if nothing had
fallen but what was charged.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from novation.protocol.accounts import Account
from novation.protocol.constants import PPM_ONE, PRICE_X16_ONE
from novation.protocol.events import Event, FundingPaid, LegTaken, PoolShared, TakenOver, Unwound
from novation.protocol.margin import Margin
from novation.protocol.orders import Side
from simulation.exchange import Exchange

# Market and side.
Lots = tuple[int, Side]


@dataclass(frozen=True, slots=True)
class _Snapshot:
    """What a lot of each side was charged in all, and the marks by market."""

    charged: Mapping[Lots, int]
    marks_x16: Mapping[int, int]


@dataclass(slots=True)
class Totals:
    """Sums over the run."""

    takeovers: Counter[str] = field(default_factory=Counter)
    unwound: Counter[str] = field(default_factory=Counter)
    healthy_taken_over: Counter[str] = field(default_factory=Counter)
    pools: Counter[str] = field(default_factory=Counter)
    insurance_used_quanta: int = 0
    shared_loss_quanta: int = 0
    charged_above_gain_lots: int = 0


class Waterfall:
    """Follows the events of each transaction."""

    def __init__(self, exchange: Exchange) -> None:
        """Follow from the beginning."""
        self._exchange = exchange
        self.totals = Totals(healthy_taken_over=Counter(hedged=0, unhedged=0))
        # What a lot of a side was charged since the start; what it was, and the marks, at the last
        # look, and when an account was healthy last.
        self._charged: Counter[Lots] = Counter()
        self._at_look = self._snapshot()
        self._at_health: dict[int, tuple[_Snapshot, Account]] = {}
        # What a lot was charged since the reference mark of its market, and what that is.
        self._charged_since: Counter[Lots] = Counter()
        self._ref_x16: dict[int, int] = {}

    def look(self, margins: Mapping[int, Margin]) -> None:
        """Note who meets the maintenance requirement now; accounts without a slot are not there.

        So what is known of an account begins when it begins to hold something.
        """
        now, state = self._snapshot(), self._exchange.state
        self._at_look = now
        at_health = {}
        for account_id, margin in margins.items():
            here = now, state.account(account_id)
            is_healthy = margin.meets_maintenance
            at_health[account_id] = here if is_healthy else self._at_health.get(account_id, here)
        self._at_health = at_health

    def learn(self, events: Iterable[Event], taken_over: Account | None) -> None:
        """Take in what a transaction did; `taken_over` is whom it took over, as it was before."""
        received = Counter[Lots]()
        for event in events:
            if isinstance(event, FundingPaid):
                for side, sign in ((Side.BUY, -1), (Side.SELL, 1)):
                    received[event.market_id, side] += sign * event.quanta_per_lot
            elif isinstance(event, PoolShared):
                self._share(event, received[event.market_id, event.side])
            elif isinstance(event, Unwound):
                whose = "pools" if event.is_pool else "fund"
                self.totals.unwound[f"by_{whose}"] += 1
                self.totals.unwound[f"{whose}_quanta"] += self._unwound_quanta(event)
            elif isinstance(event, LegTaken):
                self.totals.takeovers["legs"] += 1
                self.totals.takeovers["pooled_quanta"] += self._value_quanta(event)
                self.totals.insurance_used_quanta += event.insured_quanta
                self.totals.shared_loss_quanta += event.charged_quanta
            elif isinstance(event, TakenOver):
                assert taken_over is not None
                self._take_over(event, taken_over)

    def _snapshot(self) -> _Snapshot:
        state = self._exchange.state
        marks_x16 = {market_id: state.mark_price_x16(market_id) for market_id in state.markets}
        return _Snapshot(dict(self._charged), marks_x16)

    def _value_quanta(self, leg: LegTaken) -> int:
        terms = self._exchange.state.underlying_of(leg.market_id)
        return abs(leg.size_lots) * leg.mark_price_x16 * terms.multiplier // PRICE_X16_ONE

    def _unwound_quanta(self, event: Unwound) -> int:
        terms = self._exchange.state.underlying_of(event.market_id)
        return event.traded_lots * event.mark_price_x16 * terms.multiplier // PRICE_X16_ONE

    def _share(self, event: PoolShared, received_quanta: int) -> None:
        lots = event.market_id, event.side
        passed_quanta = event.quanta_per_lot * event.size_lots
        self.totals.pools["given_quanta"] += max(0, passed_quanta)
        self.totals.pools["charged_quanta"] += max(0, -passed_quanta)
        self.totals.pools["recorded_quanta"] += event.recorded_quanta
        self._charged[lots] -= event.quanta_per_lot
        prices = self._exchange.state.price_of(event.market_id)
        if self._ref_x16.get(event.market_id) != prices.ref_x16:
            self._ref_x16[event.market_id] = prices.ref_x16
            for side in Side:
                self._charged_since[event.market_id, side] = 0
        self._charged_since[lots] -= event.quanta_per_lot
        if event.quanta_per_lot < 0:
            gain = self._gain_quanta(event.market_id, event.side) + max(0, received_quanta)
            if self._charged_since[lots] > max(0, gain):
                self.totals.charged_above_gain_lots += event.size_lots

    def _gain_quanta(self, market_id: int, side: Side) -> int:
        """Return what a lot of a side has gained since the reference mark."""
        state = self._exchange.state
        rise_x16 = state.mark_price_x16(market_id) - state.price_of(market_id).ref_x16
        rise_x16 *= state.underlying_of(market_id).multiplier
        return (rise_x16 if side is Side.BUY else -rise_x16) // PRICE_X16_ONE

    def _take_over(self, event: TakenOver, account: Account) -> None:
        totals = self.totals
        totals.takeovers["by_insurance" if event.by_insurance else "by_pools"] += 1
        if event.by_insurance:
            totals.takeovers["insured_quanta"] += self._notional_quanta(account)
        totals.takeovers["debt_quanta"] += max(0, -event.balance_quanta)
        totals.takeovers["left_quanta"] += max(0, event.balance_quanta)
        healthy, held = self._at_health.get(event.account_id, (self._at_look, account))
        charged_x16 = self._charged_quanta_since(healthy, account) * PRICE_X16_ONE
        if (event.equity_x16 + charged_x16) * PPM_ONE < event.maintenance_x16_ppm:
            return
        # What it held then: a stop may have closed what has lost.
        spared_x16 = event.equity_x16 + self._lost_x16_since(healthy, held)
        is_hedged = spared_x16 * PPM_ONE >= event.maintenance_x16_ppm
        totals.healthy_taken_over["hedged" if is_hedged else "unhedged"] += 1

    def _charged_quanta_since(self, before: _Snapshot, account: Account) -> int:
        """Return what the lots of an account were charged."""
        charged_quanta = 0
        for slot in account.positions:
            lots = slot.market_id, Side.BUY if slot.size_lots > 0 else Side.SELL
            charge_quanta = self._charged[lots] - before.charged.get(lots, 0)
            charged_quanta += abs(slot.size_lots) * charge_quanta
        return charged_quanta

    def _lost_x16_since(self, before: _Snapshot, account: Account) -> int:
        """Return what those legs of an account have lost by the mark that have lost anything.

        Since the reference mark, if that is more: an account may be healthy behind a jump, and be
        charged next for what its other leg gained in it.
        """
        state, lost_x16 = self._exchange.state, 0
        for slot in account.positions:
            marks_x16 = before.marks_x16[slot.market_id], state.price_of(slot.market_id).ref_x16
            old_x16 = max(marks_x16) if slot.size_lots > 0 else min(marks_x16)
            rise_x16 = state.mark_price_x16(slot.market_id) - old_x16
            rise_x16 *= state.underlying_of(slot.market_id).multiplier
            lost_x16 += max(0, -slot.size_lots * rise_x16)
        return lost_x16

    def _notional_quanta(self, account: Account) -> int:
        state = self._exchange.state
        return sum(
            abs(slot.size_lots)
            * state.mark_price_x16(slot.market_id)
            * state.underlying_of(slot.market_id).multiplier
            // PRICE_X16_ONE
            for slot in account.positions
        )
