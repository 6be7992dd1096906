"""Budgets: how much the insurance fund pays for the accounts that fail in one market on one day."""

from dataclasses import dataclass, replace

from novation.protocol.accounts import Account
from novation.protocol.constants import (
    BUDGET_BOUND,
    BUDGET_SHARE,
    DAY_MS,
    INSURANCE_ACCOUNT_ID,
    PRICE_X16_ONE,
)
from novation.protocol.margin import margin_of
from novation.protocol.numeric import div_floor
from novation.protocol.state import State


@dataclass(slots=True)
class Insurance:
    """What the fund can pay for a takeover, and what it has paid."""

    worth_quanta: int
    paid_quanta: int = 0

    @classmethod
    def of(cls, state: State, account: Account) -> "Insurance":
        """Return what the fund can pay: nothing if it fails itself."""
        margin = margin_of(account, state.underlyings, state.parameters)
        can_pay = margin.meets_maintenance and margin.equity_x16 > 0
        return cls(div_floor(margin.equity_x16, PRICE_X16_ONE) if can_pay else 0)

    @property
    def budget_quanta(self) -> int:
        """What it may pay for a market on a day that has just begun there."""
        return min(div_floor(self.worth_quanta, BUDGET_SHARE), BUDGET_BOUND - 1)

    def pay(self, state: State, market_id: int, debt_quanta: int) -> int:
        """Pay for a debt that belongs to a market, within its budget; return how much."""
        if debt_quanta == 0 or self.worth_quanta == 0:
            return 0
        prices, today = state.price_of(market_id), _today(state)
        budget_quanta = prices.budget_quanta
        if prices.budget_day != today:
            budget_quanta = self.budget_quanta
        paid_quanta = min(debt_quanta, budget_quanta, self.worth_quanta - self.paid_quanta)
        self.paid_quanta += paid_quanta
        after = replace(prices, budget_day=today, budget_quanta=budget_quanta - paid_quanta)
        state.set_underlying(market_id, after)
        return paid_quanta


def begin_day(state: State, market_id: int) -> int:
    """Give a market its budget of the day, if its open interest follows that and it has none yet.

    Return how many slots of the fund were looked at.
    """
    prices, today = state.price_of(market_id), _today(state)
    if state.underlying_of(market_id).limits.gap_ppm == 0 or prices.budget_day == today:
        return 0
    fund = state.open_account(INSURANCE_ACCOUNT_ID)
    assert fund is not None
    budget_quanta = Insurance.of(state, fund).budget_quanta
    after = replace(prices, budget_day=today, budget_quanta=budget_quanta)
    state.set_underlying(market_id, after)
    return len(fund.positions)


def _today(state: State) -> int:
    return div_floor(state.globals.time_ms, DAY_MS)
