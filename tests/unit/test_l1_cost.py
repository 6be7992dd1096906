"""The batcher's figures for L1 are upper bounds, and no batch grows beyond its transaction."""

import random
from collections.abc import Iterable
from dataclasses import replace
from functools import partial

import pytest
from eth_account import Account
from hypothesis import given, settings
from hypothesis import strategies as st

from devnet.batch_policy import batch_policy, proofs_on_l1
from devnet.errors import UserError
from novation.protocol import cost
from novation.protocol.assets import AMOUNT_WORDS
from novation.protocol.constants import (
    FUNDING_SUM_BOUND,
    MAX_KEYS,
    MAX_MAKERS_PER_ORDER,
    MAX_MARKETS,
    MAX_POSITIONS,
    MAX_QUOTES,
    MAX_UNDERLYINGS,
)
from novation.protocol.cost import empty_batch_steps, most_slots
from novation.protocol.errors import BatchFull, OutputFull
from novation.protocol.markets import Market
from novation.protocol.orders import (
    RestingOrder,
    SelfTradeMode,
    SelfTradeScope,
    TimeInForce,
    Trigger,
    TriggerDirection,
)
from novation.protocol.output import MarketRecord, OrderRecord, market_felts, order_felts
from novation.protocol.rules.mass_quote import MOST_CLEARED
from novation.protocol.sealing import SealedBatch, seal_batch
from novation.protocol.state import State
from novation.protocol.transactions import (
    ListMarket,
    OracleReport,
    ParameterKind,
    SetParameter,
    Transaction,
)
from novation.protocol.transition import apply_transaction, open_batch
from prover.calldata import (
    OUTPUT_OFFSET,
    _count_siblings,
    derivable_cells,
    encode_update_state,
)
from prover.l1_layout import MASK_VALUE_INDEX, N_COLUMNS
from prover.profiles import PROFILES, Profile, fri_step_list
from prover.proof_size import max_proof_bytes
from sequencer.batcher import BatchMeter
from sequencer.config import PROOFS_ON_L1, BatchPolicy
from sequencer.l1_cost import (
    CALL_BYTES,
    ENVELOPE_BYTES,
    MARKET_COST,
    MAX_TRANSACTION_BYTES,
    MAX_TRANSACTION_GAS,
    ORDER_BYTES,
    STATEMENT_BYTES,
    empty_batch_cost,
    order_cost,
    order_steps_at_most,
    padded_steps,
    quoting_cost,
    take_over_cost,
    touched_cost,
    worst_transaction_cost,
)
from tests.support.builders import ONE_DOLLAR, oracle_update, parameters, underlying
from tests.support.exchange import BUY, SELL, Exchange
from tests.support.output_cost import output_cost
from tests.support.random_batches import RandomTrading
from tests.support.random_failures import RandomFailures

L1_PROFILES = [profile for profile in PROFILES.values() if profile.fits_l1]


def proof_bytes(profile: Profile, log_steps: int, queries: list[int]) -> int:
    """Count a proof's bytes table by table, as `prover.calldata` repacks it."""
    steps = fri_step_list(1 << log_steps)[1:]
    log_domain = log_steps + 4 + profile.log_blowup
    size = 5 + len(steps) + 3 * 24 + (max_mask() + 2) * 32 + len(steps) * 24 + 64 * 32 + 8
    known = sorted(set(queries))
    for columns in (*N_COLUMNS, 2):
        size += len(known) * columns * 32
        leaves, height = set(known), log_domain
        if columns == 1:
            size += sum(query ^ 1 not in leaves for query in leaves) * 32
            leaves, height = {query >> 1 for query in known}, log_domain - 1
        size += _count_siblings(leaves, height) * 24
    indices = set(known)
    for layer, step in enumerate(steps, 1):
        cosets = {index >> step for index in indices}
        log_domain -= step
        size += (len(cosets) * (1 << step) - len(indices)) * 32
        if layer == len(steps):
            size -= len(derivable_cells(indices, step)) * 32
        size += _count_siblings(cosets, log_domain) * 24
        indices = cosets
    return size


def max_mask() -> int:
    return max(MASK_VALUE_INDEX) + 1


