import pytest

from novation.crypto import poseidon_hash
from novation.protocol.merkle import MerkleTree, empty_node, root_from_paths


def full_root(height: int, leaves: dict[int, int]) -> int:
    """Return the root by hashing every node of the tree."""
    row = [leaves.get(i, 0) for i in range(1 << height)]
    while len(row) > 1:
        row = [poseidon_hash(*row[i : i + 2]) for i in range(0, len(row), 2)]
    return row[0]


def test_root_when_tree_is_empty_then_empty_node() -> None:
    assert MerkleTree(3, {}).root == empty_node(3) == full_root(3, {})


def test_update_when_leaves_change_then_root_of_full_recomputation() -> None:
    nodes: dict[tuple[int, int], int] = {}
    tree = MerkleTree(4, nodes)
    tree.update({3: 30, 4: 40, 15: 150})
    assert tree.root == full_root(4, {3: 30, 4: 40, 15: 150})
    changed = tree.update({4: 0, 5: 50})
    assert tree.root == full_root(4, {3: 30, 5: 50, 15: 150})
    assert changed[0, 4] is None
    assert changed[4, 0] == tree.root
    tree.update({3: 0, 5: 0, 15: 0})
    assert tree.root == empty_node(4)
    assert nodes == {}


def test_siblings_when_combined_with_leaves_then_root() -> None:
    leaves = {1: 11, 2: 22, 6: 66, 13: 130}
    tree = MerkleTree(4, {})
    tree.update(leaves)
    opened = {1: 11, 2: 22, 7: 0}
    siblings = tree.siblings(opened)
    assert root_from_paths(4, opened, siblings) == tree.root
    assert (0, 6) in siblings
    assert root_from_paths(4, opened | {7: 1}, siblings) != tree.root


@pytest.mark.parametrize("index", [-1, 16])
def test_update_when_index_outside_the_tree_then_our_fault(index: int) -> None:
    with pytest.raises(AssertionError):
        MerkleTree(4, {}).update({index: 1})
