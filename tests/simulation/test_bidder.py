"""Outside liquidators: they bid in a running auction, when it is worth it and they can bear it."""

import random

import pytest

from simulation.agents.bidder import Bidder
from simulation.both_sides import MARKET_ID, World
from simulation.plan import ONE_DOLLAR_QUANTA

# Of 10 %, of which 4.5 % are left then; 5 % are what must be maintained.
FAILING_PERMILLE = 945
SECONDS = 20


@pytest.fixture
def world() -> World:
    """Return an exchange on which an account is for sale, and has been for a while."""
    made = World(with_circuit=True)
    failing, other = (made.desk(dollars * ONE_DOLLAR_QUANTA) for dollars in (10_050, 1_000_000))
    made.trade(failing, other, made.lots_worth(100_000))
    made.pass_time(1, permille=1_000)
    made.pass_time(SECONDS, permille=FAILING_PERMILLE)
    assert made.view.auctioned_accounts() == [failing.account_id]
    return made


def bidder(world: World, dollars: int, wanted_ppm: int) -> Bidder:
    found = Bidder(world.desk(dollars * ONE_DOLLAR_QUANTA), random.Random(1))
    found.wanted_ppm = wanted_ppm
    return found


def test_bidder_when_the_discount_is_worth_it_then_takes_a_share_and_the_account_is_whole(
    world: World,
) -> None:
    (failing_id,) = world.view.auctioned_accounts()
    rich = bidder(world, 100_000, world.view.offered_discount_ppm(failing_id))
    rich.act()
    counts = world.recorder.counts
    assert counts.bids["bids"] == 1
    assert counts.bids["discount_quanta"] > counts.bids["insurance_fee_quanta"] > 0
    assert world.view.size_lots(rich.account_id, MARKET_ID) > 0
    assert world.view.margin(failing_id).meets_maintenance
    assert world.view.auctioned_accounts() == []
    world.exchange.seal()
    assert world.exchange.checks.circuit_faults == []
    assert world.exchange.checks.conservation_faults == []
    assert world.recorder.unexpected == []


def test_bidder_when_it_is_not_worth_it_then_sends_nothing(world: World) -> None:
    (failing_id,) = world.view.auctioned_accounts()
    greedy = bidder(world, 100_000, world.view.offered_discount_ppm(failing_id) + 1)
    n_operations = world.recorder.n_operations
    greedy.act()
    assert world.recorder.n_operations == n_operations
