from starkware.cairo.common.cairo_builtins import PoseidonBuiltin, SignatureBuiltin
from starkware.cairo.common.dict_access import DictAccess
from starkware.cairo.common.registers import get_fp_and_pc

from circuits.cairo.auction import Health, follow_auction, is_failing, sum_silent
from circuits.cairo.shares import Offer, Taken, take_shares
from circuits.cairo.constants import (
    AMOUNT_BOUND,
    AUCTION_FEE_PPM,
    AUCTION_LIFE_MS,
    DISCOUNT_PPM_PER_MS,
    FIRST_DISCOUNT_PPM,
    MESSAGE_BID,
    PPM_ONE,
    PRICE_X16_ONE,
    RATE_BOUND,
    RC_BOUND,
    RESULT_BID_CAPPED,
    RESULT_DONE,
    SHARE_X16_ONE,
    TRADE_BIT,
)
from circuits.cairo.environment import Environment
from circuits.cairo.insurance import credit_insurance
from circuits.cairo.margin import COLLATERAL_FACTOR, Legs, sum_legs, sum_surplus, surplus_of
from circuits.cairo.numeric import assert_wide_nonnegative, divide, smaller_of
from circuits.cairo.state.accounts import Account, MessageHead, authorize
from circuits.cairo.state.positions import Position, find_position
from circuits.cairo.state.prices import Price

// The transaction as the prover gives it: the signed fields, then its guess.
struct Bid {
    // Of the bidder.
    head: MessageHead,
    failing_account_id: felt,
    share_x16: felt,
    min_discount_ppm: felt,
    max_notional_quanta: felt,
    result_code: felt,
}

// What becomes of the bidder, who pays what goes to the insurance fund, too.
struct Sale {
    positions: Position*,
    surplus_change: felt,
    paid_quanta: felt,
    fee_quanta: felt,
}

// A bidder takes a share of each position of an account that is up for auction, at the mark and a
// discount. Returns the environment after the insurance fund got its part.
func bid{
    range_check_ptr,
    ecdsa_ptr: SignatureBuiltin*,
    poseidon_ptr: PoseidonBuiltin*,
    accounts_log: DictAccess*,
    markets_log: DictAccess*,
}(environment: Environment*, time_ms, next_order_id) -> (environment: Environment*) {
    alloc_locals;
    let (__fp__, _) = get_fp_and_pc();
    local message: Bid;
    %{ segments.write_arg(ids.message.address_, next(witness)) %}
    assert [range_check_ptr] = message.share_x16 - 1;
    assert [range_check_ptr + 1] = SHARE_X16_ONE - message.share_x16;
    assert [range_check_ptr + 2] = message.min_discount_ppm;
    assert [range_check_ptr + 3] = message.min_discount_ppm + (RC_BOUND - RATE_BOUND);
    assert [range_check_ptr + 4] = message.max_notional_quanta - 1;
    assert [range_check_ptr + 5] = message.max_notional_quanta + (RC_BOUND - AMOUNT_BOUND);
    local account: Account*;
    let account_id = message.head.account_id;
    // The account that fails is another one: its entry would stand between this reading and the entry
    // below. Duty 1 by that; duty 4 by its prices.
    %{ ids.account = latest_account(ids.accounts_log.address_, ids.account_id) %}
    // A timer that has run out is applied first: see apply_timer.
    assert [range_check_ptr + 6] = account.cancel_all_at_ms - time_ms - 1;
    assert [range_check_ptr + 7] = environment.price_valid_until_ms - time_ms;
    let range_check_ptr = range_check_ptr + 8;
    let (local identity, local window_0) = authorize(
        MESSAGE_BID,
        message.head,
        0,
        0,
        message.failing_account_id + message.share_x16 * 2 ** 32 + message.min_discount_ppm * 2 **
        49 + message.max_notional_quanta * 2 ** 69,
        TRADE_BIT,
        time_ms,
        environment.config_hash,
        account,
    );
    let (local surplus) = surplus_of(account, environment.prices);
    let (local sale: Sale) = sell_share(
        &message, environment.prices, time_ms, next_order_id, account.positions
    );
    local after: Account = Account(
        identity=identity,
        window_0=window_0,
        fees_quanta=account.fees_quanta,
        collateral_quanta=account.collateral_quanta - sale.paid_quanta,
        cancel_all_at_ms=account.cancel_all_at_ms,
        positions=sale.positions,
        prices=environment.prices,
        surplus=surplus + sale.surplus_change,
    );
    // What new risk needs, without the reducing rule.
    assert_wide_nonnegative(after.collateral_quanta * COLLATERAL_FACTOR + after.surplus);
    assert [accounts_log] = DictAccess(
        message.head.account_id, cast(account, felt), cast(&after, felt)
    );
    let accounts_log = accounts_log + DictAccess.SIZE;
    let (environment) = credit_insurance(environment, sale.fee_quanta);
    return (environment=environment);
}

