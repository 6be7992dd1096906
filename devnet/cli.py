"""The `novation` command: one module per group of commands, imported when one of them runs."""

from __future__ import annotations

import sys
from typing import Final

from devnet.console import error_console
from devnet.errors import RevertedError, UserError
from devnet.lazy_group import CommandSource, LazyGroup

COMMANDS: Final = {
    "demo": CommandSource("devnet.commands.running", "demo"),
    "devnet": CommandSource("devnet.commands.running", "devnet"),
    "keys": CommandSource("devnet.commands.keys", "app"),
    "deposit": CommandSource("devnet.commands.funds", "deposit"),
    "order": CommandSource("devnet.commands.trading", "order"),
    "replace": CommandSource("devnet.commands.trading", "replace"),
    "quote": CommandSource("devnet.commands.quoting", "quote"),
    "stop": CommandSource("devnet.commands.trading", "stop"),
    "take-profit": CommandSource("devnet.commands.trading", "take_profit"),
    "bracket": CommandSource("devnet.commands.trading", "bracket"),
    "cancel": CommandSource("devnet.commands.trading", "cancel"),
    "cancel-timer": CommandSource("devnet.commands.trading", "cancel_timer"),
    "bid": CommandSource("devnet.commands.auctions", "bid"),
    "withdraw": CommandSource("devnet.commands.funds", "withdraw"),
    "transfer": CommandSource("devnet.commands.funds", "transfer"),
    "balances": CommandSource("devnet.commands.balances", "balances"),
    "parameters": CommandSource("devnet.commands.parameters", "app"),
    "list": CommandSource("devnet.commands.parameters", "list_market"),
    "book": CommandSource("devnet.commands.views", "book"),
    "prices": CommandSource("devnet.commands.views", "prices"),
    "account": CommandSource("devnet.commands.views", "account"),
    "oracle": CommandSource("devnet.commands.oracle", "app"),
    "orders": CommandSource("devnet.commands.lists", "orders"),
    "fills": CommandSource("devnet.commands.lists", "fills"),
    "transfers": CommandSource("devnet.commands.lists", "transfers"),
    "trades": CommandSource("devnet.commands.lists", "trades"),
    "funding": CommandSource("devnet.commands.risk_lists", "funding"),
    "funding-rates": CommandSource("devnet.commands.risk_lists", "funding_rates"),
    "liquidations": CommandSource("devnet.commands.risk_lists", "liquidations"),
    "auctions": CommandSource("devnet.commands.auctions", "auctions"),
    "watch": CommandSource("devnet.commands.watch", "app"),
    "status": CommandSource("devnet.commands.settlement", "status"),
    "batch": CommandSource("devnet.commands.batches", "app"),
    "bench": CommandSource("devnet.commands.running", "bench"),
    "prove": CommandSource("devnet.commands.proofs", "prove"),
    "verify": CommandSource("devnet.commands.proofs", "verify"),
    "rebuild": CommandSource("devnet.commands.proofs", "rebuild"),
    "verify-deployment": CommandSource("devnet.commands.deployments", "verify_deployment"),
    "stark": CommandSource("devnet.commands.stark", "app"),
}

app = LazyGroup(
    COMMANDS,
    name="novation",
    help="A derivatives exchange whose matching, margin and oracle are proven by a STARK.",
    rich_markup_mode="markdown",
)


def main() -> None:
    """Run the command line; a fault of the user is one line on stderr, never a traceback."""
    try:
        app(prog_name="novation")
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
