"""python -m simulation: what it tells, what it writes, and that Ctrl-C leaves nothing half done."""

import json
from pathlib import Path

import pytest

from simulation import __main__ as command

SMALL = (
    *("--accounts", "28", "--instruments", "1", "--operations", "200"),
    *("--forecast-days", "0", "--without-attacks"),
)


def run(*arguments: str) -> int:
    return command.main(list(arguments))


def test_help_has_examples_and_says_what_is_usual(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        run("--help")
    assert ended.value.code == 0
    text = capsys.readouterr().out
    assert "examples:" in text
    assert "20000 unless given" in text


@pytest.mark.parametrize(
    "wrong", [("--accounts", "3"), ("--instruments", "17"), ("--operations", "x")]
)
def test_arguments_when_wrong_then_refused(
    wrong: tuple[str, str], capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        run(*wrong)
    assert ended.value.code == 2
    assert wrong[1] in capsys.readouterr().err


def test_report_when_written_then_complete_and_the_seed_is_told(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run("--seed", "5", *SMALL, "--without-circuit", "--out", str(tmp_path)) == 0
    report = json.loads((tmp_path / "report.json").read_text())
    assert report["seed"] == 5
    assert report["forecast_errors"] is None
    assert report["python_equals_cairo"] is None
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "accounts.svg",
        "insolvency.svg",
        "open_interest.svg",
        "premium.svg",
        "prices.svg",
        "report.json",
        "spread.svg",
        "tables.md",
        "waterfall.svg",
    ]
    told = capsys.readouterr().out
    assert told.startswith("seed 5: 28 accounts")
    assert "again with --seed 5" in told


@pytest.mark.parametrize("where", ["run_market", "write_report"])
def test_report_when_interrupted_then_none_and_nothing_left_over(
    where: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupt(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    target = command if where == "run_market" else Path
    monkeypatch.setattr(target, where if where == "run_market" else "write_text", interrupt)
    assert run(*SMALL, "--without-circuit", "--out", str(tmp_path)) == 130
    assert list(tmp_path.iterdir()) == []


def test_day_when_as_small_as_it_may_be_then_over(tmp_path: Path) -> None:
    smallest = ("--accounts", "28", "--instruments", "16", "--operations", "1")
    without = ("--forecast-days", "0", "--without-attacks")
    assert run(*smallest, *without, "--out", str(tmp_path)) == 0


def test_exit_status_when_something_differs_then_1(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(command, "passes", lambda _: False)
    assert run(*SMALL, "--without-circuit", "--out", str(tmp_path)) == 1
