"""The command line: help everywhere, one line for every user fault, the promised statuses."""

import json
import os
import stat
import sys
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from devnet.cli import app, main
from devnet.demo.plan import Act, story
from devnet.deployment import Deployment, GenesisAccount
from devnet.endpoints import Endpoints
from devnet.errors import UserError
from devnet.home import Home
from devnet.keys import derive_keys, load_keys, save_keys
from devnet.markets import MARKETS
from devnet.ports import free_port
from devnet.system import remove_home
from novation.crypto import public_key
from novation.protocol.limits import Limits
from tests.e2e.local_exchange import LocalExchange

VECTORS = Path(__file__).resolve().parents[3] / "shared" / "vectors"
STONE_PROOF = VECTORS / "stone_proofs" / "cairo_lang_dynamic_4096_steps.json"
needs_vectors = pytest.mark.skipif(not STONE_PROOF.exists(), reason=f"no {STONE_PROOF}")


@dataclass(frozen=True)
class Result:
    status: int
    out: str
    err: str


@dataclass
class Cli:
    """Runs commands in this process with a home folder of their own."""

    home: Path
    monkeypatch: pytest.MonkeyPatch
    capsys: pytest.CaptureFixture[str]

    def __call__(self, *arguments: str) -> Result:
        self.monkeypatch.setattr(sys, "argv", ["novation", *arguments])
        self.capsys.readouterr()
        try:
            main()
            status = 0
        except SystemExit as end:
            status = int(end.code or 0)
        captured = self.capsys.readouterr()
        assert "Traceback" not in captured.err
        return Result(status, captured.out, captured.err)


