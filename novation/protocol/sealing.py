"""Sealing: the open batch becomes an output, a witness for the circuit and writes for a store."""

from collections.abc import Iterable
from dataclasses import dataclass, replace

from novation.protocol.accounts import Account
from novation.protocol.batch import Hints, OpenBatch, WithdrawHints
from novation.protocol.constants import (
    FEE_ACCOUNT_ID,
    MAX_OPERATIONS_PER_BATCH,
    OPERATION_DEPOSIT,
)
from novation.protocol.errors import ResultCode
from novation.protocol.fee_tiers import day_of, returned_quanta
from novation.protocol.markets import Globals, Market, UnderlyingState
from novation.protocol.merkle import NodeKey
from novation.protocol.orders import RestingOrder
from novation.protocol.outflow import follow_outflows
from novation.protocol.output import (
    AccountRecord,
    BatchOutput,
    MarketRecord,
    OperationRecord,
    OrderRecord,
    WithdrawalRecord,
    encode_output,
    oracle_hash,
)
from novation.protocol.parameters import Parameters
from novation.protocol.rules.pools import credit_insurance
from novation.protocol.state import State
from novation.protocol.transactions import Deposit, L1Operation, OracleUpdate, Withdraw
from novation.protocol.witness import (
    BatchWitness,
    NewOrder,
    NodeValue,
    OpenedAccount,
    OpenedMarket,
    OpenedOrder,
)


@dataclass(frozen=True, slots=True)
class BatchWrites:
    """What a store must change, in one atomic write; None removes. `orders` are by slot."""

    accounts: dict[int, Account]
    orders: dict[int, RestingOrder | None]
    markets: dict[int, Market]
    parameters: Parameters
    underlyings: tuple[UnderlyingState, ...]
    counters: Globals
    account_nodes: dict[NodeKey, int | None]
    order_nodes: dict[NodeKey, int | None]
    market_nodes: dict[NodeKey, int | None]


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
    state.batch = OpenBatch(
        old_globals=state.globals,
        old_parameters=state.parameters,
        old_underlyings=state.underlyings,
    )


def seal_batch(state: State) -> SealedBatch:
    """Close the open batch, which has at least one transaction: pay fees, give slots, hash."""
    batch = state.batch
    assert batch is not None
    assert batch.entries
    state.begin()
    fees_returned_quanta = _share_fees(state, batch)
    state.globals = replace(state.globals, batch_number=state.globals.batch_number + 1)
    state.globals = follow_outflows(
        batch.old_globals, state.globals, batch.old_parameters.outflow_share_ppm
    )
    old_root, old_roots = state.root, state.roots
    opened_slots = {
        state.slot_of_order[order_id]: order for order_id, order in batch.opened_orders.items()
    }
    new_orders = _assign_slots(state, batch)
    accounts = {i: state.account(i) for i in sorted(batch.opened_accounts)}
    orders = _order_values(state, batch, new_orders)
    markets = {i: state.market(i) for i in sorted(batch.opened_markets)}
    siblings = _siblings(state, accounts, orders, markets)
    nodes = state.update_trees(
        {account_id: account.leaf() for account_id, account in accounts.items()},
        {slot: 0 if order is None else order.leaf() for slot, order in orders.items()},
        {market_id: market.leaf() for market_id, market in markets.items()},
    )
    writes = BatchWrites(
        accounts, orders, markets, state.parameters, state.underlyings, state.globals, *nodes
    )
    output = encode_output(_output(state, batch, old_root, writes))
    witness = BatchWitness(
        config=state.config,
        old_globals=batch.old_globals,
        old_parameters=batch.old_parameters,
        old_underlyings=batch.old_underlyings,
        old_roots=old_roots,
        entries=tuple(batch.entries),
        accounts=tuple(OpenedAccount(i, batch.opened_accounts[i]) for i in accounts),
        orders=tuple(OpenedOrder(*item) for item in sorted(opened_slots.items())),
        new_orders=new_orders,
        markets=tuple(OpenedMarket(i, batch.opened_markets[i]) for i in markets),
        account_siblings=siblings[0],
        order_siblings=siblings[1],
        market_siblings=siblings[2],
        output=output,
        fees_returned_quanta=fees_returned_quanta,
    )
    state.commit()
    state.batch = None
    return SealedBatch(state.globals.batch_number, old_root, state.root, output, witness, writes)


