"""`novation balances`: what a trader has of each asset, and where."""

from decimal import Decimal
from typing import TYPE_CHECKING

from rich.table import Table

from devnet.commands.options import HomeOption, KeyOption
from devnet.connection import ask_sequencer
from devnet.console import console
from novation.client import AccountChoiceError, Client

if TYPE_CHECKING:
    from devnet.keys import TraderKeys
    from devnet.l1_assets import AssetOnL1
    from devnet.trader_l1 import TraderOnL1


def balances(key: KeyOption, home: HomeOption) -> None:
    """Show what a trader has of each asset: in the exchange, payable on L1, and on L1.

    Example: `novation balances --key alice`
    """
    from devnet.keys import load_keys
    from devnet.l1_connection import on_l1

    held = ask_sequencer(home, lambda client: _held(client, load_keys(home.keys_path, key)))
    table = Table("asset", "symbol", "in the exchange", "payable on L1", "on L1")
    for found, payable, owned in on_l1(home, key, _on_l1):
        amounts = (held.get(found.asset_id, Decimal(0)), payable, owned)
        table.add_row(str(found.asset_id), found.symbol, *(f"{amount:f}" for amount in amounts))
    console.print(table)


async def _held(client: Client, keys: "TraderKeys") -> dict[int, Decimal]:
    """Return the balances of the trader's account, none before the first deposit."""
    try:
        account_id = await client.find_account(keys.stark_public, l1_address=keys.l1_address)
    except AccountChoiceError:
        return {}
    account = await client.account(account_id)
    return {balance.asset_id: balance.amount for balance in account.balances}


def _on_l1(trader: "TraderOnL1") -> "list[tuple[AssetOnL1, Decimal, Decimal]]":
    found = []
    for asset in trader.assets():
        of_asset = trader.with_asset(asset.symbol)
        payable, owned = of_asset.payable_quanta(), of_asset.balance()
        found.append((asset, asset.asset.amount(payable), asset.asset.amount(owned)))
    return found
