from starkware.cairo.common.registers import get_fp_and_pc

from circuits.cairo.constants import AGREEMENT_PPM, PPM_ONE, PRICE_X16_BOUND, RC_BOUND

// A walk down a column whose reports are all close to the claimed price.
struct Column {
    range_check_ptr: felt,
    price: felt*,
    // Lower reports to come, plus UPPER times the upper ones, plus EQUAL times the one that is equal.
    n_left: felt,
}

// Far more than there can be reports, so that n_left has one reading.
const UPPER = 2 ** 48;
const EQUAL = 2 ** 96;
const ABSENT = 2 ** 144;

// Proves that each claimed price is the lower median of its column in a table of reported prices, and that
// no more than `most_others` of `n_reports` are far from it or absent, which is 0; or that more are, and
// then the claimed price is 0. Every reported price is below 2^48.
//
// The prover divides the reports of a market into one of the claimed price, n_lower others that are not
// above it, and n_upper that are not below it. That is possible only if the claimed price is at index
// n_lower of the sorted reports.
func check_medians{range_check_ptr}(
    claimed_x16: felt*, column: felt*, row_size, n_left, n_reports, most_others, n_markets
) {
    if (n_markets == 0) {
        return ();
    }
    alloc_locals;
    local claimed = [claimed_x16];
    // Claimed price and difference times 10^6: how far a close report may be.
    local reach = claimed * AGREEMENT_PPM;
    // A guess: whether the column needs the longer way. Both prove the same; the shorter one, of which
    // `n_left` is, that all reports are close.
    %{ memory[ap] = next(witness) %}
    jmp parted if [ap] != 0, ap++;
    assert [range_check_ptr] = claimed - 1;
    // What is close is a price: below the claimed one by less than it, above it and below 2^48.
    assert [range_check_ptr + 1] = claimed * PPM_ONE + reach + (
        RC_BOUND - PRICE_X16_BOUND * PPM_ONE
    );
    tempvar start = Column(range_check_ptr + 2, column, n_left);
    // The stack at `report`, however it is reached: the three cells of the walk, then the flag of
    // the jump, then ap. Hence the walk is at ap - SIZE - 1, here and at `done`; every round ends with
    // the next walk and the next flag.
    tempvar flag = 1;

    report:
    let walk = cast(ap - Column.SIZE - 1, Column*);
    // A guess: the side of this report.
    %{ memory[ap] = next(witness) %}
    jmp other if [ap] != 0, ap++;
    tempvar lower = claimed - [walk.price];
    assert [walk.range_check_ptr] = lower;
    tempvar scaled = lower * PPM_ONE;
    assert [walk.range_check_ptr + 1] = reach - scaled;
    tempvar after = Column(walk.range_check_ptr + 2, walk.price + row_size, walk.n_left - 1);
    // A guess: whether there is another report; n_left must be used up exactly.
    %{ memory[ap] = next(witness) %}
    jmp report if [ap] != 0, ap++;
    jmp done;

    other:
    // A guess: whether its price is not the claimed one.
    %{ memory[ap] = next(witness) %}
    jmp upper if [ap] != 0, ap++;
    assert claimed = [walk.price];
    tempvar after = Column(walk.range_check_ptr, walk.price + row_size, walk.n_left - EQUAL);
    %{ memory[ap] = next(witness) %}
    jmp report if [ap] != 0, ap++;
    jmp done;

    upper:
    tempvar higher = [walk.price] - claimed;
    assert [walk.range_check_ptr] = higher;
    tempvar scaled = higher * PPM_ONE;
    assert [walk.range_check_ptr + 1] = reach - scaled;
    tempvar after = Column(walk.range_check_ptr + 2, walk.price + row_size, walk.n_left - UPPER);
    %{ memory[ap] = next(witness) %}
    jmp report if [ap] != 0, ap++;

    done:
    let walk = cast(ap - Column.SIZE - 1, Column*);
    assert walk.n_left = 0;
    let range_check_ptr = walk.range_check_ptr;
    return check_medians(
        claimed_x16 + 1, column + 1, row_size, n_left, n_reports, most_others, n_markets - 1
    );

    parted:
    check_parted(claimed, column, row_size, n_reports, most_others);
    return check_medians(
        claimed_x16 + 1, column + 1, row_size, n_left, n_reports, most_others, n_markets - 1
    );
}

