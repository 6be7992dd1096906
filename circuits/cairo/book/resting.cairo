from starkware.cairo.common.dict_access import DictAccess
from starkware.cairo.common.registers import get_fp_and_pc

from circuits.cairo.state.orders import Order, OrderTerms

// Puts an order behind all of equal or better price on its side of the book.
//
// Assumption: (head_id, head_price_ticks) is the head of that side; `predecessor_id` is a guess, 0
// for the head's place.
// Guarantee: the order stands between a predecessor that is not worse and a successor that is
// strictly worse, hence at the one place it may have. Returns the head after that.
func insert_order{range_check_ptr, orders_log: DictAccess*}(
    terms: OrderTerms*, remaining_lots, predecessor_id, head_id, head_price_ticks
) -> (head_id: felt, head_price_ticks: felt) {
    alloc_locals;
    let (__fp__, _) = get_fp_and_pc();
    local direction = terms.side * (-2) + 1;
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
