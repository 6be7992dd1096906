"""What the owner of the exchange contract does on a devnet: change parameters."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING, Final, TypeVar

from web3 import Web3

from devnet.amounts import quanta_of
from devnet.contracts import load_artifact
from devnet.endpoints import Endpoints
from devnet.errors import RevertedError, UserError
from devnet.keys import load_keys
from devnet.l1_assets import read_assets
from devnet.l1_connection import connect_l1, refusals_told
from devnet.l1_parameters import ParametersOnL1
from devnet.markets import perpetual_terms, price_x16
from devnet.oracle_setup import write_node_configs
from devnet.parameter_bounds import first_full_minute_ms
from devnet.prices import read_prices, set_prices
from devnet.queue_position import queue_position
from novation.client import Asset
from novation.protocol.constants import MIN_LOT_VALUE_QUANTA, PRICE_X16_BOUND, PRICE_X16_ONE

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from devnet.contracts import Chain
    from devnet.deployment import Deployment
    from devnet.home import Home
    from devnet.l1_assets import AssetOnL1
    from novation.protocol.limits import Limits
    from novation.protocol.parameters import Underlying

T = TypeVar("T")
OWNER_KEYS: Final = "deployer"
# Of a new underlying: ticks of a cent, lots of a thousandth.
NEW_MULTIPLIER: Final = 10
NEW_TICK_DECIMALS: Final = 2
# A price may rise 256-fold before no report can say it.
FIRST_PRICE_X16_BOUND: Final = PRICE_X16_BOUND // 2**8


class OwnerOnL1:
    """Each change returns its position among what batches consume."""

    def __init__(self, home: Home, chain: Chain, deployment: Deployment) -> None:
        """Sign with the owner's key in a devnet's folder."""
        self._home = home
        self._chain = chain
        self._deployment = deployment
        self._account = load_keys(home.service_keys_path, OWNER_KEYS).l1_account
        self._parameters = ParametersOnL1(chain, deployment)
        self._exchange = chain.contract(load_artifact("Exchange"), deployment.exchange)

    def set_underlying(
        self, symbol: str, changed: Callable[[Underlying], Underlying], price: str = ""
    ) -> int:
        """Change the terms of an underlying, or add one with a price that the oracles then see.

        Raises:
            UserError: as `see_price`.
            RevertedError: if the contract refuses.
        """
        known = self._parameters.followed(self._chain.web3.eth.block_number).underlyings
        for index, terms in enumerate(known):
            if terms.symbol == symbol:
                return self._position(
                    self._parameters.set_underlying(index, changed(terms), self._account)
                )
        fresh = changed(_new_terms(symbol))
        see_price(self._home.prices_path, fresh, price)
        self._watch((*known, fresh))
        try:
            return self._position(self._parameters.set_underlying(len(known), fresh, self._account))
        except RevertedError:
            self._watch(known)
            raise

    def set_limits(self, symbol: str, changed: Callable[[Limits], Limits]) -> int:
        """Change the limits of an underlying.

        Raises:
            UserError: if there is none of this symbol.
            RevertedError: if the contract refuses.
        """
        known = self._parameters.followed(self._chain.web3.eth.block_number).underlyings
        for index, terms in enumerate(known):
            if terms.symbol == symbol:
                limits = changed(terms.limits)
                return self._position(self._parameters.set_limits(index, limits, self._account))
        raise UserError(f"{symbol}: there is no such underlying")

    def end_market(self, symbol: str, days: int) -> int:
        """Let the market of an underlying end in so many days, by L1's clock.

        Raises:
            UserError: if there is none of this symbol.
            RevertedError: if the contract refuses.
        """
        known = self._parameters.followed(self._chain.web3.eth.block_number).underlyings
        for index, terms in enumerate(known):
            if terms.symbol == symbol:
                now_ms = 1000 * self._chain.web3.eth.get_block("latest")["timestamp"]
                ends_ms = first_full_minute_ms(now_ms, days)
                return self._position(self._parameters.end_market(index, ends_ms, self._account))
        raise UserError(f"{symbol}: there is no such underlying")

    def set_oracle_key(self, index: int, key: int) -> int:
        """Replace an oracle's key, or add one; RevertedError if the contract refuses."""
        return self._position(self._parameters.set_oracle_key(index, key, self._account))

    def set_oracle_rule(self, quorum: int, max_age_ms: int) -> int:
        """Set quorum and age; RevertedError if the contract refuses."""
        return self._position(self._parameters.set_oracle_rule(quorum, max_age_ms, self._account))

    def set_outflow_share(self, share_ppm: int) -> int:
        """Set what part of custody may leave in an hour; RevertedError if the contract refuses."""
        return self._position(self._parameters.set_outflow_share(share_ppm, self._account))

    def set_fee_schedule(self, word: int) -> int:
        """Set all tiers of fees; RevertedError if the contract refuses."""
        return self._position(self._parameters.set_fee_schedule(word, self._account))

    def _watch(self, underlyings: tuple[Underlying, ...]) -> None:
        """Let the oracle nodes have the prices before the exchange wants them."""
        endpoints = Endpoints.load(self._home.endpoints_path)
        write_node_configs(self._home, endpoints, self._deployment.config, underlyings)

    def add_asset(self, token: str, decimals: int, least: str) -> AssetOnL1:
        """Let users deposit another token; returns the asset.

        Raises:
            UserError: if the least deposit is no amount.
            RevertedError: if the contract refuses.
        """
        min_deposit_quanta = quanta_of(Asset(-1, "of the asset", decimals), least)
        functions = self._exchange.functions
        address = Web3.to_checksum_address(token)
        call = functions.addAsset(address, decimals, min_deposit_quanta)
        self._chain.transact(call, self._account)
        return read_assets(self._chain, self._exchange, self._chain.web3.eth.block_number)[-1]

    def _position(self, index: int) -> int:
        return queue_position(self._exchange, self._deployment.deploy_block, index)


