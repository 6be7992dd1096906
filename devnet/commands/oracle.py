"""`novation oracle`: a node of the oracle committee."""

import asyncio
import logging
import signal
from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table

from devnet.console import console
from devnet.errors import UserError

app = typer.Typer(
    help="Run a node of the oracle committee.",
    no_args_is_help=True,
    rich_markup_mode="markdown",
    pretty_exceptions_enable=False,
    add_completion=False,
)
ConfigOption = Annotated[
    Path,
    typer.Option("--config", metavar="FILE", help="TOML or JSON, docs/spec/oracle.md."),
]


ClockOption = Annotated[
    Path | None,
    typer.Option("--clock", metavar="FILE", help="How far a devnet's clock is ahead."),
]


@app.command()
def run(config: ConfigOption, clock: ClockOption = None) -> None:
    """Watch the venues, sign a report every second, keep those of full minutes, until SIGTERM.

    A change of the underlyings in FILE is taken over while it runs. Logs go to stderr.
    `GET /status` and `GET /minute/TIME_MS` at the address `listen`.

    Example: `novation oracle run --config oracle.toml`
    """
    from devnet.shared_clock import SharedClock
    from oracle.errors import OracleError
    from oracle.node import run_node

    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(name)s %(message)s")

    async def serve() -> None:
        stop_requested = asyncio.Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            asyncio.get_running_loop().add_signal_handler(number, stop_requested.set)
        await run_node(config, stop_requested, SharedClock(clock))

    try:
        asyncio.run(serve())
    except OracleError as error:
        raise UserError(str(error)) from error


@app.command()
def check(config: ConfigOption) -> None:
    """Read a configuration and its key as `run` would, and show what would be watched.

    Example: `novation oracle check --config oracle.toml`
    """
    from oracle.config import load_config
    from oracle.errors import OracleError
    from oracle.key_file import read_key

    try:
        read = load_config(config)
        signer = read_key(read.key_path)
    except OracleError as error:
        raise UserError(str(error)) from error
    console.print(f"key {signer.public_key:#x}, exchange {read.exchange.config_hash:#x}")
    table = Table("underlying", "source", "weight", "oldest ms", "of")
    for setup in read.underlyings:
        for source in setup.sources:
            needed = f"{setup.rules.min_sources} of {len(setup.sources)}"
            table.add_row(
                setup.symbol, source.name, str(source.weight), str(source.max_age_ms), needed
            )
    console.print(table)
