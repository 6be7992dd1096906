from circuits.cairo.config import Config, MarketConfig
from circuits.cairo.constants import PPM_ONE

// What a market's trading changes. The two heads are (id, price) pairs, so that the head of a side
// is at offset 2 * side; (0, 0) is an empty side.
struct Market {
    bid_head_id: felt,
    bid_head_price_ticks: felt,
    ask_head_id: felt,
    ask_head_price_ticks: felt,
    open_interest_lots: felt,
}

// The prices of a market and what follows from them, computed once per oracle update. The address
// of the table of all markets also names the update: see Account.prices.
struct Price {
    index_price_x16: felt,
    mark_price_x16: felt,
    lot_value_x16: felt,
    // Per lot: value and requirements in the scale of equity_x16 * 10^6.
    value_factor: felt,
    initial_factor: felt,
    maintenance_factor: felt,
    // Limits of price_ticks * 2^16 * 10^6: of a buy, then of a sell.
    buy_limit: felt,
    sell_limit: felt,
}

// Assumption: prices are below 2^48 and rates below 2^20, so that nothing reaches 2^100.
func write_price(price: Price*, market: MarketConfig*, index_price_x16, mark_price_x16) {
    assert price.index_price_x16 = index_price_x16;
    assert price.mark_price_x16 = mark_price_x16;
    tempvar lot_value_x16 = mark_price_x16 * market.multiplier;
    assert price.lot_value_x16 = lot_value_x16;
    assert price.value_factor = lot_value_x16 * PPM_ONE;
    assert price.initial_factor = lot_value_x16 * market.initial_margin_ppm;
    assert price.maintenance_factor = lot_value_x16 * market.maintenance_margin_ppm;
    assert price.buy_limit = mark_price_x16 * (PPM_ONE + market.price_band_ppm);
    assert price.sell_limit = mark_price_x16 * (PPM_ONE - market.price_band_ppm);
    return ();
}

// Writes the table that holds from an oracle update on; index and mark price are the medians.
func write_prices(price: Price*, market: MarketConfig*, medians_x16: felt*, n_markets) {
    if (n_markets == 0) {
        return ();
    }
    write_price(price, market, medians_x16[0], medians_x16[0]);
    return write_prices(
        price + Price.SIZE, market + MarketConfig.SIZE, medians_x16 + 1, n_markets - 1
    );
}
