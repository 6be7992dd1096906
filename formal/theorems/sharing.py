"""Sharing of what nobody can pay: pools, debts and withdrawals (docs/spec/protocol.md, section 14).

Known is what `tests/formal/test_money.py` finds true of every value that the STF works out.
"""

from typing import Any, Final

import z3

from formal.theorems.arithmetic import is_quotient, maximum, minimum
from formal.theorems.theorem import Statement, Theorem
from novation.protocol.constants import PRICE_X16_ONE

Term = Any


def _passing_on(fault: str) -> list[Any]:
    """Return what is known of a pool that passes on what it is worth to the lots of a side."""
    value, lots, room, each, even, missing, left = z3.Ints(
        "value_x16 lots room each even missing left_x16"
    )
    divisor = lots * PRICE_X16_ONE
    # Rounded down: a quotient, unless there is nobody to share with.
    shared = [is_quotient(even, value, divisor), each == maximum(even, -room)]
    if fault == "each gets what is left, too":
        shared = [is_quotient(even - 1, value - 1, divisor), each == maximum(even, -room)]
    lacking = [is_quotient(-missing, left, PRICE_X16_ONE)]
    if fault == "what is lacking is rounded down":
        lacking = [is_quotient(missing, -left, PRICE_X16_ONE)]
    if fault == "nothing is recorded":
        lacking = [missing == 0]
    return [
        lots >= 0,
        room >= 0,
        z3.If(lots == 0, each == 0, z3.And(shared)),
        left == value - each * lots * PRICE_X16_ONE,
        z3.If(left >= 0, missing == 0, z3.And(lacking)),
    ]


def _pool_keeps_less_than_a_quantum(fault: str) -> Statement:
    """A pool is worth less than a quantum a lot of who it belongs to, and never a debt.

    Nothing is recorded while somebody could be charged.
    """
    lots, room, each, missing, left = z3.Ints("lots room each missing left_x16")
    kept = left + missing * PRICE_X16_ONE
    follows = [
        kept >= 0,
        z3.Implies(lots > 0, kept < lots * PRICE_X16_ONE),
        missing >= 0,
        z3.Implies(missing > 0, z3.Or(lots == 0, each == -room)),
    ]
    return Statement(_passing_on(fault), z3.And(follows))


def _nobody_pays_more_than_he_gained(fault: str) -> Statement:
    """`rise` is what a lot of the side gained since the reference mark, `charged` what it paid."""
    rise, charged, received, room, each = z3.Ints("rise charged received room each")
    known = [*_passing_on(""), room == maximum(0, rise - charged + received)]
    if fault == "what was charged before is forgotten":
        known[-1] = room == maximum(0, rise + received)
    if fault == "what was lost is charged, too":
        known[-1] = room == maximum(rise - charged + received, -(rise - charged + received))
    after = charged - each - received
    if fault == "funding is not counted after it was shared":
        after = charged - each
    gain = rise - charged + received
    follows = [
        # Charged: no more than there was. Given: nothing is owed for it.
        z3.Implies(each < 0, rise - after >= 0),
        rise - after >= minimum(0, gain),
        z3.Implies(gain <= 0, each >= 0),
        rise - after == gain + each,
    ]
    return Statement(known, z3.And(follows))


def _passing_on_conserves(fault: str) -> Statement:
    """What lots got, what the pool has more and what is recorded add up to nothing."""
    lots, each, missing, cash, cash_after = z3.Ints("lots each missing cash cash_after")
    recorded, recorded_after, prefix, prefix_after = z3.Ints("recorded recorded1 prefix prefix1")
    known = [
        lots >= 0,
        cash_after == cash - each * lots + missing,
        recorded_after == recorded + missing,
        # Of lots held long; those held short get by a rise of theirs.
        prefix_after == prefix - each,
    ]
    if fault == "what is missing is not recorded":
        known[2] = recorded_after == recorded
    if fault == "what is missing is not given to the pool":
        known[1] = cash_after == cash - each * lots
    if fault == "each lot gets a quantum more":
        known[3] = prefix_after == prefix - each - 1
    before = cash - lots * prefix - recorded
    after = cash_after - lots * prefix_after - recorded_after
    return Statement(known, after == before)


def _a_debt_is_divided(fault: str) -> Statement:
    """One step: of what is left of a debt and of all weights. The last weight gets the rest."""
    debt, weight, others, part = z3.Ints("debt weight others part")
    product = debt * weight
    all_weights = weight + others
    known = [debt >= 0, weight >= 0, others >= 0]
    divided = is_quotient(part, product, all_weights)
    if fault == "by the weight that the others have":
        divided = is_quotient(part, product, others)
    if fault == "a quantum is kept":
        divided = is_quotient(part + 1, product, all_weights)
    known.append(z3.If(weight == 0, part == 0, divided))
    if fault == "who has no weight pays":
        known[-1] = z3.If(weight == 0, part == 1, divided)
    follows = [
        part >= 0,
        part <= debt,
        z3.Implies(z3.And(weight > 0, others == 0), part == debt),
        z3.Implies(weight == 0, part == 0),
    ]
    return Statement(known, z3.And(follows))


