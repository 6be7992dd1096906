"""Sealing, output, data availability, storage and witness of whole batches."""

import sys
from collections.abc import Callable, Iterator
from dataclasses import fields, replace
from types import FrameType
from typing import Any

import pytest

from novation.protocol import cost, slots
from novation.protocol.batch import OpenBatch
from novation.protocol.conservation import check_conservation
from novation.protocol.constants import (
    LAST_TIME_MS,
    MAX_MAKERS_PER_ORDER,
    ORDER_TREE_HEIGHT,
    OUTPUT_VERSION,
    POST_ONLY_MS,
)
from novation.protocol.errors import BatchFull, DecodeError, ErrorCode, ResultCode
from novation.protocol.markets import Globals, Market, UnderlyingState
from novation.protocol.nonces import NonceWindow
from novation.protocol.orders import VisitOutcome
from novation.protocol.output import BatchOutput, decode_output, encode_output, oracle_hash
from novation.protocol.rebuild import apply_output
from novation.protocol.rules.minute_tick import next_minute_ms
from novation.protocol.sealing import SealedBatch
from novation.protocol.slots import SlotAllocator
from novation.protocol.state import State
from novation.protocol.storage import (
    decode_account,
    decode_market,
    decode_order,
    encode_account,
    encode_market,
    encode_order,
    load_state,
    state_writes,
    store_items,
)
from novation.protocol.transition import apply_batch, apply_transaction
from novation.protocol.witness import BatchWitness
from tests.support.builders import exchange_config, genesis, l1_address, private_key, public_key
from tests.support.exchange import BUY, SELL, Exchange
from tests.support.scenarios import every_outcome

# Of that scenario: one order more than a walk may meet, and 24 others.
POST_ONLY_ID = MAX_MAKERS_PER_ORDER + 27
# Behind it come two quotes.
LAST_ORDER_ID = POST_ONLY_ID + 2
# Every field of a market that can be is at its bound.
LARGEST_MARKET = replace(
    Market.from_words((0, 2**160 - 1, 2**224 - 1, 2**208 - 1)),
    listed_ms=LAST_TIME_MS,
    open_interest_lots=2**48 - 1,
)


class DictStore:
    """A key-value store in memory."""

    def __init__(self) -> None:
        self.items: dict[bytes, bytes] = {}

    def get(self, key: bytes, /) -> bytes | None:
        return self.items.get(key)

    def iterate(self, prefix: bytes, /) -> Iterator[tuple[bytes, bytes]]:
        return ((k, v) for k, v in sorted(self.items.items()) if k.startswith(prefix))

    def write(self, items: Iterator[tuple[bytes, bytes | None]]) -> None:
        for key, value in items:
            if value is None:
                self.items.pop(key, None)
            else:
                self.items[key] = value


@pytest.fixture(scope="module")
def sealed() -> tuple[SealedBatch, SealedBatch]:
    return every_outcome()


def fresh_state() -> State:
    return State.genesis(exchange_config(), genesis())


def test_scenario_when_run_then_every_outcome_occurs(
    sealed: tuple[SealedBatch, SealedBatch],
) -> None:
    entries = [entry for batch in sealed for entry in batch.witness.entries]
    outcomes = {v.outcome for e in entries for v in getattr(e.hints, "visits", ())}
    # A bid needs two minutes of its own: tests/unit/test_bid.py. Of dormant orders:
    # tests/circuits/trigger_batches.py.
    others = {ResultCode.BID_CAPPED, ResultCode.DORMANT, ResultCode.NOT_EXECUTED}
    assert {entry.result_code for entry in entries} == set(ResultCode) - others
    assert outcomes == set(VisitOutcome)


