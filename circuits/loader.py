"""The loader's side of the batch program: how its words are padded and hashed.

`circuits/cairo/loader.cairo` is the program that a proof is about. It holds the hash of the batch
program, proves that the words which the prover put on the stack have that hash, and calls them. So
the statement, and the work of the L1 verifier, do not grow with the batch program.

Most batches need only the core of the program, its first chunks, which has a hash of its own.
"""

from collections.abc import Sequence
from typing import Final

from novation.crypto import hades

# As many words as one round of the loader's loop takes.
CHUNK_WORDS: Final = 16
WORDS_PER_PERMUTATION: Final = 2
# The loader reaches the words by an offset of 16 bits with sign.
MAX_WORDS: Final = 2**15 - 2 * CHUNK_WORDS
# The module that the loader's constants come from; it has no file.
CONSTANTS_MODULE: Final = "circuits.cairo.loaded_program"


def padded(words: Sequence[int]) -> list[int]:
    """Return the words of a program with zeros up to a whole chunk.

    Raises:
        ValueError: if the loader cannot reach them all.
    """
    if not 0 < len(words) <= MAX_WORDS:
        raise ValueError(f"program: {len(words)} words, the loader takes 1 to {MAX_WORDS}")
    return [*words, *[0] * (-len(words) % CHUNK_WORDS)]


def words_hash(words: Sequence[int]) -> int:
    """Return the hash of a program that the loader compares.

    A Poseidon sponge in overwrite mode: two words and the third element of the state go into each
    permutation; the last block is (number of chunks, 0).
    """
    blocks = padded(words)
    blocks += [len(blocks) // CHUNK_WORDS, 0]
    state = (0, 0, 0)
    for i in range(0, len(blocks), WORDS_PER_PERMUTATION):
        state = hades(blocks[i], blocks[i + 1], state[2])
    return state[0]


def core_of(words: Sequence[int], n_core_words: int) -> list[int]:
    """Return the chunks of a program in which its first words are, as they are loaded alone."""
    return padded(words)[: len(padded(words[:n_core_words]))]


def constants_source(words: Sequence[int], entry: int, n_core_words: int) -> str:
    """Return the module of the loader's constants.

    Args:
        words: of the program.
        entry: offset of main.
        n_core_words: words of the core, behind which the rest begins.
    """
    n_words = len(padded(words))
    core = core_of(words, n_core_words)
    return f"""const ENTRY = {entry};
const CHUNK_WORDS = {CHUNK_WORDS};
const N_WORDS = {n_words};
const N_CHUNKS = {n_words // CHUNK_WORDS};
const CORE_CHUNKS = {len(core) // CHUNK_WORDS};
const PROGRAM_HASH = {words_hash(words):#x};
const CORE_HASH = {words_hash(core):#x};
"""
