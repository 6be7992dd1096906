"""Unreadable, unsupported and rejected: both verifiers give the same of the three answers.

Each case changes one thing of a valid proof; the fuzzers change structure and text at random.
"""

import json
import random
import time
from collections.abc import Callable
from typing import Any

import pytest

from prover import _native
from prover.reference import (
    RejectedProof,
    UnreadableProof,
    UnsupportedProof,
    verify_text,
)
from tests.soundness.mutations import Path, leaf_paths, lookup, replaced
from tests.soundness.proofs import STONE_PROOFS, load_proof

SEED = 20_261_127
GOLDEN_K, GOLDEN_P, _, SWIFTNESS = STONE_PROOFS
ACCEPTED, REJECTED, UNSUPPORTED, UNREADABLE = "accepted", "rejected", "unsupported", "unreadable"
SECTIONS = ("proof_hex", "public_input", "proof_parameters")

Change = Callable[[dict[str, Any]], object]


@pytest.fixture(scope="module")
def golden() -> dict[str, Any]:
    proof = load_proof(GOLDEN_K)
    return {key: proof[key] for key in SECTIONS}


def native(text: bytes, minimum: int = 0) -> tuple[str, str]:
    """Return the answer of the Rust verifier and what it says; let other exceptions out."""
    try:
        _native.stark_verify(text, minimum)
    except _native.ProofRejected as error:
        return REJECTED, str(error)
    except _native.ProofUnsupported as error:
        return UNSUPPORTED, str(error)
    except _native.ProofUnreadable as error:
        return UNREADABLE, str(error)
    return ACCEPTED, ""


def reference(text: bytes, minimum: int = 0) -> tuple[str, str]:
    """Return the answer of the reference verifier and what it says."""
    try:
        verify_text(text, minimum)
    except RejectedProof as error:
        return REJECTED, str(error)
    except UnsupportedProof as error:
        return UNSUPPORTED, str(error)
    except UnreadableProof as error:
        return UNREADABLE, str(error)
    return ACCEPTED, ""


def put(dotted: str, new: object) -> Change:
    """Return the change that puts a value at a path; it may be a new key."""
    *path, last = (int(key) if key.isdigit() else key for key in dotted.split("."))

    def change(proof: dict[str, Any]) -> object:
        parent = lookup(proof, tuple(path))
        changed: Any = list(parent) if isinstance(parent, list) else dict(parent)
        changed[last] = new
        return replaced(proof, tuple(path), changed)

    return change


def drop(dotted: str) -> Change:
    """Return the change that removes a key."""
    *path, last = dotted.split(".")

    def change(proof: dict[str, Any]) -> object:
        parent = lookup(proof, tuple(path))
        return replaced(proof, tuple(path), {k: v for k, v in parent.items() if k != last})

    return change


def text(edit: Callable[[str], str]) -> Callable[[dict[str, Any]], bytes]:
    """Return the change that edits the text of the file."""
    return lambda proof: edit(json.dumps(proof)).encode(errors="surrogatepass")


def repeat(key: str, value: str) -> Callable[[dict[str, Any]], bytes]:
    """Return the change that says a key a second time, first with another value."""
    return text(lambda whole: whole.replace(f'"{key}":', f'"{key}": {value}, "{key}":', 1))


FRI = "proof_parameters.stark.fri"
LAYOUT = "public_input.dynamic_params"
SEGMENTS = "public_input.memory_segments"
P = 2**251 + 17 * 2**192 + 1

