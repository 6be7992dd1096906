"""Which updates the node does not believe though the exchange would take them.

The circuit asks for a quorum, signatures, times and medians. But a quorum may consist of few honest
nodes whose reports came in time, and of all those that lie: then its median is a lie. So more than
half of the committee must be close to each median: of what the node itself puts together, which is
the first quorum when an order needs prices, and of what a relayer brings.
"""

from novation.protocol.constants import PPM_ONE
from novation.protocol.parameters import Parameters
from novation.protocol.transactions import OracleUpdate
from sequencer.config import OraclePolicy
from sequencer.errors import ErrorContext, NodeErrorCode, RequestRefusedError


def find_doubt(
    update: OracleUpdate, parameters: Parameters, policy: OraclePolicy
) -> RequestRefusedError | None:
    """Return why an update of a well-formed quorum is not to be believed, None if it is."""
    wanted = min(len(parameters.oracle_keys) // 2 + 1, parameters.oracle_quorum)
    for underlying_id in range(len(update.prices_x16)):
        n_close = _count_close(update, underlying_id, policy.agreement_ppm)
        if n_close < wanted:
            return _doubt(
                f"underlying {underlying_id}: {n_close} of {len(update.reports)} reports are "
                f"within {policy.agreement_ppm} ppm of the median, wanted are {wanted}",
                ErrorContext("reports_that_agree", str(wanted), str(n_close)),
            )
    return None


def _count_close(update: OracleUpdate, underlying_id: int, agreement_ppm: int) -> int:
    median_x16 = update.prices_x16[underlying_id]
    return sum(
        abs(report.prices_x16[underlying_id] - median_x16) * PPM_ONE <= median_x16 * agreement_ppm
        for report in update.reports
    )


def _doubt(sentence: str, context: ErrorContext) -> RequestRefusedError:
    return RequestRefusedError(NodeErrorCode.DOUBTFUL_UPDATE, sentence, context)
