"""What a bid takes of a failing account, and what it is given: `novation/protocol/auction.py`."""

from typing import Final

import z3

from formal.theorems.arithmetic import Term, is_quotient, minimum
from formal.theorems.margin import gain_on_health
from formal.theorems.theorem import Statement, Theorem
from novation.protocol.constants import (
    AUCTION_FEE_PPM,
    DISCOUNT_PPM_PER_MS,
    FIRST_DISCOUNT_PPM,
    PPM_ONE,
    PRICE_X16_ONE,
    SHARE_X16_ONE,
)


def _bid_keeps_health(fault: str) -> Statement:
    """Of all amounts in parts of 2^16 of a quantum, as equity is."""
    equity, required, left, rounding = z3.Ints("equity required left rounding")
    behind, part, given = z3.Ints("behind part given")
    released = required - left
    if fault == "as if a lot more were taken":
        released += 1
    known = [
        equity >= 0,
        required > 0,
        left >= 0,
        left <= required,
        behind * required <= equity * released,
        # The price of the lots is rounded up: the account gets no less than what they were worth.
        rounding >= (-1 if fault == "the price is rounded down" else 0),
        part >= 0,
        part <= PPM_ONE + (1 if fault == "more than all is given" else 0),
        given >= 0,
        given * PPM_ONE <= behind * part,
    ]
    if fault == "it was below zero before":
        known[0] = equity >= -1
    after = equity + rounding - given
    follows = [gain_on_health((equity, required), (after, left)) >= 0, after >= 0]
    return Statement(known, z3.And(follows))


def _fee_is_part_of_discount(fault: str) -> Statement:
    """The bidder gets the discount less the fee, and what one side pays the others get."""
    price, given, fee, value = z3.Ints("price given fee value_x16")
    known = [
        given >= 0,
        is_quotient(fee, given * AUCTION_FEE_PPM, PPM_ONE),
        is_quotient(-price, -value, PRICE_X16_ONE),
    ]
    if fault == "the fee is not part of the discount":
        known[1] = is_quotient(fee, price * AUCTION_FEE_PPM, PPM_ONE)
    if fault == "the price is rounded down":
        known[2] = is_quotient(price, value, PRICE_X16_ONE)
    # Of the failing account, of the bidder, of the fund.
    changes = [price - given, -(price - given) - fee, fee]
    if fault == "the fund is paid by nobody":
        changes[1] += fee
    follows = [
        z3.Sum(changes) == 0,
        fee >= 0,
        fee <= given,
        # The account gets all that its lots were worth but the discount.
        (changes[0] + given) * PRICE_X16_ONE >= value,
        (changes[0] + given - 1) * PRICE_X16_ONE < value,
    ]
    return Statement(known, z3.And(follows))


def _share_is_at_most_all(fault: str) -> Statement:
    """Of an account that fails: its equity, times 10^6, is below what it must have at first."""
    equity, initial, part, share = z3.Ints("e i d share")
    lacking = initial - equity * PPM_ONE
    known = [
        equity >= 0,
        equity * PPM_ONE < initial + (1 if fault == "it does not fail" else 0),
        part >= 0,
        part <= PPM_ONE,
        # Rounded up.
        (share - 1) * (initial - equity * part) < lacking * SHARE_X16_ONE,
        share * (initial - equity * part) >= lacking * SHARE_X16_ONE,
    ]
    if fault == "more than all is given":
        known[3] = part <= PPM_ONE + 1
    return Statement(known, z3.And(share > 0, share <= SHARE_X16_ONE))


def _enough_restores(fault: str) -> Statement:
    """With all in parts of one share: equity less what is given of it covers what is left."""
    equity, initial, part, share = z3.Ints("e i d share")
    divisor = initial - equity * part
    needed = (initial - equity * PPM_ONE) * SHARE_X16_ONE
    known = [
        equity >= 0,
        equity * PPM_ONE < initial,
        part >= 0,
        part <= PPM_ONE,
        share * divisor >= needed - (divisor if fault == "rounded down" else 0),
    ]
    equity_after = equity * PPM_ONE * SHARE_X16_ONE - share * equity * part
    return Statement(known, equity_after >= initial * (SHARE_X16_ONE - share))


def discount_after(elapsed_ms: Term) -> Term:
    """Return the part of the equity behind what is taken that a bid is given, so much later."""
    return minimum(FIRST_DISCOUNT_PPM + DISCOUNT_PPM_PER_MS * elapsed_ms, PPM_ONE)


def _discount_never_falls(fault: str) -> Statement:
    """Waiting makes a bid no dearer, and never gives more than all of the equity."""
    elapsed, later = z3.Ints("elapsed later")
    known = [elapsed >= 0, later >= (elapsed - 1 if fault == "time goes back" else elapsed)]
    before, after = discount_after(elapsed), discount_after(later)
    if fault == "it begins anew":
        after = FIRST_DISCOUNT_PPM + (DISCOUNT_PPM_PER_MS * later) % (PPM_ONE - FIRST_DISCOUNT_PPM)
    if fault == "no limit":
        after = FIRST_DISCOUNT_PPM + DISCOUNT_PPM_PER_MS * later
    follows = [before >= FIRST_DISCOUNT_PPM, before <= after, after <= PPM_ONE]
    return Statement(known, z3.And(follows))


THEOREMS: Final = (
    Theorem(
        "the discount of an auction never falls with time, and is all equity at most",
        _discount_never_falls,
        ("time goes back", "it begins anew", "no limit"),
    ),
    Theorem(
        "a bid keeps health, and equity at zero or above",
        _bid_keeps_health,
        (
            "as if a lot more were taken",
            "the price is rounded down",
            "more than all is given",
            "it was below zero before",
        ),
    ),
    Theorem(
        "what a bid pays others get, and its fee is part of the discount",
        _fee_is_part_of_discount,
        (
            "the fee is not part of the discount",
            "the price is rounded down",
            "the fund is paid by nobody",
        ),
    ),
    Theorem(
        "no bid needs more than all of a failing account",
        _share_is_at_most_all,
        ("it does not fail", "more than all is given"),
    ),
    Theorem(
        "the share of a bid that is enough restores initial margin",
        _enough_restores,
        ("rounded down",),
    ),
)
