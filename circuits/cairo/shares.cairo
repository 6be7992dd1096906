from starkware.cairo.common.dict_access import DictAccess
from starkware.cairo.common.registers import get_fp_and_pc, get_label_location

from circuits.cairo.constants import MARKET_KEY_BASE, POSITION_BOUND, RC_BOUND, SHARE_X16_ONE
from circuits.cairo.state.markets import Market
from circuits.cairo.state.positions import Position, put_before, replace_position
from circuits.cairo.state.prices import Price

// What is taken of each position of an account.
struct Offer {
    prices: Price**,
    // At most SHARE_X16_ONE.
    share_x16: felt,
    // Of the state: what the account's orders have below it is dead.
    next_order_id: felt,
    // A record of zeros: what find_position finds where there is nothing.
    no_slot: Position*,
}

// What was taken in all, at the mark: its value with the sign of each position, and without; what the
// other account's worth minus initial requirement gained; and what its positions count as paid more.
struct Taken {
    value_x16: felt,
    notional_x16: felt,
    surplus_change: felt,
    settled_quanta: felt,
}

// Takes a share off each slot of one list, and adds it to the other.
//
// Assumption: both lists ascend strictly.
// Guarantee: so do both results. The first has no living order. Open interest follows.
func take_shares{range_check_ptr, markets_log: DictAccess*}(
    slot: Position*, other: Position*, offer: Offer*
) -> (left: Position*, other: Position*, taken: Taken*) {
    alloc_locals;
    if (cast(slot, felt) == 0) {
        let (nothing) = get_label_location(no_lots);
        return (left=slot, other=other, taken=cast(nothing, Taken*));
    }
    jmp compare if other != 0;
    // The other account has no slot of this market.
    return take_share_of(slot, offer.no_slot, other, offer);

    compare:
    tempvar a = other.market_id - slot.market_id;
    if (a == 0) {
        return take_share_of(slot, other, other.next, offer);
    }
    %{ memory[ap] = 0 if 0 <= (ids.a % PRIME) < range_check_builtin.bound else 1 %}
    jmp ascend if [ap] != 0, ap++;
    assert [range_check_ptr] = a;
    let range_check_ptr = range_check_ptr + 1;
    return take_share_of(slot, offer.no_slot, other, offer);

    ascend:
    assert [range_check_ptr] = -a;
    let range_check_ptr = range_check_ptr + 1;
    let (__fp__, _) = get_fp_and_pc();
    local copy: Position;
    let (local left: Position*, rest: Position*, local taken: Taken*) = take_shares(
        slot, other.next, offer
    );
    assert copy = Position(
        market_id=other.market_id,
        size_lots=other.size_lots,
        open_buy_lots=other.open_buy_lots,
        open_sell_lots=other.open_sell_lots,
        n_orders=other.n_orders,
        min_order_id=other.min_order_id,
        exposure_lots=other.exposure_lots,
        long_lots=other.long_lots,
        next=rest,
    );
    return (left=left, other=&copy, taken=taken);

    no_lots:
    dw 0;
    dw 0;
    dw 0;
    dw 0;
}

