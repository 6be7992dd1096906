"""Proofs that Stone made: two in the repository, two larger ones beside it."""

import gzip
import json
from pathlib import Path
from typing import Any

import pytest

COMMITTED = Path(__file__).parent / "vectors"
SHARED = Path(__file__).resolve().parents[3] / "shared" / "vectors" / "stone_proofs"
STONE_PROOFS = (
    "stone_suite_k.json.gz",
    "stone_suite_p.json.gz",
    "cairo_lang_dynamic_4096_steps.json",
    "swiftness_dynamic_2048_steps.json",
)


def load_proof(name: str) -> dict[str, Any]:
    """Return a proof in Stone's JSON format; skip the test if it is not at hand."""
    if name.endswith(".gz"):
        text = gzip.decompress((COMMITTED / name).read_bytes())
    else:
        path = SHARED / name
        if not path.exists():
            pytest.skip(f"{path} is absent: this proof is not part of the repository")
        text = path.read_bytes()
    proof: dict[str, Any] = json.loads(text)
    return proof
