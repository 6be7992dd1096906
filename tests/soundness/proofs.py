"""Proofs that other provers made."""

import json
from pathlib import Path
from typing import Any

import pytest

VECTORS = Path(__file__).resolve().parents[3] / "shared" / "vectors"
STONE_PROOFS = (
    "stone_golden/proof_suite_k.json",
    "stone_golden/proof_suite_p.json",
    "stone_proofs/cairo_lang_dynamic_4096_steps.json",
    "stone_proofs/swiftness_dynamic_2048_steps.json",
)


def load_proof(name: str) -> dict[str, Any]:
    """Return a proof in Stone's JSON format; skip the test if it is not at hand."""
    path = VECTORS / name
    if not path.exists():
        pytest.skip(f"{path} is absent: the vectors are not part of the repository")
    proof: dict[str, Any] = json.loads(path.read_text())
    return proof