def _a_part_is_paid_exactly(fault: str) -> Statement:
    """By insurance, by who gained, and what nobody can pay is recorded."""
    part, loss, budget, worth, insured, charged, recorded = z3.Ints(
        "part loss budget worth insured charged recorded"
    )
    known = [
        part >= 0,
        loss >= 0,
        budget >= 0,
        worth >= 0,
        insured == minimum(part, minimum(budget, worth)),
        charged == minimum(part - insured, loss),
        recorded == part - insured - charged,
    ]
    if fault == "insurance pays beyond its budget":
        known[4] = insured == minimum(part, worth)
    if fault == "insurance pays more than it has":
        known[4] = insured == minimum(part, budget)
    if fault == "the whole part is charged":
        known[5] = charged == part - insured
    if fault == "what insurance paid is charged again":
        known[5] = charged == minimum(part, loss)
    follows = [
        insured + charged + recorded == part,
        insured >= 0,
        charged >= 0,
        recorded >= 0,
        insured <= budget,
        insured <= worth,
        charged <= loss,
        # Nothing is charged while insurance may pay, nor recorded while there is a loss to charge.
        z3.Implies(charged > 0, z3.Or(insured == budget, insured == worth)),
        z3.Implies(recorded > 0, charged == loss),
    ]
    return Statement(known, z3.And(follows))


def _a_takeover_conserves(fault: str) -> Statement:
    """Of one leg: D is what insurance pays, what is charged and what is recorded, to the quantum.

    Before: the account's collateral less what its position counts as paid. After: nothing of the
    account, the pool's cash and the fund's, less what is recorded.
    """
    collateral, paid, value = z3.Ints("collateral paid value")
    insured, charged, recorded = z3.Ints("insured charged recorded")
    balance = collateral + value - paid
    debt, income = maximum(0, -balance), maximum(0, balance)
    known = [insured + charged + recorded == debt]
    cash = -value - charged
    fund = income - insured
    if fault == "what is charged stays in the pool":
        cash = -value
    if fault == "insurance does not pay":
        fund = income
    if fault == "what an account has left is nobody's":
        fund = -insured
    if fault == "what positions have paid is left out":
        balance = collateral + value
        known = [insured + charged + recorded == maximum(0, -balance)]
        fund = maximum(0, balance) - insured
    return Statement(known, collateral - paid == cash + fund - recorded)


def _ratio_is_kept(fault: str) -> Statement:
    """`custody / (custody + missing)` never falls, and no withdrawal lifts it by a quantum."""
    amount, custody, missing, paid = z3.Ints("amount custody missing paid")
    owed = custody + missing
    known = [
        amount >= 0,
        custody > 0,
        missing >= 0,
        amount <= owed,
        is_quotient(paid, amount * custody, owed),
    ]
    if fault == "who comes first gets all":
        known[-1] = paid == minimum(amount, custody)
    if fault == "rounded up":
        known[-1] = is_quotient(paid - 1, amount * custody - 1, owed)
    if fault == "more than there is":
        known[-2] = amount <= 2 * owed
    custody_after, missing_after = custody - paid, missing - (amount - paid)
    if fault == "what is not paid stays missing":
        missing_after = missing
    owed_after = custody_after + missing_after
    change = custody_after * owed - custody * owed_after
    follows = [
        change >= 0,
        change < owed,
        paid >= 0,
        paid <= amount,
        custody_after >= 0,
        missing_after >= 0,
    ]
    return Statement(known, z3.And(follows))


def _income_makes_up_first(fault: str) -> Statement:
    """What insurance earns lowers what is missing first, and is not lost."""
    income, missing, repaid, fund = z3.Ints("income missing repaid fund")
    known = [income >= 0, missing >= 0, repaid == minimum(income, missing)]
    if fault == "more than is missing":
        known[-1] = repaid == income
    if fault == "nothing is made up":
        known[-1] = repaid == 0
    missing_after, fund_after = missing - repaid, fund + income - repaid
    if fault == "it is credited as well":
        fund_after = fund + income
    follows = [
        missing_after >= 0,
        fund_after >= fund,
        fund_after - missing_after == fund - missing + income,
        z3.Implies(fund_after > fund, missing_after == 0),
    ]
    return Statement(known, z3.And(follows))


THEOREMS: Final = (
    Theorem(
        "a pool that has passed on keeps less than a quantum a lot, and no debt",
        _pool_keeps_less_than_a_quantum,
        ("each gets what is left, too", "what is lacking is rounded down", "nothing is recorded"),
    ),
    Theorem(
        "no lot is charged more than it gained since the reference mark",
        _nobody_pays_more_than_he_gained,
        (
            "what was charged before is forgotten",
            "what was lost is charged, too",
            "funding is not counted after it was shared",
        ),
    ),
    Theorem(
        "passing on creates and loses nothing",
        _passing_on_conserves,
        (
            "what is missing is not recorded",
            "what is missing is not given to the pool",
            "each lot gets a quantum more",
        ),
    ),
    Theorem(
        "each leg bears a part of a debt, and the last one the rest",
        _a_debt_is_divided,
        (
            "by the weight that the others have",
            "a quantum is kept",
            "who has no weight pays",
        ),
    ),
    Theorem(
        "a part of a debt is insured, charged and recorded exactly, in this order",
        _a_part_is_paid_exactly,
        (
            "insurance pays beyond its budget",
            "insurance pays more than it has",
            "the whole part is charged",
            "what insurance paid is charged again",
        ),
    ),
    Theorem(
        "a takeover creates and loses nothing",
        _a_takeover_conserves,
        (
            "what is charged stays in the pool",
            "insurance does not pay",
            "what an account has left is nobody's",
            "what positions have paid is left out",
        ),
    ),
    Theorem(
        "a withdrawal leaves the share of what is there as it was",
        _ratio_is_kept,
        (
            "who comes first gets all",
            "rounded up",
            "more than there is",
            "what is not paid stays missing",
        ),
    ),
    Theorem(
        "what insurance earns makes up what is missing first",
        _income_makes_up_first,
        ("more than is missing", "nothing is made up", "it is credited as well"),
    ),
)
