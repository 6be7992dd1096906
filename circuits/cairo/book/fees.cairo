from circuits.cairo.constants import PPM_ONE, RC_BOUND

// Assumption: 0 <= notional < 2^80 and 0 <= rate < 2^20.
// Guarantee: fee = div_ceil(notional * rate, 10^6). fee * 10^6 < 2^148, so nothing wraps.
func fee_of{range_check_ptr}(notional_quanta, rate_ppm) -> (fee_quanta: felt) {
    if (rate_ppm == 0) {
        return (fee_quanta=0);
    }
    let remainder = [range_check_ptr];
    let quotient = [range_check_ptr + 1];
    tempvar value = notional_quanta * rate_ppm + (PPM_ONE - 1);
    let divisor = PPM_ONE;
    %{ ids.quotient, ids.remainder = divmod(ids.value % PRIME, ids.divisor) %}
    assert value = quotient * divisor + remainder;
    assert [range_check_ptr + 2] = remainder + (RC_BOUND - PPM_ONE);
    let range_check_ptr = range_check_ptr + 3;
    return (fee_quanta=quotient);
}
