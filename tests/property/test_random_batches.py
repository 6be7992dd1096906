"""Properties of whole batches, over seeds; a failing seed is printed by hypothesis."""

import itertools
import random

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from novation.protocol.conservation import check_conservation
from novation.protocol.constants import (
    ACCOUNT_TREE_HEIGHT,
    MARKET_TREE_HEIGHT,
    MAX_VALIDITY_MS,
    ORDER_TREE_HEIGHT,
    PRICE_X16_ONE,
)
from novation.protocol.encoding import (
    decode_output,
    decode_transaction,
    encode_output,
    encode_transaction,
)
from novation.protocol.errors import ErrorCode
from novation.protocol.margin import margin_of
from novation.protocol.markets import Roots, state_root
from novation.protocol.merkle import MerkleTree, root_from_paths
from novation.protocol.outflow import follow_outflows
from novation.protocol.rebuild import apply_output
from novation.protocol.rules.pools import pool_value_x16
from novation.protocol.sealing import SealedBatch
from novation.protocol.state import State
from novation.protocol.transactions import UserTransaction
from novation.protocol.transition import apply_batch
from novation.protocol.witness import BatchWitness
from tests.support.broken_messages import (
    broken_by_amount,
    broken_by_jump,
    broken_by_nonce,
    open_account,
)
from tests.support.builders import exchange_config, genesis, parameters
from tests.support.exchange import snapshot
from tests.support.random_batches import RandomTrading, random_batches

SEEDS = st.integers(0, 2**32 - 1)
FEW = settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.too_slow])


@given(SEEDS)
@FEW
def test_batches_when_sealed_then_nothing_is_created_or_lost(seed: int) -> None:
    trading = RandomTrading(seed, parameters(3), sign=False)
    for _ in range(4):
        # Conservation is checked by every seal; that of equity, funding and pools included, here.
        trading.batch(60)
        state = trading.exchange.state
        margins = (
            margin_of(account, state.underlyings, state.parameters)
            for account in state.accounts.values()
        )
        total_x16 = sum(margin.equity_x16 for margin in margins)
        for market_id in state.markets:
            total_x16 += pool_value_x16(state.price_of(market_id), state.underlying_of(market_id))
        there_quanta = state.globals.custody_quanta + state.globals.recorded_deficit_quanta
        assert total_x16 == there_quanta * PRICE_X16_ONE
    assert trading.exchange.state.fees_quanta == 0
    assert trading.exchange.custody_quanta > 0


@given(SEEDS)
@FEW
def test_transactions_when_refused_then_no_trace_and_conserved_in_between(seed: int) -> None:
    trading = RandomTrading(seed, sign=False)
    trading.batch(5)
    exchange = trading.exchange
    for _ in range(60):
        before, refused_before = snapshot(exchange.state), sum(trading.counts.values())
        assert exchange.state.batch is not None
        entries_before = len(exchange.state.batch.entries)
        trading._try(trading._choose()())
        check_conservation(exchange.state)
        assert exchange.state.batch is not None
        if len(exchange.state.batch.entries) == entries_before:
            assert snapshot(exchange.state) == before
            assert sum(trading.counts.values()) == refused_before + 1


@given(SEEDS)
@FEW
def test_rebuild_when_all_outputs_are_applied_then_same_state(seed: int) -> None:
    trading = RandomTrading(seed, sign=False)
    rebuilt = State.genesis(exchange_config(), genesis())
    for _ in range(4):
        sealed = trading.batch(30)
        apply_output(rebuilt, decode_output(sealed.output))
        original = trading.exchange.state
        assert rebuilt.root == sealed.new_root
        assert rebuilt.accounts == original.accounts
        assert rebuilt.orders == original.orders
        assert rebuilt.slot_of_order == original.slot_of_order
        assert rebuilt.markets == original.markets
        assert rebuilt.globals == original.globals
        assert rebuilt.parameters == original.parameters
        assert rebuilt.underlyings == original.underlyings
        assert rebuilt.books.keys() == original.books.keys()


@given(SEEDS)
@FEW
def test_messages_when_in_any_order_then_each_nonce_of_a_slot_once_and_in_time(seed: int) -> None:
    used = set()
    for sealed in random_batches(seed, n_batches=3, n_transactions=60, sign=False):
        for entry in sealed.witness.entries:
            tx = entry.transaction
            if isinstance(tx, UserTransaction):
                name = (tx.account_id, tx.key_index, tx.nonce)
                assert name not in used
                used.add(name)
                assert entry.time_ms <= tx.valid_until_ms <= entry.time_ms + MAX_VALIDITY_MS


@given(SEEDS)
@FEW
def test_messages_when_they_break_a_rule_in_any_state_then_refused_by_its_name(seed: int) -> None:
    trading = RandomTrading(seed, parameters(3), sign=False)
    trading.batch(40)
    exchange, found = trading.exchange, set[ErrorCode]()
    account_id = open_account(exchange)
    slots = [(i, k) for i, one in exchange.state.accounts.items() for k in range(len(one.keys))]
    for code, tx in itertools.chain(
        *(broken_by_nonce(exchange, *slot) for slot in slots),
        broken_by_amount(trading, account_id),
        broken_by_jump(trading, account_id),
    ):
        assert exchange.refuse(tx) is code, tx
        found.add(code)
    assert found == {
        ErrorCode.NONCE_USED,
        ErrorCode.NONCE_TOO_OLD,
        ErrorCode.NONCE_TOO_FAR,
        ErrorCode.MESSAGE_EXPIRED,
        ErrorCode.VALIDITY_TOO_LONG,
        ErrorCode.ORDER_TOO_SMALL,
        ErrorCode.INSUFFICIENT_BALANCE,
        ErrorCode.RESOLVING,
    }


