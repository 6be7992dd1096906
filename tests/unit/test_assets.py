"""Assets besides USD: balances, custody, and who may take what out."""

from dataclasses import replace

import pytest

from novation.crypto import poseidon_hash, poseidon_hash_many
from novation.protocol.accounts import Account
from novation.protocol.assets import (
    AMOUNT_WORDS,
    amount_of,
    pack_amounts,
    unpack_amounts,
    unpack_holdings,
    with_amount,
)
from novation.protocol.conservation import check_conservation
from novation.protocol.constants import AMOUNT_BOUND, MAX_ASSETS
from novation.protocol.errors import (
    Broken,
    DecodeError,
    ErrorCode,
    InvalidTransaction,
    ResultCode,
)
from novation.protocol.events import Deposited, DepositFailed, Withdrawn
from novation.protocol.output import HEADER_FELTS, decode_output, encode_output
from novation.protocol.rebuild import apply_output
from novation.protocol.sealing import SealedBatch
from novation.protocol.state import State
from novation.protocol.storage import decode_account, decode_globals, encode_account, encode_globals
from tests.support.builders import ONE_DOLLAR, exchange_config, genesis, l1_address
from tests.support.exchange import BUY, SELL, Exchange

GREATEST = AMOUNT_BOUND - 1
FULL = (GREATEST,) * (MAX_ASSETS - 1)
ETH, LAST_ASSET = 1, MAX_ASSETS - 1


def test_amounts_when_packed_then_three_in_a_word_and_none_behind_the_last() -> None:
    assert pack_amounts(()) == ()
    assert pack_amounts((5,)) == (5,)
    assert pack_amounts((0, 0, 7)) == (7 << 126,)
    assert pack_amounts((1, 2, 3, 4)) == (1 + (2 << 63) + (3 << 126), 4)
    assert [word.bit_length() for word in pack_amounts(FULL)] == [189, 189, 63]
    assert len(pack_amounts(FULL)) == AMOUNT_WORDS
    assert unpack_amounts((*pack_amounts((0, 9)), 0, 0)) == (0, 9)
    assert unpack_holdings(pack_amounts(FULL)) == FULL


@pytest.mark.parametrize("words", [(0,), (5, 0), (1 << 189,), (1, 1, 1 << 63), (1, 1, 1, 1)])
def test_words_of_holdings_when_not_as_packed_then_refused(words: tuple[int, ...]) -> None:
    with pytest.raises(DecodeError):
        unpack_holdings(words)


def test_amount_when_changed_then_zeros_at_the_end_go() -> None:
    assert with_amount((), 3, 5) == (0, 0, 5)
    assert with_amount((0, 0, 5), 3, 0) == ()
    assert with_amount((1, 0, 5), 3, 0) == (1,)
    assert with_amount((1, 2), 1, 0) == (0, 2)
    assert [amount_of((1, 2), asset_id) for asset_id in (1, 2, 3, LAST_ASSET)] == [1, 2, 0, 0]


@pytest.mark.parametrize("asset_id", [0, MAX_ASSETS])
def test_amount_when_no_such_asset_then_our_fault(asset_id: int) -> None:
    with pytest.raises(AssertionError):
        amount_of(FULL, asset_id)
    with pytest.raises(AssertionError):
        with_amount(FULL, asset_id, 1)
    for amount in (-1, AMOUNT_BOUND):
        with pytest.raises(AssertionError):
            with_amount((), 1, amount)


def test_account_when_it_holds_something_then_leaf_as_specified() -> None:
    account = Account.new(1, 2)
    words = account.window_words()
    assert account.owner_hash() == account.keys_hash()
    held = replace(account, holdings_quanta=(0, 0, 0, 0, 8))
    assert held.holding_words() == (0, 8 << 63)
    assert held.balance_word() - account.balance_word() == 2 << 112
    owner_hash = poseidon_hash(poseidon_hash(account.keys_hash(), 0), 8 << 63)
    assert held.leaf() == poseidon_hash_many((owner_hash, *words, held.balance_word(), 0))


