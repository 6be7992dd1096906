"""How much of an asset may leave: `novation/protocol/outflow.py`, one asset, batch by batch.

Of sums over a window a theorem says one step: what it takes as known of all batches so far, it
shows of one more. Nothing has passed before the first one, so it holds of any sequence.
"""

from dataclasses import dataclass
from typing import Final

import z3

from formal.theorems.arithmetic import Term, is_quotient, maximum
from formal.theorems.theorem import Statement, Theorem
from novation.protocol.constants import HOUR_MS, PPM_ONE

_SCALE: Final = PPM_ONE * HOUR_MS


@dataclass(frozen=True)
class Batch:
    """What the guard knows of a batch, and what it lets be: the circuit's `follow_outflow`.

    `product` is custody before the batch times the share, in millionths of a quantum.
    """

    outflow: Term
    fallen: Term
    product: Term
    limit: Term
    forgotten: Term
    outflow_after: Term
    rule: list[Term]


def batch(fault: str = "") -> Batch:
    """Return a batch that can be proven, in which there may be a fault."""
    outflow, fallen, limit, forgotten = z3.Ints("outflow fallen limit forgotten")
    product, after = z3.Ints("product outflow_after")
    counted = outflow - forgotten + fallen
    if fault == "what comes back is not counted":
        counted = outflow - forgotten + maximum(fallen, 0)
    if fault == "what has left before is not counted":
        counted = fallen
    rule = [
        outflow >= 0,
        product >= 0,
        forgotten >= 0,
        is_quotient(-limit, -product, PPM_ONE),
        after == maximum(counted, 0),
    ]
    if fault != "nothing is asked":
        rule.append(z3.Implies(fallen > 0, counted <= limit))
    return Batch(outflow, fallen, product, limit, forgotten, after, rule)


def _what_left_is_counted_or_forgotten(fault: str) -> Statement:
    """Of a window: by how much custody fell is what counts now, and what was forgotten."""
    model = batch(fault)
    fallen, forgotten, first = z3.Ints("fallen_so_far forgotten_so_far first_outflow")
    known = [*model.rule, first >= 0, fallen <= model.outflow - first + forgotten]
    after = fallen + model.fallen, forgotten + model.forgotten
    follows = after[0] <= model.outflow_after - first + after[1]
    return Statement(known, follows)


def _time_forgets_its_share(fault: str) -> Statement:
    """Of a window: what is forgotten is the share of the time, and a quantum of each batch.

    `most` is the largest product of custody and share in the window.
    """
    so_far, forgotten, n_batches = z3.Ints("forgotten_so_far forgotten n_batches")
    most, product, passed, elapsed = z3.Ints("most product passed_ms elapsed_ms")
    known = [
        product >= 0,
        product <= most,
        passed >= 0,
        elapsed >= 0,
        so_far * _SCALE <= most * passed + n_batches * _SCALE,
        (forgotten - 1) * _SCALE < product * elapsed,
        # What a solver does not see at once of products.
        product * elapsed <= most * elapsed,
    ]
    n_after = n_batches + 1
    if fault == "no quantum of rounding":
        n_after = n_batches
    if fault == "time counts from the window's beginning":
        known[5] = (forgotten - 1) * _SCALE < product * (passed + elapsed)
    follows = (so_far + forgotten) * _SCALE <= most * (passed + elapsed) + n_after * _SCALE
    return Statement(known, follows)


def _an_hour_lets_twice_the_share_go(fault: str) -> Statement:
    """Of a window of an hour at whose end something left.

    By how much custody fell in all is the share that may leave at once, and the one that an hour
    forgets: twice the share of the most that was in custody, and a quantum for each rounding.
    """
    fallen, forgotten, outflow_after = z3.Ints("fallen_so_far forgotten_so_far outflow_after")
    first, limit, most, n_batches, passed = z3.Ints("first limit most n_batches passed_ms")
    hour_ms = HOUR_MS + (2 if fault == "more than an hour" else 0)
    known = [
        most >= 0,
        n_batches >= 0,
        passed >= 0,
        passed <= hour_ms,
        most * passed <= most * hour_ms,
        fallen <= outflow_after - first + forgotten,
        first >= 0,
        outflow_after <= limit,
        (limit - 1) * PPM_ONE < most,
        forgotten * _SCALE <= most * passed + n_batches * _SCALE,
    ]
    if fault == "nothing is asked":
        known[7] = z3.BoolVal(True)
    follows = (fallen - n_batches - 1) * PPM_ONE < 2 * most
    return Statement(known, follows)


