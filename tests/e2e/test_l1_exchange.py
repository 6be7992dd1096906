"""The sequencer's view of the contract: confirmed deposits in queue order, clear failures."""

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from devnet.anvil import Anvil
from devnet.contracts import Chain
from devnet.deploy import RECLAIM_DELAY_S
from devnet.deployment import Deployment
from devnet.errors import RevertedError
from devnet.home import Home
from devnet.keys import TraderKeys, derive_keys
from devnet.l1_exchange import ExchangeOnL1
from devnet.l1_parameters import ParametersOnL1
from devnet.markets import perpetual_terms
from devnet.rebuild import rebuild
from devnet.system import deploy, oracle_keys, service_keys
from devnet.trader_l1 import QueuedDeposit, TraderOnL1
from novation.protocol.parameters import oracle_rule_word
from novation.protocol.transactions import ParameterKind
from sequencer.fees import FeePolicy
from sequencer.l1 import (
    Fees,
    L1Deposit,
    L1Parameter,
    L1RefusedError,
    L1RejectedError,
    L1UnavailableError,
    Remedy,
    SendAnswer,
    TransactionFate,
    TransactionTerms,
    understood_refusal,
)
from tests.support.waiting import until

AMOUNT = 5_000_000


@dataclass
class OnChain:
    """A new exchange on a new chain with a block per transaction."""

    anvil: Anvil
    chain: Chain
    deployment: Deployment
    exchange: ExchangeOnL1

    def trader(self, name: str) -> TraderOnL1:
        return TraderOnL1(self.chain, self.deployment, derive_keys(name, seed=3))

    def deposit(self, name: str, amount: int = AMOUNT) -> QueuedDeposit:
        trader = self.trader(name)
        trader.fund(amount)
        return trader.deposit(amount)

    async def deposits(self, first: int, limit: int, confirmations: int) -> list[L1Deposit]:
        queue = await self.exchange.read_queue(first, limit, confirmations)
        return [entry for entry in queue.entries if isinstance(entry, L1Deposit)]

    def harmless_calldata(self) -> bytes:
        """Return a call that succeeds and changes nothing, for tests of transactions alone."""
        call = self.trader("alice").exchange.functions.skipReclaimed(0)
        return bytes.fromhex(call._encode_transaction_data()[2:])


@pytest.fixture
def on_chain(tmp_path: Path) -> Iterator[OnChain]:
    home = Home(tmp_path)
    anvil = Anvil(home.chain_path)
    chain = Chain(anvil.url)
    services: dict[str, TraderKeys] = service_keys(home)
    deployment = deploy(chain, home, services, oracle_keys(home))
    operator = services["operator"].l1_account
    yield OnChain(anvil, chain, deployment, ExchangeOnL1(chain, deployment, operator))
    anvil.stop()


async def test_state_when_deployed_then_genesis_and_rebuilt_from_nothing(on_chain: OnChain) -> None:
    state = await on_chain.exchange.read_state()
    assert state.batch_number == 0
    assert state.config_hash == on_chain.deployment.config.config_hash
    rebuilt = rebuild(on_chain.chain, on_chain.deployment, lambda _: None)
    assert rebuilt.matches
    assert rebuilt.state.root == state.state_root


async def test_deposits_when_made_then_read_in_order_once_confirmed(on_chain: OnChain) -> None:
    first, second = on_chain.deposit("alice"), on_chain.deposit("bob", 2 * AMOUNT)
    again = on_chain.deposit("alice")
    assert (first.account_id, second.account_id, again.account_id) == (2, 3, 2)
    deposits = await on_chain.deposits(0, 10, 0)
    assert [deposit.index for deposit in deposits] == [0, 1, 2]
    assert [deposit.account_id for deposit in deposits] == [2, 3, 2]
    assert deposits[1].amount_quanta == 2 * AMOUNT
    keys = derive_keys("bob", seed=3)
    assert deposits[1].l1_address == int(keys.l1_address, 16)
    assert deposits[1].stark_key == keys.stark_public
    assert len(await on_chain.deposits(1, 1, 0)) == 1


