"""Over gRPC: what open interest adds to the initial margin is shown, previewed and asked for."""

from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import pytest

from novation.client import MarginRejectedError, Side
from novation.protocol.constants import MINUTE_MS
from tests.node.support import running_node
from tests.support.builders import ONE_DOLLAR, genesis, parameters, underlying

MARKET = "BTC-USD"
# From 0 to a million USD.
TERMS = underlying(symbol=MARKET, interest_upper_kusd=1_000)


async def test_margin_when_open_interest_is_large_then_shown_previewed_and_asked_for(
    tmp_path: Path,
) -> None:
    first = genesis(parameters(2).with_underlying(0, TERMS))
    async with running_node(tmp_path, first=first) as node:
        for account_id in (2, 3, 4):
            node.l1.add_deposit(account_id, 10**5 * ONE_DOLLAR)
        await node.until_consumed()
        await node.set_price()
        async with node.client(2) as two, node.client(3) as three, node.client(4) as four:
            # 200,000 USD of a million: a fifth of what there is above 5 %.
            await three.place_order(MARKET, Side.SELL, price="100.0", size=2_000)
            await two.place_order(MARKET, Side.BUY, price="100.0", size=2_000)
            node.move(MINUTE_MS)
            await node.set_price()
            await node.until(lambda engine: engine.state.underlyings[0].added_margin_ppm > 0)
            shown = await four.prices(MARKET)
            assert shown.added_margin == Decimal("0.01")
            [rising, flat] = four.exchange.parameters.underlyings
            assert (rising, flat.interest_upper_kusd) == (TERMS, 0)
            # 100,000 USD are the margin of 1.67 million at 6 %, of 2 million at 5 %.
            most = (await four.margin()).max_size(MARKET, Side.BUY, "99.9")
            assert 16_000 < most < 17_000
            with pytest.raises(MarginRejectedError):
                await four.place_order(MARKET, Side.BUY, price="99.9", size=most + 100)
            await four.place_order(MARKET, Side.BUY, price="99.9", size=most)


def test_terms_when_amounts_are_named_then_in_the_word() -> None:
    assert replace(TERMS, interest_upper_kusd=0).word() + (1_000 << 220) == TERMS.word()
