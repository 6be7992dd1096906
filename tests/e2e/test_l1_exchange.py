"""The sequencer's view of the contract: confirmed deposits in queue order, clear failures."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from devnet.anvil import Anvil
from devnet.contracts import Chain, RevertedError
from devnet.deploy import RECLAIM_DELAY_S
from devnet.deployment import Deployment
from devnet.home import Home
from devnet.keys import TraderKeys, derive_keys
from devnet.l1_exchange import ExchangeOnL1
from devnet.rebuild import rebuild
from devnet.system import deploy, oracle_keys, service_keys
from devnet.trader_l1 import QueuedDeposit, TraderOnL1
from sequencer.l1 import L1RejectedError, L1UnavailableError

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

    def reclaim(self, name: str, index: int) -> None:
        trader = self.trader(name)
        call = trader.exchange.functions.reclaimDeposit(
            index, trader.account_id(), trader.keys.l1_address, trader.keys.stark_public, AMOUNT
        )
        self.chain.transact(call, trader.keys.l1_account)


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
    deposits = await on_chain.exchange.read_deposits(0, 10, 0)
    assert [deposit.queue_position for deposit in deposits] == [0, 1, 2]
    assert [deposit.account_id for deposit in deposits] == [2, 3, 2]
    assert deposits[1].amount_quanta == 2 * AMOUNT
    keys = derive_keys("bob", seed=3)
    assert deposits[1].l1_address == int(keys.l1_address, 16)
    assert deposits[1].stark_key == keys.stark_public
    assert len(await on_chain.exchange.read_deposits(1, 1, 0)) == 1


async def test_deposit_when_not_confirmed_yet_then_not_read(on_chain: OnChain) -> None:
    on_chain.deposit("alice")
    assert await on_chain.exchange.read_deposits(0, 10, 1) == []
    on_chain.chain.local("anvil_mine", [1])
    assert len(await on_chain.exchange.read_deposits(0, 10, 1)) == 1


async def test_deposit_when_reclaimed_then_has_no_position(on_chain: OnChain) -> None:
    for name in ("alice", "bob", "carol"):
        on_chain.deposit(name)
    with pytest.raises(RevertedError, match="ReclaimTooEarly"):
        on_chain.reclaim("bob", 1)
    on_chain.chain.local("evm_increaseTime", RECLAIM_DELAY_S + 1)
    on_chain.chain.local("anvil_mine", [1])
    on_chain.reclaim("bob", 1)
    deposits = await on_chain.exchange.read_deposits(0, 10, 0)
    assert [(d.queue_position, d.account_id) for d in deposits] == [(0, 2), (1, 4)]
    assert on_chain.deposit("dave").position == 2
    assert on_chain.trader("bob").balance() == AMOUNT


async def test_batch_when_calldata_is_garbage_then_rejected(on_chain: OnChain) -> None:
    for calldata in (b"", b"\x01\x02\x03\x04", b"\x00" * 200):
        with pytest.raises(L1RejectedError):
            await on_chain.exchange.check_batch(calldata)
        with pytest.raises(L1RejectedError):
            await on_chain.exchange.submit_batch(calldata)


async def test_batch_when_checked_then_named_error_and_nothing_sent(on_chain: OnChain) -> None:
    function = on_chain.trader("alice").exchange.functions.updateState(b"\x00" * 40, b"")
    calldata = bytes.fromhex(function._encode_transaction_data()[2:])
    block_number = on_chain.chain.web3.eth.block_number
    with pytest.raises(L1RejectedError, match=r"^[A-Z]\w+\(.*\)$") as caught:
        await on_chain.exchange.check_batch(calldata)
    assert caught.value.block_number == on_chain.chain.web3.eth.block_number == block_number


def test_dry_run_when_more_gas_is_needed_than_a_transaction_may_use_then_reverted(
    on_chain: OnChain,
) -> None:
    deployer = derive_keys("alice", seed=3).l1_account
    on_chain.chain.give_ether(deployer.address)
    # Creates a contract whose code is an endless loop: JUMPDEST, jump to it.
    endless = on_chain.chain.deploy_raw(bytes.fromhex("635b6000566000526004601cf3"), deployer)
    with pytest.raises(RevertedError, match="needs more than 16777216 gas"):
        on_chain.chain.dry_run(endless, b"", deployer.address)


async def test_everything_when_chain_is_down_then_unavailable(on_chain: OnChain) -> None:
    on_chain.anvil.stop()
    with pytest.raises(L1UnavailableError):
        await on_chain.exchange.read_state()
    with pytest.raises(L1UnavailableError):
        await on_chain.exchange.read_deposits(0, 10, 0)
    with pytest.raises(L1UnavailableError):
        await on_chain.exchange.check_batch(b"")
    with pytest.raises(L1UnavailableError):
        await on_chain.exchange.submit_batch(b"")
