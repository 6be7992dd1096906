"""Keys made for a message: what the exchange accepts has a trace, what has none is refused."""

from dataclasses import replace

import pytest

from circuits.program_input import program_input
from novation.protocol.errors import ErrorCode, InvalidTransaction
from novation.protocol.signatures import Signature
from novation.protocol.transactions import Deposit, OracleReport, PlaceOrder
from prover._native import CairoRunError
from prover.runner import run_program
from sequencer.engine import Command
from sequencer.signature_check import KeyDirectory, verify_group
from tests.circuits.tracing import assert_trace_is_made
from tests.support.builders import (
    ONE_DOLLAR,
    QUORUM,
    l1_address,
    oracle_report,
    oracle_update,
    parameters,
)
from tests.support.exchange import BUY, Exchange
from tests.support.made_signatures import MadeSignature, signatures_of_meeting_sums

# Two steps with a bit of the scalar, and two beyond them.
STEPS = (0, 250, 251, 254)
N_KINDS = 6 + 4 * len(STEPS)


def made_order(exchange: Exchange, account_id: int, kind: int) -> tuple[PlaceOrder, MadeSignature]:
    """Return an order of an account that does not exist yet, and the signature that makes its key.

    The id is known before the key: L1 hands ids out in order.
    """
    order = exchange.order(account_id, BUY, 1, 1000)
    made = signatures_of_meeting_sums(order.message_hash(exchange.config), kind, STEPS)[kind]
    return replace(order, signature=Signature(made.r, made.s)), made


def test_orders_with_keys_made_for_them() -> None:
    exchange = Exchange()
    verdicts = []
    for kind in range(N_KINDS):
        account_id = 2 + kind
        order, made = made_order(exchange, account_id, kind)
        exchange.apply(
            Deposit(account_id, l1_address(account_id), made.public_key, 1_000 * ONE_DOLLAR)
        )
        directory = KeyDirectory(exchange.config, exchange.state.accounts)
        command = Command(order, exchange.time_ms, order.message_hash(exchange.config))
        (checked,) = verify_group(directory, (), [command])
        assert checked.is_verified is made.is_provable, made.kind
        if made.is_provable:
            exchange.apply(order)
        else:
            assert exchange.refuse(order) is ErrorCode.INVALID_SIGNATURE, made.kind
        verdicts.append(made.is_provable)
    assert verdicts.count(True) == 12
    assert verdicts.count(False) == 10
    assert_trace_is_made(exchange.seal())


def test_machine_refuses_the_signatures_that_the_exchange_refuses() -> None:
    """The same orders without the check of the state transition: no run, hence no trace."""
    n_refused = 0
    for kind in range(N_KINDS):
        exchange = Exchange(sign=False)
        order, made = made_order(exchange, 2, kind)
        exchange.apply(Deposit(2, l1_address(2), made.public_key, 1_000 * ONE_DOLLAR))
        exchange.apply(order)
        records = program_input(exchange.seal().witness)
        if made.is_provable:
            run_program(records)
        else:
            n_refused += 1
            with pytest.raises(CairoRunError, match="invalid signature"):
                run_program(records)
    assert n_refused == 10


def made_reports(seed: int) -> tuple[Exchange, list[tuple[OracleReport, MadeSignature]]]:
    """Return an exchange whose oracle keys were made for their first reports."""
    exchange = Exchange(price_ticks=0)
    exchange.time_ms += 1
    prices_x16 = tuple(1000 << 16 for _ in exchange.state.underlyings)
    made = []
    for index in range(QUORUM):
        # A report's hash does not contain the keys, and neither does the domain.
        report = oracle_report(exchange.config, index, exchange.time_ms, prices_x16)
        kinds = signatures_of_meeting_sums(report.message_hash(exchange.config), seed, STEPS)
        made.append((report, kinds[(seed + index) % N_KINDS]))
    keys = tuple(signature.public_key for _, signature in made)
    with_keys = Exchange(replace(parameters(), oracle_keys=keys), price_ticks=0)
    with_keys.time_ms = exchange.time_ms
    return with_keys, [
        (replace(report, signature=Signature(signature.r, signature.s)), signature)
        for report, signature in made
    ]


@pytest.mark.parametrize("seed", range(0, N_KINDS, QUORUM))
def test_oracle_reports_with_keys_made_for_them(seed: int) -> None:
    exchange, made = made_reports(seed)
    update = oracle_update(tuple(report for report, _ in made))
    if all(signature.is_provable for _, signature in made):
        exchange.apply(update)
        assert_trace_is_made(exchange.seal())
    else:
        with pytest.raises(InvalidTransaction, match="expected a signature"):
            exchange.apply(update)
