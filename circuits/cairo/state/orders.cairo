// What never changes about a resting order. `key` is where the access log keeps it: ORDER_KEY_BASE
// plus its slot in the tree, or any other key for an order that is born and gone in this batch.
//
// Soundness of a free choice of `key`: the log is squashed by key, so a key holds one record at a
// time. An id is created once, by the message that next_order_id gives it to; the old tree holds
// every other id once. A record is found by id and logged under its own key, so two records with
// one id cannot exist.
struct OrderTerms {
    order_id: felt,
    account_id: felt,
    key: felt,
    price_ticks: felt,
    expiry_time_ms: felt,
    reduce_only: felt,
    market_id: felt,
    // Which list of the market has it; 0 and 1 are the sides of the book.
    side: felt,
    // Of the message that placed it: the highest fee; and key_index + nonce * 2^3 + quote_index * 2^64,
    // which no other order of the account has.
    max_fee_ppm: felt,
    origin: felt,
}

// What never changes about a dormant order: it begins as the terms of a resting one, so that what
// cancels or prunes an order does not ask which it is. Its price is that of its trigger, and its
// `side` LIST_FALLS or LIST_RISES, so that it is never taken for an order of the book. It is reduce-only.
struct DormantTerms {
    order_id: felt,
    account_id: felt,
    key: felt,
    price_ticks: felt,
    expiry_time_ms: felt,
    reduce_only: felt,
    market_id: felt,
    side: felt,
    max_fee_ppm: felt,
    origin: felt,
    // Of the order that it becomes. It is good till cancelled or immediate or cancel.
    order_side: felt,
    limit_price_ticks: felt,
    time_in_force: felt,
    // mode + scope * 4.
    self_trade: felt,
    // 1 if all other orders of its account in the market die once it leaves nothing to reduce.
    ends_others: felt,
}

// One version of an order, resting or dormant; an update makes a new record. Null stands for no order.
// `next` is the order behind it in the list of its market side; 0 and 0 end the list.
struct Order {
    terms: OrderTerms*,
    remaining_lots: felt,
    next_id: felt,
    next_price_ticks: felt,
}