// Takes the share off the account that fails, whose orders die, and pays it.
//
// Guarantee: its auction runs, it fails and is not bankrupt; the share is what was signed, or what is
// enough if that is less; the bidder is given what he asked for, and takes no more than he allowed.
func sell_share{range_check_ptr, accounts_log: DictAccess*, markets_log: DictAccess*}(
    message: Bid*, prices: Price**, time_ms, next_order_id, bidder: Position*
) -> (sale: Sale) {
    alloc_locals;
    let (__fp__, _) = get_fp_and_pc();
    local account: Account*;
    let account_id = message.failing_account_id;
    // Duty 1 by the log entry below; duty 4 by its prices.
    %{ ids.account = latest_account(ids.accounts_log.address_, ids.account_id) %}
    local elapsed_ms = time_ms - account.identity.auction_start_ms;
    assert [range_check_ptr] = account.cancel_all_at_ms - time_ms - 1;
    assert [range_check_ptr + 1] = AUCTION_LIFE_MS - 1 - elapsed_ms;
    let range_check_ptr = range_check_ptr + 2;
    let (silent) = sum_silent(account.positions, prices, 0);
    assert silent = 0;
    let (local before: Legs) = sum_legs(account.positions, prices, 0, 0, 0);
    local equity_x16 = account.collateral_quanta * PRICE_X16_ONE + before.value_x16;
    assert_wide_nonnegative(equity_x16);
    assert_wide_nonnegative(before.maintenance - equity_x16 * PPM_ONE - 1);
    let (local given_ppm) = smaller_of(
        FIRST_DISCOUNT_PPM + DISCOUNT_PPM_PER_MS * elapsed_ms, PPM_ONE
    );
    let (local share_x16) = capped_share(message, equity_x16, before.initial, given_ppm);
    let (no_slot: Position*, _) = find_position(cast(0, Position*), 0, 0);
    local offer: Offer = Offer(
        prices=prices, share_x16=share_x16, next_order_id=next_order_id, no_slot=no_slot
    );
    let (local left: Position*, local positions: Position*, local taken: Taken*) = take_shares(
        account.positions, bidder, &offer
    );
    let (local after: Legs) = sum_legs(left, prices, 0, 0, 0);
    let (local surplus) = sum_surplus(left, prices, 0);
    let (local price_quanta) = price_of(taken.value_x16);
    let (local discount_quanta) = discount(
        equity_x16, before.maintenance, after.maintenance, given_ppm
    );
    let (local fee_quanta) = divide(discount_quanta * AUCTION_FEE_PPM, PPM_ONE);
    // Both sides are below 2^123.
    tempvar given_quanta = discount_quanta - fee_quanta;
    assert [range_check_ptr] = given_quanta * (PRICE_X16_ONE * PPM_ONE) - message.min_discount_ppm *
        taken.notional_x16;
    assert [range_check_ptr + 1] = message.max_notional_quanta * PRICE_X16_ONE - taken.notional_x16;
    let range_check_ptr = range_check_ptr + 2;
    local equity_after_x16 = equity_x16 - taken.value_x16 + (price_quanta - discount_quanta) *
        PRICE_X16_ONE;
    let (fails) = is_failing(Health(equity_x16=equity_after_x16, maintenance=after.maintenance));
    let (identity) = follow_auction(account.identity, fails, time_ms);
    // What is not in the positions: a whole number, as what they have paid is.
    local collateral_quanta = (equity_after_x16 - after.value_x16) / PRICE_X16_ONE;
    local account_after: Account = Account(
        identity=identity,
        window_0=account.window_0,
        fees_quanta=account.fees_quanta,
        collateral_quanta=collateral_quanta,
        cancel_all_at_ms=account.cancel_all_at_ms,
        positions=left,
        prices=prices,
        surplus=surplus,
    );
    assert [accounts_log] = DictAccess(
        message.failing_account_id, cast(account, felt), cast(&account_after, felt)
    );
    let accounts_log = accounts_log + DictAccess.SIZE;
    return (
        sale=Sale(
            positions=positions,
            surplus_change=taken.surplus_change,
            paid_quanta=price_quanta - discount_quanta + fee_quanta - taken.settled_quanta,
            fee_quanta=fee_quanta,
        ),
    );
}

// Returns the share that is taken: what was signed, or the least that gives back the initial
// requirement, if that is less. The result code says which.
//
// What is divided is below 2^138. Assumption: the account fails, so that equity is below the initial
// requirement, and the share at most 1.
func capped_share{range_check_ptr}(message: Bid*, equity_x16, initial, given_ppm) -> (
    share_x16: felt
) {
    alloc_locals;
    tempvar lacking = initial - equity_x16 * PPM_ONE;
    tempvar divisor = initial - equity_x16 * given_ppm;
    let (enough_x16) = divide(lacking * SHARE_X16_ONE + divisor - 1, divisor);
    let (share_x16) = smaller_of(message.share_x16, enough_x16);
    if (share_x16 == message.share_x16) {
        assert message.result_code = RESULT_DONE;
        return (share_x16=share_x16);
    }
    assert message.result_code = RESULT_BID_CAPPED;
    return (share_x16=share_x16);
}

// Returns what a value is in quanta, rounded up.
//
// Assumption: |value_x16| < 2^120.
func price_of{range_check_ptr}(value_x16) -> (price_quanta: felt) {
    let remainder = [range_check_ptr];
    let quotient = [range_check_ptr + 1];
    // Made positive by a multiple of the divisor.
    tempvar value = value_x16 + 2 ** 120 + (PRICE_X16_ONE - 1);
    let divisor = PRICE_X16_ONE;
    %{ ids.quotient, ids.remainder = divmod(ids.value % PRIME, ids.divisor) %}
    assert value = quotient * divisor + remainder;
    assert [range_check_ptr + 2] = remainder + (RC_BOUND - PRICE_X16_ONE);
    let price_quanta = quotient - 2 ** 104;
    let range_check_ptr = range_check_ptr + 3;
    return (price_quanta=price_quanta);
}

// Returns the part that is given of the equity behind what was taken: as large a part of all of it as
// the requirement of that.
//
// Products are below 2^224: see zero_price of liquidate.cairo.
func discount{range_check_ptr}(equity_x16, maintenance, maintenance_after, given_ppm) -> (
    discount_quanta: felt
) {
    let (behind_quanta) = divide(
        equity_x16 * (maintenance - maintenance_after), maintenance * PRICE_X16_ONE
    );
    let (discount_quanta) = divide(behind_quanta * given_ppm, PPM_ONE);
    return (discount_quanta=discount_quanta);
}
