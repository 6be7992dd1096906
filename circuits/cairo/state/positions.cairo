from starkware.cairo.common.registers import get_fp_and_pc, get_label_location

from circuits.cairo.state.prices import Price

// A slot of an account, in a list that ascends strictly by market and ends with a null pointer.
// Records are never changed: an update makes a new record and new copies of those before it.
struct Position {
    market_id: felt,
    size_lots: felt,
    // Of orders that were not cancelled all at once, and the number of all that are in the book.
    open_buy_lots: felt,
    open_sell_lots: felt,
    n_orders: felt,
    // Orders with a lower id were cancelled all at once. With a guard there is more above it: see
    // split_least of guards.cairo.
    min_order_id: felt,
    // max(size + open_buy, open_sell - size): the larger exposure that the open orders can lead to.
    exposure_lots: felt,
    // max(size, 0): what the slot adds to the open interest.
    long_lots: felt,
    next: Position*,
}

// What a slot has of orders: a part of its record, or what is to become one.
struct SlotOrders {
    open_buy_lots: felt,
    open_sell_lots: felt,
    n_orders: felt,
    min_order_id: felt,
}

// Returns the slot of a market and how many slots were passed before it. If there is none, the
// whole list was passed, and the slot is a record of zeros.
func find_position(positions: Position*, market_id, n_passed) -> (
    position: Position*, n_passed: felt
) {
    if (cast(positions, felt) == 0) {
        let (empty) = get_label_location(empty_slot);
        return (position=cast(empty, Position*), n_passed=n_passed);
    }
    if (positions.market_id == market_id) {
        return (position=positions, n_passed=n_passed);
    }
    return find_position(positions.next, market_id, n_passed + 1);

    empty_slot:
    dw 0;
    dw 0;
    dw 0;
    dw 0;
    dw 0;
    dw 0;
    dw 0;
    dw 0;
    dw 0;
}

// Replaces the slot of a market; an empty slot (no exposure, no order) is dropped.
//
// Assumption: `old` is what find_position returned for the market of `slot`, of which the caller has
// set all but what follows from the rest, within the bounds, so that every sum below is small.
// Guarantee: the record is completed, and the returned list differs from `positions` in the slot of
// its market only; surplus_change is what Account.surplus gains, long_change what the open interest gains.
func replace_position{range_check_ptr}(
    positions: Position*, old: Position*, slot: Position*, price: Price*
) -> (positions: Position*, surplus_change: felt, long_change: felt) {
    alloc_locals;
    local size_lots = slot.size_lots;
    local after_buys = size_lots + slot.open_buy_lots;
    local after_sells = slot.open_sell_lots - size_lots;

    let a = size_lots;
    %{ memory[ap] = 0 if 0 <= (ids.a % PRIME) < range_check_builtin.bound else 1 %}
    jmp short if [ap] != 0, ap++;
    assert [range_check_ptr] = size_lots;
    assert slot.long_lots = size_lots;
    jmp exposure;

    short:
    // Zero may come here too: both ways give the same record.
    assert [range_check_ptr] = -size_lots;
    assert slot.long_lots = 0;

    exposure:
    tempvar a = after_buys - after_sells;
    %{ memory[ap] = 0 if 0 <= (ids.a % PRIME) < range_check_builtin.bound else 1 %}
    jmp sells if [ap] != 0, ap++;
    assert [range_check_ptr + 1] = a;
    assert slot.exposure_lots = after_buys;
    jmp done;

    sells:
    // The same: equal exposures may go either way.
    assert [range_check_ptr + 1] = -a;
    assert slot.exposure_lots = after_sells;

    done:
    let range_check_ptr = range_check_ptr + 2;
    tempvar value_change = (size_lots - old.size_lots) * price.value_factor;
    tempvar exposure_change = slot.exposure_lots - old.exposure_lots;
    local long_change = slot.long_lots - old.long_lots;
    tempvar paid_change = long_change * price.spread_factor;
    local surplus_change = value_change - paid_change - exposure_change * price.opening_factor;
    // Most often the slot stays the first of the list, becomes it, or goes as the first, being empty;
    // splice does the rest.
    tempvar content = slot.exposure_lots + slot.n_orders;
    jmp listed if positions != 0;
    jmp only if content != 0;
    jmp elsewhere;

    only:
    assert slot.next = positions;
    return (positions=slot, surplus_change=surplus_change, long_change=long_change);

    listed:
    tempvar other_market = positions.market_id - slot.market_id;
    jmp elsewhere if other_market != 0;
    jmp kept if content != 0;
    return (positions=positions.next, surplus_change=surplus_change, long_change=long_change);

    kept:
    assert slot.next = positions.next;
    return (positions=slot, surplus_change=surplus_change, long_change=long_change);

    elsewhere:
    let (after) = splice(positions, slot);
    return (positions=after, surplus_change=surplus_change, long_change=long_change);
}

