"""A contract that holds data instead of code: the words of the loader, for the verifier."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from prover.calldata import encode_program

if TYPE_CHECKING:
    from collections.abc import Sequence

STOP: Final = b"\x00"
# PUSH2 length, DUP1, PUSH1 10, PUSH0, CODECOPY, PUSH0, RETURN: returns what follows as the code.
CREATION_PREFIX_BYTES: Final = 10


def creation_code(payload: bytes) -> bytes:
    """Return code that creates a contract whose code is a STOP and `payload`.

    The STOP makes a call of the contract do nothing.
    """
    code = STOP + payload
    prefix = b"\x61" + len(code).to_bytes(2, "big") + b"\x80\x60"
    prefix += bytes([CREATION_PREFIX_BYTES]) + b"\x5f\x39\x5f\xf3"
    assert len(prefix) == CREATION_PREFIX_BYTES
    return prefix + code


def program_creation_code(program: Sequence[int]) -> bytes:
    """Return the creation code of the contract that holds a program's words."""
    return creation_code(encode_program(program))