async def test_parameters_when_set_between_deposits_then_read_in_their_place(
    on_chain: OnChain, tmp_path: Path
) -> None:
    owner = service_keys(Home(tmp_path))["deployer"].l1_account
    parameters = ParametersOnL1(on_chain.chain, on_chain.deployment)
    sol = perpetual_terms("SOL-USD", multiplier=10, tick_decimals=3)
    on_chain.deposit("alice")
    assert parameters.set_underlying(2, sol, owner) == 1
    on_chain.deposit("bob")
    assert parameters.set_oracle_key(3, 1, owner) == 3
    assert parameters.set_oracle_rule(4, 7_000, owner) == 4
    queue = await on_chain.exchange.read_queue(0, 10, 0)
    assert [entry.index for entry in queue.entries] == [0, 1, 2, 3, 4]
    assert [entry for entry in queue.entries if isinstance(entry, L1Parameter)] == [
        L1Parameter(1, ParameterKind.UNDERLYING, 2, sol.word()),
        L1Parameter(3, ParameterKind.ORACLE_KEY, 3, 1),
        L1Parameter(4, ParameterKind.ORACLE_RULE, 0, oracle_rule_word(4, 7_000)),
    ]
    # Not before they are as deep as asked for, and from the middle on as well.
    operator = service_keys(Home(tmp_path))["operator"].l1_account
    fresh = ExchangeOnL1(on_chain.chain, on_chain.deployment, operator)
    queue = await fresh.read_queue(3, 10, 1)
    assert [entry.index for entry in queue.entries] == [3]
    # A reorganisation takes the last one back; what comes in its place is read.
    on_chain.chain.local("anvil_reorg", [1, []])
    parameters.set_oracle_rule(3, 7_000, owner)
    for exchange in (fresh, on_chain.exchange):
        with contextlib.suppress(L1UnavailableError):
            # What it has read of the other chain does not add up, and is read again.
            await exchange.read_queue(3, 10, 0)
        queue = await exchange.read_queue(3, 10, 0)
        assert queue.entries[-1] == L1Parameter(
            4, ParameterKind.ORACLE_RULE, 0, oracle_rule_word(3, 7_000)
        )


async def test_deposit_when_not_confirmed_yet_then_not_read(on_chain: OnChain) -> None:
    on_chain.deposit("alice")
    assert await on_chain.deposits(0, 10, 1) == []
    on_chain.chain.local("anvil_mine", [1])
    assert len(await on_chain.deposits(0, 10, 1)) == 1


async def test_deposit_when_its_reclaim_is_requested_then_left_out_once_confirmed(
    on_chain: OnChain,
) -> None:
    for name in ("alice", "bob", "carol"):
        on_chain.deposit(name)
    bob = on_chain.trader("bob")
    bob.request_reclaim(1, AMOUNT)
    assert [d.index for d in await on_chain.deposits(0, 10, 1)] == [0, 1, 2]
    assert [d.index for d in await on_chain.deposits(0, 10, 0)] == [0, 2]
    assert on_chain.deposit("dave").position == 2
    assert [d.account_id for d in await on_chain.deposits(2, 10, 0)] == [4, 5]
    assert [d.index for d in await on_chain.deposits(0, 2, 0)] == [0, 2]
    with pytest.raises(RevertedError, match="ReclaimTooEarly"):
        bob.reclaim(AMOUNT)
    on_chain.chain.local("evm_increaseTime", RECLAIM_DELAY_S + 1)
    on_chain.chain.local("anvil_mine", [1])
    bob.reclaim(AMOUNT)
    assert bob.balance() == AMOUNT
    with pytest.raises(RevertedError, match="ReclaimNotRequested"):
        bob.reclaim(AMOUNT)


async def test_blocks_when_the_chain_is_reorganised_then_other_hashes(on_chain: OnChain) -> None:
    exchange, chain = on_chain.exchange, on_chain.chain
    on_chain.deposit("alice")
    chain.local("anvil_mine", [4])
    head = chain.web3.eth.block_number
    queue = await exchange.read_queue(0, 10, 3)
    assert queue.block.number == head - 3
    assert len(queue.entries) == 1
    newest = await exchange.block_hash(head)
    assert await exchange.block_hash(head + 1) is None
    chain.local("anvil_reorg", [2, []])
    assert await exchange.block_hash(head) not in (newest, None)
    assert await exchange.block_hash(head - 3) == queue.block.block_hash
    chain.local("anvil_reorg", [4, []])
    assert await exchange.block_hash(head - 3) not in (queue.block.block_hash, None)


async def test_batch_when_calldata_is_garbage_then_rejected(on_chain: OnChain) -> None:
    for calldata in (b"", b"\x01\x02\x03\x04", b"\x00" * 200):
        with pytest.raises(L1RejectedError):
            await on_chain.exchange.check_batch(calldata)


