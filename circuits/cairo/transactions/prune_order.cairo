from starkware.cairo.common.dict_access import DictAccess
from starkware.cairo.common.registers import get_fp_and_pc

from circuits.cairo.book.release import release_lots
from circuits.cairo.book.resting import is_counted, remove_order, unlink_order
from circuits.cairo.environment import Environment
from circuits.cairo.state.accounts import Account
from circuits.cairo.state.orders import Order, OrderTerms
from circuits.cairo.state.positions import Position, find_position
from circuits.cairo.state.prices import Price

// The transaction as the prover gives it, with its guess of the order before, 0 if it is the head.
struct PruneOrder {
    order_id: felt,
    predecessor_id: felt,
}

// A dead order leaves the book, or one that is reduce-only where there is nothing to reduce. Nobody
// signs this: neither would trade with anybody.
func prune_order{
    range_check_ptr, accounts_log: DictAccess*, orders_log: DictAccess*, markets_log: DictAccess*
}(environment: Environment*, time_ms) {
    alloc_locals;
    let (__fp__, _) = get_fp_and_pc();
    local message: PruneOrder;
    %{ segments.write_arg(ids.message.address_, next(witness)) %}
    local order: Order*;
    let order_id = message.order_id;
    // Pinned by its id, and duty 1 by the entry of remove_order.
    %{ ids.order = latest_order(ids.orders_log.address_, ids.order_id) %}
    local terms: OrderTerms* = order.terms;
    assert order_id = terms.order_id;
    local account: Account*;
    local account_id = terms.account_id;
    // Duty 1 by the log entry at the end; duty 4 by its prices.
    %{ ids.account = latest_account(ids.accounts_log.address_, ids.account_id) %}
    // A timer that has run out is applied first: see apply_timer.
    assert [range_check_ptr] = account.cancel_all_at_ms - time_ms - 1;
    let range_check_ptr = range_check_ptr + 1;
    unlink_order(order, message.predecessor_id);
    remove_order(order);

    let (local old: Position*, _) = find_position(account.positions, terms.market_id, 0);
    local price: Price* = environment.prices[terms.market_id];
    let (counted) = is_counted_dead(order, old, price.dead_below_order_id, time_ms);
    release_lots(
        account,
        account.identity,
        account.window_0,
        old,
        terms,
        environment.prices,
        counted * order.remaining_lots,
        1,
    );
    return ();
}

// Returns 0 if a dead order was cancelled with all others of its slot, else 1.
//
// Guarantee: it was cancelled so, or a gap has killed it, it has expired, or it is reduce-only and the
// position not for it to reduce, whichever of the three.
func is_counted_dead{range_check_ptr}(
    order: Order*, slot: Position*, dead_below_order_id, time_ms
) -> (is_counted: felt) {
    alloc_locals;
    let (local counted) = is_counted(order, slot.min_order_id);
    if (counted == 0) {
        return (is_counted=0);
    }
    tempvar a = order.terms.order_id - dead_below_order_id;
    %{ memory[ap] = 0 if 0 <= (ids.a % PRIME) < range_check_builtin.bound else 1 %}
    jmp killed if [ap] != 0, ap++;
    tempvar a = time_ms - order.terms.expiry_time_ms;
    %{ memory[ap] = 0 if 0 <= (ids.a % PRIME) < range_check_builtin.bound else 1 %}
    jmp idle if [ap] != 0, ap++;
    assert [range_check_ptr] = a;
    let range_check_ptr = range_check_ptr + 1;
    return (is_counted=1);

    idle:
    // No claim is made by coming here. A sell reduces a position above 0, a buy one below.
    // A dormant order may wait for a position, too.
    assert order.terms.reduce_only = 1;
    assert order.terms.side = order.terms.side * order.terms.side;
    assert [range_check_ptr] = slot.size_lots - 2 * slot.size_lots * order.terms.side;
    let range_check_ptr = range_check_ptr + 1;
    return (is_counted=1);

    killed:
    assert [range_check_ptr] = (-a) - 1;
    let range_check_ptr = range_check_ptr + 1;
    return (is_counted=1);
}
