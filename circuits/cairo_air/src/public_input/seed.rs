//! The words of a statement from which the transcript starts.

use std::collections::BTreeMap;

use novation_crypto::{keccak256, pedersen_hash_many};
use novation_field::Fe;

use super::{PublicCell, PublicInput};

/// The name `dynamic` in ASCII, big-endian.
const LAYOUT_CODE: u64 = 0x0064_796e_616d_6963;

/// How a page of the public memory is hashed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PageHash {
    /// Keccak-256 of 32-byte big-endian words, for the keccak transcript.
    Keccak256,
    /// A Pedersen chain with length, for the Poseidon transcript.
    Pedersen,
}

impl PageHash {
    fn hash(self, words: &[Fe]) -> [u8; 32] {
        match self {
            Self::Keccak256 => {
                let bytes: Vec<u8> = words.iter().flat_map(|word| word.to_bytes_be()).collect();
                keccak256(&bytes)
            }
            Self::Pedersen => pedersen_hash_many(words).to_bytes_be(),
        }
    }
}

impl PublicInput {
    /// The statement as 32-byte big-endian words. A transcript over bytes starts from their
    /// concatenation, one over field elements from the words as elements (with
    /// [`PageHash::Pedersen`] every word is one).
    pub fn seed_words(
        &self,
        page_hash: PageHash,
        n_verifier_friendly_commitment_layers: u64,
    ) -> Vec<[u8; 32]> {
        let mut words: Vec<[u8; 32]> = [
            n_verifier_friendly_commitment_layers,
            u64::from(self.log_n_steps),
            u64::from(self.rc_min),
            u64::from(self.rc_max),
            LAYOUT_CODE,
        ]
        .map(word)
        .to_vec();
        words.extend(self.layout.params().values().iter().copied().map(word));
        for segment in &self.segments {
            words.extend([segment.begin_addr, segment.stop_ptr].map(word));
        }
        self.append_public_memory(page_hash, &mut words);
        words
    }

    /// The statement as field elements, for a transcript over field elements.
    ///
    /// # Panics
    /// Never: without keccak digests all words are below the modulus.
    pub fn seed_elements(&self, n_verifier_friendly_commitment_layers: u64) -> Vec<Fe> {
        let words = self.seed_words(PageHash::Pedersen, n_verifier_friendly_commitment_layers);
        let element =
            |word: &[u8; 32]| Fe::from_bytes_be(word).expect("integers and field elements");
        words.iter().map(element).collect()
    }

    fn append_public_memory(&self, page_hash: PageHash, words: &mut Vec<[u8; 32]>) {
        let mut pages: BTreeMap<u64, Vec<&PublicCell>> = BTreeMap::new();
        for cell in &self.public_memory {
            pages.entry(cell.page).or_default().push(cell);
        }
        if let Some(padding) = self.public_memory.first() {
            words.extend([word(padding.address), padding.value.to_bytes_be()]);
        }
        words.push(word(pages.len() as u64));
        for (page, cells) in pages {
            let mut content = Vec::with_capacity(2 * cells.len());
            for cell in &cells {
                if page == 0 {
                    content.push(Fe::from_u64(cell.address));
                }
                content.push(cell.value);
            }
            if page != 0 {
                words.extend(cells.first().map(|cell| word(cell.address)));
            }
            words.extend([word(cells.len() as u64), page_hash.hash(&content)]);
        }
    }
}

fn word(value: u64) -> [u8; 32] {
    let mut bytes = [0; 32];
    bytes[24..].copy_from_slice(&value.to_be_bytes());
    bytes
}
