"""The demo's story played against the protocol itself, without a node: fills in milliseconds."""

from collections import Counter
from dataclasses import dataclass, field, replace
from fractions import Fraction

from devnet.demo.plan import (
    DEPOSIT_USD,
    STORY_MARKETS,
    TRADERS,
    Act,
    PlannedCancels,
    PlannedOrder,
    price_in_ticks,
    steps_between,
)
from devnet.demo.run import ACT_MS
from devnet.keys import TraderKeys, derive_keys
from devnet.markets import LISTED_LATER, MARKETS
from novation.crypto import sign
from novation.protocol.config import ExchangeConfig
from novation.protocol.constants import QUANTA_PER_USD, SHARE_X16_ONE
from novation.protocol.events import OrderFilled
from novation.protocol.parameters import Parameters
from novation.protocol.rules.minute_tick import is_tick_due
from novation.protocol.signatures import Signature
from novation.protocol.state import Genesis, State
from novation.protocol.transactions import (
    Bid,
    CancelOrder,
    Deposit,
    Liquidate,
    ListMarket,
    MinuteTick,
    OracleReport,
    OracleUpdate,
    ParameterKind,
    PlaceOrder,
    SetAuction,
    SetParameter,
    Transaction,
    Withdraw,
)
from novation.protocol.transition import SealedBatch, apply_transaction, open_batch, seal_batch
from sequencer.margin_watch import MarginWatch
from tests.support.builders import FIRST_USER_ACCOUNT_ID

PPM = 1_000_000
START_TIME_MS = 1_800_000_000_000
ORACLES = tuple(derive_keys(f"oracle-{index}", seed=1) for index in range(3))


def local_config(exchange_address: int = 0x1234) -> ExchangeConfig:
    return ExchangeConfig(
        chain_id=31337,
        exchange_address=exchange_address,
    )


def local_parameters() -> Parameters:
    return Parameters(
        underlyings=tuple(market.terms for market in MARKETS),
        oracle_keys=tuple(oracle.stark_public for oracle in ORACLES),
        oracle_quorum=2,
        oracle_max_age_ms=60_000,
    )


