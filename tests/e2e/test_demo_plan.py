"""The story of the demo contains what the demo promises, before a node ever plays it."""

from devnet.demo.plan import SOL, TRADERS, story
from tests.e2e.local_exchange import LocalExchange


def test_story_when_played_then_every_step_is_accepted_and_enough_happens() -> None:
    exchange = LocalExchange()
    exchange.add_market()
    exchange.deposit_all()
    for act in story():
        exchange.play(act)
        for name in TRADERS:
            exchange.withdraw(name, 1_000_000)
        exchange.seal()
    assert exchange.counts["Deposit"] >= 8
    assert exchange.counts["PlaceOrder"] >= 60
    assert exchange.counts["fills"] >= 20
    assert exchange.counts["CancelOrder"] >= 8
    assert exchange.counts["OracleUpdate"] >= 2
    assert exchange.counts["ListMarket"] == 1
    assert exchange.counts[f"fills in {SOL}"] >= 2
    positions = [
        position.size_lots
        for account in exchange.state.accounts.values()
        for position in account.positions
    ]
    assert sum(positions) == 0
