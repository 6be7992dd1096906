from starkware.cairo.common.registers import get_fp_and_pc, get_label_location

from circuits.cairo.constants import LIST_FALLS

// The first of the dormant orders that wait for the mark to fall, and to rise: (id, price of its
// trigger) pairs; (0, 0) is an empty list.
struct Triggers {
    fall_head_id: felt,
    fall_head_price_ticks: felt,
    rise_head_id: felt,
    rise_head_price_ticks: felt,
}

// What no trade changes about a market: a record is passed on as one cell.
struct MarketOthers {
    listed_ms: felt,
    // The sum of the indices before the market ends, below INDEX_SUM_BOUND, and above it how many:
    // see ending.cairo.
    index_sums: felt,
    // The third word of the leaf, of funding and the forecast: the tick of a minute opens it (see
    // forecast_margin.cairo).
    funding_word: felt,
    // Null if there is no dormant order.
    triggers: Triggers*,
    // When what a pool or the insurance fund took was last traded: see unwind.cairo.
    unwound_ms: felt,
}

// A listed market: what trading changes, and others. The two heads are (id, price) pairs, so that the
// head of a side is at offset 2 * side; (0, 0) is an empty side.
//
// A record is never changed: an update makes a new one. Null stands for a market that is not listed.
struct Market {
    bid_head_id: felt,
    bid_head_price_ticks: felt,
    ask_head_id: felt,
    ask_head_price_ticks: felt,
    open_interest_lots: felt,
    others: MarketOthers*,
    // 0 in a record opened from a leaf, 1 in every other: no leaf holds it.
    is_made: felt,
}

// Returns the heads of a market's lists of dormant orders, a record of zeros if there is none.
func triggers_of(market: Market*) -> (triggers: Triggers*) {
    if (cast(market.others.triggers, felt) == 0) {
        let (empty) = get_label_location(no_triggers);
        return (triggers=cast(empty, Triggers*));
    }
    return (triggers=market.others.triggers);

    no_triggers:
    dw 0;
    dw 0;
    dw 0;
    dw 0;
}

// Returns the heads after that of one list is another one.
func replace_trigger_head(old: Triggers*, order_list, head_id, head_price_ticks) -> (
    triggers: Triggers*
) {
    alloc_locals;
    let (__fp__, _) = get_fp_and_pc();
    local after: Triggers;
    if (order_list == LIST_FALLS) {
        assert after.fall_head_id = head_id;
        assert after.fall_head_price_ticks = head_price_ticks;
        assert after.rise_head_id = old.rise_head_id;
        assert after.rise_head_price_ticks = old.rise_head_price_ticks;
    } else {
        assert after.fall_head_id = old.fall_head_id;
        assert after.fall_head_price_ticks = old.fall_head_price_ticks;
        assert after.rise_head_id = head_id;
        assert after.rise_head_price_ticks = head_price_ticks;
    }
    return (triggers=&after);
}

// Returns what no trade changes, with other dormant orders.
func with_triggers(others: MarketOthers*, triggers: Triggers*) -> (others: MarketOthers*) {
    alloc_locals;
    let (__fp__, _) = get_fp_and_pc();
    local after: MarketOthers = MarketOthers(
        listed_ms=others.listed_ms,
        index_sums=others.index_sums,
        funding_word=others.funding_word,
        triggers=triggers,
        unwound_ms=others.unwound_ms,
    );
    return (others=&after);
}
