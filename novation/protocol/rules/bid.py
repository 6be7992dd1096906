"""Bid: a bidder takes a share of what a failing account holds, at the mark and a discount."""

from collections.abc import Sequence
from dataclasses import dataclass

from novation.protocol.accounts import Account
from novation.protocol.auction import (
    discount_ppm,
    discount_quanta,
    is_auction_running,
    lots_of_share,
    restoring_share_x16,
)
from novation.protocol.batch import TransactionResult
from novation.protocol.constants import (
    AUCTION_FEE_PPM,
    AUCTION_LIFE_MS,
    INSURANCE_ACCOUNT_ID,
    POSITION_BOUND,
    PPM_ONE,
    PRICE_X16_ONE,
)
from novation.protocol.errors import Broken, ErrorCode, InvalidTransaction, ResultCode
from novation.protocol.events import BidFilled, CancelReason, TakenLots
from novation.protocol.margin import Margin, margin_of
from novation.protocol.numeric import div_ceil, div_floor
from novation.protocol.orders import Side
from novation.protocol.rules.dead_orders import apply_timer, cancellations
from novation.protocol.rules.failing import (
    check_failing,
    check_not_bankrupt,
    follow_auction,
    known_account,
)
from novation.protocol.rules.pools import credit_insurance
from novation.protocol.rules.price_validity import (
    check_all_priced,
    check_can_be_taken,
    check_prices_are_valid,
)
from novation.protocol.rules.signer import apply_nonce, check_signer
from novation.protocol.signing_keys import Permission
from novation.protocol.state import State
from novation.protocol.transactions.bid import Bid, validate_bid


@dataclass(frozen=True, slots=True)
class _Sale:
    """Both accounts after a share of the positions has changed hands, before it is paid.

    What the lots had paid before is settled, as in a trade. `price_quanta` is what they are worth
    at the mark, rounded up.
    """

    failing: Account
    bidder: Account
    taken: tuple[TakenLots, ...]
    price_quanta: int
    notional_x16: int


def check_bid(state: State, tx: Bid, *, verify_signature: bool) -> tuple[Account, Margin]:
    """Check signer and auction; return the failing account, its orders dead, and its margin."""
    check_signer(state, tx, Permission.TRADE, verify_signature=verify_signature)
    failing, now_ms = known_account(state, tx.failing_account_id, "failing_account_id"), _now(state)
    if tx.failing_account_id == tx.account_id:
        raise InvalidTransaction(
            ErrorCode.OWN_ACCOUNT,
            f"account {tx.account_id} bids for itself",
            Broken("failing_account_id", tx.account_id, tx.account_id ^ 1),
        )
    check_prices_are_valid(state)
    if not is_auction_running(failing, now_ms):
        begun = f"began at {failing.auction_start_ms}" if failing.auction_start_ms else "none"
        last_ms = failing.auction_start_ms + AUCTION_LIFE_MS - 1
        raise InvalidTransaction(
            ErrorCode.NO_AUCTION,
            f"auction of account {tx.failing_account_id}: {begun}, now {now_ms}",
            Broken("time_ms", now_ms, last_ms),
        )
    check_can_be_taken(state, failing)
    dead = failing.with_all_cancelled(state.globals.next_order_id)
    margin = margin_of(dead, state.underlyings, state.parameters)
    check_failing(tx.failing_account_id, margin)
    check_not_bankrupt(tx.failing_account_id, margin)
    return dead, margin


def _now(state: State) -> int:
    return state.globals.time_ms


def apply_bid(state: State, tx: Bid, *, verify_signature: bool) -> TransactionResult:
    """Let the share change hands, pay for it, and let the auction end if the account is whole."""
    validate_bid(tx)
    timed_out = apply_timer(state, tx.account_id) + apply_timer(state, tx.failing_account_id)
    before, margin = check_bid(state, tx, verify_signature=verify_signature)
    given_ppm = discount_ppm(before, _now(state))
    share_x16 = min(tx.share_x16, restoring_share_x16(margin, given_ppm))
    bidder = state.account(tx.account_id)
    apply_nonce(state, tx, bidder)
    gone = cancellations(state, tx.failing_account_id, CancelReason.LIQUIDATION)
    sale = _sell(state, tx, before, share_x16)
    left = margin_of(sale.failing, state.underlyings, state.parameters)
    discount = discount_quanta(margin, left.maintenance_x16_ppm, given_ppm)
    fee_quanta = div_floor(discount * AUCTION_FEE_PPM, PPM_ONE)
    _check_limits(tx, sale, discount - fee_quanta)
    paid_quanta = sale.price_quanta - discount
    _change_open_interest(state, tx, sale)
    state.set_account(tx.failing_account_id, _paid(sale.failing, paid_quanta))
    state.set_account(tx.account_id, _paid(sale.bidder, -paid_quanta - fee_quanta))
    _check_margin(state, tx.account_id)
    after = margin_of(state.account(tx.failing_account_id), state.underlyings, state.parameters)
    ended = follow_auction(state, tx.failing_account_id, after)
    # Behind that: if it is the fund that fails, its own fee does not save it.
    credit_insurance(state, fee_quanta)
    insurance = state.account(INSURANCE_ACCOUNT_ID)
    filled = BidFilled(
        failing_account_id=tx.failing_account_id,
        bidder_account_id=tx.account_id,
        share_x16=share_x16,
        equity_x16=margin.equity_x16,
        maintenance_x16_ppm=margin.maintenance_x16_ppm,
        price_quanta=sale.price_quanta,
        discount_quanta=discount,
        fee_quanta=fee_quanta,
        taken=sale.taken,
    )
    n_slots = _count_slots(before, bidder) + len(insurance.positions)
    code = ResultCode.DONE if share_x16 == tx.share_x16 else ResultCode.BID_CAPPED
    events = (*timed_out, *gone, filled, *ended)
    return TransactionResult(code, events, n_slots=n_slots)


