"""`novation prove`, `verify`, `rebuild`: proofs of batches and what follows from them."""

from pathlib import Path
from typing import Annotated

import typer

from devnet.commands.options import (
    HomeOption,
    L1Option,
    MemoryBudgetOption,
    ProfileName,
    ThreadsOption,
)
from devnet.connection import STATUS_REFUSED
from devnet.console import console, phases_shown, waiting
from devnet.errors import UserError
from devnet.output_file import check_output, write_output
from devnet.phase_table import phase_table
from devnet.proof_check import (
    ProofInput,
    check_each,
    check_proof_in_python,
    check_proofs,
    check_statement,
    print_verdicts,
    read_input,
    read_proofs,
    verdict_of,
)
from novation.protocol.constants import USD_ASSET_ID
from novation.protocol.errors import DecodeError
from novation.protocol.witness import BatchWitness
from prover import _native
from prover.limits import Limits
from prover.pipeline import PHASE_PROOF, PHASE_RUN, ProvenBatch, UnprovableBatchError, prove_batch
from prover.profiles import MIN_SECURITY_BITS, PROFILES


def prove(
    witness: Annotated[
        Path, typer.Argument(metavar="WITNESS", help="`witness.json` of a sealed batch.")
    ],
    out: Annotated[Path, typer.Option("--out", metavar="FILE", help="Where the proof goes.")],
    *,
    profile: Annotated[
        ProfileName, typer.Option(help="Trade-off of the prover.")
    ] = ProfileName.BALANCED,
    calldata: Annotated[
        Path | None,
        typer.Option("--calldata", metavar="FILE", help="Also write the L1 transaction's input."),
    ] = None,
    memory_budget: MemoryBudgetOption = None,
    threads: ThreadsOption = None,
) -> None:
    """Prove a sealed batch: Cairo run, proof, verification, calldata.

    Prints for each phase what it cost, and how much of that no prover could avoid.

    Example: `novation prove build/devnet/sequencer/batches/00000001/witness.json
    --out proof.json --profile fast --memory-budget 4G`
    """
    check_output("--out", out)
    if calldata is not None:
        check_output("--calldata", calldata)
    proven = _prove(witness, profile, Limits(memory_budget, threads))
    write_output(out, proven.proof_json)
    if calldata is not None:
        write_output(calldata, proven.calldata)
    _print_costs(proven)


def _prove(witness: Path, profile: ProfileName, limits: Limits) -> ProvenBatch:
    try:
        witness_json = read_input(witness).content.decode("ascii")
        parsed = BatchWitness.from_json(witness_json)
    except (DecodeError, UnicodeDecodeError) as error:
        raise UserError(f"{witness}: not a batch witness: {error}") from error
    with phases_shown() as told:
        try:
            return prove_batch(
                witness_json,
                parsed.output,
                PROFILES[profile.value],
                told.listen,
                told.advance,
                limits,
            )
        except (UnprovableBatchError, _native.ProvingFailed, _native.ProofRejected) as error:
            raise UserError(f"{witness}: {error}", STATUS_REFUSED) from error
        except (OSError, ValueError) as error:
            raise UserError(f"{witness}: {error}") from error


def _print_costs(proven: ProvenBatch) -> None:
    before = [cost for cost in proven.phases if cost.name == PHASE_RUN]
    after = [cost for cost in proven.phases if cost.name not in (PHASE_RUN, PHASE_PROOF)]
    console.print(phase_table(proven.proof_phases, before, after))
    for name, value in proven.report.items():
        if not isinstance(value, list):
            console.print(f"{name:<28} {value}", markup=False)


def verify(
    proofs: Annotated[
        list[Path], typer.Argument(metavar="PROOF...", help="Proof files.", show_default=False)
    ],
    home: HomeOption,
    *,
    python: Annotated[
        bool, typer.Option("--python", help="Use the Python reference verifier.")
    ] = False,
    l1: Annotated[
        bool, typer.Option("--l1", help="Ask the L1 verifier contract by eth_call.")
    ] = False,
    l1_url: L1Option = None,
) -> None:
    """Verify proofs of batches, one line each; `-` is standard input.

    Exit status: 0 accepted, 1 rejected, 2 unsupported, 3 unreadable.

    Accepted means that the batch program ran and wrote the output that the proof names. Several
    files are verified in parallel; the status is the largest.

    Examples: `novation verify proof.json`, `novation verify batches/*/proof.json`,
    `novation verify proof.json --python`, `novation verify proof.json --l1`
    """
    if python and l1:
        raise UserError("verify: give --python or --l1, not both")
    files = read_proofs(proofs)
    if l1:
        from devnet.l1_proof_check import check_proof_on_l1

        verdicts = check_each(lambda proof: check_proof_on_l1(proof, home, l1_url), files)
    elif python:
        verdicts = check_each(lambda proof: check_proof_in_python(proof, MIN_SECURITY_BITS), files)
    else:
        verdicts = check_proofs(files, MIN_SECURITY_BITS)
    judged = [_with_statement(*pair) for pair in zip(files, verdicts, strict=True)]
    raise typer.Exit(print_verdicts(proofs, judged))


def _with_statement(proof: ProofInput | UserError, verdict: str | UserError) -> str | UserError:
    if isinstance(proof, UserError) or isinstance(verdict, UserError):
        return verdict
    statement = verdict_of(check_statement, proof)
    return statement if isinstance(statement, UserError) else f"{verdict}; {statement}"


def rebuild(home: HomeOption, l1_url: L1Option = None) -> None:
    """Rebuild the whole state from L1 data alone; compare root and custody with the contract's.

    Needs the deployment record and an L1 node, no sequencer.

    Examples: `novation rebuild`, `novation rebuild --l1-url http://127.0.0.1:8545`
    """
    from devnet.l1_connection import connect_l1
    from devnet.rebuild import rebuild as rebuild_state

    chain, deployment = connect_l1(home, l1_url)
    with waiting("reading batches from L1") as note:
        rebuilt = rebuild_state(chain, deployment, note)
    state = rebuilt.state
    console.print(f"batches       {rebuilt.n_batches}")
    console.print(f"accounts      {len(state.accounts)}")
    console.print(f"open orders   {len(state.orders)}")
    console.print(f"rebuilt root  {state.root:#066x}")
    console.print(f"L1 root       {rebuilt.l1_root:#066x}")
    for asset_id, l1_quanta in enumerate(rebuilt.l1_custody_quanta):
        quanta = state.globals.custody(asset_id)
        if asset_id == USD_ASSET_ID or quanta or l1_quanta:
            console.print(f"custody       {quanta} quanta of asset {asset_id}")
            console.print(f"L1 custody    {l1_quanta} quanta of asset {asset_id}")
    if not rebuilt.has_l1_custody:
        raise UserError("rebuild: state and contract disagree about custody", STATUS_REFUSED)
    if not rebuilt.matches:
        raise UserError("rebuild: the roots differ", STATUS_REFUSED)
    console.print("the roots are equal, and so is what is in custody")
