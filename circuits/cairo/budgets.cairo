from starkware.cairo.common.dict_access import DictAccess
from starkware.cairo.common.registers import get_fp_and_pc

from circuits.cairo.constants import DAY_MS, INSURANCE_ACCOUNT_ID
from circuits.cairo.debts import Sharing, budget_of
from circuits.cairo.numeric import split
from circuits.cairo.state.accounts import Account
from circuits.cairo.state.pools import Pool, check_pool
from circuits.cairo.state.prices import Price
from circuits.cairo.transactions.take_over import worth_of

// Gives a market its budget of the day, if its open interest follows that and it has none yet. Returns its
// pool, which has the budget.
func begin_day{range_check_ptr, accounts_log: DictAccess*}(
    old: Price*, prices: Price**, time_ms
) -> (pool: Pool*) {
    alloc_locals;
    if (old.underlying.gap_ppm == 0) {
        return (pool=old.pool);
    }
    let (local day, _) = split(time_ms, DAY_MS);
    if (old.pool.budget_day == day) {
        return (pool=old.pool);
    }
    let (__fp__, _) = get_fp_and_pc();
    local account: Account*;
    let account_id = INSURANCE_ACCOUNT_ID;
    // Looked at only. Duty 1 by the entry below.
    %{ ids.account = latest_account(ids.accounts_log.address_, ids.account_id) %}
    assert [accounts_log] = DictAccess(account_id, cast(account, felt), cast(account, felt));
    let accounts_log = accounts_log + DictAccess.SIZE;
    let (worth_quanta) = worth_of(account, prices);
    local sharing: Sharing = Sharing(by_loss=0, worth_quanta=worth_quanta, day=day);
    let (budget_quanta) = budget_of(old.pool, &sharing);
    local pool: Pool = Pool(
        cash_quanta=old.pool.cash_quanta,
        lots=old.pool.lots,
        short_prefix=old.pool.short_prefix,
        budget_quanta=budget_quanta,
        budget_day=day,
    );
    check_pool(&pool);
    return (pool=&pool);
}
