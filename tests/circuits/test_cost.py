"""The sequencer's step budget: what the protocol charges is never less than what a run costs."""

import json
import random
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from circuits.loader import core_of, padded
from circuits.program import bytecode, n_core_words
from circuits.program_input import program_input
from novation.protocol.constants import (
    INSURANCE_ACCOUNT_ID,
    MAX_ASSETS,
    MAX_ORACLES,
    MAX_UNDERLYINGS,
)
from novation.protocol.cost import (
    LOADER_STEPS,
    ORDER_LEAF_STEPS,
    OUTFLOW_STEPS,
    PROGRAM_PERMUTATIONS,
    REST_STEPS,
    SET_PARAMETER_STEPS,
    SIGNATURE_STEPS,
    empty_batch_steps,
)
from novation.protocol.errors import BatchFull
from novation.protocol.parameters import oracle_rule_word
from novation.protocol.sealing import SealedBatch
from novation.protocol.transactions import ParameterKind, SetParameter
from novation.protocol.transition import apply_transaction
from prover.cost import LOADER, steps_by_function
from prover.runner import execute_only, run_batch, run_program
from sequencer.l1_cost import PERMUTATION_STEPS, padded_steps
from tests.support.builders import (
    ONE_DOLLAR,
    oracle_private_key,
    oracle_report,
    oracle_update,
    parameters,
    public_key,
    underlying,
)
from tests.support.exchange import BUY, SELL, Exchange
from tests.support.random_batches import RandomTrading

LAYOUT = Path(__file__).parents[2] / "circuits" / "cairo_air" / "layout.json"
# Every step has four 16-bit cells and uses three; the values between the least and the greatest
# one of a run, 2^16 at most, must fit the rest.
SPAN_STEPS = 1 << 16


class Charged:
    """Adds up the charges of the transactions that an exchange accepts."""

    def __init__(self, exchange: Exchange) -> None:
        self.exchange = exchange
        self.steps = empty_batch_steps(len(exchange.state.underlyings))
        self._apply = exchange.apply
        exchange.apply = self.apply  # type: ignore[method-assign]

    def apply(self, tx: Any) -> Any:
        result = self._apply(tx)
        self.steps += result.cost_steps
        return result

    def take(self) -> int:
        """Return the charge of the batch, and start the next."""
        steps, self.steps = self.steps, empty_batch_steps(len(self.exchange.state.underlyings))
        return steps


def assert_covered(sealed: SealedBatch, charged_steps: int) -> None:
    """The run fits the charge, and its padding the next power of two."""
    run = run_batch(sealed.witness)
    assert run.execution.n_steps <= charged_steps
    limit = 1 << (charged_steps + SPAN_STEPS - 1).bit_length()
    assert run.provable.n_steps <= limit, (run.provable.n_steps, charged_steps)


@pytest.mark.parametrize(("seed", "n_markets"), [(1, 1), (2, 2), (3, 5), (4, 16)])
def test_charged_steps_are_an_upper_bound_of_the_run(seed: int, n_markets: int) -> None:
    trading = RandomTrading(seed, parameters(n_markets))
    charged = Charged(trading.exchange)
    for n_transactions in (1, 12, 70):
        sealed = trading.batch(n_transactions)
        assert_covered(sealed, charged.take())


def withdrawals(exchange: Exchange) -> None:
    for _ in range(300):
        exchange.withdraw(2, 1)


def deposits(exchange: Exchange) -> None:
    for _ in range(600):
        exchange.fund(2, amount_quanta=1)


def withdrawals_of_assets(exchange: Exchange) -> None:
    for asset_id in range(1, MAX_ASSETS):
        exchange.apply(exchange.deposit(2, 1_000, asset_id))
    for asset_id in range(1, MAX_ASSETS):
        for _ in range(50):
            exchange.withdraw(2, 1, asset_id)


def deposits_of_assets(exchange: Exchange) -> None:
    for i in range(600):
        exchange.apply(exchange.deposit(2, 1, 1 + i % (MAX_ASSETS - 1)))


def holders(exchange: Exchange) -> None:
    """Open many leaves with everything in them."""
    for account_id in range(2, 100):
        for asset_id in (1, 4, 7):
            exchange.apply(exchange.deposit(account_id, 1, asset_id))


def cancellations(exchange: Exchange) -> None:
    for order_id in range(1, 151):
        exchange.place(2, BUY, 1, 990)
        exchange.cancel(2, order_id)


def quotes(exchange: Exchange) -> None:
    for i in range(60):
        exchange.quote(2, *([(BUY, 1, 990 - i)] * (1 + 15 * (i % 2))), cancels_first=True)


