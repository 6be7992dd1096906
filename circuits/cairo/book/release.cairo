from starkware.cairo.common.dict_access import DictAccess
from starkware.cairo.common.registers import get_fp_and_pc

from circuits.cairo.margin import surplus_of
from circuits.cairo.state.accounts import Account, Identity
from circuits.cairo.state.orders import OrderTerms
from circuits.cairo.state.positions import Position, replace_position
from circuits.cairo.state.prices import Price

// Takes lots of an order off its account's open sum, which has nothing of one that is reduce-only, and
// the order itself if it is gone. The account is then as it was, but for the slot, and `identity` and
// `window_0`, which a message may have changed.
//
// Assumption: `old` is the slot of the order's market, and its open sum has the lots.
func release_lots{range_check_ptr, accounts_log: DictAccess*}(
    account: Account*,
    identity: Identity*,
    window_0,
    old: Position*,
    terms: OrderTerms*,
    prices: Price**,
    lots,
    is_gone,
) {
    alloc_locals;
    let (__fp__, _) = get_fp_and_pc();
    local slot: Position;
    tempvar reserved_lots = lots - lots * terms.reduce_only;
    tempvar sells = reserved_lots * terms.side;
    assert slot.market_id = terms.market_id;
    assert slot.size_lots = old.size_lots;
    assert slot.open_buy_lots = old.open_buy_lots + sells - reserved_lots;
    assert slot.open_sell_lots = old.open_sell_lots - sells;
    assert slot.n_orders = old.n_orders - is_gone;
    assert slot.min_order_id = old.min_order_id;
    let (local surplus) = surplus_of(account, prices);
    let (positions, surplus_change, _) = replace_position(
        account.positions, old, &slot, prices[terms.market_id]
    );
    local after: Account = Account(
        identity=identity,
        window_0=window_0,
        fees_quanta=account.fees_quanta,
        collateral_quanta=account.collateral_quanta,
        cancel_all_at_ms=account.cancel_all_at_ms,
        positions=positions,
        prices=prices,
        surplus=surplus + surplus_change,
    );
    assert [accounts_log] = DictAccess(terms.account_id, cast(account, felt), cast(&after, felt));
    let accounts_log = accounts_log + DictAccess.SIZE;
    return ();
}
