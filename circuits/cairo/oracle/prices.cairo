from starkware.cairo.common.cairo_builtins import PoseidonBuiltin
from starkware.cairo.common.poseidon_state import PoseidonBuiltinState

from circuits.cairo.constants import PRICE_X16_BITS, PRICES_PER_WORD

// Between the prices of a word.
const SHIFT = 2 ** PRICE_X16_BITS;

// Prices come in rows: a cell per market, then zeros up to a multiple of five. Five of them make a
// packed word, 48 bits each.

// Continues a sponge, whose state is the output of the last permutation, with the packed words of a
// row and ends it.
//
// Assumption: the prices are bounded by the caller, and assert_padding holds for the row.
func absorb_prices{poseidon_ptr: PoseidonBuiltin*}(price: felt*, n_words) -> (hash: felt) {
    let state = [poseidon_ptr - PoseidonBuiltin.SIZE].output;
    if (n_words == 0) {
        assert poseidon_ptr.input = PoseidonBuiltinState(state.s0 + 1, state.s1, state.s2);
        let poseidon_ptr = poseidon_ptr + PoseidonBuiltin.SIZE;
        return (hash=[poseidon_ptr - PoseidonBuiltin.SIZE].output.s0);
    }
    assert poseidon_ptr.input.s0 = state.s0 + price[0] + price[1] * SHIFT + price[2] * SHIFT ** 2 +
        price[3] * SHIFT ** 3 + price[4] * SHIFT ** 4;
    assert poseidon_ptr.input.s2 = state.s2;
    if (n_words == 1) {
        assert poseidon_ptr.input.s1 = state.s1 + 1;
        let poseidon_ptr = poseidon_ptr + PoseidonBuiltin.SIZE;
        return (hash=[poseidon_ptr - PoseidonBuiltin.SIZE].output.s0);
    }
    let second = price + PRICES_PER_WORD;
    assert poseidon_ptr.input.s1 = state.s1 + second[0] + second[1] * SHIFT + second[2] * SHIFT **
        2 + second[3] * SHIFT ** 3 + second[4] * SHIFT ** 4;
    let poseidon_ptr = poseidon_ptr + PoseidonBuiltin.SIZE;
    return absorb_prices(price + 2 * PRICES_PER_WORD, n_words - 2);
}

// Continues the hash chain of the oracle updates of a batch with the packed words of a row.
func chain_prices{poseidon_ptr: PoseidonBuiltin*}(hash, price: felt*, n_words) -> (hash: felt) {
    if (n_words == 0) {
        return (hash=hash);
    }
    assert poseidon_ptr.input = PoseidonBuiltinState(
        hash,
        price[0] + price[1] * SHIFT + price[2] * SHIFT ** 2 + price[3] * SHIFT ** 3 + price[4] *
        SHIFT ** 4,
        2,
    );
    let hash = poseidon_ptr.output.s0;
    let poseidon_ptr = poseidon_ptr + PoseidonBuiltin.SIZE;
    return chain_prices(hash, price + PRICES_PER_WORD, n_words - 1);
}

// Guarantee: the cells of a row behind its prices are 0. Assumption: n_spare <= 4.
func assert_padding(cell: felt*, n_spare) {
    if (n_spare == 0) {
        return ();
    }
    assert [cell] = 0;
    return assert_padding(cell + 1, n_spare - 1);
}
