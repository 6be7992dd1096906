from starkware.cairo.common.cairo_builtins import PoseidonBuiltin
from starkware.cairo.common.dict_access import DictAccess
from starkware.cairo.common.registers import get_fp_and_pc

from circuits.cairo.constants import (
    AMOUNT_BOUND,
    FULL_KEY_WORD,
    LAST_TIME_MS,
    OPERATION_DEPOSIT,
    RC_BOUND,
    RESULT_DEPOSIT_KEY_MISMATCH,
    RESULT_DONE,
    USD_ASSET_ID,
)
from circuits.cairo.environment import Environment, Operation
from circuits.cairo.state.accounts import Account, Identity, Owner, change_holding, hash_owner
from circuits.cairo.state.amounts import Amounts, Holdings, change_amount
from circuits.cairo.state.nonce_windows import Windows
from circuits.cairo.state.positions import Position
from circuits.cairo.state.prices import Price

// An operation of the L1 queue. The output repeats every field but the result code, and L1 compares
// them with its queue.
struct Deposit {
    account_id: felt,
    owner: Owner,
    asset_id: felt,
    amount_quanta: felt,
    result_code: felt,
}

// The L1 contract received an amount of an asset for an account. Returns the environment with the operation
// written to the output.
func deposit{range_check_ptr, poseidon_ptr: PoseidonBuiltin*, accounts_log: DictAccess*}(
    environment: Environment*
) -> (environment: Environment*) {
    alloc_locals;
    let (__fp__, _) = get_fp_and_pc();
    local message: Deposit;
    %{ segments.write_arg(ids.message.address_, next(witness)) %}
    assert [range_check_ptr] = message.amount_quanta - 1;
    assert [range_check_ptr + 1] = message.amount_quanta + (RC_BOUND - AMOUNT_BOUND);
    let range_check_ptr = range_check_ptr + 2;
    // What a new account begins with.
    assert message.owner.word_0 = FULL_KEY_WORD;
    local account: Account*;
    let account_id = message.account_id;
    // Duty 1 by the log entry below; duty 4: the amount is more than 0.
    %{ ids.account = latest_account(ids.accounts_log.address_, ids.account_id) %}
    let (after, local result_code) = credit(
        account, &message.owner, message.asset_id, message.amount_quanta
    );
    assert message.result_code = result_code;
    assert [accounts_log] = DictAccess(account_id, cast(account, felt), cast(after, felt));
    let accounts_log = accounts_log + DictAccess.SIZE;

    let operation = environment.operations;
    assert operation.head = OPERATION_DEPOSIT + result_code * 2 ** 8 + account_id * 2 ** 16 +
        message.amount_quanta * 2 ** 48 + message.asset_id * 2 ** 112;
    assert operation.l1_address = message.owner.l1_address;
    assert operation.stark_key = message.owner.key_0;
    // The codes are 0 if the amount was credited, and 1.
    let credited_quanta = message.amount_quanta * (RESULT_DEPOSIT_KEY_MISMATCH - result_code);
    local custody_quanta;
    local other_custody: Amounts*;
    if (message.asset_id == USD_ASSET_ID) {
        assert custody_quanta = environment.custody_quanta + credited_quanta;
        assert other_custody = environment.other_custody;
        tempvar range_check_ptr = range_check_ptr;
    } else {
        assert custody_quanta = environment.custody_quanta;
        let (amounts) = change_amount(environment.other_custody, message.asset_id, credited_quanta);
        assert other_custody = amounts;
        tempvar range_check_ptr = range_check_ptr;
    }
    local environment_after: Environment = Environment(
        config_hash=environment.config_hash,
        parameters=environment.parameters,
        prices=environment.prices,
        price_valid_until_ms=environment.price_valid_until_ms,
        oracle_hash=environment.oracle_hash,
        post_only_until_ms=environment.post_only_until_ms,
        custody_quanta=custody_quanta,
        recorded_deficit_quanta=environment.recorded_deficit_quanta,
        next_tick_ms=environment.next_tick_ms,
        orders_until_ms=environment.orders_until_ms,
        tick_underlying=environment.tick_underlying,
        other_custody=other_custody,
        operations=operation + Operation.SIZE,
        withdrawals=environment.withdrawals,
        core_only=environment.core_only,
    );
    return (environment=&environment_after);
}

// Returns the account with the amount, or as it was and the reason.
func credit{range_check_ptr, poseidon_ptr: PoseidonBuiltin*}(
    account: Account*, owner: Owner*, asset_id, amount_quanta
) -> (account: Account*, result_code: felt) {
    alloc_locals;
    if (cast(account, felt) == 0) {
        let (created) = create_account(owner);
        let (after) = add_amount(created, asset_id, amount_quanta);
        return (account=after, result_code=RESULT_DONE);
    }
    let known = account.identity.owner;
    if (known.l1_address != owner.l1_address) {
        return (account=account, result_code=RESULT_DEPOSIT_KEY_MISMATCH);
    }
    if (known.key_0 != owner.key_0) {
        return (account=account, result_code=RESULT_DEPOSIT_KEY_MISMATCH);
    }
    let (after) = add_amount(account, asset_id, amount_quanta);
    return (account=after, result_code=RESULT_DONE);
}

func create_account{poseidon_ptr: PoseidonBuiltin*}(owner: Owner*) -> (account: Account*) {
    alloc_locals;
    let (__fp__, _) = get_fp_and_pc();
    let (keys_hash) = hash_owner(owner, 1);
    local identity: Identity = Identity(
        owner=owner,
        keys_hash=keys_hash,
        n_keys=1,
        windows=cast(0, Windows*),
        is_changed=0,
        counts=1,
        holdings=cast(0, Holdings*),
        auction_start_ms=0,
        fees_word=0,
    );
    local account: Account = Account(
        identity=&identity,
        window_0=0,
        fees_quanta=0,
        collateral_quanta=0,
        cancel_all_at_ms=LAST_TIME_MS,
        positions=cast(0, Position*),
        prices=cast(0, Price**),
        surplus=0,
    );
    return (account=&account);
}

// Guarantee: 0 <= asset_id < MAX_ASSETS.
func add_amount{range_check_ptr}(account: Account*, asset_id, amount_quanta) -> (
    account: Account*
) {
    alloc_locals;
    let (__fp__, _) = get_fp_and_pc();
    local identity: Identity*;
    local collateral_quanta;
    if (asset_id == USD_ASSET_ID) {
        assert identity = account.identity;
        assert collateral_quanta = account.collateral_quanta + amount_quanta;
        tempvar range_check_ptr = range_check_ptr;
    } else {
        let (changed) = change_holding(account.identity, asset_id, amount_quanta);
        assert identity = changed;
        assert collateral_quanta = account.collateral_quanta;
        tempvar range_check_ptr = range_check_ptr;
    }
    local after: Account = Account(
        identity=identity,
        window_0=account.window_0,
        fees_quanta=account.fees_quanta,
        collateral_quanta=collateral_quanta,
        cancel_all_at_ms=account.cancel_all_at_ms,
        positions=account.positions,
        prices=account.prices,
        surplus=account.surplus,
    );
    return (account=&after);
}
