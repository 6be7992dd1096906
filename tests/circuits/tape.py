"""Where things are on the tape of an input (circuits/program_input.py)."""

from dataclasses import replace
from typing import Any

from circuits.program_input import ProgramInput

# The choice of the loader, the configuration, what describes the batch, and fields of it.
CORE_ONLY, CONFIG, BATCH = 0, 1, 2
N_TRANSACTIONS, N_OPERATIONS, N_ORDERS, N_EPHEMERAL, N_MARKETS = 21, 22, 25, 26, 27
TYPE_LIST_MARKET = 8
# Fields of an order; no other item behind the batch's has as many.
ORDER_FIELDS, ORDER_KEY, PREDECESSOR = 18, 15, 16
# Of a quote.
QUOTE_FIELDS, QUOTE_KEY = 5, 3
# Where items with so many fields have keys of orders: quotes, dormant orders, those placed, exits.
KEYS = {QUOTE_FIELDS: (QUOTE_KEY,), 20: (18,), 3: (1,), 9: (2, 6)}


def transaction_places(records: ProgramInput) -> list[int]:
    """Return where the orders of the tape are: header, fields, signature, place of the nonce."""
    return [
        i
        for i, item in enumerate(records.tape)
        if i > BATCH and not isinstance(item, int) and len(item) == ORDER_FIELDS
    ]


def with_tape(records: ProgramInput, tape: list[Any]) -> ProgramInput:
    """Return the input with another tape."""
    return replace(records, tape=tape)


def with_counts(records: ProgramInput, tape: list[Any], changes: dict[int, int]) -> ProgramInput:
    """Return the input with a tape whose batch has fields increased by `changes`."""
    batch = [value + changes.get(field, 0) for field, value in enumerate(tape[BATCH])]
    return with_tape(records, [*tape[:BATCH], batch, *tape[BATCH + 1 :]])
