"""What the client returns: frozen values in human units. Times are Unix milliseconds."""

from dataclasses import dataclass
from decimal import Decimal
from enum import Enum

from novation.client.auction_models import AuctionUpdate, BidUpdate, TakeOverUpdate
from novation.client.ending import PositionSettled
from novation.client.fee_models import NO_FEES_PAID, FeeStanding
from novation.protocol.constants import LAST_TIME_MS
from novation.protocol.errors import ResultCode
from novation.protocol.orders import Side, TimeInForce, TriggerDirection
from novation.protocol.signing_keys import Permission
from novation.receipts import Receipt


class Lifecycle(Enum):
    """How far a transaction has travelled."""

    RECEIVED = "received"
    MATCHED = "matched"
    BATCHED = "batched"
    PROVEN = "proven"
    FINAL = "final"


class OrderStatus(Enum):
    """What became of an order. A killed one will never be filled; a triggered one is another."""

    RESTING = "resting"
    FILLED = "filled"
    CANCELLED = "cancelled"
    KILLED = "killed"
    DORMANT = "dormant"
    TRIGGERED = "triggered"


@dataclass(frozen=True, slots=True)
class Fill:
    """One match of an order. `fee` is in USD; `remaining` is what was left of the order."""

    order_id: int
    symbol: str
    side: Side
    price: Decimal
    size: Decimal
    fee: Decimal
    is_maker: bool
    remaining: Decimal


@dataclass(frozen=True, slots=True)
class MarketPrices:
    """What a market trades at and what holding it costs; prices are in USD, 0 before the first.

    `premium` is what it has traded above the index over the last minutes. `funding_rate` is the
    part of the index that longs would pay shorts for this hour if all of it were as its minutes so
    far, and `funding_quanta_per_lot` (10^-6 USD) what a lot held long has paid in all, as
    `short_quanta_per_lot` is what one held short has got. The pool holds `pool_size` of failed
    accounts, negative when short. Gains since
    `reference_price` may be needed for what others cannot pay; while the exchange's time is before
    `resolving_until_ms` (0: the index never jumped) only post-only orders are accepted.
    `added_margin` is what the open interest adds to the initial margin now, as a part of 1, and
    `forecast_margin` what new risk, withdrawals and transfers need above that, as prices move. The
    open interest rises to no more than `interest_cap` now.
    `is_silent`: the oracle nodes have no price now, and no order is accepted. Once the market has
    ended (`is_settled`) the mark is what lots are worth for ever.
    """

    symbol: str
    index_price: Decimal
    mark_price: Decimal
    premium: Decimal
    funding_rate: Decimal
    next_funding_time_ms: int
    funding_quanta_per_lot: int
    reference_price: Decimal
    resolving_until_ms: int
    short_quanta_per_lot: int = 0
    pool_size: Decimal = Decimal(0)
    added_margin: Decimal = Decimal(0)
    forecast_margin: Decimal = Decimal(0)
    is_silent: bool = False
    interest_cap: Decimal = Decimal(0)
    is_settled: bool = False


@dataclass(frozen=True, slots=True)
class OrderAck:
    """A placed order: durable, with the sequencer's signed receipt.

    `price` is that at which it rests: a sliding order may have another one than the signed.
    `decremented` is what it lost to orders of the same trader, without a trade.
    """

    order_id: int
    result: ResultCode
    fills: tuple[Fill, ...]
    resting: Decimal
    receipt: Receipt
    price: Decimal
    decremented: Decimal

    @property
    def filled(self) -> Decimal:
        """The sum of the fills."""
        return sum((fill.size for fill in self.fills), Decimal(0))


@dataclass(frozen=True, slots=True)
class ReplaceAck(OrderAck):
    """What became of an order that was to take the place of another one.

    `result` is AMENDED if the old one kept its place, NOTHING_LEFT if as much was filled of it as
    its owner still wanted; else that of the new one. `cancelled` is what was left of the old one
    when it was taken off the book.
    """

    cancelled: Decimal