def _count_slots(failing: Account, bidder: Account) -> int:
    """Return slots that are worked on: each that is for sale by both accounts, and the bidder's."""
    others = sum(not failing.has_position(slot.market_id) for slot in bidder.positions)
    return 2 * len(failing.positions) + others


def _paid(account: Account, amount_quanta: int) -> Account:
    return account.with_balance(account.collateral_quanta + amount_quanta)


def _sell(state: State, tx: Bid, failing: Account, share_x16: int) -> _Sale:
    bidder = state.account(tx.account_id)
    taken = tuple(
        TakenLots(
            slot.market_id,
            lots_of_share(slot.size_lots, share_x16),
            state.mark_price_x16(slot.market_id),
        )
        for slot in failing.positions
        if slot.size_lots
    )
    value_x16 = notional_x16 = 0
    for part in taken:
        lot_value_x16 = part.mark_price_x16 * state.underlying_of(part.market_id).multiplier
        value_x16 += part.lots * lot_value_x16
        notional_x16 += abs(part.lots) * lot_value_x16
        slot = bidder.position(part.market_id)
        _check_position_limit(slot.open_lots(_side(part.lots)), slot.size_lots, part)
        bidder = _moved(state, bidder, part.market_id, part.lots)
        failing = _moved(state, failing, part.market_id, -part.lots)
    return _Sale(failing, bidder, taken, div_ceil(value_x16, PRICE_X16_ONE), notional_x16)


def _moved(state: State, account: Account, market_id: int, lots: int) -> Account:
    """Return the account with more or fewer lots, which have paid what those of their side have."""
    before, prices = account.position(market_id), state.price_of(market_id)
    after = before.traded(Side.BUY, lots)
    paid_quanta = prices.paid_quanta(after.size_lots) - prices.paid_quanta(before.size_lots)
    return account.with_position(after, paid_quanta)


def _side(lots: int) -> Side:
    return Side.BUY if lots > 0 else Side.SELL


def _check_position_limit(open_lots: int, size_lots: int, part: TakenLots) -> None:
    """Check what the bidder could reach; an account has no more slots than there are markets."""
    held_lots = max(size_lots if part.lots > 0 else -size_lots, 0)
    worst = held_lots + open_lots + abs(part.lots)
    if worst >= POSITION_BOUND:
        raise InvalidTransaction(
            ErrorCode.POSITION_LIMIT,
            f"could reach {worst} lots of market {part.market_id}, limit {POSITION_BOUND - 1}",
            Broken("position_lots", worst, POSITION_BOUND - 1),
        )


def _check_limits(tx: Bid, sale: _Sale, given_quanta: int) -> None:
    """Check what the bidder has signed: the least discount, and the most that is taken."""
    given = given_quanta * PRICE_X16_ONE * PPM_ONE
    if given < tx.min_discount_ppm * sale.notional_x16:
        given_ppm = div_floor(given, sale.notional_x16)
        raise InvalidTransaction(
            ErrorCode.BID_LIMIT,
            f"discount of {given_ppm} ppm < {tx.min_discount_ppm}",
            Broken("min_discount_ppm", tx.min_discount_ppm, given_ppm),
        )
    if sale.notional_x16 > tx.max_notional_quanta * PRICE_X16_ONE:
        notional_quanta = div_ceil(sale.notional_x16, PRICE_X16_ONE)
        raise InvalidTransaction(
            ErrorCode.BID_LIMIT,
            f"{notional_quanta} quanta at the mark > {tx.max_notional_quanta}",
            Broken("max_notional_quanta", tx.max_notional_quanta, notional_quanta),
        )


def _check_margin(state: State, account_id: int) -> None:
    """Check the bidder's margin: nobody gets rid of a failing account by another one."""
    margin = margin_of(state.account(account_id), state.underlyings, state.parameters)
    if not margin.meets_opening:
        check_all_priced(state, state.account(account_id))
        required_x16 = div_ceil(margin.opening_x16_ppm, PPM_ONE)
        raise InvalidTransaction(
            ErrorCode.INSUFFICIENT_MARGIN,
            f"settled equity {margin.settled_x16} / 2^16 quanta < required {required_x16}",
            Broken("settled_x16", margin.settled_x16, required_x16),
        )


def _change_open_interest(state: State, tx: Bid, sale: _Sale) -> None:
    """Count what is not held any more: where the bidder was on the other side."""
    before = state.account(tx.failing_account_id), state.account(tx.account_id)
    after = sale.failing, sale.bidder
    for part in sale.taken:
        change = _longs(after, part.market_id) - _longs(before, part.market_id)
        if change:
            market = state.open_market(part.market_id)
            changed = market.with_open_interest(market.open_interest_lots + change)
            state.set_market(part.market_id, changed)


def _longs(accounts: Sequence[Account], market_id: int) -> int:
    return sum(max(account.position(market_id).size_lots, 0) for account in accounts)
