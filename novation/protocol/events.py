"""What happened, for acknowledgements and market data. Events are not consensus."""

from dataclasses import dataclass
from enum import Enum
from typing import Final

from novation.protocol.constants import USD_ASSET_ID
from novation.protocol.errors import ResultCode
from novation.protocol.orders import Side, Trigger, VisitOutcome
from novation.protocol.signing_keys import SigningKey
from novation.protocol.transactions import ParameterKind


class CancelReason(Enum):
    """Why an order, or the rest of it, is gone without being filled."""

    USER = "user"
    EXPIRED = "expired"
    SELF_TRADE = "self_trade"
    REDUCE_ONLY = "reduce_only"
    MARGIN = "margin"
    IMMEDIATE_OR_CANCEL = "immediate_or_cancel"
    MAKER_LIMIT = "maker_limit"
    KILLED = "killed"
    FEE = "fee"
    CANCEL_ALL = "cancel_all"
    REPLACED = "replaced"
    TIMER = "timer"
    GUARD = "guard"
    LIQUIDATION = "liquidation"
    # An order that ends the others of its market has left nothing to reduce.
    POSITION_CLOSED = "position_closed"
    # Of an incoming order, which never rested.
    SELF_TRADE_TAKING = "self_trade_taking"


# Why a maker left the book that was not filled. One that was cancelled with all others has gone
# before.
CANCEL_REASONS: Final = {
    VisitOutcome.EXPIRED: CancelReason.EXPIRED,
    VisitOutcome.SELF_TRADE: CancelReason.SELF_TRADE,
    VisitOutcome.REDUCE_ONLY: CancelReason.REDUCE_ONLY,
    VisitOutcome.MARGIN: CancelReason.MARGIN,
    VisitOutcome.KILLED: CancelReason.KILLED,
    VisitOutcome.FEE: CancelReason.FEE,
}


@dataclass(frozen=True, slots=True)
class OrderPlaced:
    """An order was accepted; `resting_lots` of it are on the book now.

    `price_ticks` is that at which it rests, which slides; `decremented_lots` were taken off it for
    lots of the same trader. `label` is the owner's, 0 for none. `quote_index` is which of the
    orders of its message it is.
    """

    order_id: int
    account_id: int
    nonce: int
    market_id: int
    side: Side
    price_ticks: int
    size_lots: int
    resting_lots: int
    decremented_lots: int = 0
    label: int = 0
    quote_index: int = 0


@dataclass(frozen=True, slots=True)
class OrderFilled:
    """A trade at the maker's price; `maker_remaining_lots` rest after it."""

    market_id: int
    taker_side: Side
    price_ticks: int
    size_lots: int
    taker_order_id: int
    taker_account_id: int
    taker_fee_quanta: int
    maker_order_id: int
    maker_account_id: int
    maker_fee_quanta: int
    maker_remaining_lots: int


@dataclass(frozen=True, slots=True)
class TriggerPlaced:
    """An order lies dormant until the mark reaches its trigger's price."""

    order_id: int
    account_id: int
    nonce: int
    market_id: int
    side: Side
    price_ticks: int
    size_lots: int
    trigger: Trigger
    label: int = 0
    quote_index: int = 0


@dataclass(frozen=True, slots=True)
class OrderTriggered:
    """The mark has reached a dormant order, which is placed under another id."""

    order_id: int
    account_id: int
    market_id: int
    placed_order_id: int


@dataclass(frozen=True, slots=True)
class OrderCancelled:
    """`remaining_lots` of an order left the book, or never reached it; dormant ones never did."""

    order_id: int
    account_id: int
    market_id: int
    side: Side
    price_ticks: int
    remaining_lots: int
    reason: CancelReason
    is_dormant: bool = False


@dataclass(frozen=True, slots=True)
class OrderDecremented:
    """A resting order lost `lots` to an order of the same trader, without a trade."""

    order_id: int
    account_id: int
    market_id: int
    side: Side
    price_ticks: int
    lots: int
    remaining_lots: int


@dataclass(frozen=True, slots=True)
class OrderAmended:
    """A resting order was made smaller by `lots` by its owner, where it stands."""

    order_id: int
    account_id: int
    market_id: int
    side: Side
    price_ticks: int
    lots: int
    remaining_lots: int
    expiry_time_ms: int


@dataclass(frozen=True, slots=True)
class Deposited:
    """An L1 deposit was credited."""

    account_id: int
    amount_quanta: int
    is_new_account: bool
    asset_id: int = USD_ASSET_ID


@dataclass(frozen=True, slots=True)
class DepositFailed:
    """An L1 deposit was consumed without credit; L1 pays it back."""

    account_id: int
    amount_quanta: int
    result_code: ResultCode
    asset_id: int = USD_ASSET_ID


@dataclass(frozen=True, slots=True)
class Withdrawn:
    """An amount of an asset left the account and becomes payable on L1 with the batch.

    While a deficit is recorded `missing_quanta` left it besides, and are paid to nobody.
    """

    account_id: int
    l1_address: int
    amount_quanta: int
    asset_id: int = USD_ASSET_ID
    missing_quanta: int = 0


@dataclass(frozen=True, slots=True)
class Transferred:
    """An amount of an asset went from an account to another one of the same owner."""

    account_id: int
    to_account_id: int
    amount_quanta: int
    asset_id: int = USD_ASSET_ID


@dataclass(frozen=True, slots=True)
class KeyChanged:
    """A key slot of an account holds another key now, or its key lost its permissions."""

    account_id: int
    slot: int
    key: SigningKey


@dataclass(frozen=True, slots=True)
class CancelTimerSet:
    """From that time on all orders of the account are dead that were placed before."""

    account_id: int
    cancel_all_at_ms: int


