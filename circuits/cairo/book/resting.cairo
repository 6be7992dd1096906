from starkware.cairo.common.dict_access import DictAccess
from starkware.cairo.common.registers import get_fp_and_pc

from circuits.cairo.book.guards import split_least
from circuits.cairo.constants import LIST_FALLS, MARKET_KEY_BASE, SIDE_BUY
from circuits.cairo.state.markets import Market, replace_trigger_head, with_triggers
from circuits.cairo.state.orders import Order, OrderTerms

// Puts an order behind all of equal or better price in its list.
//
// Assumption: (head_id, head_price_ticks) is the head of that list; `direction` is 1 if its highest
// price comes first, else -1; `predecessor_id` is a guess, 0 for the head's place.
// Guarantee: the order stands between a predecessor that is not worse and a successor that is
// strictly worse, hence at the one place it may have. Returns the head after that.
func insert_order{range_check_ptr, orders_log: DictAccess*}(
    terms: OrderTerms*, direction, remaining_lots, predecessor_id, head_id, head_price_ticks
) -> (head_id: felt, head_price_ticks: felt) {
    alloc_locals;
    let (__fp__, _) = get_fp_and_pc();
    local order: Order;
    assert order.terms = terms;
    assert order.remaining_lots = remaining_lots;
    if (predecessor_id == 0) {
        assert order.next_id = head_id;
        assert order.next_price_ticks = head_price_ticks;
        assert_worse(head_id, head_price_ticks, terms.price_ticks, direction);
        assert [orders_log] = DictAccess(terms.key, 0, cast(&order, felt));
        let orders_log = orders_log + DictAccess.SIZE;
        return (head_id=terms.order_id, head_price_ticks=terms.price_ticks);
    }
    local predecessor: Order*;
    let order_id = predecessor_id;
    // Pinned by its id, and duty 1 by the entry of relink.
    %{ ids.predecessor = latest_order(ids.orders_log.address_, ids.order_id) %}
    assert predecessor.terms.order_id = predecessor_id;
    assert predecessor.terms.market_id = terms.market_id;
    assert predecessor.terms.side = terms.side;
    assert [range_check_ptr] = direction * (predecessor.terms.price_ticks - terms.price_ticks);
    let range_check_ptr = range_check_ptr + 1;
    assert order.next_id = predecessor.next_id;
    assert order.next_price_ticks = predecessor.next_price_ticks;
    assert_worse(order.next_id, order.next_price_ticks, terms.price_ticks, direction);
    // Duty 3: an order that named itself as its predecessor has no record yet.
    relink(predecessor, terms.order_id, terms.price_ticks);
    assert [orders_log] = DictAccess(terms.key, 0, cast(&order, felt));
    let orders_log = orders_log + DictAccess.SIZE;
    return (head_id=head_id, head_price_ticks=head_price_ticks);
}

// Guarantee: the next order, if there is one, has a strictly worse price.
func assert_worse{range_check_ptr}(next_id, next_price_ticks, price_ticks, direction) {
    if (next_id == 0) {
        return ();
    }
    assert [range_check_ptr] = direction * (price_ticks - next_price_ticks) - 1;
    let range_check_ptr = range_check_ptr + 1;
    return ();
}

// Gives an order another successor. Duty 4: the successor's id is another one, in insert_order that
// of a new order, in cancel_order that of the order behind the one that goes.
func relink{orders_log: DictAccess*}(order: Order*, next_id, next_price_ticks) {
    alloc_locals;
    let (__fp__, _) = get_fp_and_pc();
    local after: Order = Order(
        terms=order.terms,
        remaining_lots=order.remaining_lots,
        next_id=next_id,
        next_price_ticks=next_price_ticks,
    );
    assert [orders_log] = DictAccess(order.terms.key, cast(order, felt), cast(&after, felt));
    let orders_log = orders_log + DictAccess.SIZE;
    return ();
}

// Deletes an order; unlinking it is the caller's.
func remove_order{orders_log: DictAccess*}(order: Order*) {
    assert [orders_log] = DictAccess(order.terms.key, cast(order, felt), 0);
    let orders_log = orders_log + DictAccess.SIZE;
    return ();
}

