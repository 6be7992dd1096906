"""The core of the batch program leads into the rest at one place, if the rest is loaded."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from circuits.compiler import compile_loader, compile_parts, loaded_code
from circuits.loader import CHUNK_WORDS, core_of, padded, words_hash
from circuits.parts import REST_ENTRY
from circuits.program import bytecode, compiled_program_path, functions, n_core_words
from novation.crypto import FIELD_PRIME
from novation.protocol.cost import RARE_TRANSACTIONS
from prover._native import CairoProgram, CairoRun, CairoRunError, HintView
from prover.cost import cost_of
from prover.runner import load_program
from tests.circuits.forgery import forged, run_dishonestly
from tests.circuits.forging_batches import forging_batches, forging_inputs
from tests.circuits.tape import CORE_ONLY

ROOT = Path(__file__).parents[2]
LOADER = ROOT / "circuits" / "cairo" / "loader.cairo"
LOADING = "load_program(ids.words, ids.n_words)"
# Of an instruction, counted from bit 48 of its word.
IMMEDIATE, JUMP_ABSOLUTE, JUMP_RELATIVE, JUMP_IF, CALL, RETURN = (
    1 << bit for bit in (2, 7, 8, 9, 12, 13)
)
WAYS = JUMP_ABSOLUTE | JUMP_RELATIVE | JUMP_IF
# [ap] = (the word behind), ap++
PUSH = 0x480680017FFF8000
GET_LABEL = "starkware.cairo.common.registers.get_label_location"
# Writes 7 without the rest, and with it 8.
SOURCE = """%builtins output range_check ecdsa poseidon
func main{output_ptr: felt*, range_check_ptr, ecdsa_ptr: felt*, poseidon_ptr: felt*}() {
    if ([fp - 7] != 0) {
        assert [output_ptr] = 7;
        let output_ptr = output_ptr + 1;
        return ();
    }
    let (value) = rare();
    assert [output_ptr] = value;
    let output_ptr = output_ptr + 1;
    return ();
}

func rare() -> (value: felt) {
MORE    return (value=8);
}
""".replace("MORE", "    tempvar more = 5;\n" * CHUNK_WORDS)


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """Return the code of a small program of two parts, in the loader."""
    folder = tmp_path_factory.mktemp("parts")
    (folder / "main.cairo").write_text(SOURCE)
    batch = compile_parts(folder / "main.cairo", folder, rest_entry="__main__.rare")
    code = loaded_code(batch, compile_loader(LOADER, ROOT, batch), ROOT)
    assert len(core_of(batch.program.data, batch.n_core_words)) < len(padded(batch.program.data))
    return code


def run(code: dict[str, Any], core_only: int, overrides: dict[str, Any] | None = None) -> CairoRun:
    return CairoProgram(json.dumps(code)).run(({}, {}, {}), [core_only], overrides=overrides)


def words_of(code: dict[str, Any]) -> list[int]:
    return [int(word, 16) for word in code["bytecode"]]


def changed(code: dict[str, Any], position: int) -> dict[str, Any]:
    words = list(code["bytecode"])
    words[position] = hex(int(words[position], 16) ^ 1)
    return {**code, "bytecode": words}


def test_run_when_the_core_suffices_then_the_rest_is_neither_hashed_nor_there(
    small: dict[str, Any],
) -> None:
    whole, core = run(small, 0), run(small, 1)
    assert (whole.output, core.output) == ([8], [7])
    words = words_of(small)
    n_less = len(padded(words)) - len(core_of(words, small["n_core_words"]))
    less = cost_of(whole) - cost_of(core)
    assert less.permutations == n_less // 2
    assert less.n_steps > 2 * n_less


@pytest.mark.parametrize("core_only", [2, -1, FIELD_PRIME - 1, 1 << 128])
def test_run_when_the_choice_is_neither_0_nor_1_then_error(
    small: dict[str, Any], core_only: int
) -> None:
    with pytest.raises(CairoRunError, match=r"loader\.cairo:\d+\): assertion failed"):
        run(small, core_only)


def test_run_when_a_word_differs_that_is_loaded_then_error(small: dict[str, Any]) -> None:
    """What is not loaded may be anything: nothing gets there."""
    words = words_of(small)
    n_loaded = len(core_of(words, small["n_core_words"]))
    for position in range(len(words)):
        for core_only in (0, 1):
            if core_only and position >= n_loaded:
                assert run(changed(small, position), core_only).output == [7]
                continue
            with pytest.raises(CairoRunError, match=r"loader\.cairo:\d+\): assertion failed"):
                run(changed(small, position), core_only)


@pytest.mark.parametrize("core_only", [0, 1])
def test_run_when_the_other_part_is_loaded_than_is_claimed_then_error(
    small: dict[str, Any], core_only: int
) -> None:
    words = words_of(small)
    core = core_of(words, small["n_core_words"])
    # In place of the rest: zeros, so that as many words are there as are hashed.
    placed = padded(words) if core_only else [*core, *[0] * (len(padded(words)) - len(core))]
    # Behind the core the stack of main begins.
    assert words[len(core) :] != [0] * (len(words) - len(core))

    def load(hint: HintView) -> None:
        for offset, word in enumerate(placed):
            hint.store(hint.operand("words") + offset, word)

    with pytest.raises(CairoRunError):
        run(small, core_only, {LOADING: load})


def test_hashes_of_core_and_program_are_those_of_other_lists() -> None:
    words = bytecode()
    core = core_of(words, n_core_words())
    assert core == list(words[: len(core)])
    assert words_hash(core) != words_hash(words)
    assert n_core_words() <= len(core) < n_core_words() + CHUNK_WORDS


def test_core_when_decoded_then_one_guarded_call_leads_to_the_rest() -> None:
    """Whatever follows the core in memory is not the program's, if the rest is not loaded."""
    places = set(sweep())
    targets = dict(ways())
    calls = [position for position, target in targets.items() if target >= n_core_words()]
    (call,) = calls
    assert targets[call] == offset_of(REST_ENTRY)
    assert bytecode()[call] >> 48 & CALL
    inside = set(targets.values()) - {targets[call]}
    assert min(inside) >= 0
    assert inside <= places
    # Between the guard and the call no instruction branches, and none from elsewhere goes there.
    offset = offset_of_core_only()
    (guard,) = (place for place in places if is_guard(place, offset))
    assert guard < call
    between = {place for place in places if guard <= place <= call}
    assert not between & inside
    assert not (between - {call}) & targets.keys()