@pytest.mark.parametrize("profile", PROFILES.values(), ids=lambda profile: profile.name)
@pytest.mark.parametrize("log_steps", [16, 17, 18, 20])
def test_proof_size_when_queries_are_random_then_below_the_bound_and_near_it(
    profile: Profile, log_steps: int
) -> None:
    rng = random.Random(f"{profile.name}/{log_steps}")
    log_domain = log_steps + 4 + profile.log_blowup
    sizes = [
        proof_bytes(
            profile, log_steps, [rng.getrandbits(log_domain) for _ in range(profile.n_queries)]
        )
        for _ in range(50)
    ]
    bound = max_proof_bytes(profile, log_steps)
    assert max(sizes) <= bound < 1.06 * max(sizes)
    # Queries that lie as far apart as they can reach the bound, or come near it.
    spacing = (1 << log_domain) // profile.n_queries
    spread = [i * spacing for i in range(profile.n_queries)]
    assert 0.97 * bound < proof_bytes(profile, log_steps, spread) <= bound


def test_default_proofs_are_not_smaller_than_those_of_any_profile_for_l1() -> None:
    for profile in L1_PROFILES:
        for default, actual in zip(PROOFS_ON_L1, proofs_on_l1(profile), strict=False):
            assert default.log_steps == actual.log_steps
            assert default.n_bytes >= actual.n_bytes, f"raise PROOFS_ON_L1 for {profile.name}"
            assert default.gas >= actual.gas, f"raise PROOFS_ON_L1 for {profile.name}"


def test_envelope_when_every_field_is_at_its_longest_then_within_the_bound() -> None:
    call = encode_update_state(b"\xff" * 20_001, b"\xff" * 100_001)
    assert len(call) - 120_002 <= CALL_BYTES
    signed = Account.from_key("0x" + "11" * 32).sign_transaction(
        {
            "type": 2,
            "chainId": 2**64 - 1,
            "to": "0x" + "11" * 20,
            "data": call,
            "value": 0,
            "nonce": 2**64 - 2,
            "gas": MAX_TRANSACTION_GAS,
            "maxFeePerGas": 2**128 - 1,
            "maxPriorityFeePerGas": 2**128 - 1,
        }
    )
    assert len(signed.raw_transaction) - len(call) <= ENVELOPE_BYTES
    assert OUTPUT_OFFSET == STATEMENT_BYTES


def test_order_when_every_field_of_its_records_is_at_its_longest_then_within_the_bound() -> None:
    ids, ticks = 2**48 - 1, 2**32 - 1
    market = Market(
        15,
        ids,
        255,
        ids,
        *(ids, ticks) * 2,
        FUNDING_SUM_BOUND - 1,
        2**19 - 1,
        2**27 - 1,
        *(2**26 - 1, ids, ids),
        *(ids, ticks) * 2,
        ids,
    )
    longest = output_cost(market_felts(MarketRecord(MAX_MARKETS - 1, market)))
    assert longest == MARKET_COST
    lots = 2**32 - 1
    resting = RestingOrder(
        ids,
        lots,
        MAX_MARKETS - 1,
        SELL,
        True,
        lots,
        ticks,
        ids,
        2**20 - 1,
        7,
        2**61 - 1,
        MAX_QUOTES - 1,
        ids,
        ticks,
        Trigger(
            ticks,
            TriggerDirection.RISE,
            TimeInForce.IOC,
            SelfTradeMode.DECREMENT,
            SelfTradeScope.OWNER,
        ),
    )
    orders = 2 * output_cost(order_felts(OrderRecord(2**24 - 1, resting))).n_bytes
    own = touched_cost(1, 0, 0).n_bytes
    assert order_cost(0, 0).n_bytes == own + 2 * ORDER_BYTES + longest.n_bytes
    assert order_cost(0, 0).n_bytes >= own + orders + longest.n_bytes


