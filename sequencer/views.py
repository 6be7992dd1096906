"""Answers to queries, read on the engine's thread from durable state."""

from collections.abc import Sequence
from itertools import count, islice

from novation.api.v1 import query_service_pb2, stream_service_pb2, types_pb2
from novation.crypto import public_key
from novation.protocol.accounts import Account
from novation.protocol.auction import discount_ppm, restoring_share_x16
from novation.protocol.constants import AUCTION_LIFE_MS, HOUR_MS
from novation.protocol.fee_tiers import FeeSchedule
from novation.protocol.insured_interest import interest_cap_lots
from novation.protocol.margin import margin_of
from novation.protocol.orders import Side
from novation.protocol.rules.funding import expected_rate_x16
from novation.protocol.rules.list_market import not_listed
from novation.protocol.state import State
from sequencer.account_index import AccountQuery
from sequencer.config import ServerLimits
from sequencer.engine import Engine
from sequencer.errors import ErrorContext, NodeErrorCode, RequestRefusedError, context_of
from sequencer.feed import last_event_number
from sequencer.l1 import L1Asset
from sequencer.messages import (
    account_message,
    address_bytes,
    amount_messages,
    asset_message,
    fee_standing_message,
    fee_tier_message,
    felt_bytes,
    hourly_rate_ppb,
    level_message,
    market_message,
    position_messages,
    underlying_message,
)

_LIFECYCLE_OF_BATCH = {
    types_pb2.BATCH_STATE_SEALED: types_pb2.LIFECYCLE_BATCHED,
    types_pb2.BATCH_STATE_PROVEN: types_pb2.LIFECYCLE_PROVEN,
    types_pb2.BATCH_STATE_FINAL: types_pb2.LIFECYCLE_FINAL,
}


def exchange(
    engine: Engine, limits: ServerLimits, assets: Sequence[L1Asset]
) -> query_service_pb2.GetExchangeResponse:
    """Return the configuration, the parameters, the listed markets and the assets."""
    config, state = engine.settings.exchange, engine.state
    parameters = state.parameters
    return query_service_pb2.GetExchangeResponse(
        chain_id=config.chain_id,
        exchange_address=address_bytes(config.exchange_address),
        config_hash=felt_bytes(config.config_hash),
        markets=[_market(state, market_id) for market_id in sorted(state.markets)],
        underlyings=[
            underlying_message(*item)
            for item in zip(count(), parameters.underlyings, state.underlyings, strict=False)
        ],
        oracle_public_keys=[felt_bytes(key) for key in parameters.oracle_keys],
        oracle_quorum=parameters.oracle_quorum,
        oracle_max_age_ms=parameters.oracle_max_age_ms,
        outflow_share_ppm=parameters.outflow_share_ppm,
        sequencer_public_key=felt_bytes(public_key(engine.settings.private_key)),
        time_ms=state.globals.time_ms,
        max_message_bytes=limits.max_message_bytes,
        assets=[asset_message(asset) for asset in assets],
        fee_tiers=[fee_tier_message(tier) for tier in parameters.fee_schedule.tiers],
        fee_insurance_permille=parameters.fee_schedule.insurance_permille,
    )


def account(engine: Engine, account_id: int) -> query_service_pb2.GetAccountResponse:
    """Return an account; NOT_FOUND if it does not exist."""
    found = engine.state.get_account(account_id)
    if found is None:
        raise not_found("account_id", account_id, len(engine.state.accounts) - 1)
    return query_service_pb2.GetAccountResponse(
        account=_account(engine, account_id, found),
        sequence=last_event_number(engine.last_sequence),
    )


def found_accounts(engine: Engine, query: AccountQuery) -> query_service_pb2.FindAccountsResponse:
    """Return the ids of the accounts of a public key, an L1 address, or both."""
    page = engine.account_index.find(query, engine.state.accounts)
    return query_service_pb2.FindAccountsResponse(
        account_ids=page.account_ids,
        first_account_ids=page.first_account_ids,
        next_account_id=page.next_account_id,
    )


