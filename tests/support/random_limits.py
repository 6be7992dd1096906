"""Bounds that the owner sets, for random batches: limits of markets, and of what leaves."""

import functools
import random
from collections.abc import Callable
from typing import TYPE_CHECKING

from novation.protocol.constants import HOUR_MS, MAX_ASSETS, PPM_ONE
from novation.protocol.limits import NO_LIMITS, Limits
from novation.protocol.outflow import outflow_limit_quanta
from novation.protocol.state import State
from novation.protocol.transactions import ParameterKind, SetParameter, Transaction

if TYPE_CHECKING:
    from tests.support.random_batches import RandomTrading

SHARES_PPM = 0, 1, 1_000, 1_000, 10_000, 300_000, PPM_ONE


def new_bounds(rng: random.Random, state: State) -> SetParameter:
    """Return other limits of a market, or another share that may leave in an hour, or all."""
    if rng.random() < 0.5:
        return _new_limits(rng, state)
    return _new_share(rng)


def plan_outflow(trading: "RandomTrading") -> list[Callable[[], Transaction]]:
    """Return what comes and goes of one asset: it is guarded now, or from the next batch on."""
    rng, exchange = trading.rng, trading.exchange
    asset_id, accounts = rng.choice((0, rng.randrange(MAX_ASSETS))), exchange.state.accounts
    holders = [i for i, account in accounts.items() if account.balance(asset_id) > 0]
    planned: list[Callable[[], Transaction]] = []
    if rng.random() < 0.5 or not exchange.state.parameters.outflow_share_ppm:
        planned.append(functools.partial(_new_share, rng))
    for _ in range(rng.randrange(2, 6)):
        account_id = rng.choice(holders or [*accounts])
        planned.append(functools.partial(_passage, trading, account_id, asset_id))
    return planned


def _passage(trading: "RandomTrading", account_id: int, asset_id: int) -> Transaction:
    """Return a withdrawal near what may leave, or a deposit; some time may have passed."""
    rng, exchange = trading.rng, trading.exchange
    if rng.random() < 0.3:
        exchange.time_ms += rng.choice((1, 7_000, HOUR_MS // 10))
        trading._try(trading._reports())
    counters, share_ppm = exchange.state.globals, exchange.state.parameters.outflow_share_ppm
    limit = outflow_limit_quanta(counters.custody(asset_id), share_ppm)
    room = max(limit - counters.outflow(asset_id), 1)
    amount = rng.choice((1, room, room + 1, room // 3 + 1, 2 * room))
    if rng.random() < 0.3:
        return exchange.deposit(account_id, amount, asset_id)
    return exchange.withdrawal(account_id, amount, asset_id)


def _new_share(rng: random.Random) -> SetParameter:
    return SetParameter(ParameterKind.OUTFLOW_SHARE, 0, rng.choice(SHARES_PPM))


def _new_limits(rng: random.Random, state: State) -> SetParameter:
    """Return other limits of an underlying, near what is held, or none."""
    index = rng.randrange(len(state.parameters.underlyings))
    held_lots = state.markets[index].open_interest_lots if index in state.markets else 0
    limits = Limits(
        interest_cap_lots=rng.choice((NO_LIMITS.interest_cap_lots, held_lots // 2, held_lots + 9)),
        position_limit_lots=rng.choice((NO_LIMITS.position_limit_lots, 20, 0)),
        gap_ppm=rng.choice((0, 0, 30_000, 400_000)),
        gap_budgets=rng.choice((0, 1, 255)),
    )
    return SetParameter(ParameterKind.LIMITS, index, limits.word())
