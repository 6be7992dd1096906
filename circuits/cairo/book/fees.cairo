from circuits.cairo.constants import MILLE_ONE, PPM_ONE, RC_BOUND

// Fees are rates in parts per million, of which a tier pays thousandths.
const FEE_RATE_ONE = PPM_ONE * MILLE_ONE;

// Assumption: 0 <= notional < 2^80 and 0 <= rate < 2^30.
// Guarantee: fee = div_ceil(notional * rate, 10^9). fee * 10^9 < 2^158, so nothing wraps.
func fee_of{range_check_ptr}(notional_quanta, rate) -> (fee_quanta: felt) {
    if (rate == 0) {
        return (fee_quanta=0);
    }
    let remainder = [range_check_ptr];
    let quotient = [range_check_ptr + 1];
    tempvar value = notional_quanta * rate + (FEE_RATE_ONE - 1);
    let divisor = FEE_RATE_ONE;
    %{ ids.quotient, ids.remainder = divmod(ids.value % PRIME, ids.divisor) %}
    assert value = quotient * divisor + remainder;
    assert [range_check_ptr + 2] = remainder + (RC_BOUND - FEE_RATE_ONE);
    let range_check_ptr = range_check_ptr + 3;
    return (fee_quanta=quotient);
}
