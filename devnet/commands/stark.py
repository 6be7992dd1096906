"""`novation stark`: prove and verify Cairo runs with the files and flags of Stone."""

import enum
from pathlib import Path
from typing import Annotated

import typer

from devnet.console import console, proving_shown
from devnet.errors import UserError
from devnet.proof_check import ACCEPTED, check_proof, check_proof_in_python
from novation import _native

app = typer.Typer(
    no_args_is_help=True,
    help="Prove and verify Cairo runs with the files and flags of Stone's command line.",
)


class ExitCode(enum.IntEnum):
    """How the commands end."""

    ACCEPTED = 0
    REJECTED = 1
    UNREADABLE = 2


@app.command()
def prove(
    public_input: Annotated[
        Path, typer.Option("--public-input", metavar="FILE", help="Public input of the run.")
    ],
    private_input: Annotated[
        Path,
        typer.Option(
            "--private-input", metavar="FILE", help="Private input; it names trace and memory."
        ),
    ],
    params: Annotated[
        Path, typer.Option("--params", metavar="FILE", help="Proof parameters in Stone's format.")
    ],
    out: Annotated[Path, typer.Option("--out", metavar="FILE", help="Where the proof goes.")],
) -> None:
    """Prove a run that `cairo-run --proof_mode` wrote.

    Example: `novation stark prove --public-input public_input.json
    --private-input private_input.json --params params.json --out proof.json`
    """
    if not out.absolute().parent.is_dir():
        raise UserError(f"--out: there is no folder {out.parent}")
    try:
        with proving_shown() as progress:
            phases = _native.stark_prove(public_input, private_input, params, out, progress)
    except (OSError, ValueError) as error:
        raise UserError(f"cannot prove: {error}", ExitCode.UNREADABLE) from error
    except _native.ProvingFailed as error:
        raise UserError(f"cannot prove: {error}", ExitCode.REJECTED) from error
    for name, seconds, peak_mib in phases:
        console.print(f"{name:<24} {seconds:8.2f} s  {peak_mib:6d} MiB peak")
    console.print(f"{out}")


@app.command()
def verify(
    proof: Annotated[Path, typer.Argument(metavar="FILE", help="Proof in Stone's JSON format.")],
    *,
    python: Annotated[
        bool, typer.Option("--python", help="Use the Python reference verifier.")
    ] = False,
    min_security_bits: Annotated[
        int, typer.Option(min=0, help="Conjectured security that the proof must have.")
    ] = 0,
) -> None:
    """Verify a proof file. Exit status: 0 accepted, 1 rejected, 2 unreadable.

    Examples: `novation stark verify proof.json`, `novation stark verify proof.json --python`
    """
    check = check_proof_in_python if python else check_proof
    console.print(check(proof, min_security_bits), markup=False)
    console.print(ACCEPTED)
