"""`novation verify-deployment`: what a user checks before money goes in."""

from typing import Annotated

import typer
from rich.table import Table

from devnet.commands.options import HomeOption, L1Option
from devnet.connection import STATUS_REFUSED
from devnet.console import console, waiting
from devnet.errors import UserError


def verify_deployment(
    home: HomeOption,
    l1_url: L1Option = None,
    *,
    build: Annotated[
        bool,
        typer.Option(
            "--build/--no-build", help="Compile the contracts anew, or take what `make setup` did."
        ),
    ] = True,
) -> None:
    """Compare the contracts on L1 with these sources: code, limits, program, parameters.

    Exit status 1 if anything differs. The record says which contracts and which first parameters
    are meant; what the owner has changed since is followed and shown, for no source can tell
    whether it is right. The L1 node is believed.

    Examples: `novation verify-deployment`, `novation verify-deployment --l1-url URL`
    """
    from devnet.l1_connection import connect_l1
    from devnet.verify_deployment import (
        assets_by_owner,
        changes_by_owner,
        check_deployment,
        check_from_sources,
        roles,
    )

    chain, deployment = connect_l1(home, l1_url)
    with waiting("compiling and comparing"):
        check = check_from_sources if build else check_deployment
        block_number = chain.web3.eth.block_number
        checks = check(chain, deployment, block_number)
        who = roles(chain, deployment, block_number)
        changed = changes_by_owner(chain, deployment, block_number)
        assets = assets_by_owner(chain, deployment, block_number)
    table = Table("what", "sources and record", "on L1", "")
    for line in checks:
        verdict = "equal" if line.is_equal else "DIFFERS"
        table.add_row(line.what, line.expected, line.found, verdict)
    console.print(table)
    for name, addresses in who.items():
        console.print(f"{name:<12} {addresses}", markup=False, soft_wrap=True)
    for asset in assets:
        console.print(asset, markup=False, soft_wrap=True)
    for change in changed:
        console.print(
            f"changed by the owner: {change.field}, first {change.first}, now {change.present}",
            markup=False,
            soft_wrap=True,
        )
    different = [line.what for line in checks if not line.is_equal]
    if different:
        raise UserError(
            f"verify-deployment: {len(different)} of {len(checks)} differ: {', '.join(different)}",
            STATUS_REFUSED,
        )
    console.print(
        f"block {block_number}: all {len(checks)} are equal; parameters changed since the "
        f"deployment: {len(changed)}"
    )
