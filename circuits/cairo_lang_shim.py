"""Makes cairo-lang 0.14 importable on Python 3.11 and later; import this module before any other.

`starkware.cairo.lang.instances` has dataclass fields whose default is a mutable dataclass, which
Python refuses since 3.11 unless the default is hashable. Importing that one module with hashable
dataclasses is enough; nothing else is changed.
"""

import dataclasses
import importlib
from collections.abc import Callable
from typing import Any

_dataclass = dataclasses.dataclass


def _hashable_dataclass(cls: type | None = None, /, **options: Any) -> Any:  # noqa: ANN401
    options.setdefault("unsafe_hash", True)
    decorate: Callable[[type], type] = _dataclass(**options)
    return decorate if cls is None else decorate(cls)


def _import_instances() -> None:
    dataclasses.dataclass = _hashable_dataclass
    try:
        importlib.import_module("starkware.cairo.lang.instances")
    finally:
        dataclasses.dataclass = _dataclass


_import_instances()
