"""What theorems on money take as known is true of what the STF does, on random values."""

import random
from typing import Any

import pytest
import z3

from formal.theorems import auctions, funding, margin, outflow, sharing
from formal.theorems.theorem import SOUND, Theorem
from novation.protocol.auction import discount_ppm, restoring_share_x16
from novation.protocol.constants import (
    FORECAST_MEMORY_MS,
    HOUR_MS,
    PPM_ONE,
    PRICE_X16_ONE,
    SAMPLES_PER_HOUR,
    VARIANCE_BOUND,
)
from novation.protocol.errors import ErrorCode, InvalidTransaction
from novation.protocol.forecast_margin import SECOND_MS, next_variance_ppm2
from novation.protocol.margin import Margin, capped_fee_quanta
from novation.protocol.mark import premium_limit_x16
from novation.protocol.markets import Globals, Market, UnderlyingState
from novation.protocol.numeric import div_floor
from novation.protocol.orders import Side
from novation.protocol.outflow import follow_outflows, forgotten_quanta, outflow_limit_quanta
from novation.protocol.parameters import Underlying
from novation.protocol.rules import take_over, withdraw
from novation.protocol.rules.budgets import Insurance
from novation.protocol.rules.funding import FUNDING_PARTS, count_minute, funding_rate_x16
from novation.protocol.rules.outflow_guard import check_outflow
from novation.protocol.rules.pools import (
    credit_insurance,
    gain_quanta,
    pool_value_x16,
    record_deficit,
    share,
)
from novation.protocol.state import State
from tests.support.builders import underlying
from tests.support.exchange import BUY, SELL, Exchange
from tests.support.random_failures import RandomFailures
from tests.unit.test_bid import auctioned, filled

FUND = 1


def theorem(module: Any, name: str) -> Theorem:
    """Return a theorem by its name."""
    found: list[Theorem] = [item for item in module.THEOREMS if item.name == name]
    assert len(found) == 1, name
    return found[0]


def assert_known(known_of: Theorem, **values: int) -> None:
    """Assert that numbers are as a theorem takes them to be; what follows then follows, too."""
    statement = known_of.build(SOUND)
    pairs = [(z3.Int(name), z3.IntVal(value)) for name, value in values.items()]
    for formula in [*statement.known, statement.follows]:
        assert z3.is_true(z3.simplify(z3.substitute(formula, *pairs))), (formula, values)


def scaled(rng: random.Random, bits: int) -> int:
    """Return a number of any size up to so many bits."""
    return rng.randrange(2 ** rng.randrange(1, bits + 1))


def signed(rng: random.Random, bits: int) -> int:
    """Return the same of either sign."""
    return rng.choice((-1, 1)) * scaled(rng, bits)


def random_terms(rng: random.Random) -> Underlying:
    ppm = rng.randrange(1, 500_000)
    return underlying(
        multiplier=rng.randrange(1, 2**12), initial_margin_ppm=ppm, maintenance_margin_ppm=ppm
    )


@pytest.mark.parametrize("seed", range(40))
def test_payments_of_an_hour(seed: int) -> None:
    rng = random.Random(seed)
    longs, pool, quanta = scaled(rng, 48), signed(rng, 47), signed(rng, 44)
    shorts = max(longs + pool, 0)
    longs = shorts - pool
    before = UnderlyingState(
        long_prefix=signed(rng, 50), short_prefix=signed(rng, 50), pool_lots=pool
    )
    after = before.with_payment(quanta)

    def got(lots: int) -> int:
        return before.paid_quanta(lots) - after.paid_quanta(lots)

    assert_known(
        theorem(funding, "payments of an hour add up to zero, with the pool's"),
        longs=longs,
        shorts=shorts,
        pool=pool,
        quanta=quanta,
        got_long=got(longs),
        got_short=got(-shorts),
        got_pool=after.pool_cash_quanta - before.pool_cash_quanta,
    )


