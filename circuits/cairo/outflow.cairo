from starkware.cairo.common.registers import get_fp_and_pc

from circuits.cairo.constants import AMOUNT_BOUND, HOUR_MS, PPM_ONE
from circuits.cairo.numeric import divide
from circuits.cairo.state.amounts import Amounts, Triple, assert_amount
from circuits.cairo.state.globals import Globals

// The part of a batch that every asset's guard needs.
struct Passage {
    share_ppm: felt,
    elapsed_ms: felt,
}

// Of what is forgotten in a millisecond: a share in an hour.
const FORGOTTEN_SCALE = PPM_ONE * HOUR_MS;

// Returns what counts at the end of a batch of what has left, of USD and of the other assets.
//
// Guarantee: of no asset more has left than may have, all accounts together.
func follow_outflows{range_check_ptr}(
    share_ppm, before: Globals*, time_ms, custody_quanta, other_custody: Amounts*
) -> (outflow_quanta: felt, other_outflows: Amounts) {
    alloc_locals;
    if (share_ppm == 0) {
        return (outflow_quanta=0, other_outflows=Amounts(0, 0, 0));
    }
    let (__fp__, _) = get_fp_and_pc();
    local passage: Passage = Passage(share_ppm, time_ms - before.time_ms);
    let (local outflow_quanta) = follow_outflow(
        &passage, before.outflow_quanta, before.custody_quanta, custody_quanta
    );
    let (local word_0) = follow_word(
        &passage, before.other_outflows.word_0, before.other_custody.word_0, other_custody.word_0
    );
    let (local word_1) = follow_word(
        &passage, before.other_outflows.word_1, before.other_custody.word_1, other_custody.word_1
    );
    let (word_2) = follow_word(
        &passage, before.other_outflows.word_2, before.other_custody.word_2, other_custody.word_2
    );
    return (outflow_quanta=outflow_quanta, other_outflows=Amounts(word_0, word_1, word_2));
}

// Returns the word of what counts of three assets, given their words before, and of custody.
//
// A word is opened only if something counts or has moved: else nothing counts after it either.
func follow_word{range_check_ptr}(passage: Passage*, outflow_word, before_word, after_word) -> (
    outflow_word: felt
) {
    alloc_locals;
    if (outflow_word == 0) {
        if (before_word == after_word) {
            return (outflow_word=0);
        }
    }
    let (local outflows: Triple) = open_triple(outflow_word);
    let (local before: Triple) = open_triple(before_word);
    let (local after: Triple) = open_triple(after_word);
    let (local first) = follow_outflow(passage, outflows.first, before.first, after.first);
    let (local second) = follow_outflow(passage, outflows.second, before.second, after.second);
    let (third) = follow_outflow(passage, outflows.third, before.third, after.third);
    return (outflow_word=first + second * AMOUNT_BOUND + third * AMOUNT_BOUND ** 2);
}

// Returns the amounts of a word. They are guesses, of which the bounds leave one reading.
func open_triple{range_check_ptr}(word) -> (triple: Triple) {
    alloc_locals;
    let (__fp__, _) = get_fp_and_pc();
    local message: Triple;
    %{ segments.write_arg(ids.message.address_, next(witness)) %}
    assert_amount(message.first);
    assert_amount(message.second);
    assert_amount(message.third);
    assert word = message.first + message.second * AMOUNT_BOUND + message.third * AMOUNT_BOUND ** 2;
    return (triple=message);
}

// Returns what counts of one asset: what counted before, less what time has let be forgotten, and what
// has left more than come; nothing if that is less.
//
// Assumption: amounts are below 2^63, the share is at most one, and the time below 2^48, so that all
// sums are below 2^100.
// Guarantee: if custody fell, that is no more than may leave at once, hence below 2^63.
func follow_outflow{range_check_ptr}(
    passage: Passage*, outflow_quanta, before_quanta, after_quanta
) -> (outflow_quanta: felt) {
    alloc_locals;
    local shared = before_quanta * passage.share_ppm;
    let (forgotten_quanta) = divide(
        shared * passage.elapsed_ms + (FORGOTTEN_SCALE - 1), FORGOTTEN_SCALE
    );
    local counted_quanta = outflow_quanta - forgotten_quanta + before_quanta - after_quanta;
    tempvar a = after_quanta - before_quanta;
    %{ memory[ap] = 0 if 0 <= (ids.a % PRIME) < range_check_builtin.bound else 1 %}
    jmp fell if [ap] != 0, ap++;
    assert [range_check_ptr] = a;
    let range_check_ptr = range_check_ptr + 1;
    return positive_part(counted_quanta);

    fell:
    assert [range_check_ptr] = (-a) - 1;
    let range_check_ptr = range_check_ptr + 1;
    let (limit_quanta) = divide(shared + (PPM_ONE - 1), PPM_ONE);
    assert [range_check_ptr] = limit_quanta - counted_quanta;
    let range_check_ptr = range_check_ptr + 1;
    return positive_part(counted_quanta);
}

func positive_part{range_check_ptr}(quanta) -> (outflow_quanta: felt) {
    tempvar a = quanta;
    %{ memory[ap] = 0 if 0 <= (ids.a % PRIME) < range_check_builtin.bound else 1 %}
    jmp negative if [ap] != 0, ap++;
    assert [range_check_ptr] = a;
    let range_check_ptr = range_check_ptr + 1;
    return (outflow_quanta=a);

    negative:
    assert [range_check_ptr] = (-a) - 1;
    let range_check_ptr = range_check_ptr + 1;
    return (outflow_quanta=0);
}
