"""The `novation` command: one module per group of commands, assembled here."""

from __future__ import annotations

import sys

import typer

from devnet.commands import keys, proofs, running, settlement, stark, trading, views
from devnet.console import error_console
from devnet.contracts import RevertedError
from devnet.errors import UserError

app = typer.Typer(
    name="novation",
    help="A derivatives exchange whose matching, margin and oracle are proven by a STARK.",
    no_args_is_help=True,
    rich_markup_mode="markdown",
    pretty_exceptions_enable=False,
    add_completion=False,
)
app.command()(running.demo)
app.command()(running.devnet)
app.add_typer(keys.app, name="keys")
app.command()(trading.deposit)
app.command()(trading.order)
app.command()(trading.cancel)
app.command()(trading.withdraw)
app.command()(views.book)
app.command()(views.account)
app.command()(settlement.status)
views.batches.command()(settlement.reprove)
app.add_typer(views.batches, name="batch")
app.command()(running.bench)
app.command()(proofs.prove)
app.command()(proofs.verify)
app.command()(proofs.rebuild)
app.add_typer(stark.app, name="stark")


def main() -> None:
    """Run the command line; a fault of the user is one line on stderr, never a traceback."""
    try:
        app()
    except UserError as error:
        error_console.print(f"error: {error}", style="bold red", markup=False, soft_wrap=True)
        sys.exit(error.exit_code)
    except RevertedError as error:
        error_console.print(f"error: L1: {error}", style="bold red", markup=False)
        sys.exit(1)
    except KeyboardInterrupt:
        error_console.print("interrupted")
        sys.exit(130)


if __name__ == "__main__":
    main()
