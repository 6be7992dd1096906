"""Seeded mutations of a valid proof, for every verifier: each one must be rejected by all of them.

The binary is cut into fields by the annotations of the prover (`P->V[from:to]: path: Kind(...)`),
so that every kind of message is hit, however rare it is among the bytes.
"""

import random
import re
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

FIELD_PRIME = 2**251 + 17 * 2**192 + 1
WORD_BYTES = 32
ANNOTATION = re.compile(r"P->V\[(\d+):(\d+)\]: (/[^:]*): (?:.*: )?([A-Z][A-Za-z ]*)\(")
READ_KEYS = ("proof_hex", "public_input", "proof_parameters")
# Absent ones have defaults, which may be the values of the proof.
OPTIONAL_PARAMETERS = {
    "channel_hash",
    "commitment_hash",
    "n_verifier_friendly_commitment_layers",
    "pow_hash",
    "statement",
    "verifier_friendly_channel_updates",
    "verifier_friendly_commitment_hash",
}
WRONG_TYPES: tuple[object, ...] = (None, -1, 2**64, 1.5, True, [], {}, "x", "0x")
SAMPLED_PARAMS = 40
SAMPLED_MEMORY = 12

Path = tuple[str | int, ...]


@dataclass(frozen=True, slots=True)
class Mutation:
    """A proof that differs from a valid one in the named way."""

    name: str
    proof: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Field:
    """The bytes of one element of the proof."""

    start: int
    end: int


def mutations(proof: Mapping[str, Any], seed: int, per_kind: int = 3) -> list[Mutation]:
    """Return mutations of every kind of field of an accepted proof with annotations.

    Args:
        proof: in Stone's JSON format.
        seed: of the choice of fields and values.
        per_kind: how many fields of each kind of the binary are mutated, in several ways each.
    """
    rng = random.Random(seed)
    base = {key: proof[key] for key in READ_KEYS}
    data = bytes.fromhex(proof["proof_hex"][2:])
    found = [
        *(
            Mutation(name, {**base, "proof_hex": "0x" + mutated.hex()})
            for name, mutated in byte_mutations(data, proof["annotations"], rng, per_kind)
            if mutated != data
        ),
        *(Mutation(name, {**base, "proof_hex": text}) for name, text in hex_mutations(base)),
    ]
    for section in ("public_input", "proof_parameters"):
        for name, mutated in section_mutations(section, base[section], rng):
            found.append(Mutation(name, {**base, section: mutated}))
    return found


def fields_by_kind(annotations: Sequence[str]) -> dict[str, list[Field]]:
    """Cut the binary into elements: 32 bytes each, or what the annotation says if it is less."""
    kinds: dict[str, list[Field]] = defaultdict(list)
    for line in annotations:
        match = ANNOTATION.match(line)
        if match is None:
            continue
        start, end = int(match[1]), int(match[2])
        kind = f"{match[3].removeprefix('/cpu air/STARK/')} {match[4]}"
        kinds[kind] += [
            Field(at, min(at + WORD_BYTES, end)) for at in range(start, end, WORD_BYTES)
        ]
    return kinds


