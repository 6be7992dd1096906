"""Seeded random batches, realistic and nasty, for comparing implementations and for properties.

    for sealed in random_batches(seed=7, n_batches=3, n_transactions=12): ...

Accounts are rich, modest or poor, prices jump, orders expire, traders meet themselves; refused
transactions are dropped and counted, as the sequencer would.
"""

import functools
import random
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

from novation.protocol.accounts import Account
from novation.protocol.constants import (
    FEE_ACCOUNT_ID,
    INSURANCE_ACCOUNT_ID,
    LAST_TIME_MS,
    MAX_ASSETS,
    MAX_MAKERS_PER_ORDER,
    MAX_ORACLES,
    MAX_UNDERLYINGS,
    MAX_VALIDITY_MS,
    NONCE_STEP,
    SKIPPED_NONCES,
    USD_ASSET_ID,
)
from novation.protocol.errors import InvalidTransaction
from novation.protocol.margin import margin_of
from novation.protocol.nonces import NonceWindow
from novation.protocol.orders import SelfTradeMode, SelfTradeScope, Side, TimeInForce
from novation.protocol.parameters import Parameters, oracle_rule_word
from novation.protocol.rules.dead_orders import is_cancelled
from novation.protocol.sealing import SealedBatch
from novation.protocol.transactions import (
    AddKey,
    CancelAll,
    CancelOrder,
    Deposit,
    Liquidate,
    ListMarket,
    ParameterKind,
    PruneOrder,
    RemoveKey,
    SetCancelTimer,
    SetParameter,
    Transaction,
    TriggerOrder,
    UserTransaction,
)
from tests.support.builders import (
    FIRST_USER_ACCOUNT_ID,
    ONE_DOLLAR,
    l1_address,
    oracle_private_key,
    oracle_report,
    oracle_update,
    parameters,
    private_key,
    public_key,
    slot_private_key,
    underlying,
)
from tests.support.exchange import ONE_HOUR_MS, Exchange, placed_by
from tests.support.random_failing import HELP_OF_ONE, HELPS
from tests.support.random_fee_tiers import GAPS_MS, random_fee_tiers
from tests.support.random_limits import new_bounds, plan_outflow
from tests.support.random_quotes import random_quotes
from tests.support.random_replacements import random_replacement
from tests.support.random_triggers import due_triggers, random_waiting
from tests.support.sample_plans import NEAR_X16, plan_sample, settle

N_USERS = 6
LADDER_BATCH = 40
BASE_PRICE_TICKS = 1000
LISTING_CHANCE = 0.02
SAMPLE_CHANCE = 0.06
FAILING_CHANCE = 0.05
GAP_CHANCE, RESUME_CHANCE, REFRESH_CHANCE, SETTLE_CHANCE = 0.004, 0.1, 0.8, 0.5
NOISES_X16 = NEAR_X16, NEAR_X16, NEAR_X16, 40_000


