from starkware.cairo.common.dict_access import DictAccess
from starkware.cairo.common.registers import get_fp_and_pc

from circuits.cairo.auction import Health, follow_auction, is_failing, sum_silent
from circuits.cairo.environment import Environment
from circuits.cairo.margin import sum_surplus
from circuits.cairo.state.accounts import Account, Identity
from circuits.cairo.state.positions import Position, cancel_slots
from circuits.cairo.transactions.liquidate import measure

// The transaction as the prover gives it: whose auction. Whether it begins or ends follows.
struct SetAuction {
    account_id: felt,
}

// An auction of a failing account's positions begins, and its orders die; or the account does not fail
// any more, and there is none. Nobody signs this: the rules leave no choice.
func set_auction{range_check_ptr, accounts_log: DictAccess*}(
    environment: Environment*, time_ms, next_order_id
) {
    alloc_locals;
    let (__fp__, _) = get_fp_and_pc();
    local message: SetAuction;
    %{ segments.write_arg(ids.message.address_, next(witness)) %}
    local account: Account*;
    let account_id = message.account_id;
    // Duty 1 by the log entry below; duty 4 by its prices.
    %{ ids.account = latest_account(ids.accounts_log.address_, ids.account_id) %}
    // A timer that has run out is applied first: see apply_timer.
    assert [range_check_ptr] = account.cancel_all_at_ms - time_ms - 1;
    assert [range_check_ptr + 1] = environment.price_valid_until_ms - time_ms;
    let range_check_ptr = range_check_ptr + 2;
    let prices = environment.prices;
    let (silent) = sum_silent(account.positions, prices, 0);
    assert silent = 0;
    let (local health: Health) = measure(account.collateral_quanta, account.positions, prices);
    let (local fails) = is_failing(health);
    let (local identity) = follow_auction(account.identity, fails, time_ms);
    // It begins or ends.
    tempvar change_ms = identity.auction_start_ms - account.identity.auction_start_ms;
    assert [range_check_ptr] = change_ms * change_ms - 1;
    // There is something to take: a requirement of 0 is for those who do not fail.
    assert [range_check_ptr + 1] = health.maintenance - fails;
    let range_check_ptr = range_check_ptr + 2;
    local positions: Position*;
    if (fails == 0) {
        assert positions = account.positions;
    } else {
        let (dead) = cancel_slots(account.positions, next_order_id);
        assert positions = dead;
    }
    let (surplus) = sum_surplus(positions, environment.prices, 0);
    local after: Account = Account(
        identity=identity,
        window_0=account.window_0,
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