@pytest.mark.parametrize("seed", range(40))
def test_hour_that_is_over(seed: int) -> None:
    rng = random.Random(seed)
    terms, index = random_terms(rng), 2**16 + scaled(rng, 47)
    prices = UnderlyingState(index_price_x16=index, premium_x16=signed(rng, 40))
    carry = rng.randrange(FUNDING_PARTS)
    market = Market(
        0, funding_sum_x16=signed(rng, 46), funding_carry=carry, funding_hour=rng.randrange(1, 99)
    )
    hour = count_minute(market, prices, terms, 100 * HOUR_MS)
    rate_x16 = funding_rate_x16(market.funding_sum_x16 + prices.premium_x16, index, terms)
    assert hour.is_over
    assert hour.rate_x16 == rate_x16
    paid, owed_now = signed(rng, 50), rate_x16 * terms.multiplier
    assert_known(
        theorem(funding, "what a lot has paid in all is what it owes in all, rounded down once"),
        paid=paid,
        owed=paid * FUNDING_PARTS + carry,
        carry=carry,
        owed_now=owed_now,
        quanta=hour.quanta_per_lot,
        carry_after=hour.carry,
    )
    average = (market.funding_sum_x16 + prices.premium_x16) // SAMPLES_PER_HOUR
    interest = index // 10_000
    pull = max(-5 * interest, min(interest - average, 5 * interest))
    assert_known(
        theorem(funding, "an hour takes at most a quarter of the maintenance margin"),
        required=index * terms.multiplier * terms.maintenance_margin_ppm,
        limit=premium_limit_x16(index, terms) * terms.multiplier,
        wanted=(average + pull) * terms.multiplier,
        rate=owed_now,
        carry=carry,
        quanta=hour.quanta_per_lot,
    )
    assert_known(
        theorem(funding, "the rate is pulled towards the interest, and no further"),
        average=average,
        interest=interest,
        pull=pull,
    )


@pytest.mark.parametrize("seed", range(120))
def test_pool_that_passes_on(seed: int) -> None:
    rng = random.Random(seed)
    terms, side = random_terms(rng), rng.choice(tuple(Side))
    index = scaled(rng, 40) + 1
    prices = UnderlyingState(
        index_price_x16=index,
        ref_x16=max(0, index + signed(rng, 39)),
        pool_lots=signed(rng, 30),
        pool_cash_quanta=signed(rng, 60),
        long_charged_quanta=signed(rng, 20),
        short_charged_quanta=signed(rng, 20),
    )
    lots = rng.choice((0, 1, scaled(rng, 40)))
    received = signed(rng, 20) * rng.choice((0, 1))
    shared = share(prices, terms, side, lots, received)
    after, each, missing = shared.prices, shared.each_quanta, shared.missing_quanta
    value = pool_value_x16(prices, terms)
    left = value - each * lots * PRICE_X16_ONE
    gain = gain_quanta(prices, terms, side)
    is_buy = side is Side.BUY
    charged = prices.long_charged_quanta if is_buy else prices.short_charged_quanta
    values = {
        "value_x16": value,
        "lots": lots,
        "room": max(0, gain + received),
        "each": each,
        "even": div_floor(value, lots * PRICE_X16_ONE) if lots else 0,
        "missing": missing,
        "left_x16": left,
    }
    assert_known(
        theorem(sharing, "a pool that has passed on keeps less than a quantum a lot, and no debt"),
        **values,
    )
    assert pool_value_x16(after, terms) == left + missing * PRICE_X16_ONE
    assert_known(
        theorem(sharing, "no lot is charged more than it gained since the reference mark"),
        **values,
        rise=gain + charged,
        charged=charged,
        received=received,
    )
    now_charged = after.long_charged_quanta if is_buy else after.short_charged_quanta
    assert now_charged == charged - each - received
    assert_known(
        theorem(sharing, "passing on creates and loses nothing"),
        lots=lots,
        each=each,
        missing=missing,
        cash=prices.pool_cash_quanta,
        cash_after=after.pool_cash_quanta,
        recorded=0,
        recorded1=missing,
        # What a lot of the side counts as paid: a short one has received its prefix.
        prefix=prices.paid_quanta(1 if is_buy else -1),
        prefix1=after.paid_quanta(1 if is_buy else -1),
    )


