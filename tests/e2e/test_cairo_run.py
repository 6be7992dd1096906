"""Runs that cairo-lang's own `cairo-run` wrote: which are proven, and why the others are not."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.test_cli import Cli
from tests.soundness.proofs import STONE_PROOFS, load_proof

ROOT = Path(__file__).resolve().parents[2]
_, _, CAIRO_LANG, SWIFTNESS = STONE_PROOFS
PROGRAM = """%builtins output
func main{output_ptr: felt*}() {
    assert [output_ptr] = 7;
    let output_ptr = output_ptr + 1;
    return ();
}
"""
# The shim lets cairo-lang run on newer Pythons.
RUN = """import circuits.cairo_lang_shim
import sys
from starkware.cairo.lang.vm.cairo_run import main
sys.exit(main())
"""
BUILTINS = (
    *("pedersen", "range_check", "ecdsa", "bitwise", "ec_op"),
    *("keccak", "poseidon", "add_mod", "mul_mod", "range_check96"),
)


def layout_file() -> dict[str, Any]:
    """Return what `--cairo_layout_params_file` takes, all builtins off."""
    return {
        "cpu_component_step": 1,
        "rc_units": 4,
        "memory_units_per_step": 8,
        "log_diluted_units_per_step": 4,
        **{f"uses_{name}_builtin": 0 for name in BUILTINS},
        **{f"{name}_ratio": 0 for name in BUILTINS},
        **{f"{name}_ratio_den": 1 for name in ("add_mod", "mul_mod", "range_check96")},
    }


def parameters(steps: list[int]) -> str:
    """Return weak parameters, for a quick proof."""
    fri = {"fri_step_list": steps, "last_layer_degree_bound": 64, "n_queries": 4}
    stark = {"log_n_cosets": 2, "fri": {**fri, "proof_of_work_bits": 4}}
    return json.dumps({"field": "PrimeField0", "use_extension_field": False, "stark": stark})


def cairo_run(folder: Path, layout: str) -> None:
    """Write the four files of a run."""
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    options = ["--cairo_layout_params_file=layout.json"] if layout == "dynamic" else []
    for command in (
        [Path(sys.executable).with_name("cairo-compile"), "main.cairo", "--output", "main.json"],
        [sys.executable, "run.py", "--program=main.json", f"--layout={layout}", *options],
    ):
        outputs = [
            *("--air_public_input=public.json", "--air_private_input=private.json"),
            *("--trace_file=trace.bin", "--memory_file=memory.bin"),
        ]
        arguments = outputs if "run.py" in command else []
        subprocess.run(
            [*command, *arguments, "--proof_mode"],
            cwd=folder,
            env=environment,
            check=True,
            capture_output=True,
        )


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("cairo_run")
    (path / "main.cairo").write_text(PROGRAM)
    (path / "run.py").write_text(RUN)
    (path / "layout.json").write_text(json.dumps(layout_file()))
    cairo_run(path, "dynamic")
    return path


@pytest.fixture
def cli(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Cli:
    monkeypatch.setenv("COLUMNS", "200")
    return Cli(tmp_path / "home", monkeypatch, capsys)


def prove(cli: Cli, folder: Path, *options: str) -> tuple[int, str]:
    """Return status and output of the prover."""
    result = cli(
        *("stark", "prove", "--public-input", str(folder / "public.json")),
        *("--private-input", str(folder / "private.json")),
        *("--params", str(folder / "params.json"), "--out", str(folder / "proof.json")),
        *options,
    )
    return result.status, result.out + result.err


def test_run_of_cairo_run_when_dynamic_then_proven_in_a_layout_that_fits(
    cli: Cli, folder: Path
) -> None:
    public_input = json.loads((folder / "public.json").read_text())
    assert public_input["dynamic_params"] is None
    (folder / "params.json").write_text(parameters([0, 3, 3, 4]))
    status, output = prove(cli, folder, "--min-security-bits", "0")
    assert (status, "no minimum of security was asked for" in output) == (0, True), output
    for option in ((), ("--python",)):
        accepted = cli(
            *("stark", "verify", str(folder / "proof.json"), "--min-security-bits", "11", *option)
        )
        assert (accepted.status, "accepted" in accepted.out) == (0, True), accepted.err
    proven = json.loads((folder / "proof.json").read_text())["public_input"]
    assert len(proven.pop("dynamic_params")) == 340
    del public_input["dynamic_params"]
    assert proven == public_input


def test_run_of_cairo_run_when_parameters_do_not_fit_then_says_how_long_the_trace_is(
    cli: Cli, folder: Path
) -> None:
    (folder / "params.json").write_text(parameters([0, 4, 3]))
    status, output = prove(cli, folder)
    assert status == 2
    assert "FRI steps and last layer give degree 2^13, the trace has length 2^16" in output
    (folder / "params.json").write_text(parameters([0, 3, 3, 4]))
    status, output = prove(cli, folder)
    # 96 bits are asked for unless the option says otherwise.
    assert (status, "11.920 bits of conjectured security, 96 are" in output) == (2, True), output


def test_run_of_cairo_run_when_the_layout_is_another_then_unsupported(
    cli: Cli, folder: Path, tmp_path: Path
) -> None:
    for name in ("main.cairo", "run.py"):
        (tmp_path / name).write_text((folder / name).read_text())
    (tmp_path / "params.json").write_text(parameters([0, 3, 3, 4]))
    cairo_run(tmp_path, "small")
    status, output = prove(cli, tmp_path)
    assert status == 2
    assert "unsupported: " in output
    assert 'layout "small" is not supported, only "dynamic"' in output


@pytest.mark.parametrize("name", [CAIRO_LANG, SWIFTNESS])
def test_layout_of_starkware_when_columns_share_cells_then_unsupported_with_that_reason(
    cli: Cli, tmp_path: Path, name: str
) -> None:
    proof = load_proof(name)
    (tmp_path / "public.json").write_text(json.dumps(proof["public_input"]))
    (tmp_path / "params.json").write_text(json.dumps(proof["proof_parameters"]))
    (tmp_path / "private.json").write_text("{}")
    status, output = prove(cli, tmp_path)
    assert status == 2
    assert "cannot prove: unsupported: " in output
    assert "share cells, and this prover fills every cell of a column" in output
