"""What no bid can do to a failing account, to its bidder or to the rest, in random states."""

import random
from fractions import Fraction

from hypothesis import given, settings
from hypothesis import strategies as st

from novation.protocol.auction import is_auction_running
from novation.protocol.constants import AUCTION_LIFE_MS, INSURANCE_ACCOUNT_ID, SHARE_X16_ONE
from novation.protocol.errors import InvalidTransaction, ResultCode
from novation.protocol.events import BidFilled
from novation.protocol.margin import Margin
from novation.protocol.markets import UnderlyingState
from tests.support.builders import ONE_DOLLAR, parameters
from tests.support.exchange import BUY, SELL, Exchange, exchange_with

N_MARKETS = 4
HOLDERS = (2, 3, 4)
BIDDERS = (5, 6, *HOLDERS)


def trading(rng: random.Random) -> Exchange:
    """Return an exchange whose holders have used up most of their margin in some markets.

    Sides have paid differently.
    """
    underlyings = tuple(
        UnderlyingState(
            is_listed=True, long_prefix=rng.randint(-50, 50), short_prefix=rng.randint(-50, 50)
        )
        for _ in range(N_MARKETS)
    )
    exchange = exchange_with({}, parameters(N_MARKETS), underlyings=underlyings)
    exchange.sign = False
    exchange.set_price(1000)
    exchange.fund(5, 6, 7, amount_quanta=10**6 * ONE_DOLLAR)
    for account_id in HOLDERS:
        exchange.fund(account_id, amount_quanta=rng.randint(1, 1000) * ONE_DOLLAR)
        for market_id in rng.sample(range(N_MARKETS), rng.randint(1, N_MARKETS)):
            margin = exchange.margin(account_id)
            spare_x16 = margin.equity_x16 - margin.initial_x16_ppm // 10**6
            most = max(1, (spare_x16 >> 16) // (1000 * 13) * 18)
            lots, side = rng.choice((1, most, rng.randint(1, most))), rng.choice((BUY, SELL))
            try:
                exchange.place(7, side.other, lots, 1000, market_id=market_id)
                exchange.place(account_id, side, lots, 1000, market_id=market_id)
            except InvalidTransaction:
                exchange.cancel_all(7)
    return exchange


def total_equity_x16(exchange: Exchange) -> int:
    """Return what all accounts together are worth."""
    return sum(exchange.margin(account_id).equity_x16 for account_id in exchange.state.accounts)


@given(st.integers(0, 2**32))
@settings(max_examples=25, deadline=None)
def test_bids_when_states_are_random_then_nobody_is_worse_than_the_rules_say(seed: int) -> None:
    rng = random.Random(seed)
    exchange = trading(rng)
    n_filled = 0
    for _ in range(40):
        exchange.set_price(*(rng.randint(930, 1070) for _ in range(N_MARKETS)))
        exchange.time_ms += rng.choice((0, 1, 500, 2_900))
        for account_id in HOLDERS:
            n_filled += _try_bids(rng, exchange, account_id)
        if rng.random() < 0.3:
            exchange.wait(rng.choice((20_000, 70_000, AUCTION_LIFE_MS)))
    exchange.seal()


def _try_bids(rng: random.Random, exchange: Exchange, failing_id: int) -> int:
    margin, account = exchange.margin(failing_id), exchange.state.account(failing_id)
    fails = not margin.meets_maintenance and account.positions
    if fails and not is_auction_running(account, exchange.time_ms):
        exchange.set_auction(failing_id)
    n_filled = 0
    for bidder_id in rng.sample(BIDDERS, 3):
        share_x16 = rng.choice((1, SHARE_X16_ONE, rng.randint(1, SHARE_X16_ONE)))
        offer = exchange.offer(bidder_id, failing_id, share_x16=share_x16)
        before = {i: exchange.margin(i) for i in (failing_id, bidder_id, INSURANCE_ACCOUNT_ID)}
        sizes = {slot.market_id: slot.size_lots for slot in account.positions}
        total = total_equity_x16(exchange)
        try:
            result = exchange.apply(offer)
        except InvalidTransaction:
            assert {i: exchange.margin(i).equity_x16 for i in before} == {
                i: margin.equity_x16 for i, margin in before.items()
            }
            continue
        n_filled += 1
        assert total_equity_x16(exchange) == total
        (event,) = [e for e in result.events if isinstance(e, BidFilled)]
        _check(exchange, event, before, sizes, share_x16, result.result_code)
        account = exchange.state.account(failing_id)
    return n_filled


def _check(
    exchange: Exchange,
    event: BidFilled,
    before: dict[int, Margin],
    sizes: dict[int, int],
    share_x16: int,
    code: ResultCode,
) -> None:
    """Assert that the account's health did not fall, and that nobody got more than his part."""
    old, new = before[event.failing_account_id], exchange.margin(event.failing_account_id)
    assert new.equity_x16 * old.maintenance_x16_ppm >= old.equity_x16 * new.maintenance_x16_ppm
    assert new.equity_x16 >= 0
    share = Fraction(event.share_x16, SHARE_X16_ONE)
    assert event.share_x16 <= share_x16
    assert (code is ResultCode.BID_CAPPED) == (event.share_x16 < share_x16)
    for part in event.taken:
        held = sizes[part.market_id]
        assert part.lots * held > 0
        assert share * abs(held) <= abs(part.lots) < share * abs(held) + 1
    gained = exchange.margin(event.bidder_account_id).equity_x16
    gained -= before[event.bidder_account_id].equity_x16
    given = event.discount_quanta - event.fee_quanta
    assert given - 1 < Fraction(gained, 2**16) <= given
    assert exchange.margin(event.bidder_account_id).meets_initial
    fund = exchange.margin(INSURANCE_ACCOUNT_ID).equity_x16
    assert fund - before[INSURANCE_ACCOUNT_ID].equity_x16 == event.fee_quanta << 16
    assert event.fee_quanta * 10 <= event.discount_quanta
    if code is ResultCode.BID_CAPPED:
        # As much as is needed, but for the part of a share and of a lot that cannot be taken.
        lacking = new.initial_x16_ppm - new.equity_x16 * 10**6
        lot_x16_ppm = 1070 * 13 * 50_000 * 2**16
        lots = sum(1 + abs(held) // SHARE_X16_ONE for held in sizes.values())
        assert abs(lacking) <= 2 * lots * lot_x16_ppm


def test_random_states_when_walked_then_bids_of_every_outcome_are_among_them() -> None:
    counts = {False: 0, True: 0}
    for seed in range(8):
        rng = random.Random(seed)
        exchange = trading(rng)
        for _ in range(30):
            exchange.set_price(*(rng.randint(930, 1070) for _ in range(N_MARKETS)))
            for account_id in HOLDERS:
                counts[_try_bids(rng, exchange, account_id) > 0] += 1
    assert counts[True] > 10
