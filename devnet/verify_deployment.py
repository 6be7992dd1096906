"""Compares what is deployed with what these sources give: for a user who trusts no deployer.

A contract's code is compared twice: with its immutables masked, and whole, with the code that our
own constructor returns on that chain for the arguments that we expect. The getters then tell which
value differs. What the L1 node answers is believed.
"""

from __future__ import annotations

import shutil
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from hexbytes import HexBytes
from web3 import Web3
from web3.exceptions import Web3Exception

from circuits.program import loader_bytecode, pinned, program_hash
from devnet.contracts import ARTIFACTS, load_artifact
from devnet.deploy import exchange_arguments, parameter_arguments, verifier_floor
from devnet.errors import UserError
from devnet.event_logs import EventReader
from devnet.l1_assets import read_assets
from devnet.l1_parameters import ParametersOnL1
from devnet.parameter_changes import changes
from devnet.program_code import STOP
from novation.protocol.constants import USD_ASSET_ID
from prover.calldata import encode_program

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from web3.contract import Contract

    from devnet.contracts import Artifact, Chain
    from devnet.deployment import Deployment
    from devnet.parameter_changes import Change

TOKEN_DECIMALS: Final = 6
# Numbers beyond it are roots, hashes and packed words: shown in hexadecimal.
LARGEST_SHORT: Final = 1 << 64
NOBODY: Final = "0x" + "00" * 20
FLOOR_GETTERS: Final = (
    "NODE_BYTES",
    "minSecurityBits",
    "minProvenBits",
    "MIN_PROOF_OF_WORK_BITS",
    "MIN_LOG_STEPS",
    "MAX_LOG_STEPS",
)
ASSET_FIELDS: Final = ("token", "decimals", "units of a quantum", "least deposit in quanta")
LIMIT_GETTERS: Final = (
    "CONFIG_HASH",
    "GENESIS_ROOT",
    "OPERATOR_TIMEOUT_SECONDS",
    "RECLAIM_DELAY_SECONDS",
    "MAX_BATCH_AGE_SECONDS",
    "MAX_CLOCK_SKEW_SECONDS",
)


@dataclass(frozen=True, slots=True)
class Check:
    """One line of the table."""

    what: str
    expected: str
    found: str

    @property
    def is_equal(self) -> bool:
        """Whether the deployment has what is expected."""
        return self.expected == self.found


def build_contracts(folder: Path) -> None:
    """Compile the contracts from their sources into a folder.

    Raises:
        UserError: if forge is not there, or fails.
    """
    npx = shutil.which("npx")
    if npx is None:
        raise UserError("verify-deployment: npx is not installed; see `make setup`")
    root = ARTIFACTS.parent
    command = [npx, "forge", "build", "--root", str(root), "--out", str(folder / "out")]
    command += ["--cache-path", str(folder / "cache"), "--skip", "test", "--skip", "script"]
    run = subprocess.run(  # noqa: S603 - a list, never a shell
        command, cwd=root.parent, capture_output=True, text=True, check=False
    )
    if run.returncode != 0:
        raise UserError(f"verify-deployment: forge build failed:\n{run.stdout}{run.stderr}")


def check_from_sources(chain: Chain, deployment: Deployment, block_number: int) -> list[Check]:
    """Compile the contracts into a folder of their own, then `check_deployment`."""
    with tempfile.TemporaryDirectory(prefix="novation-") as folder:
        build_contracts(Path(folder))
        return check_deployment(chain, deployment, block_number, Path(folder) / "out")


def check_deployment(
    chain: Chain, deployment: Deployment, block_number: int, artifacts: Path = ARTIFACTS
) -> list[Check]:
    """Compare everything that a user relies on; `artifacts` is what forge wrote.

    What can change is of one block: a change between two answers is no difference.
    """
    return _Checker(chain, deployment, block_number, artifacts).run()


def changes_by_owner(chain: Chain, deployment: Deployment, block_number: int) -> list[Change]:
    """Return what the owner changed up to a block: no source can tell whether that is right.

    None where the changes cannot be followed: then the parameters differ in `check_deployment`.
    """
    try:
        present = ParametersOnL1(chain, deployment).followed(block_number)
    except (Web3Exception, ValueError):
        return []
    return changes(deployment.parameters, present)