class Watched:
    """What takeovers do: their debts, parts and payments, held against the theorems."""

    def __init__(self, patch: pytest.MonkeyPatch) -> None:
        """Watch the rule's own functions."""
        self.n_debts = self.n_parts = 0
        self._give_to_pools: Any = take_over._give_to_pools
        self._give_leg: Any = take_over._give_leg
        patch.setattr(take_over, "_give_to_pools", self.give_to_pools)
        patch.setattr(take_over, "_give_leg", self.give_leg)

    def give_to_pools(self, state: State, account_id: int, legs: Any, balance: int) -> Any:
        self.debt = max(0, -balance)
        by_loss = any(leg.loss_quanta for leg in legs)
        weights = [leg.loss_quanta if by_loss else leg.notional_quanta for leg in legs]
        self.weights = weights
        self.n_debts += 1
        return self._give_to_pools(state, account_id, legs, balance)

    def give_leg(
        self, state: State, account_id: int, leg: Any, part: int, insurance: Insurance
    ) -> Any:
        weight = self.weights.pop(0)
        assert_known(
            theorem(sharing, "each leg bears a part of a debt, and the last one the rest"),
            debt=self.debt,
            weight=weight,
            others=sum(self.weights),
            part=part,
        )
        self.debt -= part
        self._assert_paid(state, account_id, leg, part, insurance)
        self.n_parts += 1
        return self.given

    def _assert_paid(
        self, state: State, account_id: int, leg: Any, part: int, insurance: Insurance
    ) -> None:
        """Compare one leg; its value and what it has paid are taken from the account before."""
        market_id, size_lots = leg.position.market_id, leg.position.size_lots
        worth = insurance.worth_quanta - insurance.paid_quanta
        before = state.price_of(market_id)
        self.given = self._give_leg(state, account_id, leg, part, insurance)
        taken = self.given[0][0]
        shares = self.given[0][1:]
        budget = state.price_of(market_id).budget_quanta + taken.insured_quanta
        recorded = part - taken.insured_quanta - taken.charged_quanta
        assert_known(
            theorem(
                sharing, "a part of a debt is insured, charged and recorded exactly, in this order"
            ),
            part=part,
            loss=leg.loss_quanta,
            budget=budget if worth else 0,
            worth=worth,
            insured=taken.insured_quanta,
            charged=taken.charged_quanta,
            recorded=recorded,
        )
        after = state.price_of(market_id)
        passed = sum(event.quanta_per_lot * event.size_lots for event in shares)
        missing = sum(event.recorded_quanta for event in shares)
        cash = after.pool_cash_quanta + self.given[1]
        assert cash == (
            before.pool_cash_quanta - leg.value_quanta - taken.charged_quanta - passed + missing
        )
        assert_known(
            theorem(sharing, "a takeover creates and loses nothing"),
            collateral=before.paid_quanta(size_lots) - leg.value_quanta - part,
            paid=before.paid_quanta(size_lots),
            value=leg.value_quanta,
            insured=taken.insured_quanta,
            charged=taken.charged_quanta,
            recorded=recorded,
        )


def test_debts_of_random_takeovers(monkeypatch: pytest.MonkeyPatch) -> None:
    watched = Watched(monkeypatch)
    for seed in range(8):
        for _ in RandomFailures(seed, 1 + seed % 4).batches(4):
            pass
    assert watched.n_debts > 4
    assert watched.n_parts > watched.n_debts


@pytest.mark.parametrize("seed", range(60))
def test_withdrawal_while_something_is_missing(seed: int) -> None:
    rng = random.Random(seed)
    custody, missing = 1 + scaled(rng, 62), scaled(rng, 62)
    amount = rng.choice((1, custody, custody + missing, rng.randrange(1, custody + missing + 1)))
    counters = Globals(custody_quanta=custody, recorded_deficit_quanta=missing)
    tx = Exchange(sign=False).withdrawal(2, amount)
    assert_known(
        theorem(sharing, "a withdrawal leaves the share of what is there as it was"),
        amount=amount,
        custody=custody,
        missing=missing,
        paid=withdraw._payable_quanta(counters, tx),
    )


@pytest.mark.parametrize("seed", range(20))
def test_income_of_insurance(seed: int) -> None:
    rng = random.Random(seed)
    state = Exchange(sign=False).state
    record_deficit(state, scaled(rng, 30))
    missing, income = state.globals.recorded_deficit_quanta, scaled(rng, 30)
    fund = state.account(FUND).collateral_quanta
    credit_insurance(state, income)
    repaid = missing - state.globals.recorded_deficit_quanta
    assert_known(
        theorem(sharing, "what insurance earns makes up what is missing first"),
        income=income,
        missing=missing,
        repaid=repaid,
        fund=fund,
    )
    assert state.account(FUND).collateral_quanta == fund + income - repaid


