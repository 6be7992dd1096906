"""The shape and the siblings of a Merkle multi-update, as the program reads them from its tape."""

from collections.abc import Iterator, Mapping, Sequence

from novation.protocol.merkle import NodeKey, empty_node
from novation.protocol.witness import NodeValue

_LEAF, _FORK = 0, 1
_ARRIVED, _CLIMB = 0, 1


def merkle_guesses(
    height: int, positions: Sequence[int], siblings: Sequence[NodeValue]
) -> Iterator[int]:
    """Yield what update_subtree of state/merkle.cairo guesses.

    Args:
        height: of the tree.
        positions: of the leaves, ascending; none if the tree is not updated.
        siblings: nodes beside their paths; one that is missing is an empty subtree.
    """
    nodes = {(node.level, node.index): node.value for node in siblings}
    if positions:
        yield from _subtree(height, height, positions, nodes)


def _subtree(
    height: int, top: int, positions: Sequence[int], nodes: Mapping[NodeKey, int]
) -> Iterator[int]:
    """Yield the guesses for the node at level `top` above the positions."""
    # The lowest node above all of them: a leaf, or where the paths part.
    level = (positions[0] ^ positions[-1]).bit_length()
    index = positions[0] >> level
    if level == 0:
        yield _LEAF
    else:
        yield _FORK
        yield index | 1 << (height - level)
        middle = (2 * index + 1) << (level - 1)
        for side in (
            [position for position in positions if position < middle],
            [position for position in positions if position >= middle],
        ):
            yield from _subtree(height, level - 1, side, nodes)
    while level < top:
        yield _CLIMB
        yield index & 1
        sibling = level, index ^ 1
        yield nodes[sibling] if sibling in nodes else empty_node(level)
        level, index = level + 1, index >> 1
    yield _ARRIVED
