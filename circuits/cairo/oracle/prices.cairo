from starkware.cairo.common.cairo_builtins import PoseidonBuiltin
from starkware.cairo.common.poseidon_state import PoseidonBuiltinState

from circuits.cairo.constants import PRICE_X16_BITS, PRICES_PER_WORD

// Between the prices of a word.
const SHIFT = 2 ** PRICE_X16_BITS;

// Prices come in rows: a cell per market. Five of them make a packed word, 48 bits each; the last word
// of a row has what is left, `n_last` of 1 to 5.

// Continues a sponge, whose state is the output of the last permutation, with the packed words of a
// row and ends it.
//
// Assumption: the prices are bounded by the caller.
func absorb_prices{poseidon_ptr: PoseidonBuiltin*}(price: felt*, n_words, n_last) -> (hash: felt) {
    let state = [poseidon_ptr - PoseidonBuiltin.SIZE].output;
    if (n_words == 1) {
        let (word) = last_word(price, n_last);
        assert poseidon_ptr.input = PoseidonBuiltinState(state.s0 + word, state.s1 + 1, state.s2);
        let poseidon_ptr = poseidon_ptr + PoseidonBuiltin.SIZE;
        return (hash=[poseidon_ptr - PoseidonBuiltin.SIZE].output.s0);
    }
    assert poseidon_ptr.input.s0 = state.s0 + price[0] + price[1] * SHIFT + price[2] * SHIFT ** 2 +
        price[3] * SHIFT ** 3 + price[4] * SHIFT ** 4;
    assert poseidon_ptr.input.s2 = state.s2;
    let second = price + PRICES_PER_WORD;
    if (n_words == 2) {
        let (word) = last_word(second, n_last);
        assert poseidon_ptr.input.s1 = state.s1 + word;
        let full = poseidon_ptr.output;
        let poseidon_ptr = poseidon_ptr + PoseidonBuiltin.SIZE;
        assert poseidon_ptr.input = PoseidonBuiltinState(full.s0 + 1, full.s1, full.s2);
        let poseidon_ptr = poseidon_ptr + PoseidonBuiltin.SIZE;
        return (hash=[poseidon_ptr - PoseidonBuiltin.SIZE].output.s0);
    }
    assert poseidon_ptr.input.s1 = state.s1 + second[0] + second[1] * SHIFT + second[2] * SHIFT **
        2 + second[3] * SHIFT ** 3 + second[4] * SHIFT ** 4;
    let poseidon_ptr = poseidon_ptr + PoseidonBuiltin.SIZE;
    return absorb_prices(price + 2 * PRICES_PER_WORD, n_words - 2, n_last);
}

// Continues the hash chain of the oracle updates of a batch with the packed words of a row.
func chain_prices{poseidon_ptr: PoseidonBuiltin*}(hash, price: felt*, n_words, n_last) -> (
    hash: felt
) {
    if (n_words == 1) {
        let (word) = last_word(price, n_last);
        assert poseidon_ptr.input = PoseidonBuiltinState(hash, word, 2);
        let poseidon_ptr = poseidon_ptr + PoseidonBuiltin.SIZE;
        return (hash=[poseidon_ptr - PoseidonBuiltin.SIZE].output.s0);
    }
    assert poseidon_ptr.input = PoseidonBuiltinState(
        hash,
        price[0] + price[1] * SHIFT + price[2] * SHIFT ** 2 + price[3] * SHIFT ** 3 + price[4] *
        SHIFT ** 4,
        2,
    );
    let hash = poseidon_ptr.output.s0;
    let poseidon_ptr = poseidon_ptr + PoseidonBuiltin.SIZE;
    return chain_prices(hash, price + PRICES_PER_WORD, n_words - 1, n_last);
}

// Returns the packed word of the first `n_prices` cells, 5 unless they are 1 to 4.
func last_word(price: felt*, n_prices) -> (word: felt) {
    tempvar one = price[0];
    if (n_prices == 1) {
        return (word=one);
    }
    tempvar two = one + price[1] * SHIFT;
    if (n_prices == 2) {
        return (word=two);
    }
    tempvar three = two + price[2] * SHIFT ** 2;
    if (n_prices == 3) {
        return (word=three);
    }
    tempvar four = three + price[3] * SHIFT ** 3;
    if (n_prices == 4) {
        return (word=four);
    }
    return (word=four + price[4] * SHIFT ** 4);
}
