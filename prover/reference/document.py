"""A proof file: its keys, and the types of what verifiers read of it."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Final

from prover.reference.errors import (
    RejectedProof,
    UnreadableProof,
    UnsupportedProof,
    unsupported_if,
)
from prover.reference.json_fields import Malformed, field, mapping, text
from prover.reference.lookalike import no_proof
from prover.reference.parameters import RawParameters, read_parameters
from prover.reference.public_input import PublicInput, read_public_input

# Stone's keys; the first three are read.
KEYS: Final = (
    "proof_hex",
    "public_input",
    "proof_parameters",
    "annotations",
    "extra_annotations",
    "private_input",
    "prover_config",
    "version",
)
PROOF_HEX: Final = re.compile(r"0x(?:[0-9a-fA-F]{2})*")
MAX_PROOF_BYTES: Final = 16 * 2**20


@dataclass(frozen=True, slots=True)
class Document:
    """A file whose keys and types are right; nothing is checked yet."""

    proof: bytes
    parameters: RawParameters
    public_input: PublicInput
    public_input_json: object


def read_document(parsed: object) -> Document:
    """Read a parsed file.

    Raises:
        UnreadableProof: if it is not a proof file, saying where and what it looks like.
        UnsupportedProof: for another layout and for a proof that is too long.
    """
    if not isinstance(parsed, dict) or "proof_hex" not in parsed:
        raise UnreadableProof(no_proof(parsed))
    fields = mapping(parsed, KEYS)
    proof = field(fields, "proof_hex", _proof_bytes)
    for section in ("proof_parameters", "public_input"):
        field(fields, section, lambda _: None)
    document = Document(
        proof=proof,
        parameters=field(fields, "proof_parameters", read_parameters),
        public_input=_public_input(fields["public_input"]),
        public_input_json=fields["public_input"],
    )
    unsupported_if(
        len(proof) > MAX_PROOF_BYTES,
        f"the proof has {len(proof)} bytes, supported are {MAX_PROOF_BYTES}",
    )
    return document


@contextmanager
def section(name: str) -> Iterator[None]:
    """Say in which section of the file the fault is."""
    try:
        yield
    except Malformed as error:
        raise error.within(name) from None
    except (UnsupportedProof, RejectedProof) as error:
        raise type(error)(f"{name}: {error}") from None


def _public_input(raw: object) -> PublicInput:
    with section("public_input"):
        return read_public_input(raw)


def _proof_bytes(raw: object) -> bytes:
    digits = text(raw)
    if not PROOF_HEX.fullmatch(digits):
        raise Malformed("is not 0x and pairs of hexadecimal digits")
    return bytes.fromhex(digits[2:])