UNREADABLE_CASES: dict[str, Any] = {
    "empty": lambda _: b"",
    "blank": lambda _: b" \n",
    "binary": lambda _: bytes(range(256)),
    "byte order mark": lambda proof: b"\xef\xbb\xbf" + json.dumps(proof).encode(),
    "hexadecimal only": lambda proof: proof["proof_hex"].encode(),
    "two documents": text(lambda whole: whole + "{}"),
    "cut": text(lambda whole: whole[: len(whole) // 2]),
    "trailing comma": text(lambda whole: whole[:-1] + ",}"),
    "comment": text(lambda whole: "/* */" + whole),
    "single quotes": text(lambda whole: whole.replace('"', "'")),
    "a list": lambda proof: [proof],
    "null": lambda _: None,
    "wrapped": lambda proof: {"proof": proof},
    "parameter file": lambda proof: proof["proof_parameters"],
    "public input file": lambda proof: proof["public_input"],
    "layout file": lambda proof: proof["public_input"]["dynamic_params"],
    "unread key: NaN": put("version", float("nan")),
    "unread key: infinite": text(lambda whole: whole[:-1] + ', "version": 1e999}'),
    "unread key: minus infinite": text(lambda whole: whole[:-1] + ', "version": -Infinity}'),
    "unread key: 400 digits": put("version", 10**400),
    "unread key: 5,000 digits": text(lambda whole: whole[:-1] + f', "version": {"7" * 5000}}}'),
    "unread key: half a surrogate pair": put("version", "\ud800"),
    "unread key: nested deeply": put("version", json.loads("[" * 40 + "]" * 40)),
    "nested very deeply": lambda _: b'{"proof_hex":' * 100_000,
    "key twice: proof_hex": repeat("proof_hex", '"0x"'),
    "key twice: n_queries": repeat("n_queries", "16"),
    "key twice: address": repeat("address", "1"),
    "key twice: in an unread key": text(lambda whole: whole[:-1] + ', "version": {"a":1,"a":1}}'),
    "unknown key": put("comment", "x"),
    "unknown key: parameters": put("proof_parameters.comment", "x"),
    "unknown key: misspelt parameter": put("proof_parameters.commitment_hsah", "x"),
    "unknown key: stark": put("proof_parameters.stark.comment", 1),
    "unknown key: fri": put(f"{FRI}.comment", 1),
    "unknown key: statement": put("proof_parameters.statement.comment", "x"),
    "unknown key: empty": put("proof_parameters.", 1),
    "unknown key: public input": put("public_input.comment", "x"),
    "unknown key: segment": put(f"{SEGMENTS}.output.size", 1),
    "unknown segment": put(f"{SEGMENTS}.segment_arena", {"begin_addr": 1, "stop_ptr": 1}),
    "unknown key: cell": put("public_input.public_memory.0.x", 1),
    "unknown key: layout": put(f"{LAYOUT}.comment", 1),
    "null parameter": put("proof_parameters.commitment_hash", None),
    "null statement": put("proof_parameters.statement", None),
    "null page": put("public_input.public_memory.0.page", None),
    "null layout parameters": put(LAYOUT, None),
    "number as text": put(f"{FRI}.n_queries", "16"),
    "number as truth value": put(f"{FRI}.n_queries", True),
    "number with a point": put(f"{FRI}.n_queries", 16.0),
    "minus zero": text(lambda whole: whole.replace('"rc_min": 0', '"rc_min": -0')),
    "exponent": text(lambda whole: whole.replace('"n_queries": 16', '"n_queries": 16e0')),
    "negative number": put("public_input.rc_min", -1),
    "number of 65 bits": put("public_input.rc_max", 2**64),
    "truth value as number": put("proof_parameters.use_extension_field", 0),
    "list as object": put(f"{FRI}.fri_step_list", {}),
    "object as list": put(SEGMENTS, []),
    "step as text": put(f"{FRI}.fri_step_list.1", "3"),
    "layout is a number": put("public_input.layout", 5),
    "value without 0x": put("public_input.public_memory.0.value", "1"),
    "value with 0X": put("public_input.public_memory.0.value", "0X1"),
    "value as number": put("public_input.public_memory.0.value", 1),
    "value without digits": put("public_input.public_memory.0.value", "0x"),
    "value of 65 digits": put("public_input.public_memory.0.value", "0x" + "0" * 64 + "1"),
    "value is p": put("public_input.public_memory.0.value", hex(P)),
    "value with a sign": put("public_input.public_memory.0.value", "0x-1"),
    "value with an underscore": put("public_input.public_memory.0.value", "0x1_0"),
    "value with another script's digit": put("public_input.public_memory.0.value", "0x\u0661"),
    "proof without 0x": lambda proof: {**proof, "proof_hex": proof["proof_hex"][2:]},
    "proof with an odd digit": lambda proof: {**proof, "proof_hex": proof["proof_hex"] + "0"},
    "proof with a letter": lambda proof: {**proof, "proof_hex": proof["proof_hex"] + "zz"},
    "proof is null": put("proof_hex", None),
    "proof is a list": put("proof_hex", []),
    **{
        f"missing {dotted}": drop(dotted)
        for dotted in (
            *SECTIONS,
            *(f"public_input.{key}" for key in ("layout", "n_steps", "rc_min", "rc_max")),
            *(f"public_input.{key}" for key in ("memory_segments", "public_memory")),
            LAYOUT,
            f"{LAYOUT}.cpu_component_step",
            f"{SEGMENTS}.mul_mod",
            f"{SEGMENTS}.output.stop_ptr",
            *(f"proof_parameters.{key}" for key in ("field", "use_extension_field", "stark")),
            "proof_parameters.stark.log_n_cosets",
            FRI,
            *(f"{FRI}.{key}" for key in ("n_queries", "fri_step_list", "proof_of_work_bits")),
        )
    },
}
UNSUPPORTED_CASES: dict[str, Any] = {
    "layout": put("public_input.layout", "recursive"),
    "layout without parameters": lambda proof: put(LAYOUT, None)(
        put("public_input.layout", "starknet_with_keccak")(proof)  # type: ignore[arg-type]
    ),
    "layout that is no name": put("public_input.layout", "x" * 10_000),
    "field": put("proof_parameters.field", "PrimeField1"),
    "extension field": put("proof_parameters.use_extension_field", True),
    "channel": put("proof_parameters.channel_hash", "poseidon3"),
    "unknown channel": put("proof_parameters.channel_hash", "md5"),
    "commitment": put("proof_parameters.commitment_hash", "keccak256_masked160_lsb"),
    "full keccak": put("proof_parameters.commitment_hash", "keccak256"),
    "page hash": put("proof_parameters.statement", {"page_hash": "pedersen"}),
    "grinding hash": put("proof_parameters.pow_hash", "blake256"),
    "channel updates": put("proof_parameters.verifier_friendly_channel_updates", True),
    "friendly layers": put("proof_parameters.n_verifier_friendly_commitment_layers", 9999),
    "blowup": put("proof_parameters.stark.log_n_cosets", 9),
    "queries": put(f"{FRI}.n_queries", 257),
    "grinding": put(f"{FRI}.proof_of_work_bits", 65),
    "FRI step": put(f"{FRI}.fri_step_list", [0, 5, 3, 3, 3]),
    "FRI layers": put(f"{FRI}.fri_step_list", [0] + [1] * 15),
    "last layer": put(f"{FRI}.last_layer_degree_bound", 2**16),
    "steps": put("public_input.n_steps", 2**51),
    "keccak builtin": put(f"{LAYOUT}.uses_keccak_builtin", 1),
    "add_mod builtin": put(f"{LAYOUT}.uses_add_mod_builtin", 1),
    "ratio of a builtin that is off": put(f"{LAYOUT}.pedersen_builtin_row_ratio", 2048),
    "column of a builtin that is off": put(f"{LAYOUT}.add_mod__carry1_bit_column", 1),
    "slot of a builtin that is off": put(f"{LAYOUT}.mul_mod__a0_suboffset", 1),
    "length": put("proof_hex", "0x" + "00" * (16 * 2**20 + 1)),
}
REJECTED_CASES: dict[str, Any] = {
    "no queries": put(f"{FRI}.n_queries", 0),
    "blowup 1": put("proof_parameters.stark.log_n_cosets", 0),
    "one FRI layer": put(f"{FRI}.fri_step_list", [0]),
    "no FRI layer": put(f"{FRI}.fri_step_list", []),
    "first FRI step": put(f"{FRI}.fri_step_list", [1, 3, 3, 3, 3, 1]),
    "last layer of no power of two": put(f"{FRI}.last_layer_degree_bound", 63),
    "last layer of 0": put(f"{FRI}.last_layer_degree_bound", 0),
    "another degree": put(f"{FRI}.last_layer_degree_bound", 128),
    "another blowup": put("proof_parameters.stark.log_n_cosets", 3),
    "another commitment": lambda proof: put(
        "proof_parameters.verifier_friendly_commitment_hash", "keccak256_masked192_msb"
    )(put("proof_parameters.commitment_hash", "keccak256_masked192_msb")(proof)),  # type: ignore[arg-type]
    "steps of no power of two": put("public_input.n_steps", 65_535),
    "range-check bounds": put("public_input.rc_min", 40_000),
    "reversed segment": put(f"{SEGMENTS}.output", {"begin_addr": 9, "stop_ptr": 8}),
    "reversed builtin": put(f"{SEGMENTS}.ecdsa", {"begin_addr": 2**64 - 1, "stop_ptr": 0}),
    "part of an instance": put(f"{SEGMENTS}.ecdsa", {"begin_addr": 9966, "stop_ptr": 9967}),
    "instances": put(f"{SEGMENTS}.ecdsa", {"begin_addr": 0, "stop_ptr": 2**63}),
    "instances of no builtin": put(f"{SEGMENTS}.pedersen", {"begin_addr": 0, "stop_ptr": 3}),
    "no public memory": put("public_input.public_memory", []),
    "page without the one before": put("public_input.public_memory.3.page", 2),
    "switch that is no switch": put(f"{LAYOUT}.uses_ecdsa_builtin", 2),
    "period of 0 rows": put(f"{LAYOUT}.memory_units_row_ratio", 0),
    "CPU of 0 rows": put(f"{LAYOUT}.cpu_component_step", 0),
    "CPU of 2^63 rows": put(f"{LAYOUT}.cpu_component_step", 2**63),
    "column beyond the last": put(f"{LAYOUT}.cpu__registers__ap_column", 2**64 - 1),
    "offset beyond the trace": put(f"{LAYOUT}.mem_pool__addr_offset", 2**64 - 1),
    "empty proof": put("proof_hex", "0x"),
    "cut proof": lambda proof: {**proof, "proof_hex": proof["proof_hex"][:-2]},
    "longer proof": lambda proof: {**proof, "proof_hex": proof["proof_hex"] + "00"},
    "words not below p": lambda proof: {
        **proof,
        "proof_hex": "0x" + "ff" * ((len(proof["proof_hex"]) - 2) // 2),
    },
    "another digit": lambda proof: {
        **proof,
        "proof_hex": proof["proof_hex"][:-1] + f"{int(proof['proof_hex'][-1], 16) ^ 1:x}",
    },
    "another value": put("public_input.public_memory.3.value", "0x5"),
}
CASES = [
    *((UNREADABLE, name, change) for name, change in UNREADABLE_CASES.items()),
    *((UNSUPPORTED, name, change) for name, change in UNSUPPORTED_CASES.items()),
    *((REJECTED, name, change) for name, change in REJECTED_CASES.items()),
]


def encode(changed: object) -> bytes:
    return changed if isinstance(changed, bytes) else json.dumps(changed).encode()


@pytest.mark.parametrize(("answer", "name", "change"), CASES, ids=[f"{a}-{n}" for a, n, _ in CASES])
def test_proof_when_one_thing_is_wrong_then_both_verifiers_give_this_answer(
    golden: dict[str, Any], answer: str, name: str, change: Change
) -> None:
    content = encode(change(golden))
    found = {"rust": native(content), "python": reference(content)}
    assert {verifier: kind for verifier, (kind, _) in found.items()} == {
        "rust": answer,
        "python": answer,
    }, (name, found)
    # No message repeats what overflows a line, or a bound of the machine in place of the rule's.
    for _, message in found.values():
        assert len(message) < 400, message
        assert b"18446744073709551615" in content or "18446744073709551615" not in message


@pytest.mark.parametrize("name", [GOLDEN_K, GOLDEN_P])
def test_proof_when_genuine_then_both_accept_it_with_all_keys_of_stone(name: str) -> None:
    content = json.dumps({**load_proof(name), "prover_config": {}, "private_input": {}}).encode()
    assert native(content) == reference(content) == (ACCEPTED, "")


@pytest.mark.parametrize("end", ["", "\\", "{"])
def test_text_when_a_string_never_ends_then_unreadable_in_no_time(end: str) -> None:
    started = time.process_time()
    verdict, words = reference(b'"' + b'\\"' * 20_000 + end.encode())
    assert (verdict, words[:8]) == (UNREADABLE, "not JSON")
    # Three seconds as long as the end was looked for behind every quote.
    assert time.process_time() - started < 1


def test_proof_when_too_weak_and_also_unsupported_then_unsupported(golden: dict[str, Any]) -> None:
    content = encode(put(f"{LAYOUT}.uses_keccak_builtin", 1)(golden))
    assert native(content, 96)[0] == reference(content, 96)[0] == UNSUPPORTED
    content = json.dumps(golden).encode()
    assert native(content, 96)[0] == reference(content, 96)[0] == REJECTED


def test_proof_when_the_rest_of_public_memory_is_on_page_1_then_both_say_the_same() -> None:
    proof = load_proof(GOLDEN_K)
    cells = [dict(cell) for cell in proof["public_input"]["public_memory"]]
    for cell in cells[-2:]:
        cell["page"] = 1
    proof["public_input"]["public_memory"] = cells
    content = json.dumps({key: proof[key] for key in SECTIONS}).encode()
    # The pages are part of the transcript.
    assert native(content)[0] == reference(content)[0] == REJECTED


JUNK: tuple[object, ...] = (
    None,
    True,
    -1,
    0,
    1,
    2**32,
    2**63,
    2**64,
    10**400,
    0.5,
    float("nan"),
    "",
    "0x",
    "0x1",
    "\0",
    "\ud800",
    "x" * 1000,
    [],
    [[]],
    {},
    {"": None},
    [None] * 1000,
    json.loads("[" * 31 + "]" * 31),
)


def random_structure(rng: random.Random, proof: dict[str, Any], paths: list[Path]) -> object:
    """Change the document at a random place, at any depth."""
    path = rng.choice(paths)
    path = path[: rng.randrange(1, len(path) + 1)]
    value = lookup(proof, path)
    choice = rng.randrange(5)
    if choice == 0 and isinstance(value, dict) and value:
        lost = rng.choice(sorted(value))
        return replaced(proof, path, {k: v for k, v in value.items() if k != lost})
    if choice == 1 and isinstance(value, dict):
        return replaced(proof, path, {**value, rng.choice(["", "x", "page"]): rng.choice(JUNK)})
    if choice == 2 and isinstance(value, list) and value:
        return replaced(proof, path, [*value, rng.choice(value)])
    if choice == 3:
        return replaced(proof, path, lookup(proof, rng.choice(paths)))
    return replaced(proof, path, rng.choice(JUNK))


def test_structure_when_changed_at_random_then_the_answers_agree(golden: dict[str, Any]) -> None:
    rng = random.Random(SEED)
    paths = list(leaf_paths(golden))
    # Half of the places outside of the long lists.
    few = [path for path in paths if "dynamic_params" not in path and "public_memory" not in path]
    different = {}
    for number in range(600):
        changed = random_structure(rng, golden, few if number % 2 else paths)
        content = json.dumps(changed).encode()
        answers = native(content), reference(content)
        if answers[0][0] != answers[1][0]:
            different[number] = answers
    assert different == {}


def test_text_when_changed_at_random_then_the_answers_agree(golden: dict[str, Any]) -> None:
    rng = random.Random(SEED)
    ordered = {key: golden[key] for key in ("public_input", "proof_parameters", "proof_hex")}
    whole = json.dumps(ordered).encode()
    header = whole.index(b'"proof_hex"')
    different = {}
    for number in range(400):
        changed = bytearray(whole)
        at = rng.randrange(header)
        match number % 4:
            case 0:
                changed[at] = rng.randrange(256)
            case 1:
                del changed[at : at + rng.randrange(1, 50)]
            case 2:
                changed[at:at] = bytes(changed[rng.randrange(header) :][: rng.randrange(1, 50)])
            case _:
                changed[at:at] = rng.choice([b"-", b"0", b"e9", b".0", b"\\", b'"', b"[", b"}"])
        answers = native(bytes(changed)), reference(bytes(changed))
        if answers[0][0] != answers[1][0]:
            different[number] = answers
    assert different == {}
