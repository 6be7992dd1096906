"""`novation stark`: prove and verify Cairo runs with the files and flags of Stone."""

import enum
from pathlib import Path
from typing import Annotated

import typer

from devnet.commands.options import MemoryBudgetOption, ThreadsOption
from devnet.console import console, proving_shown
from devnet.errors import UserError
from devnet.output_file import check_output
from devnet.phase_table import phase_table
from devnet.proof_check import (
    check_proof_in_python,
    check_proofs,
    print_verdicts,
    verdict_of,
)
from prover import _native

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode="markdown",
    help="Prove and verify Cairo runs with the files and flags of Stone's command line.",
)


class ExitCode(enum.IntEnum):
    """How the commands end."""

    ACCEPTED = 0
    REJECTED = 1
    UNREADABLE = 2


MinSecurityOption = Annotated[
    int, typer.Option("--min-security-bits", min=0, help="Conjectured security that it must have.")
]


@app.command()
def prove(  # noqa: PLR0913 - one option per file and limit
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
    *,
    memory_budget: MemoryBudgetOption = None,
    threads: ThreadsOption = None,
    min_security_bits: MinSecurityOption = 0,
) -> None:
    """Prove a run that `cairo-run --proof_mode` wrote, and print what each phase cost.

    Example: `novation stark prove --public-input public_input.json
    --private-input private_input.json --params params.json --out proof.json`
    """
    check_output("--out", out)
    files = (public_input, private_input, params, out)
    try:
        with proving_shown() as progress:
            phases = _native.stark_prove(
                *files, progress, memory_budget, threads, min_security_bits
            )
    except (OSError, ValueError) as error:
        raise UserError(f"cannot prove: {error}", ExitCode.UNREADABLE) from error
    except _native.ProvingFailed as error:
        raise UserError(f"cannot prove: {error}", ExitCode.REJECTED) from error
    console.print(phase_table(phases))
    console.print(f"{out}", markup=False)


@app.command()
def verify(
    proofs: Annotated[
        list[Path], typer.Argument(metavar="FILE...", help="Proofs in Stone's JSON format.")
    ],
    *,
    python: Annotated[
        bool, typer.Option("--python", help="Use the Python reference verifier.")
    ] = False,
    min_security_bits: MinSecurityOption = 0,
) -> None:
    """Verify proof files, one line each. Exit status: 0 accepted, 1 rejected, 2 unreadable.

    Several files are verified in parallel; the status is that of the worst.

    Examples: `novation stark verify proof.json`, `novation stark verify proof.json --python`
    """
    if python:
        verdicts = [verdict_of(check_proof_in_python, path, min_security_bits) for path in proofs]
    else:
        verdicts = check_proofs(proofs, min_security_bits)
    raise typer.Exit(print_verdicts(proofs, verdicts))
