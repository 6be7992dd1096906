"""Measures what each kind of transaction costs in Cairo steps.

    python -m tests.benchmarks.step_costs [--functions] [name ...]

A figure is the difference between a batch with 2 N of the thing and one with N, divided by N.
Accounts are spread over the lower 2^20 of the tree, as in an exchange with a million of them.
"""

import sys
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial

from circuits.program import bytecode
from circuits.program_input import program_input
from novation.protocol.constants import LAST_TIME_MS, MAX_MAKERS_PER_ORDER, USD_ASSET_ID
from novation.protocol.orders import TimeInForce
from novation.protocol.parameters import oracle_rule_word
from novation.protocol.sealing import SealedBatch
from novation.protocol.transactions import AddKey, ParameterKind, RemoveKey, SetParameter
from prover._native import CairoRun
from prover.cost import cost_of, steps_by_function
from prover.runner import run_program
from tests.support.builders import (
    ONE_DOLLAR,
    l1_address,
    oracle_private_key,
    oracle_report,
    oracle_update,
    parameters,
    public_key,
    slot_private_key,
    underlying,
)
from tests.support.exchange import BUY, ONE_HOUR_MS, SELL, Exchange

SPREAD = 5_003
PRICE = 1000
N_ORACLES = 5
# 11,000 USD at PRICE: more than a sample needs.
QUOTE_LOTS = 1_100_000
# At that price so many lots are worth a dollar.
DOLLAR_LOTS = 100


def account(index: int) -> int:
    """Return the account of an index."""
    return 2 + index * SPREAD % (1 << 20)


@dataclass(frozen=True, slots=True)
class Case:
    """What is measured: `act(exchange, n)` n times, and not more than its target."""

    target: int
    act: Callable[[Exchange, int], None]
    n: int = 100
    n_accounts: int = 400
    n_positions: int = 0
    n_markets: int = 1
    ladder: bool = False
    ladder_lots: int = 1
    n_unlisted: int = 0
    n_walls: int = 0


def trade_distinct(exchange: Exchange, n: int) -> None:
    for i in range(n):
        exchange.place(account(2 * i), SELL, 1, PRICE)
        exchange.place(account(2 * i + 1), BUY, 1, PRICE)


def trade_repeated(exchange: Exchange, n: int) -> None:
    for i in range(n):
        exchange.place(account(2 * (i % 10)), SELL, 1, PRICE)
        exchange.place(account(2 * (i % 10) + 1), BUY, 1, PRICE)


def trade_with_old_maker(exchange: Exchange, n: int) -> None:
    for i in range(n):
        exchange.place(account(200 + i), SELL, 1, PRICE - 40)


def meet_walls(exchange: Exchange, n: int) -> None:
    """Sell into as many of the least orders as an order may meet, each time of other accounts."""
    for i in range(n):
        size_lots = MAX_MAKERS_PER_ORDER * DOLLAR_LOTS
        exchange.place(account(300 + i), SELL, size_lots, PRICE, time_in_force=TimeInForce.IOC)


def place_and_cancel(exchange: Exchange, n: int, *, n_accounts: int) -> None:
    for i in range(n):
        placed = exchange.place(account(i % n_accounts), BUY, 1, PRICE - 40)
        assert placed.hints is not None
        exchange.cancel(account(i % n_accounts), exchange.state.globals.next_order_id - 1)


def place_only(exchange: Exchange, n: int) -> None:
    for i in range(n):
        exchange.place(account(i), BUY, 1, PRICE - 40)


def cancel_old(exchange: Exchange, n: int) -> None:
    """Cancel orders of the ladder, which an earlier batch put on the book."""
    for i in range(n):
        exchange.cancel(account(i), 1 + i)


def cancel_all_old(exchange: Exchange, n: int) -> None:
    """Cancel all orders of accounts, which have one each that an earlier batch put on the book."""
    for i in range(n):
        exchange.cancel_all(account(i))


def set_timers(exchange: Exchange, n: int) -> None:
    for i in range(n):
        exchange.set_cancel_timer(account(i), exchange.time_ms + ONE_HOUR_MS)


def prune_old(exchange: Exchange, n: int) -> None:
    """Prune orders that an earlier batch put on the book, and a timer cancelled."""
    exchange.wait(2 * ONE_HOUR_MS)
    exchange.seal()
    for i in range(n):
        exchange.prune(1 + i)


