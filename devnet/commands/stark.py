"""`novation stark`: prove and verify Cairo runs with the files and flags of Stone."""

from pathlib import Path
from typing import Annotated

import typer

from devnet.commands.options import MemoryBudgetOption, ThreadsOption
from devnet.console import console, proving_shown
from devnet.errors import UserError
from devnet.output_file import check_output
from devnet.phase_table import phase_table
from devnet.proof_check import (
    ExitCode,
    check_each,
    check_proof_in_python,
    check_proofs,
    print_verdicts,
    read_proofs,
)
from prover import _native
from prover.profiles import MIN_SECURITY_BITS

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode="markdown",
    help="Prove and verify Cairo runs with the files and flags of Stone's command line.",
)


NO_MINIMUM = "no minimum of security was asked for"
MinSecurityOption = Annotated[
    int,
    typer.Option(
        "--min-security-bits",
        min=0,
        help="Conjectured security that the proof must have; 0 takes any.",
    ),
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
    min_security_bits: MinSecurityOption = MIN_SECURITY_BITS,
) -> None:
    """Prove a run that `cairo-run --proof_mode --layout dynamic` wrote; print what it cost.

    Other layouts are not supported. A public input without `dynamic_params`, as `cairo-run` writes
    it, gets a layout that fits the run; one with them is proven if no two columns share a cell.

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
        raise UserError(f"cannot prove: {error}") from error
    except _native.ProvingFailed as error:
        raise UserError(f"cannot prove: {error}", ExitCode.REJECTED) from error
    console.print(phase_table(phases))
    console.print(f"{out}", markup=False)
    if min_security_bits == 0:
        console.print(NO_MINIMUM, markup=False)


@app.command()
def verify(
    proofs: Annotated[
        list[Path], typer.Argument(metavar="FILE...", help="Proofs in Stone's JSON format.")
    ],
    *,
    python: Annotated[
        bool, typer.Option("--python", help="Use the Python reference verifier.")
    ] = False,
    min_security_bits: MinSecurityOption = MIN_SECURITY_BITS,
) -> None:
    """Verify proof files, one line each; `-` is standard input.

    Exit status: 0 accepted, 1 rejected, 2 unsupported, 3 unreadable. Several files are verified in
    parallel; the status is the largest.

    Examples: `novation stark verify proof.json`, `novation stark verify proof.json --python`
    """
    files = read_proofs(proofs)
    if python:
        verdicts = check_each(lambda proof: check_proof_in_python(proof, min_security_bits), files)
    else:
        verdicts = check_proofs(files, min_security_bits)
    if min_security_bits == 0:
        verdicts = [
            verdict if isinstance(verdict, UserError) else f"{verdict}; {NO_MINIMUM}"
            for verdict in verdicts
        ]
    raise typer.Exit(print_verdicts(proofs, verdicts))
