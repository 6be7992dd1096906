from starkware.cairo.common.registers import get_fp_and_pc

from circuits.cairo.constants import NONCE_BOUND, NONCE_STEP, RC_BOUND, SKIPPED_NONCES

// A window of nonces is high + skipped * 2^61: the highest nonce that a slot has used, and as bit i
// of `skipped` whether nonce high - 1 - i was not used and still may be. Without gaps it is the
// highest nonce itself; 0 if none was used.
//
// Invariant: a window is below 2^125, and no bit of `skipped` stands for a nonce below 1.
const SKIPPED_BOUND = 2 ** SKIPPED_NONCES;
const WINDOW_BOUND = NONCE_BOUND * SKIPPED_BOUND;

// Those of the slots behind the first, two in a word but for slot 1, which shares its word with slot
// 0. 0 for slots that the account does not have.
struct Windows {
    window_1: felt,
    pair_1: felt,
    pair_2: felt,
    pair_3: felt,
}

// Returns a window after a nonce was used.
//
// Assumption: the invariant.
// Guarantee: the nonce was free, it is from 1 to 2^61 - 1, and what was used stays used.
// place_order.cairo repeats the first branch to save steps: keep in step.
func use_nonce{range_check_ptr}(window, nonce) -> (window: felt) {
    // A guess: 0 if the nonce is the next of a window without gaps.
    %{ memory[ap] = next(witness) %}
    jmp gap if [ap] != 0, ap++;
    // Below 2^61 the old window has no gap.
    assert nonce = window + 1;
    assert [range_check_ptr] = nonce + (RC_BOUND - NONCE_BOUND);
    let range_check_ptr = range_check_ptr + 1;
    return (window=nonce);

    gap:
    let (high, skipped) = open_window(window);
    // The other way is for any but that one, so that each nonce has one.
    tempvar distance = nonce - high - 1;
    assert [range_check_ptr] = distance * distance + skipped - 1;
    let range_check_ptr = range_check_ptr + 1;
    return use_any_nonce(high, skipped, nonce);
}

// The same, given the parts of the window.
func use_any_nonce{range_check_ptr}(high, skipped, nonce) -> (window: felt) {
    alloc_locals;
    assert [range_check_ptr] = nonce + (RC_BOUND - NONCE_BOUND);
    let range_check_ptr = range_check_ptr + 1;
    // Guesses of where the nonce is; each branch proves it.
    %{ memory[ap] = next(witness) %}
    jmp above if [ap] != 0, ap++;
    tempvar index = high - nonce - 1;
    assert [range_check_ptr] = index;
    let range_check_ptr = range_check_ptr + 1;
    let (bit) = skipped_bit(skipped, index);
    return (window=high + (skipped - bit) * NONCE_BOUND);

    above:
    tempvar step = nonce - high;
    %{ memory[ap] = next(witness) %}
    jmp far if [ap] != 0, ap++;
    assert [range_check_ptr] = step - 1;
    assert [range_check_ptr + 1] = SKIPPED_NONCES - step;
    let range_check_ptr = range_check_ptr + 2;
    let (kept) = shift_skipped(skipped, step);
    return (window=nonce + kept * NONCE_BOUND);

    far:
    // Of the nonces that the window holds now, none was used.
    tempvar step = nonce - high;
    assert [range_check_ptr] = step - SKIPPED_NONCES - 1;
    assert [range_check_ptr + 1] = NONCE_STEP - step;
    let range_check_ptr = range_check_ptr + 2;
    return (window=nonce + (SKIPPED_BOUND - 1) * NONCE_BOUND);
}

// Assumption: the invariant, which bounds the upper part.
// Guarantee: the lower part is within its bound, so that there is one reading.
func open_window{range_check_ptr}(value) -> (high: felt, skipped: felt) {
    let remainder = [range_check_ptr];
    let quotient = [range_check_ptr + 1];
    let divisor = NONCE_BOUND;
    %{ ids.quotient, ids.remainder = divmod(ids.value % PRIME, ids.divisor) %}
    assert value = quotient * divisor + remainder;
    assert [range_check_ptr + 2] = remainder + (RC_BOUND - NONCE_BOUND);
    let range_check_ptr = range_check_ptr + 3;
    return (high=remainder, skipped=quotient);
}

// Assumption: 0 <= value < 2^64.
// Guarantee: 0 <= index < 64, and the bit of that index is set. Returns 2^index.
func skipped_bit{range_check_ptr}(value, index) -> (bit: felt) {
    alloc_locals;
    let (local bit) = power_of_two(index);
    let remainder = [range_check_ptr];
    let quotient = [range_check_ptr + 1];
    tempvar divisor = bit * 2;
    %{ ids.quotient, ids.remainder = divmod(ids.value % PRIME, ids.divisor) %}
    assert value = quotient * divisor + remainder;
    // The upper half of what two times the bit leaves.
    assert [range_check_ptr + 2] = remainder - bit;
    assert [range_check_ptr + 3] = divisor - 1 - remainder;
    let range_check_ptr = range_check_ptr + 4;
    return (bit=bit);
}

