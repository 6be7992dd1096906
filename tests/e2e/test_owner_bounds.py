"""What the owner's commands refuse before they send it: terms, ages and prices out of bounds."""

import re
import sys
from dataclasses import fields, replace
from pathlib import Path

import pytest

from devnet import parameter_bounds
from devnet.cli import main
from devnet.contracts import ARTIFACTS
from devnet.errors import UserError
from devnet.markets import LISTED_LATER, MARKETS, perpetual_terms
from devnet.owner_l1 import see_price
from devnet.prices import read_prices, set_prices
from devnet.system import ORACLE_MAX_AGE_MS
from novation.protocol.constants import PRICE_X16_ONE
from novation.protocol.limits import NO_LIMITS, Limits
from novation.protocol.parameters import Parameters
from tests.e2e.local_exchange import local_parameters

REGISTRY = ARTIFACTS.parent / "src" / "libraries" / "ParameterRegistry.sol"


def test_bounds_are_those_of_the_contract() -> None:
    found = re.findall(
        r"constant ((?:MIN|MAX)_\w+_(?:PPM|MS|KUSD)) = ([\d_]+);", REGISTRY.read_text()
    )
    assert len(found) == 10
    for name, value in found:
        assert getattr(parameter_bounds, name) == int(value), name


RULE = {"oracle_quorum": ("{}", "3000"), "oracle_max_age_ms": ("1", "{}")}


