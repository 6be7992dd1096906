"""What keys cost: no transaction takes more steps than it is charged, with 1 to 8 keys.

A figure is the difference between a batch with the transactions and one without them, as in
`test_slot_costs.py`.
"""

import copy
from collections.abc import Callable
from functools import partial

import pytest

from circuits.program_input import program_input
from novation.protocol.constants import LAST_TIME_MS, MAX_KEYS, SKIPPED_NONCES
from novation.protocol.nonces import NonceWindow
from novation.protocol.transactions import AddKey, CancelOrder, RemoveKey, Withdraw
from prover.runner import run_program
from sequencer.l1_cost import CHARGED_UNITS_PPM, PPM
from tests.circuits.forging_batches import signed_by, with_slots
from tests.support.builders import public_key, slot_private_key
from tests.support.exchange import BUY, SELL, Exchange, exchange_with

USERS = range(2, 14)
UNITS_PER_INSTRUCTION, UNITS_PER_CHECK = 3, 8

Act = Callable[[Exchange, int], None]


def prepared(n_keys: int, skipped: int = 0) -> Exchange:
    """Return users with so many keys, each with a position; their slots have skipped nonces."""
    windows = (NonceWindow(1000, skipped),) * n_keys
    exchange = exchange_with({user: with_slots(user, windows) for user in USERS})
    exchange.set_price(1000)
    for seller, buyer in zip(USERS[::2], USERS[1::2], strict=True):
        exchange.place(seller, SELL, 1, 1000)
        exchange.place(buyer, BUY, 1, 1000)
    exchange.seal()
    exchange.refresh_prices()
    return exchange


def by_last_key(exchange: Exchange, n_keys: int) -> None:
    """Orders and cancellations by slot 1 or 7, of the two kinds of words of nonces."""
    slot = 1 if n_keys < MAX_KEYS else MAX_KEYS - 1
    for nonce, user in enumerate(USERS, 1001):
        order = exchange.order(user, BUY, 1, 990, key_index=slot, nonce=nonce)
        exchange.apply(signed_by(exchange, slot, order))
        order_id = exchange.state.globals.next_order_id - 1
        exchange.apply(signed_by(exchange, slot, CancelOrder(user, slot, nonce + 1, order_id)))
        exchange.apply(signed_by(exchange, slot, Withdraw(user, slot, nonce + 2, 1)))


def orders(slot: int, exchange: Exchange, _: int) -> None:
    """Orders by some slot."""
    for user in USERS:
        nonce = 1001 if slot else exchange.next_nonce(user)
        order = exchange.order(user, BUY, 1, 990, key_index=slot, nonce=nonce)
        exchange.apply(signed_by(exchange, slot, order))


def out_of_turn(slot: int, step: int, exchange: Exchange, _: int) -> None:
    """Orders by some slot with a nonce so far from the highest one."""
    for user in USERS:
        nonce = exchange.state.account(user).windows[slot].high + step
        order = exchange.order(user, BUY, 1, 990, key_index=slot, nonce=nonce)
        exchange.apply(signed_by(exchange, slot, order))


def deposits(exchange: Exchange, _: int) -> None:
    for user in USERS:
        exchange.fund(user, amount_quanta=1)


def additions(exchange: Exchange, n_keys: int) -> None:
    for user in USERS:
        slot = min(n_keys, MAX_KEYS - 1)
        key = public_key(slot_private_key(user, slot))
        tx = AddKey(user, 0, exchange.next_nonce(user), slot, 7, LAST_TIME_MS, key)
        exchange.apply(signed_by(exchange, 0, tx))


def removals(exchange: Exchange, n_keys: int) -> None:
    for user in USERS:
        tx = RemoveKey(user, 0, exchange.next_nonce(user), n_keys - 1)
        exchange.apply(signed_by(exchange, 0, tx))


CASES = [
    (act, n_keys)
    for act in (by_last_key, deposits, additions, removals)
    for n_keys in (1, 2, 4, 5, MAX_KEYS)
    # With one key there is no other to sign or to remove.
    if n_keys > 1 or act in (deposits, additions)
]


def figures(exchange: Exchange) -> tuple[int, int, int]:
    """Seal and run; return charge, steps and range checks. The output is right."""
    charged_steps = exchange.charged_steps
    sealed = exchange.seal()
    run = run_program(program_input(sealed.witness))
    assert tuple(run.output) == sealed.output
    return charged_steps, run.n_steps, run.builtin_cells["range_check"]


def cost_of(act: Act, n_keys: int, skipped: int = 0) -> tuple[int, int, int]:
    """Return charge, steps and range checks of what is done."""
    exchange = prepared(n_keys, skipped)
    idle = copy.deepcopy(exchange)
    act(exchange, n_keys)
    charge, steps, checks = (
        whole - without for whole, without in zip(figures(exchange), figures(idle), strict=True)
    )
    return charge, steps, checks


@pytest.mark.parametrize(("act", "n_keys"), CASES)
def test_transactions_when_accounts_have_many_keys_then_charged_what_they_cost(
    act: Act, n_keys: int
) -> None:
    charged_steps, steps, checks = cost_of(act, n_keys)
    print(act.__name__, n_keys, steps, charged_steps)
    assert steps <= charged_steps
    units = UNITS_PER_INSTRUCTION * steps + UNITS_PER_CHECK * checks
    assert units <= charged_steps * CHARGED_UNITS_PPM // PPM


@pytest.mark.parametrize("n_keys", [2, 4, 5, MAX_KEYS])
def test_keys_of_a_leaf_when_charged_then_covered_without_the_slack_of_others(n_keys: int) -> None:
    alone, several = cost_of(deposits, 1), cost_of(deposits, n_keys)
    assert 0 < several[1] - alone[1] <= several[0] - alone[0]


@pytest.mark.parametrize("slot", [1, MAX_KEYS - 1])
def test_signature_of_another_key_when_charged_then_covered_without_the_slack_of_others(
    slot: int,
) -> None:
    first, other = (cost_of(partial(orders, signer), MAX_KEYS) for signer in (0, slot))
    assert 0 < other[1] - first[1] <= other[0] - first[0]


@pytest.mark.parametrize("step", [1, 2, 64, 65, -2, -64])
@pytest.mark.parametrize("slot", [0, 1, MAX_KEYS - 1])
def test_nonce_out_of_turn_when_charged_then_covered_without_the_slack_of_others(
    slot: int, step: int
) -> None:
    """A nonce that leaves or meets a gap, against the next one of the same slot without any."""
    costs = [
        cost_of(partial(out_of_turn, slot, how), MAX_KEYS, skipped)
        for how, skipped in ((1, 0), (step, 2**SKIPPED_NONCES - 1))
    ]
    in_turn, other = costs
    print(slot, step, (other[1] - in_turn[1]) / len(USERS))
    assert 0 < other[1] - in_turn[1] <= other[0] - in_turn[0]


@pytest.mark.parametrize("act", [additions, removals])
def test_change_of_a_key_when_charged_then_covered_without_the_slack_of_leaves(act: Act) -> None:
    idle, change = cost_of(deposits, MAX_KEYS), cost_of(act, MAX_KEYS)
    assert 0 < change[1] - idle[1] <= change[0] - idle[0]
