"""Batches at the edges of the numbers: what the state transition accepts has a trace."""

from dataclasses import replace
from itertools import product

import pytest

from novation.crypto import FIELD_PRIME, is_public_key
from novation.protocol.accounts import Account
from novation.protocol.constants import (
    ACCOUNT_ID_BOUND,
    AMOUNT_BOUND,
    COLLATERAL_BOUND,
    L1_ADDRESS_BOUND,
    MAX_ORACLES,
    MAX_UNDERLYINGS,
    MIN_ORDER_BOUND,
    MULTIPLIER_BOUND,
    NONCE_BOUND,
    ORDER_ID_BOUND,
    ORDER_SIZE_BOUND,
    POSITION_BOUND,
    POST_ONLY_MS,
    PPM_ONE,
    PRICE_BOUND,
    PRICE_VALIDITY_MS,
    PRICE_X16_BOUND,
    RATE_BOUND,
    REPORT_SPREAD_MS,
    SKIPPED_NONCES,
    TICK_DECIMALS_BOUND,
    TIME_BOUND,
)
from novation.protocol.errors import ResultCode
from novation.protocol.markets import Globals
from novation.protocol.nonces import NonceWindow
from novation.protocol.orders import Side
from novation.protocol.parameters import Underlying, oracle_rule_word
from novation.protocol.signing_keys import SigningKey
from novation.protocol.transactions import Deposit, ParameterKind, SetParameter
from tests.circuits.tracing import assert_trace_is_made
from tests.support.builders import (
    N_ORACLES,
    ONE_DOLLAR,
    l1_address,
    oracle_private_key,
    oracle_report,
    oracle_update,
    parameters,
    private_key,
    public_key,
    underlying,
)
from tests.support.exchange import BUY, SELL, Exchange, exchange_with

# Two deposits of it stay within what may be in custody.
RICH = 2**61


def assert_proven(exchange: Exchange) -> None:
    assert_trace_is_made(exchange.seal())


def test_position_at_its_bound() -> None:
    first = replace(parameters(1), underlyings=(underlying(multiplier=1),))
    exchange = Exchange(first, price_ticks=1)
    exchange.fund(2, 3, amount_quanta=RICH)
    for _ in range(15):
        exchange.place(2, SELL, 2**32 - 1, 1)
        exchange.place(3, BUY, 2**32 - 1, 1)
    exchange.place(3, BUY, POSITION_BOUND - 1 - 15 * (2**32 - 1) - 2**31, 1)
    assert_proven(exchange)


def test_batch_with_an_oracle_update_only() -> None:
    exchange = Exchange(price_ticks=0)
    exchange.set_price(1000)
    assert_proven(exchange)
    exchange.set_price(1001, 55)
    exchange.set_price(1002, 54)
    assert_proven(exchange)


def test_deposits_with_any_numbers_that_l1_lets_in() -> None:
    exchange = Exchange()
    off_the_curve = next(key for key in range(1, 99) if not is_public_key(key))
    keys = (0, 1, off_the_curve, FIELD_PRIME - 1, FIELD_PRIME - 2)
    addresses = (0, 1, L1_ADDRESS_BOUND - 1)
    account_ids = (0, 1, 2, 3, ACCOUNT_ID_BOUND - 2, ACCOUNT_ID_BOUND - 1)
    for account_id, key, address in product(account_ids, keys, addresses):
        # Only the first of an account is credited, and all together stay within custody.
        amount = AMOUNT_BOUND // 8 if (key, address) == (0, 0) else AMOUNT_BOUND - 1
        exchange.apply(Deposit(account_id, address, key, amount))
    sealed = exchange.seal()
    codes = {entry.result_code for entry in sealed.witness.entries}
    assert codes == {ResultCode.DONE, ResultCode.DEPOSIT_KEY_MISMATCH}
    assert_trace_is_made(sealed)


