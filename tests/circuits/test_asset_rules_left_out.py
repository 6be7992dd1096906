"""A sequencer that leaves a rule of assets out, or claims what nobody holds: no proof exists.

As in `test_rules_left_out.py`, each case breaks one rule; the control keeps it by as little.
"""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

import circuits.program_input
from circuits.program_input import ProgramInput, program_input
from novation.crypto import FIELD_PRIME
from novation.protocol import accounts, markets
from novation.protocol.assets import amount_of, pack_amounts, unpack_amounts
from novation.protocol.constants import AMOUNT_BOUND, ASSETS_PER_WORD, MAX_ASSETS
from novation.protocol.rules import leaving, withdraw
from novation.protocol.sealing import SealedBatch, seal_batch
from novation.protocol.signing_keys import Permission
from novation.protocol.state import State
from novation.protocol.transactions import Withdraw
from tests.circuits.forgery import (
    Path,
    assert_no_lie_gives_output,
    assert_proven,
    forged,
    ignored,
    run_dishonestly,
)
from tests.circuits.forging_batches import add_key, forging_inputs
from tests.circuits.tape import with_tape
from tests.support.exchange import Exchange

Patch = pytest.MonkeyPatch
ETH, BTC, LAST_ASSET = 1, 2, MAX_ASSETS - 1
# In an account's record: its identity, and in that the counts and the holdings.
IDENTITY, COUNTS, HOLDINGS, IS_CHANGED = 0, 5, 6, 3
TIMER = 4
ONE_WORD = 2**12


def with_assets(*, n_keys: int = 1) -> Exchange:
    """Return an exchange in which account 2 has 7 of ETH and 200 of BTC, 3 has more of each."""
    exchange = Exchange()
    exchange.fund(2, 3)
    for slot in range(1, n_keys):
        add_key(exchange, 2, slot, 2**48 - 1, Permission.TRADE)
    for account_id, asset_id, amount in ((2, ETH, 7), (2, BTC, 200), (3, ETH, 99), (3, BTC, 99)):
        exchange.apply(exchange.deposit(account_id, amount, asset_id))
    exchange.seal()
    exchange.refresh_prices()
    return exchange


def borrowed(amounts: tuple[int, ...], asset_id: int, amount_quanta: int) -> tuple[int, ...]:
    """Change an amount in its word as numbers do: what is missing comes from its neighbour."""
    words = list(pack_amounts(amounts))
    change = amount_quanta - amount_of(amounts, asset_id)
    index, place = divmod(asset_id - 1, ASSETS_PER_WORD)
    words[index] += change * AMOUNT_BOUND**place
    return unpack_amounts(words)


def let_amounts_borrow(patch: Patch) -> None:
    """Let the state and the prover's guesses do so."""
    for module in (accounts, markets, circuits.program_input):
        patch.setattr(module, "with_amount", borrowed)


def more_than_the_balance(patch: Patch, bad: int) -> SealedBatch:
    """Take one more than there is: BTC of the same word would become ETH."""
    exchange = with_assets()
    patch.setattr(leaving, "_check_balance", ignored)
    let_amounts_borrow(patch)
    exchange.withdraw(2, 7 + bad, ETH)
    return seal_batch(exchange.state)


def more_than_custody(patch: Patch, bad: int) -> SealedBatch:
    """Take one more than is in custody of an asset, of an account that has more."""
    exchange = with_assets()
    patch.setattr(leaving, "_check_balance", ignored)
    patch.setattr(withdraw, "_check_custody", ignored)
    let_amounts_borrow(patch)
    exchange.withdraw(3, 99, ETH)
    exchange.withdraw(2, 7 + bad, ETH)
    return seal_batch(exchange.state)


def deposit_beyond_the_bound(patch: Patch, bad: int) -> SealedBatch:
    """Credit so much that the amount would spill over into the next asset's."""
    exchange = with_assets()
    let_amounts_borrow(patch)
    patch.setattr("novation.protocol.rules.deposit.CUSTODY_BOUND", 2**64)
    exchange.apply(exchange.deposit(3, AMOUNT_BOUND - 1 - 106 + bad, ETH))
    return seal_batch(exchange.state)


CASES: dict[str, Callable[[Patch, int], SealedBatch]] = {
    "more than the balance": more_than_the_balance,
    "more than custody": more_than_custody,
    "deposit beyond the bound": deposit_beyond_the_bound,
}


@pytest.mark.parametrize("name", CASES)
def test_batch_when_it_keeps_the_rule_then_proven(name: str, monkeypatch: Patch) -> None:
    assert_proven(CASES[name](monkeypatch, 0))


@pytest.mark.parametrize("name", CASES)
def test_batch_when_it_breaks_the_rule_then_no_proof(name: str, monkeypatch: Patch) -> None:
    assert_no_lie_gives_output(CASES[name](monkeypatch, 1))


