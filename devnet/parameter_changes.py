"""What the contract's owner has changed of the parameters that an exchange started with."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Final

from novation.protocol.fee_tiers import FeeTier
from novation.protocol.parameters import Underlying

if TYPE_CHECKING:
    from novation.protocol.parameters import Parameters

NONE: Final = "none"


@dataclass(frozen=True, slots=True)
class Change:
    """One field; `first` is "none" where there was no such thing."""

    field: str
    first: str
    present: str


def changes(first: Parameters, present: Parameters) -> list[Change]:
    """Return every field that is not what it was at first."""
    before, now = _by_field(first), _by_field(present)
    return [
        Change(name, before.get(name, NONE), value)
        for name, value in now.items()
        if before.get(name) != value
    ]


def _by_field(parameters: Parameters) -> dict[str, str]:
    shown = {
        f"{terms.symbol} {item.name}": str(getattr(terms, item.name))
        for terms in parameters.underlyings
        for item in fields(Underlying)
    }
    shown |= {f"oracle key {i}": hex(key) for i, key in enumerate(parameters.oracle_keys)}
    shown["oracle quorum"] = str(parameters.oracle_quorum)
    shown["oracle max age ms"] = str(parameters.oracle_max_age_ms)
    for number, tier in enumerate(parameters.fee_schedule.tiers, 1):
        shown |= {
            f"fee tier {number} {item.name}": str(getattr(tier, item.name))
            for item in fields(FeeTier)
        }
    shown["fee rebates"] = str(parameters.fee_schedule.rebates)
    shown["fee insurance permille"] = str(parameters.fee_schedule.insurance_permille)
    return shown
