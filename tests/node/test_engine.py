"""The engine alone: sealing, durability, conservation, refusal of foreign data."""

import random
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from novation.protocol.constants import MINUTE_MS
from novation.protocol.errors import ErrorCode, InvalidTransaction
from novation.protocol.orders import Side
from novation.protocol.transactions import (
    Deposit,
    ParameterKind,
    PlaceOrder,
    SetParameter,
    Withdraw,
)
from novation.protocol.witness import BatchWitness
from sequencer.config import BatchPolicy
from sequencer.engine import Accepted, Command, Engine, EngineSettings
from sequencer.feed import decode_event, event_key
from sequencer.journal import JournalEntry, put_entry, read_entries
from sequencer.store import WrongExchangeError, open_database
from tests.node.support import PRICE_TICKS, SEQUENCER_KEY, report_at
from tests.support.builders import (
    START_MS,
    exchange_config,
    genesis,
    l1_address,
    oracle_private_key,
    oracle_update,
    private_key,
    public_key,
)
from tests.support.signing import signed
from tests.support.simulation import ManualClock

CONFIG = exchange_config()
SETTINGS = EngineSettings(
    CONFIG, genesis(), BatchPolicy(max_cost_steps=10**7, max_age_ms=1_000), SEQUENCER_KEY
)
N_ACCOUNTS = 6


@contextmanager
def opened(
    path: Path, settings: EngineSettings = SETTINGS, clock: ManualClock | None = None
) -> Iterator[Engine]:
    database = open_database(path / "db")
    try:
        yield Engine(settings, database, clock or ManualClock())
    finally:
        database.close()


def fund(engine: Engine, time_ms: int = START_MS) -> None:
    deposits = [
        Deposit(account_id, l1_address(account_id), public_key(private_key(account_id)), 10**11)
        for account_id in range(2, 2 + N_ACCOUNTS)
    ]
    update = oracle_update(tuple(report_at(i, time_ms, PRICE_TICKS) for i in (0, 1)))
    commands = [Command(tx, START_MS, l1_index=i) for i, tx in enumerate(deposits)]
    result = engine.process([*commands, Command(update, START_MS)])
    assert all(isinstance(outcome, Accepted) for outcome in result.outcomes)


def orders(rng: random.Random, count: int, first_nonce: int = 1) -> list[Command]:
    commands = []
    for nonce in range(first_nonce, first_nonce + count):
        account_id = rng.randrange(2, 2 + N_ACCOUNTS)
        tx = PlaceOrder(
            account_id=account_id,
            key_index=0,
            nonce=nonce,
            market_id=rng.randrange(2),
            side=rng.choice(tuple(Side)),
            price_ticks=PRICE_TICKS + rng.randrange(-5, 6),
            size_lots=rng.randrange(1, 40),
            expiry_time_ms=2**47,
            max_fee_ppm=1000,
        )
        tx = signed(tx, private_key(account_id), CONFIG, START_MS)
        commands.append(Command(tx, START_MS, message_hash=tx.message_hash(CONFIG)))
    return commands


def test_batch_when_its_step_budget_is_used_is_sealed_before_the_next_transaction(
    tmp_path: Path,
) -> None:
    budget = 20_000
    settings = replace(SETTINGS, batch=BatchPolicy(max_cost_steps=budget))
    with opened(tmp_path, settings) as engine:
        fund(engine)
        for command in orders(random.Random(1), 60):
            engine.process([command])
        assert engine.batches.last_sealed > 3
        for number in range(1, engine.batches.last_sealed + 1):
            record = engine.batches.get(number)
            assert record.cost_steps <= budget or record.n_transactions == 1


def test_batch_when_too_many_queue_entries_are_left_out_between_its_deposits_is_sealed(
    tmp_path: Path,
) -> None:
    """The contract moves over them when the batch settles; nobody can skip them before."""
    deposit = Deposit(2, l1_address(2), public_key(private_key(2)), 10**9)
    with opened(tmp_path) as engine:
        n_transactions = []
        # Left out: thousands before the first deposit, then 60, 40 and none, then one.
        for index in (5_000, 5_061, 5_102, 5_103, 5_105, 5_106):
            (outcome,) = engine.process([Command(deposit, START_MS, l1_index=index)]).outcomes
            assert isinstance(outcome, Accepted)
            n_transactions.append(engine.meter.n_transactions)
        assert n_transactions == [1, 2, 3, 4, 1, 2]
        assert engine.batches.last_sealed == 1
        # Thousands before the next batch's first deposit as well.
        engine.process([Command(deposit, START_MS, l1_index=9_000)])
        assert (engine.batches.last_sealed, engine.meter.n_transactions) == (2, 1)
        engine.process([Command(deposit, START_MS, l1_index=9_001)])
        assert (engine.batches.last_sealed, engine.meter.n_transactions) == (2, 2)