def order(engine: Engine, order_id: int) -> types_pb2.Order:
    """Return an order with its lifecycle; NOT_FOUND if there was never one with this id."""
    record = engine.history.order(order_id)
    last_id = engine.state.globals.next_order_id - 1
    if record is None and 0 < order_id <= last_id:
        raise no_longer_kept(order_id, last_id)
    if record is None:
        raise not_found("order_id", order_id, last_id)
    return shown(engine, record, batch_of(engine, record.sequence))


def order_of_message(engine: Engine, message_hash: int) -> types_pb2.Order:
    """Return the order that a signed message placed; NOT_FOUND if it was never accepted."""
    answer = engine.history.acknowledgement(message_hash)
    if answer is None or not answer.HasField("placed"):
        raise not_found("message_hash", message_hash)
    return order(engine, answer.placed.receipt.order_id)


def open_orders(engine: Engine, account_id: int) -> list[types_pb2.Order]:
    """Return the resting orders of an account, oldest first."""
    find = BatchFinder(engine)
    records = engine.history.open_orders(account_id)
    return [shown(engine, record, find.batch_of(record.sequence)) for record in records]


def book(engine: Engine, market_id: int, depth: int) -> query_service_pb2.GetBookResponse:
    """Return the price levels of a market, best first; NOT_FOUND if there is no such market."""
    check_market(engine, market_id)
    bids, asks = (
        [level_message(level) for level in engine.history.book.levels(market_id, side, depth)]
        for side in (Side.BUY, Side.SELL)
    )
    sequence = last_event_number(engine.last_sequence)
    return query_service_pb2.GetBookResponse(
        market_id=market_id, sequence=sequence, bids=bids, asks=asks
    )


def market_state(engine: Engine, market_id: int) -> stream_service_pb2.StreamMarketResponse:
    """Return what a market is like now; NOT_FOUND if there is no such market."""
    check_market(engine, market_id)
    market, book = _market(engine.state, market_id), engine.history.book
    best_bids, best_asks = (
        [level_message(level) for level in book.levels(market_id, side, 1)]
        for side in (Side.BUY, Side.SELL)
    )
    return stream_service_pb2.StreamMarketResponse(
        sequence=last_event_number(engine.last_sequence),
        time_ms=engine.state.globals.time_ms,
        oracle_time_ms=engine.state.globals.oracle_time_ms,
        index_price_x16=market.index_price_x16,
        mark_price_x16=market.mark_price_x16,
        open_interest_lots=market.open_interest_lots,
        status=market.status,
        best_bid=next(iter(best_bids), None),
        best_ask=next(iter(best_asks), None),
        premium_x16=market.premium_x16,
        added_margin_ppm=market.added_margin_ppm,
        forecast_margin_ppm=market.forecast_margin_ppm,
        funding_quanta_per_lot=market.funding_quanta_per_lot,
        funding_rate_ppb=market.funding_rate_ppb,
        next_funding_time_ms=market.next_funding_time_ms,
        ref_price_x16=market.ref_price_x16,
        resolving_until_ms=market.resolving_until_ms,
        is_settled=market.is_settled,
        short_quanta_per_lot=market.short_quanta_per_lot,
        pool_lots=market.pool_lots,
        is_silent=market.is_silent,
        interest_cap_lots=market.interest_cap_lots,
    )


def portfolio(engine: Engine, account_id: int) -> stream_service_pb2.StreamPortfolioResponse:
    """Return what an account holds and is worth now; NOT_FOUND if it does not exist."""
    found = account(engine, account_id)
    return stream_service_pb2.StreamPortfolioResponse(
        sequence=found.sequence,
        time_ms=engine.state.globals.time_ms,
        account=found.account,
    )


def batch(engine: Engine, batch_number: int) -> types_pb2.Batch:
    """Return the record of a sealed batch; NOT_FOUND if it is not sealed yet."""
    try:
        return engine.batches.get(batch_number)
    except KeyError:
        raise not_found("batch_number", batch_number, engine.batches.last_sealed) from None


def batches(engine: Engine, before: int, limit: int) -> list[types_pb2.Batch]:
    """Return records of sealed batches below a number (0: all), newest first."""
    newest = engine.batches.newest_first(before or engine.batches.last_sealed + 1)
    return [record for record, _ in zip(newest, range(limit), strict=False)]


