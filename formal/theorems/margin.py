"""Margin and fees. The functions take numbers or z3 terms; tests compare them with the STF."""

from dataclasses import dataclass
from typing import Any, Final

import z3

from formal.theorems.arithmetic import absolute, is_quotient, maximum, minimum
from formal.theorems.theorem import Statement, Theorem
from novation.protocol.constants import (
    FORECAST_FALL_PPM,
    FORECAST_MEMORY_MS,
    FORECAST_RISE_PPM,
    FORECAST_SMALL_RISE_PPM,
    MOST_MARGIN_MULTIPLE,
    PPM_ONE,
    RATE_BOUND,
    RETURN_LIMIT_PPM,
    VARIANCE_BOUND,
)
from novation.protocol.forecast_margin import SECOND_MS

Term = Any


def exposure_lots(size: Term, buys: Term, sells: Term) -> Term:
    """Return the larger absolute position that the open orders can lead to."""
    return maximum(size + buys, sells - size)


def fee_quanta(notional: Term, rate_ppm: Term) -> Term:
    """Return the fee: rounded up."""
    numerator = notional * rate_ppm + PPM_ONE - 1
    return numerator // PPM_ONE if isinstance(numerator, int) else numerator / PPM_ONE


def gain_on_health(before: tuple[Term, Term], after: tuple[Term, Term]) -> Term:
    """Return by how much equity over maintenance requirement rose; pairs of the two."""
    return after[0] * before[1] - before[0] * after[1]


def health_not_worse(before: tuple[Term, Term], after: tuple[Term, Term]) -> Term:
    """Return whether equity over maintenance requirement did not fall."""
    return gain_on_health(before, after) >= 0


def does_not_grow(size: Term, size_after: Term) -> Term:
    """Return whether a position did not grow or flip."""
    no_larger = absolute(size_after) <= absolute(size)
    same_side = size * size_after >= 0
    if isinstance(no_larger, bool):
        return no_larger and same_side
    return z3.And(no_larger, same_side)


def _reduced_stays_solvent(fault: str) -> Statement:
    equity, margin, equity_after, margin_after = z3.Ints("equity margin equity_after margin_after")
    known = [
        equity >= (-1 if fault == "it was below zero before" else 0),
        margin > (-1 if fault == "there was no position before" else 0),
        margin_after >= 0,
        health_not_worse((equity, margin), (equity_after, margin_after)),
    ]
    return Statement(known, equity_after >= 0)


@dataclass(frozen=True)
class Reduction:
    """An operation that adds no risk, in units in which a quantum of the fee is a unit of equity.

    `equity_after` is what is left without a fee. The fee is as `capped_fee_quanta` has it: a
    quotient is a number that lies as far below as a division leaves it.
    """

    equity: Term
    required: Term
    equity_after: Term
    required_after: Term
    whole_fee: Term
    fee: Term
    rule: list[Term]

    @property
    def paid(self) -> tuple[Term, Term]:
        """Equity and requirement at the end."""
        return self.equity_after - self.fee, self.required_after


def reduction(fault: str = "") -> Reduction:
    """Return an operation that the rule accepts, in which there may be a fault."""
    equity, required, equity_after, required_after, whole, fee = z3.Ints("e q e1 q1 whole fee")
    gain = gain_on_health((equity, required), (equity_after, required_after))
    is_whole = gain - whole * required >= 0
    part = [gain >= 0, fee * required <= gain, gain < (fee + 1) * required]
    if fault == "the fee is rounded up":
        part = [gain >= 0, fee * required >= gain, gain > (fee - 1) * required]
    if fault == "the whole fee, whatever is left":
        part = [gain >= 0, fee == whole]
    if fault == "no check without the fee":
        part = part[1:]
    rule = [
        required >= 0,
        required_after >= 0,
        whole >= 0,
        z3.Or(z3.And(is_whole, fee == whole), z3.And(z3.Not(is_whole), *part)),
    ]
    # The position does not grow, at one mark.
    rule.append(required_after <= required)
    if fault != "it was below zero before":
        rule.append(equity >= 0)
    return Reduction(equity, required, equity_after, required_after, whole, fee, rule)


def _accepted_reduction_keeps_health(fault: str) -> Statement:
    model = reduction(fault)
    before = model.equity, model.required
    follows = [
        gain_on_health(before, model.paid) >= 0,
        model.fee >= 0,
        model.fee <= model.whole_fee,
    ]
    return Statement(model.rule, z3.And(follows))