def test_batch_when_it_is_old_is_sealed(tmp_path: Path) -> None:
    clock = ManualClock()
    with opened(tmp_path, clock=clock) as engine:
        assert engine.seal_if_old() is None
        fund(engine)
        clock.move(999)
        assert engine.seal_if_old() is None
        clock.move(1)
        result = engine.seal_if_old()
        assert result is not None
        assert result.flushed_sequence == engine.last_sequence
        assert engine.seal() is None


def test_engine_when_reopened_at_any_point_has_the_same_state(tmp_path: Path) -> None:
    rng, next_nonce = random.Random(7), 1
    with opened(tmp_path) as engine:
        fund(engine)
    for _ in range(8):
        with opened(tmp_path) as engine:
            count = rng.randrange(1, 30)
            engine.process(orders(rng, count, next_nonce))
            next_nonce += count
            if rng.random() < 0.5:
                engine.seal()
            before = (
                engine.state.accounts,
                engine.state.orders,
                engine.state.markets,
                engine.state.globals,
                engine.state.root,
                engine.last_sequence,
                engine.meter.cost_steps,
                engine.counters,
                [engine.history.order(i) for i in range(1, next_nonce)],
                engine.history.book.levels(0, Side.BUY, 99),
            )
        with opened(tmp_path) as engine:
            assert before == (
                engine.state.accounts,
                engine.state.orders,
                engine.state.markets,
                engine.state.globals,
                engine.state.root,
                engine.last_sequence,
                engine.meter.cost_steps,
                engine.counters,
                [engine.history.order(i) for i in range(1, next_nonce)],
                engine.history.book.levels(0, Side.BUY, 99),
            )


def test_sealed_witness_is_stored_and_agrees_with_the_output(tmp_path: Path) -> None:
    with opened(tmp_path) as engine:
        fund(engine)
        engine.process(orders(random.Random(2), 20))
        engine.seal()
        job = engine.batches.proof_job(1)
        witness = BatchWitness.from_json(job.witness_json)
        assert witness.output == job.output
        assert len(witness.entries) == engine.batches.get(1).n_transactions
        with pytest.raises(KeyError):
            engine.batches.proof_job(2)


def test_engine_when_collateral_does_not_add_up_stops_before_it_seals(tmp_path: Path) -> None:
    with opened(tmp_path) as engine:
        fund(engine)
        counters = engine.state.globals
        engine.state.globals = replace(counters, custody_quanta=counters.custody_quanta + 1)
        with pytest.raises(AssertionError):
            engine.seal()
    with opened(tmp_path) as engine:
        assert engine.batches.last_sealed == 0
        assert engine.seal() is not None


def test_refused_command_in_a_group_does_not_touch_the_others(tmp_path: Path) -> None:
    with opened(tmp_path) as engine:
        fund(engine)
        good, bad, last = orders(random.Random(3), 3)
        assert isinstance(bad.transaction, PlaceOrder)
        bad = replace(bad, transaction=replace(bad.transaction, size_lots=41))
        outcomes = engine.process([good, bad, last]).outcomes
        assert isinstance(outcomes[0], Accepted)
        assert isinstance(outcomes[1], InvalidTransaction)
        assert isinstance(outcomes[2], Accepted)
        sequences = [outcome.receipt.sequence for outcome in (outcomes[0], outcomes[2])]  # type: ignore[union-attr]
        assert sequences[1] == sequences[0] + 1


def test_withdrawals_lower_custody(tmp_path: Path) -> None:
    with opened(tmp_path) as engine:
        fund(engine)
        tx = signed(Withdraw(2, 0, 1, 10**6), private_key(2), CONFIG, START_MS)
        engine.process([Command(tx, START_MS, message_hash=tx.message_hash(CONFIG))])
        assert engine.state.globals.custody_quanta == N_ACCOUNTS * 10**11 - 10**6
        engine.seal()