class Filler:
    """Applies transactions and asks the meter, as the engine does, until the batch is full."""

    def __init__(self, n_markets: int, policy: BatchPolicy) -> None:
        self.exchange = Exchange(parameters(n_markets), sign=False)
        self.policy = policy
        self.meter = BatchMeter(policy, n_markets)
        # Whether the engine's check before each transaction is made, too.
        self.is_exact = False

    def start(self) -> None:
        """Put what was done so far into a batch of its own."""
        self.exchange.seal()
        self.meter.reset()

    def take(self, tx: Transaction) -> bool:
        """Apply a transaction unless it has no room; return whether more may come."""
        ex = self.exchange
        try:
            result = apply_transaction(
                ex.state,
                tx,
                ex.time_ms,
                verify_signature=False,
                steps_limit=self.meter.steps_left(),
                check_room=partial(self.meter.check_room, ex.state, tx) if self.is_exact else None,
            )
        except BatchFull:
            return False
        self.meter.add(1, ex.time_ms, tx, result.cost_steps, result)
        self.meter.grow(len(ex.state.underlyings))
        return not self.meter.is_full(ex.state)

    def check(self) -> tuple[int, int]:
        """Seal; the transaction must have room, with the largest proof. Return bytes and felts."""
        output = seal_batch(self.exchange.state).output
        n_bytes = output_cost(output).n_bytes
        assert n_bytes <= self.policy.room_for(self.meter.cost_steps).n_bytes
        n_steps = padded_steps(self.meter.cost_steps)
        proof = next(p for p in self.policy.proofs if 1 << p.log_steps >= n_steps)
        whole = n_bytes + proof.n_bytes + CALL_BYTES + STATEMENT_BYTES + ENVELOPE_BYTES
        assert whole <= MAX_TRANSACTION_BYTES
        return n_bytes, len(output)


def funded(n_accounts: int, n_markets: int, policy: BatchPolicy, *, slots: int = 0) -> Filler:
    """Return an exchange with accounts that have a position in each of `slots` markets."""
    filler = Filler(n_markets, policy)
    ids = range(2, 2 + n_accounts)
    filler.exchange.fund(*ids)
    for market_id in range(slots):
        for account_id in ids[::2]:
            filler.exchange.place(account_id, SELL, 1, 1000, market_id=market_id)
            filler.exchange.place(account_id + 1, BUY, 1, 1000, market_id=market_id)
    filler.start()
    return filler


@pytest.mark.parametrize("profile", [profile.name for profile in L1_PROFILES])
@pytest.mark.parametrize(("n_markets", "steps"), [(2, 200_000), (8, 200_000)])
def test_deposits_to_accounts_with_all_slots_when_the_batch_is_full_then_it_fits(
    profile: str, n_markets: int, steps: int
) -> None:
    filler = funded(200, n_markets, batch_policy(profile, steps, 1, n_markets), slots=n_markets)
    for account_id in range(2, 202):
        if not filler.take(filler.exchange.deposit(account_id, ONE_DOLLAR)):
            break
    else:
        pytest.fail("the batch was never full")
    filler.check()


def test_deposits_with_default_policies_when_steps_are_many_then_it_fits_as_well() -> None:
    filler = funded(320, 8, BatchPolicy(max_cost_steps=400_000), slots=8)
    for account_id in range(2, 322):
        if not filler.take(filler.exchange.deposit(account_id, ONE_DOLLAR)):
            break
    n_bytes, _ = filler.check()
    assert n_bytes > 10_000


def test_withdrawals_when_many_then_gas_fits() -> None:
    policy = replace(batch_policy("cheap-l1", 1 << 19, 1, 2), max_transactions=10_000)
    filler = funded(700, 2, policy)
    ex, count = filler.exchange, 0
    for account_id in range(2, 702):
        count += 1
        if not filler.take(ex.withdrawal(account_id, 1)):
            break
    assert filler.meter.output_cost.gas <= policy.room_for(filler.meter.cost_steps).gas
    filler.check()
    assert count > 100


def test_trades_when_the_batch_is_full_then_most_of_the_room_is_used() -> None:
    policy = replace(batch_policy("balanced", 1 << 18, 1, 2), max_cost_steps=10**6)
    filler = funded(400, 2, policy)
    ex = filler.exchange
    for account_id in range(2, 402, 2):
        sell = ex.order(account_id, SELL, 1, 1000)
        buy = ex.order(account_id + 1, BUY, 1, 1000)
        if not (filler.take(sell) and filler.take(buy)):
            break
    filler.check()


def test_repeated_trades_of_two_accounts_when_many_then_the_batch_is_not_cut_short() -> None:
    filler = funded(2, 2, replace(batch_policy("balanced", 1 << 18, 1, 2), max_cost_steps=250_000))
    ex, n_trades = filler.exchange, 0
    while filler.take(ex.order(2, SELL, 1, 1000)) and filler.take(ex.order(3, BUY, 1, 1000)):
        n_trades += 1
    # The steps are the limit, not the counted bytes of the same two accounts.
    assert filler.meter.cost_steps > 245_000
    filler.check()


