from circuits.cairo.book.taker import Taker
from circuits.cairo.constants import PPM_ONE, RC_BOUND

// Returns what maker and taker pay of a fill. A rate of 0 has no way of its own: the quotient is 0.
//
// Assumption: 0 <= notional < 2^80, and rates are below 2^20.
// Guarantee: fee = div_ceil(notional * rate, 10^6), of each rate. fee * 10^6 < 2^148, so nothing wraps.
func fees_of{range_check_ptr}(notional_quanta, taker: Taker*) -> (
    maker_fee_quanta: felt, taker_fee_quanta: felt
) {
    let remainder = [range_check_ptr];
    let quotient = [range_check_ptr + 1];
    tempvar value = notional_quanta * taker.underlying.maker_fee_ppm + (PPM_ONE - 1);
    let divisor = PPM_ONE;
    %{ ids.quotient, ids.remainder = divmod(ids.value % PRIME, ids.divisor) %}
    tempvar rest = remainder;
    tempvar maker_fee_quanta = quotient;
    assert value = maker_fee_quanta * divisor + rest;
    assert [range_check_ptr + 2] = rest + (RC_BOUND - PPM_ONE);

    let remainder = [range_check_ptr + 3];
    let quotient = [range_check_ptr + 4];
    tempvar value = notional_quanta * taker.fee_ppm + (PPM_ONE - 1);
    let divisor = PPM_ONE;
    %{ ids.quotient, ids.remainder = divmod(ids.value % PRIME, ids.divisor) %}
    tempvar rest = remainder;
    tempvar taker_fee_quanta = quotient;
    assert value = taker_fee_quanta * divisor + rest;
    assert [range_check_ptr + 5] = rest + (RC_BOUND - PPM_ONE);
    let range_check_ptr = range_check_ptr + 6;
    return (maker_fee_quanta=maker_fee_quanta, taker_fee_quanta=taker_fee_quanta);
}