// What the prover says of a column in which some reports are far or absent: the lower median of those that
// are there, and how many of them count as lower. Without any the median is 1.
struct Parting {
    median_x16: felt,
    n_absent: felt,
    n_lower: felt,
}

// Proves the same of one column.
//
// Assumption: n_reports is below UPPER, and most_others below it.
// Guarantee: both answers to whether there is a price are proven.
func check_parted{range_check_ptr}(claimed, column: felt*, row_size, n_reports, most_others) {
    alloc_locals;
    let (__fp__, _) = get_fp_and_pc();
    local message: Parting;
    %{ segments.write_arg(ids.message.address_, next(witness)) %}
    local n_present = n_reports - message.n_absent;
    assert [range_check_ptr] = message.n_absent;
    assert [range_check_ptr + 1] = n_present;
    assert [range_check_ptr + 2] = message.n_lower;
    assert [range_check_ptr + 3] = message.median_x16 - 1;
    let range_check_ptr = range_check_ptr + 4;
    local n_left;
    if (n_present == 0) {
        assert message.n_lower = 0;
        assert message.median_x16 = 1;
        assert n_left = message.n_absent * ABSENT;
    } else {
        // n_lower = floor((n_present - 1) / 2).
        tempvar odd = n_present - 1 - 2 * message.n_lower;
        assert odd = odd * odd;
        assert n_left = message.n_lower + (n_present - 1 - message.n_lower) * UPPER + EQUAL +
            message.n_absent * ABSENT;
    }
    let (n_far) = count_far(message.median_x16, column, row_size, n_left, 0);
    tempvar beyond = message.n_absent + n_far - most_others;
    if (claimed == 0) {
        assert [range_check_ptr] = beyond - 1;
        let range_check_ptr = range_check_ptr + 1;
        return ();
    }
    assert claimed = message.median_x16;
    assert [range_check_ptr] = -beyond;
    let range_check_ptr = range_check_ptr + 1;
    return ();
}

// What the prover says of a report in such a column: bits.
struct Side {
    // It is the one that is equal, or above the median, or not below it and counted there.
    is_equal: felt,
    is_upper: felt,
    // It is farther from the median than a close one may be.
    is_far: felt,
}

// Returns how many reports are far from the median, with those that were passed before.
//
// Guarantee: both answers to whether a report is far are proven. All products are below 2^70.
func count_far{range_check_ptr}(median, price: felt*, row_size, n_left, n_far) -> (n_far: felt) {
    alloc_locals;
    if (n_left == 0) {
        return (n_far=n_far);
    }
    if ([price] == 0) {
        return count_far(median, price + row_size, row_size, n_left - ABSENT, n_far);
    }
    let (__fp__, _) = get_fp_and_pc();
    local message: Side;
    %{ segments.write_arg(ids.message.address_, next(witness)) %}
    // The equal one is no lower one.
    assert message.is_equal * message.is_equal = message.is_equal * message.is_upper;
    assert message.is_upper = message.is_upper * message.is_upper;
    assert message.is_far = message.is_far * message.is_far;
    local higher = [price] - median;
    assert message.is_equal * higher = 0;
    local distance = (2 * message.is_upper - 1) * higher;
    // More than 0 if it is far.
    local excess = distance * PPM_ONE - median * AGREEMENT_PPM;
    assert [range_check_ptr] = [price];
    assert [range_check_ptr + 1] = [price] + (RC_BOUND - PRICE_X16_BOUND);
    assert [range_check_ptr + 2] = distance;
    assert [range_check_ptr + 3] = message.is_far * (2 * excess - 1) - excess;
    let range_check_ptr = range_check_ptr + 4;
    tempvar other = message.is_upper * (UPPER - 1) + 1;
    tempvar counted = other + message.is_equal * (EQUAL - other);
    return count_far(median, price + row_size, row_size, n_left - counted, n_far + message.is_far);
}
