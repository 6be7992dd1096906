"""The batches that the forging tests tamper with: together they run the whole program.

`test_coverage.py` lists every instruction that none of them runs. Each is as small as its purpose
allows: every tampering costs a run.
"""

import functools
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import Any

from circuits.program_input import ProgramInput, program_input
from novation.protocol.accounts import Account
from novation.protocol.constants import (
    ACCOUNT_ID_BOUND,
    AMOUNT_BOUND,
    COLLATERAL_BOUND,
    LAST_TIME_MS,
    MAX_VALIDITY_MS,
    NONCE_BOUND,
    NONCE_STEP,
    PPM_ONE,
    RESUME_GAP_MS,
    SKIPPED_NONCES,
)
from novation.protocol.nonces import NonceWindow
from novation.protocol.orders import SelfTradeMode, SelfTradeScope, TimeInForce, VisitOutcome
from novation.protocol.sealing import SealedBatch
from novation.protocol.signing_keys import Permission, SigningKey
from novation.protocol.transactions import (
    AddKey,
    CancelAll,
    CancelOrder,
    RemoveKey,
    SetCancelTimer,
    Withdraw,
)
from tests.circuits.ending_batches import endings
from tests.circuits.fee_tier_batches import fees_paid
from tests.circuits.forecast_batches import forecasts, storms
from tests.circuits.jump_batches import jumps, unsettled_gains
from tests.circuits.limit_batches import limits
from tests.circuits.mode_batches import modes
from tests.circuits.outflow_batches import outflows
from tests.circuits.pool_batches import takeovers
from tests.circuits.quote_batches import guards, mass_quotes
from tests.circuits.sample_batches import open_interest, poor_accounts, samples, transfers
from tests.circuits.silence_batches import far_reports, silent_markets
from tests.circuits.trigger_batches import brackets, dormant_orders
from tests.circuits.unwind_batches import unwinding
from tests.circuits.waterfall_batches import auctions, bids, liquidations, outcomes
from tests.support.builders import (
    ONE_DOLLAR,
    START_MS,
    l1_address,
    oracle_report,
    oracle_update,
    parameters,
    private_key,
    public_key,
    slot_private_key,
    underlying,
)
from tests.support.exchange import BUY, SELL, Exchange, exchange_with
from tests.support.random_batches import RandomTrading
from tests.support.registries import registries
from tests.support.scenarios import every_outcome

IOC = TimeInForce.IOC
# Three deposits of it stay within what may be in custody.
RICH = 2**61
# The last nonce that there is, and a window that has skipped all it can.
LAST = NONCE_BOUND - 1
ALL = (1 << SKIPPED_NONCES) - 1
# Permissions and ends of the keys behind the first.
SOON_MS = START_MS + 10**6
RIGHTS = (
    (7, SOON_MS),
    (1, SOON_MS),
    (2, LAST_TIME_MS),
    (5, SOON_MS),
    (6, SOON_MS),
    (6, LAST_TIME_MS),
    (7, SOON_MS),
)


def with_slots(account_id: int, used: Sequence[int | NonceWindow]) -> Account:
    """Return an account whose keys behind the first may do different things for a while.

    For each slot there is a window, or the last nonce that it has used, of which it skipped none.
    """
    windows = tuple(NonceWindow(x) if isinstance(x, int) else x for x in used)
    first = SigningKey.full(public_key(private_key(account_id)))
    others = (
        SigningKey(public_key(slot_private_key(account_id, slot)), permissions, expiry_ms)
        for slot, (permissions, expiry_ms) in enumerate(RIGHTS[: len(windows) - 1], 1)
    )
    account = Account(l1_address(account_id), (first, *others), windows)
    return account.with_balance(1_000 * ONE_DOLLAR)