def price_updates(exchange: Exchange) -> None:
    for _ in range(40):
        exchange.time_ms += 1
        reports = [
            oracle_report(exchange.config, index, exchange.time_ms, (1000 << 16,))
            for index in range(MAX_ORACLES)
        ]
        exchange.apply(oracle_update(tuple(reports)))


def new_terms(exchange: Exchange) -> None:
    for fee_ppm in range(100):
        exchange.set_underlying(0, underlying(maker_fee_ppm=fee_ppm))


def new_underlyings(exchange: Exchange) -> None:
    for index in range(1, MAX_UNDERLYINGS):
        exchange.set_underlying(index, underlying(multiplier=100))
    for _ in range(100):
        exchange.set_underlying(MAX_UNDERLYINGS - 1, underlying(multiplier=100))
    exchange.set_price(1000)
    for market_id in range(1, MAX_UNDERLYINGS):
        exchange.list_market(market_id)


def new_oracles(exchange: Exchange) -> None:
    for _ in range(100):
        exchange.apply(SetParameter(ParameterKind.ORACLE_KEY, MAX_ORACLES - 1, 5))
        exchange.apply(SetParameter(ParameterKind.ORACLE_RULE, 0, oracle_rule_word(1, 1)))


ONE_KIND = [
    withdrawals,
    deposits,
    withdrawals_of_assets,
    deposits_of_assets,
    holders,
    cancellations,
    quotes,
    price_updates,
    new_terms,
    new_underlyings,
    new_oracles,
]


@pytest.mark.parametrize("act", ONE_KIND)
def test_charge_when_a_batch_has_one_kind_only_then_covers_its_padding(
    act: Callable[[Exchange], None],
) -> None:
    """As many signatures, hashes and range checks as there can be for few steps."""
    keys = tuple(public_key(oracle_private_key(index)) for index in range(MAX_ORACLES))
    exchange = Exchange(replace(parameters(1), oracle_keys=keys))
    exchange.fund(2)
    exchange.seal()
    charged = Charged(exchange)
    act(exchange)
    assert_covered(exchange.seal(), charged.take())


def test_charge_when_an_order_is_born_and_gone_then_its_leaf_is_given_back() -> None:
    """A batch of quotes that take the place of each other has room for as many as it can prove."""
    exchange = Exchange(parameters(1))
    exchange.fund(2, 3)
    exchange.place(3, BUY, 1, 980)
    exchange.seal()
    exchange.refresh_prices()
    charged = Charged(exchange)
    exchange.place(2, BUY, 1, 990)
    assert exchange.cancel(2, 2).cost_steps == SIGNATURE_STEPS - ORDER_LEAF_STEPS
    # An old one has its leaf to be opened, and keeps what that cost.
    assert exchange.cancel(3, 1).cost_steps > ORDER_LEAF_STEPS
    for _ in range(20):
        exchange.quote(2, *([(BUY, 1, 990)] * 16), cancels_first=True)
    assert exchange.state.batch is not None
    assert exchange.state.batch.n_born == 16
    steps = charged.take()
    sealed = exchange.seal()
    assert run_batch(sealed.witness).execution.n_steps <= steps
    assert steps < empty_batch_steps(1) + 20 * 7_000 + 20_000


def run_with(n_underlyings: int, n_oracles: int, *acts: SetParameter) -> tuple[int, int]:
    """Return the measured and the charged steps of a batch that only sets parameters."""
    keys = tuple(public_key(oracle_private_key(index)) for index in range(n_oracles))
    exchange = Exchange(replace(parameters(n_underlyings), oracle_keys=keys))
    charged = Charged(exchange)
    for tx in acts:
        exchange.apply(tx)
    return run_batch(exchange.seal().witness).execution.n_steps, charged.take()


@pytest.mark.parametrize("n_before", [2, 8, 15])
@pytest.mark.parametrize("kind", [ParameterKind.UNDERLYING, ParameterKind.ORACLE_KEY])
def test_charge_when_a_parameter_is_appended_then_covers_that_alone(
    kind: ParameterKind, n_before: int
) -> None:
    """Nothing beside it lends it steps: an append costs more than a change, and grows."""
    change = SetParameter(ParameterKind.ORACLE_KEY, 0, 5)
    is_underlying = kind is ParameterKind.UNDERLYING
    word = underlying(multiplier=100).word() if is_underlying else 7
    sizes = (n_before, MAX_ORACLES) if is_underlying else (1, n_before)
    steps, charged = run_with(*sizes, change)
    more_steps, more_charged = run_with(*sizes, change, SetParameter(kind, n_before, word))
    assert more_steps - steps <= more_charged - charged


