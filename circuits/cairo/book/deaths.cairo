from circuits.cairo.book.guards import split_least
from circuits.cairo.state.orders import OrderTerms

// Guarantee: whether an order is dead, and whether the open sum of its slot still has it; all proven.
// visit_maker repeats this to save steps: keep in step.
func find_death{range_check_ptr}(
    terms: OrderTerms*, min_order_id, dead_below_order_id, time_ms
) -> (is_dead: felt, is_counted: felt) {
    tempvar a = terms.order_id - min_order_id;
    %{ memory[ap] = 0 if 0 <= (ids.a % PRIME) < range_check_builtin.bound else 1 %}
    jmp cancelled if [ap] != 0, ap++;
    assert [range_check_ptr] = a;
    tempvar a = terms.expiry_time_ms - time_ms - 1;
    %{ memory[ap] = 0 if 0 <= (ids.a % PRIME) < range_check_builtin.bound else 1 %}
    jmp expired if [ap] != 0, ap++;
    assert [range_check_ptr + 1] = a;
    tempvar a = terms.order_id - dead_below_order_id;
    %{ memory[ap] = 0 if 0 <= (ids.a % PRIME) < range_check_builtin.bound else 1 %}
    jmp killed if [ap] != 0, ap++;
    assert [range_check_ptr + 2] = a;
    let range_check_ptr = range_check_ptr + 3;
    return (is_dead=0, is_counted=1);

    cancelled:
    assert [range_check_ptr] = (-a) - 1;
    let range_check_ptr = range_check_ptr + 1;
    let (least_id, guarded_lots) = split_least(min_order_id);
    if (guarded_lots != 0) {
        return find_death(terms, least_id, dead_below_order_id, time_ms);
    }
    return (is_dead=1, is_counted=0);

    expired:
    assert [range_check_ptr + 1] = (-a) - 1;
    let range_check_ptr = range_check_ptr + 2;
    return (is_dead=1, is_counted=1);

    killed:
    assert [range_check_ptr + 2] = (-a) - 1;
    let range_check_ptr = range_check_ptr + 3;
    return (is_dead=1, is_counted=1);
}