// Assumption: 0 <= skipped < 2^64.
// Guarantee: 1 <= step <= 64; returns `skipped` behind the step - 1 nonces that were passed now, which
// may be used, and the old highest, which was; cut to 64 bits.
func shift_skipped{range_check_ptr}(skipped, step) -> (kept: felt) {
    alloc_locals;
    let (local half) = power_of_two(step - 1);
    // Below 2^128.
    tempvar value = skipped * half * 2 + half - 1;
    let remainder = [range_check_ptr];
    let quotient = [range_check_ptr + 1];
    let divisor = SKIPPED_BOUND;
    %{ ids.quotient, ids.remainder = divmod(ids.value % PRIME, ids.divisor) %}
    assert value = quotient * divisor + remainder;
    assert [range_check_ptr + 2] = remainder + (RC_BOUND - SKIPPED_BOUND);
    let range_check_ptr = range_check_ptr + 3;
    return (kept=remainder);
}

// Guarantee: 0 <= value < 64. Returns 2^value.
func power_of_two{range_check_ptr}(value) -> (power: felt) {
    alloc_locals;
    let remainder = [range_check_ptr];
    let quotient = [range_check_ptr + 1];
    let divisor = 8;
    %{ ids.quotient, ids.remainder = divmod(ids.value % PRIME, ids.divisor) %}
    assert value = quotient * divisor + remainder;
    assert [range_check_ptr + 2] = quotient + (RC_BOUND - 8);
    assert [range_check_ptr + 3] = remainder + (RC_BOUND - 8);
    local high = quotient;
    let (local low_power) = small_power(remainder);
    let (root) = small_power(high);
    let range_check_ptr = range_check_ptr + 4;
    tempvar fourth = root * root * root * root;
    return (power=low_power * fourth * fourth);
}

// Guarantee: 0 <= exponent < 8. Returns 2^exponent.
func small_power(exponent) -> (power: felt) {
    if (exponent == 0) {
        return (power=1);
    }
    if (exponent == 1) {
        return (power=2);
    }
    if (exponent == 2) {
        return (power=4);
    }
    if (exponent == 3) {
        return (power=8);
    }
    if (exponent == 4) {
        return (power=16);
    }
    if (exponent == 5) {
        return (power=32);
    }
    if (exponent == 6) {
        return (power=64);
    }
    assert exponent = 7;
    return (power=128);
}

// A window in its word: in which one of Windows, and times what.
struct Place {
    window: felt,
    index: felt,
    scale: felt,
}

// Guarantee: the slot is from 1 to 7, and the window is its.
func find_window{range_check_ptr}(windows: Windows*, slot) -> (place: Place) {
    alloc_locals;
    if (slot == 1) {
        return (place=Place(window=windows.window_1, index=0, scale=1));
    }
    // The place of the pair, and in it.
    local index;
    local half;
    tempvar in_second = (slot - 2) * (slot - 3);
    if (in_second == 0) {
        assert index = 1;
        assert half = slot - 2;
    } else {
        tempvar in_third = (slot - 4) * (slot - 5);
        if (in_third == 0) {
            assert index = 2;
            assert half = slot - 4;
        } else {
            assert index = 3;
            assert half = slot - 6;
        }
    }
    assert half = half * half;
    let (lower, upper) = open_pair([cast(windows, felt*) + index]);
    return (
        place=Place(
            window=lower + half * (upper - lower), index=index, scale=1 + half * (WINDOW_BOUND - 1)
        ),
    );
}

// Guarantee: the two windows of a word are within their bounds, so that there is one reading.
func open_pair{range_check_ptr}(word) -> (lower: felt, upper: felt) {
    alloc_locals;
    local message: Pair;
    %{ segments.write_arg(ids.message.address_, next(witness)) %}
    check_pair(message.lower, message.upper);
    assert word = message.lower + message.upper * WINDOW_BOUND;
    return (lower=message.lower, upper=message.upper);
}

struct Pair {
    lower: felt,
    upper: felt,
}

// Guarantee: both are windows, as far as their bounds go.
func check_pair{range_check_ptr}(lower, upper) {
    let limit = RC_BOUND - WINDOW_BOUND;
    assert [range_check_ptr] = lower;
    assert [range_check_ptr + 1] = lower + limit;
    assert [range_check_ptr + 2] = upper;
    assert [range_check_ptr + 3] = upper + limit;
    let range_check_ptr = range_check_ptr + 4;
    return ();
}

// Returns the windows with another one at a place.
func replace_window(windows: Windows*, place: Place, window) -> (windows: Windows*) {
    alloc_locals;
    let (__fp__, _) = get_fp_and_pc();
    local change = (window - place.window) * place.scale;
    if (place.index == 0) {
        local after_0: Windows = Windows(
            window_1=windows.window_1 + change,
            pair_1=windows.pair_1,
            pair_2=windows.pair_2,
            pair_3=windows.pair_3,
        );
        return (windows=&after_0);
    }
    if (place.index == 1) {
        local after_1: Windows = Windows(
            window_1=windows.window_1,
            pair_1=windows.pair_1 + change,
            pair_2=windows.pair_2,
            pair_3=windows.pair_3,
        );
        return (windows=&after_1);
    }
    if (place.index == 2) {
        local after_2: Windows = Windows(
            window_1=windows.window_1,
            pair_1=windows.pair_1,
            pair_2=windows.pair_2 + change,
            pair_3=windows.pair_3,
        );
        return (windows=&after_2);
    }
    local after: Windows = Windows(
        window_1=windows.window_1,
        pair_1=windows.pair_1,
        pair_2=windows.pair_2,
        pair_3=windows.pair_3 + change,
    );
    return (windows=&after);
}
