from circuits.cairo.constants import (
    BUDGET_BOUND,
    DAY_BOUND,
    POOL_CASH_BOUND,
    POOL_LOTS_BOUND,
    PREFIX_BOUND,
    RC_BOUND,
    SIDE_BUY,
)

// The second word of an underlying: its pool, which took the positions of failed accounts.
struct Pool {
    cash_quanta: felt,
    lots: felt,
    // What a lot held short has been paid in all, in quanta; see Price.long_prefix.
    short_prefix: felt,
    // What the insurance fund may still pay for the market on a day, counted since the epoch.
    budget_quanta: felt,
    budget_day: felt,
}

// Guarantee: every field is within its bound, so that the word, which is returned, has one reading.
func check_pool{range_check_ptr}(pool: Pool*) -> (word: felt) {
    alloc_locals;
    let (local word) = pack_pool(pool);
    tempvar biased_cash = pool.cash_quanta + POOL_CASH_BOUND;
    assert [range_check_ptr] = biased_cash;
    assert [range_check_ptr + 1] = biased_cash + (RC_BOUND - 2 * POOL_CASH_BOUND);
    tempvar biased_lots = pool.lots + POOL_LOTS_BOUND;
    assert [range_check_ptr + 2] = biased_lots;
    assert [range_check_ptr + 3] = biased_lots + (RC_BOUND - 2 * POOL_LOTS_BOUND);
    assert [range_check_ptr + 4] = pool.budget_quanta;
    assert [range_check_ptr + 5] = pool.budget_quanta + (RC_BOUND - BUDGET_BOUND);
    // The top field, at bit 236: within its own bound.
    assert [range_check_ptr + 6] = pool.budget_day;
    assert [range_check_ptr + 7] = pool.budget_day + (RC_BOUND - DAY_BOUND);
    let range_check_ptr = range_check_ptr + 8;
    check_prefix(pool.short_prefix);
    return (word=word);
}

// Guarantee: what a lot has paid in all is within its bound.
func check_prefix{range_check_ptr}(prefix) {
    tempvar biased_prefix = prefix + PREFIX_BOUND;
    assert [range_check_ptr] = biased_prefix;
    assert [range_check_ptr + 1] = biased_prefix + (RC_BOUND - 2 * PREFIX_BOUND);
    let range_check_ptr = range_check_ptr + 2;
    return ();
}

// Returns the side that stands against so many lots, of a buy or a sell, and how many they are.
//
// Guarantee: they are not 0; their sign is proven.
func opposite_side{range_check_ptr}(lots) -> (side: felt, held_lots: felt) {
    tempvar a = lots - 1;
    %{ memory[ap] = 0 if 0 <= (ids.a % PRIME) < range_check_builtin.bound else 1 %}
    jmp short if [ap] != 0, ap++;
    assert [range_check_ptr] = a;
    let range_check_ptr = range_check_ptr + 1;
    return (side=1 - SIDE_BUY, held_lots=lots);

    short:
    assert [range_check_ptr] = (-lots) - 1;
    let range_check_ptr = range_check_ptr + 1;
    return (side=SIDE_BUY, held_lots=-lots);
}

func pack_pool(pool: Pool*) -> (word: felt) {
    return (
        word=pool.cash_quanta + POOL_CASH_BOUND + (pool.lots + POOL_LOTS_BOUND) * 2 ** 85 + (
            pool.short_prefix + PREFIX_BOUND
        ) * 2 ** 134 + pool.budget_quanta * 2 ** 191 + pool.budget_day * 2 ** 236,
    );
}