def _insurance_can_expect_no_less(fault: str) -> Statement:
    """Who had a position and owed nothing owes nothing; who owed something did not trade."""
    model = reduction(fault)
    known = [*model.rule, model.required > 0]
    return Statement(known, model.paid[0] >= 0)


def _fee_is_all_that_health_bears(fault: str) -> Statement:
    """Who pays less than the whole fee has nothing left to pay a quantum more from."""
    model = reduction(fault)
    before = model.equity, model.required
    more = model.equity_after - model.fee - 1, model.required_after
    rule = model.rule
    if fault == "waived if it is not paid in full":
        rule = [*rule[:3], z3.Or(model.fee == model.whole_fee, model.fee == 0), *rule[4:]]
    known = [*rule, model.fee < model.whole_fee, model.required > 0]
    return Statement(known, gain_on_health(before, more) < 0)


def _fair_reduction_is_accepted(fault: str) -> Statement:
    """At the mark nothing is lost, so that the rule has a fee to ask for, whatever the fee is."""
    equity, required, equity_after, required_after = z3.Ints("e q e1 q1")
    known = [
        equity >= (-1 if fault == "it was below zero before" else 0),
        required_after >= 0,
        equity_after >= equity - (1 if fault == "a unit below the mark" else 0),
    ]
    if fault != "the position grows":
        known.append(required_after <= required)
    gain = gain_on_health((equity, required), (equity_after, required_after))
    return Statement(known, gain >= 0)


def _exposure_bounds_position(fault: str) -> Statement:
    size, buys, sells, filled_buys, filled_sells = z3.Ints("size buys sells fb fs")
    known = [
        buys >= 0,
        sells >= 0,
        filled_buys >= 0,
        filled_buys <= buys,
        filled_sells >= 0,
        filled_sells <= sells,
    ]
    exposure = exposure_lots(size, buys, sells)
    if fault == "the larger sum of one side only":
        exposure = maximum(size + buys, size)
    if fault == "the position alone":
        exposure = absolute(size)
    return Statement(known, absolute(size + filled_buys - filled_sells) <= exposure)


def _initial_covers_maintenance(fault: str) -> Statement:
    size, buys, sells, value, initial, maintenance = z3.Ints("size buys sells value i m")
    known = [buys >= 0, sells >= 0, value >= 0, maintenance >= 0]
    if fault != "rates in any order":
        known.append(initial >= maintenance)
    exposure = exposure_lots(size, buys, sells)
    # Products of the lot value are compared per lot value: it is not negative.
    known.append(initial >= 0)
    held = absolute(size) if fault != "orders count as held" else absolute(size) + buys + sells
    return Statement(known, exposure * initial >= held * maintenance)


def _fee_rounds_up(fault: str) -> Statement:
    notional, rate = z3.Ints("notional rate")
    fee = fee_quanta(notional, rate)
    if fault == "rounded down":
        fee = notional * rate / PPM_ONE
    known = [notional >= 0, notional < 2**80, rate >= 0, rate < RATE_BOUND]
    exact = notional * rate
    return Statement(known, z3.And(fee * PPM_ONE >= exact, (fee - 1) * PPM_ONE < exact))


def _fee_is_no_more_than_notional(fault: str) -> Statement:
    notional, rate = z3.Ints("notional rate")
    limit = RATE_BOUND if fault == "rates up to 2^20" else PPM_ONE
    known = [notional >= 0, rate >= 0, rate <= limit]
    return Statement(known, fee_quanta(notional, rate) <= notional)


def _no_growth_keeps_side(fault: str) -> Statement:
    size, after = z3.Ints("size after")
    rule = does_not_grow(size, after)
    if fault == "squares only":
        rule = after * after <= size * size
    known = [rule, absolute(size) < 2**36, absolute(after) < 2**36]
    side = z3.And(z3.Implies(size > 0, after >= 0), z3.Implies(size < 0, after <= 0))
    return Statement(known, z3.And(side, z3.Implies(size == 0, after == 0)))


