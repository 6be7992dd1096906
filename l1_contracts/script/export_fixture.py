"""Writes the fixture of the forge tests from a Stone proof of the keccak suite.

Usage, in the repository root: PYTHONPATH=. python l1_contracts/script/export_fixture.py PROOF_JSON
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

from prover.calldata import encode_program, encode_proof

FIXTURES = Path(__file__).resolve().parents[1] / "test" / "fixtures"


def main() -> None:
    """Write public input, proof and packed program of the proof in the first argument."""
    proof = json.loads(Path(sys.argv[1]).read_text())
    public_input, packed_proof = encode_proof(proof)
    memory = proof["public_input"]["public_memory"]
    segments = proof["public_input"]["memory_segments"]
    # The program ends two cells before main's frame.
    program_length = segments["execution"]["begin_addr"] - 3
    program = [int(cell["value"], 16) for cell in memory[:program_length]]
    FIXTURES.mkdir(exist_ok=True)
    (FIXTURES / "public_input.bin").write_bytes(public_input)
    (FIXTURES / "proof.bin").write_bytes(packed_proof)
    (FIXTURES / "program.bin").write_bytes(encode_program(program))


if __name__ == "__main__":
    main()
