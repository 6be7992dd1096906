"""What the oracle nodes of the simulated exchange report, as one update."""

from collections.abc import Iterable

from novation.protocol.config import ExchangeConfig
from novation.protocol.signing import signed
from novation.protocol.transactions import OracleReport, OracleUpdate
from novation.protocol.transactions.oracle_update import build_update
from simulation.plan import QUORUM, oracle_secret


def oracle_update(config: ExchangeConfig, reports: Iterable[OracleReport]) -> OracleUpdate:
    """Return the update of some nodes' reports, which they sign."""
    made = tuple(signed(report, oracle_secret(report.signer_index), config) for report in reports)
    return build_update(made, QUORUM)