@dataclass(frozen=True, slots=True)
class QuotesAck:
    """Quotes that rest: the order of each, and its price, which another than the signed if it slid.

    `n_cancelled` is how many orders they took the place of. `nonce` and the place among the quotes
    name an order, too.
    """

    order_ids: tuple[int, ...]
    prices: tuple[Decimal, ...]
    n_cancelled: int
    nonce: int
    receipt: Receipt


@dataclass(frozen=True, slots=True)
class CancelAck:
    """A cancelled order; `cancelled` is what was taken off the book."""

    order_id: int
    cancelled: Decimal
    receipt: Receipt


@dataclass(frozen=True, slots=True)
class CancelAllAck:
    """Every order of the account, or of a market, is dead; `n_cancelled` is how many there were."""

    n_cancelled: int
    receipt: Receipt


@dataclass(frozen=True, slots=True)
class CancelTimerAck:
    """At `cancel_all_at_ms` all orders die unless the timer is set anew; None: it is off."""

    cancel_all_at_ms: int | None
    receipt: Receipt


@dataclass(frozen=True, slots=True)
class KeyAck:
    """A key slot that was changed: the key that it holds now, or that lost its permissions."""

    slot: int
    receipt: Receipt


@dataclass(frozen=True, slots=True)
class TransferAck:
    """An amount is now in another account of the same owner."""

    amount: Decimal
    receipt: Receipt
    to_account_id: int
    asset: str


@dataclass(frozen=True, slots=True)
class WithdrawAck:
    """A withdrawal that becomes payable on L1 when its batch is final."""

    amount: Decimal
    receipt: Receipt
    asset: str = "USD"


@dataclass(frozen=True, slots=True)
class ListAck:
    """A market that can be traded from now on."""

    market_id: int
    symbol: str
    receipt: Receipt


@dataclass(frozen=True, slots=True)
class Order:
    """An order with everything that happened to it. Times that have not come are None.

    `decremented` is what it lost to orders of the same trader, without a trade. Nobody signed it if
    it is a liquidation: the rules reduced a position of a failing account. `quote_index` is which
    of the orders of its message it is. One that was dormant and what it became name each other.
    """

    order_id: int
    account_id: int
    symbol: str
    side: Side
    time_in_force: TimeInForce
    reduce_only: bool
    price: Decimal
    size: Decimal
    filled: Decimal
    remaining: Decimal
    average_price: Decimal | None
    status: OrderStatus
    cancel_reason: str | None
    lifecycle: Lifecycle
    batch_number: int | None
    expiry_time_ms: int
    received_time_ms: int
    matched_time_ms: int
    batched_time_ms: int | None
    proven_time_ms: int | None
    final_time_ms: int | None
    message_hash: int
    sequence: int
    label: int
    decremented: Decimal
    is_liquidation: bool
    quote_index: int
    trigger_price: Decimal | None = None
    trigger_direction: TriggerDirection | None = None
    triggered_order_id: int | None = None
    dormant_order_id: int | None = None
    ends_others: bool = False


@dataclass(frozen=True, slots=True)
class Position:
    """A position (negative when short) and the size of the account's resting orders.

    `guarded` is how much may still be filled of them until all are cancelled; None: all of it.
    """

    symbol: str
    size: Decimal
    open_buy: Decimal
    open_sell: Decimal
    guarded: Decimal | None


@dataclass(frozen=True, slots=True)
class AccountKey:
    """A key slot of an account; `permissions` is 0 if the key is removed."""

    slot: int
    public_key: int
    permissions: int
    expiry_time_ms: int
    last_nonce: int
    # Bit i is set if nonce last_nonce - 1 - i was skipped and may still be used.
    nonce_window: int

    def allows(self, permission: Permission) -> bool:
        """Return whether the key has a permission; it may have expired all the same."""
        return bool(self.permissions & permission)

    @property
    def never_expires(self) -> bool:
        """Whether no time ends it; what expires in the year 10889 counts as such."""
        return self.expiry_time_ms == LAST_TIME_MS


@dataclass(frozen=True, slots=True)
class Balance:
    """An amount of an asset; one that the server has no name for is `ASSET-id`, in quanta."""

    asset_id: int
    asset: str
    amount: Decimal