@pytest.mark.parametrize("seed", range(60))
def test_fee_of_a_reduction(seed: int) -> None:
    rng = random.Random(seed)
    equity, required = scaled(rng, 90), 1 + scaled(rng, 100)
    required_after = rng.randrange(required + 1)
    unpaid = equity * required_after // required + signed(rng, 40)
    whole = scaled(rng, 30)
    before = Margin(equity * PRICE_X16_ONE, 0, required)
    paid = capped_fee_quanta(
        before, Margin((unpaid - whole) * PRICE_X16_ONE, 0, required_after), whole
    )
    if paid is None:
        return
    for name in (
        "an accepted reduction keeps health, and pays no more than its fee",
        "no reduction leaves a debt where there was none",
    ):
        assert_known(
            theorem(margin, name),
            e=equity,
            q=required,
            e1=unpaid,
            q1=required_after,
            whole=whole,
            fee=paid,
        )
    if paid < whole:
        assert_known(
            theorem(margin, "a reduction pays its whole fee, or all that its health bears"),
            e=equity,
            q=required,
            e1=unpaid,
            q1=required_after,
            whole=whole,
            fee=paid,
        )


@pytest.mark.parametrize("seed", range(24))
def test_bid(seed: int) -> None:
    rng = random.Random(seed)
    side = rng.choice((BUY, SELL))
    exchange = auctioned(side, waited_ms=rng.randrange(60_000))
    exchange.refresh_prices()
    before = exchange.margin(2)
    part = discount_ppm(exchange.state.account(2), exchange.time_ms)
    fund = exchange.balance(FUND)
    result = exchange.bid(4, 2, share_x16=rng.randrange(1, 2**16 + 1))
    event, after = filled(result), exchange.margin(2)
    mark_x16 = exchange.state.mark_price_x16(0)
    value_x16 = event.taken[0].lots * mark_x16 * exchange.state.underlying_of(0).multiplier
    behind = div_floor(
        before.equity_x16 * (before.maintenance_x16_ppm - after.maintenance_x16_ppm),
        before.maintenance_x16_ppm * PRICE_X16_ONE,
    )
    rounding = event.price_quanta * PRICE_X16_ONE - value_x16
    given = event.discount_quanta * PRICE_X16_ONE
    assert_known(
        theorem(auctions, "a bid keeps health, and equity at zero or above"),
        equity=before.equity_x16,
        required=before.maintenance_x16_ppm,
        left=after.maintenance_x16_ppm,
        behind=behind * PRICE_X16_ONE,
        part=part,
        given=given,
        rounding=rounding,
    )
    assert after.equity_x16 == before.equity_x16 + rounding - given
    assert_known(
        theorem(auctions, "what a bid pays others get, and its fee is part of the discount"),
        price=event.price_quanta,
        given=event.discount_quanta,
        fee=event.fee_quanta,
        value_x16=value_x16,
    )
    assert exchange.balance(FUND) - fund == event.fee_quanta
    share_x16 = restoring_share_x16(before, part)
    for name in (
        "no bid needs more than all of a failing account",
        "the share of a bid that is enough restores initial margin",
    ):
        assert_known(
            theorem(auctions, name),
            e=before.equity_x16,
            i=before.initial_x16_ppm,
            d=part,
            share=share_x16,
        )


