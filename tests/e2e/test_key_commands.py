"""`novation keys add`, `list --key`, `remove`: who may sign for an account, against a node."""

import asyncio
import os
import re
import sys
from dataclasses import replace
from pathlib import Path

from devnet.endpoints import Endpoints
from devnet.home import Home
from devnet.keys import TraderKeys, load_keys, random_keys, save_keys
from tests.node.support import RunningNode, trading_node
from tests.support.builders import private_key
from tests.support.simulation import deposit_entry


async def novation(home: Home, *arguments: str) -> tuple[int, str]:
    """Run a command; return its status and all that it printed."""
    process = await asyncio.create_subprocess_exec(
        Path(sys.executable).with_name("novation"),
        *arguments,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
        env={**os.environ, "NOVATION_HOME": str(home.path), "COLUMNS": "200"},
    )
    printed, _ = await process.communicate()
    assert process.returncode is not None
    return process.returncode, printed.decode()


async def deposit_from(node: RunningNode, keys: TraderKeys) -> None:
    """Deposit for account 5 from the L1 address of a key file."""
    entries, address = node.l1.entries, int(keys.l1_address, 16)
    entries.append(
        replace(
            deposit_entry(len(entries), 5, 10**9), l1_address=address, stark_key=keys.stark_public
        )
    )
    await node.until_consumed()


async def test_account_when_shown_by_address_or_key_then_the_own_one(tmp_path: Path) -> None:
    home = Home(tmp_path / "home")
    alice = TraderKeys("alice", hex(private_key(2)), f"0x{2:064x}")
    save_keys(home.keys_path, alice)
    async with trading_node(tmp_path / "node") as node:
        Endpoints(sequencer=node.target, l1="").save(home.endpoints_path)
        status, printed = await novation(home, "account", "--key", "alice")
        assert (status, "first of [2]" in printed) == (2, True), printed
        status, printed = await novation(home, "account", "--l1-address", alice.l1_address)
        assert (status, "has none; deposit first" in printed) == (2, True), printed
        await deposit_from(node, alice)
        for arguments in (("--key", "alice"), ("--l1-address", alice.l1_address)):
            status, printed = await novation(home, "account", *arguments)
            assert status == 0, printed
            assert re.search(r"account +5\n", printed)
            assert f"{alice.l1_address.lower()}\n" in printed
        status, printed = await novation(home, "account", "2", "--l1-address", alice.l1_address)
        assert (status, "give one of" in printed) == (2, True), printed
        status, printed = await novation(home, "account", "--l1-address", "0x12")
        assert (status, "l1_address: '0x12'" in printed) == (2, True), printed


async def test_keys_when_added_listed_and_removed_then_signing_follows(tmp_path: Path) -> None:
    home = Home(tmp_path / "home")
    alice = TraderKeys("alice", hex(private_key(2)), f"0x{2:064x}")
    save_keys(home.keys_path, alice)
    save_keys(home.keys_path, random_keys("bot"))
    async with trading_node(tmp_path / "node") as node:
        Endpoints(sequencer=node.target, l1="").save(home.endpoints_path)
        await deposit_from(node, alice)
        status, printed = await novation(
            home, "keys", "add", "bot", "--key", "alice", "--may", "trade,withdraw"
        )
        assert (status, printed.startswith("slot 1: receipt")) == (0, True), printed
        status, listed = await novation(home, "keys", "list", "--key", "alice")
        assert status == 0
        assert f"{load_keys(home.keys_path, 'bot').stark_public:#066x}" in listed
        assert "trade, withdraw, admin" in listed
        assert listed.count("ever") == 2
        assert (await novation(home, "withdraw", "1", "--key", "bot@5"))[0] == 0
        # The bot's own account it is not: who put the key there, the exchange cannot say.
        status, printed = await novation(home, "withdraw", "1", "--key", "bot")
        assert (status, "may sign for [5]" in printed) == (2, True), printed
        assert "`--key bot@ACCOUNT_ID`" in printed
        status, printed = await novation(home, "withdraw", "1", "--key", "bot@3")
        assert (status, "is not a key of account 3" in printed) == (2, True), printed
        for name in ("bot@x", "bot@"):
            status, printed = await novation(home, "withdraw", "1", "--key", name)
            assert (status, "is not NAME or NAME@ACCOUNT_ID" in printed) == (2, True), printed
        status, printed = await novation(home, "keys", "remove", "0", "--key", "bot@5")
        assert (status, "KEY_LACKS_PERMISSION" in printed) == (1, True), printed
        status, printed = await novation(home, "keys", "remove", "1", "--key", "alice")
        assert (status, printed.startswith("slot 1: removed")) == (0, True), printed
        # The exchange knows no account of the key any more.
        status, printed = await novation(home, "withdraw", "1", "--key", "bot")
        assert (status, "may sign for none; deposit first" in printed) == (2, True), printed
        assert "nothing" in (await novation(home, "keys", "list", "--key", "alice"))[1]


async def test_keys_when_a_permission_is_unknown_then_refused_before_anything_is_sent(
    tmp_path: Path,
) -> None:
    home = Home(tmp_path)
    for name in ("alice", "bot"):
        save_keys(home.keys_path, random_keys(name))
    status, printed = await novation(home, "keys", "add", "bot", "--key", "alice", "--may", "steal")
    assert status == 2
    assert "--may: 'steal' is none of trade, withdraw, admin" in printed
