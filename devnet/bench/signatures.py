"""What the sequencer's check of an order's signature takes, from the command to the verdict."""

from __future__ import annotations

import time
from typing import Final

from novation.crypto import public_key
from novation.protocol.accounts import Account
from novation.protocol.config import ExchangeConfig
from novation.protocol.orders import Side
from novation.protocol.signing import signed
from novation.protocol.transactions import PlaceOrder
from sequencer.config import ServerLimits
from sequencer.engine import Command
from sequencer.signature_check import KeyDirectory, verify_group

N_KEYS: Final = 16
RUNS: Final = 20
CONFIG: Final = ExchangeConfig(chain_id=1, exchange_address=1)


def measure_signature_check() -> float:
    """Return the CPU microseconds per order of the fastest of some full groups.

    Each of the keys has signed before, as those of active traders have.
    """
    group_size = ServerLimits().max_group_commands
    accounts = {i: Account.new(i, public_key(1 + i)) for i in range(N_KEYS)}
    directory = KeyDirectory(CONFIG, accounts)
    fastest_s = float("inf")
    for run in range(RUNS):
        commands = [_order(run * group_size + index) for index in range(group_size)]
        start_s = time.process_time()
        verdicts = verify_group(directory, (), commands)
        fastest_s = min(fastest_s, time.process_time() - start_s)
        assert all(verdicts)
    return 1e6 * fastest_s / group_size


def _order(number: int) -> Command:
    account_id = number % N_KEYS
    tx = PlaceOrder(
        account_id=account_id,
        key_index=0,
        nonce=1 + number,
        market_id=0,
        side=Side.BUY,
        price_ticks=1,
        size_lots=1,
        expiry_time_ms=1,
        max_fee_ppm=0,
        valid_until_ms=1,
    )
    tx = signed(tx, 1 + account_id, CONFIG)
    return Command(tx, 0, message_hash=tx.message_hash(CONFIG))
