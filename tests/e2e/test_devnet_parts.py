"""The devnet's small parts: prices, oracle nodes, tampering, the demo's promises."""

import json
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from decimal import Decimal
from fractions import Fraction
from pathlib import Path

import pytest

from devnet.demo.collect import Evidence, build_report
from devnet.demo.play import FundingSeen, Seen, at_fresh_prices
from devnet.demo.report import BatchFigures, DemoReport
from devnet.demo.run import ACT_MS, BATCH_AGE_MS, first_act_ms, start_ms
from devnet.demo.tamper import TamperResult, change_new_root, flip_byte
from devnet.endpoints import Endpoints
from devnet.home import Home
from devnet.markets import LISTED_LATER, MARKETS
from devnet.oracle_setup import write_node_configs
from devnet.prices import RandomWalk, decimal_text, read_prices, set_prices, start_prices
from devnet.program_code import creation_code
from devnet.rebuild import RebuiltState
from devnet.shared_clock import SharedClock, set_ahead
from devnet.system import oracle_keys
from novation.client import ErrorDetail, StalePriceError
from novation.client.auction_models import BidFill, TakenPosition
from novation.client.models import Status
from novation.protocol.constants import (
    HOUR_MS,
    INSURANCE_ACCOUNT_ID,
    MINUTE_MS,
    RESUME_GAP_MS,
)
from oracle.config import load_config
from oracle.key_file import read_key
from prover.calldata import OUTPUT_OFFSET, OUTPUT_SEGMENT_OFFSET, decode_output
from tests.e2e.local_exchange import LocalExchange
from tests.support.builders import exchange_config

PPM = 1_000_000


@pytest.mark.parametrize(
    ("value", "text"),
    [("95000", "95000"), ("0.1", "0.1"), ("-1/8", "-0.125"), ("0", "0"), ("1/20", "0.05")],
)
def test_decimal_text_when_value_is_decimal_then_exact(value: str, text: str) -> None:
    assert decimal_text(Fraction(value)) == text


def test_random_walk_when_repeated_with_its_seed_then_same_prices_also_of_what_came_later(
    tmp_path: Path,
) -> None:
    walks = []
    start = start_prices(MARKETS)
    for run in range(2):
        path = tmp_path / f"prices-{run}.json"
        set_prices(path, start)
        walk = RandomWalk(path, seed=5)
        walk.step()
        set_prices(path, {"SHIB-USD": "0.00000123"})
        for _ in range(50):
            walk.step()
        walks.append(read_prices(path, [*start, "SHIB-USD"]))
    assert walks[0] == walks[1]
    for price, began in zip(walks[0], [*start.values(), "0.00000123"], strict=True):
        assert price != Fraction(began)
        assert abs(price / Fraction(began) - 1) < Fraction(51 * 200, 10**6)


def test_prices_when_set_by_many_at_once_then_none_is_lost(tmp_path: Path) -> None:
    path = tmp_path / "prices.json"
    set_prices(path, {"BTC-USD": "1"})
    walk = RandomWalk(path, seed=5)
    with ThreadPoolExecutor(8) as pool:
        for symbol in range(40):
            pool.submit(set_prices, path, {f"M{symbol}": "2"})
            pool.submit(walk.step)
    assert set(json.loads(path.read_text())) == {"BTC-USD", *(f"M{i}" for i in range(40))}


def test_prices_when_a_market_is_missing_then_named(tmp_path: Path) -> None:
    set_prices(tmp_path / "prices.json", {"BTC-USD": "1"})
    with pytest.raises(ValueError, match="ETH-USD"):
        read_prices(tmp_path / "prices.json", ["BTC-USD", "ETH-USD"])


def test_oracle_nodes_when_configured_then_as_many_as_keys_and_in_the_exchange_s_order(
    tmp_path: Path,
) -> None:
    home, endpoints = Home(tmp_path), Endpoints("127.0.0.1:1", "http://127.0.0.1:2", "127.0.0.1:3")
    underlyings = tuple(market.terms for market in (*MARKETS, LISTED_LATER))
    write_node_configs(home, endpoints, exchange_config(), underlyings)
    for index, keys in enumerate(oracle_keys(home)):
        read = load_config(home.oracle_node_path(index) / "oracle.json")
        assert read_key(read.key_path).public_key == keys.stark_public
        assert read.exchange == exchange_config()
        assert [setup.symbol for setup in read.underlyings] == [
            terms.symbol for terms in underlyings
        ]


def test_creation_code_when_read_then_holds_the_payload_behind_a_stop() -> None:
    code = creation_code(b"payload")
    assert code[:3] == b"\x61\x00\x08"
    assert code[code[5] :] == b"\x00payload"


