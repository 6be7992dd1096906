"""The guard of outflows: protocol.md, section 18."""

import re

import pytest

from novation.protocol.errors import Broken, ErrorCode, InvalidTransaction
from novation.protocol.markets import Globals
from novation.protocol.outflow import follow_outflows
from novation.protocol.output import decode_output
from novation.protocol.rebuild import apply_output
from novation.protocol.state import State
from novation.protocol.storage import decode_globals, encode_globals
from tests.support.builders import ONE_DOLLAR, exchange_config, genesis
from tests.support.exchange import Exchange

# A tenth in an hour.
SHARE_PPM = 100_000
HELD = 1000 * ONE_DOLLAR
MOST = HELD // 10


def guarded() -> Exchange:
    """Return an exchange that holds a thousand USD of two accounts, and as much of asset 3."""
    exchange = Exchange(sign=False)
    exchange.fund(2, 3, amount_quanta=HELD // 2)
    exchange.apply(exchange.deposit(2, HELD, 3))
    exchange.set_outflow_share(SHARE_PPM)
    # It holds from the next batch on.
    exchange.withdraw(3, HELD // 2)
    exchange.fund(3, amount_quanta=HELD // 2)
    exchange.seal()
    return exchange


def outflow(exchange: Exchange, asset_id: int = 0) -> int:
    """Return what counts of what has left."""
    return exchange.state.globals.outflow(asset_id)


@pytest.mark.parametrize("is_sealed", [False, True])
@pytest.mark.parametrize("asset_id", [0, 3])
def test_withdrawal_when_more_than_may_leave_then_refused_with_what_may_and_when(
    asset_id: int, *, is_sealed: bool
) -> None:
    exchange = guarded()
    exchange.withdraw(2, MOST // 2, asset_id)
    left, asked = MOST // 2, MOST * 4 // 5
    if is_sealed:
        exchange.seal()
        # A tenth of what is held now, less what has left.
        left -= MOST // 20
    with pytest.raises(InvalidTransaction, match=f"of which {left} may leave now") as refused:
        exchange.apply(exchange.withdrawal(2, asked, asset_id))
    assert refused.value.code is ErrorCode.OUTFLOW_LIMIT
    assert refused.value.broken == Broken("amount_quanta", asked, left)
    assert exchange.refuse(exchange.withdrawal(2, left + 1, asset_id)) is ErrorCode.OUTFLOW_LIMIT
    # It says the first time at which all of it may leave.
    said = re.search(r"from (\d+) ms on", str(refused.value))
    assert said
    exchange.time_ms = int(said[1]) - 1
    assert exchange.refuse(exchange.withdrawal(2, asked, asset_id)) is ErrorCode.OUTFLOW_LIMIT
    exchange.time_ms += 1
    exchange.withdraw(2, asked, asset_id)
    exchange.seal()


def test_withdrawal_when_more_than_ever_may_leave_at_once_then_says_so() -> None:
    exchange = guarded()
    with pytest.raises(InvalidTransaction, match=f": {MOST} at most at once"):
        exchange.apply(exchange.withdrawal(2, MOST + 1))


def test_accounts_when_many_then_no_more_leaves() -> None:
    exchange = guarded()
    exchange.withdraw(2, MOST // 2)
    exchange.withdraw(3, MOST // 2)
    for account_id in (2, 3):
        assert exchange.refuse(exchange.withdrawal(account_id, 1)) is ErrorCode.OUTFLOW_LIMIT
    # Assets are counted apart.
    exchange.withdraw(2, MOST, 3)


def test_stranger_when_he_takes_all_that_may_leave_and_brings_it_back_then_others_may_leave() -> (
    None
):
    """Money that goes round and round shuts nobody in: each deposit makes up for a withdrawal."""
    exchange = guarded()
    for _ in range(5):
        exchange.withdraw(2, MOST)
        assert exchange.refuse(exchange.withdrawal(3, 1)) is ErrorCode.OUTFLOW_LIMIT
        exchange.seal()
        exchange.fund(2, amount_quanta=MOST)
        exchange.seal()
        assert outflow(exchange) == 0
    exchange.withdraw(3, MOST)


def test_deposit_when_nothing_has_left_then_no_more_may_leave_later() -> None:
    exchange = guarded()
    exchange.fund(2, amount_quanta=HELD)
    # In the same batch what came may go.
    exchange.withdraw(2, HELD)
    exchange.withdraw(2, MOST)
    assert exchange.refuse(exchange.withdrawal(2, 1)) is ErrorCode.OUTFLOW_LIMIT
    exchange.seal()
    exchange.fund(2, amount_quanta=HELD)
    exchange.seal()
    exchange.withdraw(2, exchange.custody_quanta // 10)
    assert exchange.refuse(exchange.withdrawal(2, 1)) is ErrorCode.OUTFLOW_LIMIT


def test_outflow_when_custody_has_shrunk_then_no_batch_is_stuck() -> None:
    exchange = guarded()
    exchange.withdraw(2, MOST)
    exchange.seal()
    assert outflow(exchange) == MOST
    # More counts than may leave of what is left: nothing does, all else goes on.
    assert exchange.refuse(exchange.withdrawal(2, 1)) is ErrorCode.OUTFLOW_LIMIT
    exchange.fund(4, amount_quanta=3)
    exchange.seal()
    assert outflow(exchange) == MOST - 3
    exchange.set_outflow_share(0)
    exchange.seal()
    exchange.withdraw(2, HELD // 2 - MOST)
    exchange.seal()
    assert outflow(exchange) == 0


def test_outflow_when_little_is_held_then_it_does_not_stay_shut() -> None:
    before = Globals(time_ms=0, custody_quanta=7, outflow_quanta=1)
    after = Globals(time_ms=1, custody_quanta=6)
    assert follow_outflows(before, after, 1).outflow_quanta == 1
    assert follow_outflows(before, Globals(time_ms=1, custody_quanta=7), 1).outflow_quanta == 0


def test_outflow_when_rebuilt_or_stored_then_the_same() -> None:
    exchange = Exchange(sign=False)
    rebuilt = State.genesis(exchange_config(), genesis())
    exchange.fund(2, amount_quanta=HELD)
    exchange.apply(exchange.deposit(2, HELD, 5))
    exchange.set_outflow_share(SHARE_PPM)
    for step_ms in (60_000, 1, 0):
        apply_output(rebuilt, decode_output(exchange.seal().output))
        exchange.time_ms += step_ms
        exchange.withdraw(2, 12_345)
        exchange.withdraw(2, 54_321, 5)
    apply_output(rebuilt, decode_output(exchange.seal().output))
    counters = exchange.state.globals
    assert rebuilt.globals == counters
    assert counters.outflow(0) > 0 < counters.outflow(5)
    stored = encode_globals(counters, exchange.state.underlyings)
    assert decode_globals(stored) == (counters, exchange.state.underlyings)
