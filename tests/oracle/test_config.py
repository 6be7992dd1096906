"""The configuration and the key file: read strictly, and each refusal names what is wrong."""

import copy
import json
import re
import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from devnet.cli import main
from oracle.config import HttpSource, ReplaySource, WebSocketSource, load_config, parse_config
from oracle.errors import OracleError
from oracle.json_pointer import MAX_DEPTH, JsonPointer, parse_json
from oracle.key_file import read_key
from tests.oracle.support import document, http_source, underlying, write_key
from tests.support.builders import oracle_private_key

TOML = """
chain_id = 1
exchange = "0x00000000000000000000000000000000000000aa"
sequencer = "localhost:50051"
key_file = "key.json"
data_folder = "data"
listen = "127.0.0.1:8800"

[[underlyings]]
symbol = "BTC-USD"
tick_decimals = 1
min_sources = 2

[[underlyings.sources]]
name = "a"
kind = "http"
weight = 3
url = "https://a.example/ticker?pair=BTC"
price = "/data/0/last"
time = "/data/0/ts"
time_unit = "us"

[[underlyings.sources]]
name = "b"
kind = "websocket"
url = "wss://b.example/"
subscribe = '{"op": "subscribe"}'
price = "/p"

[[underlyings.sources]]
name = "c"
kind = "replay"
path = "c.csv"
relative = true
"""


def test_file_when_it_is_toml_or_json_then_the_same(tmp_path: Path) -> None:
    (tmp_path / "node.toml").write_text(TOML)
    (tmp_path / "node.json").write_text(json.dumps(tomllib.loads(TOML)))
    read = load_config(tmp_path / "node.toml")
    assert load_config(tmp_path / "node.json") == read
    assert (read.listen_host, read.listen_port) == ("127.0.0.1", 8800)
    assert read.key_path == tmp_path / "key.json"
    http, socket, replay = (source.adapter for source in read.underlyings[0].sources)
    assert isinstance(http, HttpSource)
    assert http.time == JsonPointer(("data", "0", "ts"))
    assert isinstance(socket, WebSocketSource)
    assert socket.time is None
    assert replay == ReplaySource(tmp_path / "c.csv", is_relative=True)


