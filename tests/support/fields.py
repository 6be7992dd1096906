"""Fields of transactions by the names that refusals use: `price_ticks`, `quotes[3].price_ticks`."""

import re
from dataclasses import replace
from typing import Any

from novation.protocol.transactions import AddKey, MassQuote

_IN_QUOTE = re.compile(r"quotes\[(\d+)\]\.(\w+)")


def field_of(tx: Any, name: str) -> Any:
    """Return a field of a transaction, None if it has none of that name."""
    if isinstance(tx, MassQuote):
        if (found := _IN_QUOTE.fullmatch(name)) is not None:
            return getattr(tx.quotes[int(found[1])], found[2], None)
        return getattr(tx, name, None) or getattr(tx.terms, name, None)
    return getattr(tx, _own_name(tx, name), None)


def _own_name(tx: Any, name: str) -> str:
    """Return a field's name in the transaction: the end of a key is called as in the state."""
    return "expiry_ms" if isinstance(tx, AddKey) and name == "expiry_time_ms" else name


def with_field(tx: Any, name: str, value: int) -> Any:
    """Return the transaction with another value in the field."""
    if isinstance(tx, MassQuote) and (found := _IN_QUOTE.fullmatch(name)) is not None:
        index = int(found[1])
        quote = replace(tx.quotes[index], **{found[2]: value})
        return replace(tx, quotes=(*tx.quotes[:index], quote, *tx.quotes[index + 1 :]))
    if isinstance(tx, MassQuote) and hasattr(tx.terms, name):
        return replace(tx, terms=replace(tx.terms, **{name: value}))
    return replace(tx, **{_own_name(tx, name): value})
