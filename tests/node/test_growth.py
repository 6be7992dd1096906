"""What must not cost more when the exchange is larger or the node older."""

import gc
import random
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from novation import receipts
from novation.protocol.accounts import Account
from novation.protocol.conservation import check_conservation
from novation.protocol.orders import Side
from novation.protocol.state import State
from novation.protocol.transactions import Deposit, OracleUpdate
from sequencer import engine as engine_module
from sequencer import journal, views
from sequencer.account_index import AccountQuery
from sequencer.engine import Accepted, Command, Engine
from sequencer.journal import oracle_updates_since
from sequencer.node import exempt_from_collection
from sequencer.rpc import stream_service
from tests.node.support import PRICE_TICKS, report_at
from tests.node.test_engine import N_ACCOUNTS, fund, opened, orders
from tests.support.builders import START_MS, l1_address, oracle_update, private_key, public_key


def verified(commands: Sequence[Command]) -> list[Command]:
    return [
        replace(c, is_verified=True, signer_key=public_key(private_key(c.transaction.account_id)))
        for c in commands
    ]


def keys_of(account: Account) -> list[int]:
    return [key.public_key for key in account.keys]


def asked_for(key: int) -> AccountQuery:
    return AccountQuery(key, None, is_first_key=False, from_account_id=0, limit=100)


def test_seal_does_not_look_at_all_accounts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with opened(tmp_path) as engine:

        def refuse(*_: Any) -> None:
            raise RuntimeError("an audit of the whole state")

        monkeypatch.setattr(engine_module, "check_conservation", refuse)
        fund(engine)
        engine.process(orders(random.Random(1), 20))
        engine.seal()
        assert engine.batches.last_sealed == 1
        check_conservation(engine.state)


