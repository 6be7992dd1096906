"""Properties of whole batches, over seeds; a failing seed is printed by hypothesis."""

import random

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from novation.protocol.conservation import check_conservation
from novation.protocol.constants import ACCOUNT_TREE_HEIGHT, ORDER_TREE_HEIGHT
from novation.protocol.encoding import (
    decode_output,
    decode_transaction,
    encode_output,
    encode_transaction,
)
from novation.protocol.markets import state_root
from novation.protocol.merkle import MerkleTree, root_from_paths
from novation.protocol.rebuild import apply_output
from novation.protocol.sealing import SealedBatch
from novation.protocol.state import State
from novation.protocol.transition import apply_batch
from novation.protocol.witness import BatchWitness
from tests.support.builders import exchange_config, genesis
from tests.support.exchange import snapshot
from tests.support.random_batches import RandomTrading, random_batches

SEEDS = st.integers(0, 2**32 - 1)
FEW = settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.too_slow])


@given(SEEDS)
@FEW
def test_batches_when_sealed_then_nothing_is_created_or_lost(seed: int) -> None:
    trading = RandomTrading(seed, exchange_config(3), sign=False)
    for _ in range(4):
        # Conservation is checked by every seal.
        trading.batch(60)
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
        entries_before = len(before[7])
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


def roots(sealed: SealedBatch) -> tuple[int, int]:
    """Return the old and new state root that follow from the witness alone."""
    witness, output = sealed.witness, decode_output(sealed.output)
    old_accounts = {o.account_id: o.account.leaf() if o.account else 0 for o in witness.accounts}
    old_orders = dict.fromkeys((new.slot for new in witness.new_orders), 0)
    old_orders |= {o.slot: o.order.leaf() for o in witness.orders}
    new_accounts = {i: account.leaf() for i, account in sealed.writes.accounts.items()}
    new_orders = {r.slot: r.order.leaf() if r.order else 0 for r in output.orders}
    assert old_accounts.keys() == new_accounts.keys()
    assert old_orders.keys() == new_orders.keys()
    account_siblings = {(n.level, n.index): n.value for n in witness.account_siblings}
    order_siblings = {(n.level, n.index): n.value for n in witness.order_siblings}

    def tree_roots(accounts: dict[int, int], orders: dict[int, int]) -> tuple[int, int]:
        accounts_root = root_from_paths(ACCOUNT_TREE_HEIGHT, accounts, account_siblings)
        if not orders:
            return accounts_root, witness.old_orders_root
        return accounts_root, root_from_paths(ORDER_TREE_HEIGHT, orders, order_siblings)

    old = tree_roots(old_accounts, old_orders)
    assert old == (witness.old_accounts_root, witness.old_orders_root)
    return (
        state_root(*old, witness.old_markets, witness.old_globals),
        state_root(*tree_roots(new_accounts, new_orders), output.markets, output.counters),
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