def test_output_when_decoded_then_what_the_batch_did(
    sealed: tuple[SealedBatch, SealedBatch],
) -> None:
    first, second = (decode_output(batch.output) for batch in sealed)
    assert (first.batch_number, second.batch_number) == (1, 2)
    assert (first.first_queue_position, second.first_queue_position) == (0, 4)
    assert first.old_root == fresh_state().root
    assert first.new_root == second.old_root
    assert [op.result_code for op in second.operations] == [
        ResultCode.DEPOSIT_KEY_MISMATCH,
        ResultCode.DONE,
        ResultCode.DONE,
    ]
    assert [(w.amount_quanta, w.l1_address) for w in second.withdrawals] == [
        (1_000 * 10**6, l1_address(2))
    ]
    # All accounts are opened but the insurance fund: the fee account gets its fees.
    assert [record.account_id for record in second.accounts] == [0, 2, 3, 4, 5]
    assert second.counters == Globals(
        batch_number=2,
        time_ms=second.last_time_ms,
        next_order_id=LAST_ORDER_ID + 1,
        l1_queue_position=7,
        oracle_time_ms=second.last_time_ms,
        custody_quanta=3 * 10**10 + 6 * 10**6 - 10**9 + 77,
        post_only_until_ms=second.last_time_ms + POST_ONLY_MS,
        next_tick_ms=next_minute_ms(second.last_time_ms),
    )
    assert second.underlyings == (
        UnderlyingState(
            930 << 16,
            POST_ONLY_ID,
            is_listed=True,
            missed_samples=1,
            ref_x16=930 << 16,
            window_x16=930 << 16,
            jumped_ms=second.first_time_ms + 101,
        ),
        UnderlyingState(
            1000 << 16,
            POST_ONLY_ID,
            is_listed=True,
            missed_samples=1,
            ref_x16=1000 << 16,
            window_x16=1000 << 16,
        ),
    )
    # The head of market 1 stays; what was cancelled there stood behind it.
    assert [record.market_id for record in first.markets] == [0, 1]
    # The minute ends in it: both are looked at.
    assert [record.market_id for record in second.markets] == [0, 1]
    for batch in sealed:
        assert encode_output(decode_output(batch.output)) == batch.output


def test_orders_when_born_and_gone_then_no_slot(sealed: tuple[SealedBatch, SealedBatch]) -> None:
    first, second = (decode_output(batch.output) for batch in sealed)
    assert [r.order.order_id for r in first.orders if r.order] == [3, 4, 5, 6, 7, 8, 9, 10, 11]
    assert [r.slot for r in first.orders] == list(range(9))
    # Only a sell, and the post-only order and the quotes at the end survive; slots 0.. were taken.
    born = [(r.slot, r.order.order_id) for r in second.orders if r.order and r.order.order_id > 11]
    assert born == [(9, 15), (10, POST_ONLY_ID), (11, POST_ONLY_ID + 1), (12, LAST_ORDER_ID)]
    emptied = [r.slot for r in second.orders if r.order is None]
    assert emptied == [0, 1, 2, 3, 5, 6, 7, 8]


def test_slots_when_freed_then_lowest_first() -> None:
    allocator = SlotAllocator([0, 1, 4])
    assert allocator.take(4) == [2, 3, 5, 6]
    allocator.release([4, 0])
    assert allocator.take(3) == [0, 4, 7]


def test_slots_when_the_last_is_used_then_the_lowest_are_still_given() -> None:
    last = (1 << ORDER_TREE_HEIGHT) - 1
    allocator = SlotAllocator([last, 1])
    assert allocator.take(3) == [0, 2, 3]
    allocator.release([last, 2])
    assert allocator.take(2) == [2, 4]