def several_keys() -> Iterator[SealedBatch]:
    """Every key slot of an account signs something, with six markets."""
    accounts = {
        2: with_slots(2, (5, LAST - 9, 0, NonceWindow(2**60, ALL), 7, LAST - 1, 0, 3)),
        3: with_slots(3, (0, 7)),
        4: with_slots(4, (0, 0, 1, 0, 9)),
    }
    exchange = exchange_with(accounts, parameters(6))
    exchange.set_price(1000)
    for slot, nonce in ((3, 2**60 + 1), (6, 1), (0, 6), (7, 4), (6, 4), (5, LAST)):
        exchange.apply(signed_by(exchange, slot, Withdraw(2, slot, nonce, 10 + slot)))
    for nonce, side, price, market_id in ((8, BUY, 990, 0), (9, SELL, 1010, 4)):
        order = exchange.order(3, side, 1, price, key_index=1, nonce=nonce, market_id=market_id)
        exchange.apply(signed_by(exchange, 1, order))
    yield exchange.seal()
    newest = exchange.state.globals.next_order_id - 1
    for nonce, order_id in ((10, newest), (11, newest - 1)):
        exchange.apply(signed_by(exchange, 1, CancelOrder(3, 1, nonce, order_id)))
    for account_id, slot, nonce, side, market_id in (
        (2, 2, 5, BUY, 0),
        (2, 7, 9, BUY, 3),
        (4, 4, 10, BUY, 1),
        (3, 1, 12, SELL, 0),
    ):
        order = exchange.order(
            account_id, side, 1, 990, key_index=slot, nonce=nonce, market_id=market_id
        )
        exchange.apply(signed_by(exchange, slot, order))
    yield exchange.seal()
    # With one position slot and with two, behind two words of nonces.
    for account_id in (2, 4):
        exchange.fund(account_id, amount_quanta=1)
    yield exchange.seal()


def overtaken_messages() -> Iterator[SealedBatch]:
    """Nonces in any order, of the first slot and of others, as near and as far as they may be."""
    accounts = {
        2: with_slots(2, (NonceWindow(1000, ALL),)),
        3: with_slots(3, (0, NonceWindow(200, 0b1010 << 60 | 1), NonceWindow(LAST - 70, 5))),
    }
    exchange = exchange_with(accounts)
    exchange.set_price(1000)
    # The whole of the window at once, the least gap that is lost, and the greatest.
    for step in (1, 64, -63, -1, 65, -64, 2, -1, NONCE_STEP, 3, 4, 5, 6):
        nonce = exchange.state.account(2).windows[0].high + step
        order = exchange.order(2, BUY, 1, 990, nonce=nonce, valid_until_ms=exchange.time_ms)
        exchange.apply(order)
    for slot, step in ((1, -64), (1, -62), (1, 7), (1, -3), (2, 70), (2, -64), (2, -37), (0, 40)):
        nonce = exchange.state.account(3).windows[slot].high + step
        tx: Any = Withdraw(3, slot, nonce, 1)
        if slot != 1:
            tx = exchange.order(3, SELL, 1, 1010, key_index=slot, nonce=nonce)
        exchange.apply(signed_by(exchange, slot, tx))
    yield exchange.seal()
    longest_ms = exchange.time_ms + MAX_VALIDITY_MS
    for nonce in (30, 31):
        cancel = CancelAll(3, 0, nonce, 0 if nonce == 30 else None, longest_ms)
        exchange.apply(signed_by(exchange, 0, cancel))
    # What a slot has skipped is lost when it gets another key; a word with one window or two.
    add_key(exchange, 3, 1, LAST_TIME_MS, Permission.TRADE)
    add_key(exchange, 3, 2, LAST_TIME_MS, Permission.TRADE)
    add_key(exchange, 3, 3, LAST_TIME_MS, Permission.TRADE)
    add_key(exchange, 3, 2, LAST_TIME_MS, Permission.ADMIN)
    exchange.apply(signed_by(exchange, 0, SetCancelTimer(3, 0, 39, LAST_TIME_MS)))
    yield exchange.seal()