def test_replay_signs_nothing_and_repeats_get_the_same_answer(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    commands = verified(orders(random.Random(2), 12))
    with opened(tmp_path) as engine:
        fund(engine)
        first = engine.process(commands).outcomes
        again = engine.process([commands[0], commands[0]]).outcomes

    def refuse(*_: Any) -> None:
        raise RuntimeError("signed")

    monkeypatch.setattr(receipts, "sign", refuse)
    with opened(tmp_path) as engine:
        assert engine.meter.n_transactions > len(commands)
        last_sequence = engine.last_sequence
        repeated = engine.process(commands).outcomes
        assert engine.last_sequence == last_sequence
    for before, after in zip([*first, first[0], first[0]], [*repeated, *again], strict=True):
        assert isinstance(before, Accepted)
        assert isinstance(after, Accepted)
        assert after.is_repeat
        assert after.acknowledgement == before.acknowledgement


def test_message_twice_in_one_group_is_applied_once(tmp_path: Path) -> None:
    (command,) = verified(orders(random.Random(3), 1))
    with opened(tmp_path) as engine:
        fund(engine)
        before = engine.last_sequence
        first, second = engine.process([command, command]).outcomes
        assert isinstance(first, Accepted)
        assert isinstance(second, Accepted)
        assert (first.is_repeat, second.is_repeat) == (False, True)
        assert first.acknowledgement == second.acknowledgement
        assert engine.last_sequence == before + 1


def test_new_command_reads_nothing_from_the_database(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with opened(tmp_path) as engine:
        fund(engine)
        asked = []
        monkeypatch.setattr(engine.history, "acknowledgement", asked.append)
        outcomes = engine.process(verified(orders(random.Random(4), 10))).outcomes
        assert all(isinstance(outcome, Accepted) for outcome in outcomes)
        assert asked == []


def test_accounts_of_a_key_are_found_as_by_looking_at_all(tmp_path: Path) -> None:
    shared = public_key(private_key(2))

    def by_scan(state: State, key: int) -> list[int]:
        return [i for i, found in state.accounts.items() if key in keys_of(found)]

    def check(engine: Engine) -> None:
        keys = {key for account in engine.state.accounts.values() for key in keys_of(account)}
        for key in keys | {1}:
            found = views.found_accounts(engine, asked_for(key)).account_ids
            assert sorted(found) == sorted(by_scan(engine.state, key))
        assert len(views.found_accounts(engine, asked_for(shared)).account_ids) == 3

    with opened(tmp_path) as engine:
        fund(engine)
        first_id = 2 + N_ACCOUNTS
        more = [Deposit(first_id + i, l1_address(first_id + i), shared, 10**9) for i in range(2)]
        more.append(Deposit(first_id, l1_address(first_id), shared, 10**9))
        commands = [Command(tx, START_MS, l1_index=N_ACCOUNTS + i) for i, tx in enumerate(more)]
        engine.process(commands[:1])
        engine.seal()
        engine.process(commands[1:])
        check(engine)
    with opened(tmp_path) as engine:
        check(engine)


def test_levels_are_those_of_the_orders_best_first(tmp_path: Path) -> None:
    def by_orders(state: State, side: Side) -> list[tuple[int, int, int]]:
        levels: dict[int, tuple[int, int]] = {}
        for order in state.orders.values():
            if (order.market_id, order.side) == (0, side):
                lots, count = levels.get(order.price_ticks, (0, 0))
                levels[order.price_ticks] = (lots + order.remaining_lots, count + 1)
        ordered = sorted(levels.items(), reverse=side is Side.BUY)
        return [(price, *level) for price, level in ordered]

    with opened(tmp_path) as engine:
        fund(engine)
        rng = random.Random(5)
        for round_number in range(12):
            engine.process(orders(rng, 10, 1 + 10 * round_number))
            for side in Side:
                shown = engine.history.book.levels(0, side, 99)
                found = [(c.price_ticks, c.size_lots, c.n_orders) for c in shown]
                assert found == by_orders(engine.state, side)
                assert engine.history.book.levels(0, side, 2) == shown[:2]


def test_oracle_updates_are_found_without_reading_the_orders_between(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with opened(tmp_path) as engine:
        fund(engine)
        engine.process(orders(random.Random(6), 30))
        times_ms = [START_MS + 5, START_MS + 9]
        updates = [
            oracle_update(tuple(report_at(i, time_ms, PRICE_TICKS) for i in (0, 1)))
            for time_ms in times_ms
        ]
        for update, time_ms in zip(updates, times_ms, strict=True):
            engine._clock.move(time_ms - engine._clock.now_ms())  # type: ignore[attr-defined]
            engine.process([Command(update, time_ms)])
            engine.process(orders(random.Random(time_ms), 5, time_ms))
        decoded = []
        decode = journal.decode_transaction

        def counted(data: bytes) -> Any:
            decoded.append(data)
            return decode(data)

        monkeypatch.setattr(journal, "decode_transaction", counted)
        found = list(oracle_updates_since(engine._database, times_ms[0]))
        assert found == updates[::-1]
        assert len(decoded) == 3, "the two, and the one before them"
        assert all(isinstance(update, OracleUpdate) for update in found)


def test_proven_batches_are_not_counted_again_by_every_question(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with opened(tmp_path) as engine:
        fund(engine)
        for number in range(1, 9):
            engine.process(orders(random.Random(number), 1, number))
            engine.seal()
        for number in (1, 2, 3, 5):
            engine.mark_proven(number, b"proof")
        assert views.status(engine).proven_batch_number == 3
        asked = []
        is_proven = engine.batches._is_proven

        def counted(number: int) -> bool:
            asked.append(number)
            return is_proven(number)

        monkeypatch.setattr(engine.batches, "_is_proven", counted)
        assert views.status(engine).proven_batch_number == 3
        assert asked == [4]
        engine.discard_proof(2)
        assert views.status(engine).proven_batch_number == 1
        engine.mark_proven(2, b"proof")
        engine.mark_proven(4, b"proof")
        assert views.status(engine).proven_batch_number == 5
        for number in range(1, 7):
            # Somebody else has proven the sixth.
            engine.mark_final(number, b"hash", number)
        assert views.status(engine).proven_batch_number == 6
        engine.mark_taken_back(6)
        assert views.status(engine).proven_batch_number == 5
        engine.mark_taken_back(5)
        assert views.status(engine).proven_batch_number == 5


def test_open_orders_read_the_record_of_each_batch_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with opened(tmp_path) as engine:
        fund(engine)
        for number in range(3):
            engine.process(orders(random.Random(number), 60, 1 + 60 * number))
            if number < 2:
                engine.seal()
        (account_id,) = {o.account_id for o in list(engine.state.orders.values())[:1]}
        one_by_one = [
            views.order(engine, o.order_id)
            for o in sorted(engine.state.orders.values(), key=lambda o: o.order_id)
            if o.account_id == account_id
        ]
        asked = []
        batch_of = engine.batches.batch_of

        def counted(sequence: int) -> Any:
            asked.append(sequence)
            return batch_of(sequence)

        monkeypatch.setattr(engine.batches, "batch_of", counted)
        assert views.open_orders(engine, account_id) == one_by_one
        batches = {order.batch_number for order in one_by_one}
        assert len(batches) > 1, "the orders lie in several batches"
        assert len(one_by_one) > len(batches)
        assert len(asked) == len(batches - {0})


def test_reader_of_batches_from_the_beginning_reads_in_parts(tmp_path: Path) -> None:
    n_batches = stream_service.CHANGES_PER_READ + 3
    with opened(tmp_path) as engine:
        fund(engine)
        for nonce in range(1, n_batches + 1):
            engine.process(orders(random.Random(nonce), 1, nonce))
            engine.seal()
        first = stream_service._batch_changes(engine, 0)
        rest = stream_service._batch_changes(engine, first[-1].sequence)
        numbers = [change.batch.batch_number for change in (*first, *rest)]
        assert numbers == list(range(1, n_batches + 1))
        assert len(rest) == 3


def test_loaded_objects_are_left_out_of_collections() -> None:
    loaded = [[i] for i in range(1_000)]
    try:
        exempt_from_collection()
        assert gc.get_freeze_count() >= len(loaded)
        assert not any(item is loaded for item in gc.get_objects())
    finally:
        gc.unfreeze()