def test_slots_when_all_are_used_then_none_is_given(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(slots, "ORDER_TREE_HEIGHT", 3)
    allocator = SlotAllocator([3])
    assert allocator.take(7) == [0, 1, 2, 4, 5, 6, 7]
    with pytest.raises(IndexError):
        allocator.take(1)


def opcodes_of(act: Callable[[], object]) -> int:
    """Count what the interpreter executes: time without the clock."""
    count = 0

    def trace(frame: FrameType, event: str, _: object) -> Any:
        nonlocal count
        frame.f_trace_opcodes = True
        count += event == "opcode"
        return trace

    sys.settrace(trace)
    try:
        act()
    finally:
        sys.settrace(None)
    return count


def outputs_with_first_order_in(slot: int) -> list[BatchOutput]:
    """Return two batches of a prover who gave another slot to the first order."""
    exchange = Exchange(sign=False)
    exchange.fund(2)
    outputs: list[BatchOutput] = []
    for _ in range(2):
        exchange.place(2, BUY, 1, 1000)
        output = decode_output(exchange.seal().output)
        state = fresh_state()
        for earlier in outputs:
            apply_output(state, earlier)
        orders = (replace(record, slot=record.slot or slot) for record in output.orders)
        output = replace(output, old_root=state.root, new_root=0, orders=tuple(orders))
        with pytest.raises(DecodeError, match="rebuilt root"):
            apply_output(state, output)
        outputs.append(replace(output, new_root=state.root))
    return outputs


def test_rebuild_when_an_order_is_in_the_last_slot_then_costs_the_same() -> None:
    """Which empty slot an order gets is the prover's choice, and every rebuild has to follow."""

    def rebuild(slot: int) -> int:
        outputs, state = outputs_with_first_order_in(slot), fresh_state()

        def follow() -> None:
            for output in outputs:
                apply_output(state, output)
            assert state.free_slots.take(1) == [0]

        count = opcodes_of(follow)
        assert state.slot_of_order == {1: slot, 2: 1}
        return count

    costs = [rebuild(slot) for slot in (2, 1 << 12, (1 << ORDER_TREE_HEIGHT) - 1)]
    assert max(costs) < 1.1 * min(costs), costs


def test_slots_when_freed_in_a_batch_then_given_out_in_the_next() -> None:
    exchange = Exchange(sign=False)
    exchange.fund(2)
    exchange.place(2, BUY, 1, 1000)
    exchange.place(2, BUY, 1, 1000)
    exchange.seal()
    exchange.cancel(2, 1)
    exchange.place(2, BUY, 1, 1000)
    exchange.seal()
    assert exchange.state.slot_of_order == {2: 1, 3: 2}
    exchange.place(2, BUY, 1, 1000)
    exchange.seal()
    assert exchange.state.slot_of_order == {2: 1, 3: 2, 4: 0}


def test_oracle_hash_when_no_update_then_zero() -> None:
    assert oracle_hash([]) == 0


def test_order_record_when_unchanged_in_the_end_then_still_there() -> None:
    exchange = Exchange(sign=False)
    exchange.fund(2)
    exchange.place(2, BUY, 1, 1000)
    exchange.seal()
    exchange.place(2, BUY, 1, 999)
    exchange.cancel(2, 2)
    output = decode_output(exchange.seal().output)
    assert [(r.slot, r.order) for r in output.orders] == [(0, exchange.state.order(1))]


def test_rebuild_when_outputs_applied_then_same_state(
    sealed: tuple[SealedBatch, SealedBatch],
) -> None:
    state = fresh_state()
    for batch in sealed:
        apply_output(state, decode_output(batch.output))
        assert state.root == batch.new_root
    assert state.globals.custody_quanta == 3 * 10**10 + 6 * 10**6 - 10**9 + 77
    check_conservation(state)


def changed_outputs(output: BatchOutput) -> Iterator[tuple[str, BatchOutput]]:
    """Yield outputs that each differ in one way that a rebuilder must notice."""
    account, order = output.accounts[-1], output.orders[-1].order
    assert order is not None
    yield "config", replace(output, config_hash=1)
    yield "old root", replace(output, old_root=1)
    yield "number", replace(output, batch_number=9)
    yield "new root", replace(output, new_root=1)
    yield "markets", replace(output, markets=output.markets[:1])
    yield "collateral", replace(output, accounts=(replace(account, collateral_quanta=1),))
    yield "stranger", replace(output, accounts=(replace(account, account_id=77),))
    two = (NonceWindow(1), NonceWindow())
    yield "keys", replace(output, accounts=(replace(account, windows=two),))
    moved = replace(output.orders[-1], order=replace(order, market_id=9))
    yield "market of an order", replace(output, orders=(moved,))
    twice = replace(output.orders[-1], slot=77)
    yield "order twice", replace(output, orders=(*output.orders, twice))


def test_rebuild_when_output_is_changed_then_refused(
    sealed: tuple[SealedBatch, SealedBatch],
) -> None:
    for name, output in changed_outputs(decode_output(sealed[0].output)):
        print(name)
        with pytest.raises(DecodeError):
            apply_output(fresh_state(), output)


def test_output_when_any_felt_is_missing_or_added_then_refused(
    sealed: tuple[SealedBatch, SealedBatch],
) -> None:
    felts = sealed[1].output
    for length in range(len(felts)):
        with pytest.raises(DecodeError):
            decode_output(felts[:length])
    with pytest.raises(DecodeError):
        decode_output((*felts, 0))


@pytest.mark.parametrize(
    ("index", "value"),
    [
        (0, OUTPUT_VERSION + 1),
        (1, -1),
        (1, 2**252),
        (4, 1 << 144),
        (7, 8),
        (7, 1 | 5 << 8),
        (8, 2**160),
    ],
)
def test_output_when_a_felt_is_no_such_field_then_refused(
    sealed: tuple[SealedBatch, SealedBatch], index: int, value: int
) -> None:
    felts = list(sealed[0].output)
    felts[index] = value
    with pytest.raises(DecodeError):
        decode_output(felts)


def test_output_when_account_or_slot_is_malformed_then_refused() -> None:
    exchange = Exchange(sign=False)
    exchange.fund(2)
    exchange.place(2, BUY, 1, 1000)
    exchange.seal()
    exchange.cancel(2, 1)
    felts = list(exchange.seal().output)
    head, empty_slot = 7, 9
    assert felts[empty_slot] == 0
    for index, value in (
        (head, 2 + (1 << 32)),
        (head, felts[head] & ~(2**132 - 2**32)),
        (head, felts[head] | 33 << 136),
        (head + 1, 1 << 242),
        (empty_slot, 1 << 25),
    ):
        broken = [*felts[:index], value, *felts[index + 1 :]]
        with pytest.raises(DecodeError):
            decode_output(broken)


def test_state_when_stored_and_loaded_then_goes_on_the_same() -> None:
    exchange, store = Exchange(), DictStore()
    assert load_state(exchange.config, store) is None
    store.write(store_items(state_writes(fresh_state())))
    loaded = load_state(exchange.config, store)
    assert loaded is not None
    exchange.fund(2, 3)
    exchange.place(2, SELL, 5, 1000)
    exchange.place(2, SELL, 5, 1001)
    for cancelled_id in (1, 2):
        sealed = exchange.seal()
        entries = [(entry.time_ms, entry.transaction) for entry in sealed.witness.entries]
        assert apply_batch(loaded, entries) == sealed
        store.write(store_items(sealed.writes))
        again = load_state(exchange.config, store)
        assert again is not None
        assert again.root == sealed.new_root
        loaded = again
        exchange.place(3, BUY, 2, 1001)
        exchange.cancel(2, cancelled_id)
    nodes = {key for key in store.items if key[:1] in b"AOM"}
    assert len(nodes) > 32


def test_stored_state_when_parameters_are_damaged_then_refused() -> None:
    store = DictStore()
    store.write(store_items(state_writes(fresh_state())))
    counters = store.items[b"g"]
    words = zip(UnderlyingState().words(), (26, 32, 32), strict=True)
    store.items[b"g"] += b"".join(word.to_bytes(n_bytes, "big") for word, n_bytes in words)
    with pytest.raises(DecodeError, match="prices of 3 underlyings stored, parameters of 2"):
        load_state(exchange_config(), store)
    store.items[b"g"] = counters + b"\0"
    with pytest.raises(DecodeError, match="bytes too many"):
        load_state(exchange_config(), store)
    store.items[b"g"] = counters
    for broken in (b"", store.items[b"p"][:-1], store.items[b"p"][:-32]):
        store.items[b"p"] = broken
        with pytest.raises(DecodeError):
            load_state(exchange_config(), store)


def test_stored_values_when_cut_then_refused(sealed: tuple[SealedBatch, SealedBatch]) -> None:
    writes = sealed[0].writes
    account, market = writes.accounts[2], writes.markets[0]
    order = writes.orders[0]
    assert order is not None
    cases: list[tuple[Any, bytes, Any]] = [
        (decode_account, encode_account(account), account),
        (decode_order, encode_order(order), order),
        (decode_market, encode_market(market), market),
        (decode_market, encode_market(LARGEST_MARKET), LARGEST_MARKET),
    ]
    for decode, data, value in cases:
        assert decode(data) == value
        for broken in (data[:-1], data + b"\0"):
            with pytest.raises(DecodeError):
                decode(broken)
    stored = encode_account(account)
    words, key_bytes = 20 + 17 + 31, 32
    with pytest.raises(DecodeError, match="not below"):
        decode_account(stored[:words] + b"\xff" * key_bytes + stored[words + key_bytes :])
    with pytest.raises(DecodeError, match="balance word"):
        decode_account(bytes(words))


def test_witness_when_written_as_json_then_round_trip(
    sealed: tuple[SealedBatch, SealedBatch],
) -> None:
    for batch in sealed:
        assert BatchWitness.from_json(batch.witness.to_json()) == batch.witness


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("", "{"),
        ('{"type":"BatchWitness"', '{"type":"Witness"'),
        ('"entries":[', '"entries":0,"x":['),
        ('"positions":[]', '"positions":7'),
        ('"type":"Deposit"', '"type":"Borrow"'),
        ('"reduce_only":false', '"reduce_only":0'),
        ('"symbol":"BTC-USD"', '"symbol":7'),
        ('"multiplier":10', '"multiplier":null'),
        ('"time_in_force":0', '"time_in_force":9'),
        ('"markets":[', '"markets":["'),
        ('"batch_number":0', '"batch_number":"zz"'),
        ('"maker_fee_ppm":200', '"maker_fee_ppm":2000000'),
        ('"account_siblings":[', '"account_siblings":7,"y":['),
        ('"old_globals":{', '"old_globals":7,"y":{'),
    ],
)
def test_witness_when_json_is_something_else_then_refused(
    sealed: tuple[SealedBatch, SealedBatch], old: str, new: str
) -> None:
    text = sealed[0].witness.to_json()
    assert old in text
    with pytest.raises(DecodeError):
        BatchWitness.from_json(text.replace(old, new, 1))


