"""The reports of full minutes, kept for ever: settlement prices and the exit are made of them.

One file, one line a report, by ascending time, only ever appended to. A report is on the disk
before anybody is shown it, so what a restart has lost was never seen by anybody.
"""

import os
from array import array
from bisect import bisect_left
from pathlib import Path
from types import TracebackType
from typing import Self

from novation.protocol.transactions import OracleReport
from oracle.durable import sync_folder
from oracle.errors import OracleError
from oracle.records import parse_report, report_line


class MinuteArchive:
    """Open the file with `with`; the caller sees to it that nobody else has it."""

    def __init__(self, path: Path) -> None:
        """Read what is there, and cut off a last line that a crash has left unfinished.

        Raises:
            OracleError: if the file cannot be used, or a line is no report in its order.
        """
        self._path = path
        self._times_ms = array("q")
        self._offsets = array("q")
        try:
            self._descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o644)
            self._end = self._read()
            os.ftruncate(self._descriptor, self._end)
            os.fsync(self._descriptor)
            sync_folder(path.parent)
        except OSError as error:
            raise OracleError(f"archive: cannot use {path}: {error.strerror}") from error

    @property
    def times_ms(self) -> "array[int]":
        """The times of all reports, ascending."""
        return self._times_ms

    @property
    def newest_ms(self) -> int:
        """The time of the last report, 0 before there is one."""
        return self._times_ms[-1] if self._times_ms else 0

    def append(self, report: OracleReport) -> None:
        """Keep a report that is newer than all others; it is durable on return."""
        assert report.time_ms > self.newest_ms
        line = report_line(report)
        written = os.write(self._descriptor, line)
        if written != len(line):
            os.ftruncate(self._descriptor, self._end)
            raise OSError(f"{self._path}: {written} of {len(line)} bytes written")
        os.fsync(self._descriptor)
        self._note(report.time_ms, len(line))

    def find(self, time_ms: int) -> OracleReport | None:
        """Return the report of a time, None if there is none."""
        place = bisect_left(self._times_ms, time_ms)
        if place == len(self._times_ms) or self._times_ms[place] != time_ms:
            return None
        start = self._offsets[place]
        end = self._offsets[place + 1] if place + 1 < len(self._offsets) else self._end
        return parse_report(os.pread(self._descriptor, end - start, start))

    def _read(self) -> int:
        """Note where each report is; return where the last whole line ends."""
        self._end = 0
        with self._path.open("rb") as file:
            for number, line in enumerate(file, 1):
                if not line.endswith(b"\n"):
                    break
                try:
                    report = parse_report(line)
                except ValueError as error:
                    raise OracleError(f"archive: {self._path}:{number}: {error}") from error
                if report.time_ms <= self.newest_ms:
                    raise OracleError(
                        f"archive: {self._path}:{number}: time {report.time_ms} is not after "
                        f"{self.newest_ms}"
                    )
                self._note(report.time_ms, len(line))
        return self._end

    def _note(self, time_ms: int, length: int) -> None:
        self._times_ms.append(time_ms)
        self._offsets.append(self._end)
        self._end += length

    def __enter__(self) -> Self:
        """Return the open archive."""
        return self

    def __exit__(
        self,
        exception_type: type[BaseException] | None,
        exception: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Close the file."""
        os.close(self._descriptor)
