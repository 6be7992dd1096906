"""What happened: messages counted, refusals judged, and the market looked at in each tick."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

from novation.protocol.accounts import Account
from novation.protocol.batch import TransactionResult
from novation.protocol.config import ExchangeConfig
from novation.protocol.constants import INSURANCE_ACCOUNT_ID, PRICE_X16_ONE
from novation.protocol.errors import InvalidTransaction
from novation.protocol.events import (
    AuctionEnded,
    AuctionStarted,
    BidFilled,
    CancelReason,
    Event,
    FundingPaid,
    Liquidated,
    OrderCancelled,
    OrderFilled,
    OrderTriggered,
)
from novation.protocol.margin import Margin
from novation.protocol.orders import Side
from novation.protocol.transactions import (
    Liquidate,
    OracleUpdate,
    PlaceOrder,
    PlaceTrigger,
    PruneOrder,
    SetAuction,
    SetParameter,
    TakeOver,
    Transaction,
    UserTransaction,
)
from simulation.exchange import Exchange
from simulation.plan import START_MS
from simulation.refusals import can_trade, is_explained, is_reducing
from simulation.view import View
from simulation.waterfall import Waterfall

_MOST_UNEXPECTED: Final = 50
# Of orders that never were in the book.
_NEVER_RESTED: Final = frozenset(
    {
        CancelReason.IMMEDIATE_OR_CANCEL,
        CancelReason.MAKER_LIMIT,
        CancelReason.SELF_TRADE_TAKING,
    }
)


# Behind these a dormant order may be due.
_MOVES_MARK: Final = (OracleUpdate, PlaceTrigger, SetParameter)


@dataclass(frozen=True, slots=True)
class Moment:
    """The market after an oracle update. `negative_quanta` is what all insolvent accounts owe.

    `n_stuck` are accounts below initial margin with something left that the margin rule lets reduce
    nothing, not even at the mark price. Then what the insurance fund and the pools are worth, and
    what is recorded as missing.
    """

    at_ms: int
    mark_ticks: tuple[int, ...]
    premium_ppm: tuple[int, ...]
    spread_ppm: tuple[int | None, ...]
    open_interest_quanta: int
    negative_quanta: int
    n_insolvent: int
    n_below_maintenance: int
    n_below_initial: int
    n_stuck: int
    insurance_quanta: int
    pools_quanta: int
    recorded_deficit_quanta: int


@dataclass(slots=True)
class Counts:
    """Sums over the run."""

    operations: Counter[str] = field(default_factory=Counter)
    operations_by_agent: Counter[str] = field(default_factory=Counter)
    refusals: Counter[str] = field(default_factory=Counter)
    refusals_by_agent: Counter[str] = field(default_factory=Counter)
    deaths: Counter[str] = field(default_factory=Counter)
    reducing_refused: Counter[str] = field(default_factory=Counter)
    liquidations: Counter[str] = field(default_factory=Counter)
    auctions: Counter[str] = field(default_factory=Counter)
    bids: Counter[str] = field(default_factory=Counter)
    n_oracle_updates: int = 0
    n_triggered: int = 0
    n_trades: int = 0
    volume_quanta: int = 0
    fees_quanta: int = 0
    n_fundings: int = 0
    funding_quanta: int = 0


class Recorder:
    """Submits for everybody and keeps what the report tells."""

    def __init__(self, exchange: Exchange, view: View) -> None:
        """Record from the beginning."""
        self._exchange = exchange
        self._view = view
        self.counts = Counts()
        self.waterfall = Waterfall(exchange)
        self.unexpected: list[str] = []
        self.moments: list[Moment] = []
        self.agent_kind = ""
        self.expected_names: frozenset[str] = frozenset()

    @property
    def config(self) -> ExchangeConfig:
        """What signatures are bound to."""
        return self._exchange.config

    @property
    def n_operations(self) -> int:
        """How many messages and deposits were sent, refused ones among them, without prices."""
        return self.counts.operations.total()

    def submit(self, tx: Transaction) -> TransactionResult | None:
        """Submit a transaction behind what is due; None if it is refused."""
        self.catch_up()
        counts = self.counts
        if isinstance(tx, OracleUpdate):
            counts.n_oracle_updates += 1
        else:
            counts.operations[type(tx).__name__] += 1
            counts.operations_by_agent[self.agent_kind] += 1
        before = self._view.margin(tx.account_id) if isinstance(tx, Liquidate) else None
        taken_over = self._view.account(tx.account_id) if isinstance(tx, TakeOver) else None
        try:
            result = self._exchange.submit(tx)
        except InvalidTransaction as error:
            self._refused(tx, error)
            return None
        if before is not None and isinstance(tx, Liquidate):
            self._judge_liquidation(tx, before)
        self._take_in(result.events, taken_over)
        if isinstance(tx, _MOVES_MARK):
            self.catch_up()
        return result

    def catch_up(self) -> None:
        """Let be done what comes before whatever is sent now: ticks, and dormant orders."""
        self._take_in(self._exchange.apply_ticks())
        self._take_in(self._exchange.apply_triggers())

    def _take_in(self, events: Sequence[Event], taken_over: Account | None = None) -> None:
        for event in events:
            self._count_event(event)
        self.waterfall.learn(events, taken_over)

    def look(self) -> None:
        """Keep a moment: prices, books, and who could not pay."""
        view, margins = self._view, self._exchange.margins()
        self._exchange.check_equity(margins)
        self.waterfall.look(margins)
        insolvent = [-margin.equity_x16 for margin in margins.values() if margin.equity_x16 < 0]
        markets = range(view.n_markets)
        moment = Moment(
            at_ms=view.now_ms - START_MS,
            mark_ticks=tuple(view.mark_ticks(market_id) for market_id in markets),
            premium_ppm=tuple(view.premium_ppm(market_id) for market_id in markets),
            spread_ppm=tuple(self._spread_ppm(market_id) for market_id in markets),
            open_interest_quanta=sum(view.open_interest_quanta(market_id) for market_id in markets),
            # What is owed is rounded up.
            negative_quanta=-(-sum(insolvent) // PRICE_X16_ONE),
            n_insolvent=len(insolvent),
            n_below_maintenance=sum(not m.meets_maintenance for m in margins.values()),
            n_below_initial=sum(not m.meets_initial for m in margins.values()),
            n_stuck=sum(
                margin.equity_x16 >= 0
                and not margin.meets_initial
                and bool(view.held_markets(account_id))
                and not self._exchange.can_reduce_at_mark(account_id)
                for account_id, margin in margins.items()
            ),
            insurance_quanta=view.equity_quanta(INSURANCE_ACCOUNT_ID),
            pools_quanta=self._exchange.pools_x16() // PRICE_X16_ONE,
            recorded_deficit_quanta=view.recorded_deficit_quanta,
        )
        self.moments.append(moment)

    def _spread_ppm(self, market_id: int) -> int | None:
        bid, ask = (self._view.best(market_id, side) for side in (Side.BUY, Side.SELL))
        if bid is None or ask is None:
            return None
        return (ask.price_ticks - bid.price_ticks) * 10**6 // self._view.mark_ticks(market_id)

    def _refused(self, tx: Transaction, error: InvalidTransaction) -> None:
        counts, name = self.counts, error.code.name
        counts.refusals[name] += 1
        counts.refusals_by_agent[f"{self.agent_kind}: {name}"] += 1
        if isinstance(tx, PlaceOrder) and is_reducing(self._view, tx):
            is_solvent = self._view.margin(tx.account_id).equity_x16 >= 0
            solvency = "solvent" if is_solvent else "insolvent"
            could_trade = "" if can_trade(self._view, tx) else ", nothing to trade with"
            counts.reducing_refused[f"{solvency}: {name}{could_trade}"] += 1
        if name in self.expected_names and is_explained(self._view, tx, error):
            return
        self._note_unexpected(f"{error} ({_brief(tx)})")

    def _judge_liquidation(self, tx: Liquidate, before: Margin) -> None:
        after = self._view.margin(tx.account_id)
        if does_harm(before, after):
            equities = f"{before.equity_x16} became {after.equity_x16}, in 2^-16 quanta"
            self._note_unexpected(f"{_brief(tx)}: equity {equities}")
        self.counts.liquidations["accounts_made_whole"] += after.meets_maintenance

    def _note_unexpected(self, what: str) -> None:
        if len(self.unexpected) < _MOST_UNEXPECTED:
            self.unexpected.append(f"operation {self.n_operations}, {self.agent_kind}: {what}")

    def _count_event(self, event: Event) -> None:
        counts = self.counts
        if isinstance(event, OrderFilled):
            counts.n_trades += 1
            counts.volume_quanta += self._view.value_quanta(
                event.market_id, event.size_lots, event.price_ticks
            )
            counts.fees_quanta += event.maker_fee_quanta + event.taker_fee_quanta
        elif isinstance(event, OrderTriggered):
            counts.n_triggered += 1
        elif isinstance(event, FundingPaid):
            value_quanta = self._view.open_interest_lots(event.market_id) * event.quanta_per_lot
            counts.n_fundings += 1
            counts.funding_quanta += abs(value_quanta)
        elif isinstance(event, Liquidated):
            counts.liquidations["liquidations"] += 1
            counts.liquidations["with_a_trade"] += event.traded_lots > 0
            counts.liquidations["taken_quanta"] += event.traded_lots * self._view.lot_quanta(
                event.market_id
            )
            counts.liquidations["insurance_fee_quanta"] += event.fee_quanta
        elif isinstance(event, AuctionStarted | AuctionEnded):
            counts.auctions["started" if isinstance(event, AuctionStarted) else "ended"] += 1
        elif isinstance(event, BidFilled):
            counts.bids["bids"] += 1
            counts.bids["taken_quanta"] += sum(
                abs(part.lots) * self._view.lot_quanta(part.market_id) for part in event.taken
            )
            counts.bids["discount_quanta"] += event.discount_quanta
            counts.bids["insurance_fee_quanta"] += event.fee_quanta
        elif isinstance(event, OrderCancelled) and event.reason not in _NEVER_RESTED:
            counts.deaths[event.reason.value] += 1


def does_harm(before: Margin, after: Margin) -> bool:
    """Return whether a liquidation let equity over requirement fall, or left less than nothing."""
    was = before.equity_x16 * after.maintenance_x16_ppm
    return after.equity_x16 < 0 or after.equity_x16 * before.maintenance_x16_ppm < was


def _brief(tx: Transaction) -> str:
    """Return who sent what, for a line of the report."""
    if isinstance(tx, PlaceOrder):
        kind = type(tx).__name__
        order = f"{tx.side.name} {tx.size_lots} at {tx.price_ticks} in {tx.market_id}"
        return f"account {tx.account_id}: {kind}, {tx.time_in_force.name} {order}"
    if isinstance(tx, UserTransaction | Liquidate | SetAuction | TakeOver):
        return f"account {tx.account_id}: {type(tx).__name__}"
    return f"order {tx.order_id}" if isinstance(tx, PruneOrder) else type(tx).__name__
