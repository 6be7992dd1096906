from circuits.cairo.constants import PRICE_X16_BOUND, RC_BOUND

// A walk down a column of reported prices.
struct Column {
    range_check_ptr: felt,
    price: felt*,
    // Lower reports to come, plus UPPER times the upper ones, plus EQUAL times the one that is equal.
    n_left: felt,
}

// Far more than there can be reports, so that n_left has one reading.
const UPPER = 2 ** 48;
const EQUAL = 2 ** 96;

// Proves that each claimed price is the lower median of its column in a table of reported prices,
// and that every reported price is in [1, 2^48).
//
// The prover divides the reports of a market into one of the claimed price, n_lower others that are not
// above it, and n_upper that are not below it. That is possible only if the claimed price is at index
// n_lower of the sorted reports.
func check_medians{range_check_ptr}(
    claimed_x16: felt*, column: felt*, row_size, n_left, n_markets
) {
    if (n_markets == 0) {
        return ();
    }
    alloc_locals;
    local claimed = [claimed_x16];
    assert [range_check_ptr] = claimed - 1;
    assert [range_check_ptr + 1] = claimed + (RC_BOUND - PRICE_X16_BOUND);
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
    tempvar price = [walk.price];
    assert [walk.range_check_ptr] = claimed - price;
    assert [walk.range_check_ptr + 1] = price - 1;
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
    tempvar price = [walk.price];
    assert [walk.range_check_ptr] = price - claimed;
    assert [walk.range_check_ptr + 1] = price + (RC_BOUND - PRICE_X16_BOUND);
    tempvar after = Column(walk.range_check_ptr + 2, walk.price + row_size, walk.n_left - UPPER);
    %{ memory[ap] = next(witness) %}
    jmp report if [ap] != 0, ap++;

    done:
    let walk = cast(ap - Column.SIZE - 1, Column*);
    assert walk.n_left = 0;
    let range_check_ptr = walk.range_check_ptr;
    return check_medians(claimed_x16 + 1, column + 1, row_size, n_left, n_markets - 1);
}
