"""What a trader does on L1: get test money, deposit, be paid."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from web3.logs import DISCARD

from devnet.amounts import usd_from_quanta
from devnet.contracts import load_artifact
from devnet.errors import UserError
from devnet.queue_position import queue_position
from novation.client import InvalidInputError, check_stark_key
from novation.protocol.constants import USD_ASSET_ID

if TYPE_CHECKING:
    from collections.abc import Sequence

    from eth_account.signers.local import LocalAccount
    from web3.contract import Contract
    from web3.contract.contract import ContractFunction
    from web3.types import TxReceipt

    from devnet.contracts import Chain
    from devnet.deployment import Deployment
    from devnet.keys import TraderKeys


@dataclass(frozen=True, slots=True)
class QueuedDeposit:
    """A deposit in the contract's queue; `position` is its place among what batches consume."""

    account_id: int
    position: int


@dataclass(frozen=True, slots=True)
class TraderOnL1:
    """One trader's dealings with the token and the exchange contract."""

    chain: Chain
    deployment: Deployment
    keys: TraderKeys

    @property
    def token(self) -> Contract:
        """The collateral."""
        return self.chain.contract(load_artifact("TestUsd"), self.deployment.token)

    @property
    def exchange(self) -> Contract:
        """The exchange contract."""
        return self.chain.contract(load_artifact("Exchange"), self.deployment.exchange)

    def fund(self, amount_quanta: int) -> None:
        """Give the trader ether for gas and test tokens, as only a local chain can."""
        fund_all(self.chain, self.deployment, [(self.keys, amount_quanta)])

    def deposit(self, amount_quanta: int, stark_key: int | None = None) -> QueuedDeposit:
        """Deposit tokens for the account of the trader's address and a key, by default his own.

        Raises:
            UserError: if nobody can sign for the key, or the trader has fewer tokens.
            RevertedError: if the contract refuses.
        """
        key = _checked_key(self.keys.stark_public if stark_key is None else stark_key)
        balance = self.balance()
        if balance < amount_quanta:
            raise UserError(
                f"amount: {usd_from_quanta(amount_quanta)} USD, {self.keys.name} has "
                f"{usd_from_quanta(balance)} on L1; `novation keys fund` mints test tokens"
            )
        approve = self.token.functions.approve(self.deployment.exchange, amount_quanta)
        self.chain.transact(approve, self.keys.l1_account)
        deposit = self.exchange.functions.deposit(USD_ASSET_ID, key, amount_quanta)
        receipt = self.chain.transact(deposit, self.keys.l1_account)
        (log,) = self.exchange.events.DepositQueued().process_receipt(receipt, DISCARD)
        index, deploy_block = log["args"]["index"], self.deployment.deploy_block
        position = queue_position(self.exchange, deploy_block, index)
        return QueuedDeposit(log["args"]["accountId"], position)

    def request_reclaim(self, index: int, amount_quanta: int) -> None:
        """Take a deposit out of the queue, for `reclaim` after the contract's delay.

        Raises:
            RevertedError: if it is not pending.
        """
        arguments = (
            index,
            USD_ASSET_ID,
            self.account_id(),
            self.keys.stark_public,
            amount_quanta,
        )
        self.chain.transact(
            self.exchange.functions.requestReclaim(*arguments), self.keys.l1_account
        )

    def reclaim(self, amount_quanta: int) -> None:
        """Get such a deposit back.

        Raises:
            RevertedError: if none was requested, it is too early, or a batch has consumed it.
        """
        keys = self.keys
        arguments = (
            USD_ASSET_ID,
            self.account_id(),
            keys.l1_address,
            keys.stark_public,
            amount_quanta,
        )
        self.chain.transact(self.exchange.functions.reclaimDeposit(*arguments), keys.l1_account)

    def account_id(self) -> int:
        """Return the account's id, 0 before the first deposit."""
        call = self.exchange.functions.accountIdOf(self.keys.l1_address, self.keys.stark_public)
        return int(call.call())

    def balance(self) -> int:
        """Return the trader's tokens outside the exchange."""
        return int(self.token.functions.balanceOf(self.keys.l1_address).call())

    def payable_quanta(self) -> int:
        """Return what final batches have credited and nobody has fetched yet."""
        pending = self.exchange.functions.pendingWithdrawal(USD_ASSET_ID, self.keys.l1_address)
        return int(pending.call())

    def fetch_withdrawal(self) -> TxReceipt:
        """Have the contract pay what is payable."""
        return self.chain.transact(*self.fetching_call())

    def fetching_call(self) -> tuple[ContractFunction, LocalAccount]:
        """Return the call that has the contract pay, and who sends it."""
        keys = self.keys
        return self.exchange.functions.withdraw(USD_ASSET_ID, keys.l1_address), keys.l1_account


def fund_all(
    chain: Chain, deployment: Deployment, amounts: Sequence[tuple[TraderKeys, int]]
) -> None:
    """Give traders ether and test tokens; all transactions may share a block."""
    token = chain.contract(load_artifact("TestUsd"), deployment.token)
    calls = []
    for keys, amount_quanta in amounts:
        chain.give_ether(keys.l1_address)
        calls.append((token.functions.mint(keys.l1_address, amount_quanta), keys.l1_account))
    chain.transact_all(calls)


def deposit_all(
    chain: Chain, deployment: Deployment, amounts: Sequence[tuple[TraderKeys, int]]
) -> None:
    """Deposit for many traders at once, in two blocks at best."""
    token = chain.contract(load_artifact("TestUsd"), deployment.token)
    exchange = chain.contract(load_artifact("Exchange"), deployment.exchange)
    approvals = [
        (token.functions.approve(deployment.exchange, amount), keys.l1_account)
        for keys, amount in amounts
    ]
    deposits = [
        (
            exchange.functions.deposit(USD_ASSET_ID, _checked_key(keys.stark_public), amount),
            keys.l1_account,
        )
        for keys, amount in amounts
    ]
    chain.transact_all(approvals)
    chain.transact_all(deposits)


def _checked_key(key: int) -> int:
    try:
        return check_stark_key(key)
    except InvalidInputError as error:
        raise UserError(str(error)) from error
