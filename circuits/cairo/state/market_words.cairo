from starkware.cairo.common.dict_access import DictAccess
from starkware.cairo.common.registers import get_fp_and_pc

from circuits.cairo.config import MarketConfig
from circuits.cairo.constants import (
    FUNDING_PREFIX_BOUND,
    MARKET_KEY_BASE,
    OPEN_INTEREST_BOUND,
    ORDER_ID_BOUND,
    PRICE_BOUND,
    PRICE_X16_BOUND,
    RC_BOUND,
)
from circuits.cairo.state.markets import Market, Price, write_price

const MARKET_WORDS = 3;

// The fields of the old market words, as the prover reads them.
struct OldMarket {
    index_price_x16: felt,
    mark_price_x16: felt,
    market: Market,
}

// Opens the old market words: writes the words, the table of prices and the first log entries.
//
// Assumption: the caller proves that the words are those of the old state.
// Guarantee: prices and records are the only reading of the words, and the first entry of each
// market in the log has this record.
func open_markets{range_check_ptr, markets_log: DictAccess*}(
    word: felt*, price: Price*, config: MarketConfig*, market_id, n_markets
) {
    alloc_locals;
    if (market_id == n_markets) {
        return ();
    }
    let (__fp__, _) = get_fp_and_pc();
    local message: OldMarket;
    %{ segments.write_arg(ids.message.address_, next(witness)) %}
    let market = message.market;
    assert [range_check_ptr] = message.index_price_x16;
    assert [range_check_ptr + 1] = message.index_price_x16 + (RC_BOUND - PRICE_X16_BOUND);
    assert [range_check_ptr + 2] = message.mark_price_x16;
    assert [range_check_ptr + 3] = message.mark_price_x16 + (RC_BOUND - PRICE_X16_BOUND);
    assert [range_check_ptr + 4] = market.bid_head_id;
    assert [range_check_ptr + 5] = market.bid_head_id + (RC_BOUND - ORDER_ID_BOUND);
    assert [range_check_ptr + 6] = market.bid_head_price_ticks;
    assert [range_check_ptr + 7] = market.bid_head_price_ticks + (RC_BOUND - PRICE_BOUND);
    assert [range_check_ptr + 8] = market.ask_head_id;
    assert [range_check_ptr + 9] = market.ask_head_id + (RC_BOUND - ORDER_ID_BOUND);
    // The top field of the first word: with the bound 2^128 the word stays below 2^232.
    assert [range_check_ptr + 10] = market.open_interest_lots;
    // That of the second word begins at bit 128, so it needs its own bound: the word must not pass
    // the prime.
    assert [range_check_ptr + 11] = market.ask_head_price_ticks;
    assert [range_check_ptr + 12] = market.ask_head_price_ticks + (RC_BOUND - PRICE_BOUND);
    let range_check_ptr = range_check_ptr + 13;
    write_words(word, &message.market, message.index_price_x16, message.mark_price_x16);
    write_price(price, config, message.index_price_x16, message.mark_price_x16);
    let record = cast(&message.market, felt);
    assert [markets_log] = DictAccess(MARKET_KEY_BASE + market_id, record, record);
    let markets_log = markets_log + DictAccess.SIZE;
    return open_markets(
        word + MARKET_WORDS,
        price + Price.SIZE,
        config + MarketConfig.SIZE,
        market_id + 1,
        n_markets,
    );
}

// Writes the new market words.
//
// Assumption: `entry` is the first of the squashed log entries that are left.
// Guarantee (duty 5): the entries are those of the markets in index order, and no others.
func close_markets(word: felt*, price: Price*, entry: DictAccess*, market_id, n_markets) -> (
    entry: DictAccess*
) {
    if (market_id == n_markets) {
        return (entry=entry);
    }
    assert entry.key = MARKET_KEY_BASE + market_id;
    write_words(word, cast(entry.new_value, Market*), price.index_price_x16, price.mark_price_x16);
    return close_markets(
        word + MARKET_WORDS, price + Price.SIZE, entry + DictAccess.SIZE, market_id + 1, n_markets
    );
}

// The status is 0 and the funding prefix 0 in every market.
func write_words(word: felt*, market: Market*, index_price_x16, mark_price_x16) {
    assert word[0] = index_price_x16 + mark_price_x16 * 2 ** 48 + market.open_interest_lots * 2 **
        104;
    assert word[1] = market.bid_head_id + market.bid_head_price_ticks * 2 ** 48 +
        market.ask_head_id * 2 ** 80 + market.ask_head_price_ticks * 2 ** 128;
    assert word[2] = FUNDING_PREFIX_BOUND;
    return ();
}
