"""Which accounts a public key may sign for, kept up to date as accounts and keys change."""

import bisect
from collections.abc import Iterable, Mapping, Sequence

from novation.protocol.accounts import Account
from novation.protocol.events import Deposited, Event, KeyChanged


class AccountsByKey:
    """An index over all accounts: a key may be in several, in several slots."""

    def __init__(self, accounts: Mapping[int, Account]) -> None:
        """Take in the existing accounts."""
        self._ids: dict[int, list[int]] = {}
        self._first_ids: dict[int, list[int]] = {}
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

    def ids(self, key: int) -> Sequence[int]:
        """Return the ids of the accounts that have this key, ascending.

        A key without a permission is none, but for the first of an account, which deposits name.
        """
        return self._ids.get(key, ())

    def first_ids(self, key: int) -> Sequence[int]:
        """Return the ids of the accounts whose first key it is, ascending."""
        return self._first_ids.get(key, ())

    def _update(self, account_id: int, account: Account) -> None:
        first, *others = account.keys
        keys = frozenset((first.public_key, *(k.public_key for k in others if k.permissions)))
        if account_id not in self._keys:
            bisect.insort(self._first_ids.setdefault(first.public_key, []), account_id)
        before = self._keys.get(account_id, frozenset())
        for gone in before - keys:
            self._ids[gone].remove(account_id)
        for new in keys - before:
            bisect.insort(self._ids.setdefault(new, []), account_id)
        self._keys[account_id] = keys
