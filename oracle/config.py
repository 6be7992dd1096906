"""The configuration of a node, docs/spec/oracle.md: TOML, or JSON of the same shape."""

import json
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from novation.protocol.config import ExchangeConfig
from novation.protocol.constants import MAX_UNDERLYINGS, SYMBOL_BYTES, TICK_DECIMALS_BOUND
from oracle.aggregation import Rules
from oracle.errors import OracleError
from oracle.fields import Table
from oracle.json_pointer import JsonPointer

MINUTE_MS: Final = 60_000
MAX_SOURCES: Final = 16
MAX_PPM: Final = 500_000
MAX_WINDOW_MS: Final = 600_000
MAX_PORT: Final = 65_535
MAX_CHAIN_ID: Final = 2**63 - 1
ADDRESS_DIGITS: Final = 40
# What one unit of a venue's time is, in nanoseconds.
TIME_UNITS: Final = {"s": 1_000_000_000, "ms": 1_000_000, "us": 1_000, "ns": 1}


@dataclass(frozen=True, slots=True)
class HttpSource:
    """Asks for a JSON document every `poll_ms`."""

    url: str
    price: JsonPointer
    time: JsonPointer | None
    time_unit: str
    poll_ms: int
    timeout_ms: int
    max_bytes: int


@dataclass(frozen=True, slots=True)
class WebSocketSource:
    """Subscribes to a stream of JSON messages; connects again after `timeout_ms` of silence."""

    url: str
    subscribe: str
    price: JsonPointer
    time: JsonPointer | None
    time_unit: str
    timeout_ms: int
    max_bytes: int


@dataclass(frozen=True, slots=True)
class ReplaySource:
    """Repeats a file of times and prices; relative times count from the node's start."""

    path: Path
    is_relative: bool


@dataclass(frozen=True, slots=True)
class Source:
    """One venue's price of one underlying."""

    name: str
    weight: int
    max_age_ms: int
    adapter: HttpSource | WebSocketSource | ReplaySource


@dataclass(frozen=True, slots=True)
class UnderlyingSetup:
    """An underlying as the operator knows it; the exchange's list must say the same."""

    symbol: str
    tick_decimals: int
    rules: Rules
    frozen_ms: int
    sources: tuple[Source, ...]


@dataclass(frozen=True, slots=True)
class OracleConfig:
    """Everything that a node is told."""

    exchange: ExchangeConfig
    sequencer: str
    key_path: Path
    data_path: Path
    listen_host: str
    listen_port: int
    interval_ms: int
    underlyings: tuple[UnderlyingSetup, ...]

    def known(self) -> tuple[tuple[str, int], ...]:
        """Return symbol and decimals of the tick of each underlying, in the exchange's order."""
        return tuple((setup.symbol, setup.tick_decimals) for setup in self.underlyings)


def load_config(path: Path) -> OracleConfig:
    """Read a configuration file; relative paths in it start at its folder.

    Raises:
        OracleError: if it cannot be read, or names something unknown, missing or out of range.
    """
    try:
        text = path.read_text(encoding="utf-8")
        values = json.loads(text) if path.suffix == ".json" else tomllib.loads(text)
    except OSError as error:
        raise OracleError(f"config: cannot read {path}: {error.strerror}") from error
    except ValueError as error:
        raise OracleError(f"config: {path}: {error}") from error
    return parse_config(values, path.parent)


def parse_config(values: object, folder: Path) -> OracleConfig:
    """Return the configuration that a document holds; OracleError as `load_config`."""
    table = Table("", values)
    host, port = table.parsed("listen", _host_and_port, "127.0.0.1:0")
    interval_ms = table.integer("interval_ms", 200, MINUTE_MS, 1_000)
    if MINUTE_MS % interval_ms:
        raise OracleError(f"interval_ms: {interval_ms} does not divide a minute, {MINUTE_MS}")
    underlyings = tuple(
        _underlying(item, folder) for item in table.tables("underlyings", MAX_UNDERLYINGS)
    )
    _refuse_twice("underlyings", [item.symbol for item in underlyings])
    config = OracleConfig(
        exchange=ExchangeConfig(
            chain_id=table.integer("chain_id", 0, MAX_CHAIN_ID),
            exchange_address=table.parsed("exchange", _address),
        ),
        sequencer=table.parsed("sequencer", _target),
        key_path=folder / table.text("key_file"),
        data_path=folder / table.text("data_folder"),
        listen_host=host,
        listen_port=port,
        interval_ms=interval_ms,
        underlyings=underlyings,
    )
    table.close()
    return config


