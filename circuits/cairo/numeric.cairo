from circuits.cairo.constants import RC_BOUND

// Where a reference has the short name `a`, `value` or `message`, a hint's text asks for it by that
// name: docs/spec/circuit.md lists the texts, which the machine knows by heart.

// Assumption: |value| and limit are below 2^127.
// Guarantee: the number from -limit to limit that is nearest.
func clamp{range_check_ptr}(value, limit) -> (clamped: felt) {
    tempvar a = limit - value;
    %{ memory[ap] = 0 if 0 <= (ids.a % PRIME) < range_check_builtin.bound else 1 %}
    jmp above if [ap] != 0, ap++;
    assert [range_check_ptr] = a;
    tempvar a = limit + value;
    %{ memory[ap] = 0 if 0 <= (ids.a % PRIME) < range_check_builtin.bound else 1 %}
    jmp below if [ap] != 0, ap++;
    assert [range_check_ptr + 1] = a;
    let range_check_ptr = range_check_ptr + 2;
    return (clamped=value);

    above:
    assert [range_check_ptr] = (-a) - 1;
    let range_check_ptr = range_check_ptr + 1;
    return (clamped=limit);

    below:
    assert [range_check_ptr + 1] = (-a) - 1;
    let range_check_ptr = range_check_ptr + 2;
    return (clamped=-limit);
}

// Comparisons of numbers that do not fit one range-check cell. A value in [0, 2^248) is
// quotient * 2^120 + remainder with both parts in [0, 2^128); every such sum is below 2^249, far
// from the field's prime, so that no negative number has this form.
const WIDE_DIVISOR = 2 ** 120;
// Of what is divided.
const QUOTIENT_BOUND = 2 ** 96;

// Guarantee: 0 <= value < 2^249.
func assert_wide_nonnegative{range_check_ptr}(value) {
    let remainder = [range_check_ptr];
    let quotient = [range_check_ptr + 1];
    let divisor = WIDE_DIVISOR;
    %{ ids.quotient, ids.remainder = divmod(ids.value % PRIME, ids.divisor) %}
    assert value = quotient * divisor + remainder;
    let range_check_ptr = range_check_ptr + 2;
    return ();
}

// Assumption: abs(value) < 2^248.
// Guarantee: the result is 1 if value >= 0, else 0; both answers are proven.
func is_wide_nonnegative{range_check_ptr}(value) -> (res: felt) {
    %{ memory[ap] = 0 if ids.value % PRIME < 2**248 else 1 %}
    jmp negative if [ap] != 0, ap++;
    assert_wide_nonnegative(value);
    return (res=1);

    negative:
    assert_wide_nonnegative(-value - 1);
    return (res=0);
}

// Returns floor(value / divisor).
//
// Assumption: 0 <= value < 2^248, 0 < divisor < 2^150, and the result is below 2^96.
// Guarantee: no sum reaches 2^249, so that there is one quotient. `split` is for narrower divisors.
func divide{range_check_ptr}(value, divisor) -> (quotient: felt) {
    alloc_locals;
    local quotient;
    local remainder;
    %{ ids.quotient, ids.remainder = divmod(ids.value % PRIME, ids.divisor) %}
    assert value = quotient * divisor + remainder;
    assert [range_check_ptr] = quotient;
    assert [range_check_ptr + 1] = quotient + (RC_BOUND - QUOTIENT_BOUND);
    let range_check_ptr = range_check_ptr + 2;
    assert_wide_nonnegative(remainder);
    assert_wide_nonnegative(divisor - 1 - remainder);
    return (quotient=quotient);
}

// Assumption: 0 <= value, 0 < divisor <= 2^120, and the quotient is below 2^128.
// Guarantee: the quotient, rounded down, and the remainder: with both below 2^128 no sum reaches 2^249.
func split{range_check_ptr}(value, divisor) -> (quotient: felt, remainder: felt) {
    let remainder = [range_check_ptr];
    let quotient = [range_check_ptr + 1];
    %{ ids.quotient, ids.remainder = divmod(ids.value % PRIME, ids.divisor) %}
    tempvar rest = remainder;
    tempvar times = quotient;
    assert value = times * divisor + rest;
    assert [range_check_ptr + 2] = divisor - (rest + 1);
    let range_check_ptr = range_check_ptr + 3;
    return (quotient=times, remainder=rest);
}

// Returns the smaller of two numbers whose difference is below 2^128.
func smaller_of{range_check_ptr}(x, y) -> (smaller: felt) {
    tempvar a = x - y;
    %{ memory[ap] = 0 if 0 <= (ids.a % PRIME) < range_check_builtin.bound else 1 %}
    jmp less if [ap] != 0, ap++;
    assert [range_check_ptr] = a;
    let range_check_ptr = range_check_ptr + 1;
    return (smaller=y);

    less:
    assert [range_check_ptr] = (-a) - 1;
    let range_check_ptr = range_check_ptr + 1;
    return (smaller=x);
}

// Returns max(value, 0). Assumption: |value| < 2^128.
func larger_of_zero{range_check_ptr}(value) -> (larger: felt) {
    let (smaller) = smaller_of(-value, 0);
    return (larger=-smaller);
}
