"""The assets that the exchange contract takes, as people name and count them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from web3.exceptions import Web3Exception

from devnet.contracts import load_artifact
from devnet.errors import UserError
from novation.client.units import Asset
from novation.protocol.constants import USD_ASSET_ID

if TYPE_CHECKING:
    from collections.abc import Sequence

    from web3.contract import Contract

    from devnet.contracts import Chain

USD: Final = "USD"
USD_DECIMALS: Final = 6
# A token may call itself what it likes.
MAX_SYMBOL: Final = 12


@dataclass(frozen=True, slots=True)
class AssetOnL1:
    """An asset with its token; a quantum is so many of the token's own units."""

    asset: Asset
    token: str
    units_per_quantum: int
    min_deposit_quanta: int

    @property
    def asset_id(self) -> int:
        """Its index in the contract."""
        return self.asset.asset_id

    @property
    def symbol(self) -> str:
        """What people call it."""
        return self.asset.symbol


def usd_on_l1(token: str) -> AssetOnL1:
    """Return asset 0 of a deployment, whose quantum is the token's unit."""
    return AssetOnL1(Asset(USD_ASSET_ID, USD, USD_DECIMALS), token, 1, 0)


def read_assets(chain: Chain, exchange: Contract, block_number: int) -> tuple[AssetOnL1, ...]:
    """Return all assets by their ids, as of a block.

    No two have one name: a token that calls itself like an earlier one has its id behind the name.
    """
    found: list[AssetOnL1] = []
    n_assets = exchange.functions.nAssets().call(block_identifier=block_number)
    for asset_id in range(n_assets):
        token, decimals, units, least = exchange.functions.asset(asset_id).call(
            block_identifier=block_number
        )
        symbol = USD if asset_id == USD_ASSET_ID else _symbol(chain, token)
        if symbol == "" or any(symbol == other.symbol for other in found):
            symbol = f"{symbol}-{asset_id}"
        found.append(AssetOnL1(Asset(asset_id, symbol, decimals), token, units, least))
    return tuple(found)


def find_asset(assets: Sequence[AssetOnL1], name: str) -> AssetOnL1:
    """Return an asset by its symbol or id; UserError if there is none."""
    for asset in assets:
        if name in (asset.symbol, str(asset.asset_id)):
            return asset
    known = ", ".join(asset.symbol for asset in assets)
    raise UserError(f"asset: {name!r} is none of {known}")


def _symbol(chain: Chain, token: str) -> str:
    """Return what a token calls itself, as far as it can be shown; empty if it says nothing."""
    contract = chain.contract(load_artifact("IERC20Metadata"), token)
    try:
        said = str(contract.functions.symbol().call())
    except (Web3Exception, ValueError, OverflowError):
        return ""
    return "".join(c for c in said if c.isascii() and c.isalnum())[:MAX_SYMBOL]