// Takes lots off an order, which the caller has unlinked if it is gone.
func shrink_order{orders_log: DictAccess*}(order: Order*, lots, is_gone) {
    alloc_locals;
    if (is_gone != 0) {
        return remove_order(order);
    }
    if (lots == 0) {
        // Looked at only: the chain of records still has to reach this one.
        assert [orders_log] = DictAccess(order.terms.key, cast(order, felt), cast(order, felt));
        let orders_log = orders_log + DictAccess.SIZE;
        return ();
    }
    let (__fp__, _) = get_fp_and_pc();
    local after: Order = Order(
        terms=order.terms,
        remaining_lots=order.remaining_lots - lots,
        next_id=order.next_id,
        next_price_ticks=order.next_price_ticks,
    );
    // Duty 4: there are lots.
    assert [orders_log] = DictAccess(order.terms.key, cast(order, felt), cast(&after, felt));
    let orders_log = orders_log + DictAccess.SIZE;
    return ();
}

// Joins the neighbours of an order in its list.
// Guarantee: the order that named it as its next, or the market that named it as the head of its
// list, names the order behind it instead.
func unlink_order{orders_log: DictAccess*, markets_log: DictAccess*}(
    order: Order*, predecessor_id
) {
    alloc_locals;
    if (predecessor_id != 0) {
        local predecessor: Order*;
        let order_id = predecessor_id;
        // Only one order of the exchange has this next_id; duty 1 by the entry of relink.
        %{ ids.predecessor = latest_order(ids.orders_log.address_, ids.order_id) %}
        assert predecessor.next_id = order.terms.order_id;
        relink(predecessor, order.next_id, order.next_price_ticks);
        return ();
    }
    let (__fp__, _) = get_fp_and_pc();
    local market: Market*;
    let market_id = order.terms.market_id;
    // Duty 1 by the log entry below; duty 4 by is_made.
    %{ ids.market = latest_market(ids.markets_log.address_, ids.market_id) %}
    local after: Market;
    assert after.open_interest_lots = market.open_interest_lots;
    assert after.is_made = 1;
    tempvar is_no_bid = order.terms.side - SIDE_BUY;
    jmp asks if is_no_bid != 0;
    assert market.bid_head_id = order.terms.order_id;
    assert after.bid_head_id = order.next_id;
    assert after.bid_head_price_ticks = order.next_price_ticks;
    assert after.ask_head_id = market.ask_head_id;
    assert after.ask_head_price_ticks = market.ask_head_price_ticks;
    assert after.others = market.others;
    jmp replaced;

    asks:
    assert after.bid_head_id = market.bid_head_id;
    assert after.bid_head_price_ticks = market.bid_head_price_ticks;
    tempvar is_dormant = order.terms.side - 1;
    jmp dormant if is_dormant != 0;
    assert market.ask_head_id = order.terms.order_id;
    assert after.ask_head_id = order.next_id;
    assert after.ask_head_price_ticks = order.next_price_ticks;
    assert after.others = market.others;
    jmp replaced;

    dormant:
    assert after.ask_head_id = market.ask_head_id;
    assert after.ask_head_price_ticks = market.ask_head_price_ticks;
    // The head of a list is at offset 2 * (list - LIST_FALLS).
    assert [
        cast(market.others.triggers, felt*) + 2 * (order.terms.side - LIST_FALLS)
    ] = order.terms.order_id;
    let (triggers) = replace_trigger_head(
        market.others.triggers, order.terms.side, order.next_id, order.next_price_ticks
    );
    let (others) = with_triggers(market.others, triggers);
    assert after.others = others;

    replaced:
    assert [markets_log] = DictAccess(
        MARKET_KEY_BASE + market_id, cast(market, felt), cast(&after, felt)
    );
    let markets_log = markets_log + DictAccess.SIZE;
    return ();
}

// Returns 0 if an order was cancelled with all others of its slot, else 1. Guarantee: both answers are
// proven.
func is_counted{range_check_ptr}(order: Order*, min_order_id) -> (is_counted: felt) {
    tempvar a = order.terms.order_id - min_order_id;
    %{ memory[ap] = 0 if 0 <= (ids.a % PRIME) < range_check_builtin.bound else 1 %}
    jmp cancelled if [ap] != 0, ap++;
    assert [range_check_ptr] = a;
    let range_check_ptr = range_check_ptr + 1;
    return (is_counted=1);

    cancelled:
    assert [range_check_ptr] = (-a) - 1;
    let range_check_ptr = range_check_ptr + 1;
    let (least_id, guarded_lots) = split_least(min_order_id);
    if (guarded_lots != 0) {
        return is_counted(order, least_id);
    }
    return (is_counted=0);
}
