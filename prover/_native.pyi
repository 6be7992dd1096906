"""The Cairo machine, the prover and the verifier in Rust."""

from collections.abc import Callable, Mapping, Sequence
from os import PathLike
from typing import Self, TypedDict

class CairoRunError(Exception):
    """A Cairo run that cannot be proven; `pc` is the offset of the instruction."""

    pc: int

class ProofRejected(Exception):
    """The proof does not prove its statement."""

class ProofUnreadable(Exception):
    """The file is not a proof file."""

class ProofUnsupported(Exception):
    """The proof may be valid; its layout, builtins, hashes or sizes are not judged here."""

class ProvingFailed(Exception):
    """The run could not be proven."""

class ProofReport(TypedDict):
    """What an accepted proof file says."""

    n_steps: int
    proof_bytes: int
    security_bits_proven: float
    security_bits_proven_beyond_johnson: float
    security_bits_conjectured: float
    security_bits_collision: float

class ProofPhase:
    """What one phase of a proof cost, and what it had to compute.

    `cpu_seconds` counts all threads, `peak_mb` is the process's so far in MiB. `floor_seconds` is
    the processor time of `field_muls` products and `hashes` permutations on this machine; `bytes`
    must be moved between memory and caches at least once.
    """

    name: str
    seconds: float
    cpu_seconds: float
    peak_mb: int
    field_muls: int
    hashes: int
    bytes: int
    floor_seconds: float

class Primitives(TypedDict):
    """Nanoseconds that one core of this machine needs for a primitive, on vectors."""

    field_mul_ns: float
    keccak_ns: float
    blake2s_ns: float

def primitives() -> Primitives:
    """Return what the primitives of a proof take; measured once per process.

    Raises:
        ValueError: `kernel` raises it.
    """

def kernel() -> str:
    """Return the name of the field kernel in use, which `NOVATION_KERNEL` may choose.

    Raises:
        ValueError: `NOVATION_KERNEL` names no kernel that this processor can run.
    """

def available_kernels() -> list[str]:
    """Return the names of the kernels that this processor can run, the fastest first."""

def stark_prove(
    public_input_path: str | PathLike[str],
    private_input_path: str | PathLike[str],
    params_path: str | PathLike[str],
    out_path: str | PathLike[str],
    progress: Callable[[str, float], object] | None = None,
    memory_budget: int | None = None,
    threads: int | None = None,
    min_security_bits: int = 0,
) -> list[ProofPhase]:
    """Prove a Cairo run and write the proof file, complete or not at all.

    The inputs are the files of `cairo-run --proof_mode` and Stone's parameters. `progress` is
    called with the name of the phase and the fraction of the work done. `memory_budget` limits the
    bytes that the process may have in use. Without `threads` all processors work. The proof is
    the same whatever these two are.

    Raises:
        OSError: a file cannot be read or written.
        ValueError: a file is malformed, or the statement, the parameters, their security, the
            memory budget or the kernel asked for are not acceptable.
        ProvingFailed: the run does not fit the statement or violates a constraint.
        BaseException: what `progress` raised, or KeyboardInterrupt; there is no file then.
    """

class HintView:
    """A hint that is about to run. Pointers are addresses of a flat memory.

    Segment `k` begins at `(k + 1) * 2**32`; the first 14 are the program, the execution, the
    builtins of the layout and a segment of zeros. Those of the records follow.
    """

    place: str
    ap: int
    fp: int

    def operand(self, name: str) -> int:
        """Return the value of `ids.name`; KeyError if the hint does not have it."""

    def address(self, name: str) -> int:
        """Return the address of the cell of `ids.name`."""

    def load(self, address: int) -> int:
        """Return the value of a cell; CairoRunError if it has none."""

    def store(self, address: int, value: int) -> None:
        """Give a cell a value; CairoRunError if it has another."""

    def run(self) -> None:
        """Do what the program's hint does."""

class ProvableRun:
    """A run on final addresses, padded to a power of two of steps."""

    n_steps: int

    def public_input_json(self) -> str:
        """Return the statement in the format of cairo-run; ValueError if proven already."""

    def write_files(self, folder: str | PathLike[str]) -> None:
        """Write trace.bin, memory.bin, public_input.json and private_input.json, or nothing."""

class CairoRun:
    """A run that ended and whose builtins hold.

    `n_steps` counts up to the first execution of the end loop; `builtin_cells` are those up to the
    stop pointers.
    """

    n_steps: int
    output: list[int]
    builtin_cells: dict[str, int]

    def steps_by_pc(self) -> list[int]:
        """Return how often the instruction at each offset of the bytecode was executed."""

    def provable(self) -> ProvableRun:
        """Place the run in one address space; ValueError if it does not fit the layout."""

class CairoProgram:
    """A compiled program, as JSON of circuits.compiler.

    ValueError if it is something else, or has a hint without a native function.
    """

    def __new__(cls, compiled: str) -> Self: ...
    def run(
        self,
        opened: tuple[Mapping[int, object], Mapping[int, object], Mapping[int, object]],
        tape: Sequence[object],
        step_limit: int = ...,
        overrides: Mapping[str, Callable[[HintView], object]] | None = None,
    ) -> CairoRun:
        """Run in proof mode on opened records and a tape of integers and nested lists.

        `opened` are accounts, orders and markets, each by its number.

        `overrides` are dishonest hints by the text of the honest ones; such a run treats pointers
        as numbers where no other sense fits, and is not provable.

        Raises:
            CairoRunError: the input proves nothing; the message names the instruction.
            TypeError: the input holds something else than integers and lists.
        """

def stark_prove_run(
    run: ProvableRun,
    params_json: str,
    progress: Callable[[str, float], object] | None = None,
    memory_budget: int | None = None,
    threads: int | None = None,
    min_security_bits: int = 0,
) -> tuple[bytes, list[ProofPhase]]:
    """Prove a run; return the proof file's content and what each phase cost.

    Takes the run's memory away: it can be proven once. Raises as `stark_prove`.
    """

def stark_verify(proof: str | PathLike[str] | bytes, min_security_bits: int = 0) -> ProofReport:
    """Verify a proof file, given by path or as bytes.

    Raises:
        OSError: the file cannot be read.
        ProofUnreadable: the content is not a proof file.
        ProofUnsupported: the proof is of a kind that is not judged.
        ProofRejected: the proof is wrong, or has less conjectured security than required.
    """

def stark_verify_many(
    proofs: Sequence[str | PathLike[str] | bytes], min_security_bits: int = 0
) -> list[ProofReport | OSError | ProofUnreadable | ProofUnsupported | ProofRejected]:
    """Verify many proof files on all cores.

    Returns for each what `stark_verify` returns, or the exception that it raises.
    """

def air_description(public_input: str) -> str:
    """Return the AIR of a statement as JSON; ValueError if the statement is not acceptable."""

def pack_layout(ratios: str) -> str:
    """Return the 340 parameters of the dynamic layout for given ratios, both as JSON objects.

    The keys of the ratios are cpu_component_step, memory_units_per_step,
    range_check_units_per_step, diluted_units_row_ratio (rows per diluted unit) and
    steps_per_instance (by builtin name). ValueError if there is no such layout.
    """
