from formal.cairo.joins import join
from formal.cairo.linear import Linear, Symbol, product
from formal.cairo.packing import Reading, reading, shape
from formal.cairo.ranges import Ranges
from formal.cairo.state import RC_BOUND, State
from novation.crypto import FIELD_PRIME


def own(name: str) -> Symbol:
    return Symbol(name, shared=False)


A, B, C, D = own("a"), own("b"), own("c"), own("d")
WORD = Symbol("word", shared=True)


def form(constant: int = 0, **coefficients: int) -> Linear:
    symbols = {"a": A, "b": B, "c": C, "d": D, "word": WORD}
    return Linear.of(constant, {symbols[name]: c for name, c in coefficients.items()})


def state(bounds: list[Linear], equations: list[Linear] | None = None) -> State:
    known = State(0, Linear(0), Linear(0))
    known.bounds = {str(index): bounded for index, bounded in enumerate(bounds)}
    known.equations = equations or []
    return known


def ranges_of(bounds: list[Linear], equations: list[Linear] | None = None) -> Ranges:
    return Ranges((state(bounds, equations), state(bounds, equations)))


def below(bits: int, **coefficients: int) -> list[Linear]:
    return [form(**coefficients), form(RC_BOUND - 2**bits, **coefficients)]


def test_range_when_two_checks_then_width() -> None:
    assert ranges_of(below(20, a=1)).of_symbol(A, 0) == (0, 2**20 - 1)


def test_range_when_only_upper_check_then_two_pieces_and_nothing_known() -> None:
    assert ranges_of([form(RC_BOUND - 2**20, a=1)]).of_symbol(A, 0) == (0, FIELD_PRIME - 1)


def test_range_when_larger_is_bounded_then_smaller_too() -> None:
    # a is not below b, which is not negative: maintenance and initial margin.
    known = ranges_of([form(a=1, b=-1), form(RC_BOUND - 2**20, a=1), form(b=1)])
    assert known.of_symbol(A, 0) == (0, 2**20 - 1)
    assert known.of_symbol(B, 1) == (0, 2**20 - 1)


def test_range_when_biased_then_two_pieces_as_an_element_and_one_around_zero() -> None:
    known = ranges_of([form(2**20, a=1), form(RC_BOUND - 2**20, a=1)])
    assert known.of_symbol(A, 0) == (0, FIELD_PRIME - 1)
    assert known.around_zero(A, 0) == (-(2**20), 2**20 - 1)


def test_range_when_its_own_square_then_a_bit() -> None:
    itself = form(a=1)
    known = ranges_of([], [product(itself, itself) - itself])
    assert known.of_symbol(A, 0) == (0, 1)
    twice = ranges_of([], [product(itself, itself) - itself.scaled(2)])
    assert twice.of_symbol(A, 0) == (0, FIELD_PRIME - 1)


def test_range_when_no_number_is_left_then_not_narrowed() -> None:
    known = ranges_of([form(-(2**130), a=1), form(a=1)])
    assert known.of_symbol(A, 0) in ((0, RC_BOUND - 1), (2**130, 2**130 + RC_BOUND - 1))


def test_reading_when_fields_fit_then_each_is_fixed() -> None:
    word = form(a=1, b=2**20, word=-1)
    known = ranges_of([*below(20, a=1), *below(100, b=1)], [word])
    assert reading(word, word, known) == Reading((), ((A, A), (B, B)))


def test_reading_when_a_field_is_biased_then_each_is_fixed() -> None:
    word = form(2**19, a=1, b=2**20, word=-1)
    biased = [form(2**19, a=1), form(RC_BOUND - 2**19, a=1)]
    known = ranges_of([*biased, *below(100, b=1)], [word])
    assert reading(word, word, known) == Reading((), ((A, A), (B, B)))


def test_reading_when_a_biased_field_is_too_wide_then_none() -> None:
    word = form(2**19, a=1, b=2**20, word=-1)
    wider = [form(2**19 + 1, a=1), form(RC_BOUND - 2**19, a=1)]
    assert reading(word, word, ranges_of([*wider, *below(100, b=1)], [word])) is None


def test_reading_when_a_field_is_one_bit_too_wide_then_none() -> None:
    word = form(a=1, b=2**20, word=-1)
    known = ranges_of([*below(21, a=1), *below(100, b=1)], [word])
    assert reading(word, word, known) is None


def test_reading_when_sum_can_pass_the_prime_then_none() -> None:
    word = form(a=1, b=2**124, word=-1)
    known = ranges_of([*below(124, a=1), form(b=1)], [word])
    assert reading(word, word, known) is None


def test_reading_when_word_is_not_shared_then_it_is_the_premise() -> None:
    word = form(a=1, b=2**20, c=-1)
    known = ranges_of([*below(20, a=1), *below(100, b=1)], [word])
    assert reading(word, word, known) == Reading(((C, C),), ((A, A), (B, B)))


def test_reading_when_one_sum_lacks_a_field_then_it_is_zero() -> None:
    word, short = form(a=1, b=2**20, c=2**120, word=-1), form(a=1, c=2**120, word=-1)
    known = ranges_of([*below(20, a=1), *below(100, b=1), *below(100, c=1)], [word])
    assert shape(word) == shape(short)
    assert reading(word, short, known) == Reading((), ((A, A), (B, None), (C, C)))
    assert reading(short, word, known) == Reading((), ((A, A), (None, B), (C, C)))


def test_reading_when_coefficients_differ_then_none() -> None:
    words = form(a=1, b=2**20, word=-1), form(a=1, b=2**21, word=-1)
    known = ranges_of([*below(20, a=1), *below(100, b=1)], list(words))
    assert reading(*words, known) is None


def test_shape_when_shared_words_differ_then_not_compared() -> None:
    assert shape(form(a=1, b=2, word=-1)) != shape(form(a=1, b=2))
    assert shape(form(a=1, word=-1)) is None


def test_join_when_ways_meet_then_cells_are_in_the_order_of_the_first() -> None:
    frame = Symbol("fp", shared=True, kind="frame")
    states = [state([]), state([])]
    for offset in (7, 3, 12, 1, 9, 4, 11, 2):
        for known in states:
            known.set_cell(Linear.symbol(frame) + offset, form(a=1))
    joined = join(states, 5, lambda _: False)
    assert list(joined.cells) == list(states[0].cells)


def test_equation_when_another_waits_then_it_reaches_that_too() -> None:
    known = state([])
    known.require_zero(form(a=4, c=1, d=4))
    known.require_zero(form(a=1, b=2, c=1, word=-1))
    known.require_zero(form(-1, a=1))
    # The first one now gives c, which stands in the second.
    assert known.equations == [form(-3, b=2, d=-4, word=-1)]