def test_order_that_meets_many_makers_when_it_has_no_room_then_refused_without_a_trace() -> None:
    policy = batch_policy("balanced", 1 << 18, 1, 8)
    filler = funded(240, 8, policy, slots=8)
    ex, filler.is_exact = filler.exchange, True
    n_makers = MAX_MAKERS_PER_ORDER
    for account_id in range(2, 2 + n_makers):
        ex.place(account_id, SELL, 1, 1000)
    filler.start()
    for account_id in range(40, 240):
        if not filler.take(ex.deposit(account_id, ONE_DOLLAR)):
            break
    sweep = ex.order(34, BUY, n_makers, 1000)
    with pytest.raises(OutputFull):
        apply_transaction(
            ex.state,
            sweep,
            ex.time_ms,
            verify_signature=False,
            check_room=partial(filler.meter.check_room, ex.state, sweep),
        )
    assert ex.size(34) == ex.size(34, 1)
    # In a batch of its own it has room, whatever the policy.
    filler.check()
    open_batch(ex.state)
    filler.meter.reset()
    filler.take(sweep)
    assert ex.size(34) == ex.size(34, 1) + n_makers
    filler.check()


def add_market(filler: Filler, rng: random.Random) -> None:
    """Let L1's owner add an underlying; it has a price and is listed at once, or not yet."""
    ex = filler.exchange
    index = len(ex.state.underlyings)
    if index == MAX_UNDERLYINGS:
        return
    terms = underlying(symbol=f"U{index}", multiplier=100)
    filler.take(SetParameter(ParameterKind.UNDERLYING, index, terms.word()))
    if rng.random() < 0.7:
        ex.time_ms += 1
        price_x16 = 1000 << 16
        reports = tuple(OracleReport(i, ex.time_ms, (price_x16,) * (index + 1)) for i in (0, 1))
        filler.take(oracle_update(reports))
        for market_id in range(index + 1):
            if market_id not in ex.state.markets:
                filler.take(ListMarket(market_id))


@given(st.integers(0, 2**31))
def test_meter_when_transactions_are_random_then_never_below_the_exact_size(seed: int) -> None:
    rng = random.Random(seed)
    filler = funded(6, 3, BatchPolicy(max_cost_steps=10**6))
    ex = filler.exchange
    for _ in range(rng.randrange(1, 40)):
        account_id = rng.randrange(2, 8)
        kind = rng.random()
        if kind < 0.1:
            add_market(filler, rng)
        elif kind < 0.3:
            filler.take(ex.deposit(account_id, rng.randrange(1, ONE_DOLLAR)))
        else:
            side, price = rng.choice([BUY, SELL]), rng.randrange(980, 1020)
            order = ex.order(account_id, side, rng.randrange(1, 9), price)
            filler.take(replace(order, market_id=rng.choice(list(ex.state.markets))))
        counted = filler.meter.output_cost
        filler.meter._recount(ex.state)
        exact = filler.meter.output_cost
        assert counted.n_bytes >= exact.n_bytes
        assert counted.gas >= exact.gas
        if rng.random() < 0.5:
            filler.meter.output_cost = counted
    if filler.meter.n_transactions:
        filler.meter._recount(ex.state)
        bound = filler.meter.output_cost
        n_bytes, n_felts = filler.check()
        assert n_bytes <= bound.n_bytes
        assert output_cost([0] * n_felts).gas <= bound.gas


@given(st.integers(0, 2**31))
@settings(max_examples=5)
def test_meter_when_batches_are_random_then_never_below_the_exact_size(seed: int) -> None:
    """Of whatever may happen, takeovers and pools among it."""
    failures = RandomFailures(seed, 3)
    check_metered(failures.exchange, failures.batches(2))
    trading = RandomTrading(seed, parameters(3), sign=False)
    check_metered(trading.exchange, (trading.batch(40) for _ in range(2)))


