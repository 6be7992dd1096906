"""Turns a proof of the keccak suite (Stone's format) into the bytes that the L1 verifier takes.

`docs/spec/l1_proof.md` specifies both byte strings. The transcript is replayed only as far as
needed to know the query positions, because those say where in the proof each table ends.
Nothing is verified here: that is the verifiers' task.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from eth_hash.auto import keccak

from prover import l1_layout

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from collections.abc import Set as AbstractSet

FIELD_PRIME = 2**251 + 17 * 2**192 + 1
WORD_BYTES = 32
QUERY_BYTES = 8
NONCE_BYTES = 8
MAX_BYTE = 255
LAYOUT_NAME = "dynamic"
LOG_ROWS_PER_STEP = 4
SEGMENTS = (
    "program",
    "execution",
    "output",
    "pedersen",
    "range_check",
    "ecdsa",
    "bitwise",
    "ec_op",
    "keccak",
    "poseidon",
    "range_check96",
    "add_mod",
    "mul_mod",
)
OUTPUT_SEGMENT_OFFSET = 9
OUTPUT_OFFSET = OUTPUT_SEGMENT_OFFSET + 8 * len(SEGMENTS[2:])
UPDATE_STATE_SELECTOR = keccak(b"updateState(bytes,bytes)")[:4]
DATA_CONTRACT_MAX_BYTES = 24_575
FIRST_PROGRAM_ADDRESS = 1
# The first and the last program counter: the entry, and the endless jump behind the call of main.
PROGRAM_SEGMENT = {"begin_addr": FIRST_PROGRAM_ADDRESS, "stop_ptr": FIRST_PROGRAM_ADDRESS + 4}


class CalldataError(ValueError):
    """The proof cannot be expressed in the L1 format; the message names field, value and limit."""


@dataclass(frozen=True, slots=True)
class ProofParameters:
    """The parameters of one proof, as far as the byte format depends on them."""

    log_blowup: int
    n_queries: int
    proof_of_work_bits: int
    last_layer_degree_bound: int
    fri_steps: tuple[int, ...]  # without the leading 0 of the virtual layer
    node_bytes: int

    @classmethod
    def from_json(cls, parameters: Mapping[str, Any]) -> ProofParameters:
        """Read Stone's `proof_parameters`; refuses every hash but masked keccak."""
        # As Stone's, if nothing is said.
        commitment_hash = parameters.get("commitment_hash", "keccak256_masked160_msb")
        match = re.fullmatch(r"keccak256_masked(\d+)_msb", commitment_hash)
        if match is None:
            raise CalldataError(f"commitment_hash {commitment_hash!r} is not keccak256_masked*_msb")
        if parameters.get("channel_hash", "keccak256") != "keccak256":
            raise CalldataError(f"channel_hash {parameters['channel_hash']!r} is not keccak256")
        fri = parameters["stark"]["fri"]
        steps = tuple(fri["fri_step_list"])
        if not steps or steps[0] != 0:
            raise CalldataError(f"fri_step_list {steps} does not start with 0")
        return cls(
            log_blowup=parameters["stark"]["log_n_cosets"],
            n_queries=fri["n_queries"],
            proof_of_work_bits=fri["proof_of_work_bits"],
            last_layer_degree_bound=fri["last_layer_degree_bound"],
            fri_steps=steps[1:],
            node_bytes=int(match[1]) // 8,
        )

    def header(self) -> bytes:
        """The first bytes of the L1 proof.

        Raises:
            CalldataError: naming the number that no byte holds.
        """
        bound = self.last_layer_degree_bound
        if bound.bit_count() != 1:
            raise CalldataError(f"last layer bound {bound} is no power of 2")
        fields = (
            ("log_n_cosets", self.log_blowup),
            ("n_queries", self.n_queries),
            ("proof_of_work_bits", self.proof_of_work_bits),
            ("log2 of the last layer bound", bound.bit_length() - 1),
            ("number of FRI steps", len(self.fri_steps)),
            *(("FRI step", step) for step in self.fri_steps),
        )
        for name, value in fields:
            if value > MAX_BYTE:
                raise CalldataError(f"{name} {value} is above {MAX_BYTE}")
        return bytes(value for _, value in fields)


