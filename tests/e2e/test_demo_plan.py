"""The story of the demo contains what the demo promises, before a node ever plays it."""

from devnet.demo.plan import BIDDER, LEVERAGED, SOL, TRADERS, TRAPPED, story
from novation.protocol.constants import INSURANCE_ACCOUNT_ID
from tests.e2e.local_exchange import LocalExchange


def test_story_when_played_then_every_step_is_accepted_and_enough_happens() -> None:
    exchange = LocalExchange()
    exchange.add_market()
    exchange.deposit_all()
    acts = story()
    for act in acts:
        exchange.play(act)
        for name in TRADERS:
            if name not in {LEVERAGED, TRAPPED} or act is acts[-1]:
                exchange.withdraw(name, 1_000_000)
        exchange.seal()
    assert exchange.counts["Deposit"] >= 8
    assert exchange.counts["PlaceOrder"] >= 60
    assert exchange.counts["fills"] >= 20
    assert exchange.counts["CancelOrder"] >= 8
    assert exchange.counts["OracleUpdate"] >= 2
    assert exchange.counts["ListMarket"] == 1
    assert exchange.counts["Liquidate"] == 1
    assert exchange.counts["Bid"] == 1
    bought = exchange.state.account(exchange.account_ids[BIDDER]).positions
    assert [(slot.market_id, slot.size_lots < 0) for slot in bought] == [(SOL, True)]
    trapped = exchange.state.account(exchange.account_ids[TRAPPED])
    assert trapped.auction_start_ms == 0
    assert exchange.state.account(INSURANCE_ACCOUNT_ID).collateral_quanta > 0
    assert exchange.counts[f"fills in {SOL}"] >= 2
    positions = [
        position.size_lots
        for account in exchange.state.accounts.values()
        for position in account.positions
    ]
    assert sum(positions) == 0
