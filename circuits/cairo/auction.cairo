from starkware.cairo.common.registers import get_fp_and_pc

from circuits.cairo.constants import AUCTION_LIFE_MS, PPM_ONE
from circuits.cairo.numeric import is_wide_nonnegative
from circuits.cairo.state.accounts import AUCTION_MS, Identity
from circuits.cairo.state.positions import Position
from circuits.cairo.state.prices import Price

// What an account is worth and must be worth, see margin.cairo for the scales.
struct Health {
    equity_x16: felt,
    maintenance: felt,
}

// Guarantee: 1 if an account is worth less than it must be, else 0, both proven.
func is_failing{range_check_ptr}(health: Health) -> (fails: felt) {
    let (fails) = is_wide_nonnegative(health.maintenance - health.equity_x16 * PPM_ONE - 1);
    return (fails=fails);
}

// Returns the identity with the auction that the account must have: none if it does not fail, else the
// one that runs, or one that begins now. A start of 0, none, is long ago.
func follow_auction{range_check_ptr}(identity: Identity*, fails, time_ms) -> (identity: Identity*) {
    if (fails == 0) {
        if (identity.auction_start_ms == 0) {
            return (identity=identity);
        }
        let (after) = with_auction(identity, 0);
        return (identity=after);
    }
    tempvar a = time_ms - identity.auction_start_ms - AUCTION_LIFE_MS;
    %{ memory[ap] = 0 if 0 <= (ids.a % PRIME) < range_check_builtin.bound else 1 %}
    jmp running if [ap] != 0, ap++;
    assert [range_check_ptr] = a;
    let range_check_ptr = range_check_ptr + 1;
    let (after) = with_auction(identity, time_ms);
    return (identity=after);

    running:
    assert [range_check_ptr] = (-a) - 1;
    let range_check_ptr = range_check_ptr + 1;
    return (identity=identity);
}

func with_auction(identity: Identity*, start_ms) -> (identity: Identity*) {
    alloc_locals;
    let (__fp__, _) = get_fp_and_pc();
    local after: Identity = Identity(
        owner=identity.owner,
        keys_hash=identity.keys_hash,
        n_keys=identity.n_keys,
        windows=identity.windows,
        is_changed=identity.is_changed,
        counts=identity.counts + (start_ms - identity.auction_start_ms) * AUCTION_MS,
        holdings=identity.holdings,
        auction_start_ms=start_ms,
        fees_word=identity.fees_word,
    );
    return (identity=&after);
}

// Returns a sum that is 0 if there is a price of every position: nobody takes one at an old price. Squares
// of sizes are below 2^72.
func sum_silent(position: Position*, prices: Price**, sum) -> (sum: felt) {
    if (cast(position, felt) == 0) {
        return (sum=sum);
    }
    tempvar square = position.size_lots * position.size_lots;
    return sum_silent(position.next, prices, sum + square * prices[position.market_id].is_silent);
}
