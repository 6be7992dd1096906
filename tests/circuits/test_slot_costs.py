"""What position slots cost: no transaction takes more steps than it is charged, with 0 to 32 slots.

A figure is the difference between a batch with the transactions and one without them, so that no
slack of what every batch is charged hides in it.
"""

import copy
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

import pytest

from novation.protocol.batch import PlaceOrderHints
from novation.protocol.constants import MAX_POSITIONS, MAX_QUOTES
from novation.protocol.orders import SelfTradeMode, SelfTradeScope, VisitOutcome
from novation.protocol.transactions import SetAuction
from sequencer.l1_cost import CHARGED_UNITS_PPM, PPM
from tests.circuits.many_markets_program import run_with_many_markets
from tests.support.builders import ONE_DOLLAR, l1_address
from tests.support.exchange import BUY, ONE_HOUR_MS, SELL, Exchange
from tests.support.many_markets import allow_many_markets, many_underlyings

PRICE = 1000
LOTS = 10
# Accounts that have the slots, and who takes the other side of everything.
USERS = range(2, 10)
RICH = 99
# Who has the owner of all the users.
KIN = 98
SHORT_MS = 1_000
UNITS_PER_INSTRUCTION, UNITS_PER_CHECK = 3, 8


@dataclass(slots=True)
class Slots:
    """An exchange whose users have slots in the markets below `n_slots`."""

    exchange: Exchange
    n_slots: int
    outcomes: list[VisitOutcome] = field(default_factory=list)

    @property
    def last_market(self) -> int:
        """The market whose slot is the last of the list: a new one if there is room."""
        return min(self.n_slots, MAX_POSITIONS - 1)

    def apply(self, tx: Any) -> None:
        result = self.exchange.apply(tx)
        if isinstance(result.hints, PlaceOrderHints):
            self.outcomes += [visit.outcome for visit in result.hints.visits]

    def place(self, account_id: int, *order: Any, market_id: int, **fields: Any) -> None:
        self.apply(self.exchange.order(account_id, *order, market_id=market_id, **fields))


def prepared(n_slots: int, prepare: Callable[[Slots], None]) -> Slots:
    """Return users that are long in the markets below `n_slots`, with little more than margin."""
    exchange = Exchange(many_underlyings(), price_ticks=PRICE)
    exchange.fund(RICH, amount_quanta=10**8 * ONE_DOLLAR)
    multipliers = [terms.multiplier for terms in exchange.state.parameters.underlyings]
    notional = LOTS * PRICE * sum(multipliers[:n_slots])
    margin = notional * 6 // 100 + 500 * n_slots + 10_000
    for user, amount in (*((user, margin) for user in USERS), (KIN, 10**8 * ONE_DOLLAR)):
        exchange.apply(replace(exchange.deposit(user, amount), l1_address=l1_address(KIN)))
    for market_id in range(n_slots):
        for user in USERS:
            exchange.place(user, BUY, LOTS, PRICE, market_id=market_id)
        exchange.place(RICH, SELL, LOTS * len(USERS), PRICE, market_id=market_id)
    exchange.seal()
    slots = Slots(exchange, n_slots)
    exchange.refresh_prices()
    prepare(slots)
    exchange.seal()
    slots.outcomes.clear()
    return slots


def nothing(_: Slots) -> None:
    """Prepare nothing."""


def trade(slots: Slots) -> None:
    """Every account's sum is cached for other prices, and its slot is the last."""
    for user in USERS:
        slots.exchange.refresh_prices()
        slots.place(RICH, BUY, 1, PRICE, market_id=slots.last_market)
        slots.place(user, SELL, 1, PRICE, market_id=slots.last_market)
        slots.place(user, BUY, 1, PRICE, market_id=slots.last_market)
        slots.place(RICH, SELL, 1, PRICE, market_id=slots.last_market)


