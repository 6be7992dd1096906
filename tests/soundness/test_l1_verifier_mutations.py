"""The L1 verifier accepts the very proof that Stone made, and nothing near it.

The contracts are generated and compiled for the layout of the golden proof, with nodes of 160 bits:
what changes against the product is generated code and constructor arguments.
"""

import json
import random
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from devnet import l1_proof_check
from devnet.anvil import Anvil
from devnet.contracts import Chain
from devnet.errors import UserError
from devnet.home import Home
from devnet.l1_proof_check import check_proof_on_l1
from devnet.proof_check import ExitCode, ProofInput, check_proofs
from prover import calldata
from tests.soundness.l1_verifier import (
    L1Verifier,
    Span,
    build_contracts,
    deploy,
    program_of,
    proof_spans,
    public_input_spans,
)
from tests.soundness.proofs import load_proof

SEED = 20_261_121
GOLDEN = "stone_suite_k.json.gz"
NODE_BYTES = 20
SECURITY_BITS = 47
PROVEN_BITS = 32
PER_KIND = 4
MIN_MUTATIONS = 200


@dataclass(frozen=True, slots=True)
class Golden:
    """A deployed verifier and the proof that it accepts."""

    verifier: L1Verifier
    anvil: Anvil
    proof_json: dict[str, Any]
    layout: SimpleNamespace
    public_input: bytes
    proof: bytes
    deploy_with: Any


@pytest.fixture(scope="module")
def golden(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Golden]:
    proof_json = load_proof(GOLDEN)
    statement = proof_json["public_input"]
    folder = tmp_path_factory.mktemp("golden")
    layout = build_contracts(folder, statement["dynamic_params"])
    program = program_of(statement)
    anvil = Anvil(folder)

    def deploy_with(**changes: int) -> L1Verifier:
        config = {
            "node_bytes": NODE_BYTES,
            "min_security_bits": SECURITY_BITS,
            "min_proven_bits": PROVEN_BITS,
            "min_proof_of_work_bits": 16,
            "min_log_steps": 16,
            "max_log_steps": 20,
        }
        config |= changes
        artifacts = folder / "l1_contracts" / "out"
        return deploy(anvil, artifacts, program, list(config.values()))

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(calldata, "l1_layout", layout)
        public_input, proof = calldata.encode_proof(proof_json)
        verifier = deploy_with()
        yield Golden(verifier, anvil, proof_json, layout, public_input, proof, deploy_with)
    anvil.stop()


def test_stone_proof_when_genuine_then_accepted_with_its_output(golden: Golden) -> None:
    output = golden.verifier.verify(golden.public_input, golden.proof)
    assert output == calldata.decode_output(golden.public_input)
    memory = golden.proof_json["public_input"]["public_memory"]
    assert output == [int(cell["value"], 16) for cell in memory[-2:]]


def test_public_input_when_any_field_changed_then_rejected(golden: Golden) -> None:
    spans = public_input_spans(golden.public_input)
    rng = random.Random(SEED)
    changed = list(mutations(golden.public_input, spans, rng))
    accepted = [
        name
        for name, mutated in changed
        if golden.verifier.verify(mutated, golden.proof) is not None
    ]
    assert accepted == [], f"seed {SEED}"


def test_proof_when_any_field_changed_then_rejected(golden: Golden) -> None:
    spans = proof_spans(golden.proof_json, golden.layout)
    assert spans[-1].end == len(golden.proof)
    rng = random.Random(SEED)
    changed = list(mutations(golden.proof, sample_of_each_kind(spans, rng), rng))
    assert len(changed) >= MIN_MUTATIONS
    accepted = [
        name
        for name, mutated in changed
        if golden.verifier.verify(golden.public_input, mutated) is not None
    ]
    assert accepted == [], f"seed {SEED}"


