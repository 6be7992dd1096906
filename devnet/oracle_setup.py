"""Writes the configurations of a devnet's oracle nodes: three simulated venues each."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final
from urllib.parse import quote

from devnet.ports import LOOPBACK
from prover.files import write_json_atomically

if TYPE_CHECKING:
    from collections.abc import Sequence

    from devnet.endpoints import Endpoints
    from devnet.home import Home
    from novation.protocol.config import ExchangeConfig
    from novation.protocol.parameters import Underlying

N_ORACLES: Final = 3
# Weights of venues: one is asked, two tell by themselves.
ASKED: Final = {"alpha": 2}
TELLING: Final = {"beta": 2, "gamma": 1}
MIN_SOURCES: Final = 2
# Longer than elsewhere: a prover that takes all processors delays venues and nodes alike.
MAX_AGE_MS: Final = 10_000
POLL_MS: Final = 1_000
TIMEOUT_MS: Final = 5_000


def write_node_configs(
    home: Home, endpoints: Endpoints, exchange: ExchangeConfig, underlyings: Sequence[Underlying]
) -> None:
    """Let every node watch these underlyings, in the exchange's order; running ones follow."""
    watched = [_underlying(terms, endpoints.venues) for terms in underlyings]
    for index in range(N_ORACLES):
        folder = home.oracle_node_path(index)
        values = {
            "chain_id": exchange.chain_id,
            "exchange": f"0x{exchange.exchange_address:040x}",
            "sequencer": endpoints.sequencer,
            "key_file": str((home.oracle_keys_path / f"oracle-{index}.json").resolve()),
            "data_folder": "data",
            "listen": f"{LOOPBACK}:0",
            "underlyings": watched,
        }
        write_json_atomically(folder / "oracle.json", values)


def _underlying(terms: Underlying, venues: str) -> dict[str, object]:
    symbol = quote(terms.symbol, safe="")
    asked = [
        {
            "kind": "http",
            "url": f"http://{venues}/{name}/price/{symbol}",
            "poll_ms": POLL_MS,
            **_source(name, weight),
        }
        for name, weight in ASKED.items()
    ]
    telling = [
        {
            "kind": "websocket",
            "url": f"ws://{venues}/{name}/stream/{symbol}",
            **_source(name, weight),
        }
        for name, weight in TELLING.items()
    ]
    return {
        "symbol": terms.symbol,
        "tick_decimals": terms.tick_decimals,
        "min_sources": MIN_SOURCES,
        "sources": [*asked, *telling],
    }


def _source(name: str, weight: int) -> dict[str, object]:
    return {
        "name": name,
        "weight": weight,
        "max_age_ms": MAX_AGE_MS,
        "timeout_ms": TIMEOUT_MS,
        "price": "/price",
        "time": "/time_ms",
    }
