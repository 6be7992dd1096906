"""Withdraw: prices, margin and custody allow it, and the account is debited."""

from novation.protocol.accounts import Account
from novation.protocol.batch import TransactionResult
from novation.protocol.constants import PPM_ONE, PRICE_X16_ONE, USD_ASSET_ID
from novation.protocol.errors import Broken, ErrorCode, InvalidTransaction, ResultCode
from novation.protocol.events import Withdrawn
from novation.protocol.margin import Margin, margin_of
from novation.protocol.numeric import div_ceil
from novation.protocol.rules.dead_orders import apply_timer
from novation.protocol.rules.price_validity import check_prices_are_valid
from novation.protocol.rules.signer import apply_nonce, check_signer
from novation.protocol.signing_keys import Permission
from novation.protocol.state import State
from novation.protocol.transactions.withdraw import Withdraw, validate_withdraw


def check_withdraw(state: State, tx: Withdraw, *, verify_signature: bool) -> Account:
    """Return the account after checking prices, its margin without the amount, and custody.

    No price matters without a slot, so that such an account can always leave, nor for what margin
    does not count.
    """
    account = check_signer(state, tx, Permission.WITHDRAW, verify_signature=verify_signature)
    if tx.asset_id == USD_ASSET_ID:
        _check_margin(state, tx, account)
    else:
        _check_balance(tx, account)
    _check_custody(state, tx)
    return account


def _check_margin(state: State, tx: Withdraw, account: Account) -> None:
    if account.positions:
        check_prices_are_valid(state)
    after = account.with_balance(account.collateral_quanta - tx.amount_quanta)
    margin = margin_of(after, state.underlyings, state.parameters)
    if not margin.meets_initial:
        raise InvalidTransaction(
            ErrorCode.INSUFFICIENT_MARGIN,
            f"equity_x16_ppm {margin.equity_x16 * PPM_ONE} < initial {margin.initial_x16_ppm}",
            Broken("amount_quanta", tx.amount_quanta, _largest_amount(tx, margin)),
        )


def _check_balance(tx: Withdraw, account: Account) -> None:
    balance = account.balance(tx.asset_id)
    if tx.amount_quanta > balance:
        raise InvalidTransaction(
            ErrorCode.INSUFFICIENT_BALANCE,
            f"{tx.amount_quanta} quanta of asset {tx.asset_id}, balance {balance}",
            Broken("amount_quanta", tx.amount_quanta, balance),
        )


def _check_custody(state: State, tx: Withdraw) -> None:
    """Refuse what is not there: equity counts profit that no one has paid in yet."""
    custody_quanta = state.globals.custody(tx.asset_id)
    if tx.amount_quanta > custody_quanta:
        raise InvalidTransaction(
            ErrorCode.CUSTODY_EXCEEDED,
            f"{tx.amount_quanta} quanta, in custody {custody_quanta}",
            Broken("amount_quanta", tx.amount_quanta, custody_quanta),
        )


def _largest_amount(tx: Withdraw, without: Margin) -> int:
    """Return the largest amount that leaves initial margin, given the margin without `tx`'s."""
    lacking_x16_ppm = without.initial_x16_ppm - without.equity_x16 * PPM_ONE
    return max(0, tx.amount_quanta - div_ceil(lacking_x16_ppm, PRICE_X16_ONE * PPM_ONE))


def apply_withdraw(state: State, tx: Withdraw, *, verify_signature: bool) -> TransactionResult:
    """Debit the account."""
    validate_withdraw(tx)
    timed_out = apply_timer(state, tx.account_id)
    apply_nonce(state, tx, check_withdraw(state, tx, verify_signature=verify_signature))
    account = state.account(tx.account_id)
    state.change_balance(tx.account_id, tx.asset_id, -tx.amount_quanta)
    state.globals = state.globals.with_custody_change(tx.asset_id, -tx.amount_quanta)
    event = Withdrawn(tx.account_id, account.l1_address, tx.amount_quanta, tx.asset_id)
    n_slots = len(account.positions)
    return TransactionResult(ResultCode.DONE, (*timed_out, event), n_slots=n_slots)
