from circuits.cairo.constants import PRICE_X16_ONE
from circuits.cairo.numeric import split
from circuits.cairo.state.positions import Position
from circuits.cairo.state.prices import Price

// A position that is taken over, at the mark. They stand in an array, ascending by market, behind which
// there is one of the market NO_MARKET.
struct Leg {
    market_id: felt,
    size_lots: felt,
    long_lots: felt,
    // Rounded down, so that the account never gets more than it has.
    value_quanta: felt,
    notional_quanta: felt,
    // What it lost since the reference mark, 0 if it lost nothing.
    loss_quanta: felt,
}

const NO_MARKET = -1;

// What all legs of an account come to.
struct LegSums {
    // What they add to its collateral: their value, less what they have paid.
    balance_quanta: felt,
    notional_quanta: felt,
    loss_quanta: felt,
}

// A multiple of what is divided by, above all that a position can be worth; makes it positive.
const VALUE_BIAS = 2 ** 96;

// Writes the legs of an account's positions. Returns where they end.
func write_legs{range_check_ptr}(
    position: Position*, prices: Price**, leg: Leg*, sums: LegSums
) -> (sums: LegSums, end: Leg*) {
    alloc_locals;
    if (cast(position, felt) == 0) {
        assert leg.market_id = NO_MARKET;
        return (sums=sums, end=leg);
    }
    if (position.size_lots == 0) {
        return write_legs(position.next, prices, leg, sums);
    }
    local price: Price* = prices[position.market_id];
    let (biased, _) = split(
        position.size_lots * price.lot_value_x16 + VALUE_BIAS * PRICE_X16_ONE, PRICE_X16_ONE
    );
    assert leg.value_quanta = biased - VALUE_BIAS;
    let (loss_quanta) = loss_of(position.size_lots, price);
    assert leg.loss_quanta = loss_quanta;
    assert leg.market_id = position.market_id;
    assert leg.size_lots = position.size_lots;
    assert leg.long_lots = position.long_lots;
    // A size that is not 0 is long_lots, or there are none.
    if (position.long_lots == 0) {
        assert leg.notional_quanta = -leg.value_quanta;
    } else {
        assert leg.notional_quanta = leg.value_quanta;
    }
    tempvar paid_quanta = position.size_lots * price.pool.short_prefix + position.long_lots *
        price.spread_quanta;
    return write_legs(
        position.next,
        prices,
        leg + Leg.SIZE,
        LegSums(
            sums.balance_quanta + leg.value_quanta - paid_quanta,
            sums.notional_quanta + leg.notional_quanta,
            sums.loss_quanta + loss_quanta,
        ),
    );
}

// Guarantee: what a position lost since the reference mark, rounded down, or 0; both proven.
func loss_of{range_check_ptr}(size_lots, price: Price*) -> (loss_quanta: felt) {
    tempvar a = size_lots * (price.reference.ref_x16 - price.mark_price_x16) *
        price.underlying.multiplier;
    %{ memory[ap] = 0 if 0 <= (ids.a % PRIME) < range_check_builtin.bound else 1 %}
    jmp gained if [ap] != 0, ap++;
    assert [range_check_ptr] = a;
    let range_check_ptr = range_check_ptr + 1;
    let (loss_quanta, _) = split(a, PRICE_X16_ONE);
    return (loss_quanta=loss_quanta);

    gained:
    assert [range_check_ptr] = (-a) - 1;
    let range_check_ptr = range_check_ptr + 1;
    return (loss_quanta=0);
}
