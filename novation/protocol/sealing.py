"""Sealing: the open batch becomes an output, a witness for the circuit and writes for a store."""

from dataclasses import dataclass, replace

from novation.protocol.accounts import Account
from novation.protocol.batch import OpenBatch
from novation.protocol.constants import FEE_ACCOUNT_ID, MAX_OPERATIONS_PER_BATCH
from novation.protocol.markets import Globals, Market
from novation.protocol.merkle import NodeKey
from novation.protocol.orders import RestingOrder
from novation.protocol.output import (
    AccountRecord,
    BatchOutput,
    OperationRecord,
    OrderRecord,
    WithdrawalRecord,
    encode_output,
    oracle_hash,
)
from novation.protocol.state import State
from novation.protocol.transactions import Deposit, OracleUpdate, Withdraw
from novation.protocol.witness import (
    BatchWitness,
    NewOrder,
    NodeValue,
    OpenedAccount,
    OpenedOrder,
)


@dataclass(frozen=True, slots=True)
class BatchWrites:
    """What a store must change, in one atomic write; None removes. `orders` are by slot."""

    accounts: dict[int, Account]
    orders: dict[int, RestingOrder | None]
    markets: tuple[Market, ...]
    counters: Globals
    account_nodes: dict[NodeKey, int | None]
    order_nodes: dict[NodeKey, int | None]


@dataclass(frozen=True, slots=True)
class SealedBatch:
    """A finished batch. `output` is what the circuit must write, bit for bit."""

    batch_number: int
    old_root: int
    new_root: int
    output: tuple[int, ...]
    witness: BatchWitness
    writes: BatchWrites


def open_batch(state: State) -> None:
    """Start a batch; the previous one must have been sealed."""
    assert state.batch is None
    state.batch = OpenBatch(old_globals=state.globals, old_markets=state.market_list())


def seal_batch(state: State) -> SealedBatch:
    """Close the open batch, which has at least one transaction: pay fees, give slots, hash."""
    batch = state.batch
    assert batch is not None
    assert batch.entries
    state.begin()
    _credit_fees(state)
    state.globals = replace(state.globals, batch_number=state.globals.batch_number + 1)
    old_root, old_trees = state.root, (state.accounts_tree.root, state.orders_tree.root)
    opened_slots = {
        state.slot_of_order[order_id]: order for order_id, order in batch.opened_orders.items()
    }
    new_orders = _assign_slots(state, batch)
    accounts = {i: state.account(i) for i in sorted(batch.opened_accounts)}
    orders = _order_values(state, batch, new_orders)
    siblings = state.accounts_tree.siblings(accounts), state.orders_tree.siblings(orders)
    account_nodes, order_nodes = state.update_trees(
        {account_id: account.leaf() for account_id, account in accounts.items()},
        {slot: 0 if order is None else order.leaf() for slot, order in orders.items()},
    )
    output = encode_output(_output(state, batch, old_root, accounts, orders))
    witness = BatchWitness(
        config=state.config,
        old_globals=batch.old_globals,
        old_markets=batch.old_markets,
        old_accounts_root=old_trees[0],
        old_orders_root=old_trees[1],
        entries=tuple(batch.entries),
        accounts=tuple(OpenedAccount(i, batch.opened_accounts[i]) for i in accounts),
        orders=tuple(OpenedOrder(*item) for item in sorted(opened_slots.items())),
        new_orders=new_orders,
        account_siblings=_node_values(siblings[0]),
        order_siblings=_node_values(siblings[1]),
        output=output,
    )
    writes = BatchWrites(
        accounts, orders, state.market_list(), state.globals, account_nodes, order_nodes
    )
    state.commit()
    state.batch = None
    return SealedBatch(state.globals.batch_number, old_root, state.root, output, witness, writes)


def _credit_fees(state: State) -> None:
    if state.fees_quanta == 0:
        return
    account = state.account(FEE_ACCOUNT_ID)
    balance = account.collateral_quanta + state.fees_quanta
    state.set_account(FEE_ACCOUNT_ID, account.with_balance(balance))
    state.fees_quanta = 0


def _assign_slots(state: State, batch: OpenBatch) -> tuple[NewOrder, ...]:
    survivors = state.order_ids_born_since(batch.old_globals.next_order_id)
    slots = state.free_slots.take(len(survivors))
    return tuple(NewOrder(*item) for item in zip(slots, survivors, strict=True))


def _order_values(
    state: State, batch: OpenBatch, new_orders: tuple[NewOrder, ...]
) -> dict[int, RestingOrder | None]:
    """Return the new content of every opened slot, by ascending slot; update the slot tables."""
    values = {
        state.slot_of_order[order_id]: state.get_order(order_id) for order_id in batch.opened_orders
    }
    gone = [order_id for order_id in batch.opened_orders if order_id not in state.orders]
    state.free_slots.release(state.slot_of_order.pop(order_id) for order_id in gone)
    for new in new_orders:
        values[new.slot] = state.order(new.order_id)
        state.slot_of_order[new.order_id] = new.slot
    return dict(sorted(values.items()))


def _output(
    state: State,
    batch: OpenBatch,
    old_root: int,
    accounts: dict[int, Account],
    orders: dict[int, RestingOrder | None],
) -> BatchOutput:
    entries = [(entry.transaction, entry.result_code) for entry in batch.entries]
    operations = tuple(
        OperationRecord(code, tx.account_id, tx.amount_quanta, tx.l1_address, tx.stark_key)
        for tx, code in entries
        if isinstance(tx, Deposit)
    )
    assert len(operations) <= MAX_OPERATIONS_PER_BATCH
    return BatchOutput(
        config_hash=state.config.config_hash,
        old_root=old_root,
        new_root=state.root,
        batch_number=state.globals.batch_number,
        first_time_ms=batch.entries[0].time_ms,
        last_time_ms=batch.entries[-1].time_ms,
        first_queue_position=batch.old_globals.l1_queue_position,
        oracle_hash=oracle_hash([tx for tx, _ in entries if isinstance(tx, OracleUpdate)]),
        operations=operations,
        withdrawals=tuple(
            WithdrawalRecord(tx.amount_quanta, state.account(tx.account_id).l1_address)
            for tx, _ in entries
            if isinstance(tx, Withdraw)
        ),
        accounts=tuple(AccountRecord.of(i, account) for i, account in accounts.items()),
        orders=tuple(OrderRecord(*item) for item in orders.items()),
        markets=state.market_list(),
        counters=state.globals,
    )


def _node_values(nodes: dict[NodeKey, int]) -> tuple[NodeValue, ...]:
    return tuple(NodeValue(level, index, value) for (level, index), value in nodes.items())