def as_owner(home: Home, work: Callable[[OwnerOnL1], T]) -> T:
    """Run `work` with the owner's L1 account.

    Raises:
        UserError: as `connect_l1`, or if the contract refuses: with its error's name and values.
    """
    chain, deployment = connect_l1(home)
    with refusals_told(chain):
        return work(OwnerOnL1(home, chain, deployment))


def see_price(path: Path, terms: Underlying, price: str) -> None:
    """Let the oracles see a new price, of a file if none is given, before they must report it.

    An update needs a price of every underlying: one that cannot be reported stops all of them.

    Raises:
        UserError: if there is none, or one that is too low or too high in the units of `terms`.
    """
    try:
        seen = Fraction(price) if price else read_prices(path, [terms.symbol])[0]
    except (ValueError, ZeroDivisionError) as error:
        raise UserError(f"price: {error}; give one with --price") from error
    ticks_x16 = price_x16(terms, seen)
    if ticks_x16 >= FIRST_PRICE_X16_BOUND:
        raise UserError(
            f"tick_decimals {terms.tick_decimals}: the price is {ticks_x16 // PRICE_X16_ONE} "
            f"ticks, at most {FIRST_PRICE_X16_BOUND // PRICE_X16_ONE - 1} leave room to rise"
        )
    lot_quanta = ticks_x16 * terms.multiplier // PRICE_X16_ONE
    if lot_quanta < MIN_LOT_VALUE_QUANTA:
        raise UserError(
            f"multiplier: at {float(seen)} USD a lot is worth {lot_quanta} quanta, at least "
            f"{MIN_LOT_VALUE_QUANTA} are needed to be listed"
        )
    if price:
        set_prices(path, {terms.symbol: price})


def _new_terms(symbol: str) -> Underlying:
    try:
        return perpetual_terms(symbol, NEW_MULTIPLIER, NEW_TICK_DECIMALS)
    except ValueError as error:
        raise UserError(str(error)) from error
