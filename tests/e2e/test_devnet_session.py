"""A person at the command line: a devnet, a deposit, orders, a look around, Ctrl-C.

No batch is sealed meanwhile, so nothing is proven here; `test_one_batch` does that.
"""

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from devnet.deployment import Deployment
from devnet.home import Home
from tests.e2e.test_one_batch import assert_nothing_runs
from tests.support.waiting import PATIENCE_S

ROOT = Path(__file__).resolve().parents[2]


class Session:
    """Runs `novation` commands as processes, as a shell would."""

    def __init__(self, home: Home) -> None:
        self.environment = {**os.environ, "NOVATION_HOME": str(home.path), "COLUMNS": "160"}

    def __call__(self, *arguments: str, status: int | None = 0) -> str:
        """What the command has printed; it must end with `status`, anyhow if that is None."""
        command = [sys.executable, "-m", "devnet.cli", *arguments]
        done = subprocess.run(
            command, cwd=ROOT, env=self.environment, capture_output=True, text=True, check=False
        )
        assert "Traceback" not in done.stderr
        assert status in (None, done.returncode), done.stdout + done.stderr
        return done.stdout + done.stderr


@pytest.fixture
def devnet(tmp_path: Path) -> Iterator[subprocess.Popen[str]]:
    home = Home(tmp_path / "home")
    command = [sys.executable, "-m", "devnet.cli", "devnet", "--home", str(home.path), "--no-walk"]
    with subprocess.Popen(
        command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    ) as process:
        deadline = time.monotonic() + PATIENCE_S
        while not home.endpoints_path.exists() and time.monotonic() < deadline:
            assert process.poll() is None, process.stdout and process.stdout.read()
            time.sleep(0.1)
        assert home.endpoints_path.exists()
        yield process
        process.kill()


def test_devnet_when_used_and_interrupted_then_answers_and_leaves_nothing(
    devnet: subprocess.Popen[str], tmp_path: Path
) -> None:
    home = Home(tmp_path / "home")
    novation = Session(home)
    for name in ("alice", "bob"):
        novation("keys", "new", name)
        assert "10000.000000" in novation("keys", "fund", name, "10000")
        assert "collateral 5000" in novation("deposit", "5000", "--key", name)
    assert "alice has 5000" in novation("deposit", "5000.000001", "--key", "alice", status=2)
    wait_for_price(novation)
    hold_another_asset(novation, home)
    add_and_trade_a_market(novation)

    placed = novation("order", "BTC-USD", "buy", "0.01", "94000", "--key", "alice")
    order_id = re.findall(r"order (\d+): resting", placed)[0]
    moved = novation("replace", order_id, "--price", "94000.1", "--key", "alice")
    order_id = re.findall(r"resting, now order (\d+)", moved)[0]
    kept = novation("replace", order_id, "--size", "0.008", "--key", "alice")
    assert f"order {order_id}: amended, now order {order_id}, filled 0, resting 0.0080" in kept
    quotes = ("--bid", "0.01@93990", "--bid", "0.01@93980", "--ask", "0.01@93000", "--keep")
    quoted = novation("quote", "BTC-USD", *quotes, "--key", "bob")
    # It slides from the bid above.
    assert re.search(r"order \d+: sell 0.01 at 94000.2", quoted)
    assert "cancelled orders: 0" in quoted
    # Another market keeps what it has of bob.
    cancelled = novation("cancel", "--all", "--market", "BTC-USD", "--key", "bob")
    assert "cancelled orders: 3" in cancelled
    sold = novation("order", "BTC-USD", "sell", "0.004", "94000", "--key", "bob", "-t", "ioc")
    assert "filled 0.0040" in sold
    assert "94000.1" in novation("book", "BTC-USD")
    assert "0.0040" in novation("account", "--key", "alice")
    wait_with_exits(novation)
    refusals = {
        ("order", "BTC-USD", "buy", "0.01", "94000.05", "--key", "alice"): (2, "tick 0.1"),
        ("order", "BTC-USD", "buy", "0.00005", "94000", "--key", "alice"): (2, "lot 0.0001"),
        ("order", "NO-USD", "buy", "1", "1", "--key", "alice"): (2, "BTC-USD, ETH-USD"),
        ("order", "BTC-USD", "buy", "9", "94000", "--key", "alice"): (1, "INSUFFICIENT_MARGIN"),
        ("order", "BTC-USD", "buy", "0.01", "100000", "--key", "bob"): (1, "PRICE_OUTSIDE_BAND"),
        ("order", "BTC-USD", "buy", "0.001", "94000", "--key", "bob"): (1, "ORDER_TOO_SMALL"),
        ("replace", order_id, "--size", "1", "--key", "bob"): (1, "NOT_ORDER_OWNER"),
        ("replace", order_id, "--key", "alice"): (2, "give --size or --price"),
        ("quote", "BTC-USD", "--key", "alice"): (2, "1 to 16"),
        ("quote", "BTC-USD", "--bid", "0.01", "--key", "alice"): (2, "SIZE@PRICE"),
        ("quote", "BTC-USD", "-b", "0.01@93000", "-b", "0.001@93000", "--key", "alice"): (
            1,
            "quotes[1].notional_quanta",
        ),
        ("cancel", order_id, "--key", "bob"): (1, "NOT_ORDER_OWNER"),
        ("withdraw", "6000", "--key", "bob"): (1, "INSUFFICIENT_MARGIN"),
        ("batch", "show", "7"): (1, "NOT_FOUND"),
        ("account", "99"): (1, "NOT_FOUND"),
    }
    for arguments, (status, words) in refusals.items():
        assert words in novation(*arguments, status=status), arguments
    look_at_what_risk_has_cost(novation)
    assert "cancelled 0.0040" in novation("cancel", order_id, "--key", "alice")
    assert "accepted" in novation("withdraw", "100", "--key", "bob")
    assert "paid 0" in novation("withdraw", "--key", "bob", "--fetch")
    assert "the roots are equal" in novation("rebuild")
    second = ("devnet", "--home", str(home.path))
    assert "a devnet runs in" in novation(*second, status=2)

    devnet.send_signal(signal.SIGINT)
    output, _ = devnet.communicate(timeout=PATIENCE_S)
    assert devnet.returncode == 0, output
    assert "nothing keeps running" in output
    assert not home.endpoints_path.exists()
    assert_nothing_runs(home)


