"""What operations and withdrawals cost in the real contract: the batcher's figures are above it.

The verifier takes every output here, as nobody can prove these; what proofs cost is in
l1_contracts/snapshots and `make bench`.
"""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
from eth_abi.abi import encode
from web3.logs import DISCARD

from devnet.anvil import Anvil
from devnet.contracts import Chain, load_artifact
from devnet.deploy import parameter_arguments
from devnet.keys import derive_keys
from devnet.parameter_bounds import MAX_ORACLE_MAX_AGE_MS
from novation.protocol.accounts import Position
from novation.protocol.constants import (
    AMOUNT_BOUND,
    MAX_ASSETS,
    MAX_KEYS,
    MAX_POSITIONS,
    OPERATION_DEPOSIT,
)
from novation.protocol.errors import ResultCode
from novation.protocol.markets import UNDERLYING_WORDS, Globals, Market, UnderlyingState
from novation.protocol.nonces import NonceWindow
from novation.protocol.output import (
    AccountRecord,
    BatchOutput,
    MarketRecord,
    OperationRecord,
    OrderRecord,
    WithdrawalRecord,
    encode_output,
)
from novation.protocol.parameters import oracle_rule_word
from novation.protocol.signing_keys import SigningKey
from novation.protocol.transactions import ParameterKind
from sequencer.l1_cost import (
    DEPOSIT_COST,
    FAILED_DEPOSIT_COST,
    RECORD_GAS,
    WITHDRAWAL_COST,
    felts_cost,
    verify_gas,
)
from tests.support.builders import parameters

CONFIG_HASH, GENESIS_ROOT, AMOUNT = 77, 1_000, 1_000_000
DEPLOYER = derive_keys("deployer", seed=3).l1_account
KEY = derive_keys("alice", seed=3).stark_public
WEEK_S = 7 * 86_400
PARTS = ("operations", "withdrawals", "accounts", "orders", "markets", "underlyings")
SNAPSHOTS = Path(__file__).resolve().parents[2] / "l1_contracts" / "snapshots"


def deposit_record(amount_quanta: int, owner: int) -> OperationRecord:
    """Return how a batch reports a deposit of account 2."""
    return OperationRecord(OPERATION_DEPOSIT, ResultCode.DONE, 2, amount_quanta, owner, KEY)


@dataclass
class Settling:
    """A real Exchange whose verifier believes everything."""

    chain: Chain
    exchange: str = ""
    n_batches: int = 0
    n_deposits: int = 0
    n_consumed: int = 0
    next_address: int = 2**100
    meter: str = ""

    def deploy(self) -> None:
        self.chain.give_ether(DEPLOYER.address, 1_000)
        token = self.chain.deploy(load_artifact("TestUsd"), [], DEPLOYER)
        verifier = self.chain.deploy(load_artifact("AcceptingVerifier"), [], DEPLOYER)
        limits = (CONFIG_HASH, GENESIS_ROOT, WEEK_S, WEEK_S, WEEK_S, 3_600, AMOUNT)
        owners = (DEPLOYER.address, DEPLOYER.address)
        arguments = [token, verifier, *owners, limits, parameter_arguments(parameters())]
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
            self.chain.transact(self.contract.functions.deposit(0, KEY, amount), DEPLOYER)
            owner = int(DEPLOYER.address, 16)
            records.append(deposit_record(amount, owner))
        return records

    def withdrawals(self, count: int) -> list[WithdrawalRecord]:
        """Return withdrawals to addresses that never had one."""
        self.next_address += count
        return [WithdrawalRecord(1, self.next_address - i) for i in range(count)]

    def settle(self, operations: list[OperationRecord], withdrawals: list[WithdrawalRecord]) -> int:
        """Settle a batch; return the gas that it used."""
        output = self.output(operations=tuple(operations), withdrawals=tuple(withdrawals))
        self.n_consumed += len(operations)
        return int(self.chain.transact(self.update_state(output), DEPLOYER)["gasUsed"])

    def executed(self, output: BatchOutput) -> int:
        """Settle a batch; return the gas of the call, without what its bytes cost."""
        artifact = load_artifact("CallMeter")
        if not self.meter:
            self.meter = self.chain.deploy(artifact, [], DEPLOYER)
            allowed = self.contract.functions.setOperator(self.meter, True)
            self.chain.transact(allowed, DEPLOYER)
        meter = self.chain.contract(artifact, self.meter)
        data = self.update_state(output)._encode_transaction_data()
        receipt = self.chain.transact(meter.functions.measure(self.exchange, data), DEPLOYER)
        (spent,) = meter.events.Spent().process_receipt(receipt, errors=DISCARD)
        return int(spent["args"]["gasUsed"])

    def update_state(self, output: BatchOutput):  # type: ignore[no-untyped-def]  # noqa: ANN201
        public_input = encode(["uint256[]"], [encode_output(output)])
        return self.contract.functions.updateState(public_input, b"\x01")

    def output(self, **parts: Any) -> BatchOutput:
        """Return the next batch's output, empty but for some parts."""
        now_ms = self.chain.web3.eth.get_block("latest")["timestamp"] * 1_000
        self.n_batches += 1
        empty: dict[str, Any] = dict.fromkeys(PARTS, ())
        return BatchOutput(
            config_hash=CONFIG_HASH,
            old_root=GENESIS_ROOT + self.n_batches - 1,
            new_root=GENESIS_ROOT + self.n_batches,
            batch_number=self.n_batches,
            first_time_ms=now_ms,
            last_time_ms=now_ms,
            first_queue_position=self.n_consumed,
            oracle_hash=0,
            counters=Globals(custody_quanta=self._custody_after(**(empty | parts))),
            **(empty | parts),
        )

    def _custody_after(
        self,
        operations: tuple[OperationRecord, ...],
        withdrawals: tuple[WithdrawalRecord, ...],
        **_: object,
    ) -> int:
        """Return what the state has in custody after a batch, as the contract counts it."""
        total, payable, queued = self.contract.functions.custody(0).call()
        credited = sum(op.amount_quanta for op in operations if op.result_code is ResultCode.DONE)
        return total - payable - queued + credited - sum(w.amount_quanta for w in withdrawals)


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
        request = (index, 0, 2, KEY, record.amount_quanta)
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


