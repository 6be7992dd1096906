"""What must survive a restart: full minutes, and up to when the node has signed."""

import json
import os
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from novation.protocol.signatures import Signature
from novation.protocol.transactions import OracleReport
from oracle.archive import MinuteArchive
from oracle.durable import locked_folder
from oracle.errors import OracleError
from oracle.records import parse_report, report_line
from oracle.signed_state import Seat, SignedState

SEAT = Seat(8, (("BTC-USD", 1), ("ETH-USD", 2)))
MINUTES = (60_000, 120_000, 240_000)


def report(time_ms: int, price_x16: int = 7) -> OracleReport:
    return OracleReport(2, time_ms, (price_x16, 2**48 - 1), Signature(3, 2**251))


def filled(path: Path) -> bytes:
    with MinuteArchive(path) as archive:
        for time_ms in MINUTES:
            archive.append(report(time_ms))
    return path.read_bytes()


def test_archive_when_opened_again_then_every_report_once(tmp_path: Path) -> None:
    path = tmp_path / "minutes.jsonl"
    filled(path)
    with MinuteArchive(path) as archive:
        assert list(archive.times_ms) == list(MINUTES)
        assert archive.find(120_000) == report(120_000)
        assert archive.find(180_000) is None
        archive.append(report(300_000))
        assert archive.find(300_000) == report(300_000)
        with pytest.raises(AssertionError):
            archive.append(report(300_000, price_x16=8))
    assert len(path.read_bytes().splitlines()) == 4


def test_archive_when_a_crash_cut_it_anywhere_then_whole_lines_stay(tmp_path: Path) -> None:
    path = tmp_path / "minutes.jsonl"
    content = filled(path)
    for length in range(len(content)):
        path.write_bytes(content[:length])
        n_whole = content[:length].count(b"\n")
        with MinuteArchive(path) as archive:
            assert list(archive.times_ms) == list(MINUTES[:n_whole])
            archive.append(report(300_000))
        with MinuteArchive(path) as archive:
            assert list(archive.times_ms) == [*MINUTES[:n_whole], 300_000]
            assert archive.find(300_000) == report(300_000)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda lines: [lines[1], lines[0]], ":2: time 60000 is not after 120000"),
        (lambda lines: [lines[0], lines[0]], ":2: time 60000 is not after 60000"),
        (lambda lines: [lines[0], b"{}\n", lines[2]], ":2: not a report"),
        (lambda lines: [lines[0].replace(b"[7", b"[-7")], ":1: not a report"),
        (lambda lines: [lines[0].replace(b":", b" :")], ":1: not a report"),
        (lambda lines: [lines[0].replace(b"0x3", b"0x0")], ":1: not a report: r or s"),
    ],
)
def test_archive_when_a_line_is_damaged_then_refused_by_number(
    tmp_path: Path, change: Callable[[list[bytes]], list[bytes]], message: str
) -> None:
    path = tmp_path / "minutes.jsonl"
    damaged = b"".join(change(filled(path).splitlines(keepends=True)))
    path.write_bytes(damaged)
    with pytest.raises(OracleError, match=message):
        MinuteArchive(path)
    assert path.read_bytes() == damaged


def test_archive_when_the_disk_takes_half_a_line_then_nothing_of_it_stays(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "minutes.jsonl"
    content = filled(path)
    write = os.write
    with MinuteArchive(path) as archive:
        monkeypatch.setattr("os.write", lambda file, line: write(file, line[:10]))
        with pytest.raises(OSError, match="10 of"):
            archive.append(report(300_000))
        monkeypatch.undo()
        assert path.read_bytes() == content
        assert archive.find(300_000) is None


@given(
    st.integers(0, 15),
    st.integers(0, 2**48 - 1),
    st.lists(st.integers(0, 2**48 - 1), min_size=1, max_size=16),
)
def test_line_when_read_again_then_the_same_report(
    signer_index: int, time_ms: int, prices_x16: list[int]
) -> None:
    made = OracleReport(signer_index, time_ms, tuple(prices_x16), Signature(1, 2**252 - 1))
    assert parse_report(report_line(made)) == made


def test_state_when_read_again_then_what_was_noted(tmp_path: Path) -> None:
    path = tmp_path / "signed.json"
    state = SignedState(path)
    assert (state.last_ms, state.seat) == (0, None)
    state.note(5_000, SEAT)
    again = SignedState(path)
    assert (again.last_ms, again.seat) == (5_000, SEAT)
    with pytest.raises(AssertionError):
        again.note(5_000, SEAT)


@pytest.mark.parametrize(
    "content",
    [
        *("", "{}", "[1]", '{"last_ms": -1, "signer_index": 0, "listed": []}'),
        '{"last_ms": 1, "signer_index": 0, "listed": [["X", 16]]}',
    ],
)
def test_state_when_it_is_damaged_then_the_node_does_not_start(
    tmp_path: Path, content: str
) -> None:
    path = tmp_path / "signed.json"
    path.write_text(content)
    with pytest.raises(OracleError, match="cannot be read"):
        SignedState(path)


def test_state_when_a_crash_leaves_the_new_file_then_the_old_content_holds(tmp_path: Path) -> None:
    path = tmp_path / "signed.json"
    SignedState(path).note(5_000, SEAT)
    path.with_suffix(".new").write_text(json.dumps({"last_ms": 1}))
    assert SignedState(path).last_ms == 5_000


def test_folder_when_a_node_runs_in_it_then_no_second_one(tmp_path: Path) -> None:
    with (
        locked_folder(tmp_path / "data"),
        pytest.raises(OracleError, match="another node runs in"),
        locked_folder(tmp_path / "data"),
    ):
        pass
    with locked_folder(tmp_path / "data"):
        pass
