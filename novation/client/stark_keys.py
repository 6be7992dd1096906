"""What a public key must be before money is sent to it."""

from novation.client.errors import InvalidInputError
from novation.crypto import FIELD_PRIME, is_public_key


def check_stark_key(key: int) -> int:
    """Return a public key that somebody can sign for.

    The L1 contract takes every field element for a key. Who deposits for one that no point of the
    curve has for its abscissa has lost the money: no signature of it can be valid.

    Raises:
        InvalidInputError: if it is no such abscissa.
    """
    if isinstance(key, bool) or not isinstance(key, int):
        raise InvalidInputError(f"stark_key: {key!r} is a {type(key).__name__}, expected an int")
    if not 0 < key < FIELD_PRIME:
        raise InvalidInputError(
            f"stark_key: {key:#x} is not between 0 and {FIELD_PRIME:#x} (exclusive)"
        )
    if not is_public_key(key):
        raise InvalidInputError(
            f"stark_key: {key:#x} is the abscissa of no point of the Stark curve: nobody can sign "
            f"for it, and a deposit would be lost"
        )
    return key