def test_withdrawal_of_more_than_is_in_custody_is_refused(tmp_path: Path) -> None:
    """A profit that nobody has paid in counts as equity, but L1 cannot pay it out."""

    def act(engine: Engine, tx: PlaceOrder | Withdraw) -> object:
        now_ms = clock.now_ms()
        tx = signed(tx, private_key(tx.account_id), CONFIG, now_ms)
        command = Command(tx, now_ms, message_hash=tx.message_hash(CONFIG))
        return engine.process([command]).outcomes[0]

    lots, clock = 19 * 10**7, ManualClock()
    with opened(tmp_path, clock=clock) as engine:
        fund(engine)
        for account_id, side in ((3, Side.SELL), (2, Side.BUY)):
            order = PlaceOrder(
                account_id=account_id,
                key_index=0,
                nonce=1,
                market_id=0,
                side=side,
                price_ticks=PRICE_TICKS,
                size_lots=lots,
                expiry_time_ms=2**47,
                max_fee_ppm=1000,
            )
            assert isinstance(act(engine, order), Accepted)
        # A jump, and until nobody can be charged any more for what was gained by it.
        for duration_ms in (1, *(3 * [MINUTE_MS])):
            clock.move(duration_ms)
            now_ms = clock.now_ms()
            reports = tuple(report_at(i, now_ms, PRICE_TICKS * 13 // 10) for i in (0, 1))
            engine.process([Command(oracle_update(reports), now_ms)])
        for account_id in range(4, 2 + N_ACCOUNTS):
            assert isinstance(act(engine, Withdraw(account_id, 0, 1, 10**11)), Accepted)
        in_custody = engine.state.globals.custody_quanta
        assert in_custody == 2 * 10**11
        refusal = act(engine, Withdraw(2, 0, 2, in_custody + 1))
        assert isinstance(refusal, InvalidTransaction)
        assert refusal.code is ErrorCode.CUSTODY_EXCEEDED
        assert refusal.detail == f"{in_custody + 1} quanta, in custody or missing {in_custody}"
        assert isinstance(act(engine, Withdraw(2, 0, 2, in_custody)), Accepted)
        engine.seal()


def test_update_whose_signatures_were_right_until_a_key_was_replaced_is_refused(
    tmp_path: Path,
) -> None:
    """Whoever trusts the earlier check puts into a batch what nobody can prove."""
    later = START_MS + 1
    reports = tuple(report_at(i, later, PRICE_TICKS) for i in (0, 1))
    with opened(tmp_path) as engine:
        fund(engine)
        committee = engine.state.parameters.oracle_keys
        update = Command(oracle_update(reports), later, is_verified=True, committee=committee)
        n_consumed = engine.l1_cursor.next_index
        new_key = SetParameter(ParameterKind.ORACLE_KEY, 1, public_key(oracle_private_key(9)))
        result = engine.process([Command(new_key, later, l1_index=n_consumed), update])
        assert isinstance(result.outcomes[0], Accepted)
        refusal = result.outcomes[1]
        assert isinstance(refusal, InvalidTransaction)
        assert refusal.code is ErrorCode.INVALID_SIGNATURE
        assert result.parameters.oracle_keys[1] == public_key(oracle_private_key(9))
        engine.seal()


def test_data_of_another_exchange_is_refused(tmp_path: Path) -> None:
    with opened(tmp_path) as engine:
        fund(engine)
    other = replace(SETTINGS, exchange=replace(exchange_config(), chain_id=5))
    with (
        pytest.raises(WrongExchangeError, match="data folder holds exchange"),
        opened(tmp_path, other),
    ):
        pass


def test_journal_when_an_entry_is_missing_is_not_replayed_past_the_gap(tmp_path: Path) -> None:
    database = open_database(tmp_path / "db")
    tx = Deposit(2, 3, 4, 5)
    with database.write_batch() as write_batch:
        for sequence in (1, 2, 4):
            put_entry(write_batch, JournalEntry(sequence, 10, 9, tx))
    assert [entry.sequence for entry in read_entries(database, 1, 2)] == [1, 2]
    with pytest.raises(AssertionError, match="journal jumps from 2 to 4"):
        list(read_entries(database, 1))
    database.close()


def test_stream_events_survive_storage(tmp_path: Path) -> None:
    with opened(tmp_path) as engine:
        fund(engine)
        feed = engine.process(orders(random.Random(4), 30)).feed
        assert len({event.channel for event in feed}) == 3
        numbers = [event.number for event in feed]
        assert numbers == sorted(set(numbers))
        for event in feed:
            key, value = event_key(event.scope, event.number), event.message.SerializeToString()
            # Who reads it later does not list it again.
            assert decode_event(key, value) == event._replace(list_key=b"")
