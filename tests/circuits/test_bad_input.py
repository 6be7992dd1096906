"""Programs and inputs that the native machine refuses: a clear error, never a crash."""

import json
import random
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from circuits.compiler import compile_source, plain_code
from circuits.program import compiled_code
from circuits.program_input import ProgramInput, program_input
from novation.crypto import FIELD_PRIME
from prover._native import CairoProgram, CairoRun, CairoRunError
from prover.runner import load_program
from tests.circuits.tape import CONFIG
from tests.support.scenarios import every_outcome

SEED = 2027
RECORDS = program_input(every_outcome()[1].witness)
HEADER = "%builtins output range_check ecdsa poseidon\n"
ARGUMENTS = "output_ptr: felt*, range_check_ptr, ecdsa_ptr: felt*, poseidon_ptr: felt*"


def run(records: ProgramInput, tape: list[Any], **options: Any) -> CairoRun:
    return load_program().run(records.opened, tape, **options)


def compiled(folder: Path, body: str, imports: str = "") -> CairoProgram:
    """Compile a program whose main function has this body."""
    path = folder / "main.cairo"
    path.write_text(f"{HEADER}{imports}\nfunc main{{{ARGUMENTS}}}() {{\n{body}\n}}\n")
    return CairoProgram(json.dumps(plain_code(compile_source(path, folder), folder)))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda code: code.update(bytecode=["0x"]), "compiled program: "),
        (lambda code: code.pop("start"), "compiled program: missing field `start`"),
        (lambda code: code.update(builtins=["output", "pedersen"]), "builtins .*pedersen"),
        (lambda code: code.update(builtins=["poseidon", "output"]), "builtins .*in that order"),
        (lambda code: code["hints"].update({"99999": []}), "hint at 99999"),
    ],
)
def test_program_when_malformed_then_value_error(
    change: Callable[[dict[str, Any]], object], message: str
) -> None:
    code = json.loads(compiled_code())
    change(code)
    with pytest.raises(ValueError, match=message):
        CairoProgram(json.dumps(code))


def test_program_when_a_hint_is_unknown_then_error_names_it_before_any_run() -> None:
    code = json.loads(compiled_code())
    pc, hints = next(iter(code["hints"].items()))
    hints[0]["text"] += "  # as if it were another"
    with pytest.raises(ValueError, match=f"pc {pc}: no function for the hint .*as if it were"):
        CairoProgram(json.dumps(code))


def test_program_when_a_name_of_a_hint_is_missing_then_error_names_it() -> None:
    code = json.loads(compiled_code())
    hint = next(
        h for hints in code["hints"].values() for h in hints if "latest_market" in h["text"]
    )
    del hint["ids"]["market_id"]
    with pytest.raises(ValueError, match=r'"market_id" is not what the hint'):
        CairoProgram(json.dumps(code))


def test_run_when_the_tape_is_cut_short_then_error_names_item_and_hint() -> None:
    tape = list(RECORDS.tape)[:-1]
    with pytest.raises(CairoRunError, match=rf"witness\)\": witness: item {len(tape)} is absent"):
        run(RECORDS, tape)


def test_run_when_an_item_has_another_form_then_error_names_place_and_form() -> None:
    tape = list(RECORDS.tape)
    tape[CONFIG] = 7
    with pytest.raises(
        CairoRunError, match=r"config\.cairo:\d+\).*item 1 is a number, expected a list"
    ):
        run(RECORDS, tape)
    tape = list(RECORDS.tape)
    tape[-1] = [1, 2]
    with pytest.raises(CairoRunError, match="is a list, expected a number"):
        run(RECORDS, tape)


@pytest.mark.parametrize("item", [None, 1.5, "7", {1: 2}])
def test_run_when_an_item_is_no_integer_then_type_error(item: object) -> None:
    with pytest.raises(TypeError, match="not an integer"):
        run(RECORDS, [*RECORDS.tape, [item]])


def test_run_when_lists_are_nested_without_end_then_value_error() -> None:
    endless: list[Any] = []
    endless.append(endless)
    with pytest.raises(ValueError, match="nested deeper"):
        run(RECORDS, [endless])


def test_run_when_an_integer_exceeds_the_field_then_its_residue_counts() -> None:
    shifted = [
        item + FIELD_PRIME * 2**300 if isinstance(item, int) else [*item[:-1], item[-1]]
        for item in RECORDS.tape
    ]
    assert run(RECORDS, shifted).output == list(every_outcome()[1].output)
    lowered = [item - FIELD_PRIME if isinstance(item, int) else item for item in RECORDS.tape]
    assert run(RECORDS, lowered).output == list(every_outcome()[1].output)


