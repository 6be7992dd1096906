"""What settling one batch costs on a local chain."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Final

from devnet.anvil import Anvil
from devnet.contracts import Chain, load_artifact
from devnet.demo.plan import story
from devnet.demo.run import run_story
from devnet.home import Home
from devnet.keys import derive_keys

if TYPE_CHECKING:
    from devnet.demo.report import DemoReport

# The profile that is in use, and the one that pays with prover time for gas.
SETTLED_PROFILE: Final = "balanced"
CHEAP_PROFILE: Final = "cheap-l1"
KEY_SEED: Final = 1
# Outputs between which the slope is taken: a batch of trades has some hundred values.
FEWER_FELTS: Final = 500
MORE_FELTS: Final = 1_000


def l1_figures() -> dict[str, object]:
    """Return the keys about L1: the same batch in two profiles, and one more output value.

    Raises:
        UserError: if a part of the system fails.
    """
    settled, cheap = settle_a_batch(SETTLED_PROFILE), settle_a_batch(CHEAP_PROFILE)
    return {
        "l1_gas_update_state": settled.l1_gas,
        "l1_calldata_bytes": settled.calldata_bytes,
        "l1_gas_cheap_l1": cheap.l1_gas,
        "l1_calldata_bytes_cheap_l1": cheap.calldata_bytes,
        "l1_gas_per_felt": gas_per_felt(),
        "batch_prove_seconds": settled.prove_seconds,
        "batch_prove_seconds_cheap_l1": cheap.prove_seconds,
        "batch_cairo_steps": settled.cairo_steps,
    }


def settle_a_batch(profile: str) -> DemoReport:
    """Play one act from deposits to paid withdrawals."""
    with tempfile.TemporaryDirectory(prefix="novation-bench-") as folder:
        return run_story(Home(Path(folder)), story()[:1], profile)


def gas_per_felt() -> int:
    """Return what the verifier spends on one more value of the public output."""
    with tempfile.TemporaryDirectory(prefix="novation-bench-") as folder:
        anvil = Anvil(Path(folder))
        try:
            chain = Chain(anvil.url)
            sender = derive_keys("bench", KEY_SEED).l1_account
            chain.give_ether(sender.address)
            artifact = load_artifact("OutputGas")
            contract = chain.contract(artifact, chain.deploy(artifact, [], sender))
            return int(contract.functions.perFelt(FEWER_FELTS, MORE_FELTS).call())
        finally:
            anvil.stop()
