"""OracleUpdate: times, prices and signatures hold, and the indices are set."""

from dataclasses import replace

from novation.protocol.batch import TransactionResult
from novation.protocol.constants import LAST_TIME_MS, PRICE_VALIDITY_MS, REPORT_SPREAD_MS
from novation.protocol.errors import Broken, ErrorCode, InvalidTransaction, ResultCode
from novation.protocol.events import PricesUpdated
from novation.protocol.rules.minute_tick import next_minute_ms
from novation.protocol.rules.pools import pass_on_all
from novation.protocol.rules.price_validity import resume_after_gap
from novation.protocol.rules.resolving import with_index
from novation.protocol.signatures import check_signature
from novation.protocol.state import State
from novation.protocol.transactions.oracle_update import (
    OracleUpdate,
    check_report_time,
    index_of,
    validate_oracle_update,
)


def check_oracle_update(state: State, tx: OracleUpdate, *, verify_signature: bool) -> None:
    """Check times, prices and signatures."""
    config, parameters, now_ms = state.config, state.parameters, state.globals.time_ms
    for report in tx.reports:
        check_report_time(report.time_ms, now_ms, parameters.oracle_max_age_ms)
    oldest_ms = min(report.time_ms for report in tx.reports)
    newest_ms = max(report.time_ms for report in tx.reports)
    if newest_ms - oldest_ms > REPORT_SPREAD_MS:
        raise InvalidTransaction(
            ErrorCode.REPORTS_APART,
            f"reports of {oldest_ms} and {newest_ms} are more than {REPORT_SPREAD_MS} ms apart",
            Broken("time_ms", newest_ms, oldest_ms + REPORT_SPREAD_MS),
        )
    last_ms = state.globals.oracle_time_ms
    if oldest_ms > now_ms + PRICE_VALIDITY_MS:
        raise InvalidTransaction(
            ErrorCode.REPORT_TIME_OUTSIDE_WINDOW,
            f"the oldest report, of {oldest_ms}, is more than {PRICE_VALIDITY_MS} ms ahead of "
            f"{now_ms}: its prices could be used for too long",
            Broken("time_ms", oldest_ms, now_ms + PRICE_VALIDITY_MS),
        )
    if tx.oracle_time_ms != oldest_ms or oldest_ms <= last_ms:
        raise InvalidTransaction(
            ErrorCode.ORACLE_TIME_NOT_INCREASING,
            f"claimed {tx.oracle_time_ms}, oldest report {oldest_ms}, last update {last_ms}",
            Broken("oracle_time_ms", tx.oracle_time_ms, oldest_ms)
            if tx.oracle_time_ms != oldest_ms
            else Broken("time_ms", oldest_ms, last_ms + 1),
        )
    for underlying_id, claimed_x16 in enumerate(tx.prices_x16):
        reported_x16 = [report.prices_x16[underlying_id] for report in tx.reports]
        index_x16 = index_of(reported_x16, parameters.oracle_quorum)
        if claimed_x16 != index_x16:
            raise InvalidTransaction(
                ErrorCode.PRICE_NOT_MEDIAN,
                f"underlying {underlying_id}: claimed {claimed_x16}, the reports make {index_x16}",
                Broken("prices_x16", claimed_x16, index_x16),
            )
    if verify_signature:
        for report in tx.reports:
            key = parameters.oracle_keys[report.signer_index]
            check_signature(report.message_hash(config), report.signature, key)


def apply_oracle_update(
    state: State, tx: OracleUpdate, *, verify_signature: bool
) -> TransactionResult:
    """Set the index of every underlying of which there is a price; the others are silent.

    That of a market which is settled stays.
    """
    validate_oracle_update(tx, state.parameters)
    check_oracle_update(state, tx, verify_signature=verify_signature)
    before = state.underlyings
    killed = resume_after_gap(state)
    counters = replace(state.globals, oracle_time_ms=tx.oracle_time_ms)
    if counters.next_tick_ms == LAST_TIME_MS:
        counters = replace(counters, next_tick_ms=next_minute_ms(counters.time_ms))
    state.globals = counters
    after = (
        underlying
        if underlying.is_settled
        else replace(
            underlying,
            index_price_x16=price_x16 or underlying.index_price_x16,
            is_silent=price_x16 == 0,
        )
        for underlying, price_x16 in zip(state.underlyings, tx.prices_x16, strict=True)
    )
    state.underlyings = tuple(
        old if old.is_settled else with_index(old, new, terms, counters.time_ms)
        for old, new, terms in zip(before, after, state.parameters.underlyings, strict=True)
    )
    event = PricesUpdated(tx.oracle_time_ms, tx.prices_x16)
    shared = pass_on_all(state)
    n_pools = sum(underlying.pool_lots != 0 for underlying in state.underlyings)
    return TransactionResult(ResultCode.DONE, (event, *killed, *shared), n_visits=n_pools)