class _Reader:
    """A cursor over the bytes of a Stone proof."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._position = 0

    def take(self, n_bytes: int) -> bytes:
        end = self._position + n_bytes
        if end > len(self._data):
            raise CalldataError(f"proof ends at byte {len(self._data)}, {end} bytes needed")
        taken = self._data[self._position : end]
        self._position = end
        return taken

    def take_words(self, n_words: int) -> list[bytes]:
        return [self.take(WORD_BYTES) for _ in range(n_words)]

    def take_nodes(self, n_nodes: int, node_bytes: int) -> bytes:
        """Read masked digests and drop their zero tails."""
        packed = bytearray()
        for node in self.take_words(n_nodes):
            if any(node[node_bytes:]):
                raise CalldataError(f"digest {node.hex()} is longer than {node_bytes} bytes")
            packed += node[:node_bytes]
        return bytes(packed)

    def expect_end(self) -> None:
        if self._position != len(self._data):
            raise CalldataError(f"{len(self._data) - self._position} bytes left after the proof")


class _Transcript:
    """The part of Stone's keccak channel that absorbs messages and draws query positions."""

    def __init__(self, seed: bytes) -> None:
        self._digest = keccak(seed)

    def absorb(self, message: bytes) -> None:
        incremented = (int.from_bytes(self._digest, "big") + 1) % 2**256
        self._digest = keccak(incremented.to_bytes(WORD_BYTES, "big") + message)

    def draw_queries(self, n_queries: int, log_domain: int) -> list[int]:
        """Draw positions; sorted, without repetitions."""
        stream = b"".join(
            keccak(self._digest + counter.to_bytes(WORD_BYTES, "big"))
            for counter in range(-(-n_queries * QUERY_BYTES // WORD_BYTES))
        )
        chunks = (stream[i * QUERY_BYTES : (i + 1) * QUERY_BYTES] for i in range(n_queries))
        return sorted({int.from_bytes(chunk, "big") % (1 << log_domain) for chunk in chunks})


def encode_proof(stone_proof: Mapping[str, Any]) -> tuple[bytes, bytes]:
    """Convert a parsed Stone proof JSON of the keccak suite.

    Returns:
        `(public_input, proof)`, the two arguments of `StarkVerifier.verify`.

    Raises:
        CalldataError: if the proof does not have the frozen layout or the keccak suite.
    """
    public_input = stone_proof["public_input"]
    parameters = ProofParameters.from_json(stone_proof["proof_parameters"])
    n_friendly = stone_proof["proof_parameters"].get("n_verifier_friendly_commitment_layers", 0)
    raw = bytes.fromhex(stone_proof["proof_hex"].removeprefix("0x"))
    seed = _transcript_seed(public_input, n_friendly)
    log_steps = _log2_exact("n_steps", public_input["n_steps"])
    proof = _repack(raw, parameters, seed, log_steps + LOG_ROWS_PER_STEP)
    return encode_public_input(public_input), proof


def encode_public_input(public_input: Mapping[str, Any]) -> bytes:
    """Encode what the verifier cannot derive: range-check bounds, segments, output values."""
    _check_layout(public_input)
    segments = public_input["memory_segments"]
    header: bytes = bytes([_log2_exact("n_steps", public_input["n_steps"])])
    header += public_input["rc_min"].to_bytes(2, "big") + public_input["rc_max"].to_bytes(2, "big")
    header += segments["execution"]["stop_ptr"].to_bytes(4, "big")
    for name in SEGMENTS[2:]:
        segment = segments[name]
        header += segment["begin_addr"].to_bytes(4, "big") + segment["stop_ptr"].to_bytes(4, "big")
    n_outputs = segments["output"]["stop_ptr"] - segments["output"]["begin_addr"]
    memory = public_input["public_memory"]
    _check_public_memory(public_input, n_outputs)
    outputs = memory[len(memory) - n_outputs :]
    return header + b"".join(_length_and_bytes(_felt(entry["value"])) for entry in outputs)


def decode_output(public_input: bytes) -> list[int]:
    """Return the program's output from an encoded public input.

    Raises:
        CalldataError: if the bytes are not an encoding.
    """
    reader = _Reader(public_input)
    header = reader.take(OUTPUT_OFFSET)
    begin, stop = (
        int.from_bytes(header[offset : offset + 4], "big")
        for offset in (OUTPUT_SEGMENT_OFFSET, OUTPUT_SEGMENT_OFFSET + 4)
    )
    output = []
    for _ in range(stop - begin):
        encoded = reader.take(reader.take(1)[0])
        value = int.from_bytes(encoded, "big")
        if value >= FIELD_PRIME or _length_and_bytes(value)[1:] != encoded:
            raise CalldataError(f"output value {encoded.hex()} is not canonical")
        output.append(value)
    reader.expect_end()
    return output


def encode_update_state(public_input: bytes, proof: bytes) -> bytes:
    """The input of the transaction `Exchange.updateState(publicInput, proof)`."""
    tails = [
        _words([len(data)]) + data + bytes(-len(data) % WORD_BYTES)
        for data in (public_input, proof)
    ]
    offsets = _words([2 * WORD_BYTES, 2 * WORD_BYTES + len(tails[0])])
    return UPDATE_STATE_SELECTOR + offsets + b"".join(tails)


def decode_update_state(calldata: bytes) -> tuple[bytes, bytes]:
    """Split the input of an `updateState` transaction into public input and proof.

    The contract takes every encoding that Solidity can decode: the two arguments are found by their
    offsets, in any order, with gaps, overlaps and bytes behind them.

    Raises:
        CalldataError: if Solidity would not decode it.
    """
    selector = calldata[: len(UPDATE_STATE_SELECTOR)]
    if selector != UPDATE_STATE_SELECTOR:
        raise CalldataError(
            f"selector 0x{selector.hex()} is not updateState's, 0x{UPDATE_STATE_SELECTOR.hex()}"
        )
    arguments = calldata[len(selector) :]
    return _bytes_argument(arguments, 0), _bytes_argument(arguments, 1)


def _bytes_argument(arguments: bytes, position: int) -> bytes:
    """Follow the offset at `position` of the head, as Solidity does."""
    offset = _word_at(arguments, position * WORD_BYTES)
    length = _word_at(arguments, offset)
    begin = offset + WORD_BYTES
    if begin + length > len(arguments):
        raise CalldataError(
            f"argument {position} has {length} bytes from byte {begin} on, the arguments have "
            f"{len(arguments)}"
        )
    return arguments[begin : begin + length]


def _word_at(data: bytes, offset: int) -> int:
    if offset + WORD_BYTES > len(data):
        raise CalldataError(f"no word at byte {offset}, the arguments have {len(data)}")
    return int.from_bytes(data[offset : offset + WORD_BYTES], "big")


def encode_program(program: Sequence[int]) -> bytes:
    """Write a program as the payload of a data contract: 64 bytes per cell.

    A cell is its address, from 1 on, and its word, as the public memory is hashed: the verifier
    copies code faster than it could unpack it.

    Raises:
        CalldataError: if it does not fit a contract.
    """
    cells = [_words([FIRST_PROGRAM_ADDRESS + i, _felt(word)]) for i, word in enumerate(program)]
    payload = b"".join(cells)
    if len(payload) > DATA_CONTRACT_MAX_BYTES:
        raise CalldataError(f"program: {len(payload)} bytes, limit {DATA_CONTRACT_MAX_BYTES}")
    return payload


def _repack(raw: bytes, parameters: ProofParameters, seed: bytes, log_trace: int) -> bytes:
    reader = _Reader(raw)
    transcript = _Transcript(seed)
    node_bytes = parameters.node_bytes
    out = bytearray(parameters.header())

    def commitment() -> None:
        root = reader.take_nodes(1, node_bytes)
        transcript.absorb(root.ljust(WORD_BYTES, b"\0"))
        out.extend(root)

    for _ in range(3):
        commitment()
    out += _repack_out_of_domain_values(reader, transcript)
    for _ in parameters.fri_steps:
        commitment()
    last_layer = reader.take(parameters.last_layer_degree_bound * WORD_BYTES)
    transcript.absorb(last_layer)
    nonce = reader.take(NONCE_BYTES) if parameters.proof_of_work_bits else b""
    transcript.absorb(nonce)
    out += last_layer + nonce
    log_domain = log_trace + parameters.log_blowup
    queries = transcript.draw_queries(parameters.n_queries, log_domain)
    for n_columns in (*l1_layout.N_COLUMNS, 2):
        out += _repack_trace_table(reader, queries, n_columns, log_domain, node_bytes)
    out += _repack_fri_layers(reader, queries, parameters, log_domain)
    reader.expect_end()
    return bytes(out)


def _repack_out_of_domain_values(reader: _Reader, transcript: _Transcript) -> bytes:
    """Keep one value for each distinct mask point; the verifier replicates it for the others."""
    distinct: dict[int, bytes] = {}
    for slot in l1_layout.MASK_VALUE_INDEX:
        value = reader.take(WORD_BYTES)
        transcript.absorb(value)
        if distinct.setdefault(slot, value) != value:
            raise CalldataError(f"two values for distinct mask point {slot}")
    composition = reader.take_words(2)
    for value in composition:
        transcript.absorb(value)
    return b"".join(distinct[slot] for slot in range(len(distinct))) + b"".join(composition)


def _repack_trace_table(
    reader: _Reader, queries: Sequence[int], n_columns: int, log_domain: int, node_bytes: int
) -> bytes:
    rows = reader.take(len(queries) * n_columns * WORD_BYTES)
    leaves, height = set(queries), log_domain
    if n_columns == 1:
        # A one-column table has no leaf hash: the missing half of a pair is a raw value.
        rows += reader.take(sum(query ^ 1 not in leaves for query in leaves) * WORD_BYTES)
        leaves, height = {query >> 1 for query in queries}, log_domain - 1
    return rows + reader.take_nodes(_count_siblings(leaves, height), node_bytes)


def _repack_fri_layers(
    reader: _Reader, queries: Sequence[int], parameters: ProofParameters, log_domain: int
) -> bytes:
    out = bytearray()
    known = set(queries)
    for layer, step in enumerate(parameters.fri_steps, 1):
        cosets = {index >> step for index in known}
        log_domain -= step
        is_last = layer == len(parameters.fri_steps)
        left_out = derivable_cells(known, step) if is_last else set()
        for index in _cells(cosets, step):
            if index in known:
                continue
            cell = reader.take(WORD_BYTES)
            if index not in left_out:
                out += cell
        n_siblings = _count_siblings(cosets, log_domain)
        out += reader.take_nodes(n_siblings, parameters.node_bytes)
        known = cosets
    return bytes(out)


def derivable_cells(known: AbstractSet[int], step: int) -> set[int]:
    """Choose the cells of the last layer that the verifier computes from the last polynomial.

    Of each coset the other one of the pair that its first known cell is in, unless it is known.
    """
    first: dict[int, int] = {}
    for index in sorted(known):
        first.setdefault(index >> step, index)
    return {index ^ 1 for index in first.values()} - known


def _cells(cosets: Iterable[int], step: int) -> Iterator[int]:
    for coset in sorted(cosets):
        yield from range(coset << step, (coset + 1) << step)


def _count_siblings(leaves: Iterable[int], height: int) -> int:
    """Count the nodes a batched Merkle opening needs besides the opened leaves."""
    level, count = set(leaves), 0
    for _ in range(height):
        count += sum(node ^ 1 not in level for node in level)
        level = {node >> 1 for node in level}
    return count


def _transcript_seed(public_input: Mapping[str, Any], n_friendly_layers: int) -> bytes:
    """The bytes that Stone hashes into the first channel state (page hash keccak)."""
    memory = public_input["public_memory"]
    cells = [(entry["address"], _felt(entry["value"])) for entry in memory]
    words = [
        n_friendly_layers,
        _log2_exact("n_steps", public_input["n_steps"]),
        public_input["rc_min"],
        public_input["rc_max"],
        int.from_bytes(LAYOUT_NAME.encode(), "big"),
        *(public_input["dynamic_params"][name] for name in sorted(public_input["dynamic_params"])),
    ]
    for name in SEGMENTS:
        segment = public_input["memory_segments"][name]
        words += [segment["begin_addr"], segment["stop_ptr"]]
    words += [*cells[0], 1, len(cells)]
    return _words(words) + bytes(keccak(_words([word for cell in cells for word in cell])))


def _check_layout(public_input: Mapping[str, Any]) -> None:
    if public_input["layout"] != LAYOUT_NAME:
        raise CalldataError(f"layout {public_input['layout']!r} is not {LAYOUT_NAME!r}")
    params = public_input["dynamic_params"]
    frozen = l1_layout.DYNAMIC_PARAMS
    if sorted(params) != sorted(frozen):
        raise CalldataError(f"{len(params)} layout parameters, {len(frozen)} expected")
    for name, value in frozen.items():
        if params[name] != value:
            raise CalldataError(f"layout parameter {name} is {params[name]}, frozen at {value}")


def _check_public_memory(public_input: Mapping[str, Any], n_outputs: int) -> None:
    """The verifier rebuilds every cell but the outputs, in this order of addresses.

    It also knows where execution begins and ends: a run that began elsewhere could do anything,
    although the program stands in its memory.
    """
    segments = public_input["memory_segments"]
    if segments["program"] != PROGRAM_SEGMENT:
        raise CalldataError(
            f"memory_segments.program is {segments['program']}, expected {PROGRAM_SEGMENT}"
        )
    builtins = [segments[name] for name in l1_layout.PROGRAM_BUILTINS]
    initial_ap = segments["execution"]["begin_addr"]
    final_ap = segments["execution"]["stop_ptr"]
    output_begin = segments["output"]["begin_addr"]
    frame = [(initial_ap - 2, initial_ap), (initial_ap - 1, 0)]
    frame += [(initial_ap + i, builtin["begin_addr"]) for i, builtin in enumerate(builtins)]
    first_return = final_ap - len(builtins)
    frame += [(first_return + i, builtin["stop_ptr"]) for i, builtin in enumerate(builtins)]
    memory = public_input["public_memory"]
    cells = [(entry["address"], _felt(entry["value"])) for entry in memory]
    program_end = initial_ap - 3
    if any(entry.get("page", 0) != 0 for entry in memory):
        raise CalldataError("public memory has more than the main page")
    if [address for address, _ in cells[:program_end]] != list(range(1, program_end + 1)):
        raise CalldataError(f"program cells are not the addresses 1 to {program_end}")
    if cells[program_end : program_end + len(frame)] != frame:
        raise CalldataError("execution cells differ from the frame that the segments imply")
    expected = list(range(output_begin, output_begin + n_outputs))
    if [address for address, _ in cells[program_end + len(frame) :]] != expected:
        raise CalldataError(f"output cells are not the {n_outputs} addresses from {output_begin}")


def _felt(value: str | int) -> int:
    felt = value if isinstance(value, int) else int(value, 16)
    if not 0 <= felt < FIELD_PRIME:
        raise CalldataError(f"value {felt:#x} is not below the field prime")
    return felt


def _length_and_bytes(value: int) -> bytes:
    """One byte of length and that many bytes, big endian, without leading zeros."""
    n_bytes = -(-value.bit_length() // 8)
    return bytes([n_bytes]) + value.to_bytes(n_bytes, "big")


def _words(values: Iterable[int]) -> bytes:
    return b"".join(value.to_bytes(WORD_BYTES, "big") for value in values)


def _log2_exact(name: str, value: int) -> int:
    if value <= 0 or value & (value - 1):
        raise CalldataError(f"{name} {value} is not a power of two")
    return value.bit_length() - 1
