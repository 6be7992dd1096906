"""The public output of a batch: what L1 checks, and enough data to rebuild the whole state.

docs/spec/output.md fixes the layout.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from novation.crypto import FIELD_PRIME, poseidon_hash
from novation.protocol.accounts import (
    BALANCE_WIDTHS,
    BALANCE_WORD_BITS,
    Account,
    Position,
)
from novation.protocol.assets import pack_amounts, unpack_holdings
from novation.protocol.constants import (
    COLLATERAL_BOUND,
    LAST_TIME_MS,
    MAX_KEYS,
    MAX_POSITIONS,
    OPERATION_DEPOSIT,
    OUTPUT_VERSION,
    USD_ASSET_ID,
)
from novation.protocol.errors import DecodeError, ResultCode
from novation.protocol.fee_tiers import (
    NO_FEES,
    FeesPaid,
    n_words_with_fees,
    pack_with_fees,
    unpack_with_fees,
)
from novation.protocol.markets import (
    GLOBALS_WORDS,
    MARKET_WORD_0_BITS,
    MARKET_WORDS,
    UNDERLYING_WORDS,
    Globals,
    Market,
    UnderlyingState,
)
from novation.protocol.nonces import NonceWindow
from novation.protocol.numeric import pack, unpack
from novation.protocol.orders import ORDER_WORD_0_BITS, RestingOrder
from novation.protocol.signing_keys import KEY_WORDS, SigningKey
from novation.protocol.transactions import OracleUpdate, ParameterKind
from novation.protocol.transactions.oracle_update import price_words

HEADER_FELTS: Final = 7
_OPERATION_KINDS: Final = (OPERATION_DEPOSIT, *ParameterKind)
OPERATION_FELTS: Final = 3


@dataclass(frozen=True, slots=True)
class OperationRecord:
    """An L1 operation that the batch consumed; `result_code` says whether it was done.

    Where the kind sets a parameter, `account_id` is its index and `stark_key` its word.
    """

    kind: int
    result_code: ResultCode
    account_id: int
    amount_quanta: int
    l1_address: int
    stark_key: int
    asset_id: int = USD_ASSET_ID


@dataclass(frozen=True, slots=True)
class WithdrawalRecord:
    """An amount of an asset that becomes payable on L1."""

    amount_quanta: int
    l1_address: int
    asset_id: int = USD_ASSET_ID


@dataclass(frozen=True, slots=True)
class AccountRecord:
    """The new value of an account.

    `keys` are None unless the batch changed them, `holdings_quanta` unless the batch changed them
    and there are any.
    """

    account_id: int
    windows: tuple[NonceWindow, ...]
    collateral_quanta: int
    flags: int
    cancel_all_at_ms: int
    n_holding_words: int
    positions: tuple[Position, ...]
    keys: tuple[SigningKey, ...] | None = None
    holdings_quanta: tuple[int, ...] | None = None
    auction_start_ms: int = 0
    fees_paid: FeesPaid = NO_FEES

    @classmethod
    def of(
        cls, account_id: int, account: Account, *, has_keys: bool, has_holdings: bool
    ) -> "AccountRecord":
        """Return the record of an account."""
        return cls(
            account_id,
            account.windows,
            account.collateral_quanta,
            account.flags,
            account.cancel_all_at_ms,
            len(account.holding_words()),
            account.positions,
            account.keys if has_keys else None,
            account.holdings_quanta or None if has_holdings else None,
            account.auction_start_ms,
            account.fees_paid,
        )

    def account(
        self,
        l1_address: int,
        known_keys: tuple[SigningKey, ...],
        known_holdings_quanta: tuple[int, ...] = (),
    ) -> Account:
        """Return the account; DecodeError if its keys, or what it holds, are not known."""
        keys = known_keys if self.keys is None else self.keys
        holdings = known_holdings_quanta if self.n_holding_words else ()
        if self.holdings_quanta is not None:
            holdings = self.holdings_quanta
        n_words = len(pack_amounts(holdings))
        if n_words != self.n_holding_words:
            raise DecodeError(
                f"account {self.account_id}: {self.n_holding_words} words held, known {n_words}"
            )
        if len(keys) != len(self.windows):
            raise DecodeError(
                f"account {self.account_id}: {len(self.windows)} keys, known {len(keys)}"
            )
        return Account(
            l1_address,
            keys,
            self.windows,
            self.collateral_quanta,
            self.positions,
            self.flags,
            self.cancel_all_at_ms,
            holdings,
            self.auction_start_ms,
            self.fees_paid,
        )


@dataclass(frozen=True, slots=True)
class OrderRecord:
    """The new content of an order slot, None if it is empty now."""

    slot: int
    order: RestingOrder | None


@dataclass(frozen=True, slots=True)
class MarketRecord:
    """The new value of a market that the batch opened."""

    market_id: int
    market: Market


@dataclass(frozen=True, slots=True)
class BatchOutput:
    """The decoded output."""

    config_hash: int
    old_root: int
    new_root: int
    batch_number: int
    first_time_ms: int
    last_time_ms: int
    first_queue_position: int
    oracle_hash: int
    operations: tuple[OperationRecord, ...]
    withdrawals: tuple[WithdrawalRecord, ...]
    accounts: tuple[AccountRecord, ...]
    orders: tuple[OrderRecord, ...]
    markets: tuple[MarketRecord, ...]
    underlyings: tuple[UnderlyingState, ...]
    counters: Globals


def oracle_hash(updates: Sequence[OracleUpdate]) -> int:
    """Return the hash chain over the oracle updates of a batch, 0 if there are none."""
    hashed = 0
    for update in updates:
        head = pack((update.oracle_time_ms, 48), (len(update.reports), 8))
        for word in (head, *price_words(update.prices_x16)):
            hashed = poseidon_hash(hashed, word)
    return hashed


def encode_output(output: BatchOutput) -> tuple[int, ...]:
    """Return the felts that the Cairo program writes."""
    felts = [
        OUTPUT_VERSION,
        output.config_hash,
        output.old_root,
        output.new_root,
        pack((output.batch_number, 48), (output.first_time_ms, 48), (output.last_time_ms, 48)),
        pack(
            (output.first_queue_position, 48),
            (len(output.operations), 16),
            (len(output.withdrawals), 16),
            (len(output.accounts), 24),
            (len(output.orders), 24),
            (len(output.markets), 16),
            (len(output.underlyings), 8),
        ),
        output.oracle_hash,
    ]
    for operation in output.operations:
        felts.extend(_operation_felts(operation))
    felts.extend(
        pack((w.amount_quanta, 64), (w.l1_address, 160), (w.asset_id, 8))
        for w in output.withdrawals
    )
    for account in output.accounts:
        felts.extend(account_felts(account))
    for record in output.orders:
        felts.extend(order_felts(record))
    for market in output.markets:
        felts.extend(market_felts(market))
    for underlying in output.underlyings:
        felts.extend(underlying.words())
    return (*felts, *output.counters.words())


def _operation_felts(operation: OperationRecord) -> tuple[int, ...]:
    head = pack(
        (operation.kind, 8),
        (operation.result_code, 8),
        (operation.account_id, 32),
        (operation.amount_quanta, 64),
        (operation.asset_id, 8),
    )
    return head, operation.l1_address, operation.stark_key


def account_felts(record: AccountRecord) -> tuple[int, ...]:
    """Return the words of an account's record."""
    head = pack(
        (record.account_id, 32),
        (record.collateral_quanta + COLLATERAL_BOUND, 100),
        (len(record.windows), 4),
        (len(record.positions), 8),
        (record.n_holding_words, 2),
        (record.flags, 6),
        (LAST_TIME_MS - record.cancel_all_at_ms, 48),
        (int(record.keys is not None), 1),
        (int(record.holdings_quanta is not None), 1),
        (record.auction_start_ms, 48),
    )
    keys = (word for key in record.keys or () for word in key.words())
    positions = (position.word() for position in record.positions)
    holdings = pack_amounts(record.holdings_quanta or ())
    windows = pack_with_fees(record.windows, record.fees_paid)
    return head, *windows, *keys, *holdings, *positions


