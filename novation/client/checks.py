"""What callers pass, checked before it is used: a refusal names argument, value and what is wanted.

Python takes True for 1 and 1.0 for 1, and an enumeration's value is easily given as its name. None
of that may reach a message that is signed.
"""

from collections.abc import Sequence
from enum import Enum
from typing import Final, TypeVar

from novation.client.errors import InvalidInputError
from novation.protocol.constants import (
    ACCOUNT_ID_BOUND,
    NONCE_BOUND,
    ORDER_ID_BOUND,
    RATE_BOUND,
    TIME_BOUND,
)

UINT32_BOUND: Final = 2**32
SEQUENCE_BOUND: Final = 2**63

Choice = TypeVar("Choice", bound=Enum)
T = TypeVar("T")


def integer(name: str, value: object, low: int, bound: int) -> int:
    """Return the value if it is an integer of `low` to `bound - 1`; InvalidInputError if not."""
    if isinstance(value, bool) or not isinstance(value, int):
        raise _wrong(name, value, f"an integer from {low} to {bound - 1}")
    if not low <= value < bound:
        raise InvalidInputError(f"{name}: {value} is not from {low} to {bound - 1}")
    return value


def account_id(value: object) -> int:
    """Return the number of an account."""
    return integer("account_id", value, 0, ACCOUNT_ID_BOUND)


def order_id(value: object) -> int:
    """Return the number of an order."""
    return integer("order_id", value, 1, ORDER_ID_BOUND)


def placed_nonce(value: object) -> int:
    """Return the nonce of a message that placed an order."""
    return integer("nonce", value, 1, NONCE_BOUND)


def time_ms(name: str, value: object) -> int:
    """Return a time in Unix milliseconds; 0 is none."""
    return integer(name, value, 1, TIME_BOUND)


def rate_ppm(name: str, value: object) -> int:
    """Return a rate in millionths."""
    return integer(name, value, 0, RATE_BOUND)


def sequence(value: object) -> int:
    """Return the number of an event to go on behind."""
    return integer("after_sequence", value, 0, SEQUENCE_BOUND)


def flag(name: str, value: object) -> bool:
    """Return the value if it is True or False."""
    if not isinstance(value, bool):
        raise _wrong(name, value, "True or False")
    return value


def choice(name: str, value: object, kind: type[Choice]) -> Choice:
    """Return the value if it is a member of the enumeration."""
    if not isinstance(value, kind):
        members = ", ".join(f"{kind.__name__}.{member.name}" for member in kind)
        raise _wrong(name, value, f"one of {members}")
    return value


def text(name: str, value: object) -> str:
    """Return the value if it is a string that is not empty."""
    if not isinstance(value, str) or not value:
        raise _wrong(name, value, "a text")
    return value


def instance(name: str, value: object, kind: type) -> None:
    """Refuse what is not of the class."""
    if not isinstance(value, kind):
        raise _wrong(name, value, f"a {kind.__name__}")


def instances(name: str, values: object, kind: type[T]) -> tuple[T, ...]:
    """Return a sequence of members of the class."""
    if isinstance(values, str | bytes) or not isinstance(values, Sequence):
        raise _wrong(name, values, f"a sequence of {kind.__name__}")
    for place, value in enumerate(values):
        instance(f"{name}[{place}]", value, kind)
    return tuple(values)


def integers(name: str, values: object, low: int, bound: int) -> tuple[int, ...]:
    """Return a sequence of integers of `low` to `bound - 1`."""
    if isinstance(values, str | bytes) or not isinstance(values, Sequence):
        raise _wrong(name, values, f"a sequence of integers from {low} to {bound - 1}")
    return tuple(
        integer(f"{name}[{place}]", value, low, bound) for place, value in enumerate(values)
    )


def _wrong(name: str, value: object, wanted: str) -> InvalidInputError:
    return InvalidInputError(f"{name}: {value!r} is a {type(value).__name__}; wanted is {wanted}")