def another_account_asset(patch: Patch) -> None:
    change = State.change_balance
    patch.setattr(
        State, "change_balance", lambda state, account_id, _, x: change(state, account_id, BTC, x)
    )


def another_custody(patch: Patch) -> None:
    change = markets.Globals.with_custody_change
    patch.setattr(
        markets.Globals, "with_custody_change", lambda counters, _, x: change(counters, BTC, x)
    )


@pytest.mark.parametrize("mix", [another_account_asset, another_custody])
@pytest.mark.parametrize("act", ["deposit", "withdrawal"])
def test_movement_when_another_asset_pays_for_it_then_no_proof(
    mix: Callable[[Patch], None], act: str, monkeypatch: Patch
) -> None:
    """What is credited, debited, told L1 and counted in custody is one asset."""
    exchange = with_assets()
    mix(monkeypatch)
    if act == "deposit":
        exchange.apply(exchange.deposit(2, 5, ETH))
    else:
        exchange.withdraw(2, 5, ETH)
    assert_no_lie_gives_output(seal_batch(exchange.state))


def usd_account_asset(patch: Patch) -> None:
    change = State.change_balance
    patch.setattr(
        State, "change_balance", lambda state, account_id, _, x: change(state, account_id, 0, x)
    )


def test_withdrawal_when_usd_pays_for_an_asset_then_no_proof(monkeypatch: Patch) -> None:
    exchange = with_assets()
    usd_account_asset(monkeypatch)
    exchange.withdraw(2, 5, ETH)
    assert_no_lie_gives_output(seal_batch(exchange.state))


def resigned(asset_id: int) -> tuple[SealedBatch, ProgramInput]:
    """Return a withdrawal of the last asset, and its input with another asset and signature."""
    exchange = with_assets()
    exchange.apply(exchange.deposit(2, 50, LAST_ASSET))
    exchange.seal()
    exchange.refresh_prices()
    honest = exchange.withdrawal(2, 5, LAST_ASSET)
    exchange.apply(honest)
    sealed = exchange.seal()
    records = program_input(sealed.witness)
    tape: list[Any] = list(records.tape)
    fields = [2, 0, honest.nonce, honest.valid_until_ms, LAST_ASSET, 5]
    (place,) = (i for i, item in enumerate(tape) if item == fields)
    signature = exchange.signed(replace(honest, asset_id=asset_id)).signature
    tape[place] = [*fields[:4], asset_id, 5]
    tape[place + 1] = [signature.r, signature.s]
    return sealed, with_tape(records, tape)


def test_withdrawal_when_of_an_asset_that_cannot_be_then_no_proof() -> None:
    sealed, same = resigned(LAST_ASSET)
    assert run_dishonestly(same) == sealed.output
    for asset_id in (MAX_ASSETS, MAX_ASSETS + 1, 2**8 - 1):
        _, records = resigned(asset_id)
        assert run_dishonestly(records) is None, asset_id


@pytest.mark.parametrize("n_keys", [1, 2])
@pytest.mark.parametrize(("held", "claimed"), [((), ETH), ((ETH,), 4), ((ETH,), 7), ((ETH, 4), 7)])
def test_holdings_when_the_leaf_has_none_then_nobody_claims_them(
    n_keys: int, held: tuple[int, ...], claimed: int, monkeypatch: Patch
) -> None:
    """The prover writes holdings beside the record; once taken out they leave no trace in it."""
    exchange = Exchange()
    exchange.fund(2, 3)
    for slot in range(1, n_keys):
        add_key(exchange, 2, slot, 2**48 - 1, Permission.TRADE)
    for account_id, asset_id in ((3, claimed), *((2, asset_id) for asset_id in held)):
        exchange.apply(exchange.deposit(account_id, 5, asset_id))
    exchange.seal()
    exchange.refresh_prices()
    before = exchange.state.account(2)
    monkeypatch.setattr(leaving, "_check_balance", ignored)
    monkeypatch.setattr(State, "change_balance", note_only)
    exchange.withdraw(2, 5, claimed)
    sealed = seal_batch(exchange.state)
    after = before.with_balance_change(claimed, 5)
    records = with_claimed_holdings(sealed, 2, after.holdings_quanta)
    counts: Path = ("accounts", 2, IDENTITY, COUNTS)
    n_more = len(after.holding_words()) - len(before.holding_words())
    assert n_more > 0
    for change in (0, -n_more * ONE_WORD):
        assert run_dishonestly(forged(records, (counts, change))) is None


def test_holdings_when_the_leaf_has_them_then_their_withdrawal_is_proven() -> None:
    exchange = with_assets(n_keys=2)
    exchange.withdraw(2, 7, ETH)
    sealed = exchange.seal()
    assert run_dishonestly(program_input(sealed.witness)) == sealed.output


def note_only(state: State, account_id: int, _: int, __: int) -> None:
    """Change no balance; the batch has the account nevertheless."""
    state.set_account(account_id, state.account(account_id))


