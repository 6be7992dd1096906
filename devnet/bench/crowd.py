"""An exchange with many accounts and a deep book, put into a sequencer's empty database.

Everything passes the state transition but signatures, which nobody needs to check here. L1 never
hears of these accounts, so the state can be traded on and not be settled.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import islice
from typing import TYPE_CHECKING, Final

from novation.crypto import public_key
from novation.protocol.orders import Side
from novation.protocol.state import State
from novation.protocol.storage import state_writes
from novation.protocol.transactions import Deposit, OracleReport, OracleUpdate, PlaceOrder
from novation.protocol.transition import apply_transaction, open_batch, seal_batch
from sequencer.store import create_database, open_database

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from novation.protocol.config import ExchangeConfig
    from novation.protocol.parameters import Parameters
    from novation.protocol.state import Genesis
    from novation.protocol.transactions import Transaction

# Clear of the ids that the contract gives to depositors.
FIRST_ACCOUNT_ID: Final = 1_000
DEPOSIT_QUANTA: Final = 10**13
TRANSACTIONS_PER_BATCH: Final = 10_000
ORDERS_PER_ACCOUNT: Final = 10
MAX_FEE_PPM: Final = 1_000
LOTS: Final = 20
# Resting orders keep clear of the load, which must not trade with them: they have no history. They
# lie within the band of five per cent.
NEAREST_PPM: Final = 25_000
FARTHEST_PPM: Final = 45_000
PPM: Final = 1_000_000


@dataclass(frozen=True, slots=True)
class Crowd:
    """How many accounts and resting orders; the orders lie in market 0, half on each side."""

    n_accounts: int
    n_orders: int
    prices_x16: tuple[int, ...]
    time_ms: int

    @property
    def account_ids(self) -> range:
        """The accounts, besides those that exist from the start."""
        return range(FIRST_ACCOUNT_ID, FIRST_ACCOUNT_ID + self.n_accounts)

    def transactions(self, parameters: Parameters) -> Iterator[Transaction]:
        """Yield prices, deposits and orders."""
        signers = range(parameters.oracle_quorum)
        reports = tuple(OracleReport(i, self.time_ms, self.prices_x16) for i in signers)
        yield OracleUpdate(self.time_ms, self.prices_x16, reports)
        for account_id in self.account_ids:
            yield Deposit(account_id, account_id, public_key(account_id), DEPOSIT_QUANTA)
        mid_ticks = self.prices_x16[0] >> 16
        for index in range(self.n_orders):
            side = Side(index % 2)
            distance_ppm = NEAREST_PPM + 7_919 * index % (FARTHEST_PPM - NEAREST_PPM)
            distance_ticks = mid_ticks * distance_ppm // PPM
            yield PlaceOrder(
                account_id=FIRST_ACCOUNT_ID + index // ORDERS_PER_ACCOUNT,
                key_index=0,
                nonce=1 + index % ORDERS_PER_ACCOUNT,
                market_id=0,
                side=side,
                price_ticks=mid_ticks + (-distance_ticks if side is Side.BUY else distance_ticks),
                size_lots=LOTS,
                expiry_time_ms=2 * self.time_ms,
                max_fee_ppm=MAX_FEE_PPM,
                valid_until_ms=self.time_ms,
            )


def crowded_state(config: ExchangeConfig, genesis: Genesis, crowd: Crowd) -> State:
    """Return the state with the crowd in it, as if nothing had been settled yet."""
    state = State.genesis(config, genesis)
    transactions = crowd.transactions(genesis.parameters)
    while part := list(islice(transactions, TRANSACTIONS_PER_BATCH)):
        open_batch(state)
        for tx in part:
            apply_transaction(state, tx, crowd.time_ms, verify_signature=False)
        seal_batch(state)
    state.globals = replace(state.globals, batch_number=0, l1_queue_position=0)
    return state


def fill_database(path: Path, state: State) -> None:
    """Make the database of a sequencer that starts with the state."""
    database = open_database(path)
    create_database(database, state.config, state_writes(state))
    database.close()