def wait_with_exits(novation: Session) -> None:
    """Place a stop and an order with its exits, and cancel them all."""
    stopped = novation("stop", "BTC-USD", "sell", "0.004", "90000", "--ends-others", "-k", "alice")
    waiting = re.findall(r"order (\d+): dormant until the mark price reaches 90000", stopped)
    exits = ("90000", "99000")
    entered = novation("bracket", "BTC-USD", "buy", "0.01", "93000", *exits, "--key", "alice")
    found = re.search(r"order (\d+): .*, stop (\d+), take-profit (\d+)", entered)
    assert found
    for waiting_id in (*waiting, *found.groups()):
        assert f"order {waiting_id}" in novation("cancel", waiting_id, "--key", "alice")


def hold_another_asset(novation: Session, home: Home) -> None:
    """Someone deposits a second token and takes some of it back; the owner lists no token twice."""
    assert "3.00000000 TETH" in novation("keys", "fund", "alice", "3", "--asset", "TETH")
    of_asset = ("--asset", "TETH", "--key", "alice")
    assert "balance 2.00000000 TETH" in novation("deposit", "2", *of_asset)
    shown = novation("balances", "--key", "alice")
    assert re.search(r"1\W+TETH\W+2.00000000\W+0.00000000\W+1.00000000\W", shown), shown
    assert re.search(r"0\W+USD\W+5000.000000\W", shown), shown
    assert "withdrawal of 0.5 TETH accepted" in novation("withdraw", "0.5", *of_asset)
    assert "paid 0.00000000 TETH" in novation("withdraw", "--fetch", *of_asset)
    usd = Deployment.load(home.deployment_path).token
    refusals = {
        ("deposit", "2", *of_asset): (2, "alice has 1.00000000 on L1"),
        ("deposit", "0.0001", *of_asset): (1, "AmountOutOfRange(amountQuanta=10000, min=100000"),
        ("deposit", "0.000000001", *of_asset): (2, "quantum"),
        ("deposit", "1", "--asset", "GOLD", "--key", "alice"): (2, "none of USD, TETH"),
        ("withdraw", "1.6", *of_asset): (1, "INSUFFICIENT_BALANCE"),
        ("withdraw", "1", "--asset", "7", "--key", "alice"): (2, "asset 7 is none of USD, TETH"),
        ("parameters", "add-asset", usd, "6"): (1, "DuplicateAsset(assetId=0)"),
        ("parameters", "add-asset", "0x12", "6"): (2, "is no address"),
    }
    for arguments, (status, words) in refusals.items():
        assert words in novation(*arguments, status=status), arguments
    assert "TETH" in novation("transfers", "--key", "alice")