def key_changes() -> Iterator[SealedBatch]:
    """Keys added to accounts old and new, put in place of others, and removed."""
    exchange = exchange_with({4: with_slots(4, (3, 0, 1, 0)), 5: with_slots(5, (1,) * 8)})
    exchange.set_price(1000)
    exchange.fund(2)
    add_key(exchange, 2, 1, LAST_TIME_MS, Permission.ADMIN)
    add_key(exchange, 4, 4, exchange.time_ms + 9, Permission.TRADE)
    remove_key(exchange, 5, 7, by=6)
    remove_key(exchange, 5, 0, by=5)
    yield exchange.seal()
    # By the key that the last batch added; a key that is there already; one that may only trade.
    remove_key(exchange, 2, 0, by=1)
    add_key(exchange, 2, 2, LAST_TIME_MS, Permission.TRADE, by=1)
    add_key(exchange, 5, 3, exchange.time_ms + 1, Permission.WITHDRAW, by=1)
    order = exchange.order(4, BUY, 1, 990, key_index=4, nonce=2**20)
    exchange.apply(signed_by(exchange, 4, order))
    yield exchange.seal()
    order = exchange.order(2, SELL, 1, 990, key_index=2, nonce=1)
    exchange.apply(signed_by(exchange, 2, order))
    add_key(exchange, 4, 1, exchange.time_ms + 1, Permission.TRADE | Permission.WITHDRAW)
    yield exchange.seal()


def holdings() -> Iterator[SealedBatch]:
    """Each asset comes and goes, to one key and to several; words appear, stay and vanish."""
    accounts = {3: with_slots(3, (0, 7)), 4: with_slots(4, (0, 0, 1, 0))}
    exchange = exchange_with(accounts)
    exchange.set_price(1000)
    exchange.fund(2, 5)
    for account_id, asset_id in ((2, 3), (3, 7), (3, 1), (4, 4), (4, 6), (5, 2), (5, 5)):
        exchange.apply(exchange.deposit(account_id, 10 * asset_id, asset_id))
    exchange.apply(replace(exchange.deposit(2, 5, 7), stark_key=1))
    # A new account without USD; the greatest amount that there can be.
    exchange.apply(exchange.deposit(6, AMOUNT_BOUND - 1 - 10, 1))
    yield exchange.seal()
    # Holdings that a trade, a key and a deposit of USD leave as they are.
    exchange.place(2, BUY, 1, 1000)
    exchange.place(4, SELL, 1, 1000)
    exchange.fund(3, amount_quanta=1)
    add_key(exchange, 5, 1, LAST_TIME_MS, Permission.WITHDRAW)
    exchange.withdraw(2, 29, 3)
    yield exchange.seal()
    # All of a word, but not of the one behind it; the last word; the rest.
    exchange.withdraw(3, 10, 1)
    exchange.withdraw(4, 60, 6)
    exchange.withdraw(4, 40, 4)
    exchange.withdraw(2, 1, 3)
    exchange.apply(signed_by(exchange, 1, Withdraw(5, 1, 1, 50, 5)))
    exchange.apply(exchange.deposit(6, 5, 4))
    yield exchange.seal()


def signed_by(exchange: Exchange, slot: int, tx: Any) -> Any:
    """Return a message signed with the key of a slot."""
    secret = slot_private_key(tx.account_id, slot) if slot else private_key(tx.account_id)
    return exchange.signed(tx, secret)


def add_key(
    exchange: Exchange, account_id: int, slot: int, expiry_ms: int, permissions: int, by: int = 0
) -> None:
    """Put a key into a slot."""
    nonce = exchange.state.account(account_id).windows[by].high + 1
    key = public_key(slot_private_key(account_id, slot))
    tx = AddKey(account_id, by, nonce, slot, permissions, expiry_ms, key)
    exchange.apply(signed_by(exchange, by, tx))


def remove_key(exchange: Exchange, account_id: int, slot: int, by: int) -> None:
    """Remove the key of a slot."""
    nonce = exchange.state.account(account_id).windows[by].high + 1
    exchange.apply(signed_by(exchange, by, RemoveKey(account_id, by, nonce, slot)))