def test_stored_form_when_account_and_custody_have_assets_then_round_trip() -> None:
    account = replace(Account.new(1, 2), holdings_quanta=FULL)
    assert decode_account(encode_account(account)) == account
    counters = replace(Exchange(sign=False).state.globals, other_custody_quanta=FULL)
    assert decode_globals(encode_globals(counters, ())) == (counters, ())


def with_assets() -> Exchange:
    """Return an exchange in which account 2 has all assets, and 3 a few."""
    exchange = Exchange(sign=False)
    exchange.fund(2, 3)
    for asset_id in range(1, MAX_ASSETS):
        exchange.apply(exchange.deposit(2, 100 * asset_id, asset_id))
    exchange.apply(exchange.deposit(3, 7, ETH))
    return exchange


def test_deposit_when_of_an_asset_then_credited_and_in_custody() -> None:
    exchange = with_assets()
    result = exchange.apply(exchange.deposit(3, 5, LAST_ASSET))
    assert result.events == (Deposited(3, 5, is_new_account=False, asset_id=LAST_ASSET),)
    account = exchange.state.account(3)
    assert account.holdings_quanta == (7, 0, 0, 0, 0, 0, 5)
    assert [account.balance(i) for i in (0, 1, 2, 7)] == [account.collateral_quanta, 7, 0, 5]
    assert exchange.state.globals.other_custody_quanta == (107, 200, 300, 400, 500, 600, 705)
    check_conservation(exchange.state)


def test_deposit_when_first_is_of_an_asset_then_account_without_usd() -> None:
    exchange = with_assets()
    result = exchange.apply(exchange.deposit(9, 5, ETH))
    assert result.events == (Deposited(9, 5, is_new_account=True, asset_id=ETH),)
    account = exchange.state.account(9)
    assert (account.collateral_quanta, account.holdings_quanta) == (0, (5,))


def test_deposit_when_owner_differs_then_asset_is_not_credited() -> None:
    exchange = with_assets()
    custody = exchange.state.globals.other_custody_quanta
    result = exchange.apply(replace(exchange.deposit(3, 5, ETH), l1_address=l1_address(2)))
    code = ResultCode.DEPOSIT_KEY_MISMATCH
    assert result.events == (DepositFailed(3, 5, code, ETH),)
    assert exchange.state.account(3).holdings_quanta == (7,)
    assert exchange.state.globals.other_custody_quanta == custody


@pytest.mark.parametrize("asset_id", [-1, MAX_ASSETS])
def test_deposit_when_no_such_asset_then_our_fault(asset_id: int) -> None:
    exchange = with_assets()
    with pytest.raises(AssertionError):
        exchange.apply(exchange.deposit(3, 5, asset_id))


def test_withdrawal_when_of_an_asset_then_debited_there_only() -> None:
    exchange = with_assets()
    collateral = exchange.state.account(2).collateral_quanta
    result = exchange.withdraw(2, 100, ETH)
    assert result.events == (Withdrawn(2, l1_address(2), 100, ETH),)
    account = exchange.state.account(2)
    assert account.collateral_quanta == collateral
    assert account.holdings_quanta == (0, 200, 300, 400, 500, 600, 700)
    assert exchange.state.globals.custody(ETH) == 7
    exchange.withdraw(3, 7, ETH)
    assert exchange.state.account(3).holdings_quanta == ()
    check_conservation(exchange.state)


def test_withdrawal_when_above_the_assets_balance_then_refused_with_what_is_there() -> None:
    exchange = with_assets()
    for asset_id, balance in ((ETH, 7), (2, 0)):
        with pytest.raises(InvalidTransaction) as caught:
            exchange.apply(exchange.withdrawal(3, balance + 1, asset_id))
        assert caught.value.code is ErrorCode.INSUFFICIENT_BALANCE
        assert caught.value.broken == Broken("amount_quanta", balance + 1, balance)
        assert caught.value.detail == f"{balance + 1} quanta of asset {asset_id}, balance {balance}"


def test_withdrawal_when_asset_is_out_of_range_then_refused() -> None:
    exchange = with_assets()
    assert exchange.refuse(exchange.withdrawal(2, 1, MAX_ASSETS)) is ErrorCode.INVALID_FIELD


