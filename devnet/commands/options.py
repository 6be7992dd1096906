"""Options that several commands share."""

import enum
from pathlib import Path
from typing import Annotated

import typer

from devnet.home import HOME_VARIABLE, Home, default_home
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
KeyOption = Annotated[
    str, typer.Option("--key", "-k", metavar="NAME", help="Name of the trader's key file.")
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