@pytest.mark.parametrize("seed", range(40))
def test_what_leaves_in_batches(seed: int) -> None:
    rng = random.Random(seed)
    share_ppm = rng.choice((1, 1_000, 100_000, PPM_ONE))
    before = Globals(custody_quanta=1 + scaled(rng, 60), time_ms=HOUR_MS)
    fallen = forgotten = passed_ms = 0
    # Of no batch is there more in custody than all deposits could make it.
    most = (before.custody_quanta + 12 * 2**40) * share_ppm
    for n_batches in range(12):
        elapsed_ms = rng.choice((0, 1, 1_000, HOUR_MS // 12))
        now_ms = before.time_ms + elapsed_ms
        product = before.custody_quanta * share_ppm
        limit = outflow_limit_quanta(before.custody_quanta, share_ppm)
        forgets = forgotten_quanta(before, 0, share_ppm, now_ms)
        free = max(limit - before.outflow_quanta + forgets, 0)
        change = max(rng.choice((-free, -free // 2, scaled(rng, 40))), -before.custody_quanta)
        moved = Globals(custody_quanta=before.custody_quanta + change, time_ms=now_ms)
        after = follow_outflows(before, moved, share_ppm)
        values = {
            "outflow": before.outflow_quanta,
            "fallen": -change,
            "product": product,
            "limit": limit,
            "forgotten": forgets,
            "outflow_after": after.outflow_quanta,
            "fallen_so_far": fallen,
            "forgotten_so_far": forgotten,
            "first_outflow": 0,
            "n_batches": n_batches,
            "most": most,
            "passed_ms": passed_ms,
            "elapsed_ms": elapsed_ms,
        }
        assert_known(
            theorem(outflow, "what has left of an asset is counted or forgotten"), **values
        )
        assert_known(
            theorem(outflow, "time forgets its share of custody, and a quantum a batch"), **values
        )
        fallen, forgotten, passed_ms = fallen - change, forgotten + forgets, passed_ms + elapsed_ms
        if change < 0:
            assert_known(
                theorem(outflow, "if custody falls no more leaves than was free"), **values
            )
            assert_known(
                theorem(outflow, "in an hour twice the share of an asset leaves at most"),
                fallen_so_far=fallen,
                forgotten_so_far=forgotten,
                outflow_after=after.outflow_quanta,
                first=0,
                limit=limit,
                most=most,
                n_batches=n_batches + 1,
                passed_ms=passed_ms,
            )
        before = after


@pytest.mark.parametrize("seed", range(40))
def test_what_comes_back(seed: int) -> None:
    rng = random.Random(seed)
    share_ppm, custody = rng.choice((1_000, 100_000, PPM_ONE)), 1 + scaled(rng, 50)
    limit = outflow_limit_quanta(custody, share_ppm)
    before = Globals(
        custody_quanta=custody, time_ms=HOUR_MS, outflow_quanta=rng.randrange(limit + 1)
    )
    came = rng.randrange(before.outflow_quanta + 1)
    leaves = rng.randrange(came + 1)
    now = follow_outflows(
        before, Globals(custody_quanta=custody + came, time_ms=HOUR_MS), share_ppm
    )
    assert_known(
        theorem(outflow, "what comes back may leave again"),
        outflow=before.outflow_quanta,
        fallen=-came,
        product=custody * share_ppm,
        limit=limit,
        forgotten=0,
        outflow_after=now.outflow_quanta,
        came=came,
        leaves=leaves,
        limit_after=outflow_limit_quanta(now.custody_quanta, share_ppm),
    )


@pytest.mark.parametrize("seed", range(20))
def test_what_the_sequencer_lets_leave(seed: int) -> None:
    rng = random.Random(seed)
    exchange = Exchange(sign=False)
    exchange.fund(2, amount_quanta=1 + scaled(rng, 50))
    exchange.set_outflow_share(share_ppm := rng.choice((1_000, 100_000, PPM_ONE)))
    exchange.seal()
    for _ in range(6):
        before, state = exchange.state.globals, exchange.state
        exchange.time_ms += rng.choice((0, 1, HOUR_MS // 10))
        if rng.random() < 0.5:
            exchange.fund(2, amount_quanta=1 + scaled(rng, 50))
        exchange.refresh_prices()
        came = state.globals.custody_quanta - before.custody_quanta
        limit = outflow_limit_quanta(before.custody_quanta, share_ppm)
        forgets = forgotten_quanta(before, 0, share_ppm, state.globals.time_ms)
        left = max(came + max(limit - before.outflow_quanta + forgets, 0), 0)
        check_outflow(state, 0, left)
        with pytest.raises(InvalidTransaction) as refused:
            check_outflow(state, 0, left + 1)
        assert refused.value.code is ErrorCode.OUTFLOW_LIMIT
        assert_known(
            theorem(outflow, "an accepted withdrawal can be sealed, whatever comes after it"),
            outflow=before.outflow_quanta,
            limit=limit,
            came=came,
            paid=left,
            deposits=0,
            forgotten=forgets,
            more_forgotten=0,
        )
        if paid := min(left, exchange.balance(2)):
            exchange.withdraw(2, paid)
        exchange.seal()


@pytest.mark.parametrize("seed", range(60))
def test_variance_that_is_forecast(seed: int) -> None:
    rng = random.Random(seed)
    variance = rng.choice((VARIANCE_BOUND - 1, rng.randrange(VARIANCE_BOUND)))
    returned, elapsed_ms = rng.randint(-100_000, 100_000), 1 + scaled(rng, 30)
    memory_ms = max(elapsed_ms, FORECAST_MEMORY_MS)
    squared = returned * returned * SECOND_MS
    averaged = div_floor(variance * (memory_ms - elapsed_ms) + squared, memory_ms)
    after = next_variance_ppm2(variance, returned, elapsed_ms)
    assert after == min(averaged, VARIANCE_BOUND - 1)
    assert_known(
        theorem(margin, "the variance that is forecast is an average, and has its bound"),
        variance=variance,
        squared=squared,
        elapsed=elapsed_ms,
        averaged=averaged,
    )