def test_core_when_decoded_then_it_does_not_run_on_into_the_rest() -> None:
    """Its last instruction returns, and the others that have no successor jump within it."""
    *_, last = sweep()
    assert bytecode()[last] >> 48 & RETURN
    assert last + 1 == n_core_words()


def test_core_when_decoded_then_it_takes_no_address_in_the_rest() -> None:
    words, get_label = bytecode(), offset_of(GET_LABEL)
    calls = [position for position, target in ways() if target == get_label]
    assert calls
    for call in calls:
        assert words[call - 2] == PUSH
        assert words[call - 1] < n_core_words()
    # Nor does a pointer to code come from elsewhere: what a call of it leaves is the place itself.
    assert all(target < n_core_words() or target == offset_of(REST_ENTRY) for _, target in ways())


def is_guard(position: int, core_only_offset: int) -> bool:
    """Say whether an instruction compares `core_only` of the second of five arguments with 0."""
    words = bytecode()
    # [ap - 1] = [[fp - 6] + core_only_offset]
    guard = 0x4002_8000_7FFA_7FFF + (core_only_offset << 32)
    return words[position] == guard and words[position - 2 : position] == (PUSH, 0)


def offset_of_core_only() -> int:
    """Return the offset of `core_only` in an environment."""
    identifiers = json.loads(compiled_program_path().read_text())["identifiers"]
    members = identifiers["circuits.cairo.environment.Environment"]["members"]
    return int(members["core_only"]["offset"])


def sweep() -> Iterator[int]:
    """Yield where the instructions of the core are."""
    words, position = bytecode(), 0
    while position < n_core_words():
        yield position
        position += 2 if words[position] >> 48 & IMMEDIATE else 1


def ways() -> Iterator[tuple[int, int]]:
    """Yield the jumps and calls of the core, and their targets."""
    words = bytecode()
    for position in sweep():
        flags = words[position] >> 48
        if flags & WAYS and not flags & RETURN:
            assert flags & IMMEDIATE, position
            assert not flags & JUMP_ABSOLUTE, position
            distance = words[position + 1]
            yield position, position + distance - FIELD_PRIME * (distance > FIELD_PRIME // 2)


def offset_of(name: str) -> int:
    (offset,) = (pc for pc, function in functions() if function == name)
    return offset


@pytest.mark.parametrize("name", forging_batches())
def test_batch_when_the_core_is_claimed_to_suffice_then_only_without_rare_ones(name: str) -> None:
    """The words of the rest may even lie behind the core: the guard comes before them."""
    sealed, records = forging_batches()[name], forging_inputs()[name]
    entries = sealed.witness.entries
    is_rare = any(isinstance(entry.transaction, RARE_TRANSACTIONS) for entry in entries)
    assert records.tape[CORE_ONLY] == (0 if is_rare else 1)
    if not is_rare:
        assert run_dishonestly(forged(records, (("tape", CORE_ONLY), -1))) == sealed.output
        return
    claimed = forged(records, (("tape", CORE_ONLY), 1))
    assert run_dishonestly(claimed) is None
    with pytest.raises(CairoRunError, match=r"execute\.cairo:\d+\): assertion failed"):
        load_program().run(claimed.opened, claimed.tape)


def test_forging_batches_run_both_parts() -> None:
    choices = {records.tape[CORE_ONLY] for records in forging_inputs().values()}
    assert choices == {0, 1}
