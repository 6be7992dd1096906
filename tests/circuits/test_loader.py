"""The loader runs the batch program and nothing else: other words, another entry, another hash."""

import json
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from circuits.compiler import (
    BatchProgram,
    compile_loader,
    compile_source,
    loaded_code,
)
from circuits.loader import (
    CHUNK_WORDS,
    CONSTANTS_MODULE,
    MAX_WORDS,
    constants_source,
    padded,
    words_hash,
)
from circuits.program import bytecode, loader_bytecode, program_hash
from prover._native import CairoProgram, CairoRun, CairoRunError, HintView
from prover.statement import StatementError, proven_output

ROOT = Path(__file__).parents[2]
LOADER = ROOT / "circuits" / "cairo" / "loader.cairo"
PROGRAM_HASH_POSITION = 7
# Of an instruction, counted from bit 48 of its word.
IMMEDIATE_FLAG, ABSOLUTE_JUMP_FLAG, RETURN_FLAG = 1 << 2, 1 << 7, 1 << 13
# main writes 7; cheat, which nothing calls, would write 8.
SOURCE = """%builtins output range_check ecdsa poseidon
func main{output_ptr: felt*, range_check_ptr, ecdsa_ptr: felt*, poseidon_ptr: felt*}() {
    assert [output_ptr] = 7;
    let output_ptr = output_ptr + 1;
    return ();
}

func cheat{output_ptr: felt*, range_check_ptr, ecdsa_ptr: felt*, poseidon_ptr: felt*}() {
    assert [output_ptr] = 8;
    let output_ptr = output_ptr + 1;
    return ();
}
"""


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> tuple[Any, dict[str, Any]]:
    """Return a small compiled program, all of which is core, and its code in the loader."""
    folder = tmp_path_factory.mktemp("small")
    (folder / "main.cairo").write_text(SOURCE)
    program = compile_source(folder / "main.cairo", folder)
    return program, in_loader(program)


def in_loader(program: Any) -> dict[str, Any]:
    """Return the code of a program all of which is core."""
    batch = BatchProgram(program, len(program.data))
    return loaded_code(batch, compile_loader(LOADER, ROOT, batch), ROOT)


def run(
    code: dict[str, Any], overrides: dict[str, Any] | None = None, core_only: int = 0
) -> CairoRun:
    return CairoProgram(json.dumps(code)).run(({}, {}, {}), [core_only], overrides=overrides)


def with_constants(program: Any, **changes: int) -> dict[str, Any]:
    """Return the code of a program in a loader some of whose constants are others."""
    source = constants_source(program.data, program.get_label("main"), len(program.data))
    for name, value in changes.items():
        lines = [
            f"const {name} = {value};" if line.startswith(f"const {name} ") else line
            for line in source.splitlines()
        ]
        source = "\n".join(lines)
    loader = compile_source(LOADER, ROOT, {CONSTANTS_MODULE: source})
    return loaded_code(BatchProgram(program, len(program.data)), loader, ROOT)


def test_run_when_the_words_are_those_of_the_hash_then_main_runs(small: Any) -> None:
    assert run(small[1]).output == [7]


def test_run_when_any_word_differs_then_error(small: Any) -> None:
    for position in range(len(small[1]["bytecode"])):
        code = json.loads(json.dumps(small[1]))
        code["bytecode"][position] = hex(int(code["bytecode"][position], 16) ^ 1)
        with pytest.raises(CairoRunError, match=r"loader\.cairo:\d+\): assertion failed"):
            run(code)


def test_run_when_another_program_of_that_length_is_loaded_then_error(
    small: Any, tmp_path: Path
) -> None:
    (tmp_path / "main.cairo").write_text(SOURCE.replace("= 7;", "= 9;"))
    other = compile_source(tmp_path / "main.cairo", tmp_path)
    assert len(other.data) == len(small[0].data)
    code = {**small[1], "bytecode": [hex(word) for word in other.data]}
    with pytest.raises(CairoRunError, match=r"loader\.cairo:\d+\): assertion failed"):
        run(code)


def test_run_when_words_are_added_then_error(small: Any) -> None:
    """Zeros up to a whole chunk are part of what is hashed; anything else is not."""
    words = small[1]["bytecode"]
    assert len(words) % CHUNK_WORDS != 0
    assert run({**small[1], "bytecode": [*words, "0x0"]}).output == [7]
    with pytest.raises(CairoRunError, match="assertion failed"):
        run({**small[1], "bytecode": [*words, "0x1"]})
    with pytest.raises(CairoRunError, match="assertion failed"):
        run({**small[1], "bytecode": [*words, *["0x1"] * CHUNK_WORDS]})
    # Beyond the chunks that are hashed none is loaded.
    assert run({**small[1], "bytecode": [*words, *["0x0"] * CHUNK_WORDS, "0x1"]}).output == [7]