@pytest.fixture
def cli(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Cli:
    monkeypatch.setenv("NOVATION_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("COLUMNS", "200")
    return Cli(tmp_path / "home", monkeypatch, capsys)


def leaf_commands() -> list[tuple[str, ...]]:
    found: list[tuple[str, ...]] = []
    for name in app.commands:
        command = app.load(name)
        found += [(name, inner) for inner in getattr(command, "commands", ())] or [(name,)]
    return found


@pytest.mark.parametrize("command", leaf_commands(), ids=" ".join)
def test_help_when_asked_for_then_has_an_example(cli: Cli, command: tuple[str, ...]) -> None:
    result = cli(*command, "--help")
    assert result.status == 0
    assert f"novation {' '.join(command)}" in " ".join(result.out.split())


def test_home_when_not_named_then_default_folder(
    cli: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("NOVATION_HOME")
    monkeypatch.chdir(tmp_path)
    assert cli("keys", "list").status == 0


def test_keys_when_made_then_listed_shown_and_private(cli: Cli) -> None:
    assert cli("keys", "new", "alice").status == 0
    path = cli.home / "keys" / "alice.json"
    assert stat.S_IMODE(os.stat(path).st_mode) == 0o600  # noqa: PTH116
    keys = load_keys(cli.home / "keys", "alice")
    assert keys.l1_address in cli("keys", "list").out
    shown = cli("keys", "show", "alice").out
    assert f"{keys.stark_public:x}" in shown
    assert keys.stark_private_key[2:] not in shown
    assert keys.l1_private_key[2:] not in shown


def test_keys_when_name_is_taken_then_refused_and_kept(cli: Cli) -> None:
    cli("keys", "new", "alice")
    before = load_keys(cli.home / "keys", "alice")
    result = cli("keys", "new", "alice")
    assert (result.status, "taken" in result.err) == (2, True)
    assert load_keys(cli.home / "keys", "alice") == before


@pytest.mark.parametrize("name", ["", "../alice", "Alice", "a" * 33, "a b"])
def test_keys_when_name_is_malformed_then_refused(cli: Cli, name: str) -> None:
    result = cli("keys", "new", name)
    assert (result.status, "name:" in result.err) == (2, True)


def test_keys_when_file_is_damaged_then_named(cli: Cli) -> None:
    cli("keys", "new", "alice")
    (cli.home / "keys" / "alice.json").write_text('{"name": "alice"')
    result = cli("keys", "show", "alice")
    assert (result.status, "not a key file" in result.err) == (2, True)


@pytest.mark.parametrize(
    "arguments",
    [
        ("book", "BTC-USD"),
        ("batch", "list"),
        ("account", "2"),
        ("order", "BTC-USD", "buy", "1", "1", "--key", "alice"),
        ("rebuild",),
    ],
)
def test_commands_when_no_devnet_runs_then_say_how_to_start_one(
    cli: Cli, arguments: tuple[str, ...]
) -> None:
    result = cli(*arguments)
    assert (result.status, "novation devnet" in result.err) == (2, True)


def test_book_when_sequencer_is_gone_then_names_its_address(cli: Cli) -> None:
    address = f"127.0.0.1:{free_port()}"
    Endpoints(address, "http://127.0.0.1:1").save(Home(cli.home).endpoints_path)
    result = cli("book", "BTC-USD")
    assert (result.status, address in result.err) == (2, True)


@pytest.mark.parametrize(
    ("amount", "complaint"),
    [
        ("abc", "not a decimal number"),
        ("nan", "not finite"),
        ("0", "not between"),
        ("-5", "not between"),
        ("1e30", "not between"),
        ("0.0000001", "not a multiple"),
    ],
)
def test_deposit_when_amount_is_unusable_then_refused_before_anything_is_sent(
    cli: Cli, amount: str, complaint: str
) -> None:
    cli("keys", "new", "alice")
    result = cli("deposit", "--key", "alice", "--", amount)
    assert (result.status, complaint in result.err) == (2, True)


def test_withdraw_when_amount_and_fetch_conflict_then_refused(cli: Cli) -> None:
    assert cli("withdraw", "--key", "alice").status == 2
    assert cli("withdraw", "5", "--key", "alice", "--fetch").status == 2


@needs_vectors
@pytest.mark.parametrize("option", [(), ("--python",)])
def test_stark_verify_when_proof_is_stones_then_accepted(cli: Cli, option: tuple[str, ...]) -> None:
    result = cli("stark", "verify", str(STONE_PROOF), *option, "--min-security-bits", "37")
    assert (result.status, "accepted" in result.out) == (0, True)


@needs_vectors
@pytest.mark.parametrize("option", [(), ("--python",)])
def test_stark_verify_when_proof_is_altered_then_status_says_how(
    cli: Cli, tmp_path: Path, option: tuple[str, ...]
) -> None:
    proof = json.loads(STONE_PROOF.read_text())
    flipped = dict(proof)
    digit = proof["proof_hex"][5000]
    flipped["proof_hex"] = (
        proof["proof_hex"][:5000] + ("0" if digit != "0" else "1") + proof["proof_hex"][5001:]
    )
    altered, truncated = tmp_path / "altered.json", tmp_path / "truncated.json"
    altered.write_text(json.dumps(flipped))
    truncated.write_text(STONE_PROOF.read_text()[:-1000])
    assert cli("stark", "verify", str(altered), *option).status == 1
    assert cli("stark", "verify", str(truncated), *option).status == 3
    assert cli("stark", "verify", str(tmp_path / "absent.json"), *option).status == 2
    unsupported = tmp_path / "unsupported.json"
    foreign = {**proof["public_input"], "layout": "recursive", "dynamic_params": None}
    unsupported.write_text(json.dumps({**proof, "public_input": foreign}))
    assert cli("stark", "verify", str(unsupported), *option).status == 2
    # The minimum is 96 unless another one is asked for.
    for arguments in ((), ("--min-security-bits", "96")):
        weak = cli("stark", "verify", str(STONE_PROOF), *option, *arguments)
        assert (weak.status, "96 are required" in weak.err) == (1, True)
    taken = cli("stark", "verify", str(STONE_PROOF), *option, "--min-security-bits", "0")
    assert (taken.status, "no minimum of security" in taken.out) == (0, True)
    assert "37.938 conjectured" in taken.out


def test_stark_prove_when_inputs_are_unusable_then_status_2_and_no_file(
    cli: Cli, tmp_path: Path
) -> None:
    empty, out = tmp_path / "empty.json", tmp_path / "proof.json"
    empty.write_text("{}")
    for public_input in (empty, tmp_path / "absent.json"):
        result = cli(
            "stark",
            "prove",
            *("--public-input", str(public_input), "--private-input", str(empty)),
            *("--params", str(empty), "--out", str(out)),
        )
        assert result.status == 2
        assert not out.exists()


@pytest.mark.parametrize("content", [b"", b"{", b"{}", b"[1]", b"\xff\xfe", b'{"config": 1}'])
def test_prove_when_witness_is_not_one_then_status_2_and_no_file(
    cli: Cli, tmp_path: Path, content: bytes
) -> None:
    witness, out = tmp_path / "witness.json", tmp_path / "proof.json"
    witness.write_bytes(content)
    result = cli("prove", str(witness), "--out", str(out))
    assert (result.status, "witness" in result.err) == (2, True)
    assert not out.exists()


@pytest.mark.parametrize("field", ["predecessor_id", "price_ticks", "nonce", "output"])
def test_prove_when_witness_is_altered_then_refused_without_a_file(
    cli: Cli, tmp_path: Path, field: str
) -> None:
    exchange = LocalExchange()
    exchange.deposit_all()
    exchange.play(Act("quotes", 0, story()[0].steps[:4]))
    witness_json = json.loads(exchange.seal().witness.to_json())
    assert alter_first(witness_json, field)
    witness, out = tmp_path / "witness.json", tmp_path / "proof.json"
    witness.write_text(json.dumps(witness_json))
    result = cli("prove", str(witness), "--out", str(out))
    assert result.status in (1, 2)
    assert "witness.json" in result.err
    assert not out.exists()


def alter_first(value: object, field: str) -> bool:
    """Change the first number with a given name anywhere in a JSON value."""
    if isinstance(value, dict):
        if field in value and isinstance(value[field], int | str):
            old = value[field]
            value[field] = old + 1 if isinstance(old, int) else hex(int(old, 16) + 1)
            return True
        if field in value and isinstance(value[field], list):
            return alter_item(value[field])
        return any(alter_first(item, field) for item in value.values())
    return isinstance(value, list) and any(alter_first(item, field) for item in value)


def alter_item(items: list[object]) -> bool:
    last = items[-1]
    items[-1] = last + 1 if isinstance(last, int) else hex(int(str(last), 16) + 1)
    return True


def test_verify_when_two_verifiers_are_asked_for_then_refused(cli: Cli) -> None:
    assert cli("verify", "proof.json", "--python", "--l1").status == 2


def test_remove_home_when_folder_is_not_a_devnets_then_kept(tmp_path: Path) -> None:
    (tmp_path / "precious").write_text("x")
    with pytest.raises(UserError, match="no devnet's folder"):
        remove_home(Home(tmp_path))
    assert (tmp_path / "precious").exists()


@pytest.mark.parametrize("content", ["", "{}", "[]", '{"chain_id": 1}'])
def test_deployment_when_record_is_damaged_then_user_error(tmp_path: Path, content: str) -> None:
    path = tmp_path / "deployment.json"
    path.write_text(content)
    with pytest.raises(UserError, match="not a deployment record"):
        Deployment.load(path)


def test_deployment_when_saved_then_load_returns_the_same(tmp_path: Path) -> None:
    account = GenesisAccount("0x1", hex(public_key(1)))
    capped = replace(MARKETS[0].terms, limits=Limits(interest_cap_lots=7))
    markets = (replace(MARKETS[0], terms=capped), *MARKETS[1:])
    keys = (hex(public_key(2)),)
    deployment = Deployment(1, 2, "0x3", "0x4", "0x5", "0x6", markets, keys, 1, 1, account, account)
    deployment.save(tmp_path / "deployment.json")
    loaded = Deployment.load(tmp_path / "deployment.json")
    assert loaded == deployment
    assert loaded.parameters == deployment.parameters


def test_derived_keys_when_saved_then_load_returns_the_same(tmp_path: Path) -> None:
    keys = derive_keys("alice", seed=7)
    save_keys(tmp_path, keys)
    assert load_keys(tmp_path, "alice") == keys
    assert keys != derive_keys("alice", seed=8)


def test_manual_when_compared_with_the_commands_then_names_each(cli: Cli) -> None:
    manual = (Path(__file__).resolve().parents[2] / "docs" / "cli.md").read_text()
    names = {" ".join(path) for path in leaf_commands()}
    verbs = ("new", "list", "show", "fund", "add", "remove")
    grouped = {*(f"keys {verb}" for verb in verbs), "batch list", "batch show"}
    assert {name for name in names - grouped if f"novation {name}" not in manual} == set()
    assert cli().status == 2
