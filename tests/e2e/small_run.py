"""The files of the smallest run of our machine, for tests of what reads them."""

import json
from pathlib import Path

from circuits.compiler import compile_source, plain_code
from prover import _native
from prover.profiles import PROFILES, parameters_json
from prover.runner import write_files

PROGRAM = """%builtins output range_check ecdsa poseidon
func main{output_ptr: felt*, range_check_ptr, ecdsa_ptr: felt*, poseidon_ptr: felt*}() {
    assert [output_ptr] = 7;
    let output_ptr = output_ptr + 1;
    assert [range_check_ptr] = 5;
    let range_check_ptr = range_check_ptr + 1;
    assert [poseidon_ptr] = 1;
    assert [poseidon_ptr + 1] = 2;
    assert [poseidon_ptr + 2] = 3;
    let poseidon_ptr = poseidon_ptr + 6;
    return ();
}
"""


def small_run(folder: Path) -> _native.ProvableRun:
    """Compile and run the program; sources are left in the folder."""
    path = folder / "main.cairo"
    path.write_text(PROGRAM)
    program = _native.CairoProgram(json.dumps(plain_code(compile_source(path, folder), folder)))
    return program.run(({}, {}, {}), []).provable()


def write_small_run(folder: Path) -> None:
    """Write trace.bin, memory.bin, public_input.json, private_input.json and params.json.

    The private input names trace and memory relative to its own folder, so that copies of the
    folder are runs of their own.
    """
    run = small_run(folder)
    files = write_files(run, folder)
    private = json.loads(files.private_input.read_text())
    private |= {"trace_path": files.trace.name, "memory_path": files.memory.name}
    files.private_input.write_text(json.dumps(private))
    parameters = parameters_json(PROFILES["fast"], run.n_steps)
    (folder / "params.json").write_text(json.dumps(parameters))


def stark_prove_arguments(folder: Path, out: Path) -> list[str]:
    """Return the command line that proves the run of a folder."""
    return [
        *("stark", "prove", "--public-input", str(folder / "public_input.json")),
        *("--private-input", str(folder / "private_input.json")),
        *("--params", str(folder / "params.json"), "--out", str(out)),
    ]
