"""QueryService: reads of durable state."""

from collections.abc import Callable

from novation.api.v1 import query_service_pb2
from sequencer import list_views, views
from sequencer.assets import AssetList
from sequencer.condition import Condition
from sequencer.config import ServerLimits
from sequencer.paging import page_of
from sequencer.rpc import decoding
from sequencer.runner import EngineRunner


class QueryService:
    """Each method has the name of its RPC."""

    def __init__(
        self,
        runner: EngineRunner,
        limits: ServerLimits,
        condition: Callable[[], Condition],
        assets: AssetList,
    ) -> None:
        """Read through `runner`; `condition` says what keeps batches from L1."""
        self._assets = assets
        self._runner = runner
        self._limits = limits
        self._condition = condition

    async def get_exchange(
        self, _request: query_service_pb2.GetExchangeRequest
    ) -> query_service_pb2.GetExchangeResponse:
        """Return the configuration, the parameters, the listed markets and the assets."""
        return await self._runner.call(
            lambda engine: views.exchange(engine, self._limits, self._assets.known)
        )

    async def get_account(
        self, request: query_service_pb2.GetAccountRequest
    ) -> query_service_pb2.GetAccountResponse:
        """Return one account."""
        account_id = decoding.account_id(request.account_id)
        return await self._runner.call(lambda engine: views.account(engine, account_id))

    async def find_accounts(
        self, request: query_service_pb2.FindAccountsRequest
    ) -> query_service_pb2.FindAccountsResponse:
        """Return the accounts of a public key, an L1 address, or both."""
        query = decoding.account_query(request, self._limits.max_listed)
        return await self._runner.call(lambda engine: views.found_accounts(engine, query))

    async def get_order(
        self, request: query_service_pb2.GetOrderRequest
    ) -> query_service_pb2.GetOrderResponse:
        """Return one order, open or closed."""
        if request.WhichOneof("key") is None:
            raise decoding.missing("key")
        if request.WhichOneof("key") == "order_id":
            order_id = request.order_id
            order = await self._runner.call(lambda engine: views.order(engine, order_id))
        else:
            message_hash = decoding.felt("message_hash", request.message_hash)
            order = await self._runner.call(
                lambda engine: views.order_of_message(engine, message_hash)
            )
        return query_service_pb2.GetOrderResponse(order=order)

    async def list_open_orders(
        self, request: query_service_pb2.ListOpenOrdersRequest
    ) -> query_service_pb2.ListOpenOrdersResponse:
        """Return the resting orders of an account."""
        account_id = decoding.account_id(request.account_id)
        orders = await self._runner.call(lambda engine: views.open_orders(engine, account_id))
        return query_service_pb2.ListOpenOrdersResponse(orders=orders)

    async def list_orders(
        self, request: query_service_pb2.ListOrdersRequest
    ) -> query_service_pb2.ListOrdersResponse:
        """Return orders of an account, open or closed."""
        page = page_of(request, self._limits.max_page_size)
        return await self._runner.call(lambda engine: list_views.orders(engine, request, page))

    async def list_fills(
        self, request: query_service_pb2.ListFillsRequest
    ) -> query_service_pb2.ListFillsResponse:
        """Return matches of an account."""
        page = page_of(request, self._limits.max_page_size)
        return await self._runner.call(lambda engine: list_views.fills(engine, request, page))

    async def list_trades(
        self, request: query_service_pb2.ListTradesRequest
    ) -> query_service_pb2.ListTradesResponse:
        """Return matches of a market."""
        page = page_of(request, self._limits.max_page_size)
        return await self._runner.call(lambda engine: list_views.trades(engine, request, page))

    async def list_transfers(
        self, request: query_service_pb2.ListTransfersRequest
    ) -> query_service_pb2.ListTransfersResponse:
        """Return deposits and withdrawals of an account."""
        page = page_of(request, self._limits.max_page_size)
        return await self._runner.call(lambda engine: list_views.transfers(engine, request, page))

    async def list_funding(
        self, request: query_service_pb2.ListFundingRequest
    ) -> query_service_pb2.ListFundingResponse:
        """Return what an account has paid and got for holding positions."""
        page = page_of(request, self._limits.max_page_size)
        return await self._runner.call(lambda engine: list_views.funding(engine, request, page))

    async def list_market_funding(
        self, request: query_service_pb2.ListMarketFundingRequest
    ) -> query_service_pb2.ListMarketFundingResponse:
        """Return what each lot of a market has paid."""
        page = page_of(request, self._limits.max_page_size)
        return await self._runner.call(
            lambda engine: list_views.market_funding(engine, request, page)
        )

    async def list_pool_shares(
        self, request: query_service_pb2.ListPoolSharesRequest
    ) -> query_service_pb2.ListPoolSharesResponse:
        """Return what pools passed on to a side of a market."""
        page = page_of(request, self._limits.max_page_size)
        decoding.side(request.side)
        return await self._runner.call(lambda engine: list_views.pool_shares(engine, request, page))

    async def list_liquidations(
        self, request: query_service_pb2.ListLiquidationsRequest
    ) -> query_service_pb2.ListLiquidationsResponse:
        """Return the liquidations in a market."""
        page = page_of(request, self._limits.max_page_size)
        return await self._runner.call(
            lambda engine: list_views.liquidations(engine, request, page)
        )

    async def list_auctions(
        self, request: query_service_pb2.ListAuctionsRequest
    ) -> query_service_pb2.ListAuctionsResponse:
        """Return the accounts whose positions are up for auction."""
        most = self._limits.max_page_size
        limit = min(request.page_size or most, most)
        return await self._runner.call(lambda engine: views.auctions(engine, limit))

    async def get_book(
        self, request: query_service_pb2.GetBookRequest
    ) -> query_service_pb2.GetBookResponse:
        """Return the price levels of a market."""
        most = self._limits.max_book_levels
        depth = min(request.depth or most, most)
        return await self._runner.call(lambda engine: views.book(engine, request.market_id, depth))

    async def get_batch(
        self, request: query_service_pb2.GetBatchRequest
    ) -> query_service_pb2.GetBatchResponse:
        """Return one sealed batch."""
        number = request.batch_number
        batch = await self._runner.call(lambda engine: views.batch(engine, number))
        return query_service_pb2.GetBatchResponse(batch=batch)

    async def list_batches(
        self, request: query_service_pb2.ListBatchesRequest
    ) -> query_service_pb2.ListBatchesResponse:
        """Return sealed batches, newest first."""
        before = request.before_batch_number
        limit = min(request.limit or self._limits.max_listed, self._limits.max_listed)
        batches = await self._runner.call(lambda engine: views.batches(engine, before, limit))
        return query_service_pb2.ListBatchesResponse(batches=batches)

    async def get_status(
        self, _request: query_service_pb2.GetStatusRequest
    ) -> query_service_pb2.GetStatusResponse:
        """Return counters of the whole node."""
        status = await self._runner.call(views.status)
        status.pending_commands = self._runner.n_pending
        condition = self._condition()
        status.settlement_error = condition.settlement.error
        status.settlement_halted = condition.settlement.is_halted
        status.settlement_advice = condition.settlement.advice
        status.proof_error = condition.proof.error
        status.proof_halted = condition.proof.is_halted
        status.l1_queue_error = condition.l1_queue_error
        return status