def assets_by_owner(chain: Chain, deployment: Deployment, block_number: int) -> list[str]:
    """Describe the assets that the owner has added: no source can tell whether they are right."""
    contract = chain.contract(load_artifact("Exchange"), deployment.exchange)
    try:
        added = read_assets(chain, contract, block_number)[1:]
    except (Web3Exception, ValueError) as error:
        return [f"assets: none: {type(error).__name__}: {error}"]
    return [
        f"asset {a.asset_id}, added by the owner: {a.symbol}, token {a.token}, "
        f"a quantum is 10^-{a.asset.decimals} or {a.units_per_quantum} units, "
        f"least deposit {a.min_deposit_quanta} quanta"
        for a in added
    ]


def roles(chain: Chain, deployment: Deployment, block_number: int) -> dict[str, str]:
    """Return who may do what at any time: no source can tell whether that is right."""
    contract = chain.contract(load_artifact("Exchange"), deployment.exchange)
    reader = EventReader(contract, ("OperatorSet", "OwnershipTransferred"))
    operators: dict[str, bool] = {}
    owners: list[str] = []
    for event in reader.read(deployment.deploy_block, block_number):
        if event["event"] == "OwnershipTransferred":
            owners.append(event["args"]["newOwner"])
        else:
            operators[event["args"]["operator"]] = event["args"]["isOperator"]
    active = [address for address, is_active in operators.items() if is_active]
    functions = contract.functions
    return {
        "first owner": owners[0] if owners else NOBODY,
        "owner": str(functions.owner().call(block_identifier=block_number)),
        "next owner": str(functions.pendingOwner().call(block_identifier=block_number)),
        "operators": ", ".join(active) or "none",
    }


