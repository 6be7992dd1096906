from starkware.cairo.common.alloc import alloc
from starkware.cairo.common.cairo_builtins import PoseidonBuiltin
from starkware.cairo.common.dict_access import DictAccess
from starkware.cairo.common.registers import get_fp_and_pc

from circuits.cairo.constants import (
    ACCOUNT_ID_BOUND,
    FEE_ACCOUNT_ID,
    MARKET_KEY_BASE,
    MARKET_TREE_HEIGHT,
    MILLE_ONE,
    ORDER_KEY_BASE,
    ORDER_TREE_HEIGHT,
    RC_BOUND,
)
from circuits.cairo.environment import Environment
from circuits.cairo.fee_tiers import FeeRule, FeeSchedule
from circuits.cairo.insurance import credit_insurance
from circuits.cairo.numeric import divide
from circuits.cairo.state.account_leaves import seal_accounts
from circuits.cairo.state.access_log import Squashed
from circuits.cairo.state.accounts import Account
from circuits.cairo.state.globals import Roots
from circuits.cairo.state.market_leaves import seal_markets
from circuits.cairo.state.merkle import Leaf, update_subtree
from circuits.cairo.state.order_leaves import seal_orders

// How the prover divides the squashed logs. `n_ephemeral` orders are born and gone in the batch.
struct Division {
    n_accounts: felt,
    n_orders: felt,
    n_ephemeral: felt,
    n_markets: felt,
}

const ACCOUNT_COUNT_BOUND = 2 ** 24;
const ORDER_COUNT_BOUND = 2 ** 24;
const MARKET_COUNT_BOUND = 2 ** 16;

// Credits the fees of the batch that no account gets back: insurance has its share of them.
func share_fees{range_check_ptr, accounts_log: DictAccess*}(
    environment: Environment*, schedule: FeeSchedule*, kept_quanta
) -> (environment: Environment*) {
    alloc_locals;
    let (local insured_quanta) = divide(kept_quanta * schedule.insurance_permille, MILLE_ONE);
    credit_fees(kept_quanta - insured_quanta);
    if (insured_quanta == 0) {
        return (environment=environment);
    }
    return credit_insurance(environment, insured_quanta);
}

// The account is touched only if there are fees.
func credit_fees{accounts_log: DictAccess*}(fees_quanta) {
    alloc_locals;
    if (fees_quanta == 0) {
        return ();
    }
    let (__fp__, _) = get_fp_and_pc();
    local account: Account*;
    let account_id = FEE_ACCOUNT_ID;
    // Duty 1 by the log entry below; duty 4: the fees are more than 0, and far below the prime.
    %{ ids.account = latest_account(ids.accounts_log.address_, ids.account_id) %}
    local after: Account = Account(
        identity=account.identity,
        window_0=account.window_0,
        fees_quanta=account.fees_quanta,
        collateral_quanta=account.collateral_quanta + fees_quanta,
        cancel_all_at_ms=account.cancel_all_at_ms,
        positions=account.positions,
        prices=account.prices,
        surplus=account.surplus,
    );
    assert [accounts_log] = DictAccess(account_id, cast(account, felt), cast(&after, felt));
    let accounts_log = accounts_log + DictAccess.SIZE;
    return ();
}

// Proves the new roots of the trees and writes the records of accounts, orders and markets to the
// output.
//
// Guarantee: every entry of the logs is used: an account, the order of a slot, an order that was born
// and is gone, or a market (duty 5 of state/access_log.cairo).
func seal_trees{range_check_ptr, poseidon_ptr: PoseidonBuiltin*, output_ptr: felt*}(
    accounts: Squashed*,
    orders: Squashed*,
    markets: Squashed*,
    division: Division*,
    old_roots: Roots*,
    rule: FeeRule*,
    returned_quanta,
) -> (roots: Roots) {
    alloc_locals;
    assert [range_check_ptr] = division.n_accounts;
    assert [range_check_ptr + 1] = division.n_accounts + (RC_BOUND - ACCOUNT_COUNT_BOUND);
    assert [range_check_ptr + 2] = division.n_orders;
    assert [range_check_ptr + 3] = division.n_orders + (RC_BOUND - ORDER_COUNT_BOUND);
    assert [range_check_ptr + 4] = division.n_ephemeral;
    assert [range_check_ptr + 5] = division.n_markets;
    assert [range_check_ptr + 6] = division.n_markets + (RC_BOUND - MARKET_COUNT_BOUND);
    let range_check_ptr = range_check_ptr + 7;
    let (local new_accounts_root) = seal_account_tree(
        accounts.start, division.n_accounts, old_roots.accounts, rule, returned_quanta
    );
    assert accounts.end = accounts.start + division.n_accounts * DictAccess.SIZE;
    let (local new_orders_root) = seal_order_tree(
        orders.start, division.n_orders, old_roots.orders
    );
    let ephemeral = orders.start + division.n_orders * DictAccess.SIZE;
    assert orders.end = ephemeral + division.n_ephemeral * DictAccess.SIZE;
    check_ephemeral(ephemeral, division.n_ephemeral);
    let (new_markets_root) = seal_market_tree(markets.start, division.n_markets, old_roots.markets);
    assert markets.end = markets.start + division.n_markets * DictAccess.SIZE;
    return (roots=Roots(new_accounts_root, new_orders_root, new_markets_root));
}

