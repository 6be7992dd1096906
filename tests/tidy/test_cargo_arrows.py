"""Arrows between Rust crates point down, as those between Python packages do.

A crate belongs to the folder that it is in: `crates` < `novation` < `circuits` < `prover`.
"""

import tomllib
from collections.abc import Iterator, Mapping
from typing import Any

from tests.tidy.tracked import ROOT

LAYERS = ("crates", "novation", "circuits", "prover")
DEPENDENCIES = ("dependencies", "dev-dependencies", "build-dependencies")
# What whoever only signs orders carries (docs/decisions/0013).
LIGHT = {"novation-native", "novation-pyint", "novation-crypto", "novation-field"}
# Extension modules and measurements: nothing is built on them.
ENDS = {"novation-native", "novation-prover-native", "novation-bench"}


def manifest(folder: str) -> dict[str, Any]:
    """Return a parsed Cargo.toml."""
    return tomllib.loads((ROOT / folder / "Cargo.toml").read_text())


def tables(cargo: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """Yield all tables of dependencies, also those for one kind of machine only."""
    for section in (cargo, *cargo.get("target", {}).values()):
        yield from (section[kind] for kind in DEPENDENCIES if kind in section)


def crates() -> tuple[dict[str, str], dict[str, set[str]]]:
    """Return the folder of each of our crates, and which of our crates it depends on."""
    manifests = {folder: manifest(folder) for folder in manifest("")["workspace"]["members"]}
    folders = {cargo["package"]["name"]: folder for folder, cargo in manifests.items()}
    uses = {
        cargo["package"]["name"]: {name for table in tables(cargo) for name in table} & set(folders)
        for cargo in manifests.values()
    }
    return folders, uses


def pointing_up(folders: Mapping[str, str], uses: Mapping[str, set[str]]) -> list[str]:
    """Return the dependencies on a crate of a higher layer, or on one that is an end."""
    rank = {name: LAYERS.index(folder.split("/")[0]) for name, folder in folders.items()}
    return [
        f"{name} ({folders[name]}) -> {used} ({folders[used]})"
        for name in folders
        for used in sorted(uses[name])
        if rank[used] > rank[name] or used in ENDS
    ]


def closure(name: str, uses: Mapping[str, set[str]]) -> set[str]:
    """Return a crate and all that it is built from."""
    found, open_names = set(), [name]
    while open_names:
        current = open_names.pop()
        if current not in found:
            found.add(current)
            open_names.extend(uses[current])
    return found


def test_crates_when_they_depend_then_only_on_what_lies_below() -> None:
    folders, uses = crates()
    assert len(folders) >= 10
    assert pointing_up(folders, uses) == []


def test_arrow_when_it_points_up_then_found() -> None:
    folders = {"machine": "circuits/vm", "maker": "prover/cairo", "novation-native": "crates/all"}
    uses = {"machine": {"maker", "novation-native"}, "maker": {"machine"}, "novation-native": set()}
    assert pointing_up(folders, uses) == [
        "machine (circuits/vm) -> maker (prover/cairo)",
        "machine (circuits/vm) -> novation-native (crates/all)",
    ]


def test_small_extension_when_built_then_neither_machine_nor_prover_in_it() -> None:
    _, uses = crates()
    assert closure("novation-native", uses) == LIGHT