def byte_mutations(
    data: bytes, annotations: Sequence[str], rng: random.Random, per_kind: int
) -> Iterator[tuple[str, bytes]]:
    """Yield changed values of every kind of field, then changed lengths."""
    for kind, fields in fields_by_kind(annotations).items():
        for field in rng.sample(fields, min(per_kind, len(fields))):
            for change, value in changed_values(data[field.start : field.end], rng):
                yield (
                    f"{kind} at {field.start}: {change}",
                    data[: field.start] + value + data[field.end :],
                )
        if len(fields) > 1:
            a, b = sorted(rng.sample(fields, 2), key=lambda field: field.start)
            swapped = data[b.start : b.end] + data[a.end : b.start] + data[a.start : a.end]
            yield f"{kind}: swap {a.start}, {b.start}", data[: a.start] + swapped + data[b.end :]
    middle = rng.randrange(1, len(data) // WORD_BYTES) * WORD_BYTES
    yield "empty", b""
    for n_bytes in (1, 8, WORD_BYTES, len(data) // 2):
        yield f"last {n_bytes} bytes removed", data[:-n_bytes]
    yield "word removed", data[:middle] + data[middle + WORD_BYTES :]
    yield "word inserted", data[:middle] + bytes(WORD_BYTES) + data[middle:]
    yield "byte inserted", data[:middle] + bytes(1) + data[middle:]
    for tail in (bytes(1), bytes(WORD_BYTES), data[-WORD_BYTES:], data):
        yield f"{len(tail)} bytes appended", data + tail


def changed_values(value: bytes, rng: random.Random) -> Iterator[tuple[str, bytes]]:
    """Yield other values of one element, aliases of the same field element included."""
    n_bits = 8 * len(value)
    number = int.from_bytes(value, "big")
    candidates = {
        "flip a bit": number ^ (1 << rng.randrange(n_bits)),
        "add 1": number + 1,
        "set to 0": 0,
        "random element": rng.randrange(FIELD_PRIME) % (1 << n_bits),
        "add the modulus": number + FIELD_PRIME,
        "set the top bit": number | (1 << (n_bits - 1)),
        "flip bit 64": number ^ (1 << 64),
    }
    for change, candidate in candidates.items():
        if candidate < 1 << n_bits:
            yield change, candidate.to_bytes(len(value), "big")


def hex_mutations(proof: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    """Yield texts that are not the hexadecimal form of a proof."""
    text = proof["proof_hex"]
    yield "proof_hex without prefix", text[2:]
    yield "proof_hex with an odd number of digits", text[:-1]
    yield "proof_hex with a letter", text[:-1] + "g"
    yield "proof_hex with a space", text[:100] + " " + text[101:]
    others: tuple[object, ...] = (None, 0, [], {}, "")
    for value in others:
        yield f"proof_hex is {value!r}", value


def section_mutations(
    section: str, value: Mapping[str, Any], rng: random.Random
) -> Iterator[tuple[str, Any]]:
    """Yield other statements or parameters: each number and name changed, keys lost and added."""
    for path in sampled_paths(value, rng):
        name = ".".join(map(str, (section, *path)))
        old = lookup(value, path)
        for new in other_leaves(old):
            yield f"{name}: {old!r:.20} -> {new!r:.20}", replaced(value, path, new)
        wrong_type = rng.choice([*WRONG_TYPES, [old]])
        if not same(wrong_type, old):
            yield f"{name}: {old!r:.20} -> {wrong_type!r:.20}", replaced(value, path, wrong_type)
    for key in sorted(value.keys() - OPTIONAL_PARAMETERS):
        yield f"{section}: without {key}", {k: v for k, v in value.items() if k != key}
    for wrong in WRONG_TYPES:
        yield f"{section} is {wrong!r}", wrong
    yield from structure_mutations(section, value)


def structure_mutations(
    section: str, value: Mapping[str, Any]
) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Yield changes of the public memory and of FRI that keep every element well-formed."""
    if section == "public_input":
        memory = value["public_memory"]
        changes = {
            "last cell lost": memory[:-1],
            "first cell lost": memory[1:],
            "last cell twice": [*memory, memory[-1]],
            "first cells swapped": [memory[1], memory[0], *memory[2:]],
            "last cell on page 1": [*memory[:-1], {**memory[-1], "page": 1}],
            "empty": [],
        }
        for change, new in changes.items():
            yield f"public memory: {change}", {**value, "public_memory": new}
        return
    stark = value["stark"]
    fri = stark["fri"]
    steps, degree = fri["fri_step_list"], fri["last_layer_degree_bound"]
    others = {
        "one more fold": (degree // 2, [*steps[:-1], steps[-1] + 1]),
        "one fold less": (degree * 2, [*steps[:-1], steps[-1] - 1]),
        "other degree": (degree * 2, steps),
        "no layers": (degree, []),
        "first layer folds": (degree, [1, steps[1] - 1, *steps[2:]]),
    }
    for change, (new_degree, new_steps) in others.items():
        new_fri = {**fri, "last_layer_degree_bound": new_degree, "fri_step_list": new_steps}
        yield f"FRI: {change}", {**value, "stark": {**stark, "fri": new_fri}}


def sampled_paths(value: Mapping[str, Any], rng: random.Random) -> list[Path]:
    """Return the paths of all leaves, but only a sample of the many alike."""
    paths = list(leaf_paths(value))
    params = [path for path in paths if path[0] == "dynamic_params"]
    memory = [path for path in paths if path[0] == "public_memory"]
    others = [path for path in paths if path[0] not in {"dynamic_params", "public_memory"}]
    chosen = rng.sample(params, min(SAMPLED_PARAMS, len(params)))
    switches = [path for path in params if str(path[1]).startswith("uses_")]
    cells = rng.sample(memory, min(SAMPLED_MEMORY, len(memory)))
    return [*others, *dict.fromkeys([*chosen, *switches]), *cells]


def leaf_paths(value: object, path: Path = ()) -> Iterator[Path]:
    """Yield the paths of all values that are not containers."""
    if isinstance(value, dict):
        for key, item in value.items():
            yield from leaf_paths(item, (*path, key))
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from leaf_paths(item, (*path, index))
    else:
        yield path


def lookup(value: Any, path: Path) -> Any:
    """Return the value at a path."""
    for key in path:
        value = value[key]
    return value


def replaced(value: Any, path: Path, new: object) -> Any:
    """Return a copy in which the value at a path is another one."""
    if not path:
        return new
    copy: Any = dict(value) if isinstance(value, dict) else list(value)
    copy[path[0]] = replaced(value[path[0]], path[1:], new)
    return copy


def other_leaves(old: object) -> Iterator[object]:
    """Yield other values of the same type."""
    if isinstance(old, bool):
        yield not old
    elif isinstance(old, int):
        yield old + 1
        if old > 0:
            yield old - 1
            yield 2 * old
    elif isinstance(old, str) and old.startswith("0x"):
        number = int(old, 16)
        yield hex((number + 1) % FIELD_PRIME)
        yield hex(number + FIELD_PRIME)
    elif isinstance(old, str):
        yield old + "x"
        yield ""


def same(a: object, b: object) -> bool:
    """Compare values and types: True is not 1."""
    return type(a) is type(b) and a == b
