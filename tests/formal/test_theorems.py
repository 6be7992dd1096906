import random

import pytest
import z3

from formal.__main__ import all_theorems, check_theorem
from formal.field.rust import constants, functions, limb_source
from formal.field.words import Number, Numbers
from formal.theorems import auctions, margin
from formal.theorems.medians import is_lower_median
from formal.theorems.theorem import Theorem
from formal.theorems.words import packed_words
from novation.crypto import FIELD_PRIME
from novation.protocol.accounts import Account, Position
from novation.protocol.auction import discount_ppm
from novation.protocol.constants import RATE_BOUND
from novation.protocol.forecast_margin import followed_forecast_ppm
from novation.protocol.interest_margin import wanted_margin_ppm
from novation.protocol.margin import (
    Margin,
    capped_fee_quanta,
    does_not_grow,
    exposure_lots,
    gain_on_health,
)
from novation.protocol.numeric import div_ceil, pack
from novation.protocol.transactions.oracle_update import lower_median
from tests.support.builders import underlying

RANDOM = random.Random(8)
LIMB = 2**64
R = 2**256
EDGES = (0, 1, FIELD_PRIME - 1, FIELD_PRIME, 2 * FIELD_PRIME - 1, 5 * FIELD_PRIME, 2**192 - 1)


@pytest.mark.parametrize("theorem", all_theorems(), ids=lambda theorem: theorem.name)
def test_theorem_holds_and_breaks_with_each_fault(theorem: Theorem) -> None:
    outcome = check_theorem(theorem)
    assert outcome.is_sound, outcome


def test_every_packed_word_of_the_protocol_is_found() -> None:
    assert len(packed_words()) >= 20


def test_word_model_equals_pack() -> None:
    for word in packed_words():
        fields = [RANDOM.choice([0, 2**w - 1, RANDOM.randrange(2**w)]) for w in word.widths]
        assert word.value(fields) == pack(*zip(fields, word.widths, strict=True))


def test_margin_models_equal_the_protocol() -> None:
    for _ in range(500):
        size, after = RANDOM.randint(-9, 9), RANDOM.randint(-9, 9)
        buys, sells = RANDOM.randint(0, 9), RANDOM.randint(0, 9)
        position = Position(0, size, buys, sells)
        assert margin.exposure_lots(size, buys, sells) == exposure_lots(position)
        assert margin.does_not_grow(size, after) == does_not_grow(
            position, Position(0, after, buys, sells)
        )
        pair, pair_after = ((RANDOM.randint(-9, 9), RANDOM.randint(0, 9)) for _ in range(2))
        assert margin.gain_on_health(pair, pair_after) == gain_on_health(
            Margin(pair[0], 0, pair[1]), Margin(pair_after[0], 0, pair_after[1])
        )
        lower, span = RANDOM.randint(0, 9), RANDOM.randint(1, 9)
        terms = underlying(interest_lower_kusd=lower, interest_upper_kusd=lower + span)
        lots, kusd_x16 = RANDOM.randrange(20 * 100_000), 10**9 << 16
        wanted = margin.wanted_margin(
            lots * (1000 << 16) * terms.multiplier,
            lower * kusd_x16,
            (lower + span) * kusd_x16,
            RATE_BOUND - 1 - terms.initial_margin_ppm,
        )
        assert wanted == wanted_margin_ppm(lots, 1000 << 16, terms)
        initial, forecast = RANDOM.randrange(10_000, 2**20), RANDOM.randrange(2**21)
        terms = underlying(
            initial_margin_ppm=initial, maintenance_margin_ppm=1, margin_deviations=8
        )
        variance = RANDOM.randrange(2**26)
        asked = min((8 * 60) ** 2 * variance, (3 * initial) ** 2)
        followed = followed_forecast_ppm(forecast, variance, terms)
        assert margin.forecast_after(initial, forecast, asked) == followed
        notional, rate = RANDOM.randrange(2**80), RANDOM.randrange(2**20)
        assert margin.fee_quanta(notional, rate) == div_ceil(notional * rate, 10**6)


def test_model_of_discounts_equals_the_protocol() -> None:
    for _ in range(100):
        started_ms, elapsed_ms = RANDOM.randrange(2**40), RANDOM.randrange(2**17)
        account = Account.new(0, 1).with_auction(started_ms)
        given_ppm = discount_ppm(account, started_ms + elapsed_ms)
        assert auctions.discount_after(elapsed_ms) == given_ppm


def test_model_of_capped_fees_equals_the_protocol() -> None:
    """The model's fee is the protocol's, and there is one whenever the protocol has one.

    All equity is settled, and there is a position: who has none trades nothing that reduces.
    """
    one = 2**16
    for _ in range(100):
        equity, required = RANDOM.randint(0, 9), RANDOM.randint(1, 9)
        equity_after, required_after = RANDOM.randint(0, 19), RANDOM.randint(0, required)
        whole = RANDOM.randint(0, 9)
        paid = capped_fee_quanta(
            Margin(equity * one, 0, required),
            Margin((equity_after - whole) * one, 0, required_after),
            whole,
        )
        model = margin.reduction()
        known = [
            *model.rule,
            model.equity == equity,
            model.required == required,
            model.equity_after == equity_after,
            model.required_after == required_after,
            model.whole_fee == whole,
        ]
        solver = z3.Solver()
        assert (solver.check(*known) == z3.sat) is (paid is not None)
        if paid is not None:
            assert solver.check(*known, model.fee != paid) == z3.unsat


def test_median_model_equals_the_protocol() -> None:
    for _ in range(60):
        prices = [RANDOM.randint(1, 4) for _ in range(RANDOM.randint(1, 6))]
        for claimed in range(1, 5):
            model = z3.simplify(is_lower_median(z3.IntVal(claimed), [z3.IntVal(p) for p in prices]))
            assert z3.is_true(model) == (claimed == lower_median(prices))


def limbs(value: int) -> list[Number]:
    return [Number((value >> (64 * i)) % LIMB) for i in range(4)]


def number(words: list[Number]) -> int:
    return sum(int(word) << (64 * i) for i, word in enumerate(words))


def test_limb_functions_read_from_rust_multiply_and_reduce() -> None:
    text, words = limb_source(), Numbers()
    primitives = {"mac": words.mac, "adc": words.adc, "sbb": words.sbb, "false": 0, "true": 1}
    found = functions(text, {**constants(text), **primitives})
    values = [*EDGES, *(RANDOM.randrange(5 * FIELD_PRIME) for _ in range(40))]
    for a in values:
        assert number(found["reduce_full"](limbs(a))) == a % FIELD_PRIME
        assert number(found["square_wide"](limbs(a))) == a * a
        for b in values:
            product = number(found["mul_lazy"](limbs(a), limbs(b)))
            assert product < 2 * FIELD_PRIME
            assert (product * R - a * b) % FIELD_PRIME == 0
