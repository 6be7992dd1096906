"""Options that several commands share."""

import enum
from collections.abc import Callable
from pathlib import Path
from typing import Annotated

import typer

from devnet.home import HOME_VARIABLE, Home, default_home
from prover.limits import parse_size, parse_threads
from prover.profiles import PROFILES


def _parse_home(value: str | Home) -> Home:
    # The default goes through the parser, too.
    return value if isinstance(value, Home) else Home(Path(value))


HomeOption = Annotated[
    Home,
    typer.Option(
        "--home",
        envvar=HOME_VARIABLE,
        parser=_parse_home,
        default_factory=lambda: Home(default_home()),
        show_default=str(default_home()),
        metavar="FOLDER",
        help="Folder of the devnet: deployment, keys, logs.",
    ),
]
L1Option = Annotated[
    str | None, typer.Option("--l1-url", metavar="URL", help="An L1 node; the devnet's by default.")
]
KeyOption = Annotated[
    str, typer.Option("--key", "-k", metavar="NAME", help="Name of the trader's key file.")
]


AssetOption = Annotated[
    str, typer.Option("--asset", metavar="SYMBOL", help="Symbol or id of the asset.")
]


def _parsed_by(parse: Callable[[str], int]) -> Callable[[str | int], int]:
    def parse_option(value: str | int) -> int:
        try:
            return value if isinstance(value, int) else parse(value)
        except ValueError as error:
            raise typer.BadParameter(str(error)) from error

    return parse_option


MemoryBudgetOption = Annotated[
    int | None,
    typer.Option(
        "--memory-budget",
        parser=_parsed_by(parse_size),
        metavar="SIZE",
        help="Memory that the prover may have in use, as 900M or 12G.",
    ),
]
ThreadsOption = Annotated[
    int | None,
    typer.Option(
        "--threads",
        parser=_parsed_by(parse_threads),
        metavar="N",
        help="Threads of the prover; one for each processor by default.",
    ),
]


class ProfileName(enum.StrEnum):
    """The prover's profiles, `prover.profiles.PROFILES`."""

    FAST = "fast"
    BALANCED = "balanced"
    CHEAP_L1 = "cheap-l1"


class L1ProfileName(enum.StrEnum):
    """The profiles whose proofs fit into an L1 transaction."""

    BALANCED = "balanced"
    CHEAP_L1 = "cheap-l1"


assert {name.value for name in ProfileName} == set(PROFILES)
assert {name.value for name in L1ProfileName} == {p.name for p in PROFILES.values() if p.fits_l1}
