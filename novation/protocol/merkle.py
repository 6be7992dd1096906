"""Sparse Merkle tree with Poseidon nodes, updated many leaves at a time.

Level 0 holds the leaves, level `height` the root. Nodes that equal the empty subtree of their level
are not stored. The empty leaf is 0.
"""

import functools
from collections.abc import Iterable, Iterator, Mapping
from typing import Protocol

from novation.crypto import poseidon_hash, poseidon_hash_pairs

NodeKey = tuple[int, int]


class NodeStore(Protocol):
    """Where a tree keeps its nodes, by `(level, index)`; a plain dict will do."""

    def get(self, key: NodeKey, /) -> int | None:
        """Return a node, or None if its subtree is empty."""

    def __setitem__(self, key: NodeKey, value: int, /) -> None:
        """Store a node."""

    def pop(self, key: NodeKey, default: None, /) -> int | None:
        """Forget a node if it is there."""


@functools.cache
def empty_node(level: int) -> int:
    """Return the hash of an empty subtree whose root is at the level."""
    if level == 0:
        return 0
    child = empty_node(level - 1)
    return poseidon_hash(child, child)


class MerkleTree:
    """A tree over `2**height` leaves, backed by a node store."""

    def __init__(self, height: int, nodes: NodeStore) -> None:
        """Use the nodes of an existing tree; an empty store is the empty tree."""
        self.height = height
        self.nodes = nodes

    @property
    def root(self) -> int:
        """The current root."""
        return self.node(self.height, 0)

    def node(self, level: int, index: int) -> int:
        """Return a node."""
        value = self.nodes.get((level, index))
        return empty_node(level) if value is None else value

    def siblings(self, leaf_indices: Iterable[int]) -> dict[NodeKey, int]:
        """Return the nodes beside the paths of the leaves: with the leaves they give the root.

        Nodes of empty subtrees are left out; whoever reads the result uses `empty_node`.
        """
        result: dict[NodeKey, int] = {}
        for level, indices in self._paths(leaf_indices):
            on_path = set(indices)
            for index in indices:
                value = self.nodes.get((level, index ^ 1))
                if index ^ 1 not in on_path and value is not None:
                    result[level, index ^ 1] = value
        return result

    def update(self, leaves: Mapping[int, int]) -> dict[NodeKey, int | None]:
        """Set leaves and return all changed nodes; None means empty now.

        Args:
            leaves: new leaf values by index, 0 to empty a leaf.
        """
        assert all(0 <= index < 1 << self.height for index in leaves)
        changed: dict[NodeKey, int | None] = {}
        values = dict(sorted(leaves.items()))
        for level in range(self.height + 1):
            for index, value in values.items():
                self._store(level, index, value)
                changed[level, index] = None if value == empty_node(level) else value
            if level < self.height:
                values = self._hash_parents(level, values)
        return changed

    def _hash_parents(self, level: int, values: Mapping[int, int]) -> dict[int, int]:
        parents = list(dict.fromkeys(index >> 1 for index in values))
        pairs = [(self.node(level, 2 * i), self.node(level, 2 * i + 1)) for i in parents]
        return dict(zip(parents, poseidon_hash_pairs(pairs), strict=True))

    def _store(self, level: int, index: int, value: int) -> None:
        if value == empty_node(level):
            self.nodes.pop((level, index), None)
        else:
            self.nodes[level, index] = value

    def _paths(self, leaf_indices: Iterable[int]) -> Iterator[tuple[int, list[int]]]:
        indices = sorted(set(leaf_indices))
        for level in range(self.height):
            yield level, indices
            indices = list(dict.fromkeys(index >> 1 for index in indices))


def root_from_paths(height: int, leaves: Mapping[int, int], siblings: Mapping[NodeKey, int]) -> int:
    """Return the root that some leaves and the nodes beside their paths lead to.

    Args:
        height: of the tree.
        leaves: at least one leaf by index.
        siblings: as returned by `MerkleTree.siblings` for exactly these leaves.
    """
    known = {(0, index): value for index, value in leaves.items()}
    known.update(siblings)
    indices = sorted(leaves)
    for level in range(height):
        indices = list(dict.fromkeys(index >> 1 for index in indices))
        empty = empty_node(level)
        for index in indices:
            left = known.get((level, 2 * index), empty)
            right = known.get((level, 2 * index + 1), empty)
            known[level + 1, index] = poseidon_hash(left, right)
    return known[height, 0]
