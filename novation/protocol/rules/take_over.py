"""TakeOver: all positions of a hopeless account go to insurance, or to the pools.

docs/spec/protocol.md, section 14. Rules alone say who takes them, at which price, and who bears
what the account cannot pay: insurance within its budgets, then those who gained what the account
lost, then nobody: the rest is recorded as missing.
"""

from dataclasses import dataclass, replace

from novation.protocol.accounts import Account, Position
from novation.protocol.batch import TakeOverHints, TransactionResult
from novation.protocol.constants import (
    FEE_ACCOUNT_ID,
    INSURANCE_ACCOUNT_ID,
    POSITION_BOUND,
    PRICE_X16_ONE,
)
from novation.protocol.errors import Broken, ErrorCode, InvalidTransaction, ResultCode
from novation.protocol.events import CancelReason, Event, LegTaken, TakenOver
from novation.protocol.margin import Margin, exposure_lots, margin_of
from novation.protocol.numeric import div_floor
from novation.protocol.rules.budgets import Insurance
from novation.protocol.rules.dead_orders import apply_timer, cancellations
from novation.protocol.rules.failing import check_hopeless, is_far_below, known_account
from novation.protocol.rules.pools import (
    credit_insurance,
    end_pool,
    opposite_side,
    pass_on,
    record_deficit,
)
from novation.protocol.rules.price_validity import (
    check_can_be_taken,
    check_prices_are_valid,
)
from novation.protocol.state import State
from novation.protocol.transactions.take_over import TakeOver, validate_take_over


@dataclass(frozen=True, slots=True)
class Leg:
    """A position at the mark, and what it lost since the reference mark, in quanta."""

    position: Position
    value_quanta: int
    loss_quanta: int
    notional_quanta: int


def check_take_over(state: State, tx: TakeOver) -> Margin:
    """Check that the account has positions and no hope; return its margin."""
    account = known_account(state, tx.account_id)
    if tx.account_id == FEE_ACCOUNT_ID:
        raise InvalidTransaction(
            ErrorCode.RESERVED_ACCOUNT,
            "the account of fees is not taken over",
            Broken("account_id", tx.account_id, INSURANCE_ACCOUNT_ID),
        )
    check_prices_are_valid(state)
    if not any(slot.size_lots for slot in account.positions):
        raise InvalidTransaction(
            ErrorCode.NO_POSITION,
            f"account {tx.account_id} has no position",
            Broken("n_positions", 0, 1),
        )
    check_can_be_taken(state, account)
    margin = margin_of(account, state.underlyings, state.parameters)
    check_hopeless(account, tx.account_id, margin, state.globals.time_ms)
    return margin


def apply_take_over(state: State, tx: TakeOver) -> TransactionResult:
    """Let all orders of the account die, and give its positions away."""
    validate_take_over(tx)
    timed_out = apply_timer(state, tx.account_id)
    margin = check_take_over(state, tx)
    gone = cancellations(state, tx.account_id, CancelReason.LIQUIDATION)
    account = state.account(tx.account_id).with_all_cancelled(state.globals.next_order_id)
    n_slots = len(account.positions) + len(state.account(INSURANCE_ACCOUNT_ID).positions)
    legs = [_leg(state, slot) for slot in account.positions if slot.size_lots]
    balance_quanta = account.collateral_quanta + sum(_worth(state, leg) for leg in legs)
    for leg in legs:
        _close(state, leg)
        account = account.with_position(replace(leg.position, size_lots=0))
    state.set_account(tx.account_id, account.with_balance(0).with_auction(0))
    # The fund cannot take its own: it could not meet its margin before.
    fund = _insured(state, legs, balance_quanta) if margin.equity_x16 >= 0 else None
    shared: tuple[Event, ...] = ()
    if fund is None:
        shared = _give_to_pools(state, tx.account_id, legs, balance_quanta)
    else:
        _give_to_insurance(state, legs, fund)
    taken = TakenOver(
        account_id=tx.account_id,
        by_insurance=fund is not None,
        equity_x16=margin.equity_x16,
        maintenance_x16_ppm=margin.maintenance_x16_ppm,
        balance_quanta=balance_quanta,
    )
    events: tuple[Event, ...] = (*timed_out, *gone, taken, *shared)
    hints = TakeOverHints(not is_far_below(margin))
    return TransactionResult(ResultCode.DONE, events, hints, n_slots, n_visits=len(legs))


def _leg(state: State, position: Position) -> Leg:
    market_id, size_lots = position.market_id, position.size_lots
    prices, terms = state.price_of(market_id), state.underlying_of(market_id)
    mark_x16 = state.mark_price_x16(market_id)
    fall_x16 = (prices.ref_x16 - mark_x16) * terms.multiplier
    value_quanta = div_floor(size_lots * mark_x16 * terms.multiplier, PRICE_X16_ONE)
    return Leg(
        position,
        value_quanta=value_quanta,
        loss_quanta=div_floor(max(0, size_lots * fall_x16), PRICE_X16_ONE),
        notional_quanta=abs(value_quanta),
    )


