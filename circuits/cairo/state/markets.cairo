// What trading changes about a market, and since when it is listed. The two heads are (id, price)
// pairs, so that the head of a side is at offset 2 * side; (0, 0) is an empty side.
//
// A record is never changed: an update makes a new one. Null stands for a market that is not listed.
struct Market {
    bid_head_id: felt,
    bid_head_price_ticks: felt,
    ask_head_id: felt,
    ask_head_price_ticks: felt,
    open_interest_lots: felt,
    listed_ms: felt,
    // The third word of the leaf: whoever uses it opens it (see funding.cairo).
    funding_word: felt,
    // 0 in a record opened from a leaf, 1 in every other: no leaf holds it.
    is_made: felt,
}
