"""Choose the crypto implementation once, visibly, before anything of the project is imported."""

import importlib.util
import os

import pytest
from hypothesis import settings

# Its assertions are those of many tests, and say as much as theirs when they fail.
pytest.register_assert_rewrite("tests.circuits.forgery")

if "NOVATION_CRYPTO" not in os.environ:
    has_native = importlib.util.find_spec("novation._native") is not None
    os.environ["NOVATION_CRYPTO"] = "native" if has_native else "reference"


def pytest_report_header() -> str:
    """Say which implementation the tests run on."""
    return f"crypto: {os.environ['NOVATION_CRYPTO']}"


# A loaded machine makes any example slow; what hypothesis would take for a fault is the load.
settings.register_profile("novation", deadline=None)
settings.load_profile("novation")