def _worth(state: State, leg: Leg) -> int:
    prices = state.price_of(leg.position.market_id)
    return leg.value_quanta - prices.paid_quanta(leg.position.size_lots)


def _close(state: State, leg: Leg) -> None:
    """Take a leg's lots out of the open interest."""
    _add_longs(state, leg.position.market_id, -max(0, leg.position.size_lots))


def _add_longs(state: State, market_id: int, lots: int) -> None:
    market = state.open_market(market_id)
    state.set_market(market_id, market.with_open_interest(market.open_interest_lots + lots))


def _insured(state: State, legs: list[Leg], balance_quanta: int) -> Account | None:
    """Return the insurance fund with all legs, at the mark, and all that stood behind them.

    None if it could not have them: with the margin that new risk needs, and positions of the size
    that an account may have.
    """
    fund = state.account(INSURANCE_ACCOUNT_ID)
    for leg in legs:
        prices = state.price_of(leg.position.market_id)
        old = fund.position(leg.position.market_id)
        size_lots = old.size_lots + leg.position.size_lots
        slot = replace(old, size_lots=size_lots)
        settled_quanta = prices.paid_quanta(size_lots) - prices.paid_quanta(old.size_lots)
        fund = fund.with_position(slot, settled_quanta - leg.value_quanta)
        if exposure_lots(slot) >= POSITION_BOUND:
            return None
    fund = fund.with_balance(fund.collateral_quanta + balance_quanta)
    has_margin = margin_of(fund, state.underlyings, state.parameters).meets_opening
    return fund if has_margin else None


def _give_to_insurance(state: State, legs: list[Leg], fund: Account) -> None:
    before = state.account(INSURANCE_ACCOUNT_ID)
    for leg in legs:
        market_id = leg.position.market_id
        after_lots = max(0, fund.position(market_id).size_lots)
        _add_longs(state, market_id, after_lots - max(0, before.position(market_id).size_lots))
    state.set_account(INSURANCE_ACCOUNT_ID, fund)


def _give_to_pools(
    state: State, account_id: int, legs: list[Leg], balance_quanta: int
) -> tuple[Event, ...]:
    """Let each pool take its leg, and share what the account cannot pay among them.

    Of the legs that lost since the reference mark each bears its part of the debt; if none did,
    all by what they are worth.
    """
    # If the account is the fund it has nothing any more.
    insurance = Insurance.of(state, state.account(INSURANCE_ACCOUNT_ID))
    by_loss = any(leg.loss_quanta for leg in legs)
    debt_quanta, income_quanta = max(0, -balance_quanta), max(0, balance_quanta)
    weight_left = sum(leg.loss_quanta if by_loss else leg.notional_quanta for leg in legs)
    events: tuple[Event, ...] = ()
    for leg in legs:
        weight = leg.loss_quanta if by_loss else leg.notional_quanta
        part_quanta = div_floor(debt_quanta * weight, weight_left) if weight else 0
        debt_quanta, weight_left = debt_quanta - part_quanta, weight_left - weight
        told, left_quanta = _give_leg(state, account_id, leg, part_quanta, insurance)
        events, income_quanta = events + told, income_quanta + left_quanta
    # What is left if nothing has any weight.
    record_deficit(state, debt_quanta)
    fund = state.account(INSURANCE_ACCOUNT_ID)
    left_quanta = fund.collateral_quanta - insurance.paid_quanta
    state.set_account(INSURANCE_ACCOUNT_ID, fund.with_balance(left_quanta))
    credit_insurance(state, income_quanta)
    return events


def _give_leg(
    state: State, account_id: int, leg: Leg, part_quanta: int, insurance: Insurance
) -> tuple[tuple[Event, ...], int]:
    """Give a leg to its pool, with its part of the debt; return what the pool leaves if it is flat.

    Insurance pays first. Then who gained what the leg lost, as far as it did; then nobody.
    """
    market_id, size_lots = leg.position.market_id, leg.position.size_lots
    insured_quanta = insurance.pay(state, market_id, part_quanta)
    charged_quanta = min(part_quanta - insured_quanta, leg.loss_quanta)
    record_deficit(state, part_quanta - insured_quanta - charged_quanta)
    prices = state.price_of(market_id)
    after = replace(
        prices,
        pool_cash_quanta=prices.pool_cash_quanta - leg.value_quanta - charged_quanta,
        pool_lots=prices.pool_lots + size_lots,
    )
    state.set_underlying(market_id, after)
    taken = LegTaken(
        account_id=account_id,
        market_id=market_id,
        size_lots=size_lots,
        mark_price_x16=state.mark_price_x16(market_id),
        ref_x16=prices.ref_x16,
        loss_quanta=leg.loss_quanta,
        insured_quanta=insured_quanta,
        charged_quanta=charged_quanta,
    )
    shared = pass_on(state, market_id, opposite_side(size_lots))
    return (taken, *shared), end_pool(state, market_id)
