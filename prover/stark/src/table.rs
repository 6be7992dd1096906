//! Tables of field elements, committed row by row.
//!
//! A leaf is the hash of the Montgomery forms of a row. A table of one column has no leaf hash: its
//! leaves are the Montgomery forms themselves.

use std::collections::BTreeMap;

use novation_field::Fe;

use crate::digest::{Digest, TreeHashes};
use crate::merkle::{sibling_nodes, verify_opening, MerkleError};

/// Rows of a table that a proof opens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TablePlan {
    /// Logarithm of the number of rows.
    pub log_rows: u32,
    /// Number of columns.
    pub n_columns: usize,
    /// For each opened row, by increasing number, which of its cells the verifier knows already.
    pub rows: BTreeMap<u64, Vec<bool>>,
}

/// The part of a proof that opens rows of one table.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Opening {
    /// Cells that the verifier does not know, by row and column.
    pub values: Vec<Fe>,
    /// Authentication nodes, from the leaves to the root and from left to right.
    pub siblings: Vec<Digest>,
}

impl TablePlan {
    /// Opens whole rows; duplicates are merged.
    pub fn whole_rows(log_rows: u32, n_columns: usize, rows: &[u64]) -> Self {
        let rows = rows.iter().map(|row| (*row, vec![false; n_columns])).collect();
        Self { log_rows, n_columns, rows }
    }

    /// Opens the cosets of `2^step` values that contain these known positions of a FRI layer.
    pub fn fri_layer(log_size: u32, step: u32, known: &[u64]) -> Self {
        let n_columns = 1usize << step;
        let mut rows: BTreeMap<u64, Vec<bool>> = BTreeMap::new();
        for position in known {
            let cells = rows.entry(position >> step).or_insert_with(|| vec![false; n_columns]);
            let is_position = |column: u64| column == position & (n_columns as u64 - 1);
            for (column, cell) in (0..).zip(cells) {
                *cell |= is_position(column);
            }
        }
        Self { log_rows: log_size - step, n_columns, rows }
    }

    /// Row and column of every cell that the proof must supply, in its order.
    pub fn cells(&self) -> impl Iterator<Item = (u64, usize)> + '_ {
        self.rows.iter().flat_map(|(row, known)| {
            let unknown = known.iter().enumerate().filter(|(_, known)| !**known);
            unknown.map(|(column, _)| (*row, column))
        })
    }

    /// Heap numbers of the authentication nodes, in the order of the proof.
    pub fn sibling_nodes(&self) -> Vec<u64> {
        let rows: Vec<u64> = self.rows.keys().copied().collect();
        sibling_nodes(&rows, self.log_rows)
    }

    /// Whether a node is a leaf that is a bare value.
    pub fn is_bare_leaf(&self, node: u64) -> bool {
        self.n_columns == 1 && node >> self.log_rows != 0
    }

    /// Whether the digest could be this node: two proofs never differ in bytes without meaning.
    fn is_node(&self, node: u64, digest: &Digest, hashes: &TreeHashes) -> bool {
        if self.is_bare_leaf(node) {
            Fe::from_montgomery_bytes_be(digest).is_some()
        } else {
            hashes.at_depth(node.ilog2()).can_be(digest)
        }
    }

    /// Whether the opening has as many cells and nodes as it should.
    pub fn matches(&self, opening: &Opening) -> bool {
        self.cells().count() == opening.values.len()
            && self.sibling_nodes().len() == opening.siblings.len()
    }

    /// Checks complete rows, in the order of [`TablePlan::rows`], against the root.
    ///
    /// # Errors
    /// [`MerkleError`] if they are not what was committed.
    pub fn verify(
        &self,
        rows: &[Vec<Fe>],
        siblings: &[Digest],
        hashes: &TreeHashes,
        root: &Digest,
    ) -> Result<(), MerkleError> {
        for (node, sibling) in self.sibling_nodes().into_iter().zip(siblings) {
            if !self.is_node(node, sibling, hashes) {
                return Err(MerkleError::InvalidNode { node });
            }
        }
        let leaf = |(position, cells): (&u64, &Vec<Fe>)| {
            (*position, leaf_of_row(cells, self.log_rows, hashes))
        };
        let leaves = self.rows.keys().zip(rows).map(leaf).collect();
        verify_opening(leaves, self.log_rows, siblings, hashes, root)
    }
}

/// The leaf of a row.
pub fn leaf_of_row(cells: &[Fe], log_rows: u32, hashes: &TreeHashes) -> Digest {
    if let [single] = cells {
        return single.to_montgomery_bytes_be();
    }
    let words: Vec<[u8; 32]> = cells.iter().map(|cell| cell.to_montgomery_bytes_be()).collect();
    hashes.at_depth(log_rows).hash_row(words.as_flattened())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::digest::{CommitmentHash, DigestMask};

    /// A tree of two leaves whose second one was never a digest.
    #[test]
    fn test_verify_when_a_sibling_is_no_output_of_the_hash_rejects() {
        let row = vec![vec![Fe::from_u64(5), Fe::from_u64(6)]];
        let plan = TablePlan::whole_rows(1, 2, &[0]);
        for (hash, sibling, is_digest) in [
            (CommitmentHash::Keccak(DigestMask::First(24)), [1; 32], false),
            (CommitmentHash::Keccak(DigestMask::Full), [255; 32], true),
            (CommitmentHash::Blake2s(DigestMask::Last(31)), [1; 32], false),
            (CommitmentHash::Poseidon, [255; 32], false),
        ] {
            let hashes = TreeHashes { bottom: hash, friendly: hash, n_friendly_layers: 0 };
            let root = hash.hash_pair(&leaf_of_row(&row[0], 1, &hashes), &sibling);
            let expected =
                if is_digest { Ok(()) } else { Err(MerkleError::InvalidNode { node: 3 }) };
            assert_eq!(plan.verify(&row, &[sibling], &hashes, &root), expected, "{hash:?}");
        }
    }

    #[test]
    fn test_verify_when_a_bare_leaf_is_no_element_rejects() {
        let hash = CommitmentHash::Keccak(DigestMask::First(24));
        let hashes = TreeHashes { bottom: hash, friendly: hash, n_friendly_layers: 0 };
        let plan = TablePlan::whole_rows(1, 1, &[0]);
        let row = vec![vec![Fe::from_u64(5)]];
        let root = |sibling| hash.hash_pair(&leaf_of_row(&row[0], 1, &hashes), &sibling);
        let verify = |sibling| plan.verify(&row, &[sibling], &hashes, &root(sibling));
        assert_eq!(verify([1; 32]), Ok(()), "all bytes of a bare leaf count");
        assert_eq!(verify([255; 32]), Err(MerkleError::InvalidNode { node: 3 }));
    }
}
