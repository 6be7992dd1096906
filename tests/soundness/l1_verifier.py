"""A StarkVerifier of any layout on a local chain, and the fields of a proof in its byte format."""

import importlib.util
import json
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

from eth_abi import encode
from web3 import Web3

from devnet.anvil import Anvil
from devnet.program_code import program_creation_code
from prover import _native, calldata

ROOT = Path(__file__).resolve().parents[2]
SCRIPT = ROOT / "l1_contracts" / "script"
WORD = 32
CALL_GAS = 30_000_000


@dataclass(frozen=True, slots=True)
class Span:
    """Some bytes of a proof or public input."""

    kind: str
    start: int
    end: int


class L1Verifier:
    """A deployed verifier; `verify` is an eth_call."""

    def __init__(self, web3: Web3, address: str) -> None:
        self._web3 = web3
        self.address = Web3.to_checksum_address(address)

    def verify(self, public_input: bytes, proof: bytes) -> list[int] | None:
        """Return the proven output, or None if the contract reverts."""
        selector = Web3.keccak(text="verify(bytes,bytes)")[:4]
        data = bytes(selector) + encode(["bytes", "bytes"], [public_input, proof])
        call: dict[str, Any] = {
            "to": self.address,
            "data": "0x" + data.hex(),
            "gas": hex(CALL_GAS),
        }
        answer = self._web3.provider.make_request("eth_call", [call, "latest"])  # type: ignore[arg-type]
        if "error" in answer:
            assert "revert" in str(answer["error"]), answer["error"]
            return None
        result = bytes.fromhex(answer["result"][2:])
        length = int.from_bytes(result[WORD : 2 * WORD], "big")
        return [
            int.from_bytes(result[(2 + i) * WORD : (3 + i) * WORD], "big") for i in range(length)
        ]


def build_contracts(folder: Path, dynamic_params: Mapping[str, int]) -> SimpleNamespace:
    """Generate and compile the contracts for a layout; return the encoder's constants for it."""
    project = folder / "l1_contracts"
    source = ROOT / "l1_contracts"
    shutil.copytree(source / "src", project / "src")
    shutil.copy(source / "foundry.toml", project)
    (project / "node_modules").symlink_to(ROOT / "node_modules")
    files = _generator().generate(_describe(dynamic_params), dict(dynamic_params))
    for path, text in files.items():
        (folder / path).parent.mkdir(exist_ok=True)
        (folder / path).write_text(text)
    forge = ROOT / "node_modules" / ".bin" / "forge"
    subprocess.run([forge, "build"], cwd=project, check=True, capture_output=True)
    constants: dict[str, Any] = {}
    exec((folder / "prover" / "l1_layout.py").read_text(), constants)  # noqa: S102
    return SimpleNamespace(**constants)


def deploy(
    anvil: Anvil, artifacts: Path, program: Sequence[int], config: Sequence[int]
) -> L1Verifier:
    """Deploy the verifier of a program; `config` is the constructor's tuple."""
    web3 = Web3(Web3.HTTPProvider(anvil.url, request_kwargs={"timeout": 60}))
    sender = web3.eth.accounts[0]

    def create(name: str, *arguments: object) -> str:
        artifact = json.loads((artifacts / f"{name}.sol" / f"{name}.json").read_text())
        factory = web3.eth.contract(abi=artifact["abi"], bytecode=artifact["bytecode"]["object"])
        tx_hash = factory.constructor(*arguments).transact({"from": sender, "gas": 16_000_000})
        return str(web3.eth.wait_for_transaction_receipt(tx_hash)["contractAddress"])

    code = program_creation_code(program)
    tx_hash = web3.eth.send_transaction({"from": sender, "data": code, "gas": 16_000_000})
    holder = web3.eth.wait_for_transaction_receipt(tx_hash)["contractAddress"]
    constraints = create("Constraints", create("PeriodicColumns"))
    address = create("StarkVerifier", constraints, create("Deep"), holder, tuple(config))
    return L1Verifier(web3, address)


def program_of(public_input: Mapping[str, Any]) -> list[int]:
    """The program words: main's frame begins two cells behind them."""
    length = public_input["memory_segments"]["execution"]["begin_addr"] - 3
    return [int(cell["value"], 16) for cell in public_input["public_memory"][:length]]