@dataclass(frozen=True, slots=True)
class Account:
    """An account. `balances` are of all assets that it has, USD first, which is `collateral`.

    Margin counts USD only. The five margin figures are None while a market has no price yet;
    `opening_margin` is what new risk, withdrawals and transfers need, with what forecasts add.
    `unsettled_gain` is what was gained in the last minutes and may still be needed for what others
    cannot pay: it is in `equity`, but neither backs new risk nor leaves.

    `cancel_all_at_ms` is when all its orders die, None if no timer is set. `fees` is what it has
    paid of them lately, and its tier.

    They are exact in the protocol and shown here in USD, rounded against the account's owner to a
    millionth: equity down, requirements up.
    """

    account_id: int
    l1_address: str
    keys: tuple[AccountKey, ...]
    collateral: Decimal
    positions: tuple[Position, ...]
    n_open_orders: int
    equity: Decimal | None
    unsettled_gain: Decimal | None
    initial_margin: Decimal | None
    opening_margin: Decimal | None
    maintenance_margin: Decimal | None
    cancel_all_at_ms: int | None = None
    balances: tuple[Balance, ...] = ()
    fees: FeeStanding = NO_FEES_PAID

    @property
    def available(self) -> Decimal | None:
        """Settled equity that new risk may need, at least zero."""
        if self.equity is None or self.unsettled_gain is None or self.opening_margin is None:
            return None
        return max(self.equity - self.unsettled_gain - self.opening_margin, Decimal(0))


@dataclass(frozen=True, slots=True)
class OrderOutcome:
    """What an order would lead to in one case: its result, or why it would be refused.

    The figures are those of the account afterwards. If only margin does not suffice they are what
    they would be; if another rule refuses the order they are None.
    """

    result: ResultCode | None
    refusal: str | None
    reason: str | None
    equity: Decimal | None
    unsettled_gain: Decimal | None
    initial_margin: Decimal | None
    opening_margin: Decimal | None
    maintenance_margin: Decimal | None

    @property
    def is_accepted(self) -> bool:
        """Whether the exchange would take the order."""
        return self.refusal is None

    @property
    def available(self) -> Decimal | None:
        """Settled equity that further risk could need; negative if it did not suffice."""
        if self.equity is None or self.unsettled_gain is None or self.opening_margin is None:
            return None
        return self.equity - self.unsettled_gain - self.opening_margin

    @property
    def above_liquidation(self) -> Decimal | None:
        """What the account could lose then before it is liquidated; negative: it would be."""
        if self.equity is None or self.maintenance_margin is None:
            return None
        return self.equity - self.maintenance_margin


@dataclass(frozen=True, slots=True)
class OrderPreview:
    """Both ends of what can happen to an order: it rests whole, or fills whole at its own price.

    None is what its kind excludes: fill-or-kill never rests, post-only never fills at once.
    """

    rests: OrderOutcome | None
    fills: OrderOutcome | None

    @property
    def is_accepted(self) -> bool:
        """Whether the order is accepted in both cases, and so in all between, but for rounding."""
        return all(way is None or way.is_accepted for way in (self.rests, self.fills))


@dataclass(frozen=True, slots=True)
class BookLevel:
    """All orders at one price."""

    price: Decimal
    size: Decimal
    n_orders: int


@dataclass(frozen=True, slots=True)
class Book:
    """A market's book, best levels first, as of an event number."""

    symbol: str
    sequence: int
    bids: tuple[BookLevel, ...]
    asks: tuple[BookLevel, ...]


@dataclass(frozen=True, slots=True)
class MarketState:
    """What a market is like, as of an event number; None is what there is not.

    `oracle_time_ms` is that of the prices.
    """

    symbol: str
    sequence: int
    time_ms: int
    oracle_time_ms: int
    prices: MarketPrices
    open_interest: Decimal
    is_active: bool
    best_bid: BookLevel | None
    best_ask: BookLevel | None


@dataclass(frozen=True, slots=True)
class Portfolio:
    """An account with its positions and margin, as of an event number."""

    sequence: int
    time_ms: int
    account: Account


