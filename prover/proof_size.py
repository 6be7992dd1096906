"""How large a proof on L1 can be: the sequencer must leave room for it in the transaction.

The bytes are those of docs/spec/l1_proof.md, section 2. How many Merkle siblings a proof has
depends on the queries that are drawn; the bound is reached when all are distinct and lie far apart.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from prover.l1_layout import MASK_VALUE_INDEX, N_COLUMNS
from prover.profiles import LAST_LAYER_DEGREE_BOUND, LOG_ROWS_PER_STEP, fri_step_list

if TYPE_CHECKING:
    from prover.profiles import Profile

NODE_BYTES: Final = 24
WORD_BYTES: Final = 32
NONCE_BYTES: Final = 8
FIXED_BYTES: Final = 5
N_TABLES: Final = 3
COMPOSITION_COLUMNS: Final = 2


def max_proof_bytes(profile: Profile, log_steps: int) -> int:
    """Return an upper bound of the second argument of `StarkVerifier.verify`."""
    steps = fri_step_list(1 << log_steps)[1:]
    log_domain = log_steps + LOG_ROWS_PER_STEP + profile.log_blowup
    n_values = max(MASK_VALUE_INDEX) + 1 + COMPOSITION_COLUMNS
    size = FIXED_BYTES + len(steps) + NONCE_BYTES
    size += (N_TABLES + len(steps)) * NODE_BYTES
    size += (n_values + LAST_LAYER_DEGREE_BOUND) * WORD_BYTES
    for n_columns in (*N_COLUMNS, COMPOSITION_COLUMNS):
        size += _table_bytes(profile.n_queries, n_columns, log_domain)
    known = profile.n_queries
    for step in steps:
        log_domain -= step
        cosets = min(profile.n_queries, 1 << log_domain)
        size += ((cosets << step) - min(known, cosets << step)) * WORD_BYTES
        size += _max_siblings(cosets, log_domain) * NODE_BYTES
        known = cosets
    # The verifier derives a cell of each coset of the last layer.
    return size - known * WORD_BYTES


def _table_bytes(n_queries: int, n_columns: int, log_domain: int) -> int:
    rows = n_queries * n_columns * WORD_BYTES
    if n_columns > 1:
        return rows + _max_siblings(n_queries, log_domain) * NODE_BYTES
    # The leaves of a one-column table are pairs: the missing halves are opened, too.
    halves = n_queries * WORD_BYTES
    return rows + halves + _max_siblings(n_queries, log_domain - 1) * NODE_BYTES


def _max_siblings(n_leaves: int, height: int) -> int:
    """Return how many nodes the batched opening of leaves needs at most.

    With `k` known nodes in a level and `p` in the one above it, `2p - k` are missing.
    """
    known = [min(n_leaves, 1 << level) for level in range(height + 1)]
    return sum(2 * known[level - 1] - known[level] for level in range(1, height + 1))
