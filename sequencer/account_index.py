"""Finds accounts by public key and L1 address, as accounts and keys change.

Anybody may put anybody's key into his account, and name it in a deposit, so that the list of a key
is as long as strangers like: a question looks at so many ids and is told where to go on. The list
of an L1 address grows by its own deposits only.
"""

import bisect
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from novation.protocol.accounts import Account
from novation.protocol.events import Deposited, Event, KeyChanged


@dataclass(frozen=True, slots=True)
class AccountQuery:
    """What is asked for: accounts that meet all of it, from an id on.

    `is_first_key`: only accounts whose first key `public_key` is, which their deposits named.
    `limit` bounds the ids that are looked at.
    """

    public_key: int | None
    l1_address: int | None
    is_first_key: bool
    from_account_id: int
    limit: int


@dataclass(frozen=True, slots=True)
class AccountPage:
    """The ids found, ascending, and where to go on; None if that was all."""

    account_ids: tuple[int, ...]
    first_account_ids: tuple[int, ...]
    next_account_id: int | None


class AccountIndex:
    """An index over all accounts: a key may be in several, in several slots."""

    def __init__(self, accounts: Mapping[int, Account]) -> None:
        """Take in the existing accounts."""
        self._ids: dict[int, list[int]] = {}
        self._first_ids: dict[int, list[int]] = {}
        self._ids_by_address: dict[int, list[int]] = {}
        self._keys: dict[int, frozenset[int]] = {}
        for account_id, account in accounts.items():
            self._update(account_id, account)

    def learn(self, events: Iterable[Event], accounts: Mapping[int, Account]) -> None:
        """Take in accounts that deposits have created, and keys that have changed."""
        for event in events:
            if isinstance(event, KeyChanged) or (
                isinstance(event, Deposited) and event.is_new_account
            ):
                self._update(event.account_id, accounts[event.account_id])

    def find(self, query: AccountQuery, accounts: Mapping[int, Account]) -> AccountPage:
        """Return the accounts that have a key, an L1 address, or both.

        A key without a permission is none, but for the first of an account, which deposits name.
        """
        ids = self._candidates(query)
        start = bisect.bisect_left(ids, query.from_account_id)
        looked_at = ids[start : start + query.limit]
        next_id = ids[start + query.limit] if start + query.limit < len(ids) else None
        found = tuple(i for i in looked_at if _meets(accounts[i], query))
        first = tuple(i for i in found if accounts[i].keys[0].public_key == query.public_key)
        return AccountPage(found, first, next_id)

    def _candidates(self, query: AccountQuery) -> Sequence[int]:
        """Return the shortest list that has all of them: a stranger makes only one of them long."""
        lists: list[Sequence[int]] = []
        if query.public_key is not None:
            by_key = self._first_ids if query.is_first_key else self._ids
            lists.append(by_key.get(query.public_key, ()))
        if query.l1_address is not None:
            lists.append(self._ids_by_address.get(query.l1_address, ()))
        return min(lists, key=len)

    def _update(self, account_id: int, account: Account) -> None:
        first, *others = account.keys
        keys = frozenset((first.public_key, *(k.public_key for k in others if k.permissions)))
        if account_id not in self._keys:
            _add(self._first_ids, first.public_key, account_id)
            _add(self._ids_by_address, account.l1_address, account_id)
        before = self._keys.get(account_id, frozenset())
        for gone in before - keys:
            _remove(self._ids, gone, account_id)
        for new in keys - before:
            _add(self._ids, new, account_id)
        self._keys[account_id] = keys


def _meets(account: Account, query: AccountQuery) -> bool:
    if query.l1_address not in (None, account.l1_address):
        return False
    first, *others = account.keys
    if query.public_key in (None, first.public_key):
        return True
    return not query.is_first_key and any(
        key.public_key == query.public_key and key.permissions for key in others
    )


def _add(lists: dict[int, list[int]], name: int, account_id: int) -> None:
    bisect.insort(lists.setdefault(name, []), account_id)


def _remove(lists: dict[int, list[int]], name: int, account_id: int) -> None:
    """Take an id out; an empty list would stay for each key that an account ever had."""
    ids = lists[name]
    del ids[bisect.bisect_left(ids, account_id)]
    if not ids:
        del lists[name]