def _nothing_leaves_above_its_limit(fault: str) -> Statement:
    """If custody falls, what counts is below the limit; and it falls by no more than was free."""
    model = batch(fault)
    known = [*model.rule, model.fallen > 0]
    free = model.limit - model.outflow + model.forgotten
    return Statement(known, z3.And(model.outflow_after <= model.limit, model.fallen <= free))


def _what_comes_back_may_leave_again(fault: str) -> Statement:
    """In the batch after the one in which it came, with no time between them.

    That is of what had left: of an asset of which more came than had left it is as after a deposit.
    """
    model = batch(fault)
    came, leaves, limit_after = z3.Ints("came leaves limit_after")
    known = [
        *model.rule,
        model.fallen == -came,
        came >= 0,
        came <= model.outflow - model.forgotten,
        leaves >= 0,
        leaves <= came + (1 if fault == "a quantum more" else 0),
        model.outflow <= model.limit,
        # With more in custody no less may leave at once.
        limit_after >= model.limit,
    ]
    return Statement(known, model.outflow_after + leaves <= limit_after)


def _an_accepted_withdrawal_can_be_sealed(fault: str) -> Statement:
    """The sequencer asks each withdrawal, the circuit all that came and went, at the end.

    `came` is by how much custody is above that before the batch when a withdrawal is asked;
    behind the last one only deposits follow, and time.
    """
    outflow, limit, came, paid, deposits = z3.Ints("outflow limit came paid deposits")
    forgotten, more = z3.Ints("forgotten more_forgotten")
    room = limit - outflow + forgotten
    left = maximum(came + maximum(room, 0), 0)
    if fault == "what time forgets twice":
        left = maximum(came + maximum(room + forgotten, 0), 0)
    if fault == "what came is free, whatever is asked":
        left = maximum(came, 0) + maximum(room, 0)
    known = [
        outflow >= 0,
        limit >= 0,
        forgotten >= 0,
        more >= (-1 if fault == "time goes back" else 0),
        deposits >= 0,
        paid >= 0,
        paid <= left,
        # Nothing has left in the batch so far but what was accepted.
        came >= -maximum(room, 0),
    ]
    fallen = paid - came - deposits
    counted = outflow - forgotten - more + fallen
    return Statement(known, z3.Or(fallen <= 0, counted <= limit))


THEOREMS: Final = (
    Theorem(
        "what has left of an asset is counted or forgotten",
        _what_left_is_counted_or_forgotten,
        ("what has left before is not counted",),
    ),
    Theorem(
        "time forgets its share of custody, and a quantum a batch",
        _time_forgets_its_share,
        ("no quantum of rounding", "time counts from the window's beginning"),
    ),
    Theorem(
        "in an hour twice the share of an asset leaves at most",
        _an_hour_lets_twice_the_share_go,
        ("more than an hour", "nothing is asked"),
    ),
    Theorem(
        "if custody falls no more leaves than was free",
        _nothing_leaves_above_its_limit,
        ("nothing is asked", "what has left before is not counted"),
    ),
    Theorem(
        "what comes back may leave again",
        _what_comes_back_may_leave_again,
        ("what comes back is not counted", "a quantum more"),
    ),
    Theorem(
        "an accepted withdrawal can be sealed, whatever comes after it",
        _an_accepted_withdrawal_can_be_sealed,
        (
            "what time forgets twice",
            "what came is free, whatever is asked",
            "time goes back",
        ),
    ),
)
