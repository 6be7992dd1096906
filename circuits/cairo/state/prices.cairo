from starkware.cairo.common.alloc import alloc
from starkware.cairo.common.builtin_poseidon.poseidon import poseidon_hash_many
from starkware.cairo.common.cairo_builtins import PoseidonBuiltin

from circuits.cairo.constants import PPM_ONE, PRICE_X16_BOUND, RC_BOUND
from circuits.cairo.parameters import Parameters, Underlying, check_underlying, pack_counts

// What an underlying has, and what follows from it. There is a row for each, in a table that is
// written anew with every oracle update and whenever the terms of an underlying change, right behind
// the last one. The address of the table also names prices and terms: see Account.prices.
//
// The mark price of a perpetual is the index price of its underlying, whose index is its id.
struct Price {
    index_price_x16: felt,
    // Orders of its markets with a lower id are dead.
    dead_below_order_id: felt,
    underlying: Underlying*,
    lot_value_x16: felt,
    // Per lot: value and requirements in the scale of equity_x16 * 10^6.
    value_factor: felt,
    initial_factor: felt,
    maintenance_factor: felt,
    // Limits of price_ticks * 2^16 * 10^6: of a buy, then of a sell.
    buy_limit: felt,
    sell_limit: felt,
}

// Assumption: the price is below 2^48 and rates below 2^20, so that nothing reaches 2^100.
func write_price(price: Price*, underlying: Underlying*, index_price_x16, dead_below_order_id) {
    assert price.index_price_x16 = index_price_x16;
    assert price.dead_below_order_id = dead_below_order_id;
    assert price.underlying = underlying;
    tempvar lot_value_x16 = index_price_x16 * underlying.multiplier;
    assert price.lot_value_x16 = lot_value_x16;
    assert price.value_factor = lot_value_x16 * PPM_ONE;
    assert price.initial_factor = lot_value_x16 * underlying.initial_margin_ppm;
    assert price.maintenance_factor = lot_value_x16 * underlying.maintenance_margin_ppm;
    assert price.buy_limit = index_price_x16 * (PPM_ONE + underlying.price_band_ppm);
    assert price.sell_limit = index_price_x16 * (PPM_ONE - underlying.price_band_ppm);
    return ();
}

// Writes the table that holds from an oracle update on. `is_kept` is 1 if the orders live on that
// lived before it, and `dead_below_order_id` is then 0; else 0, and every older order is dead.
func write_prices(
    price: Price*, old: Price*, medians_x16: felt*, is_kept, dead_below_order_id, n_underlyings
) {
    if (n_underlyings == 0) {
        return ();
    }
    write_price(
        price,
        old.underlying,
        medians_x16[0],
        old.dead_below_order_id * is_kept + dead_below_order_id,
    );
    return write_prices(
        price + Price.SIZE,
        old + Price.SIZE,
        medians_x16 + 1,
        is_kept,
        dead_below_order_id,
        n_underlyings - 1,
    );
}

// Writes the table that holds once the underlying `index` has other terms, or is the new last one.
//
// Assumption: 0 <= index <= n_underlyings, the number of rows of the old table.
// Guarantee: the other rows are as they were. A new row has no price; an old one keeps its price and
// its dead orders. Returns 1 if there is a new row, else 0.
func replace_terms(price: Price*, old: Price*, underlying: Underlying*, index, n_underlyings) -> (
    is_new: felt
) {
    if (index != 0) {
        write_price(price, old.underlying, old.index_price_x16, old.dead_below_order_id);
        return replace_terms(
            price + Price.SIZE, old + Price.SIZE, underlying, index - 1, n_underlyings - 1
        );
    }
    if (n_underlyings == 0) {
        write_price(price, underlying, 0, 0);
        return (is_new=1);
    }
    write_price(price, underlying, old.index_price_x16, old.dead_below_order_id);
    copy_prices(price + Price.SIZE, old + Price.SIZE, n_underlyings - 1);
    return (is_new=0);
}

func copy_prices(price: Price*, old: Price*, n_underlyings) {
    if (n_underlyings == 0) {
        return ();
    }
    write_price(price, old.underlying, old.index_price_x16, old.dead_below_order_id);
    return copy_prices(price + Price.SIZE, old + Price.SIZE, n_underlyings - 1);
}

// An underlying's word of the old state, as the prover reads it.
struct OldUnderlying {
    index_price_x16: felt,
    dead_below_order_id: felt,
}

// Writes the first table, and the words of the old state that it was read from.
//
// Assumption: the caller proves that words and terms are those of the old state.
// Guarantee: the rows are the only reading of both.
func open_underlyings{range_check_ptr}(
    price: Price*, underlying: Underlying*, word: felt*, n_underlyings
) {
    alloc_locals;
    if (n_underlyings == 0) {
        return ();
    }
    local message: OldUnderlying;
    %{ segments.write_arg(ids.message.address_, next(witness)) %}
    assert [range_check_ptr] = message.index_price_x16;
    assert [range_check_ptr + 1] = message.index_price_x16 + (RC_BOUND - PRICE_X16_BOUND);
    // The top field: with the bound 2^128 the word stays below 2^177.
    assert [range_check_ptr + 2] = message.dead_below_order_id;
    let range_check_ptr = range_check_ptr + 3;
    check_underlying(underlying);
    write_price(price, underlying, message.index_price_x16, message.dead_below_order_id);
    write_word(word, price);
    return open_underlyings(
        price + Price.SIZE, underlying + Underlying.SIZE, word + 1, n_underlyings - 1
    );
}

// Writes the words of a table. Its prices and ids are within 48 bits each.
func write_words(word: felt*, price: Price*, n_underlyings) {
    if (n_underlyings == 0) {
        return ();
    }
    write_word(word, price);
    return write_words(word + 1, price + Price.SIZE, n_underlyings - 1);
}

func write_word(word: felt*, price: Price*) {
    assert [word] = price.index_price_x16 + price.dead_below_order_id * PRICE_X16_BOUND;
    return ();
}

// Returns params_hash; the terms are those of the table's rows.
func hash_parameters{range_check_ptr, poseidon_ptr: PoseidonBuiltin*}(
    parameters: Parameters*, prices: Price*
) -> (params_hash: felt) {
    alloc_locals;
    let (local felts: felt*) = alloc();
    write_parameters(felts, parameters, prices);
    let (params_hash) = poseidon_hash_many(
        1 + parameters.n_underlyings + parameters.n_oracles, felts
    );
    return (params_hash=params_hash);
}

// Writes params_felts.
func write_parameters{range_check_ptr}(felts: felt*, parameters: Parameters*, prices: Price*) {
    alloc_locals;
    let (counts) = pack_counts(parameters);
    assert [felts] = counts;
    write_terms(felts + 1, prices, parameters.n_underlyings);
    copy_felts(felts + 1 + parameters.n_underlyings, parameters.oracle_keys, parameters.n_oracles);
    return ();
}

func write_terms(word: felt*, price: Price*, n_underlyings) {
    if (n_underlyings == 0) {
        return ();
    }
    assert [word] = price.underlying.word;
    return write_terms(word + 1, price + Price.SIZE, n_underlyings - 1);
}

func copy_felts(cell: felt*, old: felt*, n_felts) {
    if (n_felts == 0) {
        return ();
    }
    assert [cell] = [old];
    return copy_felts(cell + 1, old + 1, n_felts - 1);
}
