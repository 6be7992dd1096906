from circuits.cairo.constants import PRICES_PER_WORD

// Packs prices, five per word, 48 bits each.
//
// Assumption: n_prices > 0; the caller bounds the prices. The array goes on to a multiple of five.
// Guarantee: `word` holds the packed words, and the cells after the last price are 0.
func pack_prices(price: felt*, n_prices, word: felt*) {
    assert [word] = price[0] + price[1] * 2 ** 48 + price[2] * 2 ** 96 + price[3] * 2 ** 144 +
        price[4] * 2 ** 192;
    if (n_prices == 5) {
        return ();
    }
    if (n_prices == 4) {
        assert price[4] = 0;
        return ();
    }
    if (n_prices == 3) {
        assert price[3] = 0;
        assert price[4] = 0;
        return ();
    }
    if (n_prices == 2) {
        assert price[2] = 0;
        assert price[3] = 0;
        assert price[4] = 0;
        return ();
    }
    if (n_prices == 1) {
        assert price[1] = 0;
        assert price[2] = 0;
        assert price[3] = 0;
        assert price[4] = 0;
        return ();
    }
    return pack_prices(price + PRICES_PER_WORD, n_prices - PRICES_PER_WORD, word + 1);
}
