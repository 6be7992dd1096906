"""Random exchanges on which accounts fail: jumps, takeovers, pools, deficits and withdrawals.

Behind each transaction it is asserted what the rules promise those who pay.
"""

import random
from collections import Counter
from collections.abc import Iterator

from novation.protocol.batch import TransactionResult
from novation.protocol.conservation import check_collateral, check_positions
from novation.protocol.constants import INSURANCE_ACCOUNT_ID, PPM_ONE, PRICE_X16_ONE
from novation.protocol.errors import InvalidTransaction
from novation.protocol.events import LegTaken, PoolShared, TakenOver, Unwound, Withdrawn
from novation.protocol.margin import margin_of
from novation.protocol.numeric import div_floor
from novation.protocol.orders import Side
from novation.protocol.rules.pools import gain_quanta, pool_value_x16
from novation.protocol.rules.unwind import lots_to_unwind
from novation.protocol.sealing import SealedBatch
from novation.protocol.transactions import Liquidate, TakeOver, Transaction, Unwind
from tests.support.builders import ONE_DOLLAR, parameters
from tests.support.exchange import BUY, SELL, Exchange

N_USERS = 8
USERS = range(2, 2 + N_USERS)


class RandomFailures:
    """Random prices, trades at up to the full leverage, and what becomes of who fails."""

    def __init__(self, seed: int, n_markets: int = 3, *, sign: bool = False) -> None:
        """Fund a few users, and insurance or not."""
        self.rng = random.Random(seed)
        self.exchange = Exchange(parameters(n_markets), sign=sign)
        self.counts: Counter[str] = Counter()
        self.prices = [1000] * n_markets
        for account_id in USERS:
            dollars = self.rng.choice((50, 200, 1_000, 20_000))
            self.exchange.fund(account_id, amount_quanta=dollars * ONE_DOLLAR)
        if self.rng.random() < 0.6:
            funded = self.rng.choice((30, 1_000, 50_000)) * ONE_DOLLAR
            self.exchange.fund(INSURANCE_ACCOUNT_ID, amount_quanta=funded)

    def batches(self, n_batches: int, n_steps: int = 12) -> Iterator[SealedBatch]:
        """Yield batches of so many steps."""
        for _ in range(n_batches):
            for _ in range(n_steps):
                self._step()
            self.exchange.refresh_prices()
            yield self.exchange.seal()

    def _step(self) -> None:
        kind = self.rng.random()
        if kind < 0.45:
            self._trade()
        elif kind < 0.70:
            self._move()
        elif kind < 0.75:
            self.exchange.end_minute()
        elif kind < 0.78:
            self.exchange.wait(self.rng.choice((1, 3)) * 3_600_000)
        elif kind < 0.84:
            self._withdraw()
        elif kind < 0.88:
            self._quote()
        else:
            self.exchange.settle()
        self._help()
        if self.rng.random() < 0.5:
            self._unwind()

    def _trade(self) -> None:
        """Let one user trade with another one, as much as his margin allows or less."""
        rng, exchange = self.rng, self.exchange
        if rng.random() < 0.7:
            # Whoever takes lots that have just gained needs more than their margin.
            exchange.settle_gains()
        taker_id, maker_id = rng.sample(USERS, 2)
        market_id = rng.randrange(len(self.prices))
        price = self.prices[market_id]
        multiplier = exchange.state.underlying_of(market_id).multiplier
        margin = margin_of(
            exchange.state.account(taker_id), exchange.state.underlyings, exchange.state.parameters
        )
        free = margin.settled_x16 * PPM_ONE - margin.initial_x16_ppm
        most = div_floor(free, price * multiplier * 50_000 * PRICE_X16_ONE)
        lots = most * rng.choice((97, 80, 30)) // 100 or 1
        side = rng.choice((BUY, SELL))
        exchange.refresh_prices()
        # Whoever meets his margin no more is left out: the rules say so.
        self._try(exchange.order(maker_id, side.other, max(lots, 1), price, market_id=market_id))
        self._try(exchange.order(taker_id, side, max(lots, 1), price, market_id=market_id))
        exchange.cancel_all(maker_id)
        exchange.cancel_all(taker_id)

    def _quote(self) -> None:
        """Let somebody bid or ask beside the mark, for who is liquidated."""
        market_id = self.rng.randrange(len(self.prices))
        side, price = self.rng.choice((BUY, SELL)), self.prices[market_id]
        self.exchange.refresh_prices()
        offset = self.rng.randrange(1, 20)
        order = self.exchange.order(
            self.rng.choice(USERS),
            side,
            self.rng.choice((10, 10_000)),
            price - offset if side is BUY else price + offset,
            market_id=market_id,
        )
        self._try(order)

    def _move(self) -> None:
        rng = self.rng
        for market_id in range(len(self.prices)):
            percent = rng.choice((0, 1, -1, 2, -2, 5, -5, 12, -12, 40, -30))
            moved = self.prices[market_id] * (100 + percent) // 100
            self.prices[market_id] = min(max(moved, 300), 3000)
        self._check(self.exchange.jump(*self.prices))

    def _withdraw(self) -> None:
        account_id = self.rng.choice(USERS)
        amount = self.rng.choice((1, ONE_DOLLAR, 30 * ONE_DOLLAR))
        self.exchange.refresh_prices()
        self._try(self.exchange.withdrawal(account_id, amount))

    def _help(self) -> None:
        """Do what anybody may do for the exchange, or for himself, in any order."""
        account_ids = [*USERS, INSURANCE_ACCOUNT_ID]
        self.rng.shuffle(account_ids)
        for account_id in account_ids:
            account = self.exchange.state.account(account_id)
            markets = [slot.market_id for slot in account.positions if slot.size_lots]
            if not markets:
                continue
            self.exchange.refresh_prices()
            if self.rng.random() < 0.3:
                self._try(Liquidate(account_id, self.rng.choice(markets)))
            if self.rng.random() < 0.7:
                self._try(TakeOver(account_id))

    def _unwind(self) -> None:
        """Let somebody pay about the mark for what pools or the fund have; it is then unwound."""
        rng, exchange = self.rng, self.exchange
        for market_id in range(len(self.prices)):
            lots = lots_to_unwind(exchange.state, market_id)
            if lots == 0:
                continue
            exchange.refresh_prices()
            side = BUY if lots > 0 else SELL
            mark_ticks = exchange.state.mark_price_x16(market_id) // PRICE_X16_ONE
            price = mark_ticks + rng.randrange(-2, 4) * (1 if side is BUY else -1)
            size = rng.choice((1, abs(lots) // 40 + 1, abs(lots)))
            order = exchange.order(rng.choice(USERS), side, size, price, market_id=market_id)
            self._try(order)
            values_x16 = self._values_x16(market_id)
            self._try(Unwind(market_id))
            pairs = zip(values_x16, self._values_x16(market_id), strict=True)
            assert all(after >= before for before, after in pairs)

    def _values_x16(self, market_id: int) -> tuple[int, int]:
        """Return what a pool is worth with the fund and what it makes up, and the fund alone."""
        state = self.exchange.state
        fund_x16 = self.exchange.margin(INSURANCE_ACCOUNT_ID).equity_x16
        pool_x16 = pool_value_x16(state.price_of(market_id), state.underlying_of(market_id))
        missing_x16 = state.globals.recorded_deficit_quanta * PRICE_X16_ONE
        return pool_x16 + fund_x16 - missing_x16, fund_x16

    def _try(self, tx: Transaction) -> None:
        try:
            result = self.exchange.apply(tx)
        except InvalidTransaction as refusal:
            self.counts[refusal.code.name] += 1
        else:
            self.counts[type(tx).__name__] += 1
            self._count(result)
            self._check(result)

    def _check(self, result: TransactionResult) -> None:
        """Assert that only those paid who had gained, and no more than that; that no pool owes."""
        state = self.exchange.state
        check_collateral(state)
        check_positions(state)
        for event in result.events:
            if isinstance(event, PoolShared) and event.quanta_per_lot < 0:
                prices, terms = (
                    state.price_of(event.market_id),
                    state.underlying_of(event.market_id),
                )
                assert gain_quanta(prices, terms, event.side) >= 0
        for market_id, prices in enumerate(state.underlyings):
            assert pool_value_x16(prices, state.underlying_of(market_id)) >= 0
            assert prices.pool_lots or not prices.pool_cash_quanta

    def _count(self, result: TransactionResult) -> None:
        for event in result.events:
            if isinstance(event, TakenOver):
                self.counts["by insurance" if event.by_insurance else "by pools"] += 1
                self.counts["debts"] += event.balance_quanta < 0
            elif isinstance(event, Unwound):
                self.counts["pool unwound" if event.is_pool else "fund unwound"] += 1
            elif isinstance(event, LegTaken):
                self.counts["insured"] += event.insured_quanta > 0
                self.counts["charged"] += event.charged_quanta > 0
                self.counts["shorts"] += event.size_lots < 0
            elif isinstance(event, PoolShared):
                self.counts["given"] += event.quanta_per_lot > 0
                self.counts["recorded"] += event.recorded_quanta > 0
                self.counts["longs pay"] += event.side is Side.BUY and event.quanta_per_lot < 0
            elif isinstance(event, Withdrawn):
                self.counts["short of it"] += event.missing_quanta > 0
