"""Which account a client takes for its key's, whatever strangers do with that key."""

from dataclasses import replace
from pathlib import Path

import grpc
import pytest

from novation.api.v1 import query_service_pb2
from novation.client import AccountChoiceError, Client, InvalidInputError, LocalSigner, Permission
from novation.protocol.accounts import Account
from novation.protocol.events import KeyChanged
from novation.protocol.signing_keys import ALL_PERMISSIONS, SigningKey
from sequencer.account_index import AccountIndex, AccountPage, AccountQuery
from sequencer.config import ServerLimits
from tests.node.support import POLICY, RunningNode, refusal, running_node, trading_node
from tests.support.builders import l1_address, private_key, slot_private_key
from tests.support.simulation import deposit_entry

BOT = LocalSigner(slot_private_key(2, 1))
OWNER = LocalSigner(private_key(2))
STRANGERS = range(5, 9)


def address_of(account_id: int) -> str:
    return f"0x{l1_address(account_id):040x}"


async def deposit_for(node: RunningNode, account_id: int, key: int) -> None:
    """Let the L1 address of a new account deposit for somebody else's key."""
    entries = node.l1.entries
    entries.append(replace(deposit_entry(len(entries), account_id, 10**6), stark_key=key))
    await node.until_consumed()


async def test_account_when_strangers_add_its_key_to_theirs_then_still_taken(
    tmp_path: Path,
) -> None:
    async with trading_node(tmp_path) as node:
        async with node.client(3) as stranger:
            await stranger.add_key(OWNER.public_key, ALL_PERMISSIONS)
        async with Client(node.target, signer=OWNER) as owner:
            assert owner.account_id == 2
            assert await owner.find_accounts(OWNER.public_key) == (2, 3)
            assert await owner.find_accounts(OWNER.public_key, is_first_key=True) == (2,)


async def test_account_when_only_a_stranger_has_the_key_then_refused_with_the_candidates(
    tmp_path: Path,
) -> None:
    """A key that a stranger alone has put into an account would trade for the stranger."""
    async with trading_node(tmp_path) as node:
        async with node.client(3) as stranger:
            await stranger.add_key(BOT.public_key, ALL_PERMISSIONS)
        for address in (None, address_of(2), address_of(3)):
            client = Client(node.target, signer=BOT, l1_address=address)
            with pytest.raises(AccountChoiceError, match=r"sign for \[3\].*pass account_id") as why:
                await client.connect()
            assert (why.value.first_account_ids, why.value.account_ids) == ((), (3,))
            await client.close()
        async with node.client(2) as owner:
            await owner.add_key(BOT.public_key, Permission.TRADE)
            with pytest.raises(AccountChoiceError, match=r"sign for \[2, 3\]"):
                await owner.find_account(BOT.public_key)
        async with Client(node.target, account_id=2, signer=BOT) as trader:
            assert trader.account_id == 2


async def test_account_when_a_stranger_deposits_for_its_key_then_the_address_decides(
    tmp_path: Path,
) -> None:
    async with trading_node(tmp_path) as node:
        await deposit_for(node, 5, OWNER.public_key)
        with pytest.raises(
            AccountChoiceError, match=r"several accounts: .* first of \[2, 5\]"
        ) as why:
            await Client(node.target, signer=OWNER).connect()
        assert why.value.first_account_ids == (2, 5)
        for address in (address_of(2), "0x" + address_of(2)[2:].upper()):
            async with Client(node.target, signer=OWNER, l1_address=address) as owner:
                assert owner.account_id == 2


async def test_account_when_a_stranger_deposits_first_then_not_taken_for_the_address(
    tmp_path: Path,
) -> None:
    """Before its own deposit has arrived a client must not trade for the stranger's account."""
    async with trading_node(tmp_path) as node:
        newcomer = LocalSigner(777)
        await deposit_for(node, 5, newcomer.public_key)
        with pytest.raises(AccountChoiceError, match=rf"of {address_of(6)}.*first of \[5\]"):
            await Client(node.target, signer=newcomer, l1_address=address_of(6)).connect()
        await deposit_for(node, 6, newcomer.public_key)
        async with Client(node.target, signer=newcomer, l1_address=address_of(6)) as client:
            assert client.account_id == 6


async def test_client_when_the_account_is_of_another_address_then_refused(tmp_path: Path) -> None:
    async with trading_node(tmp_path) as node:
        client = Client(node.target, account_id=2, signer=OWNER, l1_address=address_of(3))
        with pytest.raises(InvalidInputError, match=f"account 2 is that of {address_of(2)}"):
            await client.connect()
        with pytest.raises(InvalidInputError, match="l1_address"):
            Client(node.target, l1_address="0x12")


