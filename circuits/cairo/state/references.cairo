from starkware.cairo.common.registers import get_fp_and_pc

from circuits.cairo.constants import (
    CHARGED_BOUND,
    KEEP_REFERENCE_MS,
    PRICE_X16_BOUND,
    RC_BOUND,
    RESOLVE_MS,
    TIME_BOUND,
)
from circuits.cairo.numeric import smaller_of

// The last word of an underlying: from where gains are counted, as losses may have to be shared by who
// has some; see novation/protocol/rules/resolving.py. A record is never changed: tables share it.
struct Reference {
    // Since this mark, and since the next such mark.
    ref_x16: felt,
    window_x16: felt,
    // When the index last jumped; 0 if it never did.
    jumped_ms: felt,
    // What a lot of either side was charged since ref_x16, less what it was given; since window_x16
    // nothing was.
    long_charged_quanta: felt,
    short_charged_quanta: felt,
}

// Guarantee: every field is within its bound, so that the word, which is returned, has one reading; the
// top one, at bit 198, ends below bit 251.
func check_reference{range_check_ptr}(reference: Reference*) -> (word: felt) {
    assert [range_check_ptr] = reference.ref_x16;
    assert [range_check_ptr + 1] = reference.ref_x16 + (RC_BOUND - 2 * PRICE_X16_BOUND);
    assert [range_check_ptr + 2] = reference.window_x16;
    assert [range_check_ptr + 3] = reference.window_x16 + (RC_BOUND - 2 * PRICE_X16_BOUND);
    assert [range_check_ptr + 4] = reference.jumped_ms;
    assert [range_check_ptr + 5] = reference.jumped_ms + (RC_BOUND - TIME_BOUND);
    tempvar biased_long = reference.long_charged_quanta + CHARGED_BOUND;
    assert [range_check_ptr + 6] = biased_long;
    assert [range_check_ptr + 7] = biased_long + (RC_BOUND - 2 * CHARGED_BOUND);
    tempvar biased_short = reference.short_charged_quanta + CHARGED_BOUND;
    assert [range_check_ptr + 8] = biased_short;
    assert [range_check_ptr + 9] = biased_short + (RC_BOUND - 2 * CHARGED_BOUND);
    let range_check_ptr = range_check_ptr + 10;
    let (word) = pack_reference(reference);
    return (word=word);
}

func pack_reference(reference: Reference*) -> (word: felt) {
    return (
        word=reference.ref_x16 + reference.window_x16 * 2 ** 49 + reference.jumped_ms * 2 ** 98 + (
            reference.long_charged_quanta + CHARGED_BOUND
        ) * 2 ** 146 + (reference.short_charged_quanta + CHARGED_BOUND) * 2 ** 198,
    );
}

// Returns a record of marks since which nothing was charged.
func refer_to(ref_x16, window_x16, jumped_ms) -> (reference: Reference*) {
    alloc_locals;
    let (__fp__, _) = get_fp_and_pc();
    local reference: Reference = Reference(
        ref_x16=ref_x16,
        window_x16=window_x16,
        jumped_ms=jumped_ms,
        long_charged_quanta=0,
        short_charged_quanta=0,
    );
    return (reference=&reference);
}

// Returns from where gains are counted once the index has jumped: from the mark of before or the start of
// the minute, whichever is farther, or, if there was a jump not long ago, from before that one. From the
// mark of now on the next move is measured.
func refer_behind_jump{range_check_ptr}(
    old: Reference*, old_mark_price_x16, mark_price_x16, time_ms
) -> (reference: Reference*) {
    alloc_locals;
    let (is_kept) = keeps(old, time_ms);
    if (is_kept == 0) {
        let (ref_x16) = farther_of(mark_price_x16, old_mark_price_x16, old.window_x16);
        let (reference) = refer_to(ref_x16, mark_price_x16, time_ms);
        return (reference=reference);
    }
    let (__fp__, _) = get_fp_and_pc();
    local longer: Reference = Reference(
        ref_x16=old.ref_x16,
        window_x16=mark_price_x16,
        jumped_ms=time_ms,
        long_charged_quanta=old.long_charged_quanta,
        short_charged_quanta=old.short_charged_quanta,
    );
    return (reference=&longer);
}

// Returns which of two marks is farther from a third, the first if both are equally far. Squares of marks
// are below 2^98.
func farther_of{range_check_ptr}(mark_x16, first_x16, second_x16) -> (farther_x16: felt) {
    tempvar first = mark_x16 - first_x16;
    tempvar second = mark_x16 - second_x16;
    tempvar a = first * first - second * second;
    %{ memory[ap] = 0 if 0 <= (ids.a % PRIME) < range_check_builtin.bound else 1 %}
    jmp nearer if [ap] != 0, ap++;
    assert [range_check_ptr] = a;
    let range_check_ptr = range_check_ptr + 1;
    return (farther_x16=first_x16);

    nearer:
    assert [range_check_ptr] = (-a) - 1;
    let range_check_ptr = range_check_ptr + 1;
    return (farther_x16=second_x16);
}

// Returns from where gains are counted at the end of a minute: from the start of the last one, or still
// from before a jump not long ago.
func refer_to_window{range_check_ptr}(old: Reference*, mark_price_x16, time_ms) -> (
    reference: Reference*
) {
    alloc_locals;
    let (is_kept) = keeps(old, time_ms);
    if (is_kept != 0) {
        return (reference=old);
    }
    let (reference) = refer_to(old.window_x16, mark_price_x16, old.jumped_ms);
    return (reference=reference);
}

// Guarantee: 1 if gains are counted from before the last jump whatever happens, else 0, both proven.
func keeps{range_check_ptr}(reference: Reference*, time_ms) -> (res: felt) {
    tempvar a = time_ms - reference.jumped_ms - KEEP_REFERENCE_MS;
    %{ memory[ap] = 0 if 0 <= (ids.a % PRIME) < range_check_builtin.bound else 1 %}
    jmp early if [ap] != 0, ap++;
    assert [range_check_ptr] = a;
    let range_check_ptr = range_check_ptr + 1;
    return (res=0);

    early:
    assert [range_check_ptr] = (-a) - 1;
    let range_check_ptr = range_check_ptr + 1;
    return (res=1);
}

// Returns the later one of two times: until when orders must be post-only, and when a jump is settled.
func trading_start{range_check_ptr}(post_only_until_ms, jumped_ms) -> (free_from_ms: felt) {
    let settled_ms = jumped_ms + RESOLVE_MS;
    let (earlier_ms) = smaller_of(post_only_until_ms, settled_ms);
    return (free_from_ms=post_only_until_ms + settled_ms - earlier_ms);
}