def _bound_is_kept(fault: str) -> Statement:
    """Of buys; sells are the same with the signs turned."""
    size, buys, bound, filled, reduced, sold = z3.Ints("size buys bound filled reduced sold")
    held = size if fault == "a position of the other side makes room" else maximum(size, 0)
    known = [held + buys < bound, filled >= 0, filled <= buys, reduced >= 0, sold >= 0]
    if fault != "reduce-only orders flip":
        known.append(reduced <= maximum(-size, 0))
    after = size + reduced
    return Statement(
        known,
        z3.And(
            maximum(after, 0) + buys < bound,
            maximum(size + filled, 0) + buys - filled < bound,
            maximum(size - sold, 0) + buys < bound,
        ),
    )


def _squares_compare_sizes(fault: str) -> Statement:
    size, after = z3.Ints("size after")
    difference = size * size - after * after - (1 if fault == "equal sizes fail" else 0)
    return Statement([], (difference >= 0) == (absolute(after) <= absolute(size)))


def wanted_margin(value: Term, lower: Term, upper: Term, all_ppm: Term) -> Term:
    """Return what the initial margin is above the terms', for an open interest of a value."""
    span = upper - lower
    above = maximum(0, value - lower)
    if isinstance(above, int):
        return min(above, span) * all_ppm // span
    return z3.If(above >= span, span, above) * all_ppm / span


def _margin_rises_with_interest(fault: str) -> Statement:
    """Of one span and one rate: what a solver decides. Values of any size."""
    value, more, lower = z3.Ints("value more lower")
    span, all_ppm = 1_000_000, 998_575
    upper = lower + span
    known = [lower >= 0, value >= 0, more >= value]
    before = wanted_margin(value, lower, upper, all_ppm)
    after = wanted_margin(more, lower, upper, all_ppm)
    if fault == "beyond the upper amount it begins anew":
        after = ((more - lower) % span) * all_ppm / span
    if fault == "below the lower amount it counts, too":
        before = (value - lower) * all_ppm / span
    return Statement(known, z3.And(before >= 0, after >= before, after <= all_ppm))


def forecast_after(initial: Term, forecast: Term, asked: Term) -> Term:
    """Return what new risk needs above the initial margin a minute later, `asked` a square."""
    has = initial + forecast
    high, low = forecast + FORECAST_RISE_PPM, forecast + FORECAST_SMALL_RISE_PPM
    fallen = maximum(forecast - FORECAST_FALL_PPM, 0)
    branches = (
        (asked < has * has, fallen),
        (asked >= (initial + high) * (initial + high), high),
        (asked >= (initial + low) * (initial + low), low),
    )
    if isinstance(asked, int):
        return next((value for holds, value in branches if holds), forecast)
    after = forecast
    for holds, value in reversed(branches):
        after = z3.If(holds, value, after)
    return after


def _forecast_margin_has_its_bounds(fault: str) -> Statement:
    initial, forecast, asked = z3.Ints("initial forecast asked")
    most = MOST_MARGIN_MULTIPLE * initial
    known = [initial > 0, initial < RATE_BOUND, forecast >= 0, forecast < 2 * RATE_BOUND]
    known += [asked >= 0] + ([] if fault == "more is asked" else [asked <= most * most])
    after = forecast_after(initial, forecast, asked)
    if fault == "a step beyond what is asked":
        after = forecast + FORECAST_RISE_PPM
    grew = z3.And((initial + after) * (initial + after) <= asked, initial + after <= most)
    bounds = z3.And(after >= 0, after < 2 * RATE_BOUND)
    return Statement(known, z3.And(bounds, z3.Or(after <= forecast, grew)))


def _forecast_margin_follows_so_fast(fault: str) -> Statement:
    """A minute adds a step at most and takes a little off, and never more than there is."""
    initial, forecast, asked = z3.Ints("initial forecast asked")
    known = [initial > 0, forecast >= 0, asked >= 0]
    after = forecast_after(initial, forecast, asked)
    if fault == "two steps a minute":
        after = forecast_after(initial, after, asked)
    if fault == "it falls below the terms'":
        has = initial + forecast
        after = z3.If(asked < has * has, forecast - FORECAST_FALL_PPM, after)
    follows = [
        after >= 0,
        after <= forecast + FORECAST_RISE_PPM,
        after >= forecast - FORECAST_FALL_PPM,
    ]
    return Statement(known, z3.And(follows))


