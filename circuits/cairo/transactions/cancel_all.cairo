from starkware.cairo.common.cairo_builtins import PoseidonBuiltin, SignatureBuiltin
from starkware.cairo.common.dict_access import DictAccess
from starkware.cairo.common.registers import get_fp_and_pc

from circuits.cairo.constants import MESSAGE_CANCEL_ALL, RC_BOUND, TRADE_BIT
from circuits.cairo.environment import Environment
from circuits.cairo.margin import sum_surplus
from circuits.cairo.state.accounts import Account, MessageHead, authorize
from circuits.cairo.state.positions import Position, cancel_slots, find_position, replace_position
from circuits.cairo.state.prices import Price

// The transaction as the prover gives it. `is_one_market` is 0 if the orders of all markets are meant;
// `market_id` is then 0.
struct CancelAll {
    head: MessageHead,
    market_id: felt,
    is_one_market: felt,
}

// All orders of an account are dead from now on, or those that it has in one market. None of them is
// touched.
func cancel_all{
    range_check_ptr,
    ecdsa_ptr: SignatureBuiltin*,
    poseidon_ptr: PoseidonBuiltin*,
    accounts_log: DictAccess*,
}(environment: Environment*, time_ms, next_order_id) {
    alloc_locals;
    let (__fp__, _) = get_fp_and_pc();
    local message: CancelAll;
    %{ segments.write_arg(ids.message.address_, next(witness)) %}
    local account: Account*;
    let account_id = message.head.account_id;
    // Duty 1 by the log entry below; duty 4 by its prices.
    %{ ids.account = latest_account(ids.accounts_log.address_, ids.account_id) %}
    // A timer that has run out is applied first: see apply_timer.
    assert [range_check_ptr] = account.cancel_all_at_ms - time_ms - 1;
    assert [range_check_ptr + 1] = message.market_id;
    assert [range_check_ptr + 2] = message.market_id + (RC_BOUND - 2 ** 16);
    let range_check_ptr = range_check_ptr + 3;
    local is_one_market = message.is_one_market;
    assert is_one_market = is_one_market * is_one_market;
    let (local identity, local window_0) = authorize(
        MESSAGE_CANCEL_ALL,
        message.head,
        message.market_id,
        0,
        is_one_market,
        TRADE_BIT,
        time_ms,
        environment.config_hash,
        account,
    );
    let (local positions: Position*) = cancel_orders(
        environment, account.positions, message.market_id, is_one_market, next_order_id
    );
    let (surplus) = sum_surplus(positions, environment.prices, 0);
    local after: Account = Account(
        identity=identity,
        window_0=window_0,
        fees_quanta=account.fees_quanta,
        collateral_quanta=account.collateral_quanta,
        cancel_all_at_ms=account.cancel_all_at_ms,
        positions=positions,
        prices=environment.prices,
        surplus=surplus,
    );
    assert [accounts_log] = DictAccess(account_id, cast(account, felt), cast(&after, felt));
    let accounts_log = accounts_log + DictAccess.SIZE;
    return ();
}

// Returns the list of slots after the orders of all of them, or of one, were cancelled.
func cancel_orders{range_check_ptr}(
    environment: Environment*, positions: Position*, market_id, is_one_market, next_order_id
) -> (positions: Position*) {
    alloc_locals;
    if (is_one_market == 0) {
        assert market_id = 0;
        let (after) = cancel_slots(positions, next_order_id);
        return (positions=after);
    }
    let (old: Position*, _) = find_position(positions, market_id, 0);
    if (old.n_orders == 0) {
        return (positions=positions);
    }
    let (__fp__, _) = get_fp_and_pc();
    local slot: Position;
    assert slot.market_id = market_id;
    assert slot.size_lots = old.size_lots;
    assert slot.open_buy_lots = 0;
    assert slot.open_sell_lots = 0;
    assert slot.n_orders = old.n_orders;
    assert slot.min_order_id = next_order_id;
    // There is an order, so the market has a row.
    let (after, _, _) = replace_position(positions, old, &slot, environment.prices[market_id]);
    return (positions=after);
}
