from circuits.cairo.constants import LIST_FALLS, LIST_RISES, PRICE_X16_ONE
from circuits.cairo.state.markets import Triggers
from circuits.cairo.state.prices import Price

// Guarantee: the mark has reached the trigger of no dormant order of the market.
//
// A list is in the order of its triggers' prices, so that its head says it of all. An empty one has
// the price 0, which no mark falls to.
func assert_none_due{range_check_ptr}(triggers: Triggers*, price: Price*) {
    if (cast(triggers, felt) == 0) {
        return ();
    }
    tempvar tick_value_x16 = price.underlying.multiplier * PRICE_X16_ONE;
    assert [range_check_ptr] = price.lot_value_x16 - triggers.fall_head_price_ticks *
        tick_value_x16 - 1;
    let range_check_ptr = range_check_ptr + 1;
    if (triggers.rise_head_id == 0) {
        return ();
    }
    assert [range_check_ptr] = triggers.rise_head_price_ticks * tick_value_x16 -
        price.lot_value_x16 - 1;
    let range_check_ptr = range_check_ptr + 1;
    return ();
}

// Returns the heads of a market's lists, null if none of their orders can be due: a jump of the index
// is not settled, or the market is post-only. Both answers are proven.
func settled_triggers{range_check_ptr}(triggers: Triggers*, price: Price*, time_ms) -> (
    triggers: Triggers*
) {
    if (cast(triggers, felt) == 0) {
        return (triggers=triggers);
    }
    tempvar a = time_ms - price.trades_from_ms;
    %{ memory[ap] = 0 if 0 <= (ids.a % PRIME) < range_check_builtin.bound else 1 %}
    jmp unsettled if [ap] != 0, ap++;
    assert [range_check_ptr] = a;
    let range_check_ptr = range_check_ptr + 1;
    return (triggers=triggers);

    unsettled:
    assert [range_check_ptr] = (-a) - 1;
    let range_check_ptr = range_check_ptr + 1;
    return (triggers=cast(0, Triggers*));
}

// Guarantee: the mark has reached the trigger of the returned order, which is the head of its list, and
// of those that fall, unless the mark has reached none there.
//
// An empty list of rises has the price 0, which every mark has reached, but there is no order 0.
func find_due{range_check_ptr}(triggers: Triggers*, price: Price*) -> (
    order_id: felt, order_list: felt
) {
    tempvar tick_value_x16 = price.underlying.multiplier * PRICE_X16_ONE;
    tempvar a = triggers.fall_head_price_ticks * tick_value_x16 - price.lot_value_x16;
    %{ memory[ap] = 0 if 0 <= (ids.a % PRIME) < range_check_builtin.bound else 1 %}
    jmp rises if [ap] != 0, ap++;
    assert [range_check_ptr] = a;
    let range_check_ptr = range_check_ptr + 1;
    return (order_id=triggers.fall_head_id, order_list=LIST_FALLS);

    rises:
    assert [range_check_ptr] = (-a) - 1;
    assert [range_check_ptr + 1] = price.lot_value_x16 - triggers.rise_head_price_ticks *
        price.underlying.multiplier * PRICE_X16_ONE;
    let range_check_ptr = range_check_ptr + 2;
    return (order_id=triggers.rise_head_id, order_list=LIST_RISES);
}
