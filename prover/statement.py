"""What an accepted proof says: that the batch program ran and wrote this output.

A STARK verifier accepts a proof of any program. Which program it was stands in the public memory,
and it is for the caller to compare it with the one that he trusts; on L1 the contract does so.
"""

from collections.abc import Mapping
from typing import Any

from circuits.program import loader_bytecode
from prover.calldata import CalldataError, decode_output, encode_public_input


class StatementError(ValueError):
    """The proof, even if valid, is not about a run of the batch program."""


def proven_output(public_input: Mapping[str, Any]) -> list[int]:
    """Return the output of the batch that a proof is about.

    Args:
        public_input: of a proof file that a verifier has accepted.

    Raises:
        StatementError: if layout, frame or program are not those of the batch program.
    """
    try:
        output = decode_output(encode_public_input(public_input))
    except (CalldataError, KeyError, TypeError, AttributeError, OverflowError) as error:
        raise StatementError(f"not a statement about the batch program: {error}") from error
    # The encoding has checked that the frame stands behind the program, and which cells there are.
    n_words = public_input["memory_segments"]["execution"]["begin_addr"] - 3
    program = loader_bytecode()
    if n_words != len(program):
        raise StatementError(f"another program: {n_words} words, expected {len(program)}")
    for cell, expected in zip(public_input["public_memory"], program, strict=False):
        if int(cell["value"], 16) != expected:
            raise StatementError(f"another program: cell {cell['address']} is {cell['value']}")
    return output
