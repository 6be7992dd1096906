"""The attack from both sides: what a gap is worth to whoever holds both of them.

    attacks = measure_attacks(say, with_circuit=True)      # by share of the open interest

One account is long with no more than its initial margin, another of the same owner is short. A gap
of 40 % leaves the first with a debt; what the second has won, and the owner need not pay, is the
profit. The same prices, rules and duties as in the simulated day; nobody bids, so that the rules
alone decide who pays. Once the market is as large as it is, and once that gap is insured and the
market as large as it may be then.
"""

import random
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from novation.crypto import public_key
from novation.protocol.constants import INSURANCE_ACCOUNT_ID, MINUTE_MS, PPM_ONE, PRICE_X16_ONE
from novation.protocol.limits import Limits
from novation.protocol.orders import Side, TimeInForce
from novation.protocol.transactions import Deposit, OracleReport, ParameterKind, SetParameter
from simulation.agents.liquidator import Liquidator
from simulation.desk import Desk, Terms
from simulation.exchange import Checks, Exchange
from simulation.oracles import oracle_update
from simulation.plan import (
    FIRST_ACCOUNT_ID,
    ONE_DOLLAR_QUANTA,
    QUORUM,
    Plan,
    account_secret,
    first_prices_ticks,
    l1_address,
)
from simulation.record import Recorder
from simulation.view import View

SHARES_PERCENT: Final = (1, 5, 20, 50, 90)
# The fourth market has an initial margin of 10 %.
MARKET_ID: Final = 3
_OPEN_INTEREST_USD: Final = 20_000_000
_INSURANCE_USD: Final = 2_000_000
_RICH_USD: Final = 200_000_000
_GAP_PERMILLE: Final = 600
_GAP_PPM: Final = 400_000
_UPDATE_MS: Final = 1_000
# Behind the gap: long enough for every rule to have its turn.
_AFTERMATH_UPDATES: Final = 150
# Of what is traded, for fees and what rounding takes.
_FEE_RESERVE_PPM: Final = 1_000


@dataclass(frozen=True, slots=True)
class Attack:
    """What became of one attack; `checks` are those of its batches."""

    profit_quanta: int
    checks: Checks
    unexpected: list[str]


def measure_attacks(
    say: Callable[[str], None], *, with_circuit: bool, is_insured: bool = False
) -> dict[int, Attack]:
    """Return the attacks with each share of the open interest."""
    attacks = {}
    where = "both sides, gap insured" if is_insured else "both sides"
    for share_percent in SHARES_PERCENT:
        done = attack(share_percent, with_circuit=with_circuit, is_insured=is_insured)
        attacks[share_percent] = done
        dollars = done.profit_quanta / ONE_DOLLAR_QUANTA
        say(f"{where}, {share_percent} % of the open interest: {dollars:,.0f} USD")
    return attacks


def attack(share_percent: int, *, with_circuit: bool, is_insured: bool = False) -> Attack:
    """Return what a gap brings whoever has this share of both sides."""
    world = World(with_circuit=with_circuit)
    lots = world.lots_worth(_OPEN_INTEREST_USD)
    if is_insured:
        world.insure_gap()
        lots = min(lots, world.view.interest_cap_lots(MARKET_ID))
    own_lots = lots * share_percent // 100
    value_quanta = own_lots * world.view.lot_quanta(MARKET_ID)
    margin_ppm = world.view.initial_margin_ppm(MARKET_ID) + _FEE_RESERVE_PPM
    long = world.desk(value_quanta * margin_ppm // PPM_ONE)
    short = world.desk(value_quanta)
    others = [world.desk(_RICH_USD * ONE_DOLLAR_QUANTA) for _ in range(2)]
    world.trade(long, short, own_lots)
    world.trade(others[0], others[1], lots - own_lots)
    world.pass_time(2 * MINUTE_MS // _UPDATE_MS, permille=1_000)
    before_quanta = world.wealth_quanta(long, short)
    world.pass_time(_AFTERMATH_UPDATES, permille=_GAP_PERMILLE)
    world.exchange.seal()
    profit_quanta = world.wealth_quanta(long, short) - before_quanta
    return Attack(profit_quanta, world.exchange.checks, world.recorder.unexpected)


class World:
    """An exchange on which nobody trades but who is told to."""

    def __init__(self, *, with_circuit: bool) -> None:
        """Let there be prices, and something in the insurance fund."""
        self.exchange = Exchange(Plan(n_instruments=MARKET_ID + 1, with_circuit=with_circuit))
        self.view = View(self.exchange)
        self.recorder = Recorder(self.exchange, self.view)
        self._next_id = FIRST_ACCOUNT_ID
        self.update(permille=1_000)
        address, key = l1_address(INSURANCE_ACCOUNT_ID), account_secret(INSURANCE_ACCOUNT_ID)
        amount_quanta = _INSURANCE_USD * ONE_DOLLAR_QUANTA
        deposit = Deposit(INSURANCE_ACCOUNT_ID, address, public_key(key), amount_quanta)
        self.recorder.submit(deposit)
        self._liquidator = Liquidator(self.desk(ONE_DOLLAR_QUANTA), random.Random(0))

    def desk(self, amount_quanta: int) -> Desk:
        """Return the desk of a new account with some money."""
        account_id, self._next_id = self._next_id, self._next_id + 1
        desk = Desk(account_id, self.view, self.recorder, account_id)
        desk.deposit(amount_quanta)
        return desk

    def lots_worth(self, dollars: int) -> int:
        """Return how many lots are worth so much."""
        return dollars * ONE_DOLLAR_QUANTA // self.view.lot_quanta(MARKET_ID)

    def insure_gap(self) -> None:
        """Let the gap cost no more than insurance may pay on a day, and give it a minute."""
        limits = Limits(gap_ppm=_GAP_PPM, gap_budgets=1)
        self.recorder.submit(SetParameter(ParameterKind.LIMITS, MARKET_ID, limits.word()))
        self.pass_time(MINUTE_MS // _UPDATE_MS, permille=1_000)

    def trade(self, long: Desk, short: Desk, lots: int) -> None:
        """Let two accounts trade with each other at the mark price."""
        mark_ticks = self.view.mark_ticks(MARKET_ID)
        short.place(MARKET_ID, Side.SELL, lots, mark_ticks, Terms())
        terms = Terms(TimeInForce.FOK)
        assert long.place(MARKET_ID, Side.BUY, lots, mark_ticks, terms) is not None

    def update(self, permille: int) -> None:
        """Report prices; that of the market is a part of the first."""
        ticks = first_prices_ticks(MARKET_ID + 1)
        ticks[MARKET_ID] = ticks[MARKET_ID] * permille // 1_000
        prices_x16 = tuple(price * PRICE_X16_ONE for price in ticks)
        reports = (OracleReport(i, self.exchange.time_ms, prices_x16) for i in range(QUORUM))
        self.recorder.submit(oracle_update(self.exchange.config, reports))

    def pass_time(self, n_updates: int, permille: int) -> None:
        """Let prices come, and what has to be done be done, as the node does it."""
        for _ in range(n_updates):
            self.exchange.time_ms += _UPDATE_MS
            self.update(permille)
            self._liquidator.act()

    def wealth_quanta(self, *desks: Desk) -> int:
        """Return what one owner has, who does not pay what an account owes."""
        return sum(max(self.view.equity_quanta(desk.account_id), 0) for desk in desks)