def _underlying(table: Table, folder: Path) -> UnderlyingSetup:
    sources = tuple(_source(item, folder) for item in table.tables("sources", MAX_SOURCES))
    _refuse_twice(table.at("sources"), [source.name for source in sources])
    setup = UnderlyingSetup(
        symbol=table.text("symbol", longest=SYMBOL_BYTES),
        tick_decimals=table.integer("tick_decimals", 0, TICK_DECIMALS_BOUND - 1),
        rules=Rules(
            min_sources=table.integer("min_sources", 1, len(sources)),
            outlier_ppm=table.integer("outlier_ppm", 1, MAX_PPM, 10_000),
            frozen_move_ppm=table.integer("frozen_move_ppm", 1, MAX_PPM, 1_000),
        ),
        frozen_ms=table.integer("frozen_ms", 1_000, MAX_WINDOW_MS, 30_000),
        sources=sources,
    )
    table.close()
    return setup


def _source(table: Table, folder: Path) -> Source:
    kind = table.choice("kind", ("http", "websocket", "replay"))
    adapter: HttpSource | WebSocketSource | ReplaySource
    if kind == "http":
        adapter = _http(table)
    elif kind == "websocket":
        adapter = _websocket(table)
    else:
        adapter = ReplaySource(
            path=folder / table.text("path"), is_relative=table.flag("relative", default=False)
        )
    source = Source(
        name=table.text("name", longest=32),
        weight=table.integer("weight", 1, 1_000, 1),
        max_age_ms=table.integer("max_age_ms", 100, MINUTE_MS, 3_000),
        adapter=adapter,
    )
    table.close()
    return source


def _http(table: Table) -> HttpSource:
    return HttpSource(
        url=table.parsed("url", lambda text: _url(text, ("http", "https"))),
        price=table.parsed("price", JsonPointer.parse),
        time=_optional_pointer(table, "time"),
        time_unit=table.choice("time_unit", tuple(TIME_UNITS), "ms"),
        poll_ms=table.integer("poll_ms", 100, MINUTE_MS, 500),
        timeout_ms=table.integer("timeout_ms", 100, MINUTE_MS, 1_000),
        max_bytes=table.integer("max_bytes", 64, 2**20, 2**16),
    )


def _websocket(table: Table) -> WebSocketSource:
    return WebSocketSource(
        url=table.parsed("url", lambda text: _url(text, ("ws", "wss"))),
        subscribe=table.text("subscribe", ""),
        price=table.parsed("price", JsonPointer.parse),
        time=_optional_pointer(table, "time"),
        time_unit=table.choice("time_unit", tuple(TIME_UNITS), "ms"),
        timeout_ms=table.integer("timeout_ms", 100, MINUTE_MS, 5_000),
        max_bytes=table.integer("max_bytes", 64, 2**20, 2**16),
    )


def _optional_pointer(table: Table, name: str) -> JsonPointer | None:
    pointer = table.parsed(name, JsonPointer.parse, "")
    return pointer if pointer.steps else None


def _refuse_twice(name: str, names: list[str]) -> None:
    for place, value in enumerate(names):
        if value in names[:place]:
            raise OracleError(f"{name}[{place}]: {value!r} is there already, names are unique")


def _address(text: str) -> int:
    digits = text.removeprefix("0x")
    if text == digits or len(digits) != ADDRESS_DIGITS or not digits.isalnum():
        raise ValueError(f"{text!r} is not an L1 address: 0x and {ADDRESS_DIGITS} digits")
    return int(digits, 16)


def _url(text: str, schemes: tuple[str, ...]) -> str:
    parts = urlsplit(text)
    if parts.scheme not in schemes or not parts.hostname:
        raise ValueError(f"{text!r} is no URL with {' or '.join(schemes)} and a host")
    return text


def _target(text: str) -> str:
    _host_and_port(text)
    return text


def _host_and_port(text: str) -> tuple[str, int]:
    host, _, port = text.rpartition(":")
    if not host or not (port.isascii() and port.isdigit()) or int(port) > MAX_PORT:
        raise ValueError(f"{text!r} is not HOST:PORT with a port from 0 to {MAX_PORT}")
    return host, int(port)