async def test_batch_when_checked_then_named_error_and_nothing_sent(on_chain: OnChain) -> None:
    function = on_chain.trader("alice").exchange.functions.updateState(b"\x00" * 40, b"")
    calldata = bytes.fromhex(function._encode_transaction_data()[2:])
    block_number = on_chain.chain.web3.eth.block_number
    with pytest.raises(L1RejectedError, match=r"^[A-Z]\w+\(.*\)$") as caught:
        await on_chain.exchange.check_batch(calldata)
    assert caught.value.block_number == on_chain.chain.web3.eth.block_number == block_number


async def test_state_when_a_block_is_old_enough_then_confirmed_and_before_the_contract_none(
    on_chain: OnChain,
) -> None:
    newest = on_chain.chain.web3.eth.block_number
    exchange = on_chain.exchange
    state = await exchange.read_state()
    assert state.block_number == newest
    assert await exchange.confirmed_state(0) == state
    # The contract is in the block before the last one, in which it got its second asset.
    assert await exchange.confirmed_state(2) is None
    assert await exchange.confirmed_state(newest + 5) is None
    on_chain.chain.local("anvil_mine", [5])
    assert await exchange.confirmed_state(5) == state


async def test_gas_limit_when_a_batch_is_checked_then_all_that_a_transaction_may_use(
    on_chain: OnChain,
) -> None:
    assert await on_chain.exchange.check_batch(on_chain.harmless_calldata()) == 2**24
    on_chain.chain.local("evm_setBlockGasLimit", hex(5_000_000))
    on_chain.chain.local("anvil_mine", [1])
    assert await on_chain.exchange.check_batch(on_chain.harmless_calldata()) == 5_000_000


async def test_holes_when_reclaims_are_confirmed_then_counted_and_skipped(
    on_chain: OnChain,
) -> None:
    exchange, chain = on_chain.exchange, on_chain.chain
    for _ in range(4):
        on_chain.deposit("alice")
    alice = on_chain.trader("alice")
    for index in (1, 0, 3):
        alice.request_reclaim(index, AMOUNT)
    assert await exchange.holes_at_head() == 0
    await exchange.read_queue(0, 10, 0)
    assert await exchange.holes_at_head() == 2
    calldata = exchange.skip_call(2_000)
    terms = TransactionTerms(await exchange.next_nonce(), 2**24, await exchange.fees())
    await exchange.send((await exchange.sign_batch(calldata, terms)).raw)
    assert alice.exchange.functions.queue().call()[0] == 2
    assert await exchange.holes_at_head() == 0
    assert chain.web3.eth.block_number > 0


async def test_hole_when_a_reorg_took_its_request_back_then_no_hole(on_chain: OnChain) -> None:
    on_chain.deposit("alice")
    on_chain.trader("alice").request_reclaim(0, AMOUNT)
    await on_chain.exchange.read_queue(0, 10, 0)
    assert await on_chain.exchange.holes_at_head() == 1
    on_chain.chain.local("anvil_reorg", [1, []])
    assert await on_chain.exchange.holes_at_head() == 0


async def test_transaction_when_the_node_refuses_it_then_the_remedy_is_told(
    on_chain: OnChain,
) -> None:
    exchange = on_chain.exchange
    terms = TransactionTerms(await exchange.next_nonce(), 2**24, Fees(10**15, 1))
    signed = await exchange.sign_batch(b"", terms)
    with pytest.raises(L1RefusedError, match="nsufficient funds") as caught:
        await exchange.send(signed.raw)
    assert caught.value.treatment.remedy is Remedy.OPERATOR
    too_high = replace(terms, gas_limit=2**40, fees=Fees(1, 1))
    with pytest.raises(L1RefusedError) as caught:
        await exchange.send((await exchange.sign_batch(b"", too_high)).raw)
    assert caught.value.treatment.remedy is Remedy.OPERATOR


def test_dry_run_when_more_gas_is_needed_than_a_transaction_may_use_then_reverted(
    on_chain: OnChain,
) -> None:
    deployer = derive_keys("alice", seed=3).l1_account
    on_chain.chain.give_ether(deployer.address)
    # Creates a contract whose code is an endless loop: JUMPDEST, jump to it.
    endless = on_chain.chain.deploy_raw(bytes.fromhex("635b6000566000526004601cf3"), deployer)
    with pytest.raises(RevertedError, match="needs more than 16777216 gas"):
        on_chain.chain.dry_run(endless, b"", deployer.address)


