"""No more of an asset leaves in a batch than may have left by now: protocol.md, section 18.

The circuit asks at the end of a batch, of all that came and went. Here each withdrawal is asked, or
what is accepted could not be sealed.
"""

from novation.protocol.constants import HOUR_MS, PPM_ONE
from novation.protocol.errors import Broken, ErrorCode, InvalidTransaction
from novation.protocol.numeric import div_floor
from novation.protocol.outflow import forgotten_quanta, outflow_limit_quanta
from novation.protocol.state import State


def check_outflow(state: State, asset_id: int, paid_quanta: int) -> None:
    """Raise InvalidTransaction if so much would be more than may leave now."""
    assert state.batch is not None
    before, share_ppm = state.batch.old_globals, state.batch.old_parameters.outflow_share_ppm
    if share_ppm == 0:
        return
    limit_quanta = outflow_limit_quanta(before.custody(asset_id), share_ppm)
    forgotten = forgotten_quanta(before, asset_id, share_ppm, state.globals.time_ms)
    came_quanta = state.globals.custody(asset_id) - before.custody(asset_id)
    room_quanta = limit_quanta - before.outflow(asset_id) + forgotten
    left_quanta = max(came_quanta + max(room_quanta, 0), 0)
    if paid_quanta <= left_quanta:
        return
    says_when = f"{limit_quanta} at most at once"
    if paid_quanta <= limit_quanta:
        wanted = forgotten + paid_quanta - (came_quanta + room_quanta)
        scale = before.custody(asset_id) * share_ppm
        wait_ms = div_floor((wanted - 1) * PPM_ONE * HOUR_MS, scale) + 1
        says_when = f"all of it from {before.time_ms + wait_ms} ms on"
    raise InvalidTransaction(
        ErrorCode.OUTFLOW_LIMIT,
        f"{paid_quanta} quanta of asset {asset_id}, of which {left_quanta} may leave now: "
        f"{says_when}",
        Broken("amount_quanta", paid_quanta, left_quanta),
    )
