"""Wrong arguments to the SDK: one kind of error, which names argument, value and what is wanted."""

from collections.abc import AsyncIterator, Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from novation.client import (
    Client,
    InvalidInputError,
    LocalSigner,
    OracleClient,
    OrderRequest,
    Side,
    TimeInForce,
    sign_report,
)
from novation.protocol.constants import MAX_VALIDITY_MS
from tests.node.support import trading_node
from tests.support.builders import exchange_config, oracle_private_key, parameters, private_key

ORDER: dict[str, Any] = {
    "market": "BTC-USD",
    "side": Side.BUY,
    "price": "95.0",
    "size": "0.0001",
    "expiry_time_ms": 1_900_000_000_000,
    "time_in_force": TimeInForce.GTC,
    "reduce_only": False,
    "max_fee_ppm": 1000,
}
NO_INTEGERS: list[Any] = [1.0, float("nan"), "1", None, True, b"1", [1], Decimal(1)]
NO_NUMBERS: list[Any] = [0.1, float("inf"), None, True, b"1", [], "", "abc", "NaN", "-inf"]
# Arguments and values that no exchange would take; what stands in the error beside the name.
WRONG: dict[str, list[Any]] = {
    "market": [None, 0.0, True, b"BTC-USD", "", "NO-USD", 16, -1],
    "side": ["buy", "BUY", 1, 0, None, True, TimeInForce.GTC],
    "price": [*NO_NUMBERS, "1e999999", "1e-999999", Decimal("1e1000000")],
    "size": [*NO_NUMBERS, "1e999999", "0.00001"],
    "expiry_time_ms": [*NO_INTEGERS, 0, -1, 2**48, 10**30],
    "time_in_force": ["ioc", "IOC", 2, None, True, Side.BUY],
    "reduce_only": [0, 1, "False", None, 0.0],
    "max_fee_ppm": [1.5, "1", True, -1, 2**20],
}
OPTIONAL = {"expiry_time_ms", "max_fee_ppm"}
TRIES = [
    (name, value)
    for name, values in WRONG.items()
    for value in values
    if not (value is None and name in OPTIONAL)
]


@pytest.fixture
async def client(tmp_path: Path) -> AsyncIterator[Client]:
    async with trading_node(tmp_path) as node, node.client(2) as connected:
        yield connected


def named(error: object, name: str) -> bool:
    # Not the name of a class or a function: the text begins with the argument.
    return str(error).startswith((f"{name}:", f"{name} ", f"{name}["))


async def test_order_when_an_argument_is_wrong_then_named_and_nothing_is_sent(
    client: Client,
) -> None:
    before = (await client.status()).last_sequence
    for name, value in TRIES:
        fields = ORDER | {name: value}
        market, side = fields.pop("market"), fields.pop("side")
        with pytest.raises(InvalidInputError) as error:
            await client.place_order(market, side, **fields)
        assert named(error.value, name), (name, value, error.value)
        with pytest.raises(InvalidInputError) as error:
            client.sign_order(OrderRequest(**(ORDER | {name: value})))
        assert named(error.value, name), (name, value, error.value)
    assert (await client.status()).last_sequence == before


def calls(client: Client) -> dict[str, tuple[Callable[[Any], Any], list[Any]]]:
    """Return calls with one argument, by its name, and values that it does not take."""
    no_ids: list[Any] = [1.0, "1", True, b"1", [1], Decimal(1), -1, 2**80]
    no_market = [None, 1.0, True, b"BTC-USD", "NO-USD", 16]
    no_sequence = [1.0, "1", None, True, -1, 2**63]
    return {
        "order_id": (client.cancel_order, [*no_ids, None, 0]),
        "order_id ": (client.order, [*no_ids, None, 0]),
        "amount": (client.withdraw, [*NO_NUMBERS, "0.0000001"]),
        "account_id": (client.account, no_ids),
        "account_id ": (client.open_orders, no_ids),
        "public_key": (client.find_accounts, [*no_ids[:-1], None, 2**256]),
        "l1_address": (
            lambda value: client.find_accounts(l1_address=value),
            [*no_ids, "0x12", "12" * 20, "0x" + "1g" * 20, "0x" + "12" * 20 + "\n", b"\x12" * 20],
        ),
        "is_first_key": (lambda value: client.find_accounts(1, is_first_key=value), [None, 1, ""]),
        "message_hash": (client.order_by_message, [*no_ids[:-1], None, 2**256]),
        "market": (client.book, no_market),
        "market ": (client.mark_price, no_market),
        "depth": (lambda value: client.book("BTC-USD", value), [*no_ids, None]),
        "batch_number": (client.batch, [*no_ids, None, 0]),
        "page_size": (lambda value: anext(client.batches(value)), [*no_ids, None, 0]),
        "tx": (client.submit_order, [None, "order", 1]),
        "request": (client.sign_order, [None, "order", 1, {}]),
        "market  ": (client.stream_book, no_market),
        "account_id  ": (client.stream_account, no_ids),
        "after_sequence": (lambda value: client.stream_account(2, value), no_sequence),
        "after_sequence ": (lambda value: client.stream_trades("BTC-USD", value), no_sequence),
        "after_sequence  ": (client.stream_batches, no_sequence),
        "after_sequence   ": (lambda value: client.stream_funding("BTC-USD", value), no_sequence),
        "market   ": (client.stream_liquidations, no_market),
    }