def place_and_cancel(slots: Slots) -> None:
    for user in USERS:
        slots.place(user, SELL, 1, PRICE, market_id=slots.last_market)
        slots.exchange.refresh_prices()
        cancelled_id = slots.exchange.state.globals.next_order_id - 1
        slots.apply(slots.exchange.cancellation(user, cancelled_id))


def quote(n_quotes: int, guard_lots: int = 0) -> Callable[[Slots], None]:
    """Every user quotes so many asks anew, at prices that his sum is not cached for."""

    def act(slots: Slots) -> None:
        for user in USERS:
            slots.exchange.refresh_prices()
            asks = ((SELL, 1, PRICE + level) for level in range(n_quotes))
            terms = {"cancels_first": True, "guard_lots": guard_lots}
            slots.apply(slots.exchange.quotes(user, *asks, market_id=slots.last_market, **terms))

    return act


def quote_after_a_fall(slots: Slots) -> None:
    """They miss initial margin, and quote as much as before."""
    slots.exchange.set_price(PRICE * 98 // 100)
    quote(1)(slots)


def enrich(slots: Slots) -> None:
    """Leave a tenth of what the positions are worth, and something to take out."""
    for user in USERS:
        deposit = slots.exchange.deposit(user, 100 * ONE_DOLLAR)
        slots.apply(replace(deposit, l1_address=l1_address(KIN)))


def withdraw(slots: Slots) -> None:
    for user in USERS:
        slots.apply(slots.exchange.withdrawal(user, 1))


def transfer(slots: Slots) -> None:
    """Sums are cached for the prices of before."""
    for user in USERS:
        slots.exchange.refresh_prices()
        slots.apply(slots.exchange.transferral(user, KIN, 1))


def deposit(slots: Slots) -> None:
    for user in USERS:
        slots.apply(slots.exchange.deposit(user, 1))


def rest_asks(price_ticks: int, duration_ms: int = ONE_HOUR_MS) -> Callable[[Slots], None]:
    def prepare(slots: Slots) -> None:
        expiry = {"expiry_time_ms": slots.exchange.time_ms + duration_ms}
        for user in USERS:
            slots.place(user, SELL, 1, price_ticks, market_id=slots.last_market, **expiry)

    return prepare


def sweep(slots: Slots) -> None:
    """An order meets all makers."""
    slots.place(RICH, BUY, len(USERS), PRICE, market_id=slots.last_market)


def sweep_sparing(taker: int, mode: SelfTradeMode) -> Callable[[Slots], None]:
    """Sweep with an order that trades with nobody of its owner."""

    def act(slots: Slots) -> None:
        spared = {"self_trade_mode": mode, "self_trade_scope": SelfTradeScope.OWNER}
        slots.place(taker, BUY, len(USERS), PRICE, market_id=slots.last_market, **spared)

    return act


def sweep_after_a_fall(slots: Slots) -> None:
    """The makers miss initial margin: the rule for who only reduces risk decides."""
    slots.exchange.set_price(PRICE * 98 // 100)
    sweep(slots)


def reduce_after_a_fall(slots: Slots) -> None:
    """The takers miss initial margin, and reduce their last position."""
    slots.exchange.set_price(PRICE * 98 // 100)
    market_id = max(slots.n_slots - 1, 0)
    for user in USERS:
        slots.place(RICH, BUY, 1, PRICE - 10, market_id=market_id)
        slots.place(user, SELL, 1, PRICE - 10, market_id=market_id)


def sweep_too_late(slots: Slots) -> None:
    slots.exchange.time_ms += SHORT_MS
    slots.exchange.refresh_prices()
    sweep(slots)


def fall(slots: Slots) -> None:
    """Let all users fail but those with a few positions, who have more than they need."""
    slots.exchange.set_price(PRICE * 96 // 100)


def auction(slots: Slots) -> None:
    failing = [user for user in USERS if not slots.exchange.margin(user).meets_maintenance]
    assert failing or slots.n_slots < MAX_POSITIONS
    for user in failing:
        slots.apply(SetAuction(user))


def fall_and_auction(slots: Slots) -> None:
    fall(slots)
    auction(slots)


def bid(slots: Slots) -> None:
    """One who is short everywhere takes a lot of each position: all markets change."""
    for user in USERS:
        slots.exchange.refresh_prices()
        if slots.exchange.state.account(user).auction_start_ms:
            slots.apply(slots.exchange.offer(RICH, user, share_x16=1))


CASES = {
    "trade": (nothing, trade),
    "place and cancel": (nothing, place_and_cancel),
    "quote": (nothing, quote(1)),
    "quote anew": (quote(MAX_QUOTES), quote(MAX_QUOTES)),
    "quote less": (quote(MAX_QUOTES), quote(1)),
    "quote after a fall": (rest_asks(PRICE), quote_after_a_fall),
    "withdraw": (enrich, withdraw),
    "transfer": (enrich, transfer),
    "deposit": (nothing, deposit),
    "auction": (fall, auction),
    "bid": (fall_and_auction, bid),
    "makers fill": (rest_asks(PRICE), sweep),
    "makers fill with a guard": (quote(1, guard_lots=9), sweep),
    "makers spend their guards": (quote(2, guard_lots=1), sweep),
    "makers fail": (rest_asks(905), sweep_after_a_fall),
    "makers reduce": (rest_asks(PRICE - 10), sweep_after_a_fall),
    "takers reduce": (nothing, reduce_after_a_fall),
    "makers are late": (rest_asks(PRICE, SHORT_MS), sweep_too_late),
    "makers are others": (rest_asks(PRICE), sweep_sparing(RICH, SelfTradeMode.CANCEL_BOTH)),
    "makers are kin": (rest_asks(PRICE), sweep_sparing(KIN, SelfTradeMode.CANCEL_RESTING)),
    "makers lose lots": (rest_asks(PRICE), sweep_sparing(KIN, SelfTradeMode.DECREMENT)),
}
OUTCOMES = {
    "makers fill": VisitOutcome.FILL,
    "makers fail": VisitOutcome.MARGIN,
    "makers reduce": VisitOutcome.FILL,
    "makers are late": VisitOutcome.EXPIRED,
    "makers are others": VisitOutcome.FILL,
    "makers are kin": VisitOutcome.SELF_TRADE,
    "makers lose lots": VisitOutcome.SELF_TRADE,
}


def figures(exchange: Exchange) -> tuple[int, int, int]:
    """Seal and run; return charge, steps and range checks. The output is right."""
    charged_steps = exchange.charged_steps
    sealed = exchange.seal()
    run = run_with_many_markets(sealed.witness)
    assert tuple(run.output) == sealed.output
    return charged_steps, run.n_steps, run.builtin_cells["range_check"]


@pytest.mark.parametrize("n_slots", [0, 1, 8, 31, MAX_POSITIONS])
@pytest.mark.parametrize("name", CASES)
def test_transactions_when_accounts_have_many_slots_then_charged_what_they_cost(
    name: str, n_slots: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    allow_many_markets(monkeypatch)
    prepare, act = CASES[name]
    slots = prepared(n_slots, prepare)
    slots.exchange.refresh_prices()
    idle = copy.deepcopy(slots)
    act(slots)
    pairs = zip(figures(slots.exchange), figures(idle.exchange), strict=True)
    charged_steps, steps, checks = (whole - without for whole, without in pairs)
    if name in OUTCOMES and n_slots == MAX_POSITIONS:
        assert slots.outcomes == [OUTCOMES[name]] * len(USERS)
    assert steps <= charged_steps
    units = UNITS_PER_INSTRUCTION * steps + UNITS_PER_CHECK * checks
    assert units <= charged_steps * CHARGED_UNITS_PPM // PPM
