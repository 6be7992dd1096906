"""The shape and the siblings of a Merkle multi-update, as the program reads them from its tape."""

from collections.abc import Iterator, Mapping, Sequence

from novation.protocol.merkle import NodeKey, empty_node
from novation.protocol.witness import NodeValue

_LEAF, _FORK = 0, 1
_NO, _YES = 0, 1


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
    yield from _climb(level, index, top, nodes)


def _climb(level: int, index: int, top: int, nodes: Mapping[NodeKey, int]) -> Iterator[int]:
    """Yield the guesses from a node up to level `top`: a single level if odd, then pairs."""
    single = (top - level) % 2
    if single:
        yield from (_NO, _YES, *_side_and_sibling(level, index, nodes))
    elif level == top:
        yield from (_NO, _NO)
        return
    for reached in range(level + single, top, 2):
        yield _YES
        for pair in (reached, reached + 1):
            yield from _side_and_sibling(pair, index >> (pair - level), nodes)
    yield _NO


def _side_and_sibling(level: int, index: int, nodes: Mapping[NodeKey, int]) -> tuple[int, int]:
    sibling = level, index ^ 1
    return index & 1, nodes[sibling] if sibling in nodes else empty_node(level)