def source_of(values: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = values["underlyings"][0]["sources"][0]
    return found


FAULTS: list[tuple[Callable[[dict[str, Any]], Any], str]] = [
    (lambda v: v.update(intervall_ms=1), "intervall_ms: unknown; known are chain_id"),
    (lambda v: v.update(interval_ms=7_000), "interval_ms: 7000 does not divide a minute, 60000"),
    (lambda v: v.update(interval_ms=100), "interval_ms: 100 is not from 200 to 60000"),
    (lambda v: v.update(interval_ms="1"), "interval_ms: '1' (str); wanted is an integer"),
    (lambda v: v.update(interval_ms=True), "interval_ms: True (bool); wanted is an integer"),
    (lambda v: v.pop("sequencer"), "sequencer: missing"),
    (lambda v: v.update(sequencer="host"), "sequencer: 'host' is not HOST:PORT"),
    (lambda v: v.update(listen="h:70000"), "listen: 'h:70000' is not HOST:PORT"),
    (lambda v: v.update(exchange="0x12"), "exchange: '0x12' is not an L1 address"),
    (lambda v: v.update(exchange="0x" + "g" * 40), "exchange: invalid literal"),
    (lambda v: v.update(chain_id=-1), "chain_id: -1 is not from 0"),
    (lambda v: v.update(underlyings=[]), "underlyings: 0 tables, not from 1 to 16"),
    (lambda v: v.update(underlyings=[3]), "underlyings[0]: 3 (int); wanted is a table"),
    (
        lambda v: v["underlyings"].append(copy.deepcopy(v["underlyings"][0])),
        "underlyings[1]: 'BTC-USD' is there already",
    ),
    (
        lambda v: v["underlyings"][0].update(min_sources=2),
        "underlyings[0].min_sources: 2 is not from 1 to 1",
    ),
    (
        lambda v: v["underlyings"][0].update(symbol="BITCOIN-USD"),
        "underlyings[0].symbol: 11 characters, not from 1 to 8",
    ),
    (lambda v: source_of(v).update(weight=0), "sources[0].weight: 0 is not from 1 to 1000"),
    (lambda v: source_of(v).update(wait=0), "sources[0].wait: unknown"),
    (lambda v: source_of(v).update(kind="ftp"), "sources[0].kind: 'ftp' (str); wanted is one of"),
    (lambda v: source_of(v).update(url="file:///etc/passwd"), "is no URL with http or https"),
    (lambda v: source_of(v).update(price="price"), "sources[0].price: 'price' does not begin"),
    (lambda v: source_of(v).update(price="/a~2"), "has a '~' that is neither"),
    (lambda v: source_of(v).update(time_unit="min"), "wanted is one of s, ms, us, ns"),
]


@pytest.mark.parametrize(("change", "message"), FAULTS, ids=[message for _, message in FAULTS])
def test_configuration_when_it_is_wrong_then_refused_by_name(
    change: Callable[[dict[str, Any]], Any], message: str
) -> None:
    values = document(underlying("BTC-USD", 1, http_source("http://127.0.0.1:1/")))
    parse_config(copy.deepcopy(values), Path())
    change(values)
    with pytest.raises(OracleError, match=re.escape(message)):
        parse_config(values, Path())


@pytest.mark.parametrize("content", ["[", "{}", "", "\xff"])
def test_file_when_it_is_no_configuration_then_refused(tmp_path: Path, content: str) -> None:
    for name in ("node.json", "node.toml"):
        (tmp_path / name).write_text(content)
        with pytest.raises(OracleError, match=r"node|missing|listen"):
            load_config(tmp_path / name)


def test_key_when_others_may_read_it_then_refused_and_never_shown(tmp_path: Path) -> None:
    path = write_key(tmp_path)
    assert read_key(path).private_key == oracle_private_key(0)
    path.chmod(0o640)
    with pytest.raises(OracleError, match="mode 0640, at most 0700; try chmod 600"):
        read_key(path)
    path.chmod(0o600)
    for content in ('{"stark_private_key": "0xsecret"}', "secret", '{"stark_private_key": "0"}'):
        path.write_text(content)
        with pytest.raises(OracleError) as caught:
            read_key(path)
        assert "secret" not in str(caught.value)
        assert caught.value.__suppress_context__
    with pytest.raises(OracleError, match=r"is no file|cannot read"):
        read_key(tmp_path)


def test_command_when_the_file_does_not_do_then_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "node.json"
    path.write_text(json.dumps(document()))
    write_key(tmp_path)

    def run(command: str) -> tuple[object, str, str]:
        arguments = ["novation", "oracle", command, "--config", str(path)]
        monkeypatch.setattr("sys.argv", arguments)
        with pytest.raises(SystemExit) as end:
            main()
        captured = capsys.readouterr()
        return end.value.code, captured.out, captured.err

    status, out, _ = run("check")
    assert status == 0
    assert "BTC-USD" in out
    path.write_text(json.dumps(document(weight=1)))
    for command in ("check", "run"):
        status, _, error = run(command)
        assert status == 2
        assert error.startswith("error: weight: unknown; known are ")


def test_pointer_when_it_is_followed_then_as_in_the_standard() -> None:
    value = parse_json('{"a/b": [{"~": 1.50}], "": true}')
    assert JsonPointer.parse("/a~1b/0/~0").find(value) == "1.50"
    assert JsonPointer.parse("/").find(value) is True
    for absent in ("/a~1b/1", "/a~1b/00", "/a~1b/-", "/x/y", "/a~1b/0/~0/z"):
        assert JsonPointer.parse(absent).find(value) is None
    assert parse_json("[" * MAX_DEPTH + '"[\\"["' + "]" * MAX_DEPTH)
    deep = "[" * (MAX_DEPTH + 1) + "]" * (MAX_DEPTH + 1)
    for text in (
        "NaN",
        deep,
        '{"":' * 10**6,
        "[" * 10**6,
        '"' + '\\"' * 10**6,
        "{",
        '"\ud800',
        b"\xff",
    ):
        with pytest.raises(ValueError, match=r"."):
            parse_json(text)