def test_withdrawal_when_of_an_asset_then_neither_prices_nor_margin_matter() -> None:
    exchange = with_assets()
    exchange.place(2, SELL, 1_000, 1000)
    exchange.place(3, BUY, 1_000, 1000)
    exchange.set_price(10)
    exchange.time_ms += 10_000
    assert exchange.refuse(exchange.withdrawal(3, 1)) is ErrorCode.STALE_PRICE
    exchange.withdraw(3, 7, ETH)
    # Nor do they lend margin: what an account holds backs no order.
    poor = with_assets()
    poor.apply(poor.deposit(5, 10**6 * ONE_DOLLAR, ETH))
    assert poor.refuse(poor.order(5, BUY, 1, 1000)) is ErrorCode.INSUFFICIENT_MARGIN


def sealed_batches() -> tuple[SealedBatch, ...]:
    """Return a batch that brings assets, one that leaves them as they are, and one that takes."""
    exchange = with_assets()
    first = exchange.seal()
    exchange.place(2, SELL, 1, 1000)
    exchange.place(3, BUY, 1, 1000)
    second = exchange.seal()
    exchange.withdraw(2, 700, LAST_ASSET)
    exchange.withdraw(3, 7, ETH)
    return first, second, exchange.seal()


def test_output_when_holdings_stay_then_only_their_number_is_told() -> None:
    first, second, third = (decode_output(sealed.output) for sealed in sealed_batches())
    assert [record.n_holding_words for record in first.accounts] == [3, 1]
    assert [record.holdings_quanta is None for record in first.accounts] == [False, False]
    held = {r.account_id: (r.n_holding_words, r.holdings_quanta) for r in second.accounts}
    assert held == {0: (0, None), 2: (3, None), 3: (1, None)}
    left = {r.account_id: (r.n_holding_words, r.holdings_quanta) for r in third.accounts}
    # All is gone: its number says so.
    assert left == {2: (2, (100, 200, 300, 400, 500, 600)), 3: (0, None)}
    assert [(w.asset_id, w.amount_quanta) for w in third.withdrawals] == [
        (LAST_ASSET, 700),
        (ETH, 7),
    ]
    assert [operation.asset_id for operation in first.operations] == [0, 0, *range(1, 8), ETH]


def test_rebuild_when_accounts_hold_assets_then_same_state() -> None:
    state = State.genesis(exchange_config(), genesis())
    for sealed in sealed_batches():
        output = decode_output(sealed.output)
        assert encode_output(output) == sealed.output
        apply_output(state, output)
    check_conservation(state)
    assert state.account(2).holdings_quanta == (100, 200, 300, 400, 500, 600)


def test_rebuild_when_holdings_are_not_told_or_others_then_refused() -> None:
    sealed = sealed_batches()
    first = decode_output(sealed[0].output)
    record = first.accounts[0]
    assert record.holdings_quanta is not None
    more = (*record.holdings_quanta[:-1], 701)
    for changes in ({"holdings_quanta": None}, {"holdings_quanta": more}, {"n_holding_words": 2}):
        wrong = replace(first, accounts=(replace(record, **changes), *first.accounts[1:]))
        with pytest.raises(DecodeError):
            apply_output(State.genesis(exchange_config(), genesis()), wrong)
    other = replace(first.counters, other_custody_quanta=(1,))
    with pytest.raises(DecodeError):
        apply_output(State.genesis(exchange_config(), genesis()), replace(first, counters=other))


def test_output_when_a_record_claims_words_that_it_has_not_then_refused() -> None:
    _, second, _ = sealed_batches()
    felts = list(second.output)
    # The first record is that of the fee account, which holds nothing.
    felts[HEADER_FELTS] |= 1 << 201
    with pytest.raises(DecodeError, match="no word"):
        decode_output(felts)


def test_conservation_when_an_asset_appears_then_noticed() -> None:
    exchange = with_assets()
    exchange.seal()
    state = exchange.state
    state.accounts[2] = replace(state.account(2), holdings_quanta=(101,))
    with pytest.raises(AssertionError):
        check_conservation(state)
