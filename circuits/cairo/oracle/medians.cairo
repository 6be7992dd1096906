from circuits.cairo.constants import PRICE_X16_BOUND, RC_BOUND

// What one oracle node signed, and where the prover put its message. `prices_x16` has a cell per
// market and zeros up to a multiple of five.
struct Report {
    signer_index: felt,
    time_ms: felt,
    prices_x16: felt*,
    message: felt*,
}

// Proves that each claimed price is the lower median of the reported ones, and that every reported
// price is in [1, 2^48).
//
// Assumption: 0 <= n_lower, the index of the lower median among n_reports sorted prices.
func check_medians{range_check_ptr}(
    claimed_x16: felt*, reports: Report*, n_reports, n_lower, market_id, n_markets
) {
    if (market_id == n_markets) {
        return ();
    }
    let claimed = claimed_x16[market_id];
    assert [range_check_ptr] = claimed - 1;
    assert [range_check_ptr + 1] = claimed + (RC_BOUND - PRICE_X16_BOUND);
    let range_check_ptr = range_check_ptr + 2;
    let (n_below, n_above) = count_sides(claimed, reports, n_reports, market_id, 0, 0);
    // The sorted prices have the claimed one at index n_lower exactly if no more than n_lower are
    // below it and no more than the rest are above it; then some report has it.
    assert [range_check_ptr] = n_lower - n_below;
    assert [range_check_ptr + 1] = n_reports - 1 - n_lower - n_above;
    let range_check_ptr = range_check_ptr + 2;
    return check_medians(claimed_x16, reports, n_reports, n_lower, market_id + 1, n_markets);
}

// Counts the reported prices below and above the claimed one.
// Assumption: 1 <= claimed < 2^48.
func count_sides{range_check_ptr}(
    claimed, report: Report*, n_reports, market_id, n_below, n_above
) -> (n_below: felt, n_above: felt) {
    if (n_reports == 0) {
        return (n_below=n_below, n_above=n_above);
    }
    tempvar price = report.prices_x16[market_id];
    tempvar a = price - claimed;
    if (a == 0) {
        return count_sides(
            claimed, report + Report.SIZE, n_reports - 1, market_id, n_below, n_above
        );
    }
    %{ memory[ap] = 0 if 0 <= (ids.a % PRIME) < range_check_builtin.bound else 1 %}
    jmp below if [ap] != 0, ap++;
    assert [range_check_ptr] = a - 1;
    assert [range_check_ptr + 1] = price + (RC_BOUND - PRICE_X16_BOUND);
    let range_check_ptr = range_check_ptr + 2;
    return count_sides(
        claimed, report + Report.SIZE, n_reports - 1, market_id, n_below, n_above + 1
    );

    below:
    assert [range_check_ptr] = (-a) - 1;
    assert [range_check_ptr + 1] = price - 1;
    let range_check_ptr = range_check_ptr + 2;
    return count_sides(
        claimed, report + Report.SIZE, n_reports - 1, market_id, n_below + 1, n_above
    );
}