@dataclass(frozen=True, slots=True)
class Trade:
    """A public trade."""

    symbol: str
    sequence: int
    time_ms: int
    price: Decimal
    size: Decimal
    taker_side: Side
    maker_order_id: int
    taker_order_id: int
    maker_account_id: int
    taker_account_id: int


@dataclass(frozen=True, slots=True)
class AccountFill:
    """A match of an account in its list; `trade_sequence` is the number of the public trade."""

    sequence: int
    trade_sequence: int
    time_ms: int
    fill: Fill


@dataclass(frozen=True, slots=True)
class Transfer:
    """What came or left: `kind` is deposit, deposit_refused, withdrawal, transfer_in or _out.

    L1 pays a withdrawal once it is final. `other_account_id` is the other one of a transfer.
    """

    sequence: int
    kind: str
    amount: Decimal
    asset: str
    lifecycle: Lifecycle
    batch_number: int | None
    matched_time_ms: int
    batched_time_ms: int | None
    proven_time_ms: int | None
    final_time_ms: int | None
    other_account_id: int | None = None


class BatchState(Enum):
    """How far a sealed batch has travelled."""

    SEALED = "sealed"
    PROVEN = "proven"
    FINAL = "final"


@dataclass(frozen=True, slots=True)
class Batch:
    """A sealed batch."""

    batch_number: int
    state: BatchState
    old_root: int
    new_root: int
    first_sequence: int
    last_sequence: int
    n_transactions: int
    cost_steps: int
    sealed_time_ms: int
    proven_time_ms: int | None
    final_time_ms: int | None
    l1_transaction_hash: str | None


@dataclass(frozen=True, slots=True)
class OrderUpdate:
    """An order's status has changed, or it has lost lots without a trade."""

    sequence: int
    order_id: int
    symbol: str
    status: OrderStatus
    cancel_reason: str | None
    filled: Decimal
    remaining: Decimal
    label: int
    decremented: Decimal


@dataclass(frozen=True, slots=True)
class FillUpdate:
    """The account has traded."""

    sequence: int
    fill: Fill


@dataclass(frozen=True, slots=True)
class BalanceUpdate:
    """A deposit, a refused deposit, a withdrawal or a side of a transfer: see Transfer."""

    sequence: int
    kind: str
    amount: Decimal
    asset: str = "USD"
    other_account_id: int | None = None


@dataclass(frozen=True, slots=True)
class AccountSnapshot:
    """Where an account stream starts."""

    sequence: int
    account: Account


@dataclass(frozen=True, slots=True)
class LiquidationUpdate:
    """The rules reduced a position, because equity was below the maintenance requirement.

    `equity`, `required` and `mark_price` are those of before, `fee` went to the insurance fund. No
    fill was worse than `zero_price`, at which equity over requirement stays as it is, and
    `average_price` is None if there was none.
    """

    sequence: int
    time_ms: int
    account_id: int
    symbol: str
    order_id: int
    equity: Decimal
    required: Decimal
    mark_price: Decimal
    zero_price: Decimal
    size: Decimal
    traded: Decimal
    average_price: Decimal | None
    fee: Decimal


AccountUpdate = (
    AccountSnapshot
    | OrderUpdate
    | FillUpdate
    | BalanceUpdate
    | LiquidationUpdate
    | AuctionUpdate
    | BidUpdate
    | TakeOverUpdate
    | PositionSettled
)


@dataclass(frozen=True, slots=True)
class Status:
    """Counters of the whole node."""

    last_sequence: int
    last_batch_number: int
    proven_batch_number: int
    final_batch_number: int
    state_root: int
    l1_queue_position: int
    open_batch_transactions: int
    open_batch_cost_steps: int
    pending_commands: int
    n_orders_accepted: int
    n_fills: int
    settlement_error: str
    settlement_halted: bool
    settlement_advice: str
    proof_error: str
    proof_halted: bool
    l1_queue_error: str
    oracle_time_ms: int = 0
    post_only_until_ms: int = 0
    custody: Decimal = Decimal(0)
    other_custody: tuple[Balance, ...] = ()
    recorded_deficit: Decimal = Decimal(0)
