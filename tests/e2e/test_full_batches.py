"""The fullest batches that the batcher lets through settle on a chain, with the real contracts.

The state before is made, not traded: the exchange is deployed with its root for the genesis root.
"""

import itertools
import json
from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from hexbytes import HexBytes

from devnet.anvil import Anvil
from devnet.batch_policy import batch_policy
from devnet.contracts import Chain
from devnet.deployment import Deployment
from devnet.home import Home
from devnet.keys import TraderKeys, derive_keys
from devnet.l1_exchange import ExchangeOnL1
from devnet.markets import MARKETS
from devnet.system import deploy, oracle_keys, service_keys
from devnet.trader_l1 import TraderOnL1, deposit_all, fund_all
from novation.protocol.accounts import Account, Position
from novation.protocol.config import ExchangeConfig
from novation.protocol.constants import POSITION_BOUND
from novation.protocol.errors import BatchFull
from novation.protocol.markets import UnderlyingState
from novation.protocol.orders import Side
from novation.protocol.sealing import SealedBatch
from novation.protocol.state import Genesis, State
from novation.protocol.transactions import Deposit, PlaceOrder, Transaction, Withdraw
from novation.protocol.transition import apply_transaction, open_batch, seal_batch
from prover.limits import Limits
from prover.pipeline import prove_batch, run_sealed_batch
from prover.profiles import PROFILES
from sequencer.batcher import BatchMeter
from sequencer.clock import SystemClock
from sequencer.l1 import TransactionFate, TransactionTerms
from sequencer.l1_cost import MAX_TRANSACTION_BYTES, MAX_TRANSACTION_GAS, padded_steps
from tests.e2e.local_exchange import local_config, local_parameters
from tests.support.builders import FIRST_USER_ACCOUNT_ID
from tests.support.output_cost import output_cost
from tests.support.signing import signed

