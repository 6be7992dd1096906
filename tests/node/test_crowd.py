"""The bench's crowd is an exchange like any other, and its subscribers read what they should."""

import random
from decimal import Decimal
from pathlib import Path

from devnet.bench.crowd import Crowd, crowded_state, fill_database
from devnet.bench.signatures import measure_signature_check
from devnet.bench.subscribers import Subscribers
from novation.client import Side
from novation.protocol.conservation import check_conservation
from sequencer.engine import Accepted
from tests.node.support import PRICE_TICKS, trading_node
from tests.node.test_engine import CONFIG, fund, opened, orders
from tests.support.builders import START_MS, genesis
from tests.support.waiting import until

CROWD = Crowd(50, 40, (PRICE_TICKS << 16,) * 2, START_MS)


def test_crowd_can_be_traded_beside(tmp_path: Path) -> None:
    state = crowded_state(CONFIG, genesis(), CROWD)
    fill_database(tmp_path / "db", state)
    with opened(tmp_path) as engine:
        assert len(engine.state.accounts) == CROWD.n_accounts + 2
        assert len(engine.state.orders) == CROWD.n_orders
        assert engine.state.root == state._compute_root()
        engine._clock.move(1)  # type: ignore[attr-defined]
        fund(engine, START_MS + 1)
        outcomes = engine.process(orders(random.Random(1), 30)).outcomes
        assert all(isinstance(outcome, Accepted) for outcome in outcomes)
        engine.seal()
        check_conservation(engine.state)


async def test_subscribers_read_accounts_book_and_trades(tmp_path: Path) -> None:
    async with (
        trading_node(tmp_path) as node,
        node.client(2) as two,
        node.client(3) as three,
        Subscribers(node.target, [2, 4], market_id=0) as readers,
    ):
        assert readers.n_messages == 0
        for client, side in ((two, Side.BUY), (three, Side.SELL)):
            await client.place_order("BTC-USD", side, price="100", size=Decimal("0.001"))
        # Account 2: placed, filled, closed; two changes of the book; one trade.
        await until(lambda: readers.n_messages >= 6)
        assert readers.n_messages == 6


def test_signature_check_is_measured_on_valid_orders() -> None:
    assert 0 < measure_signature_check() < 1_000
