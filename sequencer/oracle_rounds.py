"""Which reports of the oracle nodes may become an update together, and that each does so once.

A *round* is what an update is made of: at most one report of each node, with times within
`span_ms` of each other. Three rules keep rounds apart:

1. A node's report counts only if it is newer than every earlier one of that node, used or not.
2. The reports of an accepted update are spent, whoever put the update together.
3. An update closes its round: reports up to the lower median of its reports' times come too late.
   More than half of a quorum is honest, so this is a time that an honest node has given: whoever
   mixes in a report from the future, up to `span_ms` ahead, closes nobody's next round.

Of several possible rounds the one with the most reports is taken: a node whose clock is wrong can
neither pull the others into its round nor keep them from theirs. An update is as old as its oldest
report: those that lag behind are left out where there is a quorum without them.
"""

from collections.abc import Sequence

from novation.protocol.transactions import OracleReport, OracleUpdate
from novation.protocol.transactions.oracle_update import lower_median


class RoundBook:
    """The reports that wait for a quorum."""

    def __init__(self, span_ms: int, closed_ms: int) -> None:
        """Start empty; reports up to `closed_ms` belong to rounds that are over."""
        self._span_ms = span_ms
        self._closed_ms = closed_ms
        self._newest_ms: dict[int, int] = {}
        self._waiting: dict[int, OracleReport] = {}

    def newest_ms(self, signer_index: int) -> int:
        """Return the time that the node's next report must exceed."""
        return max(self._closed_ms, self._newest_ms.get(signer_index, 0))

    def add(self, report: OracleReport) -> None:
        """Let a report wait; it replaces an older one of its node."""
        assert report.time_ms > self.newest_ms(report.signer_index)
        self._newest_ms[report.signer_index] = report.time_ms
        self._waiting[report.signer_index] = report

    def waiting(self, oldest_ms: int) -> list[OracleReport]:
        """Return the unspent reports that are not older than `oldest_ms`, by ascending signer."""
        reports = (self._waiting[index] for index in sorted(self._waiting))
        return [report for report in reports if report.time_ms >= oldest_ms]

    def best_round(self, oldest_ms: int, quorum: int) -> list[OracleReport]:
        """Return the largest round that can be made now, the newest of equally large ones."""
        by_time = sorted(self.waiting(oldest_ms), key=lambda report: report.time_ms)
        best: list[OracleReport] = []
        for start, first in enumerate(by_time):
            end_ms = first.time_ms + self._span_ms
            candidate = [report for report in by_time[start:] if report.time_ms <= end_ms]
            if len(candidate) >= len(best):
                best = candidate
        return sorted(self._without_laggards(best, quorum), key=lambda report: report.signer_index)

    def _without_laggards(self, by_time: list[OracleReport], quorum: int) -> list[OracleReport]:
        """Leave out reports half a span behind the median, the oldest first."""
        if not by_time:
            return []
        slowest_ms = _median_time_ms(by_time) - self._span_ms // 2
        n_slow = sum(report.time_ms < slowest_ms for report in by_time)
        return by_time[max(0, min(n_slow, len(by_time) - quorum)) :]

    def close(self, update: OracleUpdate) -> None:
        """End the round of an accepted update."""
        self._closed_ms = max(self._closed_ms, _median_time_ms(update.reports))
        self._waiting = {
            index: report
            for index, report in self._waiting.items()
            if report.time_ms > self._closed_ms
        }

    def spend(self, spent_ms: Sequence[int]) -> None:
        """Spend the reports of each node up to a time."""
        for signer_index, time_ms in enumerate(spent_ms):
            if time_ms > self._newest_ms.get(signer_index, 0):
                self._newest_ms[signer_index] = time_ms
            waiting = self._waiting.get(signer_index)
            if waiting is not None and waiting.time_ms <= time_ms:
                del self._waiting[signer_index]

    def keep_of_length(self, n_prices: int) -> None:
        """Forget reports with another number of prices: an underlying was added."""
        self.drop(
            [report for report in self._waiting.values() if len(report.prices_x16) != n_prices]
        )

    def forget_node(self, signer_index: int) -> None:
        """Forget what came from a node: another one has its place in the committee now."""
        self._newest_ms.pop(signer_index, None)
        self._waiting.pop(signer_index, None)

    def drop(self, reports: Sequence[OracleReport]) -> None:
        """Forget reports that the exchange refuses to take."""
        for report in reports:
            if self._waiting.get(report.signer_index) == report:
                del self._waiting[report.signer_index]


def _median_time_ms(reports: Sequence[OracleReport]) -> int:
    return lower_median([report.time_ms for report in reports])