async def test_transaction_when_it_waits_then_known_replaced_and_included_once(
    on_chain: OnChain,
) -> None:
    exchange, chain = on_chain.exchange, on_chain.chain
    calldata = on_chain.harmless_calldata()
    chain.local("evm_setAutomine", arguments=False)
    nonce, market = await exchange.next_nonce(), await exchange.fees()
    terms = TransactionTerms(nonce, await exchange.check_batch(calldata), market)
    first = await exchange.sign_batch(calldata, terms)
    assert await exchange.fate(first.transaction_hash) is TransactionFate.UNKNOWN
    assert await exchange.send(first.raw) is SendAnswer.TAKEN
    assert await exchange.send(first.raw) is SendAnswer.TAKEN
    assert await exchange.fate(first.transaction_hash) is TransactionFate.PENDING
    assert await exchange.next_nonce() == nonce

    # Anvil takes any rise for a replacement; public nodes want a tenth.
    cheaper = Fees(market.max_fee_wei - 1, market.priority_fee_wei - 1)
    too_cheap = await exchange.sign_batch(calldata, replace(terms, fees=cheaper))
    assert await exchange.send(too_cheap.raw) is SendAnswer.UNDERPRICED
    bumped = FeePolicy().bumped(market, market)
    assert bumped is not None
    second = await exchange.sign_batch(calldata, replace(terms, fees=bumped))
    assert await exchange.send(second.raw) is SendAnswer.TAKEN

    chain.local("anvil_mine", [1])
    assert await exchange.next_nonce() == nonce + 1
    assert await exchange.fate(second.transaction_hash) is TransactionFate.SUCCEEDED
    assert await exchange.fate(first.transaction_hash) is TransactionFate.UNKNOWN
    assert await exchange.send(first.raw) is SendAnswer.NONCE_USED


async def test_transaction_when_the_contract_refuses_in_the_block_then_reverted(
    on_chain: OnChain,
) -> None:
    exchange = on_chain.exchange
    terms = TransactionTerms(await exchange.next_nonce(), 100_000, await exchange.fees())
    signed = await exchange.sign_batch(b"\x01\x02\x03\x04", terms)
    assert await exchange.send(signed.raw) is SendAnswer.TAKEN

    async def final_fate() -> TransactionFate | None:
        fate = await exchange.fate(signed.transaction_hash)
        return None if fate is TransactionFate.PENDING else fate

    # The chain mines at once, but after its answer.
    assert await until(final_fate) is TransactionFate.REVERTED


@pytest.mark.parametrize(
    ("message", "answer"),
    [
        ("already known", SendAnswer.TAKEN),
        ("{'code': -32003, 'message': 'transaction already imported'}", SendAnswer.TAKEN),
        ("Known transaction", SendAnswer.TAKEN),
        ("AlreadyKnown", SendAnswer.TAKEN),
        ("nonce too low: next nonce 7, tx nonce 6", SendAnswer.NONCE_USED),
        ("OldNonce", SendAnswer.NONCE_USED),
        ("replacement transaction underpriced", SendAnswer.UNDERPRICED),
        ("ReplacementNotAllowed", SendAnswer.UNDERPRICED),
        ("insufficient funds for gas * price + value", None),
        ("max fee per gas less than block base fee", SendAnswer.UNDERPRICED),
        ("who are you", None),
    ],
)
def test_refusal_when_nodes_say_it_in_their_words_then_understood(
    message: str, answer: SendAnswer | None
) -> None:
    assert understood_refusal(message) is answer


async def test_everything_when_chain_is_down_then_unavailable(on_chain: OnChain) -> None:
    signed = await on_chain.exchange.sign_batch(b"", TransactionTerms(0, 100_000, Fees(1, 1)))
    on_chain.anvil.stop()
    with pytest.raises(L1UnavailableError):
        await on_chain.exchange.read_state()
    with pytest.raises(L1UnavailableError):
        await on_chain.exchange.read_queue(0, 10, 0)
    with pytest.raises(L1UnavailableError):
        await on_chain.exchange.check_batch(b"")
    with pytest.raises(L1UnavailableError):
        await on_chain.exchange.next_nonce()
    with pytest.raises(L1UnavailableError):
        await on_chain.exchange.send(signed.raw)
    with pytest.raises(L1UnavailableError):
        await on_chain.exchange.fate(signed.transaction_hash)