// Puts a record into its place in the list, instead of the one with its market if there is one.
// Guarantee: the result ascends strictly if `positions` does.
func splice{range_check_ptr}(positions: Position*, slot: Position*) -> (positions: Position*) {
    alloc_locals;
    if (cast(positions, felt) == 0) {
        let empty = cast(0, Position*);
        return put_before(slot, empty);
    }
    if (positions.market_id == slot.market_id) {
        return put_before(slot, positions.next);
    }
    tempvar a = positions.market_id - slot.market_id;
    %{ memory[ap] = 0 if 0 <= (ids.a % PRIME) < range_check_builtin.bound else 1 %}
    jmp ascend if [ap] != 0, ap++;
    assert [range_check_ptr] = a;
    let range_check_ptr = range_check_ptr + 1;
    return put_before(slot, positions);

    ascend:
    assert [range_check_ptr] = -a;
    let range_check_ptr = range_check_ptr + 1;
    let (__fp__, _) = get_fp_and_pc();
    local copy: Position;
    let (rest) = splice(positions.next, slot);
    assert copy = Position(
        market_id=positions.market_id,
        size_lots=positions.size_lots,
        open_buy_lots=positions.open_buy_lots,
        open_sell_lots=positions.open_sell_lots,
        n_orders=positions.n_orders,
        min_order_id=positions.min_order_id,
        exposure_lots=positions.exposure_lots,
        long_lots=positions.long_lots,
        next=rest,
    );
    return (positions=&copy);
}

func put_before{range_check_ptr}(slot: Position*, next: Position*) -> (positions: Position*) {
    // Nothing of this is negative: the exposure is 0 only if size and both open sums are.
    tempvar content = slot.exposure_lots + slot.n_orders;
    if (content == 0) {
        return (positions=next);
    }
    assert slot.next = next;
    return (positions=slot);
}

// Returns the list after all orders of all its slots were cancelled; one without orders stays.
func cancel_slots(positions: Position*, next_order_id) -> (positions: Position*) {
    alloc_locals;
    if (cast(positions, felt) == 0) {
        return (positions=positions);
    }
    let (__fp__, _) = get_fp_and_pc();
    local slot: Position;
    let (rest) = cancel_slots(positions.next, next_order_id);
    assert slot.market_id = positions.market_id;
    assert slot.size_lots = positions.size_lots;
    assert slot.n_orders = positions.n_orders;
    assert slot.long_lots = positions.long_lots;
    assert slot.next = rest;
    assert slot.open_buy_lots = 0;
    assert slot.open_sell_lots = 0;
    // |size| = 2 * max(size, 0) - size. Without orders there is no open sum, so it is what it was.
    assert slot.exposure_lots = 2 * positions.long_lots - positions.size_lots;
    if (positions.n_orders == 0) {
        assert slot.min_order_id = positions.min_order_id;
    } else {
        assert slot.min_order_id = next_order_id;
    }
    return (positions=&slot);
}

// Returns the list after all orders of all its slots were cancelled and all positions were taken: what is
// left are slots with orders that are linked in the book.
func close_slots(positions: Position*, next_order_id) -> (positions: Position*) {
    alloc_locals;
    if (cast(positions, felt) == 0) {
        return (positions=positions);
    }
    let (local rest) = close_slots(positions.next, next_order_id);
    if (positions.n_orders == 0) {
        return (positions=rest);
    }
    let (__fp__, _) = get_fp_and_pc();
    local slot: Position = Position(
        market_id=positions.market_id,
        size_lots=0,
        open_buy_lots=0,
        open_sell_lots=0,
        n_orders=positions.n_orders,
        min_order_id=next_order_id,
        exposure_lots=0,
        long_lots=0,
        next=rest,
    );
    return (positions=&slot);
}
