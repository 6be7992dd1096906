"""Margin: what an account is worth and what its positions and orders require.

docs/spec/protocol.md, section 7. Everything is exact: equity carries 16 fraction bits, the
requirements 16 fraction bits and parts per million.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from novation.protocol.accounts import Account, Position
from novation.protocol.constants import PPM_ONE, PRICE_X16_ONE
from novation.protocol.mark import (
    initial_margin_ppm,
    mark_price_x16,
    position_worth_x16,
    unsettled_gain_x16,
)
from novation.protocol.markets import UnderlyingState
from novation.protocol.numeric import div_floor
from novation.protocol.parameters import Parameters


@dataclass(frozen=True, slots=True)
class Margin:
    """Equity and requirements; `*_x16_ppm` has the scale of `equity_x16 * 10^6`.

    New risk, withdrawals and transfers need `forecast_x16_ppm` above the initial requirement.
    `unsettled_x16` is that part of equity that may still be charged for what others cannot pay.
    With `is_unpriced` there is an exposure in a market that has no price now: nobody knows what
    may be risked, or leave.
    """

    equity_x16: int
    initial_x16_ppm: int
    maintenance_x16_ppm: int
    forecast_x16_ppm: int = 0
    unsettled_x16: int = 0
    is_unpriced: bool = False

    @property
    def settled_x16(self) -> int:
        """What the account is worth whatever it is charged: what may be risked, or leave."""
        return self.equity_x16 - self.unsettled_x16

    @property
    def opening_x16_ppm(self) -> int:
        """What new risk needs."""
        return self.initial_x16_ppm + self.forecast_x16_ppm

    @property
    def meets_opening(self) -> bool:
        """Whether what is settled covers what new risk needs."""
        return not self.is_unpriced and self.settled_x16 * PPM_ONE >= self.opening_x16_ppm

    @property
    def meets_initial(self) -> bool:
        """Whether what is settled covers the initial margin."""
        return self.settled_x16 * PPM_ONE >= self.initial_x16_ppm

    @property
    def meets_maintenance(self) -> bool:
        """Whether equity covers the maintenance margin."""
        return self.equity_x16 * PPM_ONE >= self.maintenance_x16_ppm


def exposure_lots(position: Position) -> int:
    """Return the larger absolute position that the open orders can lead to."""
    size = position.size_lots
    return max(size + position.open_buy_lots, position.open_sell_lots - size)


def margin_of(
    account: Account, underlyings: Sequence[UnderlyingState], parameters: Parameters
) -> Margin:
    """Return equity, initial and maintenance requirement, at the marks."""
    equity = account.collateral_quanta * PRICE_X16_ONE
    initial = maintenance = forecast = unsettled = 0
    is_unpriced = False
    for position in account.positions:
        # A perpetual has the id of its underlying.
        terms = parameters.underlyings[position.market_id]
        prices = underlyings[position.market_id]
        lot_value_x16 = mark_price_x16(prices, terms) * terms.multiplier
        equity += position_worth_x16(position.size_lots, prices, terms)
        unsettled += unsettled_gain_x16(position.size_lots, prices, terms)
        exposed_x16 = exposure_lots(position) * lot_value_x16
        is_unpriced |= prices.is_silent and exposure_lots(position) > 0
        initial += exposed_x16 * initial_margin_ppm(prices, terms)
        forecast += exposed_x16 * prices.forecast_margin_ppm
        maintenance += abs(position.size_lots) * lot_value_x16 * terms.maintenance_margin_ppm
    return Margin(equity, initial, maintenance, forecast, unsettled, is_unpriced)


def notional_x16(
    account: Account, underlyings: Sequence[UnderlyingState], parameters: Parameters
) -> int:
    """Return what all positions are worth together at the marks, long or short."""
    return sum(
        abs(position.size_lots)
        * mark_price_x16(underlyings[position.market_id], terms)
        * terms.multiplier
        for position in account.positions
        for terms in (parameters.underlyings[position.market_id],)
    )


def does_not_grow(before: Position, after: Position) -> bool:
    """Return whether the position did not grow or flip, and no open sum grew."""
    return (
        abs(after.size_lots) <= abs(before.size_lots)
        and before.size_lots * after.size_lots >= 0
        and after.open_buy_lots <= before.open_buy_lots
        and after.open_sell_lots <= before.open_sell_lots
    )


def gain_on_health(before: Margin, after: Margin) -> int:
    """Return by how much equity over maintenance requirement rose, times both requirements.

    In the scale of `equity_x16 * maintenance_x16_ppm`: no division is needed for its sign.
    """
    return (
        after.equity_x16 * before.maintenance_x16_ppm
        - before.equity_x16 * after.maintenance_x16_ppm
    )


def capped_fee_quanta(before: Margin, after: Margin, fee_quanta: int) -> int | None:
    """Return what of a fee an operation that adds no risk pays, None if it is not allowed.

    An account with equity of zero or more may do what leaves it as healthy as it was, and no fee
    stands in its way: it pays no more than what it gained. Below zero nothing is its own to trade,
    and gains that are not settled are nobody's to give away.

    Args:
        before: margin before the operation.
        after: margin after it and after the whole fee.
        fee_quanta: the whole fee.
    """
    if before.equity_x16 < 0:
        return None
    quantum = before.maintenance_x16_ppm * PRICE_X16_ONE
    healthy_quanta = _capped(fee_quanta, gain_on_health(before, after), quantum)
    if healthy_quanta is None:
        return None
    kept_x16 = after.settled_x16 - min(before.settled_x16, 0)
    returned_quanta = fee_quanta - healthy_quanta
    return _capped(healthy_quanta, kept_x16 + returned_quanta * PRICE_X16_ONE, PRICE_X16_ONE)


def _capped(fee_quanta: int, gain: int, quantum: int) -> int | None:
    """Return so much of a fee that nothing is lost, None if something is without it.

    `gain` is what is gained with the whole fee, `quantum` what each quantum of it costs.
    """
    if gain >= 0:
        return fee_quanta
    gain_without_fee = gain + fee_quanta * quantum
    return div_floor(gain_without_fee, quantum) if gain_without_fee >= 0 else None


def charged_fee_quanta(
    before: Account,
    after: Account,
    market_id: int,
    underlyings: Sequence[UnderlyingState],
    parameters: Parameters,
    fee_quanta: int,
) -> int | None:
    """Return what of its fee an operation on a market pays, None if the margin rule forbids it.

    `after` has paid all of it. What a forecast adds is not for what does not grow.
    """
    margin = margin_of(after, underlyings, parameters)
    if margin.meets_opening:
        return fee_quanta
    if not does_not_grow(before.position(market_id), after.position(market_id)):
        return None
    if margin.meets_initial:
        return fee_quanta
    return capped_fee_quanta(margin_of(before, underlyings, parameters), margin, fee_quanta)


def maker_fee_quanta(
    before: Account,
    after: Account,
    market_id: int,
    underlyings: Sequence[UnderlyingState],
    parameters: Parameters,
    fee_quanta: int,
) -> int | None:
    """Return the same of the fill of an order that was resting: no forecast is for it."""
    if margin_of(after, underlyings, parameters).meets_initial:
        return fee_quanta
    return charged_fee_quanta(before, after, market_id, underlyings, parameters, fee_quanta)
