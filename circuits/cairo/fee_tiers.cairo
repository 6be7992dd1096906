from circuits.cairo.constants import (
    FEE_DAYS,
    FEES_BOUND,
    MAX_RETURNED_PERMILLE,
    MILLE_ONE,
    QUANTA_PER_USD,
    RC_BOUND,
    TIER_THRESHOLD_BOUND,
)
from circuits.cairo.numeric import divide

// What accounts have paid of fees and what goes back to them, docs/spec/protocol.md section 20. In the word
// of a leaf what counts of the fees stands above the day when they were paid.
const FEE_DAY_BOUND = 2 ** 22;

// Who has paid so much gets back thousandths of what else it pays.
struct FeeTier {
    threshold_usd: felt,
    returned_permille: felt,
}

// All tiers by ascending threshold: a table behind whose last row stands what nobody reaches. Of what is
// not returned insurance gets thousandths.
struct FeeSchedule {
    tier_1: FeeTier,
    tier_2: FeeTier,
    tier_3: FeeTier,
    tier_4: FeeTier,
    above_usd: felt,
    insurance_permille: felt,
    // 1 if what an order brings when it is met counts for its account, too.
    rebates: felt,
    word: felt,
}

// The schedule and the day of a batch: those that it began with.
struct FeeRule {
    schedule: FeeSchedule*,
    day: felt,
}

// Fees are below 2^96 quanta.
const ABOVE_USD = 2 ** 100;

// Guarantee: the table is the only reading of its word; thresholds do not fall, and no share is above
// its bound.
func check_fee_schedule{range_check_ptr}(schedule: FeeSchedule*) {
    assert schedule.above_usd = ABOVE_USD;
    tempvar threshold_1 = schedule.tier_1.threshold_usd;
    tempvar threshold_2 = schedule.tier_2.threshold_usd;
    tempvar threshold_3 = schedule.tier_3.threshold_usd;
    tempvar threshold_4 = schedule.tier_4.threshold_usd;
    assert [range_check_ptr] = threshold_1;
    assert [range_check_ptr + 1] = threshold_2 - threshold_1;
    assert [range_check_ptr + 2] = threshold_3 - threshold_2;
    assert [range_check_ptr + 3] = threshold_4 - threshold_3;
    // The last one bounds all.
    assert [range_check_ptr + 4] = threshold_4 + (RC_BOUND - TIER_THRESHOLD_BOUND);
    tempvar returned_1 = schedule.tier_1.returned_permille;
    tempvar returned_2 = schedule.tier_2.returned_permille;
    tempvar returned_3 = schedule.tier_3.returned_permille;
    tempvar returned_4 = schedule.tier_4.returned_permille;
    tempvar insurance_permille = schedule.insurance_permille;
    let limit = RC_BOUND - 1 - MAX_RETURNED_PERMILLE;
    assert [range_check_ptr + 5] = returned_1;
    assert [range_check_ptr + 6] = returned_1 + limit;
    assert [range_check_ptr + 7] = returned_2;
    assert [range_check_ptr + 8] = returned_2 + limit;
    assert [range_check_ptr + 9] = returned_3;
    assert [range_check_ptr + 10] = returned_3 + limit;
    assert [range_check_ptr + 11] = returned_4;
    assert [range_check_ptr + 12] = returned_4 + limit;
    assert [range_check_ptr + 13] = insurance_permille;
    assert [range_check_ptr + 14] = insurance_permille + (RC_BOUND - 1 - MILLE_ONE);
    let range_check_ptr = range_check_ptr + 15;
    tempvar rebates = schedule.rebates;
    assert rebates = rebates * rebates;
    assert schedule.word = threshold_1 + returned_1 * 2 ** 32 + threshold_2 * 2 ** 42 + returned_2 *
        2 ** 74 + threshold_3 * 2 ** 84 + returned_3 * 2 ** 116 + threshold_4 * 2 ** 126 +
        returned_4 * 2 ** 158 + insurance_permille * 2 ** 168 + rebates * 2 ** 178;
    return ();
}

