%builtins range_check

// Two shapes that engineers once wrote without the line that makes them sound, and repaired.

const RC_BOUND = 2 ** 128;

func main{range_check_ptr}() {
    return ();
}

// The sides of a path of two levels to the leaf `index`; what is above the root is not looked at.
func path_without_top(index) -> (lower: felt, upper: felt) {
    alloc_locals;
    local lower;
    local upper;
    local top;
    assert lower = lower * lower;
    assert upper = upper * upper;
    assert index + 4 = lower + 2 * upper + 4 * top;
    return (lower=lower, upper=upper);
}

func path_with_top(index) -> (lower: felt, upper: felt) {
    alloc_locals;
    local lower;
    local upper;
    local top;
    assert lower = lower * lower;
    assert upper = upper * upper;
    assert index + 4 = lower + 2 * upper + 4 * top;
    assert top = 1;
    return (lower=lower, upper=upper);
}

// The high bits of a hash, of which the low ones are within their cell.
func limb_without_bound{range_check_ptr}(value) -> (high: felt) {
    alloc_locals;
    local high;
    let low = [range_check_ptr];
    let range_check_ptr = range_check_ptr + 1;
    assert value = low + high * RC_BOUND;
    return (high=high);
}

func limb_with_bound{range_check_ptr}(value) -> (high: felt) {
    alloc_locals;
    local high;
    let low = [range_check_ptr];
    assert [range_check_ptr + 1] = high;
    assert [range_check_ptr + 2] = high + (RC_BOUND - 2 ** 122);
    let range_check_ptr = range_check_ptr + 3;
    assert value = low + high * RC_BOUND;
    return (high=high);
}

// An answer of the prover, which only one of the two functions makes it prove.
func branch_without_proof(value) -> (is_zero: felt) {
    %{ memory[ap] = 0 %}
    jmp other if [ap] != 0, ap++;
    return (is_zero=1);

    other:
    return (is_zero=0);
}

func branch_with_proof(value) -> (is_zero: felt) {
    %{ memory[ap] = 0 %}
    jmp other if [ap] != 0, ap++;
    assert value = 0;
    return (is_zero=1);

    other:
    // value * inverse = 1: not zero.
    tempvar inverse;
    assert value * inverse = 1;
    return (is_zero=0);
}
