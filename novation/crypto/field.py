"""The prime field of the proof system."""

from typing import Final

FIELD_PRIME: Final = 2**251 + 17 * 2**192 + 1