def test_random_accounts_have_skipped_nonces_and_every_word_of_balances() -> None:
    tradings = [RandomTrading(seed, parameters(3), sign=False) for seed in range(6)]
    for trading in tradings:
        for _ in range(3):
            trading.batch(80)
    accounts = [a for one in tradings for a in one.exchange.state.accounts.values()]
    assert any(window.skipped for account in accounts for window in account.windows)
    assert all(any(account.balance(i) for account in accounts) for i in (1, 4, 7))


@given(SEEDS)
@FEW
def test_batches_when_replayed_with_signatures_then_identical(seed: int) -> None:
    replayed = State.genesis(exchange_config(), genesis())
    for sealed in random_batches(seed, n_batches=2, n_transactions=12):
        entries = [(entry.time_ms, entry.transaction) for entry in sealed.witness.entries]
        assert apply_batch(replayed, entries) == sealed


@given(SEEDS)
@FEW
def test_encodings_when_decoded_then_the_same(seed: int) -> None:
    for sealed in random_batches(seed, n_batches=2, n_transactions=20, sign=False):
        assert BatchWitness.from_json(sealed.witness.to_json()) == sealed.witness
        assert encode_output(decode_output(sealed.output)) == sealed.output
        for entry in sealed.witness.entries:
            assert decode_transaction(encode_transaction(entry.transaction)) == entry.transaction


def old_leaves(sealed: SealedBatch) -> tuple[dict[int, int], ...]:
    """Return what the witness says of the leaves of the three trees."""
    witness = sealed.witness
    orders = dict.fromkeys((new.slot for new in witness.new_orders), 0)
    return (
        {o.account_id: o.account.leaf() if o.account else 0 for o in witness.accounts},
        orders | {o.slot: o.order.leaf() for o in witness.orders},
        {o.market_id: o.market.leaf() if o.market else 0 for o in witness.markets},
    )


def new_leaves(sealed: SealedBatch) -> tuple[dict[int, int], ...]:
    """Return what the batch leaves of the leaves of the three trees."""
    output = decode_output(sealed.output)
    return (
        {i: account.leaf() for i, account in sealed.writes.accounts.items()},
        {r.slot: r.order.leaf() if r.order else 0 for r in output.orders},
        {r.market_id: r.market.leaf() for r in output.markets},
    )


def roots(sealed: SealedBatch) -> tuple[int, int]:
    """Return the old and new state root that follow from the witness alone."""
    witness, output = sealed.witness, decode_output(sealed.output)
    heights = ACCOUNT_TREE_HEIGHT, ORDER_TREE_HEIGHT, MARKET_TREE_HEIGHT
    all_siblings = witness.account_siblings, witness.order_siblings, witness.market_siblings
    known = witness.old_roots.accounts, witness.old_roots.orders, witness.old_roots.markets

    def tree_roots(trees: tuple[dict[int, int], ...]) -> Roots:
        found = []
        for height, leaves, siblings, old in zip(heights, trees, all_siblings, known, strict=True):
            nodes = {(n.level, n.index): n.value for n in siblings}
            found.append(root_from_paths(height, leaves, nodes) if leaves else old)
        return Roots(*found)

    before, after = old_leaves(sealed), new_leaves(sealed)
    # What has left is not published: it follows from what was in custody.
    share_ppm = witness.old_parameters.outflow_share_ppm
    counters = follow_outflows(witness.old_globals, output.counters, share_ppm)
    assert [tree.keys() for tree in before] == [tree.keys() for tree in after]
    assert tree_roots(before) == witness.old_roots
    return (
        state_root(
            witness.old_roots,
            witness.old_underlyings,
            witness.old_parameters.hash,
            witness.old_globals,
        ),
        state_root(tree_roots(after), output.underlyings, sealed.writes.parameters.hash, counters),
    )


@given(SEEDS)
@FEW
def test_witness_when_read_alone_then_it_proves_both_roots(seed: int) -> None:
    for sealed in random_batches(seed, n_batches=3, n_transactions=10, sign=False):
        assert roots(sealed) == (sealed.old_root, sealed.new_root)


@given(st.lists(st.dictionaries(st.integers(0, 63), st.integers(0, 3), min_size=1), max_size=5))
@FEW
def test_tree_when_updated_in_steps_then_as_if_built_at_once(steps: list[dict[int, int]]) -> None:
    stepwise, final = MerkleTree(6, {}), dict[int, int]()
    for leaves in steps:
        stepwise.update(leaves)
        final |= leaves
        at_once = MerkleTree(6, {})
        at_once.update(final)
        assert stepwise.root == at_once.root
        opened = random.Random(len(final)).sample(range(64), 5)
        values = {i: final.get(i, 0) for i in opened}
        assert root_from_paths(6, values, stepwise.siblings(opened)) == stepwise.root