def updates_cost(n_underlyings: int, n_reports: int, n_updates: int) -> tuple[int, int]:
    """Return the measured and the charged steps of a batch of oracle updates."""
    keys = tuple(public_key(oracle_private_key(index)) for index in range(n_reports))
    first = replace(parameters(n_underlyings), oracle_keys=keys, oracle_quorum=1)
    exchange = Exchange(first, price_ticks=0)
    charged, rng = Charged(exchange), random.Random(n_underlyings)
    for _ in range(n_updates):
        exchange.time_ms += 1
        reports = []
        for index in range(n_reports):
            prices_x16 = tuple(rng.randrange(1, 2**40) for _ in range(n_underlyings))
            report = oracle_report(exchange.config, index, exchange.time_ms, prices_x16)
            reports.append(report)
        exchange.apply(oracle_update(tuple(reports), quorum=1))
    sealed, charged_steps = exchange.seal(), charged.take()
    assert_covered(sealed, charged_steps)
    return run_batch(sealed.witness).execution.n_steps, charged_steps


@pytest.mark.parametrize(
    ("n_underlyings", "n_reports"), [(1, 1), (4, 1), (8, 2), (16, 1), (16, 3), (16, 16)]
)
def test_charge_when_prices_are_updated_then_covers_that_alone(
    n_underlyings: int, n_reports: int
) -> None:
    """Few reports on many prices: the table of prices is most of the work."""
    steps, charged = updates_cost(n_underlyings, n_reports, 1)
    more_steps, more_charged = updates_cost(n_underlyings, n_reports, 9)
    assert more_steps - steps <= more_charged - charged


@pytest.mark.parametrize("n_underlyings", [1, 16])
def test_charge_when_gaps_are_insured_then_covers_the_first_minute_of_a_day(
    n_underlyings: int,
) -> None:
    """The fund is looked at for each market, and each row divides."""
    exchange = Exchange(parameters(n_underlyings))
    exchange.fund(INSURANCE_ACCOUNT_ID)
    for index in range(n_underlyings):
        exchange.set_limits(index, gap_ppm=300_000, gap_budgets=1)
    exchange.seal()
    charged = Charged(exchange)
    exchange.refresh_prices()
    before = run_batch(exchange.seal().witness).execution.n_steps
    charged_before = charged.take()
    exchange.end_minute()
    sealed = exchange.seal()
    steps = run_batch(sealed.witness).execution.n_steps
    assert steps - before <= charged.take() - charged_before


def test_signature_steps_when_compared_with_the_layout_then_equal() -> None:
    layout = json.loads(LAYOUT.read_text())
    rows_per_step = 16 * layout["cpu_component_step"]
    assert SIGNATURE_STEPS * rows_per_step == layout["ecdsa_builtin_row_ratio"]


@pytest.mark.parametrize("has_rest", [False, True])
def test_steps_of_the_loader_are_within_their_charge(*, has_rest: bool) -> None:
    exchange = Exchange(parameters(1))
    exchange.seal()
    exchange.fund(2)
    if has_rest:
        exchange.set_underlying(0, underlying(maker_fee_ppm=1))
    charge = LOADER_STEPS + (REST_STEPS if has_rest else 0)
    run = run_program(program_input(exchange.seal().witness))
    steps = steps_by_function(run)
    assert 0 < steps[LOADER] <= charge
    assert sum(steps.values()) == run.n_steps - 1
    # Its permutations are covered by the room that the padding leaves to the span of values.
    words = padded(bytecode()) if has_rest else core_of(bytecode(), n_core_words())
    n_permutations = len(words) // 2 + 1
    assert n_permutations * PERMUTATION_STEPS <= charge + SPAN_STEPS
    assert n_permutations <= PROGRAM_PERMUTATIONS


@pytest.mark.parametrize("has_rest", [False, True])
def test_trace_of_a_small_batch_then_not_longer_than_its_room_on_l1_assumes(
    *, has_rest: bool
) -> None:
    exchange = Exchange(parameters(1))
    deposit = exchange.deposit(2, ONE_DOLLAR)
    steps = empty_batch_steps(1) + exchange.apply(deposit).cost_steps
    if has_rest:
        steps += exchange.set_underlying(0, underlying(maker_fee_ppm=1)).cost_steps
    run = run_batch(exchange.seal().witness)
    assert run.provable.n_steps <= 1 << (padded_steps(steps) - 1).bit_length()


def test_charge_of_the_rest_when_several_need_it_then_only_the_first_of_a_batch_has_it() -> None:
    exchange = Exchange(parameters(1))
    exchange.seal()
    acts = [underlying(maker_fee_ppm=fee_ppm) for fee_ppm in (1, 2)]
    charges = [exchange.set_underlying(0, act).cost_steps for act in acts]
    assert charges == [REST_STEPS + SET_PARAMETER_STEPS, SET_PARAMETER_STEPS]
    exchange.seal()
    assert exchange.set_underlying(0, acts[0]).cost_steps == charges[0]


