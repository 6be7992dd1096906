"""Makes cairo-lang 0.14 importable on Python 3.11 and later; import this module before any other.

`starkware.cairo.lang.instances` has dataclass fields whose default is a mutable dataclass, which
Python refuses since 3.11 unless the default is hashable. Importing that one module with hashable
dataclasses is enough; nothing else is changed. What cairo-lang imports warns about its own age;
`quiet` keeps that from those who treat warnings as errors.
"""

import dataclasses
import importlib
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

_dataclass = dataclasses.dataclass


@contextmanager
def quiet() -> Iterator[None]:
    """Ignore warnings while cairo-lang is imported or runs."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


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


with quiet():
    _import_instances()
    importlib.import_module("starkware.cairo.lang.vm.cairo_run")
