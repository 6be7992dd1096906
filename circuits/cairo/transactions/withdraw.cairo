from starkware.cairo.common.cairo_builtins import PoseidonBuiltin, SignatureBuiltin
from starkware.cairo.common.dict_access import DictAccess
from starkware.cairo.common.registers import get_fp_and_pc

from circuits.cairo.constants import AMOUNT_BOUND, MESSAGE_WITHDRAW, RC_BOUND, WITHDRAW_BIT
from circuits.cairo.environment import Environment
from circuits.cairo.margin import COLLATERAL_FACTOR, surplus_of
from circuits.cairo.numeric import assert_wide_nonnegative
from circuits.cairo.state.accounts import Account, MessageHead, authorize

struct Withdraw {
    head: MessageHead,
    amount_quanta: felt,
}

// Collateral leaves an account and becomes payable to its owner on L1. Returns the environment with
// the withdrawal written to the output.
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
    // Duty 1 by the log entry below; duty 4 by its prices.
    %{ ids.account = latest_account(ids.accounts_log.address_, ids.account_id) %}
    // A timer that has run out is applied first: see apply_timer.
    assert [range_check_ptr + 2] = account.cancel_all_at_ms - time_ms - 1;
    let range_check_ptr = range_check_ptr + 3;
    let (local identity, local window_0) = authorize(
        MESSAGE_WITHDRAW,
        message.head,
        0,
        0,
        message.amount_quanta,
        WITHDRAW_BIT,
        time_ms,
        environment.config_hash,
        account,
    );

    // With a slot the margin depends on prices, which must be valid.
    local range_check_priced;
    if (cast(account.positions, felt) == 0) {
        assert range_check_priced = range_check_ptr;
    } else {
        assert [range_check_ptr] = environment.price_valid_until_ms - time_ms;
        assert range_check_priced = range_check_ptr + 1;
    }
    let range_check_ptr = range_check_priced;
    // Equity counts profit that no one has paid in yet; what is not there cannot leave.
    local custody_quanta = environment.custody_quanta - message.amount_quanta;
    assert [range_check_ptr] = custody_quanta;
    let range_check_ptr = range_check_ptr + 1;

    local collateral_quanta = account.collateral_quanta - message.amount_quanta;
    let (local surplus) = surplus_of(account, environment.prices);
    // Initial margin without the reducing rule.
    assert_wide_nonnegative(collateral_quanta * COLLATERAL_FACTOR + surplus);
    local after: Account = Account(
        identity=identity,
        window_0=window_0,
        collateral_quanta=collateral_quanta,
        cancel_all_at_ms=account.cancel_all_at_ms,
        positions=account.positions,
        prices=environment.prices,
        surplus=surplus,
    );
    assert [accounts_log] = DictAccess(account_id, cast(account, felt), cast(&after, felt));
    let accounts_log = accounts_log + DictAccess.SIZE;

    assert [environment.withdrawals] = message.amount_quanta + identity.owner.l1_address * 2 ** 64;
    local environment_after: Environment = Environment(
        config_hash=environment.config_hash,
        parameters=environment.parameters,
        prices=environment.prices,
        price_valid_until_ms=environment.price_valid_until_ms,
        oracle_hash=environment.oracle_hash,
        post_only_until_ms=environment.post_only_until_ms,
        custody_quanta=custody_quanta,
        next_tick_ms=environment.next_tick_ms,
        tick_underlying=environment.tick_underlying,
        operations=environment.operations,
        withdrawals=environment.withdrawals + 1,
    );
    return (environment=&environment_after);
}
