from starkware.cairo.common.dict_access import DictAccess

from circuits.cairo.book.deaths import find_death
from circuits.cairo.state.accounts import Account
from circuits.cairo.state.orders import Order, OrderTerms
from circuits.cairo.state.positions import find_position
from circuits.cairo.state.prices import Price

// Whose orders are looked at, and when.
struct Sampler {
    market_id: felt,
    time_ms: felt,
    price: Price*,
    // Initial margin, in millionths of a quantum, of a lot whose price is a tick.
    tick_margin: felt,
}

// Returns the price of the order up to which the orders of a side are worth enough; 0 if they are
// not, or not within as many as may be looked at, the dead among them.
//
// Assumption: (order_id) is the head of the side, or behind an order that was looked at; `missing` is
// more than 0.
func find_impact{range_check_ptr, accounts_log: DictAccess*, orders_log: DictAccess*}(
    sampler: Sampler*, side, order_id, missing, visits_left
) -> (price_ticks: felt) {
    alloc_locals;
    if (order_id == 0) {
        return (price_ticks=0);
    }
    if (visits_left == 0) {
        return (price_ticks=0);
    }
    local order: Order*;
    // Pinned by its id, and duty 1 by the entry below.
    %{ ids.order = latest_order(ids.orders_log.address_, ids.order_id) %}
    assert order_id = order.terms.order_id;
    // The list says so already; a damaged list shall not lend another market's price.
    assert order.terms.market_id = sampler.market_id;
    assert order.terms.side = side;
    // Looked at only: the chain of records still has to reach this one.
    assert [orders_log] = DictAccess(order.terms.key, cast(order, felt), cast(order, felt));
    let orders_log = orders_log + DictAccess.SIZE;
    let (counts) = counts_for_sample(sampler, order.terms);
    if (counts == 0) {
        return find_impact(sampler, side, order.next_id, missing, visits_left - 1);
    }
    // Below 2^32 * 2^32 * 2^12 * 2^20.
    tempvar margin = order.remaining_lots * order.terms.price_ticks * sampler.tick_margin;
    tempvar a = missing - margin - 1;
    %{ memory[ap] = 0 if 0 <= (ids.a % PRIME) < range_check_builtin.bound else 1 %}
    jmp reached if [ap] != 0, ap++;
    assert [range_check_ptr] = a;
    let range_check_ptr = range_check_ptr + 1;
    return find_impact(sampler, side, order.next_id, a + 1, visits_left - 1);

    reached:
    assert [range_check_ptr] = (-a) - 1;
    let range_check_ptr = range_check_ptr + 1;
    return (price_ticks=order.terms.price_ticks);
}

// Guarantee: 1 if the order lives, may do more than reduce a position, and its owner allows the fee;
// else 0. All answers are proven.
func counts_for_sample{range_check_ptr, accounts_log: DictAccess*}(
    sampler: Sampler*, terms: OrderTerms*
) -> (counts: felt) {
    alloc_locals;
    local account: Account*;
    let account_id = terms.account_id;
    // Duty 1 by the entry below: the account is looked at only.
    %{ ids.account = latest_account(ids.accounts_log.address_, ids.account_id) %}
    assert [accounts_log] = DictAccess(account_id, cast(account, felt), cast(account, felt));
    let accounts_log = accounts_log + DictAccess.SIZE;
    if (terms.reduce_only != 0) {
        return (counts=0);
    }
    // One whose timer has run out has no order that lives: none was placed behind it without it.
    tempvar a = account.cancel_all_at_ms - sampler.time_ms - 1;
    %{ memory[ap] = 0 if 0 <= (ids.a % PRIME) < range_check_builtin.bound else 1 %}
    jmp timed_out if [ap] != 0, ap++;
    assert [range_check_ptr] = a;
    tempvar a = terms.max_fee_ppm - sampler.price.underlying.maker_fee_ppm;
    %{ memory[ap] = 0 if 0 <= (ids.a % PRIME) < range_check_builtin.bound else 1 %}
    jmp dearer if [ap] != 0, ap++;
    assert [range_check_ptr + 1] = a;
    let range_check_ptr = range_check_ptr + 2;
    let (slot, _) = find_position(account.positions, sampler.market_id, 0);
    let (is_dead, _) = find_death(
        terms, slot.min_order_id, sampler.price.dead_below_order_id, sampler.time_ms
    );
    return (counts=1 - is_dead);

    timed_out:
    assert [range_check_ptr] = (-a) - 1;
    let range_check_ptr = range_check_ptr + 1;
    return (counts=0);

    dearer:
    assert [range_check_ptr + 1] = (-a) - 1;
    let range_check_ptr = range_check_ptr + 2;
    return (counts=0);
}
