"""What an account has paid of fees: from the messages of the API."""

from novation.api.v1 import types_pb2
from novation.client.fee_models import FeeStanding
from novation.client.units import from_quanta


def fee_standing(message: types_pb2.FeeStanding) -> FeeStanding:
    """Return what an account has paid of fees, and what goes back to it."""
    missing = message.next_tier_quanta
    return FeeStanding(
        tier=message.tier,
        returned_permille=message.returned_permille,
        counted=from_quanta(int(message.counted_quanta or 0)),
        in_batch=from_quanta(int(message.batch_quanta or 0)),
        returned=from_quanta(int(message.batch_returned_quanta or 0)),
        to_next_tier=from_quanta(int(missing)) if missing else None,
    )