def order_felts(record: OrderRecord) -> tuple[int, ...]:
    """Return the words of a slot's record."""
    if record.order is None:
        return (pack((record.slot, 24)),)
    word_0, word_1 = record.order.words()
    return pack((record.slot, 24), (1, 1), (word_0, ORDER_WORD_0_BITS)), word_1


def market_felts(record: MarketRecord) -> tuple[int, ...]:
    """Return the words of a market's record."""
    word_0, *words = record.market.words()
    return pack((record.market_id, 16), (word_0, MARKET_WORD_0_BITS)), *words


def decode_output(felts: Sequence[int]) -> BatchOutput:
    """Decode the output of a batch; DecodeError on anything that `encode_output` cannot write."""
    reader = _Reader(felts)
    version, config_hash, old_root, new_root = reader.take(4)
    if version != OUTPUT_VERSION:
        raise DecodeError(f"output version {version}, expected {OUTPUT_VERSION}")
    batch_number, first_time_ms, last_time_ms = unpack(reader.one(), 48, 48, 48)
    counts = unpack(reader.one(), 48, 16, 16, 24, 24, 16, 8)
    queue_position, n_operations, n_withdrawals, n_accounts, n_orders = counts[:5]
    n_markets, n_underlyings = counts[5:]
    hashed = reader.one()
    output = BatchOutput(
        config_hash=config_hash,
        old_root=old_root,
        new_root=new_root,
        batch_number=batch_number,
        first_time_ms=first_time_ms,
        last_time_ms=last_time_ms,
        first_queue_position=queue_position,
        oracle_hash=hashed,
        operations=tuple(_read_operation(reader) for _ in range(n_operations)),
        withdrawals=tuple(
            WithdrawalRecord(*unpack(reader.one(), 64, 160, 8)) for _ in range(n_withdrawals)
        ),
        accounts=tuple(_read_account(reader) for _ in range(n_accounts)),
        orders=tuple(_read_order(reader) for _ in range(n_orders)),
        markets=tuple(_read_market(reader) for _ in range(n_markets)),
        underlyings=tuple(
            UnderlyingState.from_words(reader.take(UNDERLYING_WORDS)) for _ in range(n_underlyings)
        ),
        counters=Globals.from_words(reader.take(GLOBALS_WORDS)),
    )
    reader.finish()
    return output


