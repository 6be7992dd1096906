"""`novation verify-deployment` names each point in which a deployment differs from the sources."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from devnet.anvil import Anvil
from devnet.commands.deployments import verify_deployment
from devnet.contracts import Chain, load_artifact
from devnet.deployment import Deployment
from devnet.errors import RevertedError, UserError
from devnet.home import Home
from devnet.l1_parameters import ParametersOnL1
from devnet.markets import MARKETS, perpetual_terms
from devnet.system import deploy, oracle_keys, service_keys
from devnet.verify_deployment import changes_by_owner, check_deployment, roles

CODES = ("Exchange", "StarkVerifier", "Constraints", "Deep", "PeriodicColumns", "Loader")
WITH_IMMUTABLES = ("Exchange", "StarkVerifier", "Constraints")


@dataclass
class Deployed:
    home: Home
    chain: Chain
    deployment: Deployment

    def address(self, name: str) -> str:
        verifier = self.chain.contract(load_artifact("StarkVerifier"), self.deployment.verifier)
        constraints = self.chain.contract(
            load_artifact("Constraints"), verifier.functions.CONSTRAINTS().call()
        )
        return {
            "Exchange": self.deployment.exchange,
            "StarkVerifier": self.deployment.verifier,
            "Constraints": constraints.address,
            "Deep": verifier.functions.DEEP().call(),
            "Loader": verifier.functions.LOADER().call(),
            "PeriodicColumns": constraints.functions.PERIODIC_COLUMNS().call(),
        }[name]

    @property
    def block_number(self) -> int:
        return self.chain.web3.eth.block_number

    def differences(
        self, deployment: Deployment | None = None, block_number: int | None = None
    ) -> set[str]:
        checks = check_deployment(
            self.chain, deployment or self.deployment, block_number or self.block_number
        )
        return {check.what for check in checks if not check.is_equal}


@pytest.fixture(scope="module")
def deployed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Deployed]:
    home = Home(tmp_path_factory.mktemp("home"))
    anvil = Anvil(home.chain_path)
    chain = Chain(anvil.url)
    yield Deployed(home, chain, deploy(chain, home, service_keys(home), oracle_keys(home)))
    anvil.stop()


@pytest.fixture
def patched(deployed: Deployed) -> Iterator[Any]:
    """Return a function that puts other code to an address; undone afterwards."""
    changed: list[tuple[str, bytes]] = []

    def patch(name: str, change: Any) -> None:
        address = deployed.address(name)
        code = bytes(deployed.chain.web3.eth.get_code(address))
        changed.append((address, code))
        deployed.chain.local("anvil_setCode", [address, "0x" + change(code).hex()])

    yield patch
    for address, code in changed:
        deployed.chain.local("anvil_setCode", [address, "0x" + code.hex()])


def test_deployment_when_it_is_of_these_sources_then_everything_is_equal(
    deployed: Deployed,
) -> None:
    checks = check_deployment(deployed.chain, deployed.deployment, deployed.block_number)
    assert [check for check in checks if not check.is_equal] == []
    assert {f"{name} code" for name in CODES} <= {check.what for check in checks}


@pytest.mark.parametrize("name", CODES)
def test_code_when_one_byte_differs_then_named(deployed: Deployed, patched: Any, name: str) -> None:
    # The last byte is in no immutable, and in no path that a getter takes.
    patched(name, lambda code: code[:-1] + bytes([code[-1] ^ 1]))
    assert f"{name} code" in deployed.differences()


@pytest.mark.parametrize("name", CODES)
def test_code_when_there_is_none_then_named_and_nothing_fails(
    deployed: Deployed, patched: Any, name: str
) -> None:
    patched(name, lambda _: b"")
    assert f"{name} code" in deployed.differences()


def immutables(name: str) -> list[tuple[int, int]]:
    return list(load_artifact(name).immutable_places)


@pytest.mark.parametrize(
    ("name", "index"),
    [(name, index) for name in WITH_IMMUTABLES for index in range(0, len(immutables(name)), 3)],
)
def test_immutable_when_it_differs_anywhere_then_named(
    deployed: Deployed, patched: Any, name: str, index: int
) -> None:
    start, length = immutables(name)[index]

    def change(code: bytes) -> bytes:
        last = start + length - 1
        return code[:last] + bytes([code[last] ^ 1]) + code[last + 1 :]

    patched(name, change)
    differences = deployed.differences()
    assert f"{name} code" in differences
    assert f"{name} code without immutables" not in differences


@pytest.mark.parametrize(
    ("changes", "differs"),
    [
        ({"oracle_quorum": 1}, {"GENESIS_ROOT", "oracle quorum"}),
        ({"oracle_max_age_ms": 59_999}, {"GENESIS_ROOT", "oracle max age ms"}),
        (
            {"oracle_keys": ("0x1", "0x2", "0x3")},
            {"GENESIS_ROOT", *(f"oracle key {index}" for index in range(3))},
        ),
        ({"markets": MARKETS[:1]}, {"GENESIS_ROOT", "underlying 1"}),
        ({"markets": MARKETS[::-1]}, {"GENESIS_ROOT", "underlying 0", "underlying 1"}),
        ({"chain_id": 1}, {"chain id", "CONFIG_HASH"}),
        ({"token": "0x" + "11" * 20}, {"USD token", "token decimals"}),
        ({"loader": "0x" + "11" * 20}, {"loader address"}),
    ],
)
def test_record_when_it_says_something_else_then_named(
    deployed: Deployed, changes: dict[str, Any], differs: set[str]
) -> None:
    differences = deployed.differences(replace(deployed.deployment, **changes))
    assert differs <= differences


def test_record_when_the_genesis_accounts_are_others_then_named(deployed: Deployed) -> None:
    account = replace(deployed.deployment.fee_account, l1_address="0x" + "22" * 20)
    changed = replace(deployed.deployment, insurance_account=account)
    assert {"GENESIS_ROOT", "Exchange code"} <= deployed.differences(changed)


@pytest.mark.parametrize(
    ("constant", "what"),
    [
        ("OPERATOR_TIMEOUT_S", "OPERATOR_TIMEOUT_SECONDS"),
        ("RECLAIM_DELAY_S", "RECLAIM_DELAY_SECONDS"),
        ("MAX_BATCH_AGE_S", "MAX_BATCH_AGE_SECONDS"),
        ("MAX_CLOCK_SKEW_S", "MAX_CLOCK_SKEW_SECONDS"),
        ("MIN_DEPOSIT_QUANTA", "USD least deposit in quanta"),
        ("NODE_BYTES", "NODE_BYTES"),
        ("MIN_SECURITY_BITS", "minSecurityBits"),
        ("MIN_PROVEN_BITS", "minProvenBits"),
        ("MIN_LOG_STEPS", "MIN_LOG_STEPS"),
        ("MAX_LOG_STEPS", "MAX_LOG_STEPS"),
    ],
)
def test_limit_when_the_constructor_got_another_then_named(
    deployed: Deployed, monkeypatch: pytest.MonkeyPatch, constant: str, what: str
) -> None:
    from devnet import deploy as module  # noqa: PLC0415

    monkeypatch.setattr(module, constant, getattr(module, constant) - 1)
    assert what in deployed.differences()


def test_program_when_another_was_compiled_then_named(
    deployed: Deployed, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("devnet.verify_deployment.program_hash", lambda: 5)
    assert {"program hash, pinned and compiled", "programHash"} <= deployed.differences()


def test_command_when_all_is_equal_then_says_so_else_status_1_with_the_names(
    deployed: Deployed, patched: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    url = deployed.chain.url
    verify_deployment(deployed.home, url, build=False)
    shown = capsys.readouterr().out
    assert re.search(r"all \d+ are equal", shown)
    assert "operators" in shown
    patched("Deep", lambda code: code + b"\x00")
    with pytest.raises(UserError, match=r"2 of .* differ: Deep code, StarkVerifier code") as caught:
        verify_deployment(deployed.home, url, build=False)
    assert caught.value.exit_code == 1
    assert "DIFFERS" in capsys.readouterr().out


def test_parameters_when_the_owner_changed_them_then_followed_and_shown(
    deployed: Deployed, capsys: pytest.CaptureFixture[str]
) -> None:
    before = deployed.block_number
    on_l1 = ParametersOnL1(deployed.chain, deployed.deployment)
    owner = service_keys(deployed.home)["deployer"].l1_account
    sol = perpetual_terms("SOL-USD", multiplier=10, tick_decimals=3)
    on_l1.set_underlying(2, sol, owner)
    on_l1.set_underlying(0, replace(MARKETS[0].terms, maker_fee_ppm=1), owner)
    on_l1.set_oracle_key(3, 1, owner)
    on_l1.set_oracle_key(0, 2, owner)
    on_l1.set_oracle_rule(4, 7_000, owner)
    assert deployed.differences() == set()
    now = deployed.block_number
    assert on_l1.followed(now).underlyings[2] == sol
    assert on_l1.shown(now)["oracle quorum"] == 4
    # Every answer is of the block that is asked for.
    assert on_l1.shown(before)["oracle quorum"] == 2
    assert deployed.differences(block_number=before) == set()
    assert changes_by_owner(deployed.chain, deployed.deployment, before) == []
    verify_deployment(deployed.home, deployed.chain.url, build=False)
    shown = capsys.readouterr().out
    first_key = deployed.deployment.parameters.oracle_keys[0]
    for line in (
        "BTC-USD maker_fee_ppm, first 200, now 1",
        "SOL-USD tick_decimals, first none, now 3",
        "SOL-USD initial_margin_ppm, first none, now 50000",
        f"oracle key 0, first {first_key:#x}, now 0x2",
        "oracle key 3, first none, now 0x1",
        "oracle quorum, first 2, now 4",
        "oracle max age ms, first 60000, now 7000",
    ):
        assert f"changed by the owner: {line}\n" in shown
    # Those, and the other twelve fields of what is new.
    assert shown.count("changed by the owner: ") == 19
    assert "asset 1, added by the owner: TETH, token 0x" in shown
    assert "a quantum is 10^-8 or 10000000000 units, least deposit 100000 quanta" in shown
    assert f"block {now}: all" in shown
    assert "parameters changed since the deployment: 19" in shown
    with pytest.raises(RevertedError, match=r"SettingIsFixed\(field=multiplier, value=11, curr"):
        on_l1.set_underlying(2, replace(sol, multiplier=11), owner)
    with pytest.raises(RevertedError, match="OwnableUnauthorizedAccount"):
        on_l1.set_oracle_rule(1, 1, service_keys(deployed.home)["operator"].l1_account)


def test_roles_when_the_owner_hands_over_then_the_first_and_the_next_are_shown(
    deployed: Deployed,
) -> None:
    keys = service_keys(deployed.home)
    exchange = deployed.chain.contract(load_artifact("Exchange"), deployed.deployment.exchange)
    owner, heir = keys["deployer"].l1_account, keys["operator"].l1_account

    def shown(block_number: int) -> list[str]:
        found = roles(deployed.chain, deployed.deployment, block_number)
        return [found[name] for name in ("first owner", "owner", "next owner")]

    before = deployed.block_number
    nobody = "0x" + "00" * 20
    deployed.chain.transact(exchange.functions.transferOwnership(heir.address), owner)
    assert shown(deployed.block_number) == [owner.address, owner.address, heir.address]
    deployed.chain.transact(exchange.functions.acceptOwnership(), heir)
    assert shown(deployed.block_number) == [owner.address, heir.address, nobody]
    assert shown(before) == [owner.address, owner.address, nobody]
    # The other tests' owner is the first one.
    deployed.chain.transact(exchange.functions.transferOwnership(owner.address), heir)
    deployed.chain.transact(exchange.functions.acceptOwnership(), owner)


@pytest.mark.slow
def test_command_when_it_compiles_the_sources_itself_then_all_is_equal(
    deployed: Deployed, capsys: pytest.CaptureFixture[str]
) -> None:
    verify_deployment(Home(Path(deployed.home.path)), deployed.chain.url)
    assert re.search(r"all \d+ are equal", capsys.readouterr().out)
