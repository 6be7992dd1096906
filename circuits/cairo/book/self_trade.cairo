from starkware.cairo.common.dict_access import DictAccess
from starkware.cairo.common.registers import get_fp_and_pc

from circuits.cairo.book.deaths import find_death
from circuits.cairo.book.release import release_lots
from circuits.cairo.book.resting import shrink_order
from circuits.cairo.book.taker import Taker, Walk
from circuits.cairo.constants import (
    SELF_TRADE_CANCEL_BOTH,
    SELF_TRADE_CANCEL_RESTING,
    SELF_TRADE_CANCEL_TAKING,
    SELF_TRADE_MODES,
)
from circuits.cairo.parameters import Underlying
from circuits.cairo.state.accounts import Account
from circuits.cairo.state.orders import Order, OrderTerms
from circuits.cairo.state.positions import Position, SlotOrders, find_position

// What is done to two orders of one trader instead of a trade.
struct Clash {
    // Taken off the resting order as far as it is counted, and whether the order is gone.
    maker_lots: felt,
    is_gone: felt,
    // Taken off the incoming order, and whether what is left of it is cancelled.
    taker_lots: felt,
    ends: felt,
}

// The head is an order of the taker's own account: it leaves the book if it is dead, and is not
// traded with if it lives.
//
// Assumption: `maker` is the current record of the head. Its account is the taker's, which is written
// at the end of the transaction and whose timer has not run out.
func meet_account{range_check_ptr, orders_log: DictAccess*}(
    taker: Taker*, walk: Walk*, maker: Order*
) -> (next: Walk*, ends: felt) {
    alloc_locals;
    let (is_dead, is_counted) = find_death(
        maker.terms, walk.own_orders.min_order_id, taker.dead_below_order_id, taker.time_ms
    );
    if (is_dead != 0) {
        let (next) = take_off(
            walk,
            maker,
            Clash(maker_lots=is_counted * maker.remaining_lots, is_gone=1, taker_lots=0, ends=0),
            1,
        );
        return (next=next, ends=0);
    }
    let (local clash: Clash) = resolve(taker, walk.remaining_lots, maker);
    let (next) = take_off(walk, maker, clash, 1);
    return (next=next, ends=clash.ends);
}

// The head is an order of another account. If the taker spares all of its L1 address, the account is
// one of them and the order lives, the account is updated and `is_met` is 1: both answers are proven.
// The order itself is the caller's, see take_off.
func meet_owner{range_check_ptr, accounts_log: DictAccess*}(
    taker: Taker*, remaining_lots, maker: Order*
) -> (is_met: felt, clash: Clash) {
    alloc_locals;
    let (_, spares_owner) = split_self_trade(taker.self_trade);
    if (spares_owner == 0) {
        return (is_met=0, clash=Clash(0, 0, 0, 0));
    }
    local account: Account*;
    let account_id = maker.terms.account_id;
    // Duty 1 by the log entry that each way out of here writes; duty 4 by its prices.
    %{ ids.account = latest_account(ids.accounts_log.address_, ids.account_id) %}
    if (account.identity.owner.l1_address - taker.owner.l1_address != 0) {
        pass_account(account_id, account);
        return (is_met=0, clash=Clash(0, 0, 0, 0));
    }
    // A timer that has run out is applied first: see apply_timer.
    assert [range_check_ptr] = account.cancel_all_at_ms - taker.time_ms - 1;
    let range_check_ptr = range_check_ptr + 1;
    let (local old: Position*, _) = find_position(account.positions, taker.market_id, 0);
    let (is_dead, _) = find_death(
        maker.terms, old.min_order_id, taker.dead_below_order_id, taker.time_ms
    );
    if (is_dead != 0) {
        // For visit_maker.
        pass_account(account_id, account);
        return (is_met=0, clash=Clash(0, 0, 0, 0));
    }
    let (local clash: Clash) = resolve(taker, remaining_lots, maker);
    release_lots(
        account,
        account.identity,
        account.window_0,
        old,
        maker.terms,
        taker.prices,
        clash.maker_lots,
        clash.is_gone,
    );
    return (is_met=1, clash=clash);
}

// An account was looked at only: the chain of its records still has to reach this one.
func pass_account{accounts_log: DictAccess*}(account_id, account: Account*) {
    assert [accounts_log] = DictAccess(account_id, cast(account, felt), cast(account, felt));
    let accounts_log = accounts_log + DictAccess.SIZE;
    return ();
}

