"""How fast an asset may leave the exchange: all accounts together, deposits counted against it.

docs/spec/protocol.md, section 18.
"""

from dataclasses import replace

from novation.protocol.assets import with_amount
from novation.protocol.constants import HOUR_MS, MAX_ASSETS, PPM_ONE, USD_ASSET_ID
from novation.protocol.markets import Globals
from novation.protocol.numeric import div_ceil


def outflow_limit_quanta(custody_quanta: int, share_ppm: int) -> int:
    """Return what may have left of an asset at once, given its custody before the batch."""
    return div_ceil(custody_quanta * share_ppm, PPM_ONE)


def forgotten_quanta(before: Globals, asset_id: int, share_ppm: int, time_ms: int) -> int:
    """Return how much of what has left does not count any more, since the batch before.

    In an hour that is as much as may leave at once. It is rounded up: an asset of which little is
    left does not stay shut.
    """
    passed = before.custody(asset_id) * share_ppm * (time_ms - before.time_ms)
    return div_ceil(passed, PPM_ONE * HOUR_MS)


def follow_outflows(before: Globals, after: Globals, share_ppm: int) -> Globals:
    """Return the globals at the end of a batch with what has left by it, of each asset.

    Args:
        before: the globals before the batch.
        after: those at its end.
        share_ppm: the parameter before the batch; 0 is no guard.
    """
    if share_ppm == 0:
        return replace(after, outflow_quanta=0, other_outflow_quanta=())
    outflows = [_followed(before, after, asset_id, share_ppm) for asset_id in range(MAX_ASSETS)]
    others: tuple[int, ...] = ()
    for asset_id in range(USD_ASSET_ID + 1, MAX_ASSETS):
        others = with_amount(others, asset_id, outflows[asset_id])
    return replace(after, outflow_quanta=outflows[USD_ASSET_ID], other_outflow_quanta=others)


def _followed(before: Globals, after: Globals, asset_id: int, share_ppm: int) -> int:
    fallen_quanta = before.custody(asset_id) - after.custody(asset_id)
    forgotten = forgotten_quanta(before, asset_id, share_ppm, after.time_ms)
    return max(0, before.outflow(asset_id) - forgotten + fallen_quanta)