class _Checker:
    """Collects the lines of the table, from the bottom of the dependencies up."""

    def __init__(
        self, chain: Chain, deployment: Deployment, block_number: int, artifacts: Path
    ) -> None:
        self._chain = chain
        self._deployment = deployment
        self._block_number = block_number
        self._artifacts = artifacts
        self._checks: list[Check] = []

    def run(self) -> list[Check]:
        deployment = self._deployment
        pinned_hash = int(pinned()["program_hash"], 16)
        self._compare("chain id", deployment.chain_id, self._chain.web3.eth.chain_id)
        self._compare_hex("program hash, pinned and compiled", pinned_hash, program_hash())
        verifier = self._contract("StarkVerifier", deployment.verifier)
        constraints_address = self._get(verifier, "CONSTRAINTS")
        deep_address = self._get(verifier, "DEEP")
        loader_address = self._get(verifier, "LOADER")
        self._compare("loader address", deployment.loader, loader_address)
        self._check_constraints(constraints_address)
        self._check_code("Deep", deep_address, [])
        self._check_loader(loader_address)
        self._check_verifier(verifier, [constraints_address, deep_address, loader_address])
        self._check_exchange()
        return self._checks

    def _check_constraints(self, address: str) -> None:
        constraints = self._contract("Constraints", address)
        periodic_address = self._get(constraints, "PERIODIC_COLUMNS")
        self._check_code("PeriodicColumns", periodic_address, [])
        self._check_code("Constraints", address, [periodic_address])

    def _check_loader(self, address: str) -> None:
        expected = STOP + encode_program(loader_bytecode())
        self._compare("Loader code", _hash(expected), _hash(self._code_at(address)))

    def _check_verifier(self, verifier: Contract, parts: list[str]) -> None:
        self._compare_hex("programHash", program_hash(), self._get(verifier, "programHash"))
        for name, value in zip(FLOOR_GETTERS, verifier_floor(), strict=True):
            self._compare(name, value, self._get(verifier, name))
        arguments = [*parts, verifier_floor()]
        self._check_code("StarkVerifier", self._deployment.verifier, arguments)

    def _check_exchange(self) -> None:
        deployment = self._deployment
        exchange = self._contract("Exchange", deployment.exchange)
        token = self._contract("IERC20Metadata", deployment.token)
        self._compare("token decimals", TOKEN_DECIMALS, self._get(token, "decimals"))
        self._compare("VERIFIER", deployment.verifier, self._get(exchange, "VERIFIER"))
        limits = exchange_arguments(deployment)
        for name, value in zip(LIMIT_GETTERS, limits[:-1], strict=True):
            compare = self._compare_hex if value > LARGEST_SHORT else self._compare
            compare(name, value, self._get(exchange, name))
        usd = (deployment.token, TOKEN_DECIMALS, 1, limits[-1])
        for name, wanted, found in zip(ASSET_FIELDS, usd, self._usd(exchange), strict=True):
            self._compare(f"USD {name}", wanted, found)
        # Owner, first operator, assets and parameters are in storage, where the code does not show
        # them.
        owner = "0x" + "00" * 19 + "01"
        first = parameter_arguments(deployment.parameters)
        arguments = [deployment.token, deployment.verifier, owner, owner, limits, first]
        self._check_code("Exchange", deployment.exchange, arguments)
        self._check_parameters()

    def _usd(self, exchange: Contract) -> Sequence[object]:
        """Return what the contract says of asset 0."""
        try:
            answer: Sequence[object] = exchange.functions.asset(USD_ASSET_ID).call()
        except (Web3Exception, ValueError) as error:
            return [f"none: {type(error).__name__}"] * len(ASSET_FIELDS)
        return answer

    def _check_parameters(self) -> None:
        """Compare with what the first parameters and all changes since then give."""
        on_l1 = ParametersOnL1(self._chain, self._deployment)
        expected = self._values(on_l1.expected)
        found = self._values(on_l1.shown)
        for name in sorted(expected | found):
            self._compare(name, expected.get(name, "none"), found.get(name, "none"))

    def _values(self, read: Callable[[int], dict[str, int]]) -> dict[str, str]:
        try:
            return {name: _number(value) for name, value in read(self._block_number).items()}
        except (Web3Exception, ValueError) as error:
            return {"parameters": f"none: {type(error).__name__}: {error}"}

    def _check_code(self, name: str, address: str, arguments: Sequence[object]) -> None:
        artifact, code = self._artifact(name), self._code_at(address)
        expected = bytes.fromhex(artifact.runtime_code.removeprefix("0x"))
        places = artifact.immutable_places
        if places:
            what = f"{name} code without immutables"
            masked = (_masked(expected, places), _masked(code, places))
            self._compare(what, _hash(masked[0]), _hash(masked[1]))
        self._compare(f"{name} code", self._created(artifact, arguments), _hash(code))

    def _created(self, artifact: Artifact, arguments: Sequence[object]) -> str:
        """Return the hash of the code that our constructor returns on this chain."""
        eth = self._chain.web3.eth
        factory = eth.contract(abi=artifact.abi, bytecode=artifact.bytecode)
        try:
            creation = factory.constructor(*arguments).data_in_transaction
            return _hash(bytes(eth.call({"data": HexBytes(creation)})))
        except (Web3Exception, TypeError, ValueError) as error:
            return f"constructor refuses: {error}"

    def _contract(self, name: str, address: str) -> Contract:
        # Where a getter gave no address, no other getter answers either.
        usable = address if Web3.is_address(address) else NOBODY
        return self._chain.contract(self._artifact(name), usable)

    def _artifact(self, name: str) -> Artifact:
        return load_artifact(name, self._artifacts)

    def _code_at(self, address: str) -> bytes:
        if not Web3.is_address(address):
            return b""
        return bytes(self._chain.web3.eth.get_code(Web3.to_checksum_address(address)))

    def _get(self, contract: Contract, name: str) -> Any:  # noqa: ANN401 - any immutable's type
        try:
            return contract.functions[name]().call()
        except (Web3Exception, ValueError) as error:
            return f"none: {type(error).__name__}"

    def _compare(self, what: str, expected: object, found: object) -> None:
        self._checks.append(Check(what, str(expected), str(found)))

    def _compare_hex(self, what: str, expected: int, found: object) -> None:
        shown = f"{found:#x}" if isinstance(found, int) else str(found)
        self._checks.append(Check(what, f"{expected:#x}", shown))


def _number(value: int) -> str:
    return hex(value) if value > LARGEST_SHORT else str(value)


def _masked(code: bytes, places: Sequence[tuple[int, int]]) -> bytes:
    masked = bytearray(code)
    for start, length in places:
        masked[start : start + length] = bytes(length)
    return bytes(masked)


def _hash(code: bytes) -> str:
    return "0x" + Web3.keccak(code).hex() if code else "no code"