async def refused(call: Callable[[Any], Any], value: Any) -> str:
    """Return the error that a call raises at once or when awaited; empty if it raises none."""
    try:
        answer = call(value)
        if hasattr(answer, "__await__"):
            await answer
    except InvalidInputError as error:
        return str(error)
    return ""


async def test_call_when_its_argument_is_wrong_then_named(client: Client) -> None:
    for name, (call, values) in calls(client).items():
        for value in values:
            error = await refused(call, value)
            assert named(error, name.strip()), (name, value, error)


@pytest.mark.parametrize(
    ("name", "arguments"),
    [
        ("target", {"target": None}),
        ("target", {"target": ""}),
        ("target", {"target": 50051}),
        ("account_id", {"account_id": "2"}),
        ("account_id", {"account_id": -1}),
        ("account_id", {"account_id": True}),
        ("signer", {"signer": 12345}),
        ("signer", {"signer": "0x3039"}),
        ("sequencer_public_key", {"sequencer_public_key": "0x1"}),
        ("sequencer_public_key", {"sequencer_public_key": 0}),
        ("max_fee_ppm", {"max_fee_ppm": "500"}),
        ("max_fee_ppm", {"max_fee_ppm": 2**20}),
        ("validity_ms", {"validity_ms": 0}),
        ("validity_ms", {"validity_ms": "5000"}),
        ("validity_ms", {"validity_ms": True}),
        ("validity_ms", {"validity_ms": MAX_VALIDITY_MS + 1}),
    ],
)
async def test_client_when_made_with_a_wrong_argument_then_named(
    name: str, arguments: dict[str, Any]
) -> None:
    with pytest.raises(InvalidInputError) as error:
        Client(**({"target": "127.0.0.1:1"} | arguments))
    assert named(error.value, name)


@pytest.mark.parametrize("value", [None, "12345", "0x3039", 1.0, True, b"\1", 0, -1, 2**252])
def test_key_when_not_a_number_of_the_curve_then_refused_without_showing_it(value: Any) -> None:
    with pytest.raises(InvalidInputError) as error:
        LocalSigner(value)
    if isinstance(value, str):
        assert value not in str(error.value)


@pytest.mark.parametrize("value", NO_INTEGERS)
def test_hash_when_not_an_integer_then_not_signed(value: Any) -> None:
    with pytest.raises(InvalidInputError, match=r"^message_hash"):
        LocalSigner(private_key(2)).sign(value)


@pytest.mark.parametrize(
    ("name", "time_ms", "prices"),
    [
        *(("time_ms", value, [1, 1]) for value in [*NO_INTEGERS, -1, 2**48]),
        *(("prices_x16", 1, value) for value in [None, 1, "11", [], [1], [1, 1.0], [1, True]]),
        *(("prices_x16", 1, [1, value]) for value in [-1, 2**48, None, "1"]),
    ],
)
async def test_report_when_an_argument_is_wrong_then_named(
    name: str, time_ms: Any, prices: Any
) -> None:
    signer = LocalSigner(oracle_private_key(0))
    with pytest.raises(InvalidInputError) as error:
        sign_report(exchange_config(), parameters(), signer, time_ms, prices)
    assert named(error.value, name), error.value


def test_oracle_client_when_the_target_is_wrong_then_named() -> None:
    with pytest.raises(InvalidInputError, match=r"^target"):
        OracleClient(7, LocalSigner(1))  # type: ignore[arg-type]
