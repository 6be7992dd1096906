from circuits.cairo.parameters import Underlying
from circuits.cairo.state.accounts import Owner
from circuits.cairo.state.prices import Price

// The incoming order, as far as a walk needs it.
struct Taker {
    account_id: felt,
    side: felt,
    // 1 for a buy, -1 for a sell.
    direction: felt,
    limit_price_ticks: felt,
    time_ms: felt,
    market_id: felt,
    underlying: Underlying*,
    price: Price*,
    prices: Price*,
    dead_below_order_id: felt,
    // Of its own slot.
    min_order_id: felt,
    // What happens instead of a trade with itself (mode + scope * 4), and who it is.
    self_trade: felt,
    owner: Owner*,
    // What it pays of each fill.
    fee_ppm: felt,
}

// How far a walk got.
struct Walk {
    // The best order of the other side.
    head_id: felt,
    head_price_ticks: felt,
    // Of the taker.
    remaining_lots: felt,
    traded_lots: felt,
    collateral_quanta: felt,
    // Of the batch, both sides.
    fees_quanta: felt,
    // What the makers' fills add to the open interest.
    long_change: felt,
    visits_left: felt,
    // Resting orders of the taker's own account that the walk removed, and the lots that its open sum lost.
    own_lots: felt,
    own_orders: felt,
}