def test_batch_when_empty_or_open_twice_then_our_fault() -> None:
    exchange = Exchange(price_ticks=0)
    with pytest.raises(AssertionError):
        exchange.seal()
    exchange.set_price(5)
    exchange.time_ms -= 10
    with pytest.raises(AssertionError):
        exchange.apply(exchange.deposit(2, 1))
    state = fresh_state()
    with pytest.raises(AssertionError):
        apply_transaction(state, exchange.deposit(2, 1), 5)


def test_batch_when_cost_is_over_the_limit_then_refused_without_a_trace() -> None:
    exchange = Exchange(sign=False)
    tx = exchange.deposit(2, 5)
    with pytest.raises(BatchFull) as caught:
        apply_transaction(exchange.state, tx, exchange.time_ms, steps_limit=10)
    assert exchange.state.get_account(2) is None
    steps = caught.value.cost_steps
    result = apply_transaction(exchange.state, tx, exchange.time_ms, steps_limit=steps)
    assert result.cost_steps == steps


def test_cost_when_leaf_is_open_already_then_cheaper() -> None:
    exchange = Exchange(sign=False)
    exchange.fund(2, 3)
    exchange.place(2, SELL, 1, 1001)
    exchange.seal()
    first = exchange.place(3, BUY, 1, 1000).cost_steps
    second = exchange.place(3, BUY, 1, 999).cost_steps
    assert first > second
    assert exchange.withdraw(2, 1).cost_steps > exchange.withdraw(2, 1).cost_steps
    assert exchange.cancel(2, 1).cost_steps > 0
    assert exchange.set_price(1000).cost_steps > 0
    assert cost.empty_batch_steps(2) > 0
    assert {field.name for field in fields(OpenBatch)} >= {"opened_accounts", "opened_orders"}