def _share_fees(state: State, batch: OpenBatch) -> int:
    """Give the fees of the batch to whom they belong; return what goes back to who paid them."""
    returned = sum([_settle_fees(state, batch, i) for i in sorted(batch.opened_accounts)])
    kept_quanta = state.fees_quanta - returned
    insured_quanta = batch.old_parameters.fee_schedule.insurance_quanta(kept_quanta)
    state.fees_quanta = 0
    if insured_quanta:
        credit_insurance(state, insured_quanta)
    if kept_quanta > insured_quanta:
        account = state.account(FEE_ACCOUNT_ID)
        balance = account.collateral_quanta + kept_quanta - insured_quanta
        state.set_account(FEE_ACCOUNT_ID, account.with_balance(balance))
    return returned


def _settle_fees(state: State, batch: OpenBatch, account_id: int) -> int:
    account = state.account(account_id)
    if account.batch_fees_quanta == 0:
        return 0
    after = with_settled_fees(batch, account)
    state.set_account(account_id, after)
    return after.collateral_quanta - account.collateral_quanta


def with_settled_fees(batch: OpenBatch, account: Account) -> Account:
    """Return an account as it is when its batch is sealed: with what it gets back of its fees."""
    fees_quanta = account.batch_fees_quanta
    if fees_quanta == 0:
        return account
    day = day_of(batch.old_globals.time_ms)
    schedule = batch.old_parameters.fee_schedule
    returned = returned_quanta(account.fees_paid, fees_quanta, day, schedule)
    return replace(
        account,
        collateral_quanta=account.collateral_quanta + returned,
        fees_paid=account.fees_paid.on(day).with_fees(fees_quanta),
        batch_fees_quanta=0,
    )


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


def _siblings(
    state: State,
    accounts: Iterable[int],
    orders: Iterable[int],
    markets: Iterable[int],
) -> tuple[tuple[NodeValue, ...], tuple[NodeValue, ...], tuple[NodeValue, ...]]:
    """Return the nodes beside the paths of what the batch opened, of each tree."""
    return (
        _node_values(state.accounts_tree.siblings(accounts)),
        _node_values(state.orders_tree.siblings(orders)),
        _node_values(state.markets_tree.siblings(markets)),
    )


def _output(state: State, batch: OpenBatch, old_root: int, writes: BatchWrites) -> BatchOutput:
    entries = [(entry.transaction, entry.result_code) for entry in batch.entries]
    operations = tuple(_operation(tx, code) for tx, code in entries if isinstance(tx, L1Operation))
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
            _withdrawal(state, entry.transaction, entry.hints)
            for entry in batch.entries
            if isinstance(entry.transaction, Withdraw)
        ),
        accounts=tuple(
            AccountRecord.of(
                i,
                account,
                has_keys=i in batch.changed_keys,
                has_holdings=i in batch.changed_holdings,
            )
            for i, account in writes.accounts.items()
        ),
        orders=tuple(OrderRecord(*item) for item in writes.orders.items()),
        markets=tuple(MarketRecord(*item) for item in writes.markets.items()),
        underlyings=state.underlyings,
        counters=state.globals,
    )


def _operation(tx: L1Operation, code: ResultCode) -> OperationRecord:
    if isinstance(tx, Deposit):
        return OperationRecord(
            OPERATION_DEPOSIT,
            code,
            tx.account_id,
            tx.amount_quanta,
            tx.l1_address,
            tx.stark_key,
            tx.asset_id,
        )
    return OperationRecord(tx.kind, code, tx.index, 0, 0, tx.word)


def _node_values(nodes: dict[NodeKey, int]) -> tuple[NodeValue, ...]:
    return tuple(NodeValue(level, index, value) for (level, index), value in nodes.items())


def _withdrawal(state: State, tx: Withdraw, hints: Hints) -> WithdrawalRecord:
    paid_quanta = hints.paid_quanta if isinstance(hints, WithdrawHints) else tx.amount_quanta
    return WithdrawalRecord(paid_quanta, state.account(tx.account_id).l1_address, tx.asset_id)
