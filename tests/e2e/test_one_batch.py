"""One batch through everything: deposits, orders over gRPC, proof, L1, payment, rebuilt state.

Nothing is simulated but the chain, which is anvil with the rules of Osaka. The proof takes about a
minute of two cores.
"""

import json
from pathlib import Path

import pytest

from devnet.demo.plan import SOL, TRADERS, Act, PlannedCancels, PlannedOrder
from devnet.demo.report import MAX_CALLDATA_BYTES, MAX_L1_GAS, MIN_SECURITY_BITS
from devnet.demo.run import run_story
from devnet.home import Home
from devnet.proof_check import check_proof_in_python, check_statement, read_input
from novation.protocol.orders import Side, TimeInForce
from novation.protocol.output import BatchOutput, decode_output
from prover.calldata import decode_output as output_in_public_input
from prover.calldata import decode_update_state
from prover.job_folder import CALLDATA_FILE, OUTPUT_FILE, PROOF_FILE
from tests.e2e.test_processes import is_running
from tests.support.waiting import wait_until

ACT = Act(
    "a trade on each market",
    0,
    (
        PlannedOrder("alice", 0, Side.SELL, 300, 1_000, TimeInForce.POST_ONLY),
        PlannedOrder("bob", 0, Side.SELL, 900, 1_000),
        PlannedOrder("carol", 1, Side.BUY, -300, 2_000),
        PlannedOrder("erin", 0, Side.BUY, 500, 400),
        PlannedOrder("frank", 1, Side.SELL, -500, 2_500, TimeInForce.IOC),
        PlannedCancels("bob", Side.SELL),
        # The market that is added on the way.
        PlannedOrder("dave", SOL, Side.SELL, 300, 9_000, TimeInForce.POST_ONLY),
        PlannedOrder("grace", SOL, Side.BUY, 500, 4_000, TimeInForce.IOC),
    ),
)


@pytest.mark.timeout(1_500)
def test_batch_when_proven_and_settled_then_everyone_agrees_and_is_paid(tmp_path: Path) -> None:
    home = Home(tmp_path / "devnet")
    report = run_story(home, (ACT,), "balanced")

    assert (report.orders_accepted, report.fills) == (7, 3)
    assert report.markets_listed == 1
    # One batch, or more on a machine that is too busy to play the act within a batch's age.
    assert report.batches_proven == report.batches_finalised == len(report.batches) >= 1
    assert report.state_root_sequencer == report.state_root_l1 == report.state_root_rebuilt
    assert report.withdrawals_paid == len(TRADERS)
    assert report.tampered_proof_rejected
    assert report.tampered_root_rejected
    assert report.security_bits_conjectured >= MIN_SECURITY_BITS
    assert report.calldata_bytes < MAX_CALLDATA_BYTES
    assert report.l1_gas <= MAX_L1_GAS

    outputs = [checked_output(home, batch.batch_number) for batch in report.batches]
    # Of the new market, and of each deposit, one of them of another asset.
    assert sum(len(output.operations) for output in outputs) == 2 + len(TRADERS)
    assert sum(len(output.withdrawals) for output in outputs) == 1 + len(TRADERS)
    assert outputs[-1].counters.other_custody_quanta == (150_000_000,)
    assert f"{outputs[-1].new_root:#066x}" == report.state_root_l1
    assert_nothing_runs(home)


def checked_output(home: Home, batch_number: int) -> BatchOutput:
    """Return a batch's output, after comparing what all three parts of the system say it is."""
    folder = home.proof_queue_path / f"{batch_number:08d}"
    proof = read_input(folder / PROOF_FILE)
    check_proof_in_python(proof, MIN_SECURITY_BITS)
    assert check_statement(proof).startswith(f"batch {batch_number},")
    public_input, _ = decode_update_state((folder / CALLDATA_FILE).read_bytes())
    felts = tuple(int(felt, 16) for felt in json.loads((folder / OUTPUT_FILE).read_text()))
    assert tuple(output_in_public_input(public_input)) == felts
    return decode_output(felts)


def assert_nothing_runs(home: Home) -> None:
    """Every process of the devnet mentions its home folder in its command line."""
    for entry in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            command = entry.read_bytes().replace(b"\0", b" ").decode(errors="replace")
        except OSError:
            continue
        if str(home.path) in command:
            wait_until(lambda: not is_running(int(entry.parent.name)))  # noqa: B023
