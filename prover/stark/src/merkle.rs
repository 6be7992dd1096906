//! Binary trees over rows of a table, and the opening of many leaves at once.
//!
//! Nodes are numbered as in a heap: the root is 1, the children of k are 2k and 2k + 1, so leaf i
//! of a tree of height h is `2^h + i`.

use thiserror::Error;

use crate::digest::{Digest, TreeHashes};

/// Why an opening does not lead to the root.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum MerkleError {
    /// The opening has too few or too many nodes.
    #[error("{actual} authentication nodes, expected {expected}")]
    SiblingCount {
        /// Nodes that the opened leaves need.
        expected: usize,
        /// Nodes given.
        actual: usize,
    },
    /// A node is no output of the tree's hash, or no input.
    #[error("authentication node {node} is not a digest of this tree")]
    InvalidNode {
        /// Heap number of the node.
        node: u64,
    },
    /// The leaves hash to another root.
    #[error("opened rows do not hash to the committed root")]
    WrongRoot,
}

/// The nodes that the opening of these leaves must contain, in the order of the proof: layer by
/// layer from the leaves, each from left to right.
///
/// `leaves` are positions in increasing order without duplicates.
pub(crate) fn sibling_nodes(leaves: &[u64], height: u32) -> Vec<u64> {
    let mut known: Vec<u64> = leaves.iter().map(|leaf| leaf + (1 << height)).collect();
    let mut siblings = Vec::new();
    for _ in 0..height {
        let mut parents = Vec::with_capacity(known.len());
        for (position, node) in known.iter().enumerate() {
            let is_known = |other: Option<&u64>| other == Some(&(node ^ 1));
            let before = position.checked_sub(1).and_then(|p| known.get(p));
            if is_known(before) {
                continue; // The left sibling has handled this pair.
            }
            if !is_known(known.get(position + 1)) {
                siblings.push(node ^ 1);
            }
            parents.push(node / 2);
        }
        known = parents;
    }
    siblings
}

/// Checks that the leaves, given by increasing position, and their siblings hash to the root.
///
/// # Errors
/// [`MerkleError`] says what does not fit.
pub(crate) fn verify_opening(
    leaves: Vec<(u64, Digest)>,
    height: u32,
    siblings: &[Digest],
    hashes: &TreeHashes,
    root: &Digest,
) -> Result<(), MerkleError> {
    let positions: Vec<u64> = leaves.iter().map(|(position, _)| *position).collect();
    let expected = sibling_nodes(&positions, height);
    if expected.len() != siblings.len() {
        return Err(MerkleError::SiblingCount { expected: expected.len(), actual: siblings.len() });
    }
    let mut siblings = expected.into_iter().zip(siblings).peekable();
    let mut known: Vec<(u64, Digest)> =
        leaves.into_iter().map(|(position, leaf)| (position + (1 << height), leaf)).collect();
    for depth in (0..height).rev() {
        let hash = hashes.at_depth(depth);
        let mut parents = Vec::with_capacity(known.len());
        let mut nodes = known.into_iter().peekable();
        while let Some((node, digest)) = nodes.next() {
            let sibling = match nodes.next_if(|(next, _)| *next == node ^ 1) {
                Some((_, sibling)) => sibling,
                None => match siblings.next_if(|(expected, _)| *expected == node ^ 1) {
                    Some((_, sibling)) if hash.accepts(sibling) => *sibling,
                    _ => return Err(MerkleError::InvalidNode { node: node ^ 1 }),
                },
            };
            let (left, right) = if node % 2 == 0 { (digest, sibling) } else { (sibling, digest) };
            parents.push((node / 2, hash.hash_pair(&left, &right)));
        }
        known = parents;
    }
    match known.as_slice() {
        [(1, found)] if found == root => Ok(()),
        _ => Err(MerkleError::WrongRoot),
    }
}

/// A whole tree in memory, or a whole subtree.
pub struct MerkleTree {
    /// `layers[d]` holds the `2^d` nodes of depth d.
    layers: Vec<Vec<Digest>>,
}

