"""Which failures of a proof are worth another attempt."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Final

from prover.job_folder import FailureKind, JobUnreadableError

if TYPE_CHECKING:
    from collections.abc import Mapping

# A process that ends is killed by whoever needs its memory, which may pass, or by its own fault.
MAX_ATTEMPTS: Final[Mapping[FailureKind, float]] = {
    FailureKind.BATCH: 3,
    FailureKind.CRASH: 5,
    FailureKind.MACHINE: math.inf,
    FailureKind.UNREADABLE: math.inf,
}


def kind_of(error: BaseException) -> FailureKind:
    """Return what kind of failure an exception is.

    Proving is deterministic: whatever does not come from the machine comes from the batch, its
    profile or our code, and comes again. That holds for a proof that fails its own check, too.
    """
    if isinstance(error, JobUnreadableError):
        return FailureKind.UNREADABLE
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, OSError | MemoryError):
            return FailureKind.MACHINE
        cause = cause.__cause__
    return FailureKind.BATCH
