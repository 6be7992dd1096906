from circuits.cairo.parameters import Underlying
from circuits.cairo.state.accounts import Owner
from circuits.cairo.state.positions import SlotOrders
from circuits.cairo.state.prices import Price

// The incoming order, as far as a walk needs it.
struct Taker {
    order_id: felt,
    account_id: felt,
    side: felt,
    // 1 for a buy, -1 for a sell.
    direction: felt,
    limit_price_ticks: felt,
    time_ms: felt,
    market_id: felt,
    underlying: Underlying*,
    price: Price*,
    prices: Price**,
    dead_below_order_id: felt,
    // What happens instead of a trade with itself (mode + scope * 4), and who it is.
    self_trade: felt,
    owner: Owner*,
    // What it pays of each fill.
    fee_ppm: felt,
    // 1 if that counts for its makers, too.
    brings: felt,
}

// How far a walk got.
struct Walk {
    // The best order of the other side.
    head_id: felt,
    head_price_ticks: felt,
    // Of the taker.
    remaining_lots: felt,
    traded_lots: felt,
    // Before what long lots have paid more than short ones is settled: whoever walks does so at the end.
    collateral_quanta: felt,
    // Of the batch, without those of the taker; and those, which are not taken from its collateral.
    fees_quanta: felt,
    taker_fees_quanta: felt,
    // What the makers' fills add to the open interest.
    long_change: felt,
    visits_left: felt,
    // Of the taker's own slot, without those that the walk removed.
    own_orders: SlotOrders*,
}