class RandomTrading:
    """Random transactions against a live exchange; `counts` says what came of them."""

    def __init__(self, seed: int, first: Parameters | None = None, *, sign: bool = True) -> None:
        """Start with nothing: no prices, no users."""
        self.rng = random.Random(seed)
        self.exchange = Exchange(first or parameters(), sign=sign, price_ticks=0)
        self.prices = [
            BASE_PRICE_TICKS * (1 + m) for m in range(len(self.exchange.state.underlyings))
        ]
        self.counts: Counter[str] = Counter()
        self._kinds: dict[Callable[[], Transaction], int] = {
            self._order: 56,
            self._sniping_order: 14,
            self._cancellation: 10,
            self._replacement: 10,
            self._quotes: 12,
            self._cancel_all: 3,
            self._timer: 4,
            self._prune: 6,
            lambda: random_waiting(self.exchange, self.rng, self.prices[0]): 16,
            **{self._of(make): weight for make, weight in HELPS.items()},
            self._withdrawal: 5,
            self._transfer: 5,
            self._deposit: 6,
            self._oracle_update: 6,
            self._closing_order: 8,
            self._parameter: 4,
            self._listing: 2,
            self._key_change: 8,
        }
        n_oracles = len(self.exchange.state.parameters.oracle_keys)
        self._oracle_secrets = [oracle_private_key(index) for index in range(n_oracles)]
        self._secrets = {public_key(private_key(i)): private_key(i) for i in range(N_USERS)}
        self._planned: list[Callable[[], Transaction]] = []
        self._sent: list[UserTransaction] = []

    def batch(self, n_transactions: int) -> SealedBatch:
        """Return a sealed batch of so many accepted transactions."""
        for tx in self._opening():
            self._try(tx)
        assert self.exchange.state.batch is not None
        while len(self.exchange.state.batch.entries) < n_transactions:
            self._pass_time()
            for due in due_triggers(self):
                self._try(due)
            if not self._planned and self.rng.random() < 0.03:
                self._plan_sinking()
            if not self._planned and self.rng.random() < FAILING_CHANCE:
                self._plan_failing()
            if not self._planned and self.rng.random() < LISTING_CHANCE:
                self._plan_listing()
            if not self._planned and n_transactions >= LADDER_BATCH and self.rng.random() < 0.01:
                self._plan_ladder()
            if not self._planned and self.rng.random() < SAMPLE_CHANCE:
                plan = self.rng.choice((plan_sample, plan_outflow))
                self._planned = plan(self)
            planned = self._planned.pop(0) if self._planned else None
            self._try(planned() if planned else self._any_signer(self._choose()()))
        return self.exchange.seal()

    def _pass_time(self) -> None:
        """Move the clock a little, rarely past a gap; prices mostly follow before they expire."""
        rng, exchange = self.rng, self.exchange
        exchange.time_ms += rng.choice((0, 0, 1, 40, 2_000))
        if rng.random() < GAP_CHANCE:
            exchange.time_ms += rng.choice(GAPS_MS)
            self._try(self._oracle_update())
        counters = exchange.state.globals
        if exchange.time_ms < counters.post_only_until_ms and rng.random() < RESUME_CHANCE:
            exchange.time_ms = counters.post_only_until_ms
        if rng.random() < SETTLE_CHANCE:
            settle(self)
        if exchange.time_ms > counters.price_valid_until_ms and rng.random() < REFRESH_CHANCE:
            self._try(self._oracle_update())

    def _choose(self) -> Callable[[], Transaction]:
        (make,) = self.rng.choices(list(self._kinds), list(self._kinds.values()))
        return make

    def _plan_ladder(self) -> None:
        """Plan more makers than an order may visit, and the order that sweeps them."""
        rich, sweeper, price = 3, 4, self.prices[0]
        maker = functools.partial(self.exchange.order, rich, Side.SELL, 1, price)
        self._planned = [maker] * (MAX_MAKERS_PER_ORDER + 2)
        self._planned.append(
            lambda: self.exchange.order(sweeper, Side.BUY, 1000, price * 105 // 100)
        )

    def _plan_listing(self) -> None:
        """Plan a new underlying, its price, its market, and an order there."""
        market_id = len(self.prices)
        order = functools.partial(
            self.exchange.order,
            4,
            Side.SELL,
            5,
            BASE_PRICE_TICKS * (1 + market_id),
            market_id=market_id,
        )
        self._planned = [
            self._new_underlying,
            self._oracle_update,
            functools.partial(ListMarket, market_id),
            order,
        ]

    def _plan_sinking(self) -> None:
        """Plan a maker with all its margin in use, a price move past it, and who hits it."""
        sinker, rich, price = self.rng.randrange(2, N_USERS), 3, self.prices[0]
        side = self.rng.choice(tuple(Side))
        away = price * (93 if side is Side.BUY else 107) // 100
        size = max(1, self._largest_size(sinker, 0) * 9 // 10)
        self._planned = [
            functools.partial(self.exchange.order, sinker, side, size, price),
            functools.partial(self._oracle_update, away),
            functools.partial(self.exchange.order, rich, side.other, size, price),
        ]

    def _plan_failing(self) -> None:
        """Plan a position with all its margin in use, a price move, and what becomes of it."""
        rng, rich = self.rng, 3
        holder, price, side = rng.choice((1, 2, 4, 5)), self.prices[0], rng.choice(tuple(Side))
        size = max(1, self._largest_size(holder, 0) * 9 // 10)
        make = self.exchange.order
        self._planned = [
            functools.partial(make, holder, side, size, price),
            functools.partial(make, rich, side.other, size, price),
            lambda: self._oracle_update(self._failing_price(holder)),
            lambda: make(rich, side, rng.randint(1, size), self.prices[0]),
            lambda: make(rich, side, size, self.prices[0] * rng.randint(97, 103) // 100),
            *(self._of(make) for make in HELP_OF_ONE),
        ]

    def _failing_price(self, account_id: int) -> int:
        """Return a price at which an account fails, if it is near."""
        state, price = self.exchange.state, self.prices[0]
        account = state.get_account(account_id)
        size_lots = 0 if account is None else account.position(0).size_lots
        direction, mark = (-1 if size_lots > 0 else 1), price
        for promille in range(10, 90):
            mark = price * (1000 + direction * promille) // 1000
            moved = replace(state.underlyings[0], index_price_x16=mark << 16)
            margin = margin_of(
                account or Account.new(0, 1), (moved, *state.underlyings[1:]), state.parameters
            )
            if not margin.meets_maintenance:
                break
        return mark

    def _opening(self) -> Iterator[Transaction]:
        """Yield what the first batch needs: a price and a few funded accounts."""
        if self.exchange.state.globals.batch_number == 0:
            yield self._oracle_update()
            reserved = FEE_ACCOUNT_ID, INSURANCE_ACCOUNT_ID
            for account_id in (2, 3, 4, *self.rng.sample(reserved, self.rng.randrange(3))):
                yield self._deposit_of(account_id)

    def _try(self, tx: Transaction) -> None:
        try:
            result = self.exchange.apply(tx)
        except InvalidTransaction as error:
            self.counts[error.code.name] += 1
            return
        self.counts[result.result_code.name] += 1
        if isinstance(tx, Liquidate):
            self.counts[f"LIQUIDATED_{result.result_code.name}"] += 1
        if isinstance(tx, TriggerOrder):
            self.counts[f"TRIGGERED_{result.result_code.name}"] += 1
        for visit in getattr(result.hints, "visits", ()):
            self.counts[f"VISIT_{visit.outcome.name}"] += 1

    def _wealth(self, account_id: int) -> int:
        dollars = {0: 50, 1: 2, 2: 4_000}[account_id % 3]
        return dollars * ONE_DOLLAR // 2 + self.rng.randrange(dollars * ONE_DOLLAR)

    def _account_id(self) -> int:
        """Return a user; rarely the fee account, the insurance fund or nobody."""
        kind = self.rng.random()
        if kind < 0.06:
            return self.rng.choice((FEE_ACCOUNT_ID, INSURANCE_ACCOUNT_ID, 4_000_000_000))
        if kind < 0.1:
            return self.rng.randrange(FIRST_USER_ACCOUNT_ID, N_USERS)
        known = [i for i in self.exchange.state.accounts if i >= FIRST_USER_ACCOUNT_ID]
        return self.rng.choice(known)

    def _order(self) -> Transaction:
        rng = self.rng
        market_id = rng.choice((0, 0, 0, *range(len(self.prices))))
        side = rng.choice((Side.BUY, Side.SELL))
        # Limits cluster so that prices tie; one in ten reaches far over, or out of the band.
        reach = rng.choice((-3, -2, -2, -1, -1, -1, 0, 0, 1, 5))
        if rng.random() < 0.1:
            reach = rng.choice((60, 90, 200))
        account_id = self._account_id()
        step = reach if side is Side.BUY else -reach
        price = max(1, self.prices[market_id] + step * (1 + market_id))
        return self.exchange.order(
            account_id,
            side,
            self._size(account_id, market_id),
            price,
            market_id=market_id,
            expiry_time_ms=self.exchange.time_ms + rng.choice((1, 50, 3_000, ONE_HOUR_MS)),
            time_in_force=rng.choice((TimeInForce.GTC, TimeInForce.GTC, *TimeInForce)),
            reduce_only=rng.random() < 0.15,
            max_fee_ppm=rng.choice((1000, 1000, 1000, 500, 2**20 - 1, 499)),
            label=rng.choice((0, rng.getrandbits(64), 2**64 - 1)),
            **self._self_trade(),
        )

    def _size(self, account_id: int, market_id: int) -> int:
        kind = self.rng.random()
        if kind < 0.6:
            return self.rng.randrange(1, 12)
        if kind < 0.97:
            return max(1, self._largest_size(account_id, market_id) * self.rng.choice((2, 9)) // 10)
        return self.rng.choice((2**32 - 1, 2**31, 400_000))

    def _largest_size(self, account_id: int, market_id: int) -> int:
        account = self.exchange.state.get_account(account_id)
        underlying = self.exchange.state.parameters.underlyings[market_id]
        collateral = 0 if account is None else account.collateral_quanta
        lot_margin_ppm = (
            self.prices[market_id] * underlying.multiplier * underlying.initial_margin_ppm
        )
        return min(collateral * 10**6 // lot_margin_ppm, 2**32 - 1)

    def _closing_order(self) -> Transaction:
        """Return an order that reduces a position, perhaps at once, perhaps by resting."""
        slots = [
            (account_id, position)
            for account_id, account in self.exchange.state.accounts.items()
            for position in account.positions
            if position.size_lots
        ]
        if not slots:
            return self._order()
        account_id, position = self.rng.choice(slots)
        side = Side.SELL if position.size_lots > 0 else Side.BUY
        step = self.rng.choice((-2, 0, 0, 2))
        return self.exchange.order(
            account_id,
            side,
            self.rng.choice((1, abs(position.size_lots), abs(position.size_lots) + 7)),
            self.prices[position.market_id] + (step if side is Side.SELL else -step),
            market_id=position.market_id,
            reduce_only=self.rng.random() < 0.8,
        )

    def _sniping_order(self) -> Transaction:
        """Return an order that meets the head of a book, by its own account now and then."""
        state, rng = self.exchange.state, self.rng
        heads = [market.head(side) for market in state.markets.values() for side in Side]
        head_ids = [order_id for order_id, _ in heads if order_id]
        if not head_ids:
            return self._order()
        head = state.order(rng.choice(head_ids))
        account_id = head.account_id if rng.random() < 0.2 else self._account_id()
        size = rng.choice((1, head.remaining_lots, head.remaining_lots + 1, 40))
        return self.exchange.order(
            account_id,
            head.side.other,
            size,
            head.price_ticks,
            market_id=head.market_id,
            time_in_force=rng.choice(tuple(TimeInForce)),
            **self._self_trade(),
        )

    def _replacement(self) -> Transaction:
        if not self.exchange.state.orders:
            return self._order()
        return random_replacement(self.rng, self.exchange, self._account_id(), self._self_trade())

    def _quotes(self) -> Transaction:
        account_id = self._account_id()
        size = self._size(account_id, 0)
        return random_quotes(self.rng, self.exchange, account_id, self.prices, size)

    def _cancellation(self) -> Transaction:
        state = self.exchange.state
        order_id = self.rng.choice((*state.orders, state.globals.next_order_id))
        order = state.get_order(order_id)
        is_owner = order is not None and self.rng.random() < 0.9
        account_id = order.account_id if order is not None and is_owner else self._account_id()
        tx = CancelOrder(account_id, 0, self.exchange.next_nonce(account_id), order_id)
        if order is not None and self.rng.random() < 0.5:
            tx = replace(tx, order_id=0, **placed_by(order))
        return self.exchange.signed(tx)

    def _cancel_all(self) -> Transaction:
        """Return the cancelling of all orders of an account, or of those in any one market."""
        account_id, n_markets = self._account_id(), len(self.prices)
        market_id = self.rng.choice((None, self.rng.randrange(n_markets), n_markets))
        tx = CancelAll(account_id, 0, self.exchange.next_nonce(account_id), market_id)
        return self.exchange.signed(tx)

    def _timer(self) -> Transaction:
        """Return a timer that runs out soon, late or never, or that is refused."""
        account_id = self._account_id()
        at_ms = self.exchange.time_ms + self.rng.choice((0, 1, 100, 5_000, ONE_HOUR_MS))
        at_ms = self.rng.choice((at_ms, at_ms, at_ms, LAST_TIME_MS))
        tx = SetCancelTimer(account_id, 0, self.exchange.next_nonce(account_id), at_ms)
        return self.exchange.signed(tx)

    def _prune(self) -> Transaction:
        """Return the pruning of an order, of a dead one if there is any."""
        state, now_ms = self.exchange.state, self.exchange.time_ms
        dead = [
            order.order_id
            for order in state.orders.values()
            if order.expiry_time_ms <= now_ms
            or is_cancelled(state, order)
            or state.account(order.account_id).cancel_all_at_ms <= now_ms
        ]
        return PruneOrder(self.rng.choice(dead or [*state.orders, state.globals.next_order_id]))

    def _of(
        self, make: Callable[[random.Random, Exchange, int], Transaction]
    ) -> Callable[[], Transaction]:
        return lambda: make(self.rng, self.exchange, self._account_id())

    def _withdrawal(self) -> Transaction:
        return self.exchange.withdrawal(*self._what_leaves())

    def _transfer(self) -> Transaction:
        account_id, amount, asset_id = self._what_leaves()
        to = account_id ^ 1 if self.rng.random() < 0.8 else self._account_id()
        return self.exchange.transferral(account_id, to, amount, asset_id)

    def _what_leaves(self) -> tuple[int, int, int]:
        """Return an account, and an amount of an asset that it may have."""
        account_id = self._account_id()
        account = self.exchange.state.get_account(account_id)
        asset_id = self._asset_id()
        balance = 1 if account is None else max(1, account.balance(asset_id))
        amount = self.rng.choice((1, balance // 2 + 1, balance, balance + 1))
        return account_id, amount, asset_id

    def _asset_id(self) -> int:
        """Return USD, mostly, or one of the other assets."""
        return self.rng.choice((USD_ASSET_ID, USD_ASSET_ID, *range(MAX_ASSETS)))

    def _any_signer(self, tx: Transaction) -> Transaction:
        """Sign some messages by any key, in any order, late, for too long, or send them again."""
        rng, account_id = self.rng, getattr(tx, "account_id", None)
        account = self.exchange.state.get_account(-1 if account_id is None else account_id)
        if not isinstance(tx, UserTransaction) or account is None or rng.random() < 0.4:
            return tx
        if self._sent and rng.random() < 0.06:
            return rng.choice(self._sent[-20:])
        slot = rng.randrange(len(account.keys))
        secret = self._secrets.get(account.keys[slot].public_key)
        # A deposit may have named a key that is nobody's.
        if secret is None:
            return tx
        tx = replace(tx, key_index=slot, nonce=self._nonce(account.windows[slot]))
        if rng.random() < 0.1:
            now_ms, longest_ms = self.exchange.time_ms, MAX_VALIDITY_MS
            until_ms = now_ms + rng.choice((-1, 0, longest_ms, longest_ms + 1))
            tx = replace(tx, valid_until_ms=until_ms)
        tx = self.exchange.signed(tx, secret)
        self._sent.append(tx)
        return tx

    def _nonce(self, window: NonceWindow) -> int:
        """Return a nonce above or below the highest, mostly one that may be used."""
        rng, high = self.rng, window.high
        skipped = [high - 1 - i for i in range(SKIPPED_NONCES) if window.skipped >> i & 1]
        if skipped and rng.random() < 0.6:
            return rng.choice((skipped[0], skipped[-1], rng.choice(skipped)))
        if rng.random() < 0.5:
            return high + 1
        near = rng.choice((2, 3, 8, rng.randrange(1, 80), SKIPPED_NONCES, SKIPPED_NONCES + 1))
        below = rng.choice((0, 1, rng.randrange(SKIPPED_NONCES + 3)))
        nonce = rng.choice((high + near, high + near, high + near, high - below))
        if rng.random() < 0.05:
            nonce = high + NONCE_STEP + rng.randrange(2)
        return max(nonce, 1)

    def _key_change(self) -> Transaction:
        """Return a key for any slot, mostly one that may trade, or a removal."""
        rng, exchange, account_id = self.rng, self.exchange, self._account_id()
        account = exchange.state.get_account(account_id)
        n_keys = 1 if account is None else len(account.keys)
        nonce = exchange.next_nonce(account_id)
        slot = rng.choice((n_keys, n_keys, rng.randrange(n_keys + 1)))
        tx: AddKey | RemoveKey = RemoveKey(account_id, 0, nonce, slot)
        if rng.random() < 0.8:
            secret = slot_private_key(account_id, slot, rng.randrange(3))
            self._secrets[public_key(secret)] = secret
            lifetime_ms = rng.choice((0, 100, ONE_HOUR_MS, ONE_HOUR_MS))
            expiry_ms = rng.choice((exchange.time_ms + lifetime_ms, LAST_TIME_MS))
            permissions = rng.choice((1, 3, 7, 7, rng.randrange(8)))
            tx = AddKey(account_id, 0, nonce, slot, permissions, expiry_ms, public_key(secret))
        return exchange.signed(tx)

    def _deposit(self) -> Transaction:
        account_id = self._account_id()
        deposit = self._deposit_of(account_id)
        if self.rng.random() < 0.15:
            return replace(deposit, stark_key=self.rng.randrange(1, 2**251))
        if self.rng.random() < 0.1:
            return replace(deposit, l1_address=self.rng.randrange(2**160))
        return deposit

    def _deposit_of(self, account_id: int) -> Deposit:
        """Return a deposit; two neighbours have one owner."""
        asset_id = 0 if self.exchange.state.get_account(account_id) is None else self._asset_id()
        deposit = self.exchange.deposit(account_id, self._wealth(account_id), asset_id)
        return replace(deposit, l1_address=l1_address(account_id // 2))

    def _self_trade(self) -> dict[str, Any]:
        """Return the fields that say what happens instead of a trade with oneself."""
        mode = self.rng.choice(tuple(SelfTradeMode))
        scope = self.rng.choice((SelfTradeScope.ACCOUNT, SelfTradeScope.ACCOUNT, *SelfTradeScope))
        return {"self_trade_mode": mode, "self_trade_scope": scope}

    def _listing(self) -> Transaction:
        """Return the listing of a market that may be, or of one that may not."""
        return ListMarket(self.rng.randrange(len(self.prices) + 1))

    def _parameter(self) -> Transaction:
        """Let L1 set one of the parameters."""
        if self.rng.random() < 0.4:
            return new_bounds(self.rng, self.exchange.state)
        tiers = functools.partial(random_fee_tiers, self.rng)
        kinds = (self._new_terms, self._new_underlying, self._new_oracle, self._rule, tiers)
        return self.rng.choice((self._new_terms, *kinds))()

    def _new_terms(self) -> Transaction:
        """Return other terms of an underlying; one in two raises the maker fee."""
        rng, known = self.rng, self.exchange.state.parameters.underlyings
        index = rng.randrange(len(known))
        maintenance_ppm = rng.randrange(10_000, 50_000)
        terms = replace(
            known[index],
            initial_margin_ppm=maintenance_ppm + rng.choice((0, 20_000)),
            maintenance_margin_ppm=maintenance_ppm,
            maker_fee_ppm=rng.randrange(0, 500),
            taker_fee_ppm=rng.choice((0, 500, 900)),
            price_band_ppm=rng.choice((60_000, 100_000)),
            min_order_usd=rng.choice((0, 0, 0, 1)),
            interest_upper_kusd=rng.choice((0, 1, 20)),
            margin_deviations=rng.choice((0, 1, 8, 15)),
        )
        return SetParameter(ParameterKind.UNDERLYING, index, terms.word())

    def _new_underlying(self) -> Transaction:
        index = len(self.prices)
        if index == MAX_UNDERLYINGS:
            return self._new_terms()
        self.prices.append(self.rng.choice((5, *(3 * [BASE_PRICE_TICKS * (1 + index)]))))
        least_usd = self.rng.choice((0, 1))
        added = underlying(symbol=f"NEW-{index}", multiplier=100 + index, min_order_usd=least_usd)
        return SetParameter(ParameterKind.UNDERLYING, index, added.word())

    def _new_oracle(self) -> Transaction:
        """Return an operation that gives an oracle another key, or appends an oracle."""
        n_oracles = len(self._oracle_secrets)
        index = self.rng.randrange(min(n_oracles + 1, MAX_ORACLES))
        secret = oracle_private_key(100 + self.rng.randrange(20))
        self._oracle_secrets[index : index + 1] = [secret]
        return SetParameter(ParameterKind.ORACLE_KEY, index, public_key(secret))

    def _rule(self) -> Transaction:
        quorum = self.rng.randint(1, min(3, len(self._oracle_secrets)))
        word = oracle_rule_word(quorum, self.rng.choice((60_000, 2**32 - 1)))
        return SetParameter(ParameterKind.ORACLE_RULE, 0, word)

    def _oracle_update(self, first_price_ticks: int = 0) -> Transaction:
        """Move every price, one time in four far; maybe the first to where it was planned."""
        rng, exchange = self.rng, self.exchange
        exchange.time_ms += rng.choice((1, 500))
        range_ppm = rng.choice((2_000, 2_000, 2_000, 80_000))
        for market_id, price in enumerate(self.prices):
            change = price * rng.randint(-range_ppm, range_ppm) // 10**6
            self.prices[market_id] = max(min(price, 100), price + change)
        self.prices[0] = first_price_ticks or self.prices[0]
        # Sometimes nobody has a price of one of them.
        return self._reports(rng.choice((*[-1] * 8, *range(len(self.prices)))))

    def _reports(self, absent: int = -1, noises_x16: tuple[int, ...] = NOISES_X16) -> Transaction:
        """Report prices near those that the world has, but of one market, if there is such.

        Each report has one of some noises. A large one is too far from a price of a few ticks.
        """
        rng, exchange = self.rng, self.exchange
        rule, reports = exchange.state.parameters, []
        n_signers = rng.randint(rule.oracle_quorum, n_oracles := len(rule.oracle_keys))
        for signer in sorted(rng.sample(range(n_oracles), n_signers)):
            noise_x16 = rng.choice(noises_x16)
            noisy = [(p << 16) + rng.randint(-noise_x16, noise_x16) for p in self.prices]
            told = tuple(price * (i != absent) for i, price in enumerate(noisy))
            time_ms = exchange.time_ms - rng.choice((0, 0, 100))
            secret = self._oracle_secrets[signer]
            reports.append(oracle_report(exchange.config, signer, time_ms, told, secret))
        return oracle_update(tuple(reports), rule.oracle_quorum)


def random_batches(
    seed: int,
    n_batches: int = 2,
    n_transactions: int = 10,
    first: Parameters | None = None,
    *,
    sign: bool = True,
) -> Iterator[SealedBatch]:
    """Yield batches in sequence on one state; the same seed gives the same batches."""
    trading = RandomTrading(seed, first, sign=sign)
    for _ in range(n_batches):
        yield trading.batch(n_transactions)