class _Reader:
    """Takes felts from the front."""

    def __init__(self, felts: Sequence[int]) -> None:
        self._felts = felts
        self._position = 0

    def take(self, count: int) -> Sequence[int]:
        end = self._position + count
        if end > len(self._felts):
            raise DecodeError(f"output ends at felt {len(self._felts)}, needed {end}")
        taken = self._felts[self._position : end]
        if not all(0 <= felt < FIELD_PRIME for felt in taken):
            raise DecodeError(f"not field elements from {self._position} to {end}")
        self._position = end
        return taken

    def one(self) -> int:
        return self.take(1)[0]

    def finish(self) -> None:
        if self._position != len(self._felts):
            raise DecodeError(f"{len(self._felts) - self._position} felts too many")


def _read_operation(reader: _Reader) -> OperationRecord:
    head, l1_address, stark_key = reader.take(OPERATION_FELTS)
    kind, code, account_id, amount, asset_id = unpack(head, 8, 8, 32, 64, 8)
    if kind not in _OPERATION_KINDS or code not in ResultCode.__members__.values():
        raise DecodeError(f"operation kind {kind} with result code {code}")
    unpack(l1_address, 160)
    return OperationRecord(
        kind, ResultCode(code), account_id, amount, l1_address, stark_key, asset_id
    )


def _read_account(reader: _Reader) -> AccountRecord:
    account_id, balance_word = unpack(reader.one(), 32, BALANCE_WORD_BITS)
    *counts, has, auction_start_ms = unpack(balance_word, *BALANCE_WIDTHS)
    collateral, n_keys, n_positions, n_holding_words, flags, timer_gap_ms = counts
    has_keys, has_holdings = has & 1, has >> 1
    if not (1 <= n_keys <= MAX_KEYS and n_positions <= MAX_POSITIONS and collateral > 0):
        raise DecodeError(f"account {account_id}: balance word {balance_word:#x}")
    if has_holdings > n_holding_words:
        raise DecodeError(f"account {account_id}: has holdings, but no word of them")
    windows, fees_paid = unpack_with_fees(reader.take(n_words_with_fees(n_keys)), n_keys)
    keys = tuple(_read_key(reader) for _ in range(n_keys)) if has_keys else None
    holdings = unpack_holdings(reader.take(n_holding_words)) if has_holdings else None
    return AccountRecord(
        account_id,
        windows,
        collateral - COLLATERAL_BOUND,
        flags,
        LAST_TIME_MS - timer_gap_ms,
        n_holding_words,
        tuple(Position.from_word(reader.one()) for _ in range(n_positions)),
        keys,
        holdings,
        auction_start_ms,
        fees_paid,
    )


def _read_key(reader: _Reader) -> SigningKey:
    public_key, word = reader.take(KEY_WORDS)
    return SigningKey.from_words(public_key, word)


def _read_order(reader: _Reader) -> OrderRecord:
    slot, present, word_0 = unpack(reader.one(), 24, 1, ORDER_WORD_0_BITS)
    if present:
        return OrderRecord(slot, RestingOrder.from_words(word_0, reader.one()))
    if word_0:
        raise DecodeError(f"slot {slot} is empty but has a value")
    return OrderRecord(slot, None)


def _read_market(reader: _Reader) -> MarketRecord:
    market_id, word_0 = unpack(reader.one(), 16, MARKET_WORD_0_BITS)
    words = word_0, *reader.take(MARKET_WORDS - 1)
    return MarketRecord(market_id, Market.from_words(words))
