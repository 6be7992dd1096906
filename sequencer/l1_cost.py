"""What a batch takes of its settlement transaction: bytes and gas, from above.

A transaction is limited to 131,072 bytes by public pools and to 2^24 gas by EIP-7825. The proof
takes most of the bytes; what it leaves is for the program's output (docs/spec/output.md), each felt
of which is a byte of length and its bytes without leading zeros.
"""

from dataclasses import dataclass
from typing import Final, NamedTuple

from novation.protocol import cost
from novation.protocol.assets import AMOUNT_WORDS
from novation.protocol.batch import TransactionResult
from novation.protocol.constants import MAX_KEYS, MAX_MAKERS_PER_ORDER
from novation.protocol.cost import most_slots
from novation.protocol.errors import ResultCode
from novation.protocol.markets import GLOBALS_WORDS, UNDERLYING_WORDS
from novation.protocol.transactions import Deposit, SetParameter, Transaction, Withdraw

MAX_TRANSACTION_BYTES: Final = 131_072
# What a transaction has besides its calldata: signature, nonce, fees, lengths, at their longest.
ENVELOPE_BYTES: Final = 200
# Selector, two offsets, two lengths, paddings; then the fixed part of the public input.
CALL_BYTES: Final = 4 + 4 * 32 + 2 * 31
STATEMENT_BYTES: Final = 9 + 8 * 11
MAX_TRANSACTION_GAS: Final = 2**24
# A tenth stays unused: gas prices of operations have changed before.
USED_GAS_PPM: Final = 900_000
PPM: Final = 1_000_000

# Felts of the output, and their bytes at most, with the length.
HEADER_BYTES: Final = 2 + 3 * 33 + 19 + 20 + 33
HEADER_FELTS: Final = 7
# A word has three amounts of 63 bits, the last one only one.
AMOUNTS_BYTES: Final = 2 * 25 + 9
GLOBALS_BYTES: Final = 31 + 30 + AMOUNTS_BYTES
GLOBALS_FELTS: Final = GLOBALS_WORDS
MARKET_BYTES: Final = 28 + 21 + 29 + 27
MARKET_FELTS: Final = 4
UNDERLYING_BYTES: Final = 33 + 33 + 31
UNDERLYING_FELTS: Final = UNDERLYING_WORDS
OPERATION_BYTES: Final = 16 + 21 + 33
OPERATION_FELTS: Final = 3
WITHDRAWAL_BYTES: Final = 30
# An account has up to eight keys, each with a window of nonces of 125 bits, two of them in a word.
# The record has the slots of keys, and what the account holds, if the batch changed them.
ACCOUNT_BYTES: Final = 6 * 33
ACCOUNT_FELTS: Final = 6
KEYS_BYTES: Final = MAX_KEYS * (33 + 8)
KEYS_FELTS: Final = MAX_KEYS * 2
POSITION_BYTES: Final = 29
# As of a dormant one, whose second word is the longer.
ORDER_BYTES: Final = 33 + 26
ORDER_FELTS: Final = 2

# Measured (tests/e2e/test_l1_cost.py does it again) and rounded up, for outputs of up to 4,000
# felts: a felt of the output that is read, hashed, multiplied out and handed to the exchange; the
# steps of the exchange over the record of an account or an order; what an operation and a
# withdrawal cost besides, to an address that never had any. A deposit that failed is paid back
# like a withdrawal. The floor of EIP-7623, 40 gas a byte, is below the limit for all the bytes that
# a transaction may have.
FELT_GAS: Final = 900
RECORD_GAS: Final = 350
OPERATION_GAS: Final = 17_000
WITHDRAWAL_GAS: Final = 26_000
BYTE_GAS: Final = 16
# Entries of the queue that were taken out of its order, over which a batch moves the queue's head:
# more before its first deposit are skipped apart, more between two of its deposits are none of it.
HOLES_AT_HEAD: Final = 100
HOLES_BETWEEN_DEPOSITS: Final = 100
HOLE_GAS: Final = 3_700
# Base of a transaction, state writes, holes.
FIXED_GAS: Final = 21_000 + 120_000 + (HOLES_AT_HEAD + HOLES_BETWEEN_DEPOSITS) * HOLE_GAS
# Of the verification: what it costs at all, and each query in a domain of 2^24.
VERIFY_GAS: Final = 700_000
QUERY_GAS: Final = 66_000
QUERY_LOG_DOMAIN: Final = 24


