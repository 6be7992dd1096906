"""What may leave an account, be it to L1 or to another account of its owner.

docs/spec/protocol.md, section 6, Withdraw.
"""

from novation.protocol.accounts import Account
from novation.protocol.constants import (
    LEAVING_MARGIN_PPM,
    PPM_ONE,
    PRICE_X16_ONE,
    USD_ASSET_ID,
)
from novation.protocol.errors import Broken, ErrorCode, InvalidTransaction
from novation.protocol.margin import margin_of, notional_x16
from novation.protocol.numeric import div_ceil
from novation.protocol.rules.price_validity import (
    check_all_priced,
    check_prices_are_valid,
)
from novation.protocol.rules.resolving import check_may_pay_out
from novation.protocol.state import State


def check_can_leave(state: State, account: Account, asset_id: int, amount_quanta: int) -> None:
    """Refuse an amount that the account lacks, or whose absence its positions do not bear.

    No price matters without a slot, so that such an account can always leave, nor for what margin
    does not count.
    """
    if asset_id == USD_ASSET_ID:
        _check_margin(state, account, amount_quanta)
    else:
        _check_balance(account, asset_id, amount_quanta)


def _check_margin(state: State, account: Account, amount_quanta: int) -> None:
    if account.positions:
        check_prices_are_valid(state)
        check_may_pay_out(state, account)
        check_all_priced(state, account)
    after = account.with_balance(account.collateral_quanta - amount_quanta)
    margin = margin_of(after, state.underlyings, state.parameters)
    notional = notional_x16(after, state.underlyings, state.parameters)
    required_x16_ppm = max(margin.opening_x16_ppm, notional * LEAVING_MARGIN_PPM)
    lacking_x16_ppm = required_x16_ppm - margin.settled_x16 * PPM_ONE
    if lacking_x16_ppm > 0:
        largest_quanta = amount_quanta - div_ceil(lacking_x16_ppm, PRICE_X16_ONE * PPM_ONE)
        raise InvalidTransaction(
            ErrorCode.INSUFFICIENT_MARGIN,
            f"settled equity_x16_ppm {margin.settled_x16 * PPM_ONE} < required {required_x16_ppm}",
            Broken("amount_quanta", amount_quanta, max(0, largest_quanta)),
        )


def _check_balance(account: Account, asset_id: int, amount_quanta: int) -> None:
    balance = account.balance(asset_id)
    if amount_quanta > balance:
        raise InvalidTransaction(
            ErrorCode.INSUFFICIENT_BALANCE,
            f"{amount_quanta} quanta of asset {asset_id}, balance {balance}",
            Broken("amount_quanta", amount_quanta, balance),
        )
