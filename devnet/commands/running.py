"""`novation devnet`: the whole system until Ctrl-C."""

import signal
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer
from rich.table import Table

from devnet.commands.options import HomeOption, L1ProfileName, MemoryBudgetOption
from devnet.console import console, waiting
from devnet.endpoints import Endpoints
from devnet.errors import UserError
from devnet.home import Home

if TYPE_CHECKING:
    from devnet.system import Devnet

WALK_INTERVAL_S: Final = 5.0
SUPERVISION_S: Final = 0.5
RESTARTABLE: Final = "prover"
PortOption = Annotated[int | None, typer.Option(min=1, max=65_535, show_default="a free one")]


def demo(
    *,
    profile: Annotated[
        L1ProfileName, typer.Option(help="Trade-off of the prover.")
    ] = L1ProfileName.BALANCED,
    out: Annotated[
        Path, typer.Option("--out", metavar="FOLDER", help="Where the report and the logs go.")
    ] = Path("build") / "demo",
) -> None:
    """Play the whole story on a new local chain: orders, proofs, settlement, withdrawals.

    Ends with status 0 only if every promise of the demo was kept; `report.json` has the figures.

    Examples: `novation demo`, `novation demo --profile cheap-l1 --out /tmp/demo`
    """
    from devnet.demo.run import run_demo

    with interrupted_by_signals():
        report = run_demo(Home(out / "devnet"), out / "report.json", profile.value)
    _print_table(str(out / "report.json"), report.to_json())


def devnet(  # noqa: PLR0913 - one option per part
    home: HomeOption,
    *,
    profile: Annotated[
        L1ProfileName, typer.Option(help="Trade-off of the prover.")
    ] = L1ProfileName.BALANCED,
    l1_port: PortOption = None,
    sequencer_port: PortOption = None,
    fresh: Annotated[
        bool, typer.Option("--fresh", help="Delete what an earlier devnet left in the folder.")
    ] = False,
    walk: Annotated[
        bool, typer.Option("--walk/--no-walk", help="Let the oracle prices move at random.")
    ] = True,
    batch_age_s: Annotated[
        int, typer.Option(min=1, help="Seal a batch at the latest after so many seconds.")
    ] = 120,
    memory_budget: MemoryBudgetOption = None,
) -> None:
    """Run chain, contracts, sequencer, prover and oracle nodes until Ctrl-C.

    A folder that holds a devnet already goes on where that one stopped.

    Examples: `novation devnet`, `novation devnet --fresh --profile cheap-l1 --sequencer-port 50051`
    """
    from devnet.system import Devnet, DevnetOptions, remove_home

    if fresh:
        remove_home(home)
    options = DevnetOptions(
        profile=profile.value,
        l1_port=l1_port,
        sequencer_port=sequencer_port,
        batch_age_ms=1000 * batch_age_s,
        oracle_heartbeat_s=240,
        oracle_threshold_ppm=1_000,
        prover_memory_budget=memory_budget,
    )
    system = Devnet(home, options)
    with interrupted_by_signals():
        try:
            with waiting("starting"):
                endpoints = system.start()
            _print_endpoints(home, endpoints)
            _supervise(system, home, walk=walk)
        except KeyboardInterrupt:
            console.print("stopping")
        finally:
            with signals_ignored():
                system.stop()
    console.print("stopped; nothing keeps running")


def bench(
    out: Annotated[
        Path, typer.Option("--out", metavar="FILE", help="Where the report goes.")
    ] = Path("build") / "bench" / "report.json",
) -> None:
    """Measure steps per transaction, the prover, the node under load and L1 gas on this machine.

    Takes several minutes and both cores; close other programs.

    Example: `novation bench --out build/bench/report.json`
    """
    from devnet.bench.report import run_bench

    with interrupted_by_signals():
        report = run_bench(out)
    _print_table(str(out), report)


@contextmanager
def interrupted_by_signals() -> Iterator[None]:
    """Make SIGTERM and SIGINT raise KeyboardInterrupt, also where a shell has SIGINT ignored."""

    def interrupt(_number: int, _frame: object) -> None:
        raise KeyboardInterrupt

    with _handled_by(interrupt):
        yield


@contextmanager
def signals_ignored() -> Iterator[None]:
    """Let nothing interrupt the block: impatient Ctrl-C must not leave processes behind."""
    with _handled_by(signal.SIG_IGN):
        yield


@contextmanager
def _handled_by(handler: Callable[[int, object], None] | signal.Handlers) -> Iterator[None]:
    previous = {
        number: signal.signal(number, handler) for number in (signal.SIGINT, signal.SIGTERM)
    }
    try:
        yield
    finally:
        for number, old_handler in previous.items():
            signal.signal(number, old_handler)


def _supervise(system: "Devnet", home: Home, *, walk: bool) -> None:
    from devnet.prices import RandomWalk

    prices = RandomWalk(home.prices_path, seed=time.time_ns())
    next_walk = time.monotonic() + WALK_INTERVAL_S
    while True:
        time.sleep(SUPERVISION_S)
        if (ended := system.ended_process()) is not None:
            if ended.name != RESTARTABLE:
                raise UserError(
                    f"{ended.name}: ended with status {ended.exit_code()}:\n{ended.log_tail()}",
                    exit_code=1,
                )
            console.print(f"prover: ended with status {ended.exit_code()}; started again")
            system.start_prover()
        if walk and time.monotonic() >= next_walk:
            prices.step()
            next_walk += WALK_INTERVAL_S


def _print_endpoints(home: Home, endpoints: Endpoints) -> None:
    lines = {
        "sequencer (gRPC)": endpoints.sequencer,
        "L1 (JSON-RPC)": endpoints.l1,
        "deployment": home.deployment_path,
        "logs": home.path / "logs",
        "oracle prices": home.prices_path,
        "venues (HTTP)": endpoints.venues,
    }
    for name, value in lines.items():
        console.print(f"{name:<18} {value}", markup=False)
    console.print(
        "try: novation keys new alice; novation keys fund alice 10000; "
        "novation deposit 5000 --key alice; novation book BTC-USD",
        markup=False,
    )
    console.print("Ctrl-C stops everything")


def _print_table(title: str, values: Mapping[str, object]) -> None:
    table = Table("what", "value", title=title)
    for name, value in values.items():
        if not isinstance(value, dict | list | tuple):
            table.add_row(name, str(value))
    console.print(table)
