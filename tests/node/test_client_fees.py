"""The client's own limit of fees: whatever a server says, no order is signed above it."""

import functools
from dataclasses import replace
from pathlib import Path

import pytest

from novation.client import (
    Client,
    FeeLimitError,
    LocalSigner,
    OrderRequest,
    OrderStream,
    RejectedError,
    Side,
)
from novation.client.exchange import Exchange
from novation.client.keys import NonceLane
from novation.client.models import OrderAck
from novation.client.orders import UNASKED_FEE_LIMIT_PPM, MessageFactory, SigningIdentity
from novation.client.units import Market
from novation.protocol.errors import ErrorCode
from novation.protocol.transactions import ParameterKind
from tests.node.support import RunningNode, trading_node
from tests.support.builders import exchange_config, parameters, private_key, public_key

ORDER = OrderRequest("BTC-USD", Side.SELL, "100", "0.0001", 10**13)
# Of a taker in the tests' exchange.
FEE_PPM = 500


def with_fees(maker_fee_ppm: int, taker_fee_ppm: int) -> Exchange:
    """Return an exchange whose first underlying has these fees, as a server describes it."""
    now = parameters()
    first = replace(now.underlyings[0], maker_fee_ppm=maker_fee_ppm, taker_fee_ppm=taker_fee_ppm)
    now = replace(now, underlyings=(first, *now.underlyings[1:]))
    markets = tuple(Market(index, terms) for index, terms in enumerate(now.underlyings))
    return Exchange(exchange_config(), now, markets, public_key(5), 16_384)


def factory(exchange: Exchange, max_fee_ppm: int | None = None) -> MessageFactory:
    identity = SigningIdentity(2, 0, LocalSigner(private_key(2)), NonceLane(0))
    return MessageFactory(exchange, identity, max_fee_ppm)


@pytest.mark.parametrize("fees", [(0, 600), (600, 0)])
def test_fee_when_raised_after_the_first_look_then_not_signed_unless_asked_for(
    fees: tuple[int, int],
) -> None:
    exchange = with_fees(200, FEE_PPM)
    messages = factory(exchange)
    assert messages.place_order(ORDER).max_fee_ppm == FEE_PPM
    now = with_fees(*fees)
    exchange.parameters, exchange.markets = now.parameters, now.markets
    with pytest.raises(
        FeeLimitError, match=r"fee of BTC-USD is 600 ppm, .* limit is 500"
    ) as caught:
        messages.place_order(ORDER)
    error = caught.value
    assert (error.field, error.value, error.limit) == ("max_fee_ppm", 600, FEE_PPM)
    assert messages.place_order(replace(ORDER, max_fee_ppm=600)).max_fee_ppm == 600


@pytest.mark.parametrize(
    ("fee_ppm", "own_ppm", "is_signed"),
    [
        (UNASKED_FEE_LIMIT_PPM, None, True),
        (UNASKED_FEE_LIMIT_PPM + 1, None, False),
        (2**20 - 1, None, False),
        (UNASKED_FEE_LIMIT_PPM + 1, UNASKED_FEE_LIMIT_PPM + 1, True),
        (FEE_PPM, FEE_PPM - 1, False),
        (0, 0, True),
    ],
)
def test_limit_when_none_is_named_then_the_fees_seen_up_to_a_percent(
    fee_ppm: int, own_ppm: int | None, *, is_signed: bool
) -> None:
    # Another underlying's fee is lower.
    messages = factory(with_fees(0, fee_ppm), own_ppm)
    if is_signed:
        # Never more than the market asks for.
        assert messages.place_order(ORDER).max_fee_ppm == fee_ppm
    else:
        with pytest.raises(FeeLimitError):
            messages.place_order(ORDER)


async def raise_fee(node: RunningNode, taker_fee_ppm: int) -> None:
    """Let L1's owner raise a fee that is checked when an order trades."""
    terms = replace(node.parameters.underlyings[0], taker_fee_ppm=taker_fee_ppm)
    node.l1.set_parameter(ParameterKind.UNDERLYING, 0, terms.word())
    await node.until_consumed()


async def _place(client: Client, stream: OrderStream | None, request: OrderRequest) -> OrderAck:
    if stream is not None:
        return await stream.place_order(request)
    return await client.submit_order(client.sign_order(request))


@pytest.mark.parametrize("by_stream", [False, True])
async def test_fee_when_the_owner_raises_it_then_the_client_refuses_until_told(
    tmp_path: Path, *, by_stream: bool
) -> None:
    async with trading_node(tmp_path) as node, node.client(2) as client:
        generous = Client(
            node.target, account_id=3, signer=LocalSigner(private_key(3)), max_fee_ppm=700
        )
        async with generous, client.order_stream() as mine, generous.order_stream() as theirs:
            await raise_fee(node, 700)
            for party, stream in ((client, mine), (generous, theirs)):
                place = functools.partial(_place, party, stream if by_stream else None)
                # What was signed before it was known is refused by the exchange.
                with pytest.raises(RejectedError) as caught:
                    await place(ORDER)
                assert caught.value.code == ErrorCode.FEE_ABOVE_LIMIT
                if party is generous:
                    assert (await place(ORDER)).resting
                    continue
                before = await node.trace()
                with pytest.raises(FeeLimitError):
                    await place(ORDER)
                # Neither looking nor connecting again is a consent.
                await client.markets()
                await client.connect()
                with pytest.raises(FeeLimitError):
                    await place(ORDER)
                assert await node.trace() == before
                assert (await place(replace(ORDER, max_fee_ppm=700))).resting