def status(engine: Engine) -> query_service_pb2.GetStatusResponse:
    """Return counters of the whole node."""
    archive, meter = engine.batches, engine.meter
    return query_service_pb2.GetStatusResponse(
        last_sequence=engine.last_sequence,
        last_batch_number=archive.last_sealed,
        state_root=felt_bytes(engine.state.root),
        proven_batch_number=archive.proven_through(),
        final_batch_number=archive.last_final,
        l1_queue_position=engine.state.globals.l1_queue_position,
        open_batch_cost_steps=meter.cost_steps if meter.n_transactions else 0,
        open_batch_transactions=meter.n_transactions,
        n_orders_accepted=engine.counters.n_orders_accepted,
        n_fills=engine.counters.n_fills,
        oracle_time_ms=engine.state.globals.oracle_time_ms,
        post_only_until_ms=engine.state.globals.post_only_until_ms,
        custody_quanta=engine.state.globals.custody_quanta,
        custody=amount_messages(engine.state.globals.other_custody_quanta),
        recorded_deficit_quanta=engine.state.globals.recorded_deficit_quanta,
    )


def auctions(engine: Engine, limit: int) -> query_service_pb2.ListAuctionsResponse:
    """Return accounts whose positions are up for auction, the oldest auctions first."""
    auctioned, now_ms = engine.margin_watch.auctioned, engine.now_ms
    return query_service_pb2.ListAuctionsResponse(
        auctions=[_auction(engine.state, i, now_ms) for i in islice(auctioned, limit)],
        n_auctions=len(auctioned),
        sequence=last_event_number(engine.last_sequence),
        time_ms=now_ms,
    )


def _auction(state: State, account_id: int, now_ms: int) -> query_service_pb2.ListedAuction:
    account = state.account(account_id)
    without_orders = account.with_all_cancelled(state.globals.next_order_id)
    margin = margin_of(without_orders, state.underlyings, state.parameters)
    given_ppm = discount_ppm(account, now_ms)
    is_for_sale = margin.equity_x16 >= 0 and not margin.meets_maintenance
    return query_service_pb2.ListedAuction(
        account_id=account_id,
        start_time_ms=account.auction_start_ms,
        end_time_ms=account.auction_start_ms + AUCTION_LIFE_MS,
        discount_ppm=given_ppm,
        enough_share_x16=restoring_share_x16(margin, given_ppm) if is_for_sale else 0,
        equity_x16=str(margin.equity_x16),
        initial_x16_ppm=str(margin.initial_x16_ppm),
        maintenance_x16_ppm=str(margin.maintenance_x16_ppm),
        positions=position_messages(account),
    )


def check_market(engine: Engine, market_id: int) -> None:
    """Raise NOT_FOUND unless the market exists."""
    if market_id not in engine.state.markets:
        unknown = not_listed(engine.state, market_id)
        context = context_of(unknown.broken)
        raise RequestRefusedError(NodeErrorCode.NOT_FOUND, unknown.detail, context)


def no_longer_kept(order_id: int, last_id: int) -> RequestRefusedError:
    """Return the refusal of a question about an order whose record has been dropped."""
    return RequestRefusedError(
        NodeErrorCode.ORDER_NO_LONGER_KEPT,
        f"order {order_id} is closed, its record is no longer kept",
        ErrorContext("order_id", str(last_id), str(order_id)),
    )


def not_found(field: str, value: int, last: int | None = None) -> RequestRefusedError:
    """Return the refusal of a query for something that does not exist."""
    if last is None:
        context = ErrorContext(field=field, value=str(value))
        return RequestRefusedError(NodeErrorCode.NOT_FOUND, f"there is no {field} {value}", context)
    sentence = f"there is no {field} {value}, the last is {last}"
    return RequestRefusedError(
        NodeErrorCode.NOT_FOUND, sentence, ErrorContext(field, str(last), str(value))
    )


def _account(engine: Engine, account_id: int, found: Account) -> types_pb2.Account:
    state = engine.state
    has_margin = all(state.mark_price_x16(slot.market_id) for slot in found.positions)
    margin = margin_of(found, state.underlyings, state.parameters) if has_margin else None
    n_open_orders = engine.history.n_open_orders(account_id)
    message = account_message(account_id, found, margin, n_open_orders)
    message.fees.CopyFrom(fee_standing_message(found, *_fee_rule(state)))
    return message


