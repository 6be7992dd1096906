//! The hashes of Merkle trees, with the masks that Stone knows, and one of 192 bits for L1.

use novation_crypto::{
    blake2s256, blake2s256_batch, keccak256, keccak256_batch, poseidon_hash, poseidon_hash_many,
};
use novation_field::Fe;
use rayon::prelude::*;

/// A node of a tree, a leaf of a one-column table, or a state of a byte channel.
pub type Digest = [u8; 32];

/// Nodes hashed by one parallel task.
const NODES_PER_TASK: usize = 512;

/// The bytes of a digest that survive; the others are zero.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DigestMask {
    /// All 32 bytes.
    Full,
    /// The first bytes, called `_msb`.
    First(usize),
    /// The last bytes, called `_lsb`.
    Last(usize),
}

/// The function that makes the nodes of a tree.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CommitmentHash {
    /// Keccak-256.
    Keccak(DigestMask),
    /// Blake2s with 32 bytes of output.
    Blake2s(DigestMask),
    /// Poseidon on three field elements.
    Poseidon,
}

const NAMES: [(&str, CommitmentHash); 8] = [
    ("keccak256", CommitmentHash::Keccak(DigestMask::Full)),
    ("keccak256_masked160_msb", CommitmentHash::Keccak(DigestMask::First(20))),
    ("keccak256_masked192_msb", CommitmentHash::Keccak(DigestMask::First(24))),
    ("keccak256_masked160_lsb", CommitmentHash::Keccak(DigestMask::Last(20))),
    ("blake256", CommitmentHash::Blake2s(DigestMask::Full)),
    ("blake256_masked160_msb", CommitmentHash::Blake2s(DigestMask::First(20))),
    ("blake256_masked248_lsb", CommitmentHash::Blake2s(DigestMask::Last(31))),
    ("poseidon3", CommitmentHash::Poseidon),
];

impl CommitmentHash {
    /// The hash that parameter files call by this name.
    pub fn from_name(name: &str) -> Option<Self> {
        NAMES.iter().find(|(known, _)| *known == name).map(|(_, hash)| *hash)
    }

    /// Whether Stone prints digests with leading zeros: it does for masks that clear them.
    pub fn keeps_leading_zeros(self) -> bool {
        matches!(self, Self::Keccak(DigestMask::Last(_)) | Self::Blake2s(DigestMask::Last(_)))
    }

    /// Bits that an attacker must collide.
    pub fn collision_bits(self) -> u32 {
        match self {
            Self::Keccak(mask) | Self::Blake2s(mask) => match mask {
                DigestMask::Full => 128,
                DigestMask::First(bytes) | DigestMask::Last(bytes) => {
                    u32::try_from(bytes * 4).unwrap_or(128)
                }
            },
            Self::Poseidon => 125,
        }
    }

    /// The hash of a row, given as the Montgomery forms of its cells in 32-byte words.
    pub fn hash_row(self, words: &[u8]) -> Digest {
        match self {
            Self::Keccak(mask) => mask.apply(keccak256(words)),
            Self::Blake2s(mask) => mask.apply(blake2s256(words)),
            Self::Poseidon => {
                let felts: Vec<Fe> = words.chunks_exact(32).map(word_to_felt).collect();
                poseidon_hash_many(&felts).to_bytes_be()
            }
        }
    }

    /// The parent of two nodes.
    pub fn hash_pair(self, left: &Digest, right: &Digest) -> Digest {
        match self {
            Self::Keccak(_) | Self::Blake2s(_) => {
                let mut words = [0; 64];
                words[..32].copy_from_slice(left);
                words[32..].copy_from_slice(right);
                self.hash_row(&words)
            }
            Self::Poseidon => poseidon_hash(word_to_felt(left), word_to_felt(right)).to_bytes_be(),
        }
    }

    /// The hash of each row; rows of `length` bytes stand one after another.
    ///
    /// # Panics
    /// If `rows` is not one row for each digest.
    pub fn hash_rows(self, rows: &[u8], length: usize, digests: &mut [Digest]) {
        let mask = match self {
            Self::Keccak(mask) => {
                keccak256_batch(rows, length, digests);
                mask
            }
            Self::Blake2s(mask) => {
                blake2s256_batch(rows, length, digests);
                mask
            }
            Self::Poseidon => {
                for (row, digest) in rows.chunks_exact(length).zip(digests) {
                    *digest = self.hash_row(row);
                }
                return;
            }
        };
        for digest in digests {
            *digest = mask.apply(*digest);
        }
    }

    /// The parents of an even number of nodes, in parallel.
    pub fn hash_pairs(self, nodes: &[Digest]) -> Vec<Digest> {
        let mut parents = vec![[0; 32]; nodes.len() / 2];
        let tasks =
            parents.par_chunks_mut(NODES_PER_TASK).zip(nodes.par_chunks(2 * NODES_PER_TASK));
        tasks.for_each(|(parents, nodes)| self.hash_pairs_into(nodes, parents));
        parents
    }

    /// The parents of twice as many nodes.
    ///
    /// # Panics
    /// If there are not two nodes for each parent.
    pub fn hash_pairs_into(self, nodes: &[Digest], parents: &mut [Digest]) {
        match self {
            Self::Keccak(_) | Self::Blake2s(_) => {
                self.hash_rows(nodes.as_flattened(), 64, parents);
            }
            Self::Poseidon => {
                assert_eq!(nodes.len(), 2 * parents.len(), "two nodes for each parent");
                for (parent, pair) in parents.iter_mut().zip(nodes.chunks_exact(2)) {
                    *parent = self.hash_pair(&pair[0], &pair[1]);
                }
            }
        }
    }

    /// Whether this hash can have made the digest: the bytes that do not survive are zero.
    pub fn can_be(self, digest: &Digest) -> bool {
        match self {
            Self::Keccak(mask) | Self::Blake2s(mask) => mask.apply(*digest) == *digest,
            Self::Poseidon => Fe::from_bytes_be(digest).is_some(),
        }
    }

    /// Whether the digest is an input of this hash: Poseidon takes field elements only.
    pub fn accepts(self, digest: &Digest) -> bool {
        self != Self::Poseidon || Fe::from_bytes_be(digest).is_some()
    }
}

impl DigestMask {
    /// Clears the bytes that do not survive.
    pub fn apply(self, mut digest: Digest) -> Digest {
        match self {
            Self::Full => {}
            Self::First(bytes) => digest[bytes.min(32)..].fill(0),
            Self::Last(bytes) => digest[..32 - bytes.min(32)].fill(0),
        }
        digest
    }
}

/// The field element of a word; words that are none were refused by [`CommitmentHash::accepts`].
fn word_to_felt(word: &[u8]) -> Fe {
    let mut bytes = [0; 32];
    bytes.copy_from_slice(word);
    Fe::from_bytes_be_reduced(&bytes)
}

/// The hashes of one tree: one for the layers near the root, one for the others.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TreeHashes {
    /// Makes the nodes whose depth is at least `n_friendly_layers`.
    pub bottom: CommitmentHash,
    /// Makes the nodes nearer to the root.
    pub friendly: CommitmentHash,
    /// Layers made by `friendly`, counted from the root.
    pub n_friendly_layers: u32,
}

impl TreeHashes {
    /// The hash that makes the nodes at this depth; the root has depth 0.
    pub fn at_depth(&self, depth: u32) -> CommitmentHash {
        if depth < self.n_friendly_layers {
            self.friendly
        } else {
            self.bottom
        }
    }
}