# The trace has four units for range checks in every step: an instruction takes three, a check of
# 128 bits eight, and the values between the least and the greatest offset one each. A step that is
# charged takes fewer units than this, in millionths (measured: a slot of a leaf 3.55, others less).
UNITS_PER_STEP: Final = 4
CHARGED_UNITS_PPM: Final = 3_600_000
RANGE_CHECK_SPAN: Final = 2**16
# The trace has a permutation for so many steps. The loader's alone can need a longer trace than all
# that is charged; those of transactions are fewer than theirs (tests/circuits/test_cost.py).
PERMUTATION_STEPS: Final = 16


@dataclass(frozen=True, slots=True)
class L1Proof:
    """What the proof of 2^log_steps steps takes of the transaction at most."""

    log_steps: int
    n_bytes: int
    gas: int


@dataclass(frozen=True, slots=True)
class L1Room:
    """What the proof leaves for the output: bytes, and gas besides that of the proof."""

    n_bytes: int
    gas: int


class OutputCost(NamedTuple):
    """What an output, or a part of one, takes: bytes, and gas besides that of the proof."""

    n_bytes: int
    gas: int

    def plus(self, other: "OutputCost") -> "OutputCost":
        """Return what both take together."""
        return OutputCost(self.n_bytes + other.n_bytes, self.gas + other.gas)

    def fits(self, room: L1Room) -> bool:
        """Return whether a transaction has room for it."""
        return self.n_bytes <= room.n_bytes and self.gas <= room.gas


NOTHING: Final = OutputCost(0, 0)


def felts_cost(n_bytes: int, n_felts: int, gas: int = 0) -> OutputCost:
    """Return what felts take that have so many bytes, and for which L1 does something besides."""
    return OutputCost(n_bytes, n_bytes * BYTE_GAS + n_felts * FELT_GAS + gas)