def check_metered(exchange: Exchange, batches: Iterable[SealedBatch]) -> None:
    """Apply batches again, counting; no transaction adds more than was counted for it."""
    state = State.genesis(exchange.config, exchange.genesis)
    for sealed in batches:
        open_batch(state)
        meter = BatchMeter(BatchPolicy(max_cost_steps=10**7), len(state.underlyings))
        for entry in sealed.witness.entries:
            result = apply_transaction(
                state, entry.transaction, entry.time_ms, verify_signature=False
            )
            meter.add(1, entry.time_ms, entry.transaction, result.cost_steps, result)
            meter.grow(len(state.underlyings))
            counted = meter.output_cost
            meter._recount(state)
            assert counted.n_bytes >= meter.output_cost.n_bytes, entry.transaction
            assert counted.gas >= meter.output_cost.gas, entry.transaction
        seal_batch(state)


@pytest.mark.parametrize(
    ("profile", "steps", "n_markets", "words"),
    [
        ("fast", 200_000, 2, "no number of steps fits"),
        ("balanced", 1 << 20, 8, r"takes up to 125771 bytes .* at most 524288 steps fit"),
        ("balanced", 1 << 30, 2, "takes more than a transaction has"),
        ("cheap-l1", 1 << 24, 300, "leaves .* bytes and .* an order can need"),
    ],
)
def test_policy_when_it_does_not_fit_the_profile_then_refused_with_numbers(
    profile: str, steps: int, n_markets: int, words: str
) -> None:
    with pytest.raises(UserError, match=words):
        batch_policy(profile, steps, 1, n_markets)


def test_worst_transaction_when_compared_with_every_room_that_is_taken_then_it_fits() -> None:
    for profile in L1_PROFILES:
        policy = batch_policy(profile.name, 200_000, 1, 16)
        needed = empty_batch_cost(16).plus(worst_transaction_cost(16))
        assert needed.fits(policy.room_for(200_000))


@pytest.mark.parametrize("n_markets", [1, 2, MAX_UNDERLYINGS])
def test_takeover_when_it_touches_most_then_less_than_an_order_that_meets_most(
    n_markets: int,
) -> None:
    added = take_over_cost(n_markets, 2 * most_slots(n_markets))
    worst = worst_transaction_cost(n_markets)
    assert (added.n_bytes <= worst.n_bytes, added.gas <= worst.gas) == (True, True)


@pytest.mark.parametrize("n_markets", [1, 2, MAX_UNDERLYINGS])
def test_quotes_when_they_touch_most_then_less_than_an_order_that_meets_most(
    n_markets: int,
) -> None:
    n_slots = most_slots(n_markets)
    added = quoting_cost(MAX_QUOTES, MOST_CLEARED, n_slots)
    worst = worst_transaction_cost(n_markets)
    assert (added.n_bytes <= worst.n_bytes, added.gas <= worst.gas) == (True, True)
    n_orders = 2 * (MAX_QUOTES + MOST_CLEARED)
    records = n_orders * cost.ORDER_LEAF_STEPS + cost.MARKET_LEAF_STEPS
    leaf = cost.leaf_steps(1, n_slots, 1, MAX_KEYS - 1, AMOUNT_WORDS)
    signer = cost.OTHER_KEY_STEPS + cost.GAP_STEPS
    steps = cost.quoting_steps(MAX_QUOTES, MOST_CLEARED, n_slots) + records + leaf + signer
    assert steps <= order_steps_at_most(MAX_MAKERS_PER_ORDER, n_markets)


def test_worst_order_when_accounts_have_all_slots_then_fits_or_refused_at_the_start() -> None:
    """An account has as many slots as there are markets, up to MAX_POSITIONS."""
    for profile in L1_PROFILES:
        batch_policy(profile.name, 200_000, 1, MAX_UNDERLYINGS)
    batch_policy("cheap-l1", 200_000, 1, MAX_POSITIONS)
    for max_steps, n_markets, most in (
        (600_000, MAX_UNDERLYINGS, "at most 262144 steps fit"),
        (200_000, MAX_POSITIONS, "no number of steps fits"),
    ):
        words = f"{max_steps} with profile balanced: .* with {n_markets} markets an order .* {most}"
        with pytest.raises(UserError, match=words):
            batch_policy("balanced", max_steps, 1, n_markets)
    worst = order_steps_at_most(MAX_MAKERS_PER_ORDER, MAX_UNDERLYINGS)
    first = empty_batch_steps(MAX_UNDERLYINGS) + cost.REST_STEPS + worst
    assert BatchPolicy().steps_at_most == max(first, 200_000) <= 1 << 18
