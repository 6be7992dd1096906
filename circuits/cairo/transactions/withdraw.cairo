from starkware.cairo.common.cairo_builtins import PoseidonBuiltin, SignatureBuiltin
from starkware.cairo.common.dict_access import DictAccess
from starkware.cairo.common.registers import get_fp_and_pc

from circuits.cairo.constants import (
    AMOUNT_BOUND,
    MESSAGE_WITHDRAW,
    RC_BOUND,
    RESOLVE_MS,
    USD_ASSET_ID,
    WITHDRAW_BIT,
)
from circuits.cairo.environment import Environment
from circuits.cairo.margin import COLLATERAL_FACTOR, sum_leaving, surplus_of
from circuits.cairo.numeric import assert_wide_nonnegative, split
from circuits.cairo.state.accounts import Account, Identity, MessageHead, authorize, change_holding
from circuits.cairo.state.amounts import Amounts, change_amount
from circuits.cairo.state.positions import Position
from circuits.cairo.state.prices import Price

struct Withdraw {
    head: MessageHead,
    asset_id: felt,
    amount_quanta: felt,
}

// An amount of an asset leaves an account and becomes payable to its owner on L1. Returns the
// environment with the withdrawal written to the output.
func withdraw{
    range_check_ptr,
    ecdsa_ptr: SignatureBuiltin*,
    poseidon_ptr: PoseidonBuiltin*,
    accounts_log: DictAccess*,
}(environment: Environment*, time_ms) -> (environment: Environment*) {
    alloc_locals;
    let (__fp__, _) = get_fp_and_pc();
    local message: Withdraw;
    %{ segments.write_arg(ids.message.address_, next(witness)) %}
    assert [range_check_ptr] = message.amount_quanta - 1;
    assert [range_check_ptr + 1] = message.amount_quanta + (RC_BOUND - AMOUNT_BOUND);
    local account: Account*;
    let account_id = message.head.account_id;
    // Duty 1 by the log entry below; duty 4 by the nonce.
    %{ ids.account = latest_account(ids.accounts_log.address_, ids.account_id) %}
    // A timer that has run out is applied first: see apply_timer.
    assert [range_check_ptr + 2] = account.cancel_all_at_ms - time_ms - 1;
    let range_check_ptr = range_check_ptr + 3;
    // The asset is one of eight: USD, or take_holding proves it.
    let (local identity, local window_0) = authorize(
        MESSAGE_WITHDRAW,
        message.head,
        0,
        0,
        message.amount_quanta + message.asset_id * 2 ** 64,
        WITHDRAW_BIT,
        time_ms,
        environment.config_hash,
        account,
    );
    local payee = identity.owner.l1_address * 2 ** 64 + message.asset_id * 2 ** 224;
    if (message.asset_id == USD_ASSET_ID) {
        let (local after) = take_collateral(
            account, identity, window_0, message.amount_quanta, environment, time_ms
        );
        assert [accounts_log] = DictAccess(account_id, cast(account, felt), cast(after, felt));
        let accounts_log = accounts_log + DictAccess.SIZE;
        let (paid_quanta) = share_of_custody(environment, message.amount_quanta);
        assert [environment.withdrawals] = paid_quanta + payee;
        // Equity counts profit that no one has paid in yet; what is not there cannot leave.
        tempvar custody_quanta = environment.custody_quanta - paid_quanta;
        tempvar deficit_quanta = environment.recorded_deficit_quanta + paid_quanta -
            message.amount_quanta;
        assert [range_check_ptr] = custody_quanta;
        assert [range_check_ptr + 1] = deficit_quanta;
        let range_check_ptr = range_check_ptr + 2;
        let (environment) = pay_out(
            environment, custody_quanta, deficit_quanta, environment.other_custody
        );
        return (environment=environment);
    }
    assert [environment.withdrawals] = message.amount_quanta + payee;
    let (local after) = take_holding(
        account, identity, window_0, message.asset_id, message.amount_quanta
    );
    assert [accounts_log] = DictAccess(account_id, cast(account, felt), cast(after, felt));
    let accounts_log = accounts_log + DictAccess.SIZE;
    let (other_custody) = change_amount(
        environment.other_custody, message.asset_id, -message.amount_quanta
    );
    let (environment) = pay_out(
        environment, environment.custody_quanta, environment.recorded_deficit_quanta, other_custody
    );
    return (environment=environment);
}