def padded_steps(cost_steps: int) -> int:
    """Return how many steps the trace of a batch must have room for, from above."""
    n_units = cost_steps * CHARGED_UNITS_PPM // PPM + RANGE_CHECK_SPAN
    loader_steps = cost.PROGRAM_PERMUTATIONS * PERMUTATION_STEPS
    return max(cost_steps, -(-n_units // UNITS_PER_STEP), loader_steps)


def verify_gas(n_queries: int, log_domain: int) -> int:
    """Return an upper bound of what the verification costs besides reading its input."""
    return VERIFY_GAS + n_queries * QUERY_GAS * log_domain // QUERY_LOG_DOMAIN


def room_beside(proof: L1Proof) -> L1Room:
    """Return what a proof leaves; negative if it does not fit alone."""
    fixed_bytes = ENVELOPE_BYTES + CALL_BYTES + STATEMENT_BYTES + proof.n_bytes
    gas = MAX_TRANSACTION_GAS * USED_GAS_PPM // PPM - FIXED_GAS - proof.gas
    return L1Room(MAX_TRANSACTION_BYTES - fixed_bytes, gas - fixed_bytes * BYTE_GAS)


DEPOSIT_COST: Final = felts_cost(OPERATION_BYTES, OPERATION_FELTS, OPERATION_GAS)
FAILED_DEPOSIT_COST: Final = felts_cost(
    OPERATION_BYTES, OPERATION_FELTS, OPERATION_GAS + WITHDRAWAL_GAS
)
KEYS_COST: Final = felts_cost(KEYS_BYTES, KEYS_FELTS)
HOLDINGS_COST: Final = felts_cost(AMOUNTS_BYTES, AMOUNT_WORDS)
WITHDRAWAL_COST: Final = felts_cost(WITHDRAWAL_BYTES, 1, WITHDRAWAL_GAS)
MARKET_COST: Final = felts_cost(MARKET_BYTES, MARKET_FELTS)
# Of a new underlying: its words, and the fee account's position in its market.
GROWTH_COST: Final = felts_cost(UNDERLYING_BYTES + POSITION_BYTES, UNDERLYING_FELTS + 1)


def empty_batch_cost(n_underlyings: int) -> OutputCost:
    """Return what every batch takes: header, underlyings, counters and the fee account."""
    n_bytes = HEADER_BYTES + n_underlyings * UNDERLYING_BYTES + GLOBALS_BYTES
    n_felts = HEADER_FELTS + n_underlyings * UNDERLYING_FELTS + GLOBALS_FELTS
    fixed = felts_cost(n_bytes, n_felts)
    return fixed.plus(touched_cost(1, 0, most_slots(n_underlyings)))


def touched_cost(n_accounts: int, n_orders: int, n_slots: int) -> OutputCost:
    """Return what records of so many accounts, with their position slots, and order slots take."""
    return felts_cost(
        n_accounts * ACCOUNT_BYTES + n_slots * POSITION_BYTES + n_orders * ORDER_BYTES,
        n_accounts * ACCOUNT_FELTS + n_slots + n_orders * ORDER_FELTS,
        (n_accounts + n_orders) * RECORD_GAS,
    )


def order_cost(n_visits: int, n_slots: int) -> OutputCost:
    """Return what an order can add that meets so many makers; all that it touches counts as new.

    The makers' orders, which are heads when it meets them; its own and the one before that; its
    market. `n_slots` are those of all the accounts.
    """
    return touched_cost(1 + n_visits, n_visits + 2, n_slots).plus(MARKET_COST)


def market_cost(n_visits: int, n_slots: int) -> OutputCost:
    """Return what a listing can add, or a tick that looks at orders of as many accounts."""
    return touched_cost(n_visits, n_visits, n_slots).plus(MARKET_COST)


def markets_cost(n_markets: int) -> OutputCost:
    """Return what markets take, those for instance whose pools pass something on."""
    return felts_cost(n_markets * MARKET_BYTES, n_markets * MARKET_FELTS)


def bid_cost(n_markets: int, n_slots: int) -> OutputCost:
    """Return what a bid can add: both accounts, the insurance fund, markets that it changes."""
    return touched_cost(3, 0, n_slots).plus(markets_cost(n_markets))


def take_over_cost(n_legs: int, n_slots: int) -> OutputCost:
    """Return what a takeover can add: the account, and insurance, which may hold all its legs."""
    return touched_cost(2, 0, n_slots + n_legs).plus(markets_cost(n_legs))


def replacement_cost(n_visits: int, n_slots: int) -> OutputCost:
    """Return what an order can add that replaces one: it, and that before it, too."""
    return order_cost(n_visits, n_slots).plus(touched_cost(0, 2, 0))


def bracket_cost(n_visits: int, n_slots: int) -> OutputCost:
    """Return what an order can add with a stop and a take-profit, each with the one before it."""
    return order_cost(n_visits, n_slots).plus(touched_cost(0, 4, 0))


def quoting_cost(n_quotes: int, n_gone: int, n_slots: int) -> OutputCost:
    """Return what quotes can add, and orders that go: each with the order before it."""
    return touched_cost(1, 2 * (n_quotes + n_gone), n_slots).plus(MARKET_COST)


def listed_cost(tx: Transaction, result: TransactionResult | None) -> OutputCost:
    """Return what the lists of operations and withdrawals take of a transaction, exactly."""
    if isinstance(tx, Deposit):
        is_done = result is not None and result.result_code is ResultCode.DONE
        return DEPOSIT_COST if is_done else FAILED_DEPOSIT_COST
    if isinstance(tx, SetParameter):
        return DEPOSIT_COST
    return WITHDRAWAL_COST if isinstance(tx, Withdraw) else NOTHING


def small_transaction_cost(n_underlyings: int) -> OutputCost:
    """Return what most transactions stay below: a deposit, or an order that meets one maker."""
    return order_cost(1, 2 * most_slots(n_underlyings)).plus(FAILED_DEPOSIT_COST)


def worst_transaction_cost(n_underlyings: int) -> OutputCost:
    """Return what one transaction can add: an order that meets most and rests, with its exits."""
    n_slots = (MAX_MAKERS_PER_ORDER + 1) * most_slots(n_underlyings)
    return bracket_cost(MAX_MAKERS_PER_ORDER, n_slots)


def order_steps_at_most(n_visits: int, n_underlyings: int) -> int:
    """Return the Cairo steps of an order that meets so many makers, none of whom may trade.

    It replaces another one, was dormant, or has exits, and each of those that it meets has a guard.
    """
    n_slots = most_slots(n_underlyings)
    records = (n_visits + 6) * cost.ORDER_LEAF_STEPS + cost.MARKET_LEAF_STEPS
    n_accounts = 1 + n_visits
    longer = n_accounts, n_accounts * (MAX_KEYS - 1), n_accounts * AMOUNT_WORDS
    leaves = cost.leaf_steps(n_accounts, n_accounts * n_slots, *longer) + records
    order = cost.order_steps(n_visits, (2 + 2 * n_visits) * n_slots)
    guards = n_visits * cost.guard_steps(n_slots)
    replacing = cost.REPLACE_STEPS + cost.OTHER_KEY_STEPS + cost.GAP_STEPS
    # A dormant order whose account cannot afford it.
    taken_back = cost.TRIGGER_STEPS + n_visits * cost.TAKE_BACK_STEPS
    signed = cost.BRACKET_STEPS + n_slots * cost.SLOT_CHANGE_STEPS
    bracket = signed + cost.OTHER_KEY_STEPS + cost.GAP_STEPS
    return max(replacing, taken_back, bracket) + order + guards + leaves