@dataclass(frozen=True, slots=True)
class PricesUpdated:
    """New index prices of all underlyings."""

    oracle_time_ms: int
    prices_x16: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class BooksKilled:
    """Prices came back after a gap: every order below the id is dead, and will never be filled."""

    dead_below_order_id: int
    post_only_until_ms: int


@dataclass(frozen=True, slots=True)
class ParameterSet:
    """An L1 operation set a parameter; it holds at once."""

    kind: ParameterKind
    index: int
    word: int


@dataclass(frozen=True, slots=True)
class MarketListed:
    """A market can be traded from now on."""

    market_id: int
    underlying_id: int


@dataclass(frozen=True, slots=True)
class MarketSettled:
    """A market has ended: all its orders died, and lots are worth this price for ever."""

    market_id: int
    price_ticks: int
    n_samples: int


@dataclass(frozen=True, slots=True)
class PositionSettled:
    """A position was closed at the price that its market is settled at, without a fee."""

    account_id: int
    market_id: int
    size_lots: int
    price_ticks: int


@dataclass(frozen=True, slots=True)
class MarkSampled:
    """The premium of a market was sampled; the mark is that after it.

    `is_full` says whether both sides of the book were worth enough.
    """

    market_id: int
    mark_price_x16: int
    is_full: bool


@dataclass(frozen=True, slots=True)
class Liquidated:
    """A failing account traded `traded_lots` of `size_lots`, at its zero price or better.

    Equity, requirement and mark are those of before, for whoever checks it.
    """

    account_id: int
    market_id: int
    order_id: int
    equity_x16: int
    maintenance_x16_ppm: int
    mark_price_x16: int
    zero_price_ticks: int
    size_lots: int
    traded_lots: int
    fee_quanta: int


@dataclass(frozen=True, slots=True)
class AuctionStarted:
    """The positions of a failing account are up for auction; see `auction`."""

    account_id: int
    auction_start_ms: int
    equity_x16: int
    maintenance_x16_ppm: int


@dataclass(frozen=True, slots=True)
class AuctionEnded:
    """An account does not fail any more, with what it is worth and needs now."""

    account_id: int
    equity_x16: int
    maintenance_x16_ppm: int


@dataclass(frozen=True, slots=True)
class TakenLots:
    """What a bid took of a position: bought if positive, at the mark, else sold."""

    market_id: int
    lots: int
    mark_price_x16: int


@dataclass(frozen=True, slots=True)
class BidFilled:
    """A bidder took a share of all positions of a failing account.

    For it `price_quanta` would have been paid at the mark; it paid less by the discount, but for
    the fee, which the insurance fund gets of it. Equity and requirement are those of before.
    """

    failing_account_id: int
    bidder_account_id: int
    share_x16: int
    equity_x16: int
    maintenance_x16_ppm: int
    price_quanta: int
    discount_quanta: int
    fee_quanta: int
    taken: tuple[TakenLots, ...]


@dataclass(frozen=True, slots=True)
class TakenOver:
    """All positions of a hopeless account went to insurance, or to the pools (`LegTaken`).

    Equity and requirement are those of before, `balance_quanta` is what it had with its positions
    at the mark: insurance gets it, or it is a debt.
    """

    account_id: int
    by_insurance: bool
    equity_x16: int
    maintenance_x16_ppm: int
    balance_quanta: int


@dataclass(frozen=True, slots=True)
class LegTaken:
    """A pool took a position at the mark; since `ref_x16` that lost `loss_quanta`.

    Of its part of the account's debt insurance paid `insured_quanta`; the side that stands against
    it is charged `charged_quanta` through the pool.
    """

    account_id: int
    market_id: int
    size_lots: int
    mark_price_x16: int
    ref_x16: int
    loss_quanta: int
    insured_quanta: int
    charged_quanta: int


@dataclass(frozen=True, slots=True)
class PoolShared:
    """A pool gave each lot of a side so much, or charged it; what nobody could pay is recorded."""

    market_id: int
    side: Side
    quanta_per_lot: int
    size_lots: int
    recorded_quanta: int


@dataclass(frozen=True, slots=True)
class Unwound:
    """A pool, or the insurance fund, traded `traded_lots` of `size_lots`, at the limit or better.

    `left_lots` is what it has then, with its sign. What a pool leaves that has none any more,
    `income_quanta`, is the fund's.
    """

    market_id: int
    order_id: int
    is_pool: bool
    mark_price_x16: int
    index_price_x16: int
    limit_price_ticks: int
    size_lots: int
    traded_lots: int
    left_lots: int
    income_quanta: int


@dataclass(frozen=True, slots=True)
class FundingPaid:
    """An hour is over: each lot held long has paid so many quanta to those held short.

    `long_prefix` is what a lot held long has paid in all, to a pool too; `rate_x16` what 8 hours
    like this would cost.
    """

    market_id: int
    quanta_per_lot: int
    long_prefix: int
    rate_x16: int
    index_price_x16: int


OrderEvent = (
    OrderPlaced
    | OrderFilled
    | TriggerPlaced
    | OrderTriggered
    | OrderCancelled
    | OrderDecremented
    | OrderAmended
)
Event = (
    OrderEvent
    | Deposited
    | DepositFailed
    | Withdrawn
    | Transferred
    | KeyChanged
    | PricesUpdated
    | BooksKilled
    | CancelTimerSet
    | ParameterSet
    | MarketListed
    | MarketSettled
    | PositionSettled
    | MarkSampled
    | Liquidated
    | AuctionStarted
    | AuctionEnded
    | BidFilled
    | TakenOver
    | LegTaken
    | PoolShared
    | Unwound
    | FundingPaid
)