def test_charge_of_the_rest_when_it_does_not_fit_then_the_next_pays_it() -> None:
    exchange = Exchange(parameters(1))
    exchange.seal()
    tx = SetParameter(ParameterKind.ORACLE_KEY, 0, 5)
    assert exchange.state.batch is not None
    with pytest.raises(BatchFull):
        apply_transaction(exchange.state, tx, exchange.time_ms, steps_limit=REST_STEPS)
    assert not exchange.state.batch.has_rest
    assert exchange.apply(tx).cost_steps > REST_STEPS
    assert exchange.state.batch.has_rest


def failing_world(n_markets: int, legs: int, fund_quanta: int) -> Exchange:
    """Return an exchange whose account 2 is long in some markets, with all it has."""
    exchange = Exchange(parameters(n_markets))
    exchange.fund(3, amount_quanta=10**7 * ONE_DOLLAR)
    exchange.fund(2, amount_quanta=101 * legs * ONE_DOLLAR)
    if fund_quanta:
        exchange.fund(INSURANCE_ACCOUNT_ID, amount_quanta=fund_quanta)
    for market_id in range(legs):
        lots = 1_200_000 // exchange.state.underlying_of(market_id).multiplier
        exchange.place(3, SELL, lots, 1000, market_id=market_id)
        exchange.place(2, BUY, lots, 1000, market_id=market_id)
    exchange.seal()
    return exchange


@pytest.mark.parametrize("fund_quanta", [0, 10**6 * ONE_DOLLAR])
@pytest.mark.parametrize("price_ticks", [850, 930])
@pytest.mark.parametrize(("n_markets", "legs"), [(1, 1), (16, 1), (16, 16)])
def test_charge_of_a_takeover_and_of_pools_then_covers_them_alone(
    n_markets: int, legs: int, price_ticks: int, fund_quanta: int
) -> None:
    """Those of pools with a debt and without, and of insurance; then what an update costs."""
    runs = []
    for is_taken in (False, True):
        exchange = failing_world(n_markets, legs, fund_quanta)
        exchange.jump(price_ticks)
        if is_taken:
            exchange.take_over(2)
        charged = exchange.charged_steps
        runs.append((execute_only(exchange.seal().witness).n_steps, charged))
        exchange.jump(price_ticks - 1)
        charged = exchange.charged_steps
        runs.append((execute_only(exchange.seal().witness).n_steps, charged))
    for (plain, plain_charged), (taken, taken_charged) in zip(runs[:2], runs[2:], strict=True):
        assert taken - plain <= taken_charged - plain_charged


@pytest.mark.parametrize(("n_assets", "least_steps"), [(1, 0), (8, 1_000)])
def test_charge_of_outflows_when_every_asset_moves_then_covers_them(
    n_assets: int, least_steps: int
) -> None:
    def steps(share_ppm: int) -> int:
        exchange = Exchange(parameters(1))
        for asset_id in range(n_assets):
            exchange.apply(exchange.deposit(2, 10**9, asset_id))
        exchange.set_outflow_share(share_ppm)
        exchange.seal()
        for asset_id in range(n_assets):
            exchange.withdraw(2, 5, asset_id)
        return run_program(program_input(exchange.seal().witness)).n_steps

    added_steps = steps(100_000) - steps(0)
    assert least_steps <= added_steps <= OUTFLOW_STEPS


@pytest.mark.parametrize("fund_quanta", [0, 10**6 * ONE_DOLLAR])
@pytest.mark.parametrize(("n_markets", "legs"), [(1, 1), (16, 1), (16, 16)])
@pytest.mark.parametrize("n_makers", [1, 18])
def test_charge_of_what_is_unwound_then_covers_it_alone(
    n_markets: int, legs: int, n_makers: int, fund_quanta: int
) -> None:
    """By a pool, or by the insurance fund with all its positions, and one maker or the most."""
    runs = []
    for is_unwound in (False, True):
        exchange = failing_world(n_markets, legs, fund_quanta)
        exchange.jump(930)
        exchange.take_over(2)
        exchange.settle()
        exchange.fund(*range(4, 4 + n_makers), amount_quanta=10**6 * ONE_DOLLAR)
        for account_id in range(4, 4 + n_makers):
            exchange.place(account_id, BUY, 10, 1000)
        exchange.seal()
        # The leaves of what it opens are charged in both.
        for account_id in range(4, 4 + n_makers):
            exchange.place(account_id, BUY, 1, 900)
        exchange.fund(INSURANCE_ACCOUNT_ID, amount_quanta=1)
        exchange.place(3, BUY, 1, 900)
        if is_unwound:
            exchange.unwind()
        charged = exchange.charged_steps
        runs.append((execute_only(exchange.seal().witness).n_steps, charged))
    (plain, plain_charged), (unwound, unwound_charged) = runs
    assert unwound - plain <= unwound_charged - plain_charged