@dataclass
class LocalExchange:
    """All traders, three oracles, and a state; every message is signed."""

    config: ExchangeConfig = field(default_factory=local_config)
    time_ms: int = START_TIME_MS
    nonce: int = 0
    move_ppm: int = 0
    counts: Counter[str] = field(default_factory=Counter)

    def __post_init__(self) -> None:
        operator = derive_keys("operator", seed=1)
        owner = int(operator.l1_address, 16)
        key = operator.stark_public
        genesis = Genesis(owner, key, owner, key, local_parameters())
        self.state = State.genesis(self.config, genesis)
        self.traders = {name: derive_keys(name, seed=1) for name in TRADERS}
        self.account_ids = {name: FIRST_USER_ACCOUNT_ID + i for i, name in enumerate(TRADERS)}
        open_batch(self.state)

    def add_market(self) -> None:
        kind, index = ParameterKind.UNDERLYING, len(self.state.underlyings)
        self.apply(SetParameter(kind, index, LISTED_LATER.terms.word()))

    def deposit_all(self) -> None:
        for name, keys in self.traders.items():
            amount = DEPOSIT_USD[name] * QUANTA_PER_USD
            address = int(keys.l1_address, 16)
            self.apply(Deposit(self.account_ids[name], address, keys.stark_public, amount))

    def play(self, act: Act) -> None:
        self.time_ms += ACT_MS
        for move_ppm in steps_between(self.move_ppm, act.move_ppm):
            self.update_prices(move_ppm)
        self.move_ppm = act.move_ppm
        for position in MarginWatch(self.state).failing(self.state, len(TRADERS), self.time_ms):
            self.apply(Liquidate(*position))
        for step in act.steps:
            if isinstance(step, PlannedOrder):
                self.place(step, act.move_ppm)
            else:
                self.cancel(step)
        if act.bidder and act.auctioned:
            self.bid(self.account_ids[act.bidder], self.account_ids[act.auctioned], act.bidder)

    def bid(self, bidder_id: int, failing_id: int, bidder: str) -> None:
        """Take what a failing account must lose, as the node and a bidder do."""
        self.apply(SetAuction(failing_id))
        limits = SHARE_X16_ONE, 500, 20_000 * QUANTA_PER_USD
        offer = Bid(bidder_id, 0, self.next_nonce(), failing_id, *limits, self.time_ms)
        message = offer.message_hash(self.config)
        self.apply(replace(offer, signature=_signed(message, self.traders[bidder])))

    def update_prices(self, move_ppm: int) -> None:
        self.time_ms += 1000
        traded = STORY_MARKETS[: len(self.state.underlyings)]
        prices = tuple(m.price_x16(self.reference(i, move_ppm)) for i, m in enumerate(traded))
        reports = []
        for index, keys in enumerate(ORACLES[:2]):
            report = OracleReport(index, self.time_ms, prices)
            message = report.message_hash(self.config)
            reports.append(replace(report, signature=_signed(message, keys)))
        self.apply(OracleUpdate(self.time_ms, prices, tuple(reports)))
        for market_id in range(len(traded)):
            if market_id not in self.state.markets:
                self.apply(ListMarket(market_id))

    def reference(self, market_id: int, move_ppm: int) -> Fraction:
        return Fraction(STORY_MARKETS[market_id].start_price) * (PPM + move_ppm) / PPM

    def place(self, step: PlannedOrder, move_ppm: int) -> None:
        market = STORY_MARKETS[step.market_id]
        reference = self.reference(step.market_id, move_ppm)
        order = PlaceOrder(
            account_id=self.account_ids[step.trader],
            key_index=0,
            nonce=self.next_nonce(),
            market_id=step.market_id,
            side=step.side,
            price_ticks=price_in_ticks(reference, market.tick_size, step.price_offset_ppm),
            size_lots=step.size_lots,
            expiry_time_ms=self.time_ms + 3_600_000,
            max_fee_ppm=1_000,
            reduce_only=step.reduce_only,
            time_in_force=step.time_in_force,
            valid_until_ms=self.time_ms,
        )
        message = order.message_hash(self.config)
        self.apply(replace(order, signature=_signed(message, self.traders[step.trader])))

    def cancel(self, step: PlannedCancels) -> None:
        account_id = self.account_ids[step.trader]
        mine = [
            order.order_id
            for order in self.state.orders.values()
            if order.account_id == account_id and order.side is step.side
        ]
        for order_id in mine:
            cancel = CancelOrder(
                account_id, 0, self.next_nonce(), order_id, valid_until_ms=self.time_ms
            )
            message = cancel.message_hash(self.config)
            self.apply(replace(cancel, signature=_signed(message, self.traders[step.trader])))

    def withdraw(self, name: str, amount_quanta: int) -> None:
        request = Withdraw(
            self.account_ids[name],
            0,
            self.next_nonce(),
            amount_quanta,
            valid_until_ms=self.time_ms,
        )
        message = request.message_hash(self.config)
        self.apply(replace(request, signature=_signed(message, self.traders[name])))

    def seal(self) -> SealedBatch:
        sealed = seal_batch(self.state)
        open_batch(self.state)
        return sealed

    def apply(self, tx: Transaction) -> None:
        """Apply a transaction, behind the ticks that are due."""
        while is_tick_due(self.state, self.time_ms):
            self._apply(MinuteTick())
        self._apply(tx)

    def _apply(self, tx: Transaction) -> None:
        result = apply_transaction(self.state, tx, self.time_ms)
        self.counts[type(tx).__name__] += 1
        for event in result.events:
            if isinstance(event, OrderFilled):
                self.counts["fills"] += 1
                self.counts[f"fills in {event.market_id}"] += 1
        self.counts["cost_steps"] += result.cost_steps

    def next_nonce(self) -> int:
        self.nonce += 1
        return self.nonce


def _signed(message_hash: int, keys: TraderKeys) -> Signature:
    return Signature(*sign(message_hash, keys.stark_private))
