"""The examples of docs/spec/risk.md: each number of the page is that of the state transition."""

import math
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Final

import pytest

from novation.protocol.auction import discount_ppm
from novation.protocol.constants import (
    AUCTION_LIFE_MS,
    FEE_ACCOUNT_ID,
    INSURANCE_ACCOUNT_ID,
    MINUTE_MS,
    RESOLVE_MS,
    SAMPLES_PER_HOUR,
    SHARE_X16_ONE,
)
from novation.protocol.errors import ErrorCode, InvalidTransaction, ResultCode
from novation.protocol.events import (
    BidFilled,
    LegTaken,
    OrderFilled,
    PoolShared,
    PositionSettled,
    Unwound,
    Withdrawn,
)
from novation.protocol.fee_tiers import FeeSchedule, FeeTier
from novation.protocol.insured_interest import interest_cap_lots
from novation.protocol.margin import Margin, margin_of
from novation.protocol.mark import opening_margin_ppm
from novation.protocol.rules.funding import FUNDING_PARTS, funding_rate_x16
from novation.protocol.transactions import Liquidate
from tests.circuits.fee_tier_batches import funded, trade
from tests.support.builders import (
    ONE_DOLLAR,
    QUORUM,
    l1_address,
    oracle_report,
    oracle_update,
    parameters,
    underlying,
)
from tests.support.exchange import BUY, SELL, Exchange

PAGE: Final = (Path(__file__).parents[2] / "docs" / "spec" / "risk.md").read_text()
EXAMPLES: Final = {
    int(line.split(".")[0].removeprefix("> Example ")): line
    for line in PAGE.splitlines()
    if line.startswith("> Example ")
}


def usd(quanta: int) -> str:
    """Return an amount as the page writes it: two decimals, or six if they are needed."""
    amount = Decimal(quanta) / ONE_DOLLAR
    return f"{amount:,.2f}" if amount == round(amount, 2) else f"{amount:,.6f}"


def said(example: int, *numbers: str) -> None:
    """Assert that an example has these numbers."""
    for number in numbers:
        assert number in EXAMPLES[example], (number, EXAMPLES[example])


def margin(exchange: Exchange, account_id: int = 2) -> Margin:
    """Return equity and requirements of an account."""
    state = exchange.state
    return margin_of(state.account(account_id), state.underlyings, state.parameters)


def equity(exchange: Exchange) -> str:
    """Return the equity of account 2."""
    return f"E = {usd(margin(exchange).equity_x16 >> 16)}"


def maintenance(exchange: Exchange) -> str:
    """Return its maintenance requirement."""
    return f"Q = {usd((margin(exchange).maintenance_x16_ppm >> 16) // 10**6)}"


def initial(exchange: Exchange) -> str:
    """Return its initial requirement."""
    return f"I = {usd((margin(exchange).initial_x16_ppm >> 16) // 10**6)}"


def holding(paid_in: int, lots: int, mark_ticks: int) -> Exchange:
    """Return an exchange whose account 2 has bought lots at 1000."""
    exchange = Exchange(sign=False)
    exchange.fund(3, 4, amount_quanta=10**6 * ONE_DOLLAR)
    exchange.fund(2, amount_quanta=paid_in * ONE_DOLLAR)
    exchange.place(3, SELL, lots, 1000)
    exchange.place(2, BUY, lots, 1000)
    exchange.set_price(mark_ticks)
    return exchange


def test_page_has_an_example_for_each_rule() -> None:
    assert sorted(EXAMPLES) == list(range(1, 21))


@pytest.mark.parametrize(("reported", "index"), [((1000, 1002, 1001), 1001), ((1000, 1002), 1000)])
def test_example_1_index(reported: tuple[int, ...], index: int) -> None:
    exchange = Exchange()
    exchange.time_ms += 1
    reports = tuple(
        oracle_report(exchange.config, i, exchange.time_ms, (price << 16,) * 2)
        for i, price in enumerate(reported)
    )
    assert len(reports) >= QUORUM
    exchange.apply(oracle_update(reports))
    assert exchange.state.underlyings[0].index_price_x16 == index << 16
    said(1, str(index), *map(str, reported))


def test_example_2_mark() -> None:
    exchange = Exchange()
    terms, prices = exchange.state.parameters.underlyings[0], exchange.state.underlyings[0]
    limit_ticks = 1000 * terms.maintenance_margin_ppm // 2 // 10**6
    assert prices.index_price_x16 == 1000 << 16
    said(2, str(1000 - limit_ticks), str(1000 + limit_ticks))


