from starkware.cairo.common.dict_access import DictAccess
from starkware.cairo.common.registers import get_fp_and_pc

from circuits.cairo.constants import INSURANCE_ACCOUNT_ID
from circuits.cairo.environment import Environment, with_prices
from circuits.cairo.margin import surplus_of
from circuits.cairo.numeric import smaller_of
from circuits.cairo.state.accounts import Account

// Pays the insurance fund, which always exists: it makes up what is missing first. Returns the environment
// with what still is.
func credit_insurance{range_check_ptr, accounts_log: DictAccess*}(
    environment: Environment*, income_quanta
) -> (environment: Environment*) {
    alloc_locals;
    let (__fp__, _) = get_fp_and_pc();
    local account: Account*;
    let account_id = INSURANCE_ACCOUNT_ID;
    // Duty 1 by the log entry below; duty 4 by its prices.
    %{ ids.account = latest_account(ids.accounts_log.address_, ids.account_id) %}
    let (local surplus) = surplus_of(account, environment.prices);
    let (local repaid_quanta) = smaller_of(income_quanta, environment.recorded_deficit_quanta);
    local after: Account = Account(
        identity=account.identity,
        window_0=account.window_0,
        fees_quanta=account.fees_quanta,
        collateral_quanta=account.collateral_quanta + income_quanta - repaid_quanta,
        cancel_all_at_ms=account.cancel_all_at_ms,
        positions=account.positions,
        prices=environment.prices,
        surplus=surplus,
    );
    assert [accounts_log] = DictAccess(account_id, cast(account, felt), cast(&after, felt));
    let accounts_log = accounts_log + DictAccess.SIZE;
    if (repaid_quanta == 0) {
        return (environment=environment);
    }
    let (environment) = with_prices(
        environment, environment.prices, environment.recorded_deficit_quanta - repaid_quanta
    );
    return (environment=environment);
}
