from circuits.cairo.constants import PRICE_X16_BOUND, RC_BOUND

// A walk down a column of reported prices.
struct Column {
    range_check_ptr: felt,
    price: felt*,
    // Lower reports to come, plus UPPER times the upper ones.
    n_left: felt,
    // Product of the differences of the lower ones to the claimed price.
    product: felt,
}

// Far more than there can be reports, so that n_left has one reading.
const UPPER = 2 ** 64;

// Proves that each claimed price is the lower median of its column in a table of reported prices,
// and that every reported price is in [1, 2^48).
//
// The prover divides the reports of a market into n_lower + 1 lower ones, none above the claimed
// price and one equal to it, and n_upper upper ones, none below it. That is possible only if the
// claimed price is at index n_lower of the sorted reports.
func check_medians{range_check_ptr}(
    claimed_x16: felt*, column: felt*, row_size, n_left, n_markets
) {
    if (n_markets == 0) {
        return ();
    }
    alloc_locals;
    local claimed = [claimed_x16];
    assert [range_check_ptr] = claimed + (RC_BOUND - PRICE_X16_BOUND);
    tempvar start = Column(range_check_ptr + 1, column, n_left, 1);
    // The stack at `report`, however it is reached: the four cells of the walk, then the flag of
    // the jump, then ap. Hence the walk is at ap - SIZE - 1, here and at `done`; every round pushes
    // the price, the difference, the next walk and the next flag.
    tempvar flag = 1;

    report:
    let walk = cast(ap - Column.SIZE - 1, Column*);
    // A guess: the side of this report.
    %{ memory[ap] = next(witness) %}
    jmp upper if [ap] != 0, ap++;
    tempvar price = [walk.price];
    tempvar below = claimed - price;
    assert [walk.range_check_ptr] = below;
    assert [walk.range_check_ptr + 1] = price - 1;
    tempvar after = Column(
        walk.range_check_ptr + 2, walk.price + row_size, walk.n_left - 1, walk.product * below
    );
    // A guess: whether there is another report; n_left must be used up exactly.
    %{ memory[ap] = next(witness) %}
    jmp report if [ap] != 0, ap++;
    jmp done;

    upper:
    tempvar price = [walk.price];
    tempvar above = price - claimed;
    assert [walk.range_check_ptr] = above;
    assert [walk.range_check_ptr + 1] = price + (RC_BOUND - PRICE_X16_BOUND);
    tempvar after = Column(
        walk.range_check_ptr + 2, walk.price + row_size, walk.n_left - UPPER, walk.product
    );
    %{ memory[ap] = next(witness) %}
    jmp report if [ap] != 0, ap++;

    done:
    let walk = cast(ap - Column.SIZE - 1, Column*);
    assert walk.n_left = 0;
    assert walk.product = 0;
    let range_check_ptr = walk.range_check_ptr;
    return check_medians(claimed_x16 + 1, column + 1, row_size, n_left, n_markets - 1);
}