@pytest.mark.parametrize(
    ("name", "values", "limits"),
    [
        ("initial_margin_ppm", (0, 9_999, 2**20), "from 10000 to 1048575"),
        ("maintenance_margin_ppm", (0, 4_999, 2**20), "from 5000 to 1048575"),
        ("maker_fee_ppm", (-1, 10_001, 2**20), "from 0 to 10000"),
        ("taker_fee_ppm", (-1, 10_001, 2**20), "from 0 to 10000"),
        ("price_band_ppm", (0, 999, 10**6), "from 1000 to 999999"),
        ("min_order_usd", (-1, 10_001, 2**16), "from 0 to 10000"),
        ("interest_lower_kusd", (-1, 2**24 - 1_000), "from 0 to 16776215"),
        ("interest_upper_kusd", (-1, 2**24), "from 0 to 16777215"),
        ("multiplier", (0, 4_096), "from 1 to 4095"),
        ("tick_decimals", (-1, 16), "from 0 to 15"),
        ("oracle_max_age_ms", (0, 2_999, 600_001, 2**32), "from 3000 to 600000"),
        ("outflow_share_ppm", (-1, 1, 49_999, 10**6 + 1), "from 50000 to 1000000"),
        ("oracle_quorum", (0, 17), "from 1 to 16"),
    ],
)
def test_command_when_a_value_is_beyond_an_edge_then_refused_with_the_limits(
    name: str,
    values: tuple[int, ...],
    limits: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("NOVATION_HOME", str(tmp_path))
    for value in values:
        option = f"--{name.replace('_', '-')}={value}"
        words = ["set-underlying", "BTC-USD", option]
        if name in RULE:
            words = ["set-oracle-rule", "--", *(word.format(value) for word in RULE[name])]
        if name == "outflow_share_ppm":
            words = ["set-outflow-share", "--", str(value)]
        monkeypatch.setattr(sys, "argv", ["novation", "parameters", *words])
        with pytest.raises(SystemExit) as end:
            main()
        assert end.value.code == 2
        assert f"{name} {value}: must be {limits}" in capsys.readouterr().err


@pytest.mark.parametrize(("name", "edges"), parameter_bounds.LIMITS.items())
def test_bounds_when_a_value_is_at_an_edge_then_taken(name: str, edges: tuple[int, int]) -> None:
    for value in edges:
        parameter_bounds.check_bounds({name: value})


def test_limits_when_asked_for_then_a_share_of_the_cap_and_within_it() -> None:
    limited = parameter_bounds.limited
    assert limited(NO_LIMITS) == NO_LIMITS
    assert limited(NO_LIMITS, 100, 250_000) == Limits(100, 25)
    assert limited(Limits(100, 25), 10) == Limits(10, 10)
    assert limited(Limits(100, 25), None, 10**6) == Limits(100, 100)
    assert limited(Limits(100, 25), least_lot_quanta=10**5) == Limits(100, 25, 10**5)
    assert limited(Limits(100, 25, 7), 10) == Limits(10, 10, 7)
    assert limited(NO_LIMITS, gap_ppm=300_000) == Limits(gap_ppm=300_000, gap_budgets=1)
    insured = limited(Limits(100, 25), gap_ppm=300_000, gap_budgets=4)
    assert insured == Limits(100, 25, 0, 300_000, 4)
    assert limited(insured, gap_ppm=200_000) == replace(insured, gap_ppm=200_000)
    assert limited(insured, gap_ppm=0) == Limits(100, 25)
    for gap_ppm, budgets in ((0, 1), (300_000, 0)):
        with pytest.raises(ValueError, match=f"gap_budgets {budgets}: must be 0 without a gap"):
            limited(NO_LIMITS, gap_ppm=gap_ppm, gap_budgets=budgets)
    for asked, match in (((0,), "from 1"), ((2**48,), "from 1"), ((9, 10**6 + 1), "to 1000000")):
        with pytest.raises(ValueError, match=match):
            limited(NO_LIMITS, *asked)
    with pytest.raises(ValueError, match="no lot of 9"):
        limited(NO_LIMITS, 9, 100_000)


def test_interest_when_its_amounts_are_too_near_then_refused() -> None:
    for lower_kusd, upper_kusd in ((0, 0), (0, 1_000), (7, 1_007)):
        parameter_bounds.check_interest(lower_kusd, upper_kusd)
    for lower_kusd, upper_kusd in ((0, 999), (7, 1_006), (7, 0)):
        with pytest.raises(ValueError, match=f"must be 0 or from {lower_kusd + 1_000}"):
            parameter_bounds.check_interest(lower_kusd, upper_kusd)


@pytest.mark.parametrize(
    "parameters",
    [
        local_parameters(),
        Parameters(
            (*(market.terms for market in MARKETS), LISTED_LATER.terms), (1,), 1, ORACLE_MAX_AGE_MS
        ),
    ],
)
def test_first_parameters_of_devnet_and_tests_are_within_the_bounds(
    parameters: Parameters,
) -> None:
    for terms in parameters.underlyings:
        values = {item.name: getattr(terms, item.name) for item in fields(terms)}
        del values["symbol"], values["limits"], values["ends_ms"]
        parameter_bounds.check_bounds(values)
    parameter_bounds.check_bounds(
        {
            "oracle_quorum": parameters.oracle_quorum,
            "oracle_max_age_ms": parameters.oracle_max_age_ms,
        }
    )


def test_price_when_ticks_leave_no_room_then_refused_and_the_oracles_see_none(
    tmp_path: Path,
) -> None:
    prices = tmp_path / "prices.json"
    set_prices(prices, {"BTC-USD": "95000"})
    # 180 USD in ticks of 10^-15 is 1.8 * 10^17, and a report has 2^32 at most.
    for tick_decimals in (6, 15):
        terms = perpetual_terms("SOL-USD", 10, tick_decimals)
        with pytest.raises(UserError, match=rf"tick_decimals {tick_decimals}: .*at most 16777215 "):
            see_price(prices, terms, "180")
    # At the edge, by the file as by the option.
    terms = perpetual_terms("SOL-USD", 10, 2)
    with pytest.raises(UserError, match="the price is 16777216 ticks, at most 16777215"):
        see_price(prices, terms, "167772.16")
    set_prices(prices, {"SOL-USD": "167772.16"})
    with pytest.raises(UserError, match="the price is 16777216 ticks"):
        see_price(prices, terms, "")
    see_price(prices, terms, "167772.15")
    (seen,) = read_prices(prices, ["SOL-USD"])
    assert seen * 100 * PRICE_X16_ONE < 2**40


@pytest.mark.parametrize("price", ["0", "-180", "1/0", "nan", "99.99", "1e-400", "1e400"])
def test_price_when_it_is_none_or_too_low_then_refused(price: str, tmp_path: Path) -> None:
    prices = tmp_path / "prices.json"
    with pytest.raises(UserError):
        see_price(prices, perpetual_terms("SOL-USD", 10, 2), price)
    assert not prices.exists()