def test_run_when_an_assertion_fails_then_error_has_the_instruction() -> None:
    tape = list(RECORDS.tape)
    tape[CONFIG] = [felt + 1 for felt in tape[CONFIG]]  # type: ignore[union-attr]
    with pytest.raises(CairoRunError, match=r"\.cairo:\d+\): assertion failed: .* != ") as error:
        run(RECORDS, tape)
    assert 0 < error.value.pc < len(json.loads(compiled_code())["bytecode"])


def test_run_when_it_takes_more_steps_than_allowed_then_error() -> None:
    with pytest.raises(CairoRunError, match="more than 1000 steps"):
        run(RECORDS, list(RECORDS.tape), step_limit=1000)


def test_run_when_it_never_ends_then_ctrl_c_stops_it(tmp_path: Path) -> None:
    program = compiled(tmp_path, "again:\n jmp again;")
    signal.setitimer(signal.ITIMER_REAL, 0.05)
    previous = signal.signal(signal.SIGALRM, signal.default_int_handler)
    try:
        with pytest.raises(KeyboardInterrupt):
            program.run(({}, {}, {}), [], step_limit=1 << 30)
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, previous)


ALLOC = "from starkware.cairo.common.alloc import alloc"


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ("let (p) = alloc(); assert [p + 2 ** 30] = 1; ret;", "memory of more than"),
        ("let (p) = alloc(); assert [p + 2 ** 40] = 1; ret;", r"no pointer arithmetic"),
        ("let (p) = alloc(); assert [p - 1] = 1; ret;", "no pointer arithmetic"),
        ("let (p) = alloc(); assert [p] = [p + 1]; ret;", "more than one cell"),
        ("let (p) = alloc(); tempvar x = [p]; ret;", "more than one cell"),
        (
            "let (p) = alloc(); tempvar x = cast(p, felt) * 2; ret;",
            r"no pointer arithmetic: .* \* 2",
        ),
        ("tempvar zero = 0; tempvar x = 1 / zero; ret;", "division by zero"),
        ("tempvar x = [cast(7, felt*)]; ret;", "7 is not an address"),
        ("ap += 2 ** 31; ret;", "ap would be"),
        ("jmp abs 0;", "pc would be"),
        ("jmp rel 2 ** 20;", "not an instruction"),
        (
            "assert [range_check_ptr] = -1; let range_check_ptr = range_check_ptr + 1; return ();",
            "builtin range_check: value 0",
        ),
        ("let range_check_ptr = range_check_ptr - 1; return ();", "no pointer arithmetic"),
        ("let ecdsa_ptr = ecdsa_ptr + 2; return ();", "builtin ecdsa: no signature at 0"),
        ("let ecdsa_ptr = ecdsa_ptr + 1; return ();", "builtin ecdsa: stop pointer"),
        ("let poseidon_ptr = poseidon_ptr + 6; return ();", "instance 0 lacks an input"),
        ("let output_ptr = output_ptr + 1; return ();", "cell 2:0 is unknown"),
    ],
)
def test_run_when_the_program_does_what_cannot_be_proven_then_error(
    body: str, message: str, tmp_path: Path
) -> None:
    body = body.replace("; ", ";\n").replace("let (p) = alloc()", "let (local_p) = alloc()")
    body = body.replace("local_p", "p")
    program = compiled(tmp_path, body, ALLOC if "alloc" in body else "")
    with pytest.raises(CairoRunError, match=message):
        program.run(({}, {}, {}), [])


def garbage(rng: random.Random, item: Any) -> Any:
    """Return something else in place of an item."""
    number = rng.choice((0, 1, -1, 2**64, 2**128, 2**251, rng.randrange(FIELD_PRIME)))
    choices: list[Any] = [number, [], [number], [[number]], [[], [item]]]
    if not isinstance(item, int):
        mixed = list(item)
        position = rng.randrange(len(mixed))
        mixed[position] = garbage(rng, mixed[position])
        choices += [mixed, mixed, mixed, mixed[1:], mixed * 2]
    return rng.choice(choices)


@pytest.mark.parametrize("part", range(4))
def test_run_when_the_input_is_garbage_then_error_or_another_output(part: int) -> None:
    rng = random.Random(SEED + part)
    refused = 0
    for _ in range(250):
        tape = list(RECORDS.tape)
        position = rng.randrange(len(tape))
        tape[position] = garbage(rng, tape[position])
        account = rng.choice(list(RECORDS.accounts))
        accounts = {**RECORDS.accounts, account: garbage(rng, RECORDS.accounts[account])}
        try:
            opened = (rng.choice((accounts, RECORDS.accounts)), RECORDS.orders, RECORDS.markets)
            load_program().run(opened, tape)
        except CairoRunError:
            refused += 1
    assert refused > 200, (SEED, part)
