"""Funding: what a lot pays, and what of it is carried. `novation/protocol/rules/funding.py`.

Known is what `tests/formal/test_money.py` finds true of every value that the STF works out.
"""

from typing import Any, Final

import z3

from formal.theorems.arithmetic import absolute, is_quotient, maximum, minimum
from formal.theorems.theorem import Statement, Theorem
from novation.protocol.constants import DAMPING, FUNDING_PERIOD_HOURS, PPM_ONE
from novation.protocol.rules.funding import FUNDING_PARTS

Term = Any


def _payments_add_up_to_zero(fault: str) -> Statement:
    """Of all that is held long, short and by the pool, which pays as whoever it stands for."""
    longs, shorts, pool, quanta = z3.Ints("longs shorts pool quanta")
    got_long, got_short, got_pool = z3.Ints("got_long got_short got_pool")
    known = [
        longs >= 0,
        shorts >= 0,
        longs - shorts + pool == 0,
        got_long == -longs * quanta,
        got_short == shorts * quanta,
        got_pool == -pool * quanta,
    ]
    if fault == "the pool does not pay":
        known[-1] = got_pool == 0
    if fault == "who is short gets a quantum more":
        known[-2] = got_short == shorts * (quanta + 1)
    if fault == "a pool of shorts is not among the lots":
        known[2] = longs - shorts + maximum(pool, 0) == 0
    return Statement(known, got_long + got_short + got_pool == 0)


def _carried_until_it_is_paid(fault: str) -> Statement:
    """Of all hours, by induction: `owed` is the exact sum of rate * multiplier so far."""
    paid, owed, carry = z3.Ints("paid owed carry")
    owed_now, quanta, carry_after = z3.Ints("owed_now quanta carry_after")
    known = [
        paid * FUNDING_PARTS + carry == owed,
        carry >= 0,
        carry < FUNDING_PARTS,
        is_quotient(quanta, carry + owed_now, FUNDING_PARTS),
        carry_after == carry + owed_now - quanta * FUNDING_PARTS,
    ]
    if fault == "what is left is forgotten":
        known[-1] = carry_after == 0
    if fault == "what was carried is not paid":
        known[-2] = is_quotient(quanta, owed_now, FUNDING_PARTS)
        known[-1] = carry_after == owed_now - quanta * FUNDING_PARTS
    if fault == "rounded up":
        known[-2] = is_quotient(quanta - 1, carry + owed_now - 1, FUNDING_PARTS)
    paid_after, owed_after = paid + quanta, owed + owed_now
    follows = [
        # The induction goes on, and what was paid in all is rounded once.
        paid_after * FUNDING_PARTS + carry_after == owed_after,
        is_quotient(paid_after, owed_after, FUNDING_PARTS),
    ]
    return Statement(known, z3.And(follows))


def _an_hour_is_bounded(fault: str) -> Statement:
    """No hour takes more than a quarter of a lot's maintenance margin, and what a quantum lacks.

    Everything is times the multiplier, which is more than 0; the requirement has the scale of
    `equity_x16 * 10^6`.
    """
    required, limit, wanted, rate, carry, quanta = z3.Ints(
        "required limit wanted rate carry quanta"
    )
    most = FUNDING_PERIOD_HOURS // 2 * limit
    known = [
        required >= 0,
        limit >= 0,
        # Half the maintenance margin, rounded down.
        limit * 2 * PPM_ONE <= required,
        rate == maximum(-most, minimum(wanted, most)),
        carry >= 0,
        carry < FUNDING_PARTS,
        is_quotient(quanta, carry + rate, FUNDING_PARTS),
    ]
    if fault == "the rate has no limit":
        known[3] = rate == wanted
    if fault == "the limit is that of 8 hours":
        most = FUNDING_PERIOD_HOURS * limit
        known[3] = rate == maximum(-most, minimum(wanted, most))
    if fault == "more than a quantum is carried":
        known[5] = carry < 3 * FUNDING_PARTS
    scale = FUNDING_PARTS // FUNDING_PERIOD_HOURS * PPM_ONE
    return Statement(known, 4 * scale * (absolute(quanta) - 1) <= required)


def _pulled_towards_interest(fault: str) -> Statement:
    """The rate lies between the average and the interest, at most 5 interests from the average."""
    average, interest, pull = z3.Ints("average interest pull")
    most = DAMPING * interest
    known = [interest >= 0, pull == maximum(-most, minimum(interest - average, most))]
    if fault == "the pull has no limit":
        known[1] = pull == interest - average
    if fault == "it pulls away":
        known[1] = pull == maximum(-most, minimum(average - interest, most))
    if fault == "it always pulls as far as it can":
        known[1] = pull == z3.If(interest >= average, most, -most)
    rate = average + pull
    follows = [
        minimum(average, interest) <= rate,
        rate <= maximum(average, interest),
        absolute(rate - average) <= most,
        z3.Implies(absolute(interest - average) <= most, rate == interest),
    ]
    return Statement(known, z3.And(follows))


THEOREMS: Final = (
    Theorem(
        "payments of an hour add up to zero, with the pool's",
        _payments_add_up_to_zero,
        (
            "the pool does not pay",
            "who is short gets a quantum more",
            "a pool of shorts is not among the lots",
        ),
    ),
    Theorem(
        "what a lot has paid in all is what it owes in all, rounded down once",
        _carried_until_it_is_paid,
        ("what is left is forgotten", "what was carried is not paid", "rounded up"),
    ),
    Theorem(
        "an hour takes at most a quarter of the maintenance margin",
        _an_hour_is_bounded,
        (
            "the rate has no limit",
            "the limit is that of 8 hours",
            "more than a quantum is carried",
        ),
    ),
    Theorem(
        "the rate is pulled towards the interest, and no further",
        _pulled_towards_interest,
        ("the pull has no limit", "it pulls away", "it always pulls as far as it can"),
    ),
)
