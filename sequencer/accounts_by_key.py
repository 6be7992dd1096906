"""Which accounts a public key may sign for, kept up to date as accounts are created."""

from collections.abc import Iterable, Mapping, Sequence

from novation.protocol.accounts import Account
from novation.protocol.events import Deposited, Event


class AccountsByKey:
    """An index over all accounts. Keys never change after an account is created."""

    def __init__(self, accounts: Mapping[int, Account]) -> None:
        """Take in the existing accounts."""
        self._ids: dict[int, list[int]] = {}
        for account_id, account in accounts.items():
            self._add(account_id, account)

    def learn(self, events: Iterable[Event], accounts: Mapping[int, Account]) -> None:
        """Add the accounts that deposits have created."""
        for event in events:
            if isinstance(event, Deposited) and event.is_new_account:
                self._add(event.account_id, accounts[event.account_id])

    def ids(self, key: int) -> Sequence[int]:
        """Return the ids of the accounts with this key, in the order of their creation."""
        return self._ids.get(key, ())

    def _add(self, account_id: int, account: Account) -> None:
        for key in dict.fromkeys(account.keys):
            self._ids.setdefault(key, []).append(account_id)