def add_and_trade_a_market(novation: Session) -> None:
    """The owner adds an underlying; oracles report it, the node lists it, two people trade it."""
    shown = novation("parameters")
    assert "BTC-USD" in shown
    assert "2 of 3 must agree" in shown
    add = ("parameters", "set-underlying", "SOL-USD")
    refusals = {
        add: (2, "no price of SOL-USD; give one with --price"),
        (*add, "--price", "99.99"): (2, "a lot is worth 99990 quanta, at least 100000"),
        (*add, "--price", "180", "--multiplier", "4096"): (2, "multiplier 4096"),
        (*add, "--price", "180", "--tick-decimals", "15"): (2, "leave room to rise"),
        (*add[:2], "BTC-USD", "--taker-fee-ppm", "10001"): (2, "must be from 0 to 10000"),
        (*add[:2], "BTC-USD", "--maintenance-margin-ppm", "50001"): (2, "50001 <= 50000"),
        (*add[:2], "BTC-USD", "--multiplier", "11"): (1, "SettingIsFixed(field=multiplier"),
        (*add[:2], "SOL USD", "--price", "180"): (1, "field=symbol_character, value=32"),
        ("parameters", "set-oracle-key", "4", "0x1"): (1, "field=oracle_index, value=4, min=0"),
        ("parameters", "set-oracle-key", "3", "0x5"): (2, "is no key of the Stark curve"),
        ("parameters", "set-oracle-rule", "4", "60000"): (1, "field=oracle_quorum, value=4"),
        ("list", "BTC-USD"): (1, "MARKET_LISTED"),
        ("list", "SOL-USD"): (2, "none of BTC-USD, ETH-USD"),
    }
    for arguments, (status, words) in refusals.items():
        assert words in novation(*arguments, status=status), arguments
    assert "SOL-USD" in novation(*add, "--price", "180", "--maker-fee-ppm", "100")
    deadline = time.monotonic() + PATIENCE_S
    # The node lists it by itself as soon as it has a price; whoever comes first may.
    while not re.search(r"listed(, receipt| since)", novation("list", "SOL-USD", status=None)):
        assert time.monotonic() < deadline
    wait_for_price(novation, "SOL-USD")
    novation("order", "SOL-USD", "sell", "3", "180.05", "--key", "bob")
    bought = novation("order", "SOL-USD", "buy", "2", "180.05", "--key", "alice")
    assert "filled 2.000" in bought
    assert "SOL-USD" in novation("account", "--key", "alice")
    # A raised fee kills nothing: the order's owner has signed a higher limit.
    assert "150" in novation(*add, "--maker-fee-ppm", "150")
    assert "180.05" in novation("book", "SOL-USD")


def look_at_what_risk_has_cost(novation: Session) -> None:
    """Nothing yet, perhaps: no hour may be over, and nobody fails."""
    assert "position" in novation("funding", "--key", "alice", "--market", "BTC-USD")
    assert "10^-6 USD a lot" in novation("funding-rates", "BTC-USD")
    assert "required" in novation("liquidations", "BTC-USD")
    assert "BTC-USD" in novation("watch", "funding", "BTC-USD", "--count", "1")


def wait_for_price(novation: Session, symbol: str = "BTC-USD") -> None:
    deadline = time.monotonic() + PATIENCE_S
    while "mark None" in novation("book", symbol):
        assert time.monotonic() < deadline