@pytest.mark.parametrize("n_reports", [1, 2, 15, 16])
def test_oracle_updates_with_the_greatest_numbers(n_reports: int) -> None:
    """Any number of reports, the least and the greatest prices, both ends of the window."""
    keys = tuple(public_key(oracle_private_key(index)) for index in range(MAX_ORACLES))
    first = replace(parameters(MAX_UNDERLYINGS), oracle_keys=keys, oracle_quorum=1)
    exchange = Exchange(first, price_ticks=0)
    ages_ms = first.oracle_max_age_ms, -PRICE_VALIDITY_MS
    for age_ms, first_price in zip(ages_ms, (1, PRICE_X16_BOUND - 1), strict=True):
        exchange.time_ms += 2 * first.oracle_max_age_ms + 1
        reports = []
        for index in range(n_reports):
            prices = [1, PRICE_X16_BOUND - 1, first_price, 1 << 16] * (MAX_UNDERLYINGS // 4)
            shifted = tuple(prices[index % 3 :] + prices[: index % 3])
            time_ms = exchange.time_ms - age_ms + index % 3 * REPORT_SPREAD_MS // 2
            signer = MAX_ORACLES - n_reports + index
            reports.append(oracle_report(exchange.config, signer, time_ms, shifted))
        exchange.apply(oracle_update(tuple(reports), quorum=1))
    assert_proven(exchange)


@pytest.mark.parametrize("side", [BUY, SELL])
def test_order_with_the_greatest_numbers_at_the_end_of_time(side: Side) -> None:
    account = Account(
        l1_address=L1_ADDRESS_BOUND - 1,
        keys=(SigningKey.full(public_key(private_key(2))),),
        windows=(NonceWindow(NONCE_BOUND - 4, 2**SKIPPED_NONCES - 1),),
        collateral_quanta=COLLATERAL_BOUND - 1,
    )
    counters = Globals(next_order_id=ORDER_ID_BOUND - 3, l1_queue_position=2**48 - 2)
    greatest = underlying(multiplier=MULTIPLIER_BOUND - 1, maker_fee_ppm=RATE_BOUND - 1)
    first = replace(parameters(1), underlyings=(greatest,))
    exchange = exchange_with({2: account}, first, counters)
    exchange.time_ms = TIME_BOUND - 3
    exchange.nonces[2] = NONCE_BOUND - 4
    exchange.set_price(PRICE_BOUND - 1)
    fields = {"expiry_time_ms": TIME_BOUND - 1, "max_fee_ppm": RATE_BOUND - 1}
    exchange.place(2, side, ORDER_SIZE_BOUND - 1, PRICE_BOUND - 1, **fields)
    exchange.withdraw(2, AMOUNT_BOUND - 1)
    assert exchange.custody_quanta == 0
    exchange.apply(Deposit(ACCOUNT_ID_BOUND - 1, 1, 1, 1))
    exchange.withdraw(2, 1)
    assert_proven(exchange)


def test_gap_at_the_end_of_time_and_of_ids() -> None:
    counters = Globals(next_order_id=ORDER_ID_BOUND - 2, oracle_time_ms=1)
    account = Account.new(l1_address(2), public_key(private_key(2))).with_balance(ONE_DOLLAR)
    exchange = exchange_with({2: account}, parameters(1), counters)
    exchange.time_ms = TIME_BOUND - 2
    exchange.set_price(1000)
    assert_proven(exchange)
    assert exchange.state.globals.post_only_until_ms == TIME_BOUND - 1 + POST_ONLY_MS
    assert exchange.state.underlyings[0].dead_below_order_id == ORDER_ID_BOUND - 2


def test_batch_with_the_most_of_everything() -> None:
    """Sixteen markets, walks over the most makers with slots in eight, many new accounts."""
    exchange = Exchange(parameters(MAX_UNDERLYINGS))
    users = range(2, 36)
    exchange.fund(*users)
    for market_id in range(8):
        for user in users:
            exchange.place(user, SELL, 1, 1000, market_id=market_id)
        exchange.place(2 + market_id, BUY, 99, 1000, market_id=market_id)
    sealed = exchange.seal()
    assert sum(entry.result_code is ResultCode.MAKER_LIMIT for entry in sealed.witness.entries) == 8
    assert_trace_is_made(sealed)


def test_parameters_with_the_greatest_and_the_least_numbers() -> None:
    """Every field of every word at its bounds, until there is no room for more of either."""
    exchange = Exchange(parameters(1), price_ticks=0)
    greatest = Underlying(
        "\xff" * 8,
        MULTIPLIER_BOUND - 1,
        RATE_BOUND - 1,
        RATE_BOUND - 1,
        RATE_BOUND - 1,
        RATE_BOUND - 1,
        PPM_ONE - 1,
        MIN_ORDER_BOUND - 1,
        TICK_DECIMALS_BOUND - 1,
    )
    least = Underlying("\1", 1, 1, 1, 0, 0, 0, 0, 0)
    for index in range(1, MAX_UNDERLYINGS):
        exchange.set_underlying(index, (greatest, least)[index % 2])
    for index in range(N_ORACLES, MAX_ORACLES):
        key = public_key(oracle_private_key(index))
        exchange.apply(SetParameter(ParameterKind.ORACLE_KEY, index, key))
    rule = oracle_rule_word(MAX_ORACLES, 2**32 - 1)
    exchange.apply(SetParameter(ParameterKind.ORACLE_RULE, 0, rule))
    assert_proven(exchange)
    exchange.apply(SetParameter(ParameterKind.ORACLE_KEY, MAX_ORACLES - 1, FIELD_PRIME - 1))
    exchange.apply(SetParameter(ParameterKind.ORACLE_RULE, 0, oracle_rule_word(1, 1)))
    same = exchange.state.parameters.underlyings[MAX_UNDERLYINGS - 1]
    exchange.set_underlying(MAX_UNDERLYINGS - 1, same)
    exchange.time_ms = TIME_BOUND - 3
    exchange.time_ms += 1
    prices = (PRICE_X16_BOUND - 1,) * MAX_UNDERLYINGS
    report = oracle_report(exchange.config, 0, exchange.time_ms, prices)
    exchange.apply(oracle_update((report,)))
    for market_id in range(1, MAX_UNDERLYINGS):
        exchange.list_market(market_id)
    assert exchange.state.market(MAX_UNDERLYINGS - 1).listed_ms == TIME_BOUND - 2
    assert_proven(exchange)
