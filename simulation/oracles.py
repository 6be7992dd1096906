"""What the oracle nodes of the simulated exchange report, as one update."""

from collections.abc import Iterable

from novation.protocol.config import ExchangeConfig
from novation.protocol.signing import signed
from novation.protocol.transactions import OracleReport, OracleUpdate
from novation.protocol.transactions.oracle_update import lower_median
from simulation.plan import oracle_secret


def oracle_update(config: ExchangeConfig, reports: Iterable[OracleReport]) -> OracleUpdate:
    """Return the update of some nodes' reports, which they sign."""
    made = tuple(signed(report, oracle_secret(report.signer_index), config) for report in reports)
    columns = zip(*(report.prices_x16 for report in made), strict=True)
    return OracleUpdate(
        oracle_time_ms=min(report.time_ms for report in made),
        prices_x16=tuple(lower_median(column) for column in columns),
        reports=made,
    )
