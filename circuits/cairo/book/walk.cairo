from starkware.cairo.common.dict_access import DictAccess
from starkware.cairo.common.registers import get_fp_and_pc

from circuits.cairo.book.makers import Fill, visit_maker
from circuits.cairo.book.resting import remove_order
from circuits.cairo.book.self_trade import Clash, meet_account, meet_owner, take_off
from circuits.cairo.book.taker import Taker, Walk
from circuits.cairo.constants import RESULT_MAKER_LIMIT, RESULT_SELF_TRADE_CANCELLED
from circuits.cairo.state.orders import Order

// Matches an order with the other side of the book, best order first: docs/spec/protocol.md,
// section 6, step 5.
//
// Guarantee: every visit is to the head of the list, and the walk ends only if nothing is left, the
// list is empty, its head does not cross (all proven), or may not go on: `stop` is then the result
// code of what is left.
func walk_book{range_check_ptr, accounts_log: DictAccess*, orders_log: DictAccess*}(
    taker: Taker*, walk: Walk*
) -> (walk: Walk*, stop: felt) {
    if (walk.remaining_lots == 0) {
        return (walk=walk, stop=0);
    }
    if (walk.head_id == 0) {
        return (walk=walk, stop=0);
    }
    tempvar a = taker.direction * (taker.limit_price_ticks - walk.head_price_ticks);
    %{ memory[ap] = 0 if 0 <= (ids.a % PRIME) < range_check_builtin.bound else 1 %}
    jmp apart if [ap] != 0, ap++;
    assert [range_check_ptr] = a;
    let range_check_ptr = range_check_ptr + 1;
    if (walk.visits_left == 0) {
        return (walk=walk, stop=RESULT_MAKER_LIMIT);
    }
    return visit_head(taker, walk);

    apart:
    assert [range_check_ptr] = (-a) - 1;
    let range_check_ptr = range_check_ptr + 1;
    return (walk=walk, stop=0);
}

// Meets the head of the list, and goes on. Most orders meet one maker, which fills them: those do not
// come to walk_book.
//
// Assumption: something is left of the order, a head is there and crosses, and a visit is left.
func visit_head{range_check_ptr, accounts_log: DictAccess*, orders_log: DictAccess*}(
    taker: Taker*, walk: Walk*
) -> (walk: Walk*, stop: felt) {
    alloc_locals;
    let (__fp__, _) = get_fp_and_pc();
    local maker: Order*;
    local order_id = walk.head_id;
    // Duty 1 by the log entry of this visit, in update_maker or remove_order.
    %{ ids.maker = latest_order(ids.orders_log.address_, ids.order_id) %}
    assert order_id = maker.terms.order_id;
    // The list says so already; a damaged list shall not trade at another price or market.
    assert maker.terms.price_ticks = walk.head_price_ticks;
    assert maker.terms.market_id = taker.market_id;
    assert maker.terms.side = 1 - taker.side;
    if (taker.account_id - maker.terms.account_id == 0) {
        let (met: Walk*, ends) = meet_account(taker, walk, maker);
        if (ends != 0) {
            return (walk=met, stop=RESULT_SELF_TRADE_CANCELLED);
        }
        return walk_book(taker, met);
    }
    local range_check_met;
    local accounts_log_met: DictAccess*;
    if (taker.self_trade == 0) {
        assert range_check_met = range_check_ptr;
        assert accounts_log_met = accounts_log;
    } else {
        let (is_met, local clash: Clash) = meet_owner(taker, walk.remaining_lots, maker);
        if (is_met != 0) {
            let (met: Walk*) = take_off(walk, maker, clash, 0);
            if (clash.ends != 0) {
                return (walk=met, stop=RESULT_SELF_TRADE_CANCELLED);
            }
            return walk_book(taker, met);
        }
        assert range_check_met = range_check_ptr;
        assert accounts_log_met = accounts_log;
    }
    let range_check_ptr = range_check_met;
    let accounts_log = accounts_log_met;
    let (local fill: Fill) = visit_maker(taker, walk.remaining_lots, maker);
    let (head_id, head_price_ticks) = update_maker(maker, fill.lots);
    local next: Walk = Walk(
        head_id=head_id,
        head_price_ticks=head_price_ticks,
        remaining_lots=walk.remaining_lots - fill.lots,
        traded_lots=walk.traded_lots + fill.lots,
        collateral_quanta=walk.collateral_quanta - taker.direction * fill.net_quanta,
        fees_quanta=walk.fees_quanta + fill.maker_fee_quanta,
        taker_fees_quanta=walk.taker_fees_quanta + fill.taker_fee_quanta,
        long_change=walk.long_change + fill.long_change,
        visits_left=walk.visits_left - 1,
        own_orders=walk.own_orders,
    );
    if (next.remaining_lots == 0) {
        return (walk=&next, stop=0);
    }
    return walk_book(taker, &next);
}

// Guarantee: the order lost the lots that were filled, or is gone if it was skipped (no lots) or
// nothing is left of it. Returns the head of the list after that.
func update_maker{orders_log: DictAccess*}(maker: Order*, filled_lots) -> (
    head_id: felt, head_price_ticks: felt
) {
    alloc_locals;
    if (filled_lots == 0) {
        remove_order(maker);
        return (head_id=maker.next_id, head_price_ticks=maker.next_price_ticks);
    }
    tempvar left = maker.remaining_lots - filled_lots;
    if (left == 0) {
        remove_order(maker);
        return (head_id=maker.next_id, head_price_ticks=maker.next_price_ticks);
    }
    let (__fp__, _) = get_fp_and_pc();
    local after: Order = Order(
        terms=maker.terms,
        remaining_lots=left,
        next_id=maker.next_id,
        next_price_ticks=maker.next_price_ticks,
    );
    // Duty 4: the lots of a fill are more than 0.
    assert [orders_log] = DictAccess(maker.terms.key, cast(maker, felt), cast(&after, felt));
    let orders_log = orders_log + DictAccess.SIZE;
    return (head_id=maker.terms.order_id, head_price_ticks=maker.terms.price_ticks);
}
