"""Signatures are checked in front of the engine, many at once, off its thread."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from novation.crypto import verify_many
from novation.protocol.accounts import Account
from novation.protocol.config import ExchangeConfig
from novation.protocol.events import Deposited, Event, KeyChanged
from novation.protocol.transactions import OracleUpdate, UserTransaction
from sequencer.engine import Command


class KeyDirectory:
    """Signing keys of all accounts, as of the events that it has seen."""

    def __init__(self, config: ExchangeConfig, accounts: Mapping[int, Account]) -> None:
        """Take the keys of the existing accounts."""
        self.config = config
        self._keys = {i: _public_keys(account) for i, account in accounts.items()}

    def learn(self, events: Iterable[Event], accounts: Mapping[int, Account]) -> None:
        """Take in accounts that deposits have created, and keys that have changed."""
        for event in events:
            if isinstance(event, KeyChanged) or (
                isinstance(event, Deposited) and event.is_new_account
            ):
                self._keys[event.account_id] = _public_keys(accounts[event.account_id])

    def key(self, account_id: int, key_index: int) -> int | None:
        """Return a signing key, None if it is not known (yet)."""
        keys = self._keys.get(account_id, ())
        return keys[key_index] if key_index < len(keys) else None


def _public_keys(account: Account) -> tuple[int, ...]:
    return tuple(key.public_key for key in account.keys)


def verify_group(
    directory: KeyDirectory, committee: tuple[int, ...], commands: Sequence[Command]
) -> list[Command]:
    """Return the commands, verified if all their signatures are valid and provable.

    Those of oracle updates are checked with the keys of `committee`. Otherwise it was only not
    shown here: the state transition then checks again and says what is wrong. Keys may have changed
    by then, so a command says with which ones it was checked.
    """
    claims: list[tuple[int, int, int, int]] = []
    owners: list[int] = []
    verdicts = [False] * len(commands)
    signers = [0] * len(commands)
    for index, command in enumerate(commands):
        found = _claims(directory, committee, command)
        verdicts[index] = bool(found)
        claims.extend(found)
        owners.extend([index] * len(found))
        if command.message_hash and found:
            ((*_, signers[index]),) = found
    for index, is_valid in zip(owners, verify_many(claims), strict=True):
        verdicts[index] = verdicts[index] and is_valid
    return [
        replace(command, is_verified=is_valid, signer_key=signer, committee=committee)
        for command, is_valid, signer in zip(commands, verdicts, signers, strict=True)
    ]


def _claims(
    directory: KeyDirectory, committee: Sequence[int], command: Command
) -> list[tuple[int, int, int, int]]:
    """Return (hash, r, s, key) of each signature; none if one of the keys is not known."""
    tx = command.transaction
    if isinstance(tx, OracleUpdate):
        if any(report.signer_index >= len(committee) for report in tx.reports):
            return []
        return [
            (
                report.message_hash(directory.config),
                report.signature.r,
                report.signature.s,
                committee[report.signer_index],
            )
            for report in tx.reports
        ]
    if not isinstance(tx, UserTransaction) or command.message_hash == 0:
        return []
    key = directory.key(tx.account_id, tx.key_index)
    return [] if key is None else [(command.message_hash, tx.signature.r, tx.signature.s, key)]
