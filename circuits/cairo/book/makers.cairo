from starkware.cairo.common.dict_access import DictAccess
from starkware.cairo.common.registers import get_fp_and_pc

from circuits.cairo.book.fees import fee_of
from circuits.cairo.config import MarketConfig
from circuits.cairo.margin import COLLATERAL_FACTOR, Change, satisfies_margin_rule, surplus_of
from circuits.cairo.state.accounts import Account
from circuits.cairo.state.markets import Price
from circuits.cairo.state.orders import Order
from circuits.cairo.state.positions import Position, find_position, replace_position

// The incoming order, as far as a walk needs it.
struct Taker {
    account_id: felt,
    side: felt,
    // 1 for a buy, -1 for a sell.
    direction: felt,
    limit_price_ticks: felt,
    time_ms: felt,
    market_id: felt,
    market: MarketConfig*,
    price: Price*,
    prices: Price*,
}

// What a visit did. No lots: the maker was removed from its account and must leave the book.
struct Fill {
    lots: felt,
    notional_quanta: felt,
    maker_fee_quanta: felt,
    long_change: felt,
}

// Fills the best order of the other side, which is of another account, or removes it.
//
// Assumption: `maker` is the current record of the head (its caller logs it).
// Guarantee: the account of the maker is updated as docs/spec/protocol.md section 6 step 5 says; each
// reason to skip is proven, and so is its absence.
func visit_maker{range_check_ptr, log: DictAccess*}(
    taker: Taker*, remaining_lots, maker: Order*
) -> (fill: Fill) {
    alloc_locals;
    let terms = maker.terms;
    local account: Account*;
    let account_id = terms.account_id;
    // Pinned by the log entry that each way out of here writes.
    %{ ids.account = latest_account(ids.log.address_, ids.account_id) %}
    let (local slot: Position*, _) = find_position(account.positions, taker.market_id, 0);

    tempvar a = terms.expiry_time_ms - taker.time_ms - 1;
    %{ memory[ap] = 0 if 0 <= (ids.a % PRIME) < range_check_builtin.bound else 1 %}
    jmp expired if [ap] != 0, ap++;
    assert [range_check_ptr] = a;

    // lots = min(remaining, maker.remaining).
    local lots;
    tempvar a = maker.remaining_lots - remaining_lots;
    %{ memory[ap] = 0 if 0 <= (ids.a % PRIME) < range_check_builtin.bound else 1 %}
    jmp smaller if [ap] != 0, ap++;
    assert [range_check_ptr + 1] = a;
    assert lots = remaining_lots;
    jmp sized;

    smaller:
    assert [range_check_ptr + 1] = -a;
    assert lots = maker.remaining_lots;

    sized:
    let range_check_ptr = range_check_ptr + 2;
    if (terms.reduce_only != 0) {
        // The maker's side is the other one, so a fill reduces a position of the taker's direction.
        let (allowed) = reducible_lots(taker.direction * slot.size_lots, lots);
        if (allowed == 0) {
            return release_maker(taker, maker, account, slot);
        }
        return fill_maker(taker, maker, account, slot, allowed);
    }
    return fill_maker(taker, maker, account, slot, lots);

    expired:
    assert [range_check_ptr] = -a - 1;
    let range_check_ptr = range_check_ptr + 1;
    return release_maker(taker, maker, account, slot);
}

// Guarantee: min(position, lots), 0 if the position is not positive. Assumption: lots > 0.
func reducible_lots{range_check_ptr}(position_lots, lots) -> (lots: felt) {
    let a = position_lots - lots;
    %{ memory[ap] = 0 if 0 <= (ids.a % PRIME) < range_check_builtin.bound else 1 %}
    jmp less if [ap] != 0, ap++;
    assert [range_check_ptr] = a;
    let range_check_ptr = range_check_ptr + 1;
    return (lots=lots);

    less:
    assert [range_check_ptr] = -a;
    let a = position_lots;
    %{ memory[ap] = 0 if 0 <= (ids.a % PRIME) < range_check_builtin.bound else 1 %}
    jmp none if [ap] != 0, ap++;
    assert [range_check_ptr + 1] = position_lots;
    let range_check_ptr = range_check_ptr + 2;
    return (lots=position_lots);

    none:
    assert [range_check_ptr + 1] = -position_lots;
    let range_check_ptr = range_check_ptr + 2;
    return (lots=0);
}