def _variance_is_an_average(fault: str) -> Statement:
    """Of the variance before and of the return since then, `squared` for its length."""
    variance, squared, elapsed, averaged = z3.Ints("variance squared elapsed averaged")
    whole = maximum(elapsed, FORECAST_MEMORY_MS)
    kept = variance * (whole if fault == "nothing is forgotten" else whole - elapsed)
    known = [
        variance >= 0,
        variance < VARIANCE_BOUND,
        squared >= 0,
        squared <= RETURN_LIMIT_PPM * RETURN_LIMIT_PPM * SECOND_MS,
        elapsed > 0,
        is_quotient(averaged, kept + squared, whole),
    ]
    after = averaged if fault == "no bound" else minimum(averaged, VARIANCE_BOUND - 1)
    follows = [
        after >= 0,
        after < VARIANCE_BOUND,
        z3.Or(after <= variance, after * elapsed <= squared),
    ]
    return Statement(known, z3.And(follows))


def _cap_never_refuses_who_reduces(fault: str) -> Statement:
    """One fill of an order that does not grow its position; of several, one after the other."""
    taker, maker, lots, others, cap = z3.Ints("taker maker lots others cap")
    reduces = z3.And(lots > 0, lots <= absolute(taker))
    bought = z3.If(taker < 0, lots, -lots)
    known = [others >= 0, cap >= 0, reduces]
    if fault == "it may flip":
        known[2] = lots > 0
    if fault == "it may grow":
        bought = -bought
    before = others + maximum(taker, 0) + maximum(maker, 0)
    after = others + maximum(taker + bought, 0) + maximum(maker - bought, 0)
    limit = cap if fault == "the cap alone" else maximum(cap, before)
    return Statement(known, z3.And(after <= limit, after <= before))


THEOREMS: Final = (
    Theorem(
        "a minute moves what a forecast adds to margin by a step, and not below nothing",
        _forecast_margin_follows_so_fast,
        ("two steps a minute", "it falls below the terms'"),
    ),
    Theorem(
        "the variance that is forecast is an average, and has its bound",
        _variance_is_an_average,
        ("nothing is forgotten", "no bound"),
    ),
    Theorem(
        "a cap of the open interest never refuses who reduces",
        _cap_never_refuses_who_reduces,
        ("it may flip", "it may grow", "the cap alone"),
    ),
    Theorem(
        "what a forecast adds to margin rises to no more than is asked, and is bounded",
        _forecast_margin_has_its_bounds,
        ("more is asked", "a step beyond what is asked"),
    ),
    Theorem(
        "the initial margin never falls as the open interest grows, and has its bounds",
        _margin_rises_with_interest,
        (
            "beyond the upper amount it begins anew",
            "below the lower amount it counts, too",
        ),
    ),
    Theorem(
        "a reducing operation keeps equity at zero or above",
        _reduced_stays_solvent,
        ("it was below zero before", "there was no position before"),
    ),
    Theorem(
        "an accepted reduction keeps health, and pays no more than its fee",
        _accepted_reduction_keeps_health,
        (
            "the fee is rounded up",
            "the whole fee, whatever is left",
            "no check without the fee",
        ),
    ),
    Theorem(
        "a reduction pays its whole fee, or all that its health bears",
        _fee_is_all_that_health_bears,
        ("waived if it is not paid in full",),
    ),
    Theorem(
        "no reduction leaves a debt where there was none",
        _insurance_can_expect_no_less,
        ("it was below zero before", "the whole fee, whatever is left"),
    ),
    Theorem(
        "a reduction at the mark is never refused to who owes nothing",
        _fair_reduction_is_accepted,
        ("it was below zero before", "a unit below the mark", "the position grows"),
    ),
    Theorem(
        "exposure bounds the position that any fills of what it counts can lead to",
        _exposure_bounds_position,
        ("the larger sum of one side only", "the position alone"),
    ),
    Theorem(
        "the initial requirement covers maintenance",
        _initial_covers_maintenance,
        ("rates in any order", "orders count as held"),
    ),
    Theorem("a fee is the exact one rounded up", _fee_rounds_up, ("rounded down",)),
    Theorem(
        "a fee is not above the notional", _fee_is_no_more_than_notional, ("rates up to 2^20",)
    ),
    Theorem(
        "a position that does not grow keeps its side", _no_growth_keeps_side, ("squares only",)
    ),
    Theorem(
        "no fill brings a position to its bound",
        _bound_is_kept,
        ("a position of the other side makes room", "reduce-only orders flip"),
    ),
    Theorem(
        "the circuit's squares compare absolute sizes",
        _squares_compare_sizes,
        ("equal sizes fail",),
    ),
)