def test_example_3_requirements() -> None:
    exchange = holding(10_000, 500_000, 990)
    said(3, equity(exchange), maintenance(exchange), initial(exchange))
    before = initial(exchange)
    exchange.place(2, SELL, 700_000, 1010)
    assert initial(exchange) == before
    exchange.cancel_all(2)
    exchange.place(2, SELL, 1_200_000, 1010)
    said(3, initial(exchange))


def test_example_4_reducing() -> None:
    exchange = holding(100, 180_000, 990)
    said(4, equity(exchange), initial(exchange))
    assert exchange.refuse(exchange.order(2, BUY, 1, 990)) is ErrorCode.INSUFFICIENT_MARGIN
    rests = exchange.place(2, SELL, 180_000, 1010, reduce_only=True)
    assert rests.result_code is ResultCode.RESTING


def test_example_16_forecast() -> None:
    terms = underlying(margin_deviations=8)
    exchange = Exchange(parameters().with_underlying(0, terms), sign=False)
    exchange.fund(2, amount_quanta=100 * ONE_DOLLAR)
    exchange.end_minute()
    exchange.set_price(1014)
    exchange.end_minute()
    variance_ppm2 = exchange.state.market(0).variance_ppm2
    said(16, f"{math.isqrt(variance_ppm2)} millionths a second")
    said(16, f"in an hour {8 * 60 * math.sqrt(variance_ppm2) / 10**4:.1f} %")
    exchange.refresh_prices()
    [most] = [lots for lots in (164_365,) if f"{lots:,} lots" in EXAMPLES[16]]
    assert exchange.refuse(exchange.order(2, BUY, most + 1, 1000)) is ErrorCode.INSUFFICIENT_MARGIN
    assert exchange.place(2, BUY, most, 1000).result_code is ResultCode.RESTING
    for minute in range(1, 10):
        needed_ppm = opening_margin_ppm(exchange.state.underlyings[0], terms)
        assert needed_ppm == 50_000 + minute * 10_000
        exchange.end_minute()
    needed_ppm = opening_margin_ppm(exchange.state.underlyings[0], terms)
    said(16, "needs 6 % now", f"Nine minutes later it needs {needed_ppm // 10**4} %")


def test_example_5_withdrawal() -> None:
    exchange = holding(10_000, 500_000, 990)
    free_quanta = 945_250 * ONE_DOLLAR // 100
    said(5, usd(free_quanta))
    assert exchange.refuse(exchange.withdrawal(2, free_quanta + 1)) is ErrorCode.INSUFFICIENT_MARGIN
    exchange.withdraw(2, free_quanta)


def test_example_11_transfer() -> None:
    exchange = holding(10_000, 500_000, 990)
    free_quanta = 945_250 * ONE_DOLLAR // 100
    said(11, usd(free_quanta))
    exchange.apply(replace(exchange.deposit(5, 1), l1_address=l1_address(2)))
    exchange.apply(replace(exchange.deposit(6, 1), l1_address=l1_address(6)))
    too_much = exchange.transferral(2, 5, free_quanta + 1)
    assert exchange.refuse(too_much) is ErrorCode.INSUFFICIENT_MARGIN
    assert exchange.refuse(exchange.transferral(2, 6, 1)) is ErrorCode.NOT_SAME_OWNER
    exchange.transfer(2, 5, free_quanta)
    assert exchange.balance(5) == free_quanta + 1


def test_example_6_liquidation() -> None:
    exchange = holding(100, 180_000, 970)
    said(6, equity(exchange), maintenance(exchange))
    exchange.place(4, BUY, 180_000, 969)
    exchange.liquidate(2)
    fee_quanta = exchange.state.account(INSURANCE_ACCOUNT_ID).collateral_quanta
    said(6, f"the fund gets {usd(fee_quanta)}", equity(exchange), maintenance(exchange))
    said(6, f"{exchange.size(2):,} lots", f"{180_000 - exchange.size(2):,} lots")


def test_example_15_a_stop() -> None:
    exchange = holding(100, 180_000, 1000)
    exchange.place_stop(2, SELL, 180_000, 975)
    exchange.set_price(970)
    exchange.place(4, BUY, 180_000, 969)
    assert exchange.refuse(Liquidate(2, 0)) is ErrorCode.TRIGGER_DUE
    exchange.trigger()
    assert exchange.size(2) == 0
    said(15, "at 975", "mark of 970", "at 969", usd(exchange.state.account(2).collateral_quanta))