def test_parameters_when_consumed_then_below_the_figure_of_an_operation(settling: Settling) -> None:
    empty = settling.settle([], [])
    records = []
    for max_age_ms in range(MAX_ORACLE_MAX_AGE_MS - 49, MAX_ORACLE_MAX_AGE_MS + 1):
        call = settling.contract.functions.setOracleRule(2, max_age_ms)
        settling.chain.transact(call, DEPLOYER)
        word = oracle_rule_word(2, max_age_ms)
        kind = ParameterKind.ORACLE_RULE
        records.append(OperationRecord(kind, ResultCode.DONE, 0, 0, 0, word))
    used = settling.settle(records, []) - empty
    assert 0.3 * 50 * DEPOSIT_COST.gas < used <= 50 * DEPOSIT_COST.gas


WINDOW = NonceWindow(2**60, 2**63)


def account(account_id: int, n_positions: int) -> AccountRecord:
    positions = tuple(Position(i, 1, 2**36 - 1, 2**36) for i in range(n_positions))
    return AccountRecord(account_id, (WINDOW,), 10**9, 0, 0, 0, positions)


def account_with_keys(account_id: int, n_keys: int) -> AccountRecord:
    keys = (SigningKey.full(2**250),) * n_keys
    return AccountRecord(account_id, (WINDOW,) * n_keys, 10**9, 0, 0, 0, (), keys)


def account_with_holdings(account_id: int) -> AccountRecord:
    held = (AMOUNT_BOUND - 1,) * (MAX_ASSETS - 1)
    return AccountRecord(account_id, (WINDOW,), 10**9, 0, 0, 3, (), None, held)


def _n_underlyings(n_felts: int) -> int:
    """Return how many fit so many felts, and the eight bits of their number."""
    return min(n_felts // UNDERLYING_WORDS, 255)


RECORDS: dict[str, Callable[[int], dict[str, Any]]] = {
    "accounts": lambda n: {"accounts": tuple(account(i, 0) for i in range(n // 2))},
    "accounts with all slots": lambda n: {
        "accounts": tuple(account(i, MAX_POSITIONS) for i in range(n // (2 + MAX_POSITIONS)))
    },
    "accounts with all keys": lambda n: {
        "accounts": tuple(account_with_keys(i, MAX_KEYS) for i in range(n // (6 + 2 * MAX_KEYS)))
    },
    "accounts with all assets": lambda n: {
        "accounts": tuple(account_with_holdings(i) for i in range(n // 5))
    },
    "empty slots": lambda n: {"orders": tuple(OrderRecord(i, None) for i in range(n))},
    "markets": lambda n: {"markets": tuple(MarketRecord(i, Market(0)) for i in range(n // 4))},
    "underlyings": lambda n: {"underlyings": (UnderlyingState(),) * _n_underlyings(n)},
}
# Behind the records of accounts and orders L1 only counts.
COUNTED = ("markets", "underlyings")


@pytest.mark.parametrize("kind", RECORDS)
@pytest.mark.parametrize("n_felts", [1_000, 4_000])
def test_records_when_read_hashed_and_walked_over_then_below_the_figure_and_near(
    settling: Settling, kind: str, n_felts: int
) -> None:
    chain = settling.chain
    output_gas = chain.contract(
        load_artifact("OutputGas"), chain.deploy(load_artifact("OutputGas"), [], DEPLOYER)
    )
    records = RECORDS[kind](n_felts)
    n_records = sum(len(listed) for name, listed in records.items() if name not in COUNTED)
    n_felts = UNDERLYING_WORDS * _n_underlyings(n_felts) if kind == "underlyings" else n_felts
    empty = settling.executed(settling.output())
    exchange = settling.executed(settling.output(**records)) - empty
    # Its bytes are not among them: this verifier is given words.
    verifier = n_felts * int(output_gas.functions.perFelt(1, n_felts).call({"gas": 2**40}))
    bound = felts_cost(0, n_felts, n_records * RECORD_GAS).gas
    assert 0.7 * bound < exchange + verifier <= bound


def test_verification_when_measured_by_forge_then_below_the_figure() -> None:
    for path in SNAPSHOTS.glob("*.json"):
        for name, gas in json.loads(path.read_text()).items():
            if name == "verify 16 queries at blowup 4":
                assert int(gas) <= verify_gas(16, 16 + 4 + 2)
                return
    pytest.fail("no snapshot of a verification")
