"""Opened accounts, orders, markets and underlyings as records that the batch program finds."""

from collections.abc import Sequence
from typing import Final

from novation.protocol.accounts import Account, Position
from novation.protocol.assets import AMOUNT_WORDS, pack_amounts
from novation.protocol.constants import INDEX_SUM_BOUND
from novation.protocol.margin import exposure_lots
from novation.protocol.markets import Market, UnderlyingState
from novation.protocol.nonces import NonceWindow, pack_windows
from novation.protocol.orders import RestingOrder

# What a hint may take: an integer, or a list that stands for a pointer to its items.
Argument = int | Sequence["Argument"]

_NULL: Final = 0
# Of a market's record: a leaf holds it.
_OPENED: Final = 0
# One word of holdings in the counts of an identity.
_HOLDING_WORD: Final = 2**12
# A millisecond of the time at which an auction began, there.
_AUCTION_MS: Final = 2**70
# Words of windows of the slots from 2 on.
_N_PAIRS: Final = 3


def account_record(account: Account) -> Argument:
    """Return an opened account as struct Account of state/accounts.cairo."""
    positions: Argument = _NULL
    for position in reversed(account.positions):
        positions = [*_position_fields(position), positions]
    slots = (word for key in account.keys for word in key.words())
    identity: Argument = [
        [account.l1_address, *slots],
        account.keys_hash(),
        len(account.keys),
        _windows(account.windows),
        int(False),
        _counts(account),
        _holdings(account),
        account.auction_start_ms,
        account.fees_paid.word(),
    ]
    return [
        identity,
        account.windows[0].word(),
        0,
        account.collateral_quanta,
        account.cancel_all_at_ms,
        positions,
        _NULL,
        0,
    ]


def _counts(account: Account) -> int:
    n_words = len(account.holding_words())
    return len(account.keys) + n_words * _HOLDING_WORD + account.auction_start_ms * _AUCTION_MS


def _position_fields(position: Position) -> list[int]:
    return [
        position.market_id,
        position.size_lots,
        position.open_buy_lots,
        position.open_sell_lots,
        position.n_orders,
        position.least,
        exposure_lots(position),
        max(position.size_lots, 0),
    ]


def _holdings(account: Account) -> Argument:
    """Return struct Holdings of state/amounts.cairo, null if there are none."""
    if not account.holdings_quanta:
        return _NULL
    return [*amount_cells(account.holdings_quanta), int(False)]


def amount_cells(amounts_quanta: Sequence[int]) -> list[int]:
    """Return struct Amounts of state/amounts.cairo."""
    words = pack_amounts(amounts_quanta)
    return [*words, *[0] * (AMOUNT_WORDS - len(words))]


def _windows(windows: Sequence[NonceWindow]) -> Argument:
    """Return struct Windows of state/nonce_windows.cairo, null without a second slot."""
    if len(windows) == 1:
        return _NULL
    pairs = pack_windows(windows[2:])
    return [windows[1].word(), *pairs, *[0] * (_N_PAIRS - len(pairs))]


def order_record(order: RestingOrder, key: int) -> Argument:
    """Return an opened order as struct Order of state/orders.cairo."""
    terms = [
        order.order_id,
        order.account_id,
        key,
        order.list_price_ticks,
        order.expiry_time_ms,
        int(order.reduce_only),
        order.market_id,
        int(order.order_list),
        order.max_fee_ppm,
        order.origin,
    ]
    if order.trigger is not None:
        terms += [
            int(order.side),
            order.price_ticks,
            int(order.trigger.time_in_force),
            int(order.trigger.self_trade_mode) + int(order.trigger.self_trade_scope) * 4,
            int(order.trigger.ends_others),
        ]
    return [terms, order.remaining_lots, order.next_id, order.next_price_ticks]


def market_record(market: Market) -> Argument:
    """Return an opened market as struct Market of state/markets.cairo."""
    triggers = [
        market.fall_head_id,
        market.fall_head_price_ticks,
        market.rise_head_id,
        market.rise_head_price_ticks,
    ]
    return [
        market.bid_head_id,
        market.bid_head_price_ticks,
        market.ask_head_id,
        market.ask_head_price_ticks,
        market.open_interest_lots,
        [
            market.listed_ms,
            market.index_sum_x16 + market.index_samples * INDEX_SUM_BOUND,
            market.words()[2],
            triggers if any(triggers) else _NULL,
            market.unwound_ms,
        ],
        _OPENED,
    ]


def underlying_record(underlying: UnderlyingState) -> Argument:
    """Return struct OldUnderlying of state/prices.cairo."""
    return [
        underlying.index_price_x16,
        underlying.dead_below_order_id,
        int(underlying.is_listed),
        underlying.missed_samples,
        underlying.premium_x16,
        underlying.long_prefix,
        underlying.added_margin_ppm,
        underlying.forecast_margin_ppm,
        int(underlying.is_silent),
        [
            underlying.pool_cash_quanta,
            underlying.pool_lots,
            underlying.short_prefix,
            underlying.budget_quanta,
            underlying.budget_day,
        ],
        [
            underlying.ref_x16,
            underlying.window_x16,
            underlying.jumped_ms,
            underlying.long_charged_quanta,
            underlying.short_charged_quanta,
        ],
    ]
