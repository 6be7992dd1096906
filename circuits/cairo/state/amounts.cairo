from starkware.cairo.common.builtin_poseidon.poseidon import poseidon_hash
from starkware.cairo.common.cairo_builtins import PoseidonBuiltin
from starkware.cairo.common.registers import get_fp_and_pc

from circuits.cairo.constants import AMOUNT_BOUND, RC_BOUND

// Amounts of the assets besides USD, of an account or in custody. A word has three: those of assets
// 1 to 3, of 4 to 6, and of 7. Only who changes an amount opens its word.
struct Amounts {
    word_0: felt,
    word_1: felt,
    word_2: felt,
}

// What an account holds of them; `is_changed` is 1 if this batch changed it: the output must then
// have it.
struct Holdings {
    amounts: Amounts,
    is_changed: felt,
}

// The amounts of a word.
struct Triple {
    first: felt,
    second: felt,
    third: felt,
}

// An asset's place: in which word, which of the triple, and times what.
struct AmountPlace {
    word_index: felt,
    index: felt,
    scale: felt,
}

// Guarantee: 1 <= asset_id < MAX_ASSETS. The amount of that asset, and no other, is by
// `change_quanta` more, and below AMOUNT_BOUND before and after; so are those beside it.
func change_amount{range_check_ptr}(amounts: Amounts*, asset_id, change_quanta) -> (
    amounts: Amounts*
) {
    alloc_locals;
    let (__fp__, _) = get_fp_and_pc();
    let (local place) = find_amount(asset_id);
    local message: Triple;
    // A guess: the bounds leave one reading of the word.
    %{ segments.write_arg(ids.message.address_, next(witness)) %}
    assert_amount(message.first);
    assert_amount(message.second);
    assert_amount(message.third);
    assert [cast(amounts, felt*) + place.word_index] = message.first + message.second *
        AMOUNT_BOUND + message.third * AMOUNT_BOUND ** 2;
    assert_amount([&message.first + place.index] + change_quanta);
    let change = change_quanta * place.scale;
    if (place.word_index == 0) {
        local after_0: Amounts = Amounts(amounts.word_0 + change, amounts.word_1, amounts.word_2);
        return (amounts=&after_0);
    }
    if (place.word_index == 1) {
        local after_1: Amounts = Amounts(amounts.word_0, amounts.word_1 + change, amounts.word_2);
        return (amounts=&after_1);
    }
    local after: Amounts = Amounts(amounts.word_0, amounts.word_1, amounts.word_2 + change);
    return (amounts=&after);
}

// Guarantee: the asset is one from 1 to 7, and the place is its.
func find_amount(asset_id) -> (place: AmountPlace) {
    tempvar in_first = (asset_id - 1) * (asset_id - 2) * (asset_id - 3);
    if (in_first == 0) {
        let (scale) = scale_of(asset_id - 1);
        return (place=AmountPlace(word_index=0, index=asset_id - 1, scale=scale));
    }
    tempvar in_second = (asset_id - 4) * (asset_id - 5) * (asset_id - 6);
    if (in_second == 0) {
        let (scale) = scale_of(asset_id - 4);
        return (place=AmountPlace(word_index=1, index=asset_id - 4, scale=scale));
    }
    assert asset_id = 7;
    return (place=AmountPlace(word_index=2, index=0, scale=1));
}

// Assumption: the index is 0, 1 or 2.
func scale_of(index) -> (scale: felt) {
    if (index == 0) {
        return (scale=1);
    }
    if (index == 1) {
        return (scale=AMOUNT_BOUND);
    }
    return (scale=AMOUNT_BOUND ** 2);
}

// Guarantee: 0 <= amount_quanta < AMOUNT_BOUND.
func assert_amount{range_check_ptr}(amount_quanta) {
    assert [range_check_ptr] = amount_quanta;
    assert [range_check_ptr + 1] = amount_quanta + (RC_BOUND - AMOUNT_BOUND);
    let range_check_ptr = range_check_ptr + 2;
    return ();
}

// Returns how many words are needed: the last one is not 0.
func count_words(amounts: Amounts*) -> (n_words: felt) {
    if (amounts.word_2 != 0) {
        return (n_words=3);
    }
    if (amounts.word_1 != 0) {
        return (n_words=2);
    }
    if (amounts.word_0 != 0) {
        return (n_words=1);
    }
    return (n_words=0);
}

// Returns the hash of an account's keys and of the words of what it holds.
//
// Guarantee: there are 1 to 3 words, and those behind them are 0.
func hash_holdings{poseidon_ptr: PoseidonBuiltin*}(keys_hash, amounts: Amounts*, n_words) -> (
    owner_hash: felt
) {
    let (hashed) = poseidon_hash(keys_hash, amounts.word_0);
    if (n_words == 1) {
        tempvar none = 0;
        assert amounts.word_1 = none;
        assert amounts.word_2 = none;
        return (owner_hash=hashed);
    }
    let (hashed) = poseidon_hash(hashed, amounts.word_1);
    if (n_words == 2) {
        tempvar none = 0;
        assert amounts.word_2 = none;
        return (owner_hash=hashed);
    }
    assert n_words = 3;
    let (hashed) = poseidon_hash(hashed, amounts.word_2);
    return (owner_hash=hashed);
}