def _fee_rule(state: State) -> tuple[int, FeeSchedule]:
    """Return what the fees of the open batch are settled by: the time and the tiers before it."""
    batch = state.batch
    if batch is None:
        return state.globals.time_ms, state.parameters.fee_schedule
    return batch.old_globals.time_ms, batch.old_parameters.fee_schedule


def _market(state: State, market_id: int) -> types_pb2.Market:
    terms, mark_price_x16 = state.underlying_of(market_id), state.mark_price_x16(market_id)
    message = market_message(market_id, state.market(market_id), terms, mark_price_x16)
    prices, time_ms = state.price_of(market_id), state.globals.time_ms
    message.index_price_x16 = prices.index_price_x16
    message.premium_x16 = prices.premium_x16
    message.added_margin_ppm = prices.added_margin_ppm
    message.forecast_margin_ppm = prices.forecast_margin_ppm
    message.interest_cap_lots = interest_cap_lots(prices, terms)
    message.funding_quanta_per_lot = prices.long_prefix
    message.short_quanta_per_lot = prices.short_prefix
    message.pool_lots = prices.pool_lots
    message.pool_cash_quanta = str(prices.pool_cash_quanta)
    message.ref_price_x16 = prices.ref_x16
    message.resolving_until_ms = prices.resolve_until_ms if prices.jumped_ms else 0
    message.is_settled = prices.is_settled
    message.long_charged_quanta_per_lot = prices.long_charged_quanta
    message.short_charged_quanta_per_lot = prices.short_charged_quanta
    message.is_silent = prices.is_silent
    message.next_funding_time_ms = (time_ms // HOUR_MS + 1) * HOUR_MS
    if prices.index_price_x16:
        rate_x16 = expected_rate_x16(state.market(market_id), prices, terms, time_ms)
        message.funding_rate_ppb = hourly_rate_ppb(rate_x16, prices.index_price_x16)
    return message


class BatchFinder:
    """Finds the batches of journal entries; neighbours mostly share theirs, which is read once."""

    def __init__(self, engine: Engine) -> None:
        """Know none yet."""
        self._engine = engine
        self._last: types_pb2.Batch | None = None

    def batch_of(self, sequence: int) -> types_pb2.Batch | None:
        """Return the batch that holds a journal entry, None while that is open."""
        last = self._last
        if last is None or not last.first_sequence <= sequence <= last.last_sequence:
            self._last = last = batch_of(self._engine, sequence)
        return last


def batch_of(engine: Engine, sequence: int) -> types_pb2.Batch | None:
    """Return the batch that holds a journal entry, None while that is open."""
    if sequence > engine.batches.last_sequence:
        return None
    return engine.batches.batch_of(sequence)


def shown(
    engine: Engine, record: types_pb2.Order, sealed: types_pb2.Batch | None
) -> types_pb2.Order:
    """Return a record with its lifecycle; a dead order does not look like a living one."""
    message = types_pb2.Order()
    message.CopyFrom(record)
    is_dead = record.order_id < engine.state.price_of(record.market_id).dead_below_order_id
    if is_dead and record.status in (
        types_pb2.ORDER_STATUS_RESTING,
        types_pb2.ORDER_STATUS_DORMANT,
    ):
        message.status = types_pb2.ORDER_STATUS_KILLED
    add_lifecycle(message, sealed)
    return message


def add_lifecycle(
    message: types_pb2.Order | query_service_pb2.Transfer, sealed: types_pb2.Batch | None
) -> None:
    """Say how far what is in a batch has come; `sealed` is None while that is open."""
    message.lifecycle = types_pb2.LIFECYCLE_MATCHED
    if sealed is not None:
        message.batch_number = sealed.batch_number
        message.lifecycle = _LIFECYCLE_OF_BATCH[sealed.state]
        message.times.batched_time_ms = sealed.sealed_time_ms
        message.times.proven_time_ms = sealed.proven_time_ms
        message.times.final_time_ms = sealed.final_time_ms
