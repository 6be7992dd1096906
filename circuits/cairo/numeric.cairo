// Where a reference has the short name `a`, `value` or `message`, a hint's text asks for it by that
// name: docs/spec/circuit.md lists the texts, which the machine knows by heart.

// Comparisons of numbers that do not fit one range-check cell. A value in [0, 2^248) is
// quotient * 2^120 + remainder with both parts in [0, 2^128); every such sum is below 2^249, far
// from the field's prime, so that no negative number has this form.
const WIDE_DIVISOR = 2 ** 120;

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