async def test_accounts_of_an_address_are_found_also_after_a_restart(tmp_path: Path) -> None:
    async with trading_node(tmp_path) as node, node.client(2) as client:
        l1 = node.l1
        assert await client.find_accounts(l1_address=address_of(2)) == (2,)
        assert await client.find_accounts(l1_address=address_of(99)) == ()
        assert await client.find_accounts(OWNER.public_key, l1_address=address_of(3)) == ()
        second = replace(deposit_entry(len(l1.entries), 5, 10**6), l1_address=l1_address(2))
        l1.entries.append(second)
        await node.until_consumed()
    async with running_node(tmp_path, l1=l1) as node, node.client(2) as client:
        assert await client.find_accounts(l1_address=address_of(2)) == (2, 5)
        assert await client.find_accounts(OWNER.public_key, l1_address=address_of(2)) == (2,)


async def test_accounts_when_strangers_have_many_then_in_pages_and_the_owner_is_found(
    tmp_path: Path,
) -> None:
    policy = replace(POLICY, limits=ServerLimits(max_listed=2))
    async with trading_node(tmp_path, policy=policy) as node:
        await node.fund(*STRANGERS)
        for account_id in (3, 4, *STRANGERS):
            async with node.client(account_id) as stranger:
                await stranger.add_key(OWNER.public_key, Permission.TRADE)
        for account_id in (9, 10):
            await deposit_for(node, account_id, OWNER.public_key)
        key = OWNER.public_key.to_bytes(32, "big")
        request = query_service_pb2.FindAccountsRequest(public_key=key, limit=500)
        page = await node.stubs.queries.FindAccounts(request)
        assert (list(page.account_ids), page.next_account_id) == ([2, 3], 4)
        request.l1_address = l1_address(2).to_bytes(20, "big")
        page = await node.stubs.queries.FindAccounts(request)
        assert (list(page.account_ids), page.HasField("next_account_id")) == ([2], False)
        async with Client(node.target, signer=OWNER, l1_address=address_of(2)) as owner:
            assert owner.account_id == 2
            assert await owner.find_accounts(OWNER.public_key) == (2, 3, 4, *STRANGERS, 9, 10)
            assert await owner.find_accounts(OWNER.public_key, is_first_key=True) == (2, 9, 10)


@pytest.mark.parametrize(
    ("request_", "code", "field"),
    [
        ({}, "MISSING_FIELD", "public_key"),
        ({"l1_address": b"\1" * 20, "is_first_key": True}, "MISSING_FIELD", "public_key"),
        ({"public_key": b"\1" * 31}, "MALFORMED_MESSAGE", "public_key"),
        ({"public_key": b"\xff" * 32}, "FIELD_OUT_OF_RANGE", "public_key"),
        ({"l1_address": b"\1" * 21}, "MALFORMED_MESSAGE", "l1_address"),
    ],
)
async def test_bad_question_for_accounts_is_refused(
    request_: dict[str, object], code: str, field: str, tmp_path: Path
) -> None:
    async with running_node(tmp_path) as node:
        request = query_service_pb2.FindAccountsRequest(**request_)  # type: ignore[arg-type]
        status, detail = await refusal(node.stubs.queries.FindAccounts(request))
        assert status is grpc.StatusCode.INVALID_ARGUMENT
        assert (detail.name, detail.field) == (code, field)


def query(key: int | None = None, address: int | None = None, limit: int = 100) -> AccountQuery:
    return AccountQuery(key, address, is_first_key=False, from_account_id=0, limit=limit)


def test_page_looks_at_no_more_ids_than_the_limit_and_goes_on() -> None:
    """Two lists of strangers without a common account must not be walked through in one call."""
    accounts = {i: Account.new(10 if i % 2 else 11, 20 if i % 2 else 21) for i in range(40)}
    index = AccountIndex(accounts)
    asked = query(key=20, address=11, limit=5)
    pages = [index.find(asked, accounts)]
    while (next_id := pages[-1].next_account_id) is not None:
        pages.append(index.find(replace(asked, from_account_id=next_id), accounts))
    assert len(pages) == 4
    assert all(page.account_ids == () for page in pages)
    # The shorter list is looked at: a stranger cannot lengthen both.
    accounts[40] = Account.new(12, 20)
    index = AccountIndex(accounts)
    assert index.find(query(key=20, address=12, limit=1), accounts) == AccountPage(
        (40,), (40,), None
    )


def test_index_when_keys_come_and_go_then_remembers_none_of_them() -> None:
    account = Account.new(10, 20)
    accounts = {2: account}
    index = AccountIndex(accounts)
    for key in range(100, 400):
        added = SigningKey.full(key)
        accounts[2] = account.with_key(1, added)
        index.learn([KeyChanged(2, 1, added)], accounts)
    assert index.find(query(key=399), accounts).account_ids == (2,)
    assert index.find(query(key=398), accounts).account_ids == ()
    assert len(index._ids) == 2