// Returns the word of an account that has paid fees in the batch, and what of them goes back to it.
//
// Assumption: the word is that of a leaf, or 0. Fees are above 0, and below 2^100.
// Guarantee: its day is not a later one, so that it has one reading; the tier is that of what counts of the
// fees before the batch.
func settle_fees{range_check_ptr}(rule: FeeRule*, word, fees_quanta) -> (
    word: felt, returned_quanta: felt
) {
    alloc_locals;
    local known_quanta;
    local range_check_known;
    let remainder = [range_check_ptr];
    let quotient = [range_check_ptr + 1];
    let value = word;
    let divisor = FEE_DAY_BOUND;
    %{ ids.quotient, ids.remainder = divmod(ids.value % PRIME, ids.divisor) %}
    tempvar paid_quanta = quotient;
    tempvar days = rule.day - remainder;
    assert value = paid_quanta * divisor + remainder;
    jmp later if days != 0;
    assert known_quanta = paid_quanta;
    assert range_check_known = range_check_ptr + 2;
    jmp known;

    later:
    assert [range_check_ptr + 2] = days - 1;
    tempvar a = FEE_DAYS - days;
    %{ memory[ap] = 0 if 0 <= (ids.a % PRIME) < range_check_builtin.bound else 1 %}
    jmp forgotten if [ap] != 0, ap++;
    assert [range_check_ptr + 3] = a;
    let range_check_ptr = range_check_ptr + 4;
    let (left_quanta) = divide(paid_quanta * a, FEE_DAYS);
    assert known_quanta = left_quanta;
    assert range_check_known = range_check_ptr;
    jmp known;

    forgotten:
    assert [range_check_ptr + 3] = (-a) - 1;
    assert known_quanta = 0;
    assert range_check_known = range_check_ptr + 4;

    known:
    tempvar range_check_ptr = range_check_known;
    tempvar sum_quanta = known_quanta + fees_quanta;
    assert [range_check_ptr] = sum_quanta + (RC_BOUND - FEES_BOUND);
    // Most have no tier: same as find_tier(), keep in step.
    tempvar schedule = rule.schedule;
    tempvar a = known_quanta - schedule.tier_1.threshold_usd * QUANTA_PER_USD;
    %{ memory[ap] = 0 if 0 <= (ids.a % PRIME) < range_check_builtin.bound else 1 %}
    jmp below if [ap] != 0, ap++;
    assert [range_check_ptr + 1] = a;
    let range_check_ptr = range_check_ptr + 2;
    let (returned_permille) = find_tier(&rule.schedule.tier_1, known_quanta);
    let (returned_quanta) = divide(fees_quanta * returned_permille, MILLE_ONE);
    return (
        word=rule.day + (known_quanta + fees_quanta) * FEE_DAY_BOUND,
        returned_quanta=returned_quanta,
    );

    below:
    assert [range_check_ptr + 1] = (-a) - 1;
    let range_check_ptr = range_check_ptr + 2;
    return (word=rule.day + sum_quanta * FEE_DAY_BOUND, returned_quanta=0);
}

// Returns what the highest row returns, from the given one on, that the fees reach.
//
// Assumption: they reach the given one.
func find_tier{range_check_ptr}(tier: FeeTier*, fees_quanta) -> (returned_permille: felt) {
    let next = tier + FeeTier.SIZE;
    tempvar a = fees_quanta - next.threshold_usd * QUANTA_PER_USD;
    %{ memory[ap] = 0 if 0 <= (ids.a % PRIME) < range_check_builtin.bound else 1 %}
    jmp below if [ap] != 0, ap++;
    assert [range_check_ptr] = a;
    let range_check_ptr = range_check_ptr + 1;
    return find_tier(next, fees_quanta);

    below:
    assert [range_check_ptr] = (-a) - 1;
    let range_check_ptr = range_check_ptr + 1;
    return (returned_permille=tier.returned_permille);
}