// Trades the lots, unless the maker's account then fails the margin rule.
func fill_maker{range_check_ptr, log: DictAccess*}(
    taker: Taker*, maker: Order*, account: Account*, slot: Position*, lots
) -> (fill: Fill) {
    alloc_locals;
    let (__fp__, _) = get_fp_and_pc();
    tempvar notional = lots * maker.terms.price_ticks * taker.market.multiplier;
    local notional = notional;
    let (local fee) = fee_of(notional, taker.market.maker_fee_ppm);
    // The maker's open sum is on the side that the taker is not on.
    local buys = lots * taker.side;
    local change: Change;
    assert change.slot_before = slot;
    assert change.size_after = slot.size_lots - taker.direction * lots;
    assert change.open_buy_after = slot.open_buy_lots - buys;
    assert change.open_sell_after = slot.open_sell_lots - lots + buys;
    assert change.positions_before = account.positions;
    assert change.collateral_before = account.collateral_quanta;
    assert change.collateral_after = account.collateral_quanta + taker.direction * notional - fee;
    let (local surplus) = surplus_of(account, taker.prices);
    let (positions, surplus_change, local long_change) = replace_position(
        account.positions,
        slot,
        taker.market_id,
        change.size_after,
        change.open_buy_after,
        change.open_sell_after,
        taker.price,
    );
    assert change.positions_after = positions;
    local surplus_after = surplus + surplus_change;
    local range_check_after;
    tempvar a = change.collateral_after * COLLATERAL_FACTOR + surplus_after;
    %{ memory[ap] = 0 if 0 <= (ids.a % PRIME) < range_check_builtin.bound else 1 %}
    jmp examine if [ap] != 0, ap++;
    assert [range_check_ptr] = a;
    assert range_check_after = range_check_ptr + 1;
    jmp commit;

    examine:
    // No claim is made by coming here: the rule itself decides.
    let (allowed) = satisfies_margin_rule(a, &change, taker.prices);
    if (allowed == 0) {
        return release_maker(taker, maker, account, slot);
    }
    assert range_check_after = range_check_ptr;

    commit:
    let range_check_ptr = range_check_after;
    local is_filled;
    if (maker.remaining_lots - lots == 0) {
        assert is_filled = 1;
    } else {
        assert is_filled = 0;
    }
    local after: Account = Account(
        identity=account.identity,
        nonce_0=account.nonce_0,
        collateral_quanta=change.collateral_after,
        open_orders=account.open_orders - is_filled,
        positions=change.positions_after,
        prices=taker.prices,
        surplus=surplus_after,
    );
    assert [log] = DictAccess(maker.terms.account_id, cast(account, felt), cast(&after, felt));
    let log = log + DictAccess.SIZE;
    return (fill=Fill(lots, notional, fee, long_change));
}

// Takes an order off its account: its open sum loses what remains.
func release_maker{range_check_ptr, log: DictAccess*}(
    taker: Taker*, maker: Order*, account: Account*, slot: Position*
) -> (fill: Fill) {
    alloc_locals;
    let (__fp__, _) = get_fp_and_pc();
    tempvar buys = maker.remaining_lots * taker.side;
    let (local surplus) = surplus_of(account, taker.prices);
    let (positions, surplus_change, _) = replace_position(
        account.positions,
        slot,
        taker.market_id,
        slot.size_lots,
        slot.open_buy_lots - buys,
        slot.open_sell_lots - maker.remaining_lots + buys,
        taker.price,
    );
    local after: Account = Account(
        identity=account.identity,
        nonce_0=account.nonce_0,
        collateral_quanta=account.collateral_quanta,
        open_orders=account.open_orders - 1,
        positions=positions,
        prices=taker.prices,
        surplus=surplus + surplus_change,
    );
    assert [log] = DictAccess(maker.terms.account_id, cast(account, felt), cast(&after, felt));
    let log = log + DictAccess.SIZE;
    return (fill=Fill(0, 0, 0, 0));
}