def public_input_spans(public_input: bytes) -> list[Span]:
    """Cut an encoded public input into its fields."""
    spans = [Span("log_n_steps", 0, 1), Span("rc_min", 1, 3), Span("rc_max", 3, 5)]
    spans.append(Span("final ap", 5, 9))
    at = 9
    for name in calldata.SEGMENTS[2:]:
        spans += [Span(f"{name} begin", at, at + 4), Span(f"{name} stop", at + 4, at + 8)]
        at += 8
    while at < len(public_input):
        n_bytes = public_input[at]
        spans.append(Span("output length", at, at + 1))
        spans.append(Span("output value", at + 1, at + 1 + n_bytes))
        at += 1 + n_bytes
    return spans


def proof_spans(proof_json: Mapping[str, Any], layout: SimpleNamespace) -> list[Span]:
    """Cut the encoded proof into its fields: the encoder, run with a recorder of what it writes."""
    parameters = calldata.ProofParameters.from_json(proof_json["proof_parameters"])
    fri, width = parameters.fri_steps, parameters.node_bytes
    log_rows = proof_json["public_input"]["n_steps"].bit_length() - 1 + calldata.LOG_ROWS_PER_STEP
    cutter = _Cutter()
    cutter.cut("parameters", 1, 5 + len(fri))
    cutter.cut("trace root", width, 3)
    cutter.cut("mask value", WORD, len(set(layout.MASK_VALUE_INDEX)))
    cutter.cut("composition value", WORD, 2)
    cutter.cut("FRI root", width, len(fri))
    cutter.cut("last layer", WORD, parameters.last_layer_degree_bound)
    cutter.cut("nonce", 8, 1)
    queries = set(_queries(proof_json, parameters, log_rows + parameters.log_blowup))
    height = log_rows + parameters.log_blowup
    for table, n_columns in enumerate((*layout.N_COLUMNS, 2)):
        cutter.cut(f"cell of table {table}", WORD, n_columns * len(queries))
        if n_columns == 1:
            cutter.cut("raw sibling", WORD, sum(query ^ 1 not in queries for query in queries))
            pairs = {query >> 1 for query in queries}
            n_nodes = calldata._count_siblings(pairs, height - 1)
        else:
            n_nodes = calldata._count_siblings(queries, height)
        cutter.cut(f"node of table {table}", width, n_nodes)
    for layer, step in enumerate(fri, 1):
        rows = {index >> step for index in queries}
        height -= step
        n_cells = (len(rows) << step) - len(queries)
        if layer == len(fri):
            n_cells -= len(calldata.derivable_cells(queries, step))
        cutter.cut(f"cell of layer {layer}", WORD, n_cells)
        cutter.cut(f"node of layer {layer}", width, calldata._count_siblings(rows, height))
        queries = rows
    return cutter.spans


class _Cutter:
    def __init__(self) -> None:
        self.spans: list[Span] = []

    def cut(self, kind: str, size: int, count: int) -> None:
        start = self.spans[-1].end if self.spans else 0
        self.spans += [Span(kind, start + i * size, start + (i + 1) * size) for i in range(count)]


def _queries(
    proof_json: Mapping[str, Any], parameters: calldata.ProofParameters, log_domain: int
) -> list[int]:
    raw = bytes.fromhex(proof_json["proof_hex"][2:])
    transcript = calldata._Transcript(calldata._transcript_seed(proof_json["public_input"], 0))
    n_mask = len(calldata.l1_layout.MASK_VALUE_INDEX)
    sizes = [WORD] * (3 + n_mask + 2 + len(parameters.fri_steps))
    sizes += [WORD * parameters.last_layer_degree_bound, 8]
    at = 0
    for size in sizes:
        transcript.absorb(raw[at : at + size])
        at += size
    return transcript.draw_queries(parameters.n_queries, log_domain)


def _describe(dynamic_params: Mapping[str, int]) -> dict[str, Any]:
    empty = {"begin_addr": 1, "stop_ptr": 1}
    public_input = {
        "layout": "dynamic",
        "n_steps": 65_536,
        "rc_min": 0,
        "rc_max": 1,
        "memory_segments": dict.fromkeys(calldata.SEGMENTS, empty),
        "public_memory": [{"address": 1, "value": "0x0", "page": 0}],
        "dynamic_params": dict(dynamic_params),
    }
    description: dict[str, Any] = json.loads(_native.air_description(json.dumps(public_input)))
    return description


def _generator() -> ModuleType:
    """The generator is a script beside the contracts, not a package of the wheel."""
    sys.path.insert(0, str(SCRIPT))
    try:
        spec = importlib.util.spec_from_file_location(
            "generate_verifier", SCRIPT / "generate_verifier.py"
        )
        assert spec is not None
        assert spec.loader is not None
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
    finally:
        sys.path.remove(str(SCRIPT))
    return module
