"""What operations and withdrawals cost in the real contract: the batcher's figures are above it.

The verifier takes every output here, as nobody can prove these; what proofs cost is in
l1_contracts/snapshots and `make bench`.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest
from eth_abi.abi import encode

from devnet.anvil import Anvil
from devnet.contracts import Chain, load_artifact
from devnet.keys import derive_keys
from novation.protocol.errors import ResultCode
from novation.protocol.markets import Globals
from novation.protocol.output import BatchOutput, OperationRecord, WithdrawalRecord, encode_output
from sequencer.l1_cost import DEPOSIT_COST, FAILED_DEPOSIT_COST, WITHDRAWAL_COST, verify_gas

CONFIG_HASH, GENESIS_ROOT, AMOUNT = 77, 1_000, 1_000_000
DEPLOYER = derive_keys("deployer", seed=3).l1_account
KEY = derive_keys("alice", seed=3).stark_public
WEEK_S = 7 * 86_400
SNAPSHOTS = Path(__file__).resolve().parents[2] / "l1_contracts" / "snapshots"


@dataclass
class Settling:
    """A real Exchange whose verifier believes everything."""

    chain: Chain
    exchange: str = ""
    n_batches: int = 0
    n_deposits: int = 0
    n_consumed: int = 0
    next_address: int = 2**100
    gas: list[int] = field(default_factory=list)

    def deploy(self) -> None:
        self.chain.give_ether(DEPLOYER.address, 1_000)
        token = self.chain.deploy(load_artifact("TestUsd"), [], DEPLOYER)
        verifier = self.chain.deploy(load_artifact("AcceptingVerifier"), [], DEPLOYER)
        limits = (CONFIG_HASH, GENESIS_ROOT, WEEK_S, WEEK_S, WEEK_S, 3_600, AMOUNT)
        arguments = [token, verifier, DEPLOYER.address, DEPLOYER.address, limits]
        self.exchange = self.chain.deploy(load_artifact("Exchange"), arguments, DEPLOYER)
        usd = self.chain.contract(load_artifact("TestUsd"), token)
        self.chain.transact(usd.functions.mint(DEPLOYER.address, 10**12), DEPLOYER)
        self.chain.transact(usd.functions.approve(self.exchange, 10**12), DEPLOYER)

    @property
    def contract(self):  # type: ignore[no-untyped-def]  # noqa: ANN201
        return self.chain.contract(load_artifact("Exchange"), self.exchange)

    def deposit(self, count: int) -> list[OperationRecord]:
        """Queue different deposits; return how a batch reports them."""
        records = []
        for _ in range(count):
            amount = AMOUNT + self.n_deposits
            self.n_deposits += 1
            self.chain.transact(self.contract.functions.deposit(KEY, amount), DEPLOYER)
            owner = int(DEPLOYER.address, 16)
            records.append(OperationRecord(ResultCode.DONE, 2, amount, owner, KEY))
        return records

    def withdrawals(self, count: int) -> list[WithdrawalRecord]:
        """Return withdrawals to addresses that never had one."""
        self.next_address += count
        return [WithdrawalRecord(1, self.next_address - i) for i in range(count)]

    def settle(self, operations: list[OperationRecord], withdrawals: list[WithdrawalRecord]) -> int:
        """Settle a batch; return the gas that it used."""
        now_ms = self.chain.web3.eth.get_block("latest")["timestamp"] * 1_000
        self.n_batches += 1
        output = BatchOutput(
            config_hash=CONFIG_HASH,
            old_root=GENESIS_ROOT + self.n_batches - 1,
            new_root=GENESIS_ROOT + self.n_batches,
            batch_number=self.n_batches,
            first_time_ms=now_ms,
            last_time_ms=now_ms,
            first_queue_position=self.n_consumed,
            oracle_hash=0,
            operations=tuple(operations),
            withdrawals=tuple(withdrawals),
            accounts=(),
            orders=(),
            markets=(),
            counters=Globals(0, 0, 0, 0, 0),
        )
        self.n_consumed += len(operations)
        public_input = encode(["uint256[]"], [encode_output(output)])
        call = self.contract.functions.updateState(public_input, b"\x01")
        return int(self.chain.transact(call, DEPLOYER)["gasUsed"])


@pytest.fixture(scope="module")
def settling(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Settling]:
    anvil = Anvil(tmp_path_factory.mktemp("chain") / "chain.json")
    made = Settling(Chain(anvil.url))
    made.deploy()
    # The first batch writes slots that later ones only change.
    made.settle(made.deposit(1), [])
    yield made
    anvil.stop()


def test_withdrawals_when_addresses_are_new_then_below_the_figure_and_near(
    settling: Settling,
) -> None:
    empty = settling.settle([], [])
    used = settling.settle([], settling.withdrawals(200)) - empty
    bound = 200 * WITHDRAWAL_COST.gas
    assert 0.8 * bound < used <= bound


def test_deposits_when_consumed_set_aside_or_failed_then_below_the_figure(
    settling: Settling,
) -> None:
    empty = settling.settle([], [])
    plain = settling.settle(settling.deposit(50), []) - empty
    aside = settling.deposit(50)
    for index, record in enumerate(aside, settling.n_deposits - 50):
        request = (index, 2, KEY, record.amount_quanta)
        settling.chain.transact(settling.contract.functions.requestReclaim(*request), DEPLOYER)
    overtaken = settling.settle(aside, []) - empty
    failed = [
        replace(record, result_code=ResultCode.DEPOSIT_KEY_MISMATCH)
        for record in settling.deposit(50)
    ]
    refunded = settling.settle(failed, []) - empty
    assert plain <= overtaken <= 50 * DEPOSIT_COST.gas
    assert overtaken > 0.5 * 50 * DEPOSIT_COST.gas
    assert refunded <= 50 * FAILED_DEPOSIT_COST.gas


def test_verification_when_measured_by_forge_then_below_the_figure() -> None:
    for path in SNAPSHOTS.glob("*.json"):
        for name, gas in json.loads(path.read_text()).items():
            if name == "verify 16 queries at blowup 4":
                assert int(gas) <= verify_gas(16, 16 + 4 + 2)
                return
    pytest.fail("no snapshot of a verification")