// The same, where `old` is the other list's slot of the market, a record of zeros if there is none, and
// `rest` what is behind it.
func take_share_of{range_check_ptr, markets_log: DictAccess*}(
    slot: Position*, old: Position*, rest: Position*, offer: Offer*
) -> (left: Position*, other: Position*, taken: Taken*) {
    alloc_locals;
    let (__fp__, _) = get_fp_and_pc();
    let (local left_rest: Position*, local other_rest: Position*, local sum: Taken*) = take_shares(
        slot.next, rest, offer
    );
    local price: Price* = offer.prices[slot.market_id];
    // |size| = 2 * max(size, 0) - size.
    local held_lots = 2 * slot.long_lots - slot.size_lots;
    let (local lots) = lots_of_share(held_lots, offer.share_x16);
    local left: Position;
    local bought: Position;
    local bought_lots;
    // What the other account could reach: as for an order of so many lots, see place_order.
    if (slot.long_lots == 0) {
        assert left.size_lots = slot.size_lots + lots;
        assert left.long_lots = 0;
        assert bought_lots = -lots;
        assert [range_check_ptr] = old.long_lots - old.size_lots + old.open_sell_lots + lots + (
            RC_BOUND - POSITION_BOUND
        );
    } else {
        assert left.size_lots = slot.size_lots - lots;
        assert left.long_lots = slot.long_lots - lots;
        assert bought_lots = lots;
        assert [range_check_ptr] = old.long_lots + old.open_buy_lots + lots + (
            RC_BOUND - POSITION_BOUND
        );
    }
    let range_check_ptr = range_check_ptr + 1;
    assert left.market_id = slot.market_id;
    assert left.open_buy_lots = 0;
    assert left.open_sell_lots = 0;
    assert left.n_orders = slot.n_orders;
    assert left.exposure_lots = held_lots - lots;
    if (slot.n_orders == 0) {
        assert left.min_order_id = slot.min_order_id;
    } else {
        assert left.min_order_id = offer.next_order_id;
    }
    assert bought.market_id = slot.market_id;
    assert bought.size_lots = old.size_lots + bought_lots;
    assert bought.open_buy_lots = old.open_buy_lots;
    assert bought.open_sell_lots = old.open_sell_lots;
    assert bought.n_orders = old.n_orders;
    assert bought.min_order_id = old.min_order_id;
    let (local left_list: Position*) = put_before(&left, left_rest);
    // The list begins with a later market: the slot is put before it.
    let (local other_list: Position*, local surplus_change, local long_change) = replace_position(
        other_rest, old, &bought, price
    );
    change_open_interest(slot.market_id, left.long_lots - slot.long_lots + long_change);
    local taken: Taken = Taken(
        value_x16=sum.value_x16 + bought_lots * price.lot_value_x16,
        notional_x16=sum.notional_x16 + lots * price.lot_value_x16,
        surplus_change=sum.surplus_change + surplus_change,
        settled_quanta=sum.settled_quanta + bought_lots * price.pool.short_prefix + long_change *
        price.spread_quanta,
    );
    return (left=left_list, other=other_list, taken=&taken);
}

// Returns the lots of a position that a share is, rounded up.
//
// Assumption: both are below 2^60, so that nothing reaches 2^144.
func lots_of_share{range_check_ptr}(held_lots, share_x16) -> (lots: felt) {
    let remainder = [range_check_ptr];
    let quotient = [range_check_ptr + 1];
    tempvar value = held_lots * share_x16 + (SHARE_X16_ONE - 1);
    let divisor = SHARE_X16_ONE;
    %{ ids.quotient, ids.remainder = divmod(ids.value % PRIME, ids.divisor) %}
    assert value = quotient * divisor + remainder;
    assert [range_check_ptr + 2] = remainder + (RC_BOUND - SHARE_X16_ONE);
    let lots = quotient;
    let range_check_ptr = range_check_ptr + 3;
    return (lots=lots);
}

// Takes off a market what is not held any more. It never grows: what one account gets, the other had.
func change_open_interest{markets_log: DictAccess*}(market_id, change_lots) {
    alloc_locals;
    if (change_lots == 0) {
        return ();
    }
    let (__fp__, _) = get_fp_and_pc();
    local market: Market*;
    // Duty 1 by the log entry below; duty 4 by is_made.
    %{ ids.market = latest_market(ids.markets_log.address_, ids.market_id) %}
    local after: Market = Market(
        bid_head_id=market.bid_head_id,
        bid_head_price_ticks=market.bid_head_price_ticks,
        ask_head_id=market.ask_head_id,
        ask_head_price_ticks=market.ask_head_price_ticks,
        open_interest_lots=market.open_interest_lots + change_lots,
        others=market.others,
        is_made=1,
    );
    assert [markets_log] = DictAccess(
        MARKET_KEY_BASE + market_id, cast(market, felt), cast(&after, felt)
    );
    let markets_log = markets_log + DictAccess.SIZE;
    return ();
}
