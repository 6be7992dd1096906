"""What is committed about the program is up to date: its pin, and its generated part."""

from circuits.merkle_generator import OUTPUT, merkle_source
from circuits.program import pin_values, pinned


def test_pinned_program_hash_is_that_of_the_sources() -> None:
    assert pinned() == pin_values(), "run: python -m circuits.program --pin"


def test_generated_merkle_update_is_up_to_date() -> None:
    assert OUTPUT.read_text() == merkle_source(), "run: python -m circuits.merkle_generator"