N_MARKETS, N_SLOTTED, N_PLAIN = 8, 120, 120
PROFILE, STEPS = "balanced", 200_000
AMOUNT, PRICE_TICKS = 10**9, 1_000
# Of the batches, and of the prices that hold.
NOW_MS = SystemClock().now_ms()
TRADERS = [derive_keys(f"trader-{i}", seed=5) for i in range(N_SLOTTED + N_PLAIN)]
# As long as a position can be written; nothing moves the funding prefix yet.
LARGEST = Position(0, POSITION_BOUND // 4, 2**36, 2**36, n_orders=2)


def full_markets() -> tuple[Any, ...]:
    return tuple(
        replace(MARKETS[0], terms=replace(MARKETS[0].terms, symbol=f"M{i}-USD", min_order_usd=0))
        for i in range(N_MARKETS)
    )


def state_with_positions(config: ExchangeConfig, genesis: Genesis) -> State:
    """Return a state whose first traders have a position in every market."""
    state = State.genesis(config, genesis)
    for index, keys in enumerate(TRADERS):
        sign = 1 if index % 2 else -1
        positions = tuple(
            replace(LARGEST, market_id=i, size_lots=sign * LARGEST.size_lots)
            for i in range(N_MARKETS)
        )
        account = Account.new(int(keys.l1_address, 16), keys.stark_public).with_balance(AMOUNT)
        if index < N_SLOTTED:
            account = replace(account, positions=positions)
        state.accounts[FIRST_USER_ACCOUNT_ID + index] = account
    state.underlyings = (UnderlyingState(index_price_x16=PRICE_TICKS << 16),) * N_MARKETS
    state.globals = replace(state.globals, oracle_time_ms=NOW_MS)
    leaves = {i: account.leaf() for i, account in state.accounts.items()}
    state.update_trees(leaves, {}, {})
    return state


def deposits() -> Iterator[Transaction]:
    """Deposits to accounts with all slots: the most bytes for their steps."""
    for index, keys in enumerate(TRADERS):
        account_id = FIRST_USER_ACCOUNT_ID + index
        yield Deposit(account_id, int(keys.l1_address, 16), keys.stark_public, AMOUNT)


def mixture(config: ExchangeConfig) -> Iterator[Transaction]:
    """Deposits, withdrawals to addresses that never had one, and trades of different accounts."""
    arriving = deposits()
    plain = iter(range(N_SLOTTED, len(TRADERS)))
    nonce = 1
    while True:
        yield next(arriving)
        leaving, seller, buyer = next(plain), next(plain), next(plain)
        account_id = FIRST_USER_ACCOUNT_ID + leaving
        yield _signed(Withdraw(account_id, 0, nonce, 1), TRADERS[leaving], config)
        for index, side in ((seller, Side.SELL), (buyer, Side.BUY)):
            order = PlaceOrder(
                account_id=FIRST_USER_ACCOUNT_ID + index,
                key_index=0,
                nonce=nonce,
                market_id=index % N_MARKETS if side is Side.SELL else (index - 1) % N_MARKETS,
                side=side,
                price_ticks=PRICE_TICKS,
                size_lots=1,
                expiry_time_ms=2**47,
                max_fee_ppm=1_000,
            )
            yield _signed(order, TRADERS[index], config)


def _signed(tx: Any, keys: TraderKeys, config: ExchangeConfig) -> Any:
    return signed(tx, keys.stark_private, config)


def fill(state: State, transactions: Iterator[Transaction]) -> tuple[SealedBatch, BatchMeter]:
    """Apply transactions until the batch is full, as the engine does."""
    meter = BatchMeter(batch_policy(PROFILE, STEPS, 1), N_MARKETS)
    open_batch(state)
    for tx in transactions:
        try:
            result = apply_transaction(
                state,
                tx,
                NOW_MS,
                steps_limit=meter.steps_left(),
                check_room=partial(meter.check_room, state, tx),
            )
        except BatchFull:
            break
        meter.add(1, NOW_MS, tx, result.cost_steps, result)
        if meter.is_full(state):
            break
    return seal_batch(state), meter


@pytest.mark.parametrize("kind", ["deposits", "mixture"])
def test_fullest_batch_when_run_then_its_trace_is_not_longer_than_assumed(kind: str) -> None:
    config = local_config()
    first = replace(
        local_parameters(), underlyings=tuple(market.terms for market in full_markets())
    )
    owner = Genesis(1, TRADERS[0].stark_public, 1, TRADERS[0].stark_public, first)
    transactions = deposits() if kind == "deposits" else mixture(config)
    sealed, meter = fill(state_with_positions(config, owner), transactions)
    cost_steps = meter.cost_steps
    run = run_sealed_batch(sealed.witness.to_json(), sealed.output).run
    assert run.provable.n_steps <= 1 << (padded_steps(cost_steps) - 1).bit_length()
    n_bytes = output_cost(sealed.output).n_bytes
    assert n_bytes <= batch_policy(PROFILE, STEPS, 1).room_for(cost_steps).n_bytes


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["deposits", "mixture"])
async def test_fullest_batch_when_proven_then_settles(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    class Prepared:
        genesis = staticmethod(state_with_positions)

    monkeypatch.setattr("devnet.system.MARKETS", full_markets())
    monkeypatch.setattr("devnet.deploy.State", Prepared)
    home = Home(tmp_path)
    anvil = Anvil(home.chain_path)
    try:
        chain = Chain(anvil.url)
        deployment = deploy(chain, home, service_keys(home), oracle_keys(home))
        config = deployment.config
        state = state_with_positions(config, deployment.genesis)
        sealed, meter = fill(state, deposits() if kind == "deposits" else mixture(config))
        cost_steps = meter.cost_steps
        n_deposits = sum(isinstance(entry.transaction, Deposit) for entry in sealed.witness.entries)
        queue_deposits(chain, deployment, n_deposits)
        proven = prove_batch(
            sealed.witness.to_json(), sealed.output, PROFILES[PROFILE], limits=Limits(3 << 30)
        )
        print(json.dumps({"kind": kind, "cost_steps": cost_steps, **proven.report}, default=str))
        assert proven.report["n_steps"] <= 1 << (padded_steps(cost_steps) - 1).bit_length()
        operator = service_keys(home)["operator"].l1_account
        exchange = ExchangeOnL1(chain, deployment, operator)
        gas_limit = await exchange.check_batch(proven.calldata)
        terms = TransactionTerms(await exchange.next_nonce(), gas_limit, await exchange.fees())
        transaction = await exchange.sign_batch(proven.calldata, terms)
        await exchange.send(transaction.raw)
        eth, name = chain.web3.eth, HexBytes(transaction.transaction_hash)
        receipt = eth.wait_for_transaction_receipt(name, timeout=120)
        assert await exchange.fate(transaction.transaction_hash) is TransactionFate.SUCCEEDED
        assert (await exchange.read_state()).state_root == sealed.new_root
        print(len(transaction.raw), "bytes", receipt["gasUsed"], "gas", n_deposits, "deposits")
        assert len(transaction.raw) <= MAX_TRANSACTION_BYTES
        policy = batch_policy(PROFILE, STEPS, 1)
        counted = meter.output_cost.gas - policy.room_for(meter.cost_steps).gas
        assert receipt["gasUsed"] <= 0.9 * MAX_TRANSACTION_GAS + counted
    finally:
        anvil.stop()


def queue_deposits(chain: Chain, deployment: Deployment, count: int) -> None:
    """Deposit for the first traders; the contract gives accounts in that order."""
    traders = itertools.islice(TRADERS, count)
    amounts = [(TraderOnL1(chain, deployment, keys), AMOUNT) for keys in traders]
    fund_all(chain, amounts)
    deposit_all(chain, amounts)