// Returns what the taker's mode does to two orders that have something left.
func resolve{range_check_ptr}(taker: Taker*, taker_lots, maker: Order*) -> (clash: Clash) {
    alloc_locals;
    local maker_lots = maker.remaining_lots;
    let (mode, _) = split_self_trade(taker.self_trade);
    if (mode == SELF_TRADE_CANCEL_RESTING) {
        return (clash=Clash(maker_lots, 1, 0, 0));
    }
    if (mode == SELF_TRADE_CANCEL_TAKING) {
        return (clash=Clash(0, 0, 0, 1));
    }
    if (mode == SELF_TRADE_CANCEL_BOTH) {
        return (clash=Clash(maker_lots, 1, 0, 1));
    }
    // Both lose the smaller. What is left of either must be an order still: a trader could make dust
    // of his orders otherwise, and pay no fee for it.
    tempvar a = taker_lots - maker_lots;
    %{ memory[ap] = 0 if 0 <= (ids.a % PRIME) < range_check_builtin.bound else 1 %}
    jmp less if [ap] != 0, ap++;
    assert [range_check_ptr] = a;
    let range_check_ptr = range_check_ptr + 1;
    let (is_too_small) = is_below_least(taker.underlying, a, taker.limit_price_ticks);
    return (clash=Clash(maker_lots, 1, maker_lots, is_too_small));

    less:
    assert [range_check_ptr] = (-a) - 1;
    let range_check_ptr = range_check_ptr + 1;
    let (is_too_small) = is_below_least(taker.underlying, -a, maker.terms.price_ticks);
    if (is_too_small != 0) {
        return (clash=Clash(maker_lots, 1, taker_lots, 0));
    }
    return (clash=Clash(taker_lots, 0, taker_lots, 0));
}

// Returns 1 if so many lots at a price are worth less than an order must be, else 0; proven.
func is_below_least{range_check_ptr}(underlying: Underlying*, size_lots, price_ticks) -> (
    is_too_small: felt
) {
    tempvar notional_quanta = size_lots * price_ticks * underlying.multiplier;
    tempvar a = notional_quanta - underlying.min_order_quanta;
    %{ memory[ap] = 0 if 0 <= (ids.a % PRIME) < range_check_builtin.bound else 1 %}
    jmp less if [ap] != 0, ap++;
    assert [range_check_ptr] = a;
    let range_check_ptr = range_check_ptr + 1;
    return (is_too_small=0);

    less:
    assert [range_check_ptr] = (-a) - 1;
    let range_check_ptr = range_check_ptr + 1;
    return (is_too_small=1);
}

// Returns the mode, and whether it holds for all accounts of the owner. Assumption: self_trade < 8.
func split_self_trade{range_check_ptr}(self_trade) -> (mode: felt, spares_owner: felt) {
    tempvar a = self_trade - SELF_TRADE_MODES;
    %{ memory[ap] = 0 if 0 <= (ids.a % PRIME) < range_check_builtin.bound else 1 %}
    jmp account if [ap] != 0, ap++;
    assert [range_check_ptr] = a;
    let range_check_ptr = range_check_ptr + 1;
    return (mode=a, spares_owner=1);

    account:
    assert [range_check_ptr] = (-a) - 1;
    let range_check_ptr = range_check_ptr + 1;
    return (mode=self_trade, spares_owner=0);
}

// Changes the resting order, and the walk. `is_own` is 1 if it is of the taker's own account, 0 of
// another one.
func take_off{orders_log: DictAccess*}(walk: Walk*, maker: Order*, clash: Clash, is_own) -> (
    next: Walk*
) {
    alloc_locals;
    let (__fp__, _) = get_fp_and_pc();
    shrink_order(maker, clash.maker_lots, clash.is_gone);
    local next: Walk;
    if (clash.is_gone == 0) {
        assert next.head_id = walk.head_id;
        assert next.head_price_ticks = walk.head_price_ticks;
    } else {
        assert next.head_id = maker.next_id;
        assert next.head_price_ticks = maker.next_price_ticks;
    }
    assert next.remaining_lots = walk.remaining_lots - clash.taker_lots;
    assert next.traded_lots = walk.traded_lots;
    assert next.collateral_quanta = walk.collateral_quanta;
    assert next.fees_quanta = walk.fees_quanta;
    assert next.taker_fees_quanta = walk.taker_fees_quanta;
    assert next.counted_quanta = walk.counted_quanta;
    assert next.long_change = walk.long_change;
    assert next.visits_left = walk.visits_left - 1;
    if (is_own == 0) {
        assert next.own_orders = walk.own_orders;
        return (next=&next);
    }
    // The open sum has nothing of an order that is reduce-only.
    tempvar reserved_lots = clash.maker_lots - clash.maker_lots * maker.terms.reduce_only;
    tempvar sells = reserved_lots * maker.terms.side;
    let own = walk.own_orders;
    local left: SlotOrders = SlotOrders(
        open_buy_lots=own.open_buy_lots - reserved_lots + sells,
        open_sell_lots=own.open_sell_lots - sells,
        n_orders=own.n_orders - clash.is_gone,
        min_order_id=own.min_order_id,
    );
    assert next.own_orders = &left;
    return (next=&next);
}
