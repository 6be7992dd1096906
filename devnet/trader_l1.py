"""What a trader does on L1: get test money, deposit, be paid."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from web3.logs import DISCARD

from devnet.contracts import load_artifact
from devnet.errors import UserError
from devnet.l1_assets import USD, find_asset, read_assets, usd_on_l1
from devnet.queue_position import queue_position
from novation.client import InvalidInputError, check_stark_key

if TYPE_CHECKING:
    from collections.abc import Sequence

    from eth_account.signers.local import LocalAccount
    from web3.contract import Contract
    from web3.contract.contract import ContractFunction
    from web3.types import TxReceipt

    from devnet.contracts import Chain
    from devnet.deployment import Deployment
    from devnet.keys import TraderKeys
    from devnet.l1_assets import AssetOnL1

    Call = tuple[ContractFunction, LocalAccount]


@dataclass(frozen=True, slots=True)
class QueuedDeposit:
    """A deposit in the contract's queue; `position` is its place among what batches consume."""

    account_id: int
    position: int


@dataclass(frozen=True, slots=True)
class TraderOnL1:
    """One trader's dealings with a token and the exchange contract; amounts are its quanta.

    `asset_name` is the symbol or id of the asset that is meant.
    """

    chain: Chain
    deployment: Deployment
    keys: TraderKeys
    asset_name: str = USD

    def with_asset(self, name: str) -> TraderOnL1:
        """Return the same trader's dealings with another asset."""
        return replace(self, asset_name=name)

    def assets(self) -> tuple[AssetOnL1, ...]:
        """Return all assets of the contract."""
        return read_assets(self.chain, self.exchange, self.chain.web3.eth.block_number)

    @property
    def asset(self) -> AssetOnL1:
        """The asset; UserError if the contract has none of that name."""
        if self.asset_name == USD:
            return usd_on_l1(self.deployment.token)
        return find_asset(self.assets(), self.asset_name)

    def token_of(self, asset: AssetOnL1) -> Contract:
        """Return the asset's token, which mints on a devnet."""
        return self.chain.contract(load_artifact("TestUsd"), asset.token)

    @property
    def exchange(self) -> Contract:
        """The exchange contract."""
        return self.chain.contract(load_artifact("Exchange"), self.deployment.exchange)

    def fund(self, amount_quanta: int) -> None:
        """Give the trader ether for gas and test tokens, as only a local chain can."""
        self.chain.give_ether(self.keys.l1_address)
        self.chain.transact(*self.minting_call(amount_quanta))

    def deposit(self, amount_quanta: int, stark_key: int | None = None) -> QueuedDeposit:
        """Deposit tokens for the account of the trader's address and a key, by default his own.

        Raises:
            UserError: if nobody can sign for the key, or the trader has fewer tokens.
            RevertedError: if the contract refuses.
        """
        call = self.depositing_call(amount_quanta, stark_key)
        asset, balance = self.asset, self.balance()
        if balance < amount_quanta:
            raise UserError(
                f"amount: {asset.asset.amount(amount_quanta):f} {asset.symbol}, "
                f"{self.keys.name} has {asset.asset.amount(balance):f} on L1; "
                f"`novation keys fund` mints test tokens"
            )
        self.chain.transact(*self.approving_call(amount_quanta))
        receipt = self.chain.transact(*call)
        (log,) = self.exchange.events.DepositQueued().process_receipt(receipt, DISCARD)
        index, deploy_block = log["args"]["index"], self.deployment.deploy_block
        position = queue_position(self.exchange, deploy_block, index)
        return QueuedDeposit(log["args"]["accountId"], position)

    def minting_call(self, amount_quanta: int) -> Call:
        """Return the call that makes test tokens for the trader, and who sends it."""
        asset = self.asset
        units = amount_quanta * asset.units_per_quantum
        mint = self.token_of(asset).functions.mint(self.keys.l1_address, units)
        return mint, self.keys.l1_account

    def approving_call(self, amount_quanta: int) -> Call:
        """Return the call that lets the contract take tokens for a deposit."""
        asset = self.asset
        units = amount_quanta * asset.units_per_quantum
        approve = self.token_of(asset).functions.approve(self.deployment.exchange, units)
        return approve, self.keys.l1_account

    def depositing_call(self, amount_quanta: int, stark_key: int | None = None) -> Call:
        """Return the call that deposits; UserError if nobody can sign for the key."""
        key = _checked_key(self.keys.stark_public if stark_key is None else stark_key)
        deposit = self.exchange.functions.deposit(self.asset.asset_id, key, amount_quanta)
        return deposit, self.keys.l1_account

    def request_reclaim(self, index: int, amount_quanta: int) -> None:
        """Take a deposit out of the queue, for `reclaim` after the contract's delay.

        Raises:
            RevertedError: if it is not pending.
        """
        arguments = (
            index,
            self.asset.asset_id,
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
            self.asset.asset_id,
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
        """Return the trader's tokens outside the exchange, whole quanta of them."""
        asset = self.asset
        units = int(self.token_of(asset).functions.balanceOf(self.keys.l1_address).call())
        return units // asset.units_per_quantum

    def payable_quanta(self) -> int:
        """Return what final batches have credited and nobody has fetched yet."""
        owner = self.keys.l1_address
        pending = self.exchange.functions.pendingWithdrawal(self.asset.asset_id, owner)
        return int(pending.call())

    def fetch_withdrawal(self) -> TxReceipt:
        """Have the contract pay what is payable."""
        return self.chain.transact(*self.fetching_call())

    def fetching_call(self) -> Call:
        """Return the call that has the contract pay, and who sends it."""
        withdraw = self.exchange.functions.withdraw(self.asset.asset_id, self.keys.l1_address)
        return withdraw, self.keys.l1_account


def fund_all(chain: Chain, amounts: Sequence[tuple[TraderOnL1, int]]) -> None:
    """Give traders ether and test tokens; all transactions may share a block."""
    for trader, _ in amounts:
        chain.give_ether(trader.keys.l1_address)
    chain.transact_all([trader.minting_call(quanta) for trader, quanta in amounts])


def deposit_all(chain: Chain, amounts: Sequence[tuple[TraderOnL1, int]]) -> None:
    """Deposit for many traders at once, in two blocks at best."""
    deposits = [trader.depositing_call(quanta) for trader, quanta in amounts]
    chain.transact_all([trader.approving_call(quanta) for trader, quanta in amounts])
    chain.transact_all(deposits)


def _checked_key(key: int) -> int:
    try:
        return check_stark_key(key)
    except InvalidInputError as error:
        raise UserError(str(error)) from error
