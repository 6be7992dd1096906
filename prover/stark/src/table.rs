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