// Guarantee: the account has what new risk needs without the amount, and its equity is at least
// LEAVING_MARGIN_PPM of what its positions are worth, at prices that are valid if it has a slot; it
// has none in a market whose last jump is not settled.
func take_collateral{range_check_ptr}(
    account: Account*,
    identity: Identity*,
    window_0,
    amount_quanta,
    environment: Environment*,
    time_ms,
) -> (account: Account*) {
    alloc_locals;
    let (__fp__, _) = get_fp_and_pc();
    // With a slot the margin depends on prices, which must be valid.
    let (n_slots) = count_settled(account.positions, environment.prices, time_ms, 0);
    assert [range_check_ptr] = n_slots * (environment.price_valid_until_ms - time_ms);
    let range_check_ptr = range_check_ptr + 1;
    local collateral_quanta = account.collateral_quanta - amount_quanta;
    let (local surplus) = surplus_of(account, environment.prices);
    // Margin without the reducing rule, and a share of what the positions are worth.
    assert_wide_nonnegative(collateral_quanta * COLLATERAL_FACTOR + surplus);
    let (excess) = sum_leaving(account.positions, environment.prices, surplus);
    assert_wide_nonnegative(collateral_quanta * COLLATERAL_FACTOR + excess);
    local after: Account = Account(
        identity=identity,
        window_0=window_0,
        fees_quanta=account.fees_quanta,
        collateral_quanta=collateral_quanta,
        cancel_all_at_ms=account.cancel_all_at_ms,
        positions=account.positions,
        prices=environment.prices,
        surplus=surplus,
    );
    return (account=&after);
}

// Returns how many slots there are, with those that were passed before.
//
// Guarantee: in none of their markets a jump is unsettled. What was gained by one is not the account's own
// yet.
func count_settled{range_check_ptr}(position: Position*, prices: Price**, time_ms, n_passed) -> (
    n_slots: felt
) {
    if (cast(position, felt) == 0) {
        return (n_slots=n_passed);
    }
    let price = prices[position.market_id];
    assert [range_check_ptr] = time_ms - price.reference.jumped_ms - RESOLVE_MS;
    let range_check_ptr = range_check_ptr + 1;
    return count_settled(position.next, prices, time_ms, n_passed + 1);
}

// Guarantee: 1 <= asset_id < MAX_ASSETS, and the account has the amount of it. Margin does not count
// it, so neither prices nor positions matter.
func take_holding{range_check_ptr}(
    account: Account*, identity: Identity*, window_0, asset_id, amount_quanta
) -> (account: Account*) {
    alloc_locals;
    let (__fp__, _) = get_fp_and_pc();
    let (identity) = change_holding(identity, asset_id, -amount_quanta);
    local after: Account = Account(
        identity=identity,
        window_0=window_0,
        fees_quanta=account.fees_quanta,
        collateral_quanta=account.collateral_quanta,
        cancel_all_at_ms=account.cancel_all_at_ms,
        positions=account.positions,
        prices=account.prices,
        surplus=account.surplus,
    );
    return (account=&after);
}

// Returns what a withdrawal of USD pays: all of it, or its share if something is missing, rounded down.
//
// Guarantee: it is not nothing.
func share_of_custody{range_check_ptr}(environment: Environment*, amount_quanta) -> (
    paid_quanta: felt
) {
    if (environment.recorded_deficit_quanta == 0) {
        return (paid_quanta=amount_quanta);
    }
    // All are below 2^64.
    let (paid_quanta, _) = split(
        amount_quanta * environment.custody_quanta,
        environment.custody_quanta + environment.recorded_deficit_quanta,
    );
    assert [range_check_ptr] = paid_quanta - 1;
    let range_check_ptr = range_check_ptr + 1;
    return (paid_quanta=paid_quanta);
}

// Returns the environment behind a withdrawal, with what is left in custody, and what is still missing.
func pay_out(
    environment: Environment*, custody_quanta, recorded_deficit_quanta, other_custody: Amounts*
) -> (environment: Environment*) {
    alloc_locals;
    let (__fp__, _) = get_fp_and_pc();
    local after: Environment = Environment(
        config_hash=environment.config_hash,
        parameters=environment.parameters,
        prices=environment.prices,
        price_valid_until_ms=environment.price_valid_until_ms,
        oracle_hash=environment.oracle_hash,
        post_only_until_ms=environment.post_only_until_ms,
        custody_quanta=custody_quanta,
        recorded_deficit_quanta=recorded_deficit_quanta,
        next_tick_ms=environment.next_tick_ms,
        orders_until_ms=environment.orders_until_ms,
        tick_underlying=environment.tick_underlying,
        other_custody=other_custody,
        operations=environment.operations,
        withdrawals=environment.withdrawals + 1,
        core_only=environment.core_only,
    );
    return (environment=&after);
}