impl MerkleTree {
    /// Hashes the leaves up to the root.
    ///
    /// # Panics
    /// If the number of leaves is not a power of two.
    pub fn new(leaves: Vec<Digest>, hashes: &TreeHashes) -> Self {
        Self::subtree(leaves, 0, hashes)
    }

    /// The part of a larger tree below a node of depth `root_depth`.
    ///
    /// # Panics
    /// If the number of leaves is not a power of two.
    pub fn subtree(leaves: Vec<Digest>, root_depth: u32, hashes: &TreeHashes) -> Self {
        assert!(leaves.len().is_power_of_two(), "a tree of {} leaves", leaves.len());
        let height = leaves.len().ilog2();
        let mut layers = vec![leaves];
        for depth in (0..height).rev() {
            let hash = hashes.at_depth(root_depth + depth);
            layers.push(hash.hash_pairs(&layers[layers.len() - 1]));
        }
        layers.reverse();
        Self { layers }
    }

    /// The number of layers above the leaves.
    pub fn height(&self) -> u32 {
        self.layers[self.layers.len() - 1].len().ilog2()
    }

    /// The root.
    pub fn root(&self) -> Digest {
        self.layers[0][0]
    }

    /// The node with this heap number.
    ///
    /// # Panics
    /// If the tree has no such node.
    pub fn node(&self, number: u64) -> Digest {
        let depth = number.ilog2() as usize;
        let position = number - (1 << depth);
        self.layers[depth][usize::try_from(position).expect("a tree fits the address space")]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::digest::{CommitmentHash, DigestMask};

    const HASHES: [TreeHashes; 3] = [
        TreeHashes {
            bottom: CommitmentHash::Keccak(DigestMask::First(24)),
            friendly: CommitmentHash::Keccak(DigestMask::First(24)),
            n_friendly_layers: 0,
        },
        TreeHashes {
            bottom: CommitmentHash::Blake2s(DigestMask::Last(31)),
            friendly: CommitmentHash::Poseidon,
            n_friendly_layers: 3,
        },
        TreeHashes {
            bottom: CommitmentHash::Blake2s(DigestMask::Last(31)),
            friendly: CommitmentHash::Poseidon,
            n_friendly_layers: 99,
        },
    ];

    fn leaf(index: u8) -> Digest {
        let mut digest = [0; 32];
        digest[31] = index;
        digest
    }

    #[test]
    fn test_opening_of_every_subset_verifies_and_any_change_fails() {
        let height = 3;
        for hashes in HASHES {
            let tree = MerkleTree::new((0..8).map(leaf).collect(), &hashes);
            for subset in 1u64..256 {
                let positions: Vec<u64> = (0..8).filter(|i| subset >> i & 1 == 1).collect();
                let opened = |shift: u8| -> Vec<(u64, Digest)> {
                    let leaf_of = |i: &u64| (*i, leaf(u8::try_from(*i).unwrap() + shift));
                    positions.iter().map(leaf_of).collect()
                };
                let nodes = sibling_nodes(&positions, height);
                let mut siblings: Vec<Digest> = nodes.iter().map(|k| tree.node(*k)).collect();
                let verify = |leaves: Vec<(u64, Digest)>, siblings: &[Digest]| {
                    verify_opening(leaves, height, siblings, &hashes, &tree.root())
                };
                assert_eq!(verify(opened(0), &siblings), Ok(()));
                assert_eq!(verify(opened(1), &siblings), Err(MerkleError::WrongRoot));
                if let Some(first) = siblings.first_mut() {
                    first[31] ^= 1;
                    assert_eq!(verify(opened(0), &siblings), Err(MerkleError::WrongRoot));
                    siblings.pop();
                } else {
                    siblings.push([0; 32]);
                }
                let counted = verify(opened(0), &siblings);
                assert!(matches!(counted, Err(MerkleError::SiblingCount { .. })));
            }
        }
    }

    #[test]
    fn test_opening_when_a_poseidon_node_is_not_a_felt_fails() {
        let hashes = HASHES[2];
        let tree = MerkleTree::new((0..2).map(leaf).collect(), &hashes);
        let result = verify_opening(vec![(0, leaf(0))], 1, &[[255; 32]], &hashes, &tree.root());
        assert_eq!(result, Err(MerkleError::InvalidNode { node: 3 }));
    }
}