def with_claimed_holdings(
    sealed: SealedBatch, account_id: int, held: tuple[int, ...]
) -> ProgramInput:
    """Return an input in which an account's record has holdings, and so have its guesses."""
    honest = sealed.witness
    claimed = tuple(
        replace(opened, account=replace(opened.account, holdings_quanta=held))
        if opened.account_id == account_id and opened.account is not None
        else opened
        for opened in honest.accounts
    )
    return program_input(replace(honest, accounts=claimed))


def test_words_when_one_more_is_counted_then_no_proof() -> None:
    for name in ("holdings 2", "holdings 3"):
        records = forging_inputs()[name]
        for account_id in records.accounts:
            counts: Path = ("accounts", account_id, IDENTITY, COUNTS)
            for change in (-ONE_WORD, ONE_WORD, 2 * ONE_WORD, 4 * ONE_WORD, -4 * ONE_WORD):
                assert run_dishonestly(forged(records, (counts, change))) is None


@pytest.mark.parametrize("carry", [1, -1])
def test_words_when_the_timer_makes_up_for_them_then_no_proof(carry: int) -> None:
    """The balance word stays: 256 words more are a millisecond of the timer less."""
    n_tried = 0
    for name in ("holdings 2", "holdings 3"):
        records = forging_inputs()[name]
        for account_id in records.accounts:
            counts: Path = ("accounts", account_id, IDENTITY, COUNTS)
            timer: Path = ("accounts", account_id, TIMER)
            cells = (counts, carry * 2**8 * ONE_WORD), (timer, carry)
            assert run_dishonestly(forged(records, *cells)) is None, (name, account_id)
            n_tried += 1
    assert n_tried > 4


@pytest.mark.parametrize("carry", [1, -1])
def test_amounts_when_read_in_another_way_then_no_proof(carry: int) -> None:
    """The word of three amounts stays as it is; only the bounds object."""
    n_tried = 0
    for name in ("holdings 1", "holdings 2", "holdings 3"):
        records = forging_inputs()[name]
        places = [
            index
            for index, item in enumerate(records.tape)
            if not isinstance(item, int) and len(item) == ASSETS_PER_WORD and index > 3
        ]
        for place in places:
            for low in (0, 1):
                cells: tuple[tuple[Path, int], ...] = (
                    (("tape", place, low), carry * AMOUNT_BOUND),
                    (("tape", place, low + 1), -carry),
                )
                assert run_dishonestly(forged(records, *cells)) is None, (name, place, low)
                n_tried += 1
    assert n_tried > 40


def test_amounts_when_read_behind_the_prime_then_no_proof() -> None:
    """The word and the prime together have a reading, too: the third amount is too large."""
    n_tried = 0
    for name in ("holdings 1", "holdings 2", "holdings 3"):
        records = forging_inputs()[name]
        for place, item in enumerate(records.tape):
            if isinstance(item, int) or len(item) != ASSETS_PER_WORD or place <= 3:
                continue
            amounts = [int(str(amount)) for amount in item]
            word = sum(amount * AMOUNT_BOUND**i for i, amount in enumerate(amounts)) + FIELD_PRIME
            rest, first = divmod(word, AMOUNT_BOUND)
            third, second = divmod(rest, AMOUNT_BOUND)
            cells: tuple[tuple[Path, int], ...] = tuple(
                (("tape", place, i), other - amounts[i])
                for i, other in enumerate((first, second, third))
            )
            assert run_dishonestly(forged(records, *cells)) is None, (name, place)
            n_tried += 1
    assert n_tried > 20


def test_holdings_when_the_batch_changed_them_then_the_output_has_them() -> None:
    """Whoever rebuilds needs them: the program writes them whatever the sequencer says."""
    honest = with_assets()
    honest.withdraw(2, 5, ETH)
    expected = honest.seal().output
    exchange = with_assets()
    exchange.withdraw(2, 5, ETH)
    assert exchange.state.batch is not None
    exchange.state.batch.changed_holdings.clear()
    sealed = exchange.seal()
    output = run_dishonestly(program_input(sealed.witness))
    assert output == expected != sealed.output
    # Nor can it be said of an account whose holdings came from the leaf.
    records = program_input(exchange_with_a_trade().witness)
    changed: Path = ("accounts", 2, IDENTITY, HOLDINGS, IS_CHANGED)
    assert run_dishonestly(forged(records, (changed, 1))) is None


def exchange_with_a_trade() -> SealedBatch:
    """Return a batch in which account 2 only gets more USD."""
    exchange = with_assets()
    exchange.fund(2, amount_quanta=1)
    return exchange.seal()


def test_withdrawal_message_when_packed_then_asset_behind_amount() -> None:
    assert Withdraw(2, 0, 1, 5, 3).message_words()[1] == 5 + 3 * 2**64