def test_refusal_when_deep_in_a_batch_then_old_values_are_kept() -> None:
    exchange = Exchange(sign=False)
    exchange.fund(2, 3)
    exchange.place(2, SELL, 1, 1001)
    exchange.seal()
    poor = exchange.order(3, BUY, 2**31, 1001)
    assert exchange.refuse(poor) is ErrorCode.INSUFFICIENT_MARGIN
    assert exchange.state.batch is not None
    assert exchange.state.batch.opened_accounts == {}
    exchange.place(3, BUY, 1, 1001)
    assert exchange.state.batch.opened_orders.keys() == {1}
    assert public_key(private_key(2)) == exchange.state.account(2).keys[0].public_key


@pytest.mark.parametrize(
    "spoil",
    [
        lambda s: s.accounts.update({2: s.accounts[2].with_balance(1)}),
        lambda s: s.orders.pop(1),
        lambda s: s.markets.update({0: s.markets[0].with_open_interest(1)}),
        lambda s: s.orders.update({1: s.orders[1].with_remaining(0)}),
        lambda s: s.orders.update({1: s.orders[1].with_next(2, 5)}),
        lambda s: s.books[0, BUY].remove(s.orders[1]),
    ],
)
def test_conservation_when_state_is_spoiled_then_noticed(spoil: Any) -> None:
    exchange = Exchange(sign=False)
    exchange.fund(2)
    exchange.place(2, BUY, 3, 999)
    exchange.place(2, SELL, 3, 1001)
    check_conservation(exchange.state)
    spoil(exchange.state)
    with pytest.raises((AssertionError, KeyError)):
        check_conservation(exchange.state)