def greatest_numbers() -> Iterator[SealedBatch]:
    """Takers below initial margin, then makers: what shrinks a position may trade."""
    greatest = underlying(multiplier=2**12 - 1, price_band_ppm=PPM_ONE - 1)
    config = replace(parameters(1), underlyings=(greatest,))
    exchange = Exchange(config, price_ticks=2**31)
    exchange.fund(2, 3, 4, amount_quanta=RICH)
    unit = RICH // (2**31 * 2**12)
    size = 19 * unit
    exchange.place(2, SELL, size, 2**31)
    exchange.place(3, BUY, size, 2**31)
    exchange.place(3, SELL, 2, 2**31)
    exchange.place(3, SELL, size + 5, 2**31 + 1)
    exchange.place(3, SELL, size + unit * 7 // 10, 2**31 + 2)
    exchange.seal()
    price = 2**31 * 98 // 100
    exchange.set_price(price)
    exchange.place(2, BUY, 9, price)
    exchange.place(3, SELL, 5, price, reduce_only=True, time_in_force=IOC)
    exchange.place(3, SELL, 2, price, time_in_force=IOC)
    shrunk = exchange.place(2, BUY, 2, 2**31, time_in_force=IOC)
    assert outcomes(shrunk) == [VisitOutcome.FILL]
    # Its other order still uses all margin: it may not flip from a long position to a short one.
    exchange.set_price(2**31 * 105 // 100)
    flipped = exchange.place(4, BUY, size, 2**31 + 1, time_in_force=IOC)
    assert outcomes(flipped) == [VisitOutcome.MARGIN]
    yield exchange.seal()
    collateral = COLLATERAL_BOUND - 1
    account = Account.new(l1_address(2), public_key(private_key(2))).with_balance(collateral)
    exchange = exchange_with({2: account})
    exchange.set_price(1000)
    exchange.place(2, BUY, 1, 1000)
    yield exchange.seal()


def slots_and_makers() -> Iterator[SealedBatch]:
    """Slots that are not the first of the list, and makers that may only reduce."""
    exchange = Exchange(parameters(3))
    exchange.fund(2, 3)
    for market_id in (2, 0, 1):
        exchange.place(2, SELL, 3, 1000, market_id=market_id)
        exchange.place(3, BUY, 3, 1000, market_id=market_id)
    exchange.place(2, BUY, 2, 1000, market_id=1, reduce_only=True)
    reduced = exchange.place(3, SELL, 1, 1000, market_id=1)
    assert outcomes(reduced) == [VisitOutcome.FILL]
    # The maker's short position becomes a long one: its order has nothing to reduce.
    exchange.place(3, SELL, 9, 1001, market_id=1)
    exchange.place(2, BUY, 9, 1001, market_id=1)
    flipped = exchange.place(3, SELL, 1, 1000, market_id=1, time_in_force=IOC)
    assert outcomes(flipped) == [VisitOutcome.REDUCE_ONLY]
    # Long and short in market 0, until both are closed: then their orders have nothing to reduce.
    idle = exchange.state.globals.next_order_id
    exchange.place(2, BUY, 1, 990, reduce_only=True)
    exchange.place(3, SELL, 1, 1010, reduce_only=True)
    exchange.place(3, SELL, 3, 1000)
    exchange.place(2, BUY, 3, 1000)
    exchange.prune(idle)
    exchange.prune(idle + 1)
    # The report that is the median comes last.
    exchange.time_ms += 1
    reports = [
        oracle_report(exchange.config, index, exchange.time_ms, (price << 16,) * 3)
        for index, price in enumerate((1002, 1003, 1001))
    ]
    exchange.apply(oracle_update(tuple(reports)))
    deposit = exchange.deposit(2, 5)
    exchange.apply(replace(deposit, l1_address=1))
    exchange.apply(replace(deposit, stark_key=1))
    yield exchange.seal()


def wide_tree() -> Iterator[SealedBatch]:
    """Accounts all over the tree, so that paths turn in every way."""
    exchange = Exchange()
    exchange.fund(7, 0x12345678, 0x5A5A5A5A, 0xA5A5A5A5, ACCOUNT_ID_BOUND - 1)
    yield exchange.seal()


def cancellations() -> Iterator[SealedBatch]:
    """Head, middle and tail of both sides, old orders and new ones."""
    exchange = Exchange()
    exchange.fund(2, 3)
    for side, prices in ((BUY, (990, 989, 988, 987)), (SELL, (1010, 1011, 1012, 1013))):
        for price in prices:
            exchange.place(2, side, 1, price)
    exchange.seal()
    for order_id in (2, 4, 1, 6, 8, 5):
        exchange.cancel(2, order_id)
    for side, price in ((BUY, 991), (BUY, 986), (SELL, 1009), (SELL, 1014)):
        exchange.place(3, side, 1, price)
    for order_id in (9, 10, 11, 12):
        exchange.cancel(3, order_id)
    yield exchange.seal()


def cancelled_at_once() -> Iterator[SealedBatch]:
    """Cancel-all, a timer, pruning and cancelling by message; dead orders met in the book."""
    exchange = Exchange(parameters(3))
    exchange.fund(2, 3, 4, 5)
    exchange.place(2, BUY, 2, 1000, market_id=1)
    exchange.place(3, SELL, 2, 1000, market_id=1)
    for account_id, price in ((2, 1001), (3, 1002), (4, 1003), (5, 1004)):
        exchange.place(account_id, SELL, 2, price, expiry_time_ms=exchange.time_ms + 900)
        exchange.place(account_id, BUY, 2, price - 20, market_id=2, max_fee_ppm=500)
    exchange.set_cancel_timer(4, exchange.time_ms + 500)
    exchange.seal()
    exchange.cancel_all(2)
    exchange.cancel_all(3, 0)
    exchange.cancel_all(3, 1)
    exchange.time_ms += 600
    # The timer of 4 has run out: its ask and bid are dead, as those before them.
    met = exchange.place(3, BUY, 1, 1003, time_in_force=IOC)
    assert outcomes(met) == [VisitOutcome.CANCELLED] * 3
    exchange.place(2, SELL, 1, 1005, expiry_time_ms=exchange.time_ms + 5)
    exchange.cancel_placed_by(2, exchange.state.account(2).windows[0].high)
    dearer = replace(exchange.state.parameters.underlyings[2], maker_fee_ppm=501)
    exchange.set_underlying(2, dearer)
    # Cheapest first: 5's bid is dearer than its owner allows, 4's and 2's are dead.
    met = exchange.place(
        3, SELL, 1, 983, market_id=2, time_in_force=IOC, max_fee_ppm=501, reduce_only=False
    )
    assert outcomes(met) == [VisitOutcome.FEE, VisitOutcome.CANCELLED]
    yield exchange.seal()
    exchange.place(2, SELL, 2, 1006, expiry_time_ms=exchange.time_ms + 5)
    exchange.place(2, BUY, 1, 990, market_id=2, max_fee_ppm=501)
    exchange.place(2, BUY, 1, 990, market_id=1)
    exchange.place(4, BUY, 3, 990)
    exchange.place(2, BUY, 3, 990)
    exchange.place(5, BUY, 3, 985)
    exchange.cancel_all(4)
    exchange.time_ms += 1000
    exchange.refresh_prices()
    newest = exchange.state.globals.next_order_id - 1
    # Expired and cancelled with all others, of an earlier batch and of this one.
    for order_id in (9, 4, newest - 5, newest - 2):
        exchange.prune(order_id)
    exchange.set_cancel_timer(2, exchange.time_ms + 1)
    exchange.time_ms += RESUME_GAP_MS
    exchange.refresh_prices()
    # By the timer, whose owner has not come back, and by the gap.
    exchange.prune(newest - 1)
    exchange.prune(newest)
    exchange.cancel_all(2)
    yield exchange.seal()


def self_trades() -> Iterator[SealedBatch]:
    """Orders that meet those of their account and of their owner, dead and alive, in each mode."""
    exchange = Exchange(parameters(2))
    for account_id in (2, 3, 4):
        deposit = exchange.deposit(account_id, 10_000 * ONE_DOLLAR)
        exchange.apply(replace(deposit, l1_address=l1_address(max(account_id, 3))))
    # Accounts 2 and 3 have one owner. Dead ones of both, and living ones.
    for account_id, market_id in ((2, 0), (3, 0), (3, 1)):
        exchange.place(
            account_id, SELL, 1, 1000, market_id=market_id, expiry_time_ms=exchange.time_ms + 5
        )
    exchange.place(2, SELL, 1, 1001, market_id=1)
    exchange.cancel_all(2, 1)
    for account_id, lots in ((2, 9), (3, 9), (3, 1), (4, 9)):
        exchange.place(account_id, SELL, lots, 1001 + account_id)
    exchange.seal()
    exchange.time_ms += 10
    spared = SelfTradeScope.OWNER
    met = exchange.place(2, BUY, 1, 1001, market_id=1, time_in_force=IOC, self_trade_scope=spared)
    assert outcomes(met) == [VisitOutcome.EXPIRED, VisitOutcome.CANCELLED]
    seen = set()
    mode = SelfTradeMode
    for scope in SelfTradeScope:
        for self_trade_mode in (mode.CANCEL_TAKING, mode.DECREMENT, mode.CANCEL_BOTH):
            met = exchange.place(
                2, BUY, 2, 1004, self_trade_mode=self_trade_mode, self_trade_scope=scope
            )
            seen |= {*outcomes(met)}
    # The last of 3 is smaller, then comes another owner.
    met = exchange.place(2, BUY, 2, 1005, self_trade_mode=mode.DECREMENT, self_trade_scope=spared)
    assert outcomes(met) == [VisitOutcome.SELF_TRADE, VisitOutcome.FILL]
    stopped = {VisitOutcome.SELF_TRADE_STOP, VisitOutcome.DECREMENT, VisitOutcome.SELF_TRADE}
    assert seen == {VisitOutcome.EXPIRED, *stopped}
    yield exchange.seal()
    yield from sliding(exchange)


def sliding(exchange: Exchange) -> Iterator[SealedBatch]:
    """Post-only orders that slide or need not, fill-or-kill orders, orders killed by a gap."""
    force, slide = TimeInForce, TimeInForce.POST_ONLY_SLIDE
    exchange.place(4, BUY, 2, 1007, time_in_force=slide, label=7)
    exchange.place(2, SELL, 2, 990, time_in_force=slide, label=2**64 - 1)
    exchange.place(2, SELL, 2, 1009, time_in_force=slide)
    exchange.place(4, BUY, 2, 1005, time_in_force=force.FOK)
    exchange.place(3, SELL, 1, 1004, time_in_force=force.FOK, self_trade_scope=SelfTradeScope.OWNER)
    exchange.time_ms += RESUME_GAP_MS
    exchange.refresh_prices()
    exchange.place(2, BUY, 1, 1009, time_in_force=force.POST_ONLY)
    yield exchange.seal()


def least_orders() -> Iterator[SealedBatch]:
    """Orders that are just large enough, of each kind, and what is left of them when it is not."""
    least = 100
    exchange = Exchange(replace(parameters(1), underlyings=(underlying(min_order_usd=1),)))
    exchange.fund(2, 3)
    exchange.place(3, SELL, 2 * least, 1001)
    mode = SelfTradeMode.DECREMENT
    for own_lots, lots in ((2 * least - 1, least), (2 * least, least), (least, 2 * least - 1)):
        exchange.place(2, SELL, own_lots, 1000)
        exchange.place(2, BUY, lots, 1000, self_trade_mode=mode)
    exchange.place(2, BUY, least, 1001)
    exchange.place(2, BUY, least + 1, 1005, time_in_force=TimeInForce.POST_ONLY_SLIDE)
    exchange.place(2, SELL, 1, 1000, time_in_force=IOC, reduce_only=True)
    exchange.place(2, SELL, least, 1020, reduce_only=True)
    yield exchange.seal()


def replaced_orders() -> Iterator[SealedBatch]:
    """Orders in place of others, old and new, named either way; others that shrink, or go."""
    terms = underlying(min_order_usd=1)
    exchange = Exchange(parameters(2).with_underlying(1, terms))
    exchange.fund(2, 3)
    for side, prices in ((SELL, (1001, 1002, 1003)), (BUY, (990, 989))):
        for price in prices:
            exchange.place(2, side, 10, price)
    exchange.place(2, SELL, 200, 1001, market_id=1)
    exchange.seal()
    exchange.place(3, BUY, 4, 1001)
    exchange.shrink(1, 7, seen_lots=10)
    exchange.shrink(2, 4)
    exchange.shrink(6, 150)
    exchange.replace_order(3, SELL, 12, 1004, order_id=0, placed_nonce=3, account_id=2)
    exchange.replace_order(4, BUY, 9, 1001)
    exchange.replace_order(6, SELL, 120, 1000, market_id=1)
    yield exchange.seal()
    # Too little is left, more was filled than is wanted, and both.
    exchange.shrink(10, 99)
    exchange.replace_order(5, BUY, 3, 1, seen_lots=13)
    exchange.shrink(2, 1, seen_lots=9)
    exchange.place(3, SELL, 1, 1010, reduce_only=True)
    exchange.replace_order(11, SELL, 4, 1011, reduce_only=True)
    exchange.place(3, BUY, 5, 980)
    exchange.shrink(13, 2)
    exchange.cancel(3, 13)
    yield exchange.seal()


def without_fees() -> Iterator[SealedBatch]:
    """A trade that costs nothing: the fee account is not touched."""
    free = underlying(maker_fee_ppm=0, taker_fee_ppm=0)
    exchange = Exchange(replace(parameters(1), underlyings=(free,)))
    exchange.fund(2, 3)
    exchange.place(2, SELL, 3, 1000)
    exchange.place(3, BUY, 2, 1000, max_fee_ppm=0)
    yield exchange.seal()


def prices_only() -> Iterator[SealedBatch]:
    """Two oracle updates of markets that fill words of prices; no account, no order is opened."""
    for n_markets in (11, 4, 10):
        exchange = Exchange(parameters(n_markets), price_ticks=0)
        exchange.set_price(*range(1000, 1000 + n_markets))
        exchange.set_price(*range(1000 + n_markets, 1000, -1))
        yield exchange.seal()


def random_trading(seed: int, n_markets: int, n_transactions: int) -> Iterator[SealedBatch]:
    """The third of three random batches."""
    trading = RandomTrading(seed, parameters(n_markets))
    for _ in range(2):
        trading.batch(n_transactions)
    yield trading.batch(n_transactions)


_SOURCES: dict[str, Callable[[], Iterator[SealedBatch]]] = {
    "every outcome": lambda: iter(every_outcome()),
    "several keys": several_keys,
    "overtaken messages": overtaken_messages,
    "key changes": key_changes,
    "holdings": holdings,
    "greatest numbers": greatest_numbers,
    "slots and makers": slots_and_makers,
    "wide tree": wide_tree,
    "cancellations": cancellations,
    "cancelled at once": cancelled_at_once,
    "self trades": self_trades,
    "least orders": least_orders,
    "liquidations": liquidations,
    "auctions": auctions,
    "bids": bids,
    "replaced orders": replaced_orders,
    "mass quotes": mass_quotes,
    "guards": guards,
    "without fees": without_fees,
    "prices only": prices_only,
    "far reports": far_reports,
    "silent markets": silent_markets,
    "registries": lambda: iter(registries()),
    "samples": samples,
    "poor accounts": poor_accounts,
    "transfers": transfers,
    "jumps": jumps,
    "unsettled gains": unsettled_gains,
    "modes": modes,
    "limits": limits,
    "outflows": outflows,
    "takeovers": takeovers,
    "unwinding": unwinding,
    "open interest": open_interest,
    "forecasts": forecasts,
    "storms": storms,
    "dormant orders": dormant_orders,
    "brackets": brackets,
    "endings": endings,
    "fees": fees_paid,
}


@functools.cache
def forging_batches() -> dict[str, SealedBatch]:
    """Return the batches by name."""
    return {
        f"{name} {number}": sealed
        for name, source in _SOURCES.items()
        for number, sealed in enumerate(source(), 1)
    }


@functools.cache
def forging_inputs() -> dict[str, ProgramInput]:
    """Return the honest inputs of the batches; they are copied, never changed."""
    return {name: program_input(sealed.witness) for name, sealed in forging_batches().items()}
