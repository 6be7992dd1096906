"""A configuration of a node, changed by what a test is about."""

import json
from pathlib import Path
from typing import Any

from oracle.config import OracleConfig, parse_config
from tests.support.builders import exchange_config, oracle_private_key


def http_source(url: str, **changes: Any) -> dict[str, Any]:
    """Return a source that asks a venue."""
    source = {"name": "venue", "kind": "http", "url": url, "price": "/price", "poll_ms": 100}
    return source | changes


def underlying(symbol: str, tick_decimals: int, *sources: dict[str, Any]) -> dict[str, Any]:
    """Return an underlying with its sources."""
    return {
        "symbol": symbol,
        "tick_decimals": tick_decimals,
        "min_sources": 1,
        "sources": list(sources),
    }


def document(*underlyings: dict[str, Any], **changes: Any) -> dict[str, Any]:
    """Return a whole configuration."""
    exchange = exchange_config()
    return {
        "chain_id": exchange.chain_id,
        "exchange": f"0x{exchange.exchange_address:040x}",
        "sequencer": "127.0.0.1:1",
        "key_file": "key.json",
        "data_folder": "data",
        "underlyings": list(underlyings)
        or [underlying("BTC-USD", 1, http_source("http://127.0.0.1:1/"))],
    } | changes


def config(folder: Path, *underlyings: dict[str, Any], **changes: Any) -> OracleConfig:
    """Return a configuration that has been read."""
    return parse_config(document(*underlyings, **changes), folder)


def write_key(folder: Path, index: int = 0) -> Path:
    """Write the key file of an oracle node."""
    path = folder / "key.json"
    path.touch(mode=0o600)
    path.write_text(json.dumps({"stark_private_key": hex(oracle_private_key(index))}))
    return path