def test_example_10_auction() -> None:
    exchange = holding(100, 180_000, 970)
    exchange.set_auction(2)
    exchange.wait(AUCTION_LIFE_MS // 12)
    said(10, f"{discount_ppm(exchange.state.account(2), exchange.time_ms) / 10**4:.1f} %")
    before_quanta = exchange.balance(4)
    (filled, _) = exchange.bid(4, 2).events
    assert isinstance(filled, BidFilled)
    (part,) = filled.taken
    said(10, f"{filled.share_x16 / SHARE_X16_ONE:.1%}".replace("%", " %"), f"{part.lots:,} lots")
    said(10, usd(filled.price_quanta), usd(filled.discount_quanta), usd(filled.fee_quanta))
    paid_quanta = before_quanta - exchange.balance(4)
    part_paid = paid_quanta / filled.price_quanta
    said(10, f"pays {usd(paid_quanta)}", f"{1 - part_paid:.2%}".replace("%", " %"))
    said(10, equity(exchange), f"I = {initial(exchange).split()[-1][:5]}")
    said(10, f"keeps {exchange.size(2):,} lots")


def test_example_9_reducing_with_less_than_the_fee() -> None:
    exchange = holding(100, 180_000, 945)
    said(9, equity(exchange))
    before_quanta = margin(exchange).equity_x16 >> 16
    exchange.place(4, BUY, 90_000, 945)
    [fill] = exchange.place(2, SELL, 90_000, 945).events[1:]
    assert isinstance(fill, OrderFilled)
    assert fill.taker_fee_quanta == before_quanta // 2
    whole_quanta = underlying().taker_fee_ppm * 90_000 * 945 * underlying().multiplier // 10**6
    said(9, f"a fee of {usd(whole_quanta).rstrip('0')}", f"a fee of {usd(before_quanta // 2)}")
    said(9, equity(exchange))


def test_example_8_funding() -> None:
    terms, index_x16, premium_x16 = underlying(), 1000 << 16, 2 << 16
    rate_x16 = funding_rate_x16(premium_x16 * SAMPLES_PER_HOUR, index_x16, terms)
    hourly, carry = divmod(rate_x16 * terms.multiplier, FUNDING_PARTS)
    said(8, f"{rate_x16 * 100 / index_x16:.2f} % in 8 hours")
    said(8, f"{rate_x16 * 100 / index_x16 / 8:.5f} % in this one")
    said(8, f"pays {hourly} millionth", f"carries {carry / FUNDING_PARTS:.3f}")
    said(8, f"in eight hours {8 * rate_x16 * terms.multiplier // FUNDING_PARTS}")


def test_example_12_jump() -> None:
    exchange = Exchange()
    exchange.set_price_x16(1000 << 16, (985 << 16) + (1 << 15))
    assert exchange.state.underlyings[1].jumped_ms == 0
    exchange.jump(985, 985)
    first_ms = exchange.time_ms
    exchange.time_ms += RESOLVE_MS - 2
    exchange.jump(970, 970)
    jumped = exchange.state.underlyings[0]
    assert (jumped.ref_x16 >> 16, jumped.jumped_ms) == (1000, first_ms + RESOLVE_MS - 1)
    said(12, "1000 to 985 is", "985.5 is none", "is then 1000", "to 970")


def test_example_7_bankruptcy() -> None:
    exchange = holding(100, 180_000, 940)
    said(7, equity(exchange))
    assert exchange.refuse(Liquidate(2, 0)) is ErrorCode.BANKRUPT


def test_example_13_takeover() -> None:
    exchange = holding(100, 180_000, 1000)
    exchange.fund(INSURANCE_ACCOUNT_ID, amount_quanta=20 * ONE_DOLLAR)
    exchange.fund(8, 9, amount_quanta=10_000 * ONE_DOLLAR)
    exchange.place(8, SELL, 120_000, 1000)
    exchange.place(9, BUY, 120_000, 1000)
    exchange.jump(940)
    said(7, equity(exchange))
    _, taken, shared = exchange.take_over(2).events
    assert isinstance(taken, LegTaken)
    assert isinstance(shared, PoolShared)
    said(13, usd(taken.insured_quanta), usd(taken.charged_quanta), f"{shared.size_lots:,} lots")
    said(13, f"{-shared.quanta_per_lot} millionths", f"{taken.size_lots:,} lots")
    gained = taken.loss_quanta // taken.size_lots
    said(13, f"of the {gained} that")
    _, later = exchange.jump(930).events
    assert isinstance(later, PoolShared)
    said(13, f"gains {10 * 10} more and pays {-later.quanta_per_lot} for")
    exchange.seal()
    exchange.set_price(940)
    exchange.place(9, BUY, 60_000, 939)
    with pytest.raises(InvalidTransaction):
        exchange.unwind()
    exchange.place(8, BUY, 60_000, 945)
    unwound = exchange.unwind().events[-1]
    assert isinstance(unwound, Unwound)
    said(18, f"sells {unwound.traded_lots:,} of the {taken.size_lots:,} at 945")
    said(18, f"for {usd(unwound.traded_lots * 945 * 10)}, of which")
    (given,) = (e for e in exchange.jump(940).events if isinstance(e, PoolShared))
    better_quanta = unwound.traded_lots * 5 * 10
    assert 0 <= better_quanta - given.quanta_per_lot * given.size_lots < given.size_lots
    said(18, f"{usd(better_quanta)} are more", f"gives {given.quanta_per_lot} millionth of it")


def test_example_20_an_insured_gap() -> None:
    exchange = holding(100, 10, 1000)
    exchange.fund(INSURANCE_ACCOUNT_ID, amount_quanta=400 * ONE_DOLLAR)
    exchange.set_limits(0, gap_ppm=130_000, gap_budgets=1)
    exchange.end_minute()
    prices = exchange.state.underlyings[0]
    said(20, f"The budget is {usd(prices.budget_quanta)};", f"{insured_lots(exchange):,} lots")
    exchange.set_price(1010)
    exchange.end_minute()
    said(20, f"later, {insured_lots(exchange):,}.")


def insured_lots(exchange: Exchange) -> int:
    """Return what the open interest of the market may be."""
    return interest_cap_lots(exchange.state.underlyings[0], exchange.state.underlying_of(0))


def test_example_17_gains_that_are_not_settled() -> None:
    exchange = holding(10_000, 500_000, 1000)
    exchange.set_price(1100)
    said(17, equity(exchange), f"S = {usd(margin(exchange).settled_x16 >> 16)}")
    said(17, f"{usd(leaving(exchange))} can leave after")
    exchange.settle_gains()
    said(17, f"{usd(leaving(exchange))} when two")
    kept_quanta = margin(exchange).equity_x16 // 2**16 - leaving(exchange)
    said(17, f"{usd(kept_quanta)} stay")


def leaving(exchange: Exchange) -> int:
    """Return what account 2 can withdraw, and no more."""
    with pytest.raises(InvalidTransaction) as refused:
        exchange.withdraw(2, 1_000_000 * ONE_DOLLAR)
    return refused.value.broken.limit


def test_example_14_a_deficit() -> None:
    exchange = holding(100, 180_000, 940)
    for _ in range(2):
        exchange.end_minute()
    exchange.take_over(2)
    said(14, usd(exchange.state.globals.recorded_deficit_quanta))
    said(14, f"{exchange.custody_quanta // ONE_DOLLAR:,} paid in")
    (paid,) = exchange.withdraw(3, 1_000 * ONE_DOLLAR).events
    assert isinstance(paid, Withdrawn)
    said(14, usd(paid.amount_quanta))
    exchange.seal()


def test_example_19_where_fees_go() -> None:
    exchange = funded(FeeSchedule.of(FeeTier(5, 400), insurance_permille=250))
    trade(exchange, 3, 2)
    said(19, "trade 10,000:")
    said(19, f"{usd(exchange.state.account(2).batch_fees_quanta)} and")
    said(19, f"maker {usd(exchange.state.account(3).batch_fees_quanta)}")
    exchange.seal()
    trade(exchange, 3, 2)
    before = [exchange.balance(i) for i in (2, INSURANCE_ACCOUNT_ID, FEE_ACCOUNT_ID)]
    exchange.seal()
    after = [exchange.balance(i) for i in (2, INSURANCE_ACCOUNT_ID, FEE_ACCOUNT_ID)]
    back, insured, kept = (usd(y - x) for x, y in zip(before, after, strict=True))
    said(19, f"{back} come back", f"{insured} go to insurance", f"{kept} to the exchange")


def test_example_20_the_end_of_a_market() -> None:
    exchange = holding(10_000, 10_000, 1000)
    exchange.end_market(0, exchange.state.globals.next_tick_ms + 2 * MINUTE_MS)
    for price_ticks in (1001, 1003, 1004):
        said(20, f"{price_ticks}")
        exchange.jump(price_ticks)
        exchange.end_minute()
    exchange.settle()
    settled = exchange.settle_position(2).events[-1]
    assert isinstance(settled, PositionSettled)
    said(20, f"the price is {settled.price_ticks}", f"Of {settled.size_lots:,} lots")
    said(20, f"{usd(exchange.balance(2))} are left")