func seal_account_tree{range_check_ptr, poseidon_ptr: PoseidonBuiltin*, output_ptr: felt*}(
    entry: DictAccess*, n_accounts, old_root, rule: FeeRule*, returned_quanta
) -> (new_root: felt) {
    alloc_locals;
    if (n_accounts == 0) {
        assert returned_quanta = 0;
        return (new_root=old_root);
    }
    // The keys ascend, so the last one bounds all.
    let last = entry + (n_accounts - 1) * DictAccess.SIZE;
    assert [range_check_ptr] = last.key;
    assert [range_check_ptr + 1] = last.key + (RC_BOUND - ACCOUNT_ID_BOUND);
    let range_check_ptr = range_check_ptr + 2;
    let (local leaves: Leaf*) = alloc();
    seal_accounts(entry, leaves, n_accounts, rule, returned_quanta);
    let (new_root) = update_tree(leaves, n_accounts, old_root);
    return (new_root=new_root);
}

func seal_order_tree{range_check_ptr, poseidon_ptr: PoseidonBuiltin*, output_ptr: felt*}(
    entry: DictAccess*, n_orders, old_root
) -> (new_root: felt) {
    alloc_locals;
    if (n_orders == 0) {
        return (new_root=old_root);
    }
    // The keys ascend, so the first and the last one bound all.
    let last = entry + (n_orders - 1) * DictAccess.SIZE;
    tempvar last_slot = last.key - ORDER_KEY_BASE;
    assert [range_check_ptr] = entry.key - ORDER_KEY_BASE;
    assert [range_check_ptr + 1] = last_slot;
    assert [range_check_ptr + 2] = last_slot + (RC_BOUND - 2 ** ORDER_TREE_HEIGHT);
    let range_check_ptr = range_check_ptr + 3;
    let (local leaves: Leaf*) = alloc();
    seal_orders(entry, leaves, n_orders);
    let (new_root) = update_tree(leaves, n_orders, old_root);
    return (new_root=new_root);
}

func seal_market_tree{range_check_ptr, poseidon_ptr: PoseidonBuiltin*, output_ptr: felt*}(
    entry: DictAccess*, n_markets, old_root
) -> (new_root: felt) {
    alloc_locals;
    if (n_markets == 0) {
        return (new_root=old_root);
    }
    // The keys ascend, so the first and the last one bound all.
    let last = entry + (n_markets - 1) * DictAccess.SIZE;
    tempvar last_id = last.key - MARKET_KEY_BASE;
    assert [range_check_ptr] = entry.key - MARKET_KEY_BASE;
    assert [range_check_ptr + 1] = last_id;
    assert [range_check_ptr + 2] = last_id + (RC_BOUND - 2 ** MARKET_TREE_HEIGHT);
    let range_check_ptr = range_check_ptr + 3;
    let (local leaves: Leaf*) = alloc();
    seal_markets(entry, leaves, n_markets);
    let (new_root) = update_tree(leaves, n_markets, old_root);
    return (new_root=new_root);
}

// Guarantee: the leaves, all of them, turn the old root into the returned one.
func update_tree{poseidon_ptr: PoseidonBuiltin*}(leaves: Leaf*, n_leaves, old_root) -> (
    new_root: felt
) {
    let leaf = leaves;
    let (before, after) = update_subtree{leaf=leaf}(1);
    assert before = old_root;
    assert leaf = leaves + n_leaves * Leaf.SIZE;
    return (new_root=after);
}

// Guarantee: nothing remains of these orders, and nothing was there before. Whatever their keys
// are, they came into being in this batch (see OrderTerms), so no tree has them.
func check_ephemeral(entry: DictAccess*, n_ephemeral) {
    if (n_ephemeral == 0) {
        return ();
    }
    assert entry.prev_value = 0;
    assert entry.new_value = 0;
    return check_ephemeral(entry + DictAccess.SIZE, n_ephemeral - 1);
}