def test_proof_when_bytes_are_lost_or_added_then_rejected(golden: Golden) -> None:
    proof, public_input = golden.proof, golden.public_input
    pairs = [
        (public_input, b""),
        (b"", proof),
        (public_input, proof[:-1]),
        (public_input, proof[: len(proof) // 2]),
        (public_input, proof + b"\0"),
        (public_input, proof[:100] + b"\0" + proof[100:]),
        (public_input, proof[:100] + proof[132:]),
        (public_input[:-1], proof),
        (public_input + b"\0", proof),
        (proof, public_input),
    ]
    assert [golden.verifier.verify(*pair) for pair in pairs] == [None] * len(pairs)


@pytest.mark.parametrize(
    "change",
    [
        {"min_security_bits": SECURITY_BITS + 1},
        {"min_proven_bits": PROVEN_BITS + 1},
        {"min_proof_of_work_bits": 17},
        {"min_log_steps": 17},
        {"node_bytes": 24},
    ],
)
def test_proof_when_the_verifier_asks_for_more_then_rejected(
    golden: Golden, change: dict[str, int]
) -> None:
    stricter = golden.deploy_with(**change)
    assert stricter.verify(golden.public_input, golden.proof) is None


def test_proof_when_a_cell_that_the_contract_derives_is_changed_then_the_file_is_rejected(
    golden: Golden, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = at_the_contract(golden, golden.verifier, monkeypatch)
    content = json.dumps(golden.proof_json).encode()
    assert "2 output felts" in check_proof_on_l1(ProofInput("genuine", content), home, None)
    changed = {**golden.proof_json, "proof_hex": with_first_derived_cell_changed(golden)}
    # What the contract gets is the same.
    assert calldata.encode_proof(changed) == (golden.public_input, golden.proof)
    with pytest.raises(UserError, match="changed: rejected") as error:
        check_proof_on_l1(ProofInput("changed", json.dumps(changed).encode()), home, None)
    assert error.value.exit_code == ExitCode.REJECTED


def at_the_contract(golden: Golden, verifier: L1Verifier, monkeypatch: pytest.MonkeyPatch) -> Home:
    """Let `verify --l1` ask this contract."""
    deployment = SimpleNamespace(verifier=verifier.address)
    connection = (Chain(golden.anvil.url), deployment)
    monkeypatch.setattr(l1_proof_check, "connect_l1", lambda *_: connection)
    return Home(Path("unused"))


@pytest.mark.parametrize(
    ("limits", "status", "words"),
    [
        ({"min_log_steps": 17}, ExitCode.UNSUPPORTED, r"name=log_steps, value=16, min=17"),
        ({"min_proof_of_work_bits": 17}, ExitCode.UNSUPPORTED, "name=proof_of_work_bits"),
        ({"node_bytes": 24}, ExitCode.UNSUPPORTED, "nodes of 160 bits, the contract takes 192"),
        ({"min_security_bits": SECURITY_BITS + 1}, ExitCode.REJECTED, "kind=conjectured"),
    ],
)
def test_proof_when_true_but_not_within_the_contracts_limits_then_told_so(
    golden: Golden,
    monkeypatch: pytest.MonkeyPatch,
    limits: dict[str, int],
    status: ExitCode,
    words: str,
) -> None:
    home = at_the_contract(golden, golden.deploy_with(**limits), monkeypatch)
    content = json.dumps(golden.proof_json).encode()
    with pytest.raises(UserError, match=words) as error:
        check_proof_on_l1(ProofInput("file", content), home, None)
    assert error.value.exit_code == status


def test_proof_when_it_breaks_off_or_is_changed_then_not_unsupported(
    golden: Golden, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = at_the_contract(golden, golden.verifier, monkeypatch)
    text = golden.proof_json["proof_hex"]
    changed = text[:100] + f"{int(text[100], 16) ^ 1:x}" + text[101:]
    for name, proof_hex in {"broken off": text[:-64], "changed": changed}.items():
        content = json.dumps({**golden.proof_json, "proof_hex": proof_hex}).encode()
        with pytest.raises(UserError) as error:
            check_proof_on_l1(ProofInput(name, content), home, None)
        (here,) = check_proofs([ProofInput(name, content)], 0)
        assert isinstance(here, UserError)
        assert error.value.exit_code == here.exit_code


def test_proof_when_the_node_gives_too_little_gas_then_not_judged(
    golden: Golden, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = at_the_contract(golden, golden.verifier, monkeypatch)
    chain = l1_proof_check.connect_l1(home)[0]
    ask = chain.web3.provider.make_request

    def with_little_gas(method: Any, params: Any) -> Any:
        if method == "eth_call" and len(params[0]["data"]) > 10_000:
            params = [{**params[0], "gas": hex(500_000)}, *params[1:]]
        return ask(method, params)

    monkeypatch.setattr(chain.web3.provider, "make_request", with_little_gas)
    content = json.dumps(golden.proof_json).encode()
    with pytest.raises(UserError, match="more gas than the L1 node gives") as error:
        check_proof_on_l1(ProofInput("file", content), home, None)
    assert error.value.exit_code == ExitCode.UNSUPPORTED


def with_first_derived_cell_changed(golden: Golden) -> str:
    """Find it among the file's last words: what the encoder makes does not depend on it."""
    raw = bytearray.fromhex(golden.proof_json["proof_hex"][2:])
    for start in range(len(raw) - 32, 0, -32):
        raw[start + 31] ^= 1
        text = "0x" + raw.hex()
        try:
            if calldata.encode_proof({**golden.proof_json, "proof_hex": text})[1] == golden.proof:
                return text
        except calldata.CalldataError:
            pass
        raw[start + 31] ^= 1
    pytest.fail("the encoder leaves out no cell")


def sample_of_each_kind(spans: list[Span], rng: random.Random) -> list[Span]:
    kinds: dict[str, list[Span]] = {}
    for span in spans:
        kinds.setdefault(span.kind, []).append(span)
    return [
        span
        for kind in kinds.values()
        for span in ([kind[0], kind[-1], *rng.sample(kind, min(PER_KIND, len(kind)))])
    ]


def mutations(data: bytes, spans: list[Span], rng: random.Random) -> Iterator[tuple[str, bytes]]:
    """Yield each span with a bit flipped, one added, set to zero, and an alias modulo the prime."""
    for span in spans:
        size = span.end - span.start
        value = int.from_bytes(data[span.start : span.end], "big")
        candidates = {
            "flip": value ^ (1 << rng.randrange(8 * size)),
            "add 1": value + 1,
            "zero": 0,
            "alias": value + calldata.FIELD_PRIME,
        }
        for change, candidate in candidates.items():
            if candidate == value or candidate >= 1 << (8 * size):
                continue
            mutated = candidate.to_bytes(size, "big")
            name = f"{span.kind} at {span.start}: {change}"
            yield name, data[: span.start] + mutated + data[span.end :]
