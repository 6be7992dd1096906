"""Rebuilding the state from data availability alone: genesis and the outputs of all batches."""

from novation.protocol.accounts import Account
from novation.protocol.book_index import BookIndex
from novation.protocol.constants import OPERATION_DEPOSIT
from novation.protocol.errors import DecodeError, ResultCode
from novation.protocol.orders import OrderList
from novation.protocol.outflow import follow_outflows
from novation.protocol.output import AccountRecord, BatchOutput
from novation.protocol.rules.set_parameter import changed_parameters
from novation.protocol.signing_keys import SigningKey
from novation.protocol.state import State
from novation.protocol.transactions import ParameterKind, SetParameter


def apply_output(state: State, output: BatchOutput) -> None:
    """Apply the records of the next batch to a state that has no open batch.

    Raises:
        DecodeError: the output is not of this exchange, not the next batch, or does not lead to
            its own new root. The state is then not usable any more.
    """
    assert state.batch is None
    expected = (state.config.config_hash, state.root, state.globals.batch_number + 1)
    if (output.config_hash, output.old_root, output.batch_number) != expected:
        raise DecodeError(f"batch {output.batch_number} does not follow the state")
    counters = follow_outflows(state.globals, output.counters, state.parameters.outflow_share_ppm)
    _apply_parameters(state, output)
    account_leaves = _apply_accounts(state, output)
    market_leaves = _apply_markets(state, output)
    order_leaves = _apply_orders(state, output)
    state.globals = counters
    state.update_trees(account_leaves, order_leaves, market_leaves)
    if state.root != output.new_root:
        raise DecodeError(f"rebuilt root {state.root:#x}, output says {output.new_root:#x}")


def _apply_parameters(state: State, output: BatchOutput) -> None:
    for operation in output.operations:
        if operation.kind != OPERATION_DEPOSIT:
            kind = ParameterKind(operation.kind)
            tx = SetParameter(kind, operation.account_id, operation.stark_key)
            try:
                state.parameters = changed_parameters(state.parameters, tx)
            except ValueError as error:
                raise DecodeError(f"{tx}: {error}") from error
    expected = len(state.parameters.underlyings)
    if len(output.underlyings) != expected:
        raise DecodeError(f"{len(output.underlyings)} underlyings, expected {expected}")
    state.underlyings = output.underlyings


def _apply_markets(state: State, output: BatchOutput) -> dict[int, int]:
    leaves = {}
    for record in output.markets:
        market_id = record.market_id
        # Only perpetuals are listed, each with the id of its underlying.
        if record.market.underlying_id != market_id or market_id >= len(state.underlyings):
            raise DecodeError(f"market {market_id}, {len(state.underlyings)} underlyings")
        if market_id not in state.markets:
            state.books |= {(market_id, order_list): BookIndex() for order_list in OrderList}
        state.markets[market_id] = record.market
        leaves[market_id] = record.market.leaf()
    return leaves


def _apply_accounts(state: State, output: BatchOutput) -> dict[int, int]:
    owners: dict[int, tuple[int, tuple[SigningKey, ...]]] = {
        operation.account_id: (operation.l1_address, (SigningKey.full(operation.stark_key),))
        for operation in reversed(output.operations)
        if operation.kind == OPERATION_DEPOSIT and operation.result_code is ResultCode.DONE
    }
    leaves = {}
    for record in output.accounts:
        account = _new_account(state.get_account(record.account_id), record, owners)
        state.accounts[record.account_id] = account
        leaves[record.account_id] = account.leaf()
    return leaves


def _new_account(
    old: Account | None,
    record: AccountRecord,
    owners: dict[int, tuple[int, tuple[SigningKey, ...]]],
) -> Account:
    if old is not None:
        return record.account(old.l1_address, old.keys, old.holdings_quanta)
    if record.account_id not in owners:
        raise DecodeError(f"account {record.account_id} is new but has no deposit")
    return record.account(*owners[record.account_id])


def _apply_orders(state: State, output: BatchOutput) -> dict[int, int]:
    order_in_slot = {slot: order_id for order_id, slot in state.slot_of_order.items()}
    leaves = {}
    for record in output.orders:
        old_id = order_in_slot.get(record.slot)
        if old_id is not None:
            old = state.orders.pop(old_id)
            del state.slot_of_order[old_id]
            state.books[old.market_id, old.order_list].remove(old)
    for record in output.orders:
        order = record.order
        leaves[record.slot] = 0 if order is None else order.leaf()
        if order is not None:
            if order.market_id not in state.markets or order.order_id in state.orders:
                raise DecodeError(f"order {order.order_id} cannot be in slot {record.slot}")
            state.orders[order.order_id] = order
            state.slot_of_order[order.order_id] = record.slot
            state.books[order.market_id, order.order_list].insert(order)
    state.forget_free_slots()
    return leaves