def test_change_new_root_when_decoded_then_only_that_felt_differs() -> None:
    felts = [1, 2**200 + 5, 0, 2**250 + 7, 9]
    segment = (100).to_bytes(4, "big") + (100 + len(felts)).to_bytes(4, "big")
    header = bytes(OUTPUT_SEGMENT_OFFSET) + segment
    header += bytes(OUTPUT_OFFSET - len(header))
    body = b""
    for felt in felts:
        content = felt.to_bytes((felt.bit_length() + 7) // 8, "big")
        body += bytes([len(content)]) + content
    changed = decode_output(change_new_root(header + body))
    assert decode_output(header + body) == felts
    assert changed == [*felts[:3], felts[3] ^ 1, felts[4]]


def test_flip_byte_when_applied_twice_then_unchanged() -> None:
    data = bytes(range(10))
    assert flip_byte(data, 4) != data
    assert flip_byte(flip_byte(data, 4), 4) == data


def good_report() -> DemoReport:
    exchange = LocalExchange()
    exchange.add_market()
    exchange.update_prices(0)
    exchange.seal()
    state = exchange.state
    insurance = state.account(INSURANCE_ACCOUNT_ID)
    state.accounts[INSURANCE_ACCOUNT_ID] = insurance.with_balance(1)
    batch = BatchFigures(
        1, 28_000, 131_072, 60.0, 80.0, 5_000.0, 96, 59.8, 140_000, 100_000, 5 * PPM
    )
    status = Status(9, 1, 1, 1, state.root, 8, 0, 0, 0, 68, 36, "", False, "", "", False, "")
    answers = TamperResult("", "LayerRootMismatch()", "OutOfDomainMismatch()")
    funding = FundingSeen(4, 1_000, 1_000, dict.fromkeys(state.markets, 0))
    taken = TakenPosition("SOL-USD", Decimal(0), Decimal(180))
    bid = BidFill(
        failing_account_id=2,
        bidder_account_id=INSURANCE_ACCOUNT_ID,
        share=Decimal(1),
        equity=Decimal(1),
        required=Decimal(2),
        price=Decimal(0),
        discount=Decimal(0),
        fee=Decimal(0),
        taken=(taken,),
    )
    seen = Seen(funding, (bid,))
    evidence = Evidence((batch,), RebuiltState(state, 1, state.root, 0), answers, 8, seen)
    return build_report("balanced", status, evidence, 200.0)


def test_report_when_all_promises_are_kept_then_no_failures() -> None:
    assert good_report().failures() == []


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("orders_accepted", 59),
        ("fills", 19),
        ("batches_finalised", 0),
        ("batches_proven", 2),
        ("security_bits_conjectured", 95),
        ("calldata_bytes", 131_072),
        ("l1_gas", 6_000_001),
        ("state_root_rebuilt", "0x1"),
        ("withdrawals_paid", 0),
        ("tampered_proof_rejected", False),
        ("tampered_root_rejected", False),
        ("markets_listed", 0),
        ("bids", 0),
        ("bids_rebuilt", False),
        ("insurance_quanta", 0),
        ("funding_paid_quanta", 0),
        ("funding_received_quanta", 999),
        ("funding_rebuilt", False),
    ],
)
def test_report_when_a_promise_is_broken_then_named(name: str, value: object) -> None:
    assert replace(good_report(), **{name: value}).failures() != []


@pytest.mark.parametrize("minute", [0, 56, 57, 59])
def test_start_when_at_any_minute_then_the_next_time_the_story_fits_into_the_hour(
    minute: int,
) -> None:
    for now_ms in (minute * MINUTE_MS, minute * MINUTE_MS + 59_999):
        start = start_ms(now_ms)
        assert now_ms <= start < now_ms + HOUR_MS
        assert start < first_act_ms(start) == start // HOUR_MS * HOUR_MS + 59 * MINUTE_MS
        assert first_act_ms(start) - start < BATCH_AGE_MS < ACT_MS < RESUME_GAP_MS


def test_clock_when_set_ahead_then_followed_by_who_knows_the_file(tmp_path: Path) -> None:
    path, machine = tmp_path / "clock.json", SharedClock(None)
    clock = SharedClock(path)
    assert abs(clock.now_ms() - machine.now_ms()) < 1_000
    for ahead_ms in (3_600_000, 60_000, 0):
        set_ahead(path, machine.now_ms() + ahead_ms)
        assert abs(clock.now_ms() - ahead_ms - machine.now_ms()) < 1_000
        assert clock.elapsed_ms() - machine.elapsed_ms() < 1_000


async def test_player_when_prices_are_stale_then_acts_again_until_they_are_not() -> None:
    refusals = [StalePriceError(ErrorDetail(24, "STALE_PRICE", "late"))] * 2

    async def act() -> str:
        if refusals:
            raise refusals.pop()
        return "placed"

    assert await at_fresh_prices(act) == "placed"
    assert not refusals