def replace_old(exchange: Exchange, n: int, *, in_place: bool) -> None:
    """Replace orders of the ladder, by one that is smaller where it stands, or by one elsewhere."""
    for i in range(n):
        if in_place:
            exchange.shrink(1 + i, 1)
        else:
            exchange.replace_order(1 + i, BUY, 2, PRICE - 60)


def place_behind(exchange: Exchange, n: int) -> None:
    """Place orders, each behind another resting order of the ladder, and cancel them."""
    for i in range(n):
        exchange.place(account(i), BUY, 1, PRICE - i // 4)
        exchange.cancel(account(i), exchange.state.globals.next_order_id - 1)


def place_stops(exchange: Exchange, n: int) -> None:
    """Let orders lie dormant in turn before and behind one another."""
    for i in range(n):
        exchange.place_stop(account(2 * i), SELL, 1, PRICE - 50 - i % 7)


def place_brackets(exchange: Exchange, n: int) -> None:
    """Place orders that rest, each with a stop and a take-profit."""
    for i in range(n):
        exchange.place_bracket(account(2 * i), BUY, 1, PRICE - 5 - i % 7)


def place_and_trigger(exchange: Exchange, n: int, *, meets: bool) -> None:
    """Place orders that are due at once, and meet a maker, or nobody."""
    for i in range(n):
        exchange.place_stop(account(2 * i), SELL, 1, PRICE, price_ticks=PRICE - 10)
        if meets:
            exchange.place(account(2 * i + 1), BUY, 1, PRICE)
        exchange.trigger()


def trade_beside_stops(exchange: Exchange, n: int) -> None:
    """Trade where orders wait on both sides of the mark."""
    exchange.place_stop(account(0), SELL, 1, PRICE - 50)
    exchange.place_stop(account(1), BUY, 1, PRICE + 50)
    trade_repeated(exchange, n)


def quote(exchange: Exchange, n: int, *, n_quotes: int) -> None:
    """Quote both sides anew, in turn around two prices."""
    for i in range(n):
        half, middle = n_quotes // 2, PRICE + i % 2
        bids = ((BUY, 1, middle - 1 - level) for level in range(half))
        asks = ((SELL, 1, middle + 1 + level) for level in range(half))
        exchange.quote(account(i % 10), *bids, *asks, cancels_first=True, slides=True)


def deposit(exchange: Exchange, n: int, *, first: int, asset_id: int = USD_ASSET_ID) -> None:
    for i in range(n):
        exchange.apply(exchange.deposit(account(first + i), ONE_DOLLAR, asset_id))


def withdraw(exchange: Exchange, n: int) -> None:
    for i in range(n):
        exchange.withdraw(account(i), ONE_DOLLAR)


def open_and_transfer(exchange: Exchange, n: int, *, asset_id: int) -> None:
    """Open a second account of an owner, and let the first send it half a dollar."""
    for i in range(n):
        first, second = account(i), account(400 + i)
        deposit = exchange.deposit(second, ONE_DOLLAR)
        exchange.apply(replace(deposit, l1_address=l1_address(first)))
        if asset_id != USD_ASSET_ID:
            exchange.apply(exchange.deposit(first, ONE_DOLLAR, asset_id))
        exchange.transfer(first, second, ONE_DOLLAR // 2, asset_id)


def deposit_and_withdraw(exchange: Exchange, n: int, *, asset_id: int) -> None:
    for i in range(n):
        exchange.apply(exchange.deposit(account(i), ONE_DOLLAR, asset_id))
        exchange.withdraw(account(i), ONE_DOLLAR // 2, asset_id)


def add_keys(exchange: Exchange, n: int) -> None:
    for i in range(n):
        user = account(i)
        key = public_key(slot_private_key(user, 1))
        tx = AddKey(user, 0, exchange.next_nonce(user), 1, 7, LAST_TIME_MS, key)
        exchange.apply(exchange.signed(tx))


def remove_keys(exchange: Exchange, n: int) -> None:
    add_keys(exchange, n)
    exchange.seal()
    for i in range(n):
        user = account(i)
        exchange.apply(exchange.signed(RemoveKey(user, 0, exchange.next_nonce(user), 1)))


def update_prices(exchange: Exchange, n: int) -> None:
    for i in range(n):
        exchange.time_ms += 1
        reports = []
        for signer in range(N_ORACLES):
            noise = (signer * 7 + i) % N_ORACLES
            prices = tuple((PRICE << 16) + noise for _ in exchange.state.underlyings)
            reports.append(oracle_report(exchange.config, signer, exchange.time_ms, prices))
        exchange.apply(oracle_update(tuple(reports)))


def list_markets(exchange: Exchange, n: int) -> None:
    """List markets with prices that the batch before has set."""
    for i in range(n):
        exchange.list_market(1 + i)


def end_minutes(exchange: Exchange, n: int) -> None:
    """Update prices and sample all markets, each quoted by two accounts."""
    if not exchange.state.orders:
        for market_id in exchange.state.markets:
            for side, price in ((BUY, PRICE - 1), (SELL, PRICE + 1)):
                seat = 2 * market_id + int(side)
                exchange.place(account(seat), side, QUOTE_LOTS, price, market_id=market_id)
        exchange.seal()
    for _ in range(n):
        exchange.end_minute()


def fail(exchange: Exchange, account_id: int, other_id: int, n_legs: int) -> None:
    """Let an account buy what its margin allows in some markets, and prices fall."""
    lots = 190_000 * DOLLAR_LOTS // n_legs
    for market_id in range(n_legs):
        lots_there = lots * 10 // exchange.state.parameters.underlyings[market_id].multiplier
        exchange.place(other_id, SELL, lots_there, PRICE, market_id=market_id)
        exchange.place(account_id, BUY, lots_there, PRICE, market_id=market_id)
    exchange.set_price(PRICE * 975 // 1000)


def liquidate(exchange: Exchange, n: int) -> None:
    """Liquidate accounts with one position, each into one order of the same account."""
    maker_id = account(399)
    for i in range(2 * n):
        fail(exchange, account(2 * i), account(2 * i + 1), 1)
        exchange.set_price(PRICE)
    exchange.set_price(PRICE * 975 // 1000)
    exchange.fund(maker_id, amount_quanta=10**7 * ONE_DOLLAR)
    for _ in range(n):
        exchange.place(maker_id, BUY, 190_000 * DOLLAR_LOTS, PRICE * 975 // 1000)
    exchange.seal()
    for i in range(n):
        exchange.liquidate(account(2 * i))


def take_over(exchange: Exchange, n: int, *, n_legs: int, ppm: int) -> None:
    """Let the pools take the positions of accounts over, once marks are at `ppm` of their prices.

    The first one is taken over before, so that there are pools.
    """
    for i in range(n + 1):
        fail(exchange, account(2 * i), account(2 * i + 1), n_legs)
        exchange.set_price(PRICE)
    exchange.set_price(PRICE * ppm // 10**6)
    exchange.take_over(account(2 * n))
    exchange.seal()
    for i in range(n):
        exchange.take_over(account(2 * i))


def pass_on(exchange: Exchange, n: int, *, n_pools: int) -> None:
    """Update prices, while there are so many pools."""
    if n_pools:
        fail(exchange, account(0), account(1), n_pools)
        exchange.set_price(PRICE * 960 // 1000)
        exchange.take_over(account(0))
        exchange.seal()
    for i in range(n):
        exchange.jump(PRICE * 960 // 1000 + 1 + i % 2)


def bid(exchange: Exchange, n: int, *, n_legs: int) -> None:
    """Let one bidder after the other take the least of each position of an account."""
    failing_id = account(399)
    fail(exchange, failing_id, account(398), n_legs)
    exchange.set_auction(failing_id)
    exchange.seal()
    for i in range(n):
        exchange.bid(account(i), failing_id, share_x16=1)


def set_auctions(exchange: Exchange, n: int, *, n_legs: int) -> None:
    for i in range(2 * n):
        fail(exchange, account(2 * i), account(2 * i + 1), n_legs)
        exchange.set_price(PRICE)
    exchange.set_price(PRICE * 975 // 1000)
    exchange.seal()
    for i in range(n):
        exchange.set_auction(account(2 * i))


def set_terms(exchange: Exchange, n: int, *, index: int) -> None:
    """Give an underlying other terms, with a higher maker fee one time in two."""
    terms = exchange.state.parameters.underlyings[index]
    for i in range(n):
        exchange.set_underlying(index, replace(terms, maker_fee_ppm=i % 2))


def append_underlyings(exchange: Exchange, n: int) -> None:
    for i in range(n):
        exchange.set_underlying(1 + i, underlying(symbol=f"NEW-{i}"))


def set_oracle_key(exchange: Exchange, n: int) -> None:
    for i in range(n):
        exchange.apply(SetParameter(ParameterKind.ORACLE_KEY, 2, 1 + i))


def set_oracle_rule(exchange: Exchange, n: int) -> None:
    for i in range(n):
        exchange.apply(SetParameter(ParameterKind.ORACLE_RULE, 0, oracle_rule_word(2, 1 + i)))


CASES = {
    "trade, distinct accounts": Case(2000, trade_distinct),
    "trade, distinct, 4 positions": Case(2600, trade_distinct, n_positions=4, n_markets=4),
    "trade, repeated accounts": Case(1200, trade_repeated),
    "trade, repeated, 4 positions": Case(1200, trade_repeated, n_positions=4, n_markets=4),
    "taker meets an old maker": Case(1800, trade_with_old_maker, ladder=True),
    f"taker meets {MAX_MAKERS_PER_ORDER} of the least orders": Case(
        35_000, meet_walls, n=4, n_walls=8
    ),
    "place, order rests": Case(1500, place_only),
    "cancel, old order": Case(950, cancel_old, ladder=True),
    "place and cancel, distinct": Case(1500, partial(place_and_cancel, n_accounts=200)),
    "place and cancel, repeated": Case(1500, partial(place_and_cancel, n_accounts=10)),
    "replace, old order": Case(2500, partial(replace_old, in_place=False), ladder=True),
    "replace, old order in place": Case(
        1500, partial(replace_old, in_place=True), ladder=True, ladder_lots=2
    ),
    "place behind old orders, cancel": Case(1500, place_behind, ladder=True),
    "place a dormant order": Case(1500, place_stops, n_positions=1),
    "place an order with exits": Case(3500, place_brackets, n_positions=1),
    "dormant order, placed and due": Case(
        2500, partial(place_and_trigger, meets=False), n_positions=1
    ),
    "dormant order, due with a maker": Case(
        3500, partial(place_and_trigger, meets=True), n_positions=1
    ),
    "trade, repeated, beside stops": Case(1200, trade_beside_stops),
    "quote 2 orders anew": Case(1000, partial(quote, n_quotes=2), n=40),
    "quote 16 orders anew": Case(6000, partial(quote, n_quotes=16), n=40),
    "cancel all, one old order": Case(700, cancel_all_old, ladder=True),
    "cancel timer": Case(700, set_timers),
    "prune, old order": Case(950, prune_old, ladder=True),
    "deposit, new account": Case(700, partial(deposit, first=400)),
    "deposit, existing account": Case(700, partial(deposit, first=0)),
    "withdraw": Case(900, withdraw),
    "deposit, another asset": Case(900, partial(deposit, first=0, asset_id=1)),
    "deposit and withdraw, USD": Case(1200, partial(deposit_and_withdraw, asset_id=0)),
    "deposit and withdraw, another": Case(1800, partial(deposit_and_withdraw, asset_id=7)),
    "new account, transfer, USD": Case(1500, partial(open_and_transfer, asset_id=0)),
    "new account, transfer, another": Case(2500, partial(open_and_transfer, asset_id=7)),
    "key added": Case(1500, add_keys),
    "key removed": Case(1500, remove_keys),
    "oracle update, 5 x 3": Case(40 * 15, update_prices, n=4, n_markets=3),
    "oracle update, 5 x 10": Case(40 * 50, update_prices, n=4, n_markets=10),
    "oracle update, 2 x 16": Case(3600, partial(pass_on, n_pools=0), n=4, n_markets=16),
    "oracle update, 2 x 16, 1 pool": Case(3600, partial(pass_on, n_pools=1), n=4, n_markets=16),
    "oracle update, 2 x 16, 16 pools": Case(
        3600 + 60 * 16, partial(pass_on, n_pools=16), n=4, n_markets=16
    ),
    "a minute, one market": Case(1200, end_minutes, n=4),
    "a minute, 16 markets": Case(20_000, end_minutes, n=4, n_markets=16),
    "list a market": Case(900, list_markets, n=7, n_unlisted=15),
    "underlying, one": Case(400, partial(set_terms, index=0)),
    "underlying, the last of 16": Case(900, partial(set_terms, index=15), n_markets=16),
    "underlying, appended to 1 to 14": Case(900, append_underlyings, n=7),
    "oracle key, of 5": Case(300, set_oracle_key),
    "oracle rule": Case(300, set_oracle_rule),
    "liquidation, one maker": Case(4000, liquidate, n=20),
    "auction, one position": Case(1200, partial(set_auctions, n_legs=1), n=20),
    "auction, 16 positions": Case(5000, partial(set_auctions, n_legs=16), n=5, n_markets=16),
    "bid, one position": Case(1800, partial(bid, n_legs=1)),
    "bid, 4 positions": Case(2700, partial(bid, n_legs=4), n_markets=4),
    "bid, 16 positions": Case(6300, partial(bid, n_legs=16), n_markets=16),
    "takeover, one position": Case(1750, partial(take_over, n_legs=1, ppm=948_000), n=20),
    "takeover, 16 positions": Case(
        5500, partial(take_over, n_legs=16, ppm=948_000), n=5, n_markets=16
    ),
    "takeover in debt, one position": Case(1750, partial(take_over, n_legs=1, ppm=930_000), n=20),
    "takeover in debt, 16 positions": Case(
        5500, partial(take_over, n_legs=16, ppm=930_000), n=5, n_markets=16
    ),
}


def prepared(case: Case) -> Exchange:
    """Return an exchange with funded accounts, maybe positions, maybe a ladder of orders."""
    keys = tuple(public_key(oracle_private_key(i)) for i in range(N_ORACLES))
    first = replace(parameters(case.n_markets), oracle_keys=keys)
    if case.n_walls:
        first = first.with_underlying(0, underlying(min_order_usd=1))
    exchange = Exchange(first, price_ticks=PRICE)
    if case.n_unlisted:
        for index in range(case.n_unlisted):
            added = underlying(symbol=f"NEW-{index}", multiplier=100)
            exchange.set_underlying(case.n_markets + index, added)
        exchange.set_price(PRICE)
    exchange.fund(*(account(i) for i in range(case.n_accounts)))
    for market_id in range(case.n_positions):
        for i in range(0, case.n_accounts, 2):
            exchange.place(account(i), SELL, 2, PRICE, market_id=market_id)
            exchange.place(account(i + 1), BUY, 2, PRICE, market_id=market_id)
    if case.ladder:
        for i in range(200):
            exchange.place(account(i), BUY, case.ladder_lots, PRICE - i // 4)
    for i in range(case.n_walls * MAX_MAKERS_PER_ORDER):
        exchange.place(account(i), BUY, DOLLAR_LOTS, PRICE)
    exchange.seal()
    return exchange


def sealed(case: Case, n: int) -> SealedBatch:
    """Return a batch with n of the measured thing."""
    exchange = prepared(case)
    case.act(exchange, n)
    return exchange.seal()


def run(case: Case, n: int) -> CairoRun:
    """Return the run of a batch with n of the measured thing."""
    return run_program(program_input(sealed(case, n).witness))


def measure(name: str, case: Case, *, functions: bool) -> None:
    """Print what one more of the thing costs."""
    once, twice = run(case, case.n), run(case, 2 * case.n)
    more, n = cost_of(twice) - cost_of(once), case.n
    print(
        f"{name:34} {more.n_steps / n:8.0f} {case.target:6} {more.range_checks / n:6.1f}"
        f" {more.permutations / n:6.1f} {more.signatures / n:5.1f} {more.output_felts / n:5.1f}"
    )
    if functions:
        first, second = steps_by_function(once), steps_by_function(twice)
        for function, steps in (second - first).most_common():
            print(f"    {steps / n:8.1f} {function}")


def main() -> None:
    """Print the table."""
    names = [argument for argument in sys.argv[1:] if not argument.startswith("--")]
    print(f"bytecode {len(bytecode())} felts")
    print(f"{'':34} {'steps':>8} target range_ch poseid ecdsa output")
    for name, case in CASES.items():
        if not names or any(part in name for part in names):
            measure(name, case, functions="--functions" in sys.argv)


if __name__ == "__main__":
    main()
