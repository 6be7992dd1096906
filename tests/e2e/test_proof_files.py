"""Proof files through the command line: read once, from a pipe too, with three refusals."""

import json
import os
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from devnet import proof_check
from devnet.errors import UserError
from tests.soundness.proofs import STONE_PROOFS, load_proof

NOVATION = Path(sys.executable).with_name("novation")
GOLDEN_K = STONE_PROOFS[0]
TIMEOUT_SECONDS = 120


@pytest.fixture(scope="module")
def content() -> bytes:
    return json.dumps(load_proof(GOLDEN_K)).encode()


def verify(*arguments: str, standard_input: bytes = b"") -> tuple[int, str]:
    """Return status and output of a command in a process of its own."""
    run = subprocess.run(
        [NOVATION, *arguments],
        input=standard_input,
        capture_output=True,
        timeout=TIMEOUT_SECONDS,
        check=False,
    )
    return run.returncode, (run.stdout + run.stderr).decode()


@pytest.mark.parametrize("option", [(), ("--python",)])
def test_stark_verify_when_the_proof_comes_from_standard_input_then_accepted(
    content: bytes, option: tuple[str, ...]
) -> None:
    arguments = ("stark", "verify", "-", "--min-security-bits", "47", *option)
    status, output = verify(*arguments, standard_input=content)
    assert (status, "accepted" in output) == (0, True), output
    status, output = verify(*arguments, standard_input=content[:-9])
    assert (status, "standard input: unreadable: not JSON" in output) == (3, True), output


@pytest.mark.parametrize("option", [(), ("--python",)])
def test_verify_when_the_file_can_be_read_only_once_then_judged(
    content: bytes, tmp_path: Path, option: tuple[str, ...]
) -> None:
    # A second look would wait for ever, or see another proof.
    pipe = tmp_path / "proof.json"
    os.mkfifo(pipe)
    writer = threading.Thread(target=pipe.write_bytes, args=(content,), daemon=True)
    writer.start()
    status, output = verify("stark", "verify", str(pipe), "--min-security-bits", "0", *option)
    assert (status, "accepted" in output) == (0, True), output
    writer.join(TIMEOUT_SECONDS)


def test_verify_when_the_file_changes_after_the_proof_was_checked_then_the_same_bytes_are_used(
    content: bytes, tmp_path: Path
) -> None:
    path = tmp_path / "proof.json"
    path.write_bytes(content)
    (proof,) = proof_check.read_proofs([path])
    path.write_bytes(b"{}")
    assert isinstance(proof, proof_check.ProofInput)
    (verdict,) = proof_check.check_proofs([proof], 47)
    assert isinstance(verdict, str)
    # It proves something else than a batch; that is said of the bytes that were verified.
    with pytest.raises(UserError, match="rejected: "):
        proof_check.check_statement(proof)


def test_stark_verify_when_files_differ_then_the_largest_status(
    content: bytes, tmp_path: Path
) -> None:
    parsed = json.loads(content)
    foreign = {**parsed, "public_input": {**parsed["public_input"], "layout": "starknet"}}
    files = {"weak": content, "foreign": json.dumps(foreign).encode(), "wrapped": b'{"proof": {}}'}
    for name, data in files.items():
        (tmp_path / name).write_bytes(data)
    paths, output = [str(tmp_path / name) for name in files], ""
    for n_files, expected in ((1, 1), (2, 2), (3, 3)):
        for option in ((), ("--python",)):
            status, output = verify("stark", "verify", *paths[:n_files], *option)
            assert status == expected, output
    assert "47.680 bits of conjectured security, 96 are required" in output
    assert 'unsupported: public_input: layout "starknet" is not supported' in output
    assert "unreadable: no proof file: proof_hex is missing" in output
