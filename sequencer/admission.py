"""One key's flood ends here: what a key has signed costs it a token before the engine sees it.

A key pays only once its signature is verified, so that nobody can use up another's tokens by
naming his account. Before the check it is only asked whether the key has a token left. A message
that no key pays for (a bad signature, a used nonce, one that was paid for already) counts
for the connection that brought it.
"""

from collections import OrderedDict
from collections.abc import Callable
from typing import Final

from novation.protocol.nonces import NonceWindow
from novation.protocol.transactions import (
    CancelAll,
    CancelOrder,
    MassQuote,
    PlaceBracket,
    ReplaceOrder,
    SetCancelTimer,
    UserTransaction,
)
from sequencer.clock import Clock
from sequencer.engine import Command
from sequencer.errors import ErrorContext, NodeErrorCode, RequestRefusedError
from sequencer.rates import RatePolicy, TokenBuckets

# Account and slot.
KeySlot = tuple[int, int]
# Which nonces a slot has used; None where there is no such slot.
WindowOf = Callable[[int, int], NonceWindow | None]

# Messages that have been paid for but may not have used their nonce yet, or never will.
PAID_KEPT: Final = 8_192
# What lets orders die has tokens of its own.
_CANCELS: Final = (CancelOrder, CancelAll, SetCancelTimer)


class Admission:
    """Keeps the buckets of keys and connections."""

    def __init__(self, policy: RatePolicy, clock: Clock, window_of: WindowOf) -> None:
        """Measure time with `clock`."""
        self._policy = policy
        self._clock = clock
        self._window_of = window_of
        self._orders = TokenBuckets[KeySlot](policy.key_orders_per_s, policy.key_orders_burst)
        self._cancels = TokenBuckets[KeySlot](policy.key_cancels_per_s, policy.key_cancels_burst)
        self._strays = TokenBuckets[str](
            policy.connection_strays_per_s, policy.connection_strays_burst
        )
        self._paid: OrderedDict[int, None] = OrderedDict()

    def refusal(self, command: Command) -> RequestRefusedError | None:
        """Return the refusal of a message whose key has no tokens left for it; takes none."""
        tx = command.transaction
        if not isinstance(tx, UserTransaction):
            return None
        slot, now_ms = (tx.account_id, tx.key_index), self._clock.elapsed_ms()
        buckets, n_needed = self._buckets(tx), self._n_needed(tx)
        if buckets.left(slot, now_ms) >= n_needed:
            return None
        return self._too_many(tx, buckets.wait_ms(slot, now_ms, n_needed))

    def is_doubtful(self, connection: str) -> bool:
        """Whether a connection has brought more than its share of what no key pays for."""
        return self._strays.left(connection, self._clock.elapsed_ms()) < 1

    def pay(self, command: Command, connection: str) -> RequestRefusedError | None:
        """Take a token, or one for each quote, for a message whose signature has been checked.

        Returns the refusal if the key has none left; all others may go on to the engine.
        """
        tx = command.transaction
        if not isinstance(tx, UserTransaction):
            return None
        now_ms = self._clock.elapsed_ms()
        if not self._is_paid_by_key(command, tx):
            self._strays.take(connection, now_ms)
            return None
        refusal = self.refusal(command)
        if refusal is None:
            slot = tx.account_id, tx.key_index
            self._buckets(tx).take(slot, now_ms, n_tokens_of(tx))
            self._paid[command.message_hash] = None
            if len(self._paid) > PAID_KEPT:
                self._paid.popitem(last=False)
        return refusal

    def _is_paid_by_key(self, command: Command, tx: UserTransaction) -> bool:
        """Whether the key's owner must have sent it now: anybody can repeat what he has seen."""
        if not command.is_verified or command.message_hash in self._paid:
            return False
        window = self._window_of(tx.account_id, tx.key_index)
        return window is not None and window.refusal(tx.nonce) is None

    def _buckets(self, tx: UserTransaction) -> TokenBuckets[KeySlot]:
        return self._cancels if _only_takes_away(tx) else self._orders

    def _n_needed(self, tx: UserTransaction) -> int:
        """Return how many tokens a message waits for: all that there can be, if it takes more."""
        return min(n_tokens_of(tx), self._policy.key_orders_burst)

    def _too_many(self, tx: UserTransaction, wait_ms: int) -> RequestRefusedError:
        kind = "cancels" if _only_takes_away(tx) else "orders"
        burst: int = getattr(self._policy, f"key_{kind}_burst")
        per_s: int = getattr(self._policy, f"key_{kind}_per_s")
        sentence = (
            f"key {tx.key_index} of account {tx.account_id} has used {burst} of {burst} {kind} at "
            f"once, {per_s} per second come back; try again in {wait_ms} ms"
        )
        value = burst + self._n_needed(tx)
        context = ErrorContext(f"key_{kind}_burst", str(burst), str(value), wait_ms)
        return RequestRefusedError(NodeErrorCode.RATE_LIMITED, sentence, context)


def n_tokens_of(tx: UserTransaction) -> int:
    """Return what a message costs its key: quotes count like orders that come alone."""
    if isinstance(tx, PlaceBracket):
        return 3
    return len(tx.quotes) + len(tx.cancels) if isinstance(tx, MassQuote) else 1


def _only_takes_away(tx: UserTransaction) -> bool:
    """Whether a message lets orders die or shrink, and places none."""
    if isinstance(tx, ReplaceOrder):
        return tx.in_place
    return isinstance(tx, _CANCELS)