def test_run_when_the_program_gives_permutations_back_then_error(tmp_path: Path) -> None:
    """Else a short trace would do, in which the cells of the hash are no permutations."""
    for change, is_refused in (("6", True), ("0", False), ("-6", False)):
        source = SOURCE.replace("return", f"let poseidon_ptr = poseidon_ptr - ({change});\nreturn")
        (tmp_path / "main.cairo").write_text(source)
        program = compile_source(tmp_path / "main.cairo", tmp_path)
        code = in_loader(program)
        if is_refused:
            with pytest.raises(CairoRunError, match="range_check: value 0 is"):
                run(code)
        else:
            with suppress(CairoRunError):
                assert run(code).output == [7]


@pytest.mark.parametrize("shift", [-1, 1, CHUNK_WORDS])
def test_run_when_the_words_are_placed_elsewhere_then_error(small: Any, shift: int) -> None:
    def misplace(hint: HintView) -> None:
        for offset, word in enumerate(padded(small[0].data)):
            hint.store(hint.operand("words") + shift + offset, word)

    with pytest.raises(CairoRunError):
        run(small[1], {"load_program(ids.words, ids.n_words)": misplace})


def test_run_when_the_prover_writes_other_words_then_error(small: Any) -> None:
    """What the machine executes does not matter here: the hash comes first."""

    def write(hint: HintView) -> None:
        words = padded(small[0].data)
        words[words.index(7)] = 8
        for offset, word in enumerate(words):
            hint.store(hint.operand("words") + offset, word)

    with pytest.raises(CairoRunError, match=r"loader\.cairo:\d+\): assertion failed"):
        run(small[1], {"load_program(ids.words, ids.n_words)": write})


def test_statement_when_the_loader_has_other_constants_then_another_program(small: Any) -> None:
    """A loader that enters elsewhere, or has another hash, runs; its statement is another one."""
    program = small[0]
    entry = with_constants(program, ENTRY=program.get_label("cheat"))
    assert run(entry).output == [8]
    for n_chunks in (1, 3):
        with pytest.raises(CairoRunError):
            run(with_constants(program, N_CHUNKS=n_chunks))
    with pytest.raises(CairoRunError, match="assertion failed"):
        run(with_constants(program, PROGRAM_HASH=words_hash(program.data) + 1))
    public_input = json.loads(run(entry).provable().public_input_json())
    with pytest.raises(StatementError, match="another program"):
        proven_output(public_input)


def test_statement_has_the_loader_only(small: Any) -> None:
    public_input = json.loads(run(small[1]).provable().public_input_json())
    loader = [int(word, 16) for word in small[1]["loader"]["bytecode"]]
    cells = public_input["public_memory"][: len(loader)]
    assert [int(cell["value"], 16) for cell in cells] == loader
    assert public_input["memory_segments"]["execution"]["begin_addr"] == len(loader) + 3
    assert len(public_input["public_memory"]) == len(loader) + 2 + 2 * 4 + 1


def test_steps_when_counted_then_loader_and_program_are_told_apart(small: Any) -> None:
    steps = run(small[1]).steps_by_pc()
    offset = len(small[1]["bytecode"]) + 1
    assert len(steps) == offset + len(small[1]["loader"]["bytecode"])
    assert steps[small[0].get_label("main")] == 1
    assert steps[small[0].get_label("cheat")] == 0
    assert steps[offset] == 1


def test_loader_of_the_batch_program_names_its_hash() -> None:
    """L1 takes the hash from this position of the loader's words."""
    assert loader_bytecode()[PROGRAM_HASH_POSITION] == program_hash() == words_hash(bytecode())


def test_batch_program_when_decoded_then_it_runs_anywhere() -> None:
    """No jump and no call has an absolute target, but for returns: the loader decides the place."""
    words = bytecode()
    position = 0
    while position < len(words):
        flags = words[position] >> 48
        assert (flags & RETURN_FLAG != 0) == (flags & ABSOLUTE_JUMP_FLAG != 0), position
        position += 2 if flags & IMMEDIATE_FLAG else 1


def test_padded_when_the_program_is_too_long_then_error() -> None:
    assert len(padded([1] * MAX_WORDS)) == MAX_WORDS
    for words in ([], [1] * (MAX_WORDS + 1)):
        with pytest.raises(ValueError, match=f"{len(words)} words, the loader takes 1 to"):
            padded(words)
